package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"orderflow/lambdas/order"
)

// maxCancelTries bounds how often a cancellation starts over because the order
// got its row meanwhile. It gets one only once.
const maxCancelTries = 3

// cancelledByCustomer is the failure of an order that its customer cancelled.
var cancelledByCustomer = order.Failure{Code: "CancelledByCustomer", Detail: "the customer cancelled the order"}

// cancel decides against an order that is pending. Cancelling it again changes
// nothing. Against an order decided otherwise, or another customer's, the error
// is a problem.
func (d *desk) cancel(ctx context.Context, by caller, orderID string) error {
	now := time.Now().UTC().Truncate(time.Millisecond)
	for range maxCancelTries {
		found, err := d.orders.cancel(ctx, by, orderID, now)
		if errors.Is(err, errNoRow) {
			found, err = d.cancelUnstored(ctx, by, orderID, now)
		}
		if errors.Is(err, errRowExists) {
			continue
		}
		if err != nil {
			return err
		}
		return cancelled(orderID, found)
	}
	return fmt.Errorf("api: order %q keeps changing", orderID)
}

// cancelUnstored cancels an order that the state machine has not stored yet,
// by storing it first: the state machine will find it decided. Errors:
// errRowExists when it was stored meanwhile.
func (d *desk) cancelUnstored(ctx context.Context, by caller, orderID string, now time.Time) (order.Status, error) {
	e, err := d.executions.describe(ctx, by, orderID)
	if errors.Is(err, errNeverStarted) {
		return "", notFound(orderID)
	}
	if err != nil {
		return "", err
	}
	o := e.order()
	if o.Status.Final() {
		if o, err = d.settle(ctx, e); err == nil && !o.Status.Final() {
			err = errRowExists // and can be cancelled there
		}
		return o.Status, err
	}
	o.Status = order.Cancelled
	o.Failure = &cancelledByCustomer
	o.DecidedAt = &now
	return o.Status, d.orders.putNew(ctx, o, e.input.Fingerprint)
}

// cancelled tells whether an order that stands at status counts as cancelled.
func cancelled(orderID string, status order.Status) error {
	if status == order.Cancelled {
		return nil
	}
	return problem{
		Type:   typeDecided,
		Title:  "The order is decided",
		Status: http.StatusConflict,
		Detail: fmt.Sprintf("order %q is %s and can no longer be cancelled", orderID, status),
	}
}
