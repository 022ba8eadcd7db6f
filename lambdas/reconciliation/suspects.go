package reconciliation

import (
	"context"
	"time"

	"orderflow/lambdas/order"
)

// suspectOrders are those of a batch of orders whose rows are not as they
// should be, if nothing happens to them any more. Of an order that is pending
// only its execution can tell.
func (r *run) suspectOrders(ctx context.Context, batch []row) (suspects []string, _ error) {
	keys := keysOf(batch)
	reservations, err := r.tables.statuses(ctx, r.tables.reservations, keys)
	if err != nil {
		return nil, err
	}
	shipments, err := r.tables.statuses(ctx, r.tables.shipments, keys)
	if err != nil {
		return nil, err
	}
	for _, o := range batch {
		id := text(o, "orderId")
		decided, err := time.Parse(time.RFC3339, text(o, "decidedAt"))
		longOver := err == nil && isLongOver(decided, r.now)
		if problem, _ := compare(order.Status(text(o, "status")), reservations[id], shipments[id], longOver); problem != "" {
			suspects = append(suspects, id)
		}
	}
	return suspects, nil
}

// suspectReserved are those of a batch of reservations whose order has no row.
func (r *run) suspectReserved(ctx context.Context, batch []row) ([]string, error) {
	orphans, err := r.orphans(ctx, batch)
	return ids(orphans), err
}

// suspectBooked are those of a batch of shipments whose order has no row, but
// for what reservations tell already.
func (r *run) suspectBooked(ctx context.Context, batch []row) (suspects []string, _ error) {
	orphans, err := r.orphans(ctx, batch)
	if err != nil || len(orphans) == 0 {
		return nil, err
	}
	reservations, err := r.tables.statuses(ctx, r.tables.reservations, keysOf(orphans))
	if err != nil {
		return nil, err
	}
	for _, id := range ids(orphans) {
		if reservations[id] != reserved {
			suspects = append(suspects, id)
		}
	}
	return suspects, nil
}

// orphans are those of a batch whose order has no row.
func (r *run) orphans(ctx context.Context, batch []row) (orphans []row, _ error) {
	statuses, err := r.tables.statuses(ctx, r.tables.orders, keysOf(batch))
	if err != nil {
		return nil, err
	}
	for _, row := range batch {
		if statuses[text(row, "orderId")] == "" {
			orphans = append(orphans, row)
		}
	}
	return orphans, nil
}

func ids(batch []row) []string {
	orderIDs := make([]string, len(batch))
	for i, r := range batch {
		orderIDs[i] = text(r, "orderId")
	}
	return orderIDs
}
