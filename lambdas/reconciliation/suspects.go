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
	orderIDs := ids(batch)
	reservations, err := r.tables.statuses(ctx, r.tables.reservations, orderIDs)
	if err != nil {
		return nil, err
	}
	shipments, err := r.tables.statuses(ctx, r.tables.shipments, orderIDs)
	if err != nil {
		return nil, err
	}
	for i, id := range orderIDs {
		decided, err := time.Parse(time.RFC3339, text(batch[i], "decidedAt"))
		longOver := err == nil && isLongOver(decided, r.now)
		if problem, _ := compare(order.Status(text(batch[i], "status")), reservations[id], shipments[id], longOver); problem != "" {
			suspects = append(suspects, id)
		}
	}
	return suspects, nil
}

// suspectReserved are those of a batch of reservations whose order has no row.
func (r *run) suspectReserved(ctx context.Context, batch []row) ([]string, error) {
	return r.without(ctx, r.tables.orders, ids(batch))
}

// suspectBooked are those of a batch of shipments whose order has no row, but
// for what reservations tell already.
func (r *run) suspectBooked(ctx context.Context, batch []row) (suspects []string, _ error) {
	orphans, err := r.without(ctx, r.tables.orders, ids(batch))
	if err != nil || len(orphans) == 0 {
		return nil, err
	}
	reservations, err := r.tables.statuses(ctx, r.tables.reservations, orphans)
	if err != nil {
		return nil, err
	}
	for _, id := range orphans {
		if reservations[id] != reserved {
			suspects = append(suspects, id)
		}
	}
	return suspects, nil
}

// without are those orders that have no row in a table.
func (r *run) without(ctx context.Context, table string, orderIDs []string) (missing []string, _ error) {
	statuses, err := r.tables.statuses(ctx, table, orderIDs)
	if err != nil {
		return nil, err
	}
	for _, id := range orderIDs {
		if statuses[id] == "" {
			missing = append(missing, id)
		}
	}
	return missing, nil
}

func ids(batch []row) []string {
	orderIDs := make([]string, len(batch))
	for i, r := range batch {
		orderIDs[i] = text(r, "orderId")
	}
	return orderIDs
}
