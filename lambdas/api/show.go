package api

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"orderflow/lambdas/order"
)

// show reads an order, from its row or, before there is one, from its
// execution. Another customer's is looked for just like one that there is not:
// in answer and in time the two are the same.
func (d *desk) show(ctx context.Context, by caller, orderID string) (order.Order, error) {
	o, exists, err := d.orders.get(ctx, orderID)
	if err != nil {
		return order.Order{}, err
	}
	if !exists || !by.actsFor(o.Customer.ID) {
		o, err = d.showUnstored(ctx, by, orderID)
		if err != nil {
			return order.Order{}, err
		}
	}
	o.Timeline = timeline(o)
	return o, nil
}

// showUnstored reads an order that had no row a moment ago.
func (d *desk) showUnstored(ctx context.Context, by caller, orderID string) (order.Order, error) {
	e, err := d.executions.describe(ctx, by, orderID)
	if errors.Is(err, errNeverStarted) {
		return order.Order{}, notFound(orderID)
	}
	if err != nil {
		return order.Order{}, err
	}
	if e.status == types.ExecutionStatusRunning {
		return e.order(), nil
	}
	return d.settle(ctx, e)
}

// settle is how an order ended whose execution is over. One that got no row
// gets it here: what is told to be final must stay so, even if the execution's
// own write of a pending order is still on its way. Reconciliation announces it.
func (d *desk) settle(ctx context.Context, e execution) (order.Order, error) {
	o := e.order()
	err := d.orders.putNew(ctx, o, e.input.Fingerprint)
	if !errors.Is(err, errRowExists) {
		return o, err
	}
	o, exists, err := d.orders.get(ctx, o.ID)
	if err == nil && !exists {
		err = fmt.Errorf("api: order %q keeps changing", e.orderID)
	}
	return o, err
}

// timeline is what happened to an order, in time.
func timeline(o order.Order) []order.Moment {
	moments := []order.Moment{{Status: string(order.Pending), At: o.CreatedAt}}
	if o.Reservation != nil {
		moments = append(moments, order.Moment{Status: "RESERVED", At: o.Reservation.ReservedAt})
	}
	if o.Shipment != nil {
		moments = append(moments, order.Moment{Status: "BOOKED", At: o.Shipment.BookedAt})
	}
	if o.DecidedAt != nil {
		moments = append(moments, order.Moment{Status: string(o.Status), At: *o.DecidedAt})
	}
	slices.SortStableFunc(moments, func(a, b order.Moment) int { return a.At.Compare(b.At) })
	return moments
}
