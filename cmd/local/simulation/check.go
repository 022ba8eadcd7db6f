package simulation

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"

	sfntypes "github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"orderflow/cmd/local/chaos"
	"orderflow/lambdas/order"
)

// checkShelf: available + reserved + committed = stocked, none of them
// negative, after every write.
func (r *run) checkShelf(ctx context.Context, p Product) {
	stock, err := r.world.row(ctx, "StockTable", "sku", p.SKU)
	if err != nil {
		r.fail("", "stock of %s: %v", p.SKU, err)
		return
	}
	available, reserved, committed := stock.number("available"), stock.number("reserved"), stock.number("committed")
	if min(available, reserved, committed) < 0 || available+reserved+committed != p.Stocked || stock.number("stocked") != p.Stocked {
		r.fail("", "stock of %s, %d in all: %d available, %d reserved, %d committed", p.SKU, p.Stocked, available, reserved, committed)
	}
}

// checkDecision: an order gets one final status.
func (r *run) checkDecision(ctx context.Context, id string) {
	o, err := r.world.row(ctx, "OrdersTable", "orderId", id)
	if err != nil || o == nil {
		return // a task token, whose order is looked at by its ID
	}
	status := order.Status(o.text("status"))
	if before, ok := r.decided[id]; ok && status != before {
		r.fail(r.Trace.names[id], "was %s, and is %s", before, status)
	} else if status.Final() {
		r.decided[id] = status
	}
}

// An outcome is all that can be seen of an order once nothing moves.
type outcome struct {
	order       order.Order
	execution   string
	reservation string
	shipment    string
	parcel      string // at the carrier
	mails       int
	told        []order.EventType // to the customer, by what notification keeps
	events      []order.EventType // that analytics keeps
	stored      bool              // in the table of orders
}

// check looks at everything, once nothing moves any more.
func (r *run) check(ctx context.Context) error {
	executions, err := r.world.executions(ctx)
	if err != nil {
		return err
	}
	orders, err := r.world.rows(ctx, "OrdersTable", "orderId")
	if err != nil {
		return err
	}
	reservations, err := r.world.rows(ctx, "ReservationsTable", "orderId")
	if err != nil {
		return err
	}
	shipments, err := r.world.rows(ctx, "ShipmentsTable", "orderId")
	if err != nil {
		return err
	}
	parcels, err := r.world.parcels(ctx)
	if err != nil {
		return err
	}
	events, err := r.world.events(ctx)
	if err != nil {
		return err
	}
	mails, err := r.world.mails(ctx)
	if err != nil {
		return err
	}
	told, err := r.world.told(ctx)
	if err != nil {
		return err
	}

	unaccounted := maps.Clone(executions)
	sold := map[string]int{}
	for _, c := range r.customers {
		ids := r.idsOf(c, executions)
		for _, id := range c.ids {
			if _, exists := executions[id]; !exists {
				r.fail(c.order.Name, "it was accepted, and has no execution")
			}
		}
		if c.order.Key && len(ids) > 1 {
			r.fail(c.order.Name, "one Idempotency-Key made %d orders", len(ids))
		}
		for _, id := range ids {
			delete(unaccounted, id)
			o := outcome{
				order:       r.get(id),
				execution:   string(executions[id]),
				reservation: reservations[id].text("status"),
				shipment:    shipments[id].text("status"),
				parcel:      parcels[id],
				mails:       mails[id],
				told:        told[id],
				events:      events[id],
				stored:      orders[id] != nil,
			}
			r.Statuses[o.order.Status]++
			r.checkOutcome(c, o)
			r.checkReason(ctx, c, o.order)
			if o.order.Status == order.Confirmed {
				for sku, n := range c.order.wants() {
					sold[sku] += n
				}
			}
		}
	}
	if len(unaccounted) > 0 {
		r.fail("", "there are executions that nobody ordered: %v", slices.Sorted(maps.Keys(unaccounted)))
	}
	for _, p := range r.Plan.Shelf {
		r.checkShelf(ctx, p)
		stock, err := r.world.row(ctx, "StockTable", "sku", p.SKU)
		if err != nil {
			return err
		}
		if reserved, committed := stock.number("reserved"), stock.number("committed"); reserved != 0 || committed != sold[p.SKU] {
			r.fail("", "of %s %d are sold, but %d reserved and %d committed", p.SKU, sold[p.SKU], reserved, committed)
		}
	}
	return nil
}

// idsOf are the orders that a customer's clicks have made, told or not.
func (r *run) idsOf(c *customer, executions map[string]sfntypes.ExecutionStatus) []string {
	var ids []string
	for _, id := range r.Trace.ids {
		_, exists := executions[id]
		name, _, _ := strings.Cut(r.Trace.names[id], " (")
		if exists && name == c.order.Name {
			ids = append(ids, id)
		}
	}
	return ids
}

// get is the order as the API shows it.
func (r *run) get(id string) (o order.Order) {
	w := httptest.NewRecorder()
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		r.world.API.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/orders/"+id, nil))
	}()
	r.sched.runUntil(answered)
	if w.Code != http.StatusOK || json.Unmarshal(w.Body.Bytes(), &o) != nil {
		r.fail(r.Trace.names[id], "GET /orders/{orderId} is answered %d: %s", w.Code, w.Body)
	}
	return o
}

// checkOutcome: an order is decided, everywhere alike.
func (r *run) checkOutcome(c *customer, o outcome) {
	name, status := r.Trace.names[o.order.ID], o.order.Status
	wrong := func(what, is string, want ...string) {
		if !slices.Contains(want, is) {
			r.fail(name, "is %s, but its %s is %q, not %q", status, what, is, want)
		}
	}
	stopped := ""
	if c.stopped {
		stopped = "ABORTED"
	}
	decision, contrary := order.OrderCancelled, order.OrderConfirmed
	happened := []order.EventType{decision}
	switch status {
	case order.Confirmed:
		decision, contrary = order.OrderConfirmed, order.OrderCancelled
		happened = []order.EventType{order.InventoryRequested, order.ShipmentRequested, order.Placed, decision}
		wrong("execution", o.execution, "SUCCEEDED", stopped)
		wrong("reservation", o.reservation, "COMMITTED")
		wrong("shipment", o.shipment, "DISPATCHED")
		wrong("parcel", o.parcel, "BOOKED")
	case order.Rejected, order.Cancelled, order.Failed:
		if status == order.Failed {
			wrong("execution", o.execution, "FAILED", stopped)
		} else {
			wrong("execution", o.execution, "SUCCEEDED", stopped)
		}
		wrong("reservation", o.reservation, "", "RELEASED")
		wrong("shipment", o.shipment, "", "CANCELLED")
		wrong("parcel", o.parcel, "", "CANCELLED")
	default:
		r.fail(name, "is %q when all is done", status)
		return
	}
	if !o.stored && c.stopped {
		return // before anybody was told of it
	}
	for _, event := range happened {
		if !slices.Contains(o.events, event) {
			r.fail(name, "is %s, but analytics does not know of %s", status, event)
		}
	}
	if !slices.Contains(o.told, decision) || o.mails < len(o.told) || len(r.Faults) == 0 && o.mails > len(o.told) {
		r.fail(name, "is %s, its customer was told of %v in %d mails", status, o.told, o.mails)
	}
	if slices.Contains(o.told, contrary) || slices.Contains(o.events, contrary) {
		r.fail(name, "is %s, yet %s was announced: %v were told, %v kept", status, contrary, o.told, o.events)
	}
	if excused := c.stopped || r.struck[name] > 0 || r.Faults[chaos.Jump]+r.Faults[chaos.Stop] > 0; r.mended[name] && !excused {
		r.fail(name, "is %s, but reconciliation had to see to that", status)
	}
	if c.cancelled && status != order.Cancelled {
		r.fail(name, "was cancelled, its customer was told, but it is %s", status)
	}
	if c.decided && status == order.Cancelled {
		r.fail(name, "could not be cancelled, its customer was told, but it is")
	}
}

// checkReason: an order is refused for a reason only, and fails for a fault.
func (r *run) checkReason(ctx context.Context, c *customer, o order.Order) {
	reason := ""
	if o.Failure != nil {
		reason = o.Failure.Code
	}
	name := r.Trace.names[o.ID]
	unless := func(ok bool) {
		if !ok {
			r.fail(name, "is %s for %q without a reason", o.Status, reason)
		}
	}
	known := c.order.isKnown()
	if o.Status == order.Confirmed {
		unless(known && c.order.Country != "AQ" && reason == "")
		return
	}
	switch reason {
	case "InvalidOrder":
		unless(o.Status == order.Rejected && !known)
	case "OutOfStock":
		unless(o.Status == order.Rejected && r.isShort(c.order))
	case "ShipmentRefused":
		unless(o.Status == order.Rejected && (c.order.Country == "AQ" || r.Faults[chaos.Refuse] > 0))
	case "CancelledByCustomer":
		unless(o.Status == order.Cancelled && (c.order.CancelAfter > 0 || c.order.CancelAt > 0))
	case "ABORTED":
		unless(o.Status == order.Failed && c.stopped)
	case "States.Timeout":
		lost := r.dead["Inventory"]+r.dead["Shipment"] > 0 // maybe for what a neighbour in its batch was struck by
		unless(o.Status == order.Failed && (r.Faults[chaos.Jump] > 0 || lost || r.struck[name] >= maxReceives))
	default:
		unless(o.Status == order.Failed && r.wornOut(ctx, o.ID))
	}
}

// isShort tells whether all who want what an order wants want more than there is.
func (r *run) isShort(o Order) bool {
	for sku := range o.wants() {
		wanted := 0
		for _, c := range r.customers {
			wanted += c.order.wants()[sku] * c.order.Clicks
		}
		for _, p := range r.Plan.Shelf {
			if p.SKU == sku && wanted > p.Stocked {
				return true
			}
		}
	}
	return false
}
