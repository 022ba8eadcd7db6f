// Command bootstrap is the analytics Lambda.
package main

import (
	"os"

	"orderflow/lambdas/analytics"
	"orderflow/lambdas/bootstrap"
)

func main() { bootstrap.Start(analytics.New, os.Getenv) }
