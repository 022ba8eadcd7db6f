package stack_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"orderflow/cmd/orders/stack"
	"orderflow/cmd/orders/stack/stacktest"
	"orderflow/lambdas/order"
)

// Events are counted by minute, type and status, once analytics has them.
func TestCounts(t *testing.T) {
	inShop(t, func(t *testing.T, shop *stacktest.Shop, s *stack.Stack) {
		began := time.Now()
		place(t, s, "c-42", "Ada", "MUG-BLUE", "GB")
		place(t, s, "c-42", "Ada", "MUG-GREEN", "GB")
		time.Sleep(2 * time.Minute)
		place(t, s, "c-42", "Ada", "KETTLE-RED", "GB") // sold out
		time.Sleep(time.Minute)
		synctest.Wait()

		counts, complete, err := s.Counts(t.Context(), began, time.Now())
		if err != nil || !complete {
			t.Fatalf("complete %t, %v", complete, err)
		}
		type kind struct {
			Minute int // since the first
			Type   order.EventType
			Status order.Status
		}
		got := map[kind]int{}
		for _, n := range counts {
			got[kind{int(n.Minute.Sub(began.Truncate(time.Minute)) / time.Minute), n.Type, n.Status}] += n.Count
		}
		want := map[kind]int{
			{0, order.InventoryRequested, ""}:          2,
			{0, order.ShipmentRequested, ""}:           2,
			{0, order.Placed, order.Pending}:           2,
			{0, order.OrderConfirmed, order.Confirmed}: 2,
			{2, order.InventoryRequested, ""}:          1,
			{2, order.ShipmentRequested, ""}:           1,
			{2, order.Placed, order.Pending}:           1,
			{2, order.OrderCancelled, order.Rejected}:  1,
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("counts (-want +got):\n%s", diff)
		}
		later, _, err := s.Counts(t.Context(), began.Add(time.Minute), time.Now())
		if err != nil || len(later) != 4 {
			t.Errorf("%d kinds since a minute later, %v, want the 4 of the last order", len(later), err)
		}
	})
}

// A parcel is that of an order; who was never shipped has none.
func TestParcels(t *testing.T) {
	inShop(t, func(t *testing.T, shop *stacktest.Shop, s *stack.Stack) {
		sent := place(t, s, "c-42", "Ada", "MUG-BLUE", "GB")
		place(t, s, "c-42", "Ada", "NO-SUCH-SKU", "GB")
		parcels, next, err := s.Parcels(t.Context(), "")
		if err != nil || next != "" || len(parcels) != 1 {
			t.Fatalf("%+v, next %q, %v", parcels, next, err)
		}
		if p := parcels[0]; p.OrderID != sent || p.Status != "DISPATCHED" || p.TrackingNumber == "" || p.BookedAt.IsZero() {
			t.Errorf("%+v", p)
		}
	})
}
