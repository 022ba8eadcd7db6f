// Command bootstrap is the reconciliation Lambda.
package main

import (
	"os"

	"orderflow/lambdas/bootstrap"
	"orderflow/lambdas/reconciliation"
)

func main() { bootstrap.Start(reconciliation.New, os.Getenv) }
