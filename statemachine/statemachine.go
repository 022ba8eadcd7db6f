// Package statemachine holds the order state machine, as it is deployed and
// as the local cloud runs it, byte for byte.
package statemachine

import _ "embed"

// Definition is order.asl.json before SAM's DefinitionSubstitutions.
//
//go:embed order.asl.json
var Definition []byte

// Substitutions are the names that Definition leaves to the template, written
// ${Name} in it.
const (
	SubstituteValidationFunction     = "ValidationFunction"     // function name or ARN
	SubstituteOrdersTable            = "OrdersTable"            // table name
	SubstituteOrdersTopic            = "OrdersTopic"            // topic ARN
	SubstituteCallbackTimeoutSeconds = "CallbackTimeoutSeconds" // how long a wait for inventory or shipment may take
)
