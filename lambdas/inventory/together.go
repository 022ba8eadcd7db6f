package inventory

import (
	"context"
	"errors"

	"orderflow/lambdas/order"
)

// maxActions is how many writes a transaction may make.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
const maxActions = 100

// together handles events of one kind with one transaction, so that a run on
// one SKU writes its stock once a batch and not once an order. Transactions
// that fail do nothing; whose fault it was shows when each order is handled on
// its own.
func (w *warehouse) together(ctx context.Context, batch []order.Event) (map[string]any, error) {
	results := make(map[string]any, len(batch))
	var errs []error
	for _, step := range []struct {
		kind   order.EventType
		handle func(context.Context, []order.Event, map[string]any) error
	}{
		{order.OrderCancelled, w.releaseTogether}, // first: others may want what it puts back
		{order.InventoryRequested, w.reserveTogether},
		{order.OrderConfirmed, w.commitTogether},
	} {
		if events := ofKind(step.kind, batch); len(events) > 1 {
			errs = append(errs, step.handle(ctx, events, results))
		}
	}
	return results, errors.Join(errs...)
}

func ofKind(kind order.EventType, batch []order.Event) (events []order.Event) {
	for _, e := range batch {
		if e.Type == kind {
			events = append(events, e)
		}
	}
	return events
}

func (w *warehouse) reserveTogether(ctx context.Context, events []order.Event, results map[string]any) error {
	return share(wantedBy(events), results, func(rs ...reservation) error { return w.store.reserve(ctx, rs...) })
}

func (w *warehouse) commitTogether(ctx context.Context, events []order.Event, results map[string]any) error {
	return share(wantedBy(events), results, func(rs ...reservation) error { return w.store.settle(ctx, committed, rs...) })
}

func (w *warehouse) releaseTogether(ctx context.Context, events []order.Event, results map[string]any) error {
	var held []reservation
	var errs []error
	for _, e := range events {
		err := w.store.putTombstone(ctx, e.Data.OrderID, now())
		if found, ok := errors.AsType[unexpected](err); ok && found.state == reserved {
			held = append(held, found.reservation)
		} else if err := settled(err, released); err != nil {
			errs = append(errs, err)
		} else {
			results[e.Data.OrderID] = nil
		}
	}
	errs = append(errs, share(held, results, func(rs ...reservation) error { return w.store.settle(ctx, released, rs...) }))
	return errors.Join(errs...)
}

// wantedBy are the reservations that events ask for, less those that make no
// sense: they fail on their own.
func wantedBy(events []order.Event) []reservation {
	at := now()
	var rs []reservation
	for _, e := range events {
		if items, err := wanted(e.Data.OrderID, e.Data.Lines); err == nil {
			rs = append(rs, reservation{orderID: e.Data.OrderID, items: items, state: reserved, at: at})
		}
	}
	return rs
}

// share writes reservations, as many as a transaction can hold at a time, and
// notes the results of those that it wrote.
func share(rs []reservation, results map[string]any, write func(...reservation) error) error {
	var errs []error
	for _, some := range portions(rs) {
		if err := write(some...); err != nil {
			errs = append(errs, err)
			continue
		}
		for _, r := range some {
			results[r.orderID] = r.answer()
		}
	}
	return errors.Join(errs...)
}

// portions divides reservations by what a transaction can hold: a write for
// each of them and for each of their SKUs.
func portions(rs []reservation) (portions [][]reservation) {
	var portion []reservation
	for _, r := range rs {
		more := append(portion, r)
		if len(portion) > 0 && len(more)+len(itemsOf(more)) > maxActions {
			portions = append(portions, portion)
			more = []reservation{r}
		}
		portion = more
	}
	if len(portion) > 0 {
		portions = append(portions, portion)
	}
	return portions
}
