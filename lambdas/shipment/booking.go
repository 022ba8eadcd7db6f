package shipment

import (
	"context"
	"errors"
	"fmt"
	"time"

	"orderflow/lambdas/order"
)

// A state is where a shipment stands. BOOKED turns into DISPATCHED or
// CANCELLED, and neither ever changes again. A CANCELLED one that never was
// BOOKED is a tombstone: the order was cancelled before its request came.
type state string

const (
	booked     state = "BOOKED"
	dispatched state = "DISPATCHED"
	cancelled  state = "CANCELLED"
)

// A desk decides about shipments, and speaks to the carrier.
type desk struct {
	store   *store
	carrier Carrier
}

// book arranges an order's shipment. Asked again it gives the same answer,
// also after the dispatch, and the carrier is not asked twice.
//
// It refuses with order.ShipmentRefused when the carrier does, and with
// order.OrderEnded if the order was cancelled before.
func (d *desk) book(ctx context.Context, orderID string, lines []order.Line) (order.Shipment, error) {
	known, err := d.store.read(ctx, orderID)
	if err != nil {
		return order.Shipment{}, err
	}
	switch {
	case known.state == cancelled:
		return order.Shipment{}, order.OrderEnded{}
	case known.state != "":
		return known.shipment, nil
	case known.status.Final():
		return order.Shipment{}, order.OrderEnded{}
	}
	label, err := d.carrier.Book(ctx, orderID, Parcel{Address: known.address, WeightGrams: weight(lines)})
	if errors.Is(err, ErrBookingCancelled) {
		return order.Shipment{}, order.OrderEnded{}
	}
	if refusal, ok := errors.AsType[Refusal](err); ok {
		return order.Shipment{}, order.ShipmentRefused{Reason: refusal.Reason}
	}
	if err != nil {
		return order.Shipment{}, err
	}
	shipment := order.Shipment{
		Carrier:        label.Carrier,
		TrackingNumber: label.TrackingNumber,
		BookedAt:       time.Now().UTC().Truncate(time.Millisecond),
	}
	return d.keep(ctx, orderID, shipment)
}

// keep stores what the carrier booked. If the order was cancelled meanwhile,
// whoever cancelled it may not have known of the booking: call it back.
func (d *desk) keep(ctx context.Context, orderID string, shipment order.Shipment) (order.Shipment, error) {
	err := d.store.putBooked(ctx, orderID, shipment)
	found, ok := errors.AsType[unexpected](err)
	if !ok {
		return shipment, err
	}
	if found.state != cancelled {
		return found.shipment, nil
	}
	if err := d.carrier.Cancel(ctx, orderID); err != nil {
		return order.Shipment{}, err
	}
	return order.Shipment{}, order.OrderEnded{}
}

// dispatch sends a confirmed order's shipment off. It is an error that a
// confirmed order has none booked.
func (d *desk) dispatch(ctx context.Context, orderID string) error {
	err := d.store.advance(ctx, orderID, dispatched)
	if found, ok := errors.AsType[unexpected](err); ok && found.state == dispatched {
		return nil
	}
	return err
}

// cancel calls the shipment of an order that will not happen back. An order
// without one gets a tombstone, which stops a request that is still on its
// way. The carrier is told in any case: it may know of a booking that could
// not be stored. It is an error that the parcel was dispatched.
func (d *desk) cancel(ctx context.Context, orderID string) error {
	err := d.store.putTombstone(ctx, orderID, time.Now().UTC().Truncate(time.Millisecond))
	found, exists := errors.AsType[unexpected](err)
	if err != nil && !exists {
		return err
	}
	if found.state == dispatched {
		return fmt.Errorf("shipment: order %q is cancelled, yet its shipment is %s", orderID, found.state)
	}
	if err := d.carrier.Cancel(ctx, orderID); err != nil {
		return err
	}
	if found.state != booked {
		return nil
	}
	err = d.store.advance(ctx, orderID, cancelled)
	if found, ok := errors.AsType[unexpected](err); ok && found.state == cancelled {
		return nil
	}
	return err
}

// weight is what an order's parcel weighs, in grams.
func weight(lines []order.Line) int {
	grams := 0
	for _, line := range lines {
		grams += line.WeightGrams * line.Quantity
	}
	return grams
}
