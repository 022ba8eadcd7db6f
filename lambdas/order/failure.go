package order

import "fmt"

// The business failures: an answer, not a fault. Step Functions matches them
// by their bare Go type name, so return them unwrapped.
type (
	// InvalidOrder: the catalogue cannot price the order.
	InvalidOrder struct{ Reason string }

	// OutOfStock: fewer are available than the order wants.
	OutOfStock struct{ SKU string }

	// ShipmentRefused: the carrier will not take the parcel.
	ShipmentRefused struct{ Reason string }

	// OrderEnded: the order was cancelled before the request arrived, and
	// its tombstone stands. Nobody waits for the answer.
	OrderEnded struct{}
)

// A Refusal is a business failure, known by the code that the state machine
// catches.
type Refusal interface {
	error
	Code() string
}

func (e InvalidOrder) Error() string    { return "validation: " + e.Reason }
func (e OutOfStock) Error() string      { return fmt.Sprintf("inventory: sku %q is out of stock", e.SKU) }
func (e ShipmentRefused) Error() string { return "shipment: " + e.Reason }
func (OrderEnded) Error() string        { return "order: was decided before the request arrived" }

func (InvalidOrder) Code() string    { return "InvalidOrder" }
func (OutOfStock) Code() string      { return "OutOfStock" }
func (ShipmentRefused) Code() string { return "ShipmentRefused" }
func (OrderEnded) Code() string      { return "OrderEnded" }
