// Command bootstrap is the validation Lambda.
package main

import (
	"os"

	"orderflow/lambdas/bootstrap"
	"orderflow/lambdas/validation"
)

func main() { bootstrap.Start(validation.New, os.Getenv) }
