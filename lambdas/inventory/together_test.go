package inventory_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"


	"orderflow/cmd/local/cloud/cloudtest"
	"orderflow/lambdas/order"
)

// Each scenario is a list of batches with ";" between them, each a list of
// events with "," between them. units are what the last batch wrote to the
// stock table: two a SKU and transaction, also of one that failed.
func TestBatches(t *testing.T) {
	for _, test := range []struct {
		name    string
		batches string
		stock   string
		states  string
		units   float64
	}{
		{"requests share a write", "request o1 A2, request o2 A3, request o3 A1 B1", "4/6/0 0/1/0", "o1 RESERVED, o2 RESERVED, o3 RESERVED", 4},
		{"confirmations share a write", "request o1 A2, request o2 A3; confirm o1 A2, confirm o2 A3", "5/0/5 1/0/0", "o1 COMMITTED, o2 COMMITTED", 2},
		{"cancellations share a write", "request o1 A2, request o2 A3; cancel o1, cancel o2, cancel o3", "10/0/0 1/0/0", "o1 RELEASED, o2 RELEASED, o3 RELEASED", 2},
		{"kinds keep apart", "request o1 A1, request o2 A1, request o3 A1, request o4 A1; confirm o1 A1, cancel o2, request o5 A2, cancel o3, confirm o4 A1, request o6 B1",
			"6/2/2 0/1/0", "o1 COMMITTED, o2 RELEASED, o3 RELEASED, o4 COMMITTED, o5 RESERVED, o6 RESERVED", 8},
		{"what is cancelled can be sold in the same batch", "request o1 A6, request o2 A4; request o3 A4, request o4 A6, cancel o1, cancel o2", "0/10/0 1/0/0", "o1 RELEASED, o2 RELEASED, o3 RESERVED, o4 RESERVED", 4},

		{"the last one goes once", "request o1 B1, request o2 B1 !, request o3 A1", "9/1/0 0/1/0", "o1 RESERVED, o3 RESERVED", 10},
		{"a short order stops no other", "request o1 A9, request o2 A2 !, request o3 A1", "0/10/0 1/0/0", "o1 RESERVED, o3 RESERVED", 8},
		{"a sku that is not stocked", "request o1 A1, request o2 C1 !", "9/1/0 1/0/0", "o1 RESERVED", 8},
		{"an ended order", "cancel o1; request o1 A1 !, request o2 A1, request o3 A1", "8/2/0 1/0/0", "o1 RELEASED, o2 RESERVED, o3 RESERVED", 8},
		{"a duplicate of long ago", "request o1 A2; request o1 A2, request o2 A3", "5/5/0 1/0/0", "o1 RESERVED, o2 RESERVED", 6},
		{"a duplicate of one that is committed", "request o1 A2; confirm o1 A2; request o1 A2, request o2 A3", "5/3/2 1/0/0", "o1 COMMITTED, o2 RESERVED", 6},
		{"a duplicate in the batch", "request o1 A2, request o1 A2, request o2 A3", "5/5/0 1/0/0", "o1 RESERVED, o2 RESERVED", 4},
		{"confirmed twice", "request o1 A2, request o2 A3; confirm o1 A2, confirm o2 A3, confirm o1 A2", "5/0/5 1/0/0", "o1 COMMITTED, o2 COMMITTED", 4},
		{"one was confirmed before", "request o1 A2, request o2 A3; confirm o1 A2; confirm o1 A2, confirm o2 A3", "5/0/5 1/0/0", "o1 COMMITTED, o2 COMMITTED", 6},
		{"confirmed without a reservation", "request o1 A2, request o2 A3; confirm o1 A2, confirm o9 A1 !, confirm o2 A3", "5/0/5 1/0/0", "o1 COMMITTED, o2 COMMITTED", 8},
		{"cancelled twice", "request o1 A2, request o2 A3; cancel o1; cancel o1, cancel o2, cancel o1", "10/0/0 1/0/0", "o1 RELEASED, o2 RELEASED", 2},
		{"one was committed", "request o1 A2, request o2 A3; confirm o1 A2; cancel o1 !, cancel o2", "8/0/2 1/0/0", "o1 COMMITTED, o2 RELEASED", 2},

		{"request and cancellation", "request o1 A2, cancel o1, request o2 A3", "7/3/0 1/0/0", "o1 RELEASED, o2 RESERVED", 4},
		{"cancellation and request", "cancel o1, request o1 A2 !, request o2 A3", "7/3/0 1/0/0", "o1 RELEASED, o2 RESERVED", 4},
		{"request, cancellation, request", "request o1 A2, request o2 A2, cancel o1, cancel o2, request o2 A2 !", "10/0/0 1/0/0", "o1 RELEASED, o2 RELEASED", 8},
		{"a late copy of the request and the confirmation", "request o1 A2; request o1 A2, confirm o1 A2, request o2 A1", "7/1/2 1/0/0", "o1 COMMITTED, o2 RESERVED", 8},

		{"no lines", "request o1 A1, request o2 !, request o3 A1", "8/2/0 1/0/0", "o1 RESERVED, o3 RESERVED", 2},
		{"less than nothing", "request o1 A1, request o2 A-1 !, request o3 A1", "8/2/0 1/0/0", "o1 RESERVED, o3 RESERVED", 2},
		{"more than can be counted", "request o1 A9223372036854775807 !, request o2 A9223372036854775807 !, request o3 A1, request o4 A1", "8/2/0 1/0/0", "o3 RESERVED, o4 RESERVED", 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWarehouse(t, map[string]int{"A": 10, "B": 1})
			var units float64
			for batch := range strings.SplitSeq(test.batches, "; ") {
				_, before := w.DynamoDB.Consumed("stock")
				events, fails := parseBatch(t, batch)
				if failed := cloudtest.Receive(t, w.h, events...); failed != fails {
					t.Errorf("%s: failed is %q, want %q", batch, failed, fails)
				}
				_, after := w.DynamoDB.Consumed("stock")
				units = after - before
			}
			got := w.stock()
			if got := got["A"] + " " + got["B"]; got != test.stock {
				t.Errorf("stock %s, want %s", got, test.stock)
			}
			var states []string
			for id, state := range w.states() {
				states = append(states, id+" "+state)
			}
			slices.Sort(states)
			if got := strings.Join(states, ", "); got != test.states {
				t.Errorf("reservations %s, want %s", got, test.states)
			}
			if units != test.units {
				t.Errorf("the last batch writes %v units of stock, want %v", units, test.units)
			}
		})
	}
}

func parseBatch(t *testing.T, batch string) (events []order.Event, failed string) {
	t.Helper()
	var failures []string
	for i, step := range strings.Split(batch, ", ") {
		e, fails := parseStep(t, step)
		events = append(events, e)
		if fails {
			failures = append(failures, fmt.Sprint(i))
		}
	}
	return events, strings.Join(failures, " ")
}
