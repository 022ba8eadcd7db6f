// Command bootstrap is the api Lambda.
package main

import (
	"os"

	"orderflow/lambdas/api"
	"orderflow/lambdas/bootstrap"
)

func main() { bootstrap.Start(api.New, os.Getenv) }
