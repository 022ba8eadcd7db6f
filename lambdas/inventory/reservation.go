package inventory

import (
	"context"
	"errors"
	"fmt"
	"time"

	"orderflow/lambdas/order"
)

// A state is where a reservation stands. RESERVED turns into COMMITTED or
// RELEASED, and neither ever changes again. A RELEASED one that never was
// RESERVED is a tombstone: the order was cancelled before its request came.
type state string

const (
	reserved  state = "RESERVED"
	committed state = "COMMITTED"
	released  state = "RELEASED"
)

// A reservation is what is set aside for one order. No two of its items share
// a SKU.
type reservation struct {
	orderID string
	items   []order.Item
	state   state
	at      time.Time // when it was reserved; of a tombstone, when it was put up
}

// maxReadAgain bounds how often a decision is taken anew because the
// reservation changed under it. Its states only ever advance twice.
const maxReadAgain = 3

// A warehouse decides about reservations.
type warehouse struct{ store *store }

// reserve sets stock aside for an order: of every line or of none. Asked again
// it gives the same answer, also after the commit.
//
// It refuses with order.OutOfStock, naming the first line that is short, and
// with order.OrderEnded if the order was cancelled before.
func (w *warehouse) reserve(ctx context.Context, orderID string, lines []order.Line) (order.Reservation, error) {
	items, err := wanted(orderID, lines)
	if err != nil {
		return order.Reservation{}, err
	}
	r := reservation{orderID: orderID, items: items, state: reserved, at: time.Now().UTC().Truncate(time.Millisecond)}
	err = w.store.reserve(ctx, r)
	if found, ok := errors.AsType[unexpected](err); ok {
		if found.state == released {
			return order.Reservation{}, order.OrderEnded{}
		}
		return order.Reservation{ID: orderID, ReservedAt: found.at}, nil
	}
	if err != nil {
		return order.Reservation{}, err
	}
	return order.Reservation{ID: orderID, ReservedAt: r.at}, nil
}

// commit hands the reserved stock of a confirmed order over for good. It is an
// error that a confirmed order holds no reservation.
func (w *warehouse) commit(ctx context.Context, orderID string, lines []order.Line) error {
	items, err := wanted(orderID, lines)
	if err != nil {
		return err
	}
	err = w.store.settle(ctx, reservation{orderID: orderID, items: items, state: committed})
	if found, ok := errors.AsType[unexpected](err); ok && found.state == committed {
		return nil
	}
	return err
}

// release puts the stock of an order that will not happen back on sale. An
// order without a reservation gets a tombstone, which refuses a request that
// is still on its way. It is an error that the order was committed.
func (w *warehouse) release(ctx context.Context, orderID string) error {
	for range maxReadAgain {
		err := w.releaseOnce(ctx, orderID)
		if _, ok := errors.AsType[unexpected](err); ok {
			continue
		}
		return err
	}
	return fmt.Errorf("inventory: reservation of order %q keeps changing", orderID)
}

func (w *warehouse) releaseOnce(ctx context.Context, orderID string) error {
	r, exists, err := w.store.get(ctx, orderID)
	if err != nil {
		return err
	}
	if !exists {
		return w.store.putTombstone(ctx, orderID, time.Now().UTC().Truncate(time.Millisecond))
	}
	switch r.state {
	case released:
		return nil
	case reserved:
		r.state = released
		return w.store.settle(ctx, r)
	}
	return fmt.Errorf("inventory: order %q is cancelled, yet its reservation is %s", orderID, r.state)
}

// wanted is what an order's lines take from stock.
func wanted(orderID string, lines []order.Line) ([]order.Item, error) {
	if len(lines) == 0 {
		return nil, fmt.Errorf("inventory: order %q has no lines", orderID)
	}
	items := make([]order.Item, len(lines))
	for i, line := range lines {
		if line.Quantity < 1 || line.SKU == "" {
			return nil, fmt.Errorf("inventory: order %q wants %d of sku %q", orderID, line.Quantity, line.SKU)
		}
		items[i] = order.Item{SKU: line.SKU, Quantity: line.Quantity}
	}
	return order.Merge(items), nil
}
