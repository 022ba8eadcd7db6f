package main

import (
	"orderflow/cmd/local/cloud"
	"orderflow/lambdas/analytics"
	"orderflow/lambdas/api"
	"orderflow/lambdas/inventory"
	"orderflow/lambdas/notification"
	"orderflow/lambdas/reconciliation"
	"orderflow/lambdas/shipment"
	"orderflow/lambdas/validation"
)

// functions are the handlers, by the folder of the code that the template
// names: what each bootstrap gives to Lambda.
func functions() map[string]cloud.Function {
	return map[string]cloud.Function{
		"lambdas/analytics/bootstrap":      analytics.New,
		"lambdas/api/bootstrap":            api.New,
		"lambdas/inventory/bootstrap":      inventory.New,
		"lambdas/notification/bootstrap":   notification.New,
		"lambdas/reconciliation/bootstrap": reconciliation.New,
		"lambdas/shipment/bootstrap":       shipment.New,
		"lambdas/validation/bootstrap":     validation.New,
	}
}
