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

// answer is what the state that asked for a reservation is told.
func (r reservation) answer() order.Reservation {
	return order.Reservation{ID: r.orderID, ReservedAt: r.at}
}

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
	r := reservation{orderID: orderID, items: items, state: reserved, at: now()}
	err = w.store.reserve(ctx, r)
	if found, ok := errors.AsType[unexpected](err); ok {
		if found.state == released {
			return order.Reservation{}, order.OrderEnded{}
		}
		return found.answer(), nil
	}
	if err != nil {
		return order.Reservation{}, err
	}
	return r.answer(), nil
}

// commit hands the reserved stock of a confirmed order over for good. It is an
// error that a confirmed order holds no reservation.
func (w *warehouse) commit(ctx context.Context, orderID string, lines []order.Line) error {
	items, err := wanted(orderID, lines)
	if err != nil {
		return err
	}
	return settled(w.store.settle(ctx, committed, reservation{orderID: orderID, items: items}), committed)
}

// release puts the stock of an order that will not happen back on sale. An
// order without a reservation gets a tombstone, which refuses a request that
// is still on its way. It is an error that the order was committed.
func (w *warehouse) release(ctx context.Context, orderID string) error {
	err := w.store.putTombstone(ctx, orderID, now())
	if found, ok := errors.AsType[unexpected](err); ok && found.state == reserved {
		err = w.store.settle(ctx, released, found.reservation)
	}
	return settled(err, released)
}

// settled forgives a write that met what it was to bring about.
func settled(err error, want state) error {
	if found, ok := errors.AsType[unexpected](err); ok && found.state == want {
		return nil
	}
	return err
}

// now is the time as reservations keep it.
func now() time.Time { return time.Now().UTC().Truncate(time.Millisecond) }

// maxQuantity of a line keeps the sums of a batch far from overflowing.
const maxQuantity = 1 << 30

// wanted is what an order's lines take from stock.
func wanted(orderID string, lines []order.Line) ([]order.Item, error) {
	if len(lines) == 0 {
		return nil, fmt.Errorf("inventory: order %q has no lines", orderID)
	}
	items := make([]order.Item, len(lines))
	for i, line := range lines {
		if line.Quantity < 1 || line.Quantity > maxQuantity || line.SKU == "" {
			return nil, fmt.Errorf("inventory: order %q wants %d of sku %q", orderID, line.Quantity, line.SKU)
		}
		items[i] = order.Item{SKU: line.SKU, Quantity: line.Quantity}
	}
	return order.Merge(items), nil
}
