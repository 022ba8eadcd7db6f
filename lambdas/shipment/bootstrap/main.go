// Command bootstrap is the shipment Lambda.
package main

import (
	"os"

	"orderflow/lambdas/bootstrap"
	"orderflow/lambdas/shipment"
)

func main() { bootstrap.Start(shipment.New, os.Getenv) }
