package api

import (
	"context"
	"errors"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"orderflow/lambdas/order"
)

// show reads an order, from its row or, before there is one, from its
// execution.
func (d *desk) show(ctx context.Context, orderID string) (order.Order, error) {
	o, exists, err := d.orders.get(ctx, orderID)
	if err != nil {
		return order.Order{}, err
	}
	if !exists {
		o, err = d.showUnstored(ctx, orderID)
		if err != nil {
			return order.Order{}, err
		}
	}
	o.Timeline = timeline(o)
	return o, nil
}

// showUnstored reads an order that had no row a moment ago. One whose
// execution has ended may have got it since.
func (d *desk) showUnstored(ctx context.Context, orderID string) (order.Order, error) {
	e, err := d.executions.describe(ctx, orderID)
	if errors.Is(err, errNeverStarted) {
		return order.Order{}, notFound(orderID)
	}
	if err != nil {
		return order.Order{}, err
	}
	if e.status == types.ExecutionStatusRunning {
		return e.order(), nil
	}
	o, exists, err := d.orders.get(ctx, orderID)
	if err != nil {
		return order.Order{}, err
	}
	if exists {
		return o, nil
	}
	return e.order(), nil
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
