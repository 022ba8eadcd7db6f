package inventory_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

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

// Ten of the largest orders do not fit into one transaction, unless they share
// their SKUs.
func TestABatchOfLargeOrders(t *testing.T) {
	for _, test := range []struct {
		name         string
		sku          func(order, line int) string
		transactions float64
	}{
		{"each of SKUs of its own", func(order, line int) string { return fmt.Sprintf("SKU-%d-%d", order, line) }, 10},
		{"each of the same SKUs", func(_, line int) string { return fmt.Sprintf("SKU-%d", line) }, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			const orders, lines = 10, 50
			stock, want := map[string]int{}, map[string]string{}
			for i := range orders {
				for j := range lines {
					stock[test.sku(i, j)] += 1000
				}
			}
			for sku, n := range stock {
				want[sku] = fmt.Sprintf("0/0/%d", n)
			}
			w := newWarehouse(t, stock)
			for _, kind := range []order.EventType{order.InventoryRequested, order.OrderConfirmed} {
				var batch []order.Event
				for i := range orders {
					var of []order.Line
					for j := range lines {
						of = append(of, line(test.sku(i, j), 1000))
					}
					batch = append(batch, about(t, kind, fmt.Sprintf("o%d", i), of...))
				}
				_, before := w.DynamoDB.Consumed("stock")
				if failed := cloudtest.Receive(t, w.h, batch...); failed != "" {
					t.Errorf("%s: failed is %q", kind, failed)
				}
				_, after := w.DynamoDB.Consumed("stock")
				if got := (after - before) / 2 / lines; got != test.transactions {
					t.Errorf("%s: each sku is written in %v transactions, want %v", kind, got, test.transactions)
				}
			}
			if diff := cmp.Diff(want, w.stock()); diff != "" {
				t.Errorf("stock (-want +got):\n%s", diff)
			}
		})
	}
}

// An SKU that no table can hold fails its whole transaction, and in the end
// only its own order.
func TestAnImpossibleSKU(t *testing.T) {
	w := newWarehouse(t, map[string]int{"A": 5})
	failed := cloudtest.Receive(t, w.h,
		about(t, order.InventoryRequested, "o1", line("A", 1)),
		about(t, order.InventoryRequested, "o2", line(strings.Repeat("x", 2049), 1)),
		about(t, order.InventoryRequested, "o3", line("A", 1)))
	if failed != "1" || w.stock()["A"] != "3/2/0" {
		t.Errorf("failed is %q, stock %s", failed, w.stock()["A"])
	}
}

// Ten lone buyers spend 40 units to reserve and 40 to commit, a batch of ten
// 22 and 22: two for each reservation, and two for the SKU.
func TestWriteUnitsOfABatch(t *testing.T) {
	w := newWarehouse(t, map[string]int{"A": 10})
	for _, kind := range []order.EventType{order.InventoryRequested, order.OrderConfirmed} {
		var batch []order.Event
		for i := range 10 {
			batch = append(batch, about(t, kind, fmt.Sprintf("o%d", i), line("A", 1)))
		}
		before := w.written()
		cloudtest.Receive(t, w.h, batch...)
		if got := w.written() - before; got != 22 {
			t.Errorf("%s: a batch of ten writes %v units, want 22", kind, got)
		}
	}
}

// A batch that loses to another transaction is tried again as a batch.
func TestContentionOfABatch(t *testing.T) {
	for _, reasons := range []string{"None TransactionConflict None", "None None TransactionConflict", "None TransactionConflict ConditionalCheckFailed"} {
		w := newWarehouse(t, map[string]int{"A": 2})
		h := w.handler(w.Faulty(cloudtest.Fault{Action: "TransactWriteItems", Times: 3, Status: 400, Body: cancelled(strings.Fields(reasons)...)}))
		if failed := cloudtest.Receive(t, h,
			about(t, order.InventoryRequested, "o1", line("A", 1)), about(t, order.InventoryRequested, "o2", line("A", 1))); failed != "" {
			t.Errorf("%s: failed is %q", reasons, failed)
		}
		if got := w.stock()["A"]; got != "0/2/0" {
			t.Errorf("%s: stock %s", reasons, got)
		}
		if _, units := w.DynamoDB.Consumed("stock"); units != 3 { // one for the row that newWarehouse put
			t.Errorf("%s: %v units of stock written, want 3", reasons, units)
		}
	}
}

// Buyers want the last unit at once, in several batches: one of them gets it.
func TestTheLastUnitAcrossBatches(t *testing.T) {
	w := newWarehouse(t, map[string]int{"LAST": 1, "A": 1000})
	var running sync.WaitGroup
	for i := range 8 {
		var batch []order.Event
		for j := range 8 {
			batch = append(batch, about(t, order.InventoryRequested, fmt.Sprintf("o%d-%d", i, j), line("LAST", 1), line("A", 1)))
		}
		running.Go(func() { cloudtest.Receive(t, w.h, batch...) })
	}
	running.Wait()
	if diff := cmp.Diff(map[string]string{"LAST": "0/1/0", "A": "999/1/0"}, w.stock()); diff != "" {
		t.Errorf("stock (-want +got):\n%s", diff)
	}
	if got := w.states(); len(got) != 1 {
		t.Errorf("reservations %v", got)
	}
}

// Whoever asks again is told the same: what the table holds. Here the answers
// to a first batch are lost, and its requests come again in another company.
func TestAnswersOfABatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWarehouse(t, map[string]int{"A": 100})
		told := map[string][]string{}
		hear := cloudtest.Fault{Action: "SendTaskSuccess", Status: 200, Body: "{}", Before: func(body string) {
			var answer struct{ TaskToken, Output string }
			if err := json.Unmarshal([]byte(body), &answer); err != nil {
				t.Error(err)
			}
			told[answer.TaskToken] = append(told[answer.TaskToken], answer.Output)
		}}
		lost := hear
		lost.Status, lost.Body = 400, `{"__type":"AccessDeniedException"}`
		batch := func(ids ...string) (batch []order.Event) {
			for _, id := range ids {
				e := about(t, order.InventoryRequested, id, line("A", 1))
				e.Data.TaskToken = id
				batch = append(batch, e)
			}
			return batch
		}
		if failed := cloudtest.Receive(t, w.handler(w.Faulty(lost)), batch("o1", "o2", "o3")...); failed != "0 1 2" {
			t.Errorf("failed is %q though nobody was told", failed)
		}
		time.Sleep(time.Minute)
		if failed := cloudtest.Receive(t, w.handler(w.Faulty(hear)), batch("o4", "o3", "o2", "o3", "o1")...); failed != "" {
			t.Errorf("failed is %q", failed)
		}
		for id, item := range w.Items("reservations", "orderId") {
			want := fmt.Sprintf(`{"reservationId":%q,"reservedAt":%q}`, id, item["reservedAt"])
			for _, got := range told[id] {
				if got != want {
					t.Errorf("%s is told %s, the table holds %s", id, got, want)
				}
			}
			if times := map[string]int{"o1": 2, "o2": 2, "o3": 3, "o4": 1}[id]; len(told[id]) != times {
				t.Errorf("%s is told %d times, want %d", id, len(told[id]), times)
			}
		}
	})
}
