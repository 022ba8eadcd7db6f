// Command bootstrap is the inventory Lambda.
package main

import (
	"os"

	"orderflow/lambdas/bootstrap"
	"orderflow/lambdas/inventory"
)

func main() { bootstrap.Start(inventory.New, os.Getenv) }
