package inventory_test

import (
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/cryptotest"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"

	"orderflow/cmd/local/cloud/cloudtest"
	"orderflow/lambdas/inventory"
	"orderflow/lambdas/order"
)

// A warehouse is inventory and its tables in a cloud.
type warehouse struct {
	*cloudtest.Cloud
	t testing.TB
	h lambda.Handler
}

func newWarehouse(t testing.TB, stock map[string]int) *warehouse {
	t.Helper()
	w := &warehouse{Cloud: cloudtest.New(t), t: t}
	w.CreateTable("stock", "sku")
	w.CreateTable("reservations", "orderId")
	for sku, n := range stock {
		w.Put("stock", map[string]any{"sku": sku, "stocked": n, "available": n, "reserved": 0, "committed": 0})
	}
	w.h = w.handler(w.AWSConfig())
	return w
}

func (w *warehouse) handler(cfg aws.Config) lambda.Handler {
	w.t.Helper()
	h, err := inventory.New(cfg, cloudtest.Environment("STOCK_TABLE", "stock", "RESERVATIONS_TABLE", "reservations",
		"METRICS_NAMESPACE", "orderflow", "STATE_MACHINE_ARN", "arn:aws:states:us-east-1:000000000000:stateMachine:orders"))
	if err != nil {
		w.t.Fatal(err)
	}
	return h
}

// about is an event about an order of the given lines.
func about(t testing.TB, kind order.EventType, orderID string, lines ...order.Line) order.Event {
	t.Helper()
	e := cloudtest.About(t, kind, orderID)
	if e.Data.Lines != nil {
		e.Data.Lines = lines
	}
	return e
}

func line(sku string, quantity int) order.Line { return order.Line{SKU: sku, Quantity: quantity} }

// stock is what the table holds, as available/reserved/committed. On the way
// it checks that nothing was oversold.
func (w *warehouse) stock() map[string]string {
	w.t.Helper()
	got := map[string]string{}
	for sku, item := range w.Items("stock", "sku") {
		stocked, available, reserved, committed := item["stocked"].(float64), item["available"].(float64), item["reserved"].(float64), item["committed"].(float64)
		if available+reserved+committed != stocked || min(available, reserved, committed) < 0 {
			w.t.Errorf("sku %s is out of balance: %v", sku, item)
		}
		got[sku] = fmt.Sprintf("%v/%v/%v", available, reserved, committed)
	}
	return got
}

func (w *warehouse) states() map[string]string {
	got := map[string]string{}
	for id, item := range w.Items("reservations", "orderId") {
		got[id] = item["status"].(string)
	}
	return got
}

// Each scenario is a list of events as they are consumed, an event in a line:
// what it asks, of which order, what of, and "!" for one that fails.
func TestScenarios(t *testing.T) {
	for _, test := range []struct {
		name   string
		events string
		stock  map[string]string
		states map[string]string
	}{
		{"reserve and commit", "request o1 A2; confirm o1 A2", map[string]string{"A": "8/0/2", "B": "1/0/0"}, map[string]string{"o1": "COMMITTED"}},
		{"reserve and release", "request o1 A2 B1; cancel o1", map[string]string{"A": "10/0/0", "B": "1/0/0"}, map[string]string{"o1": "RELEASED"}},
		{"everything twice", "request o1 A2; request o1 A2; confirm o1 A2; confirm o1 A2; request o1 A2", map[string]string{"A": "8/0/2", "B": "1/0/0"}, map[string]string{"o1": "COMMITTED"}},
		{"released twice", "request o1 A2; cancel o1; cancel o1", map[string]string{"A": "10/0/0", "B": "1/0/0"}, map[string]string{"o1": "RELEASED"}},
		{"two lines of one sku", "request o1 A6 A4", map[string]string{"A": "0/10/0", "B": "1/0/0"}, map[string]string{"o1": "RESERVED"}},
		{"two lines of one sku, too many together", "request o1 A6 A5 !", map[string]string{"A": "10/0/0", "B": "1/0/0"}, map[string]string{}},
		{"the second line is short", "request o1 A2 B2 !", map[string]string{"A": "10/0/0", "B": "1/0/0"}, map[string]string{}},
		{"a sku that is not stocked", "request o1 A2 C1 !", map[string]string{"A": "10/0/0", "B": "1/0/0"}, map[string]string{}},
		{"the last one goes once", "request o1 B1; request o2 B1 !", map[string]string{"A": "10/0/0", "B": "0/1/0"}, map[string]string{"o1": "RESERVED"}},
		{"the last one comes back", "request o1 B1; cancel o1; request o2 B1", map[string]string{"A": "10/0/0", "B": "0/1/0"}, map[string]string{"o1": "RELEASED", "o2": "RESERVED"}},
		{"cancelled before the request", "cancel o1; request o1 A2 !", map[string]string{"A": "10/0/0", "B": "1/0/0"}, map[string]string{"o1": "RELEASED"}},
		{"requested again after the release", "request o1 A2; cancel o1; request o1 A2 !", map[string]string{"A": "10/0/0", "B": "1/0/0"}, map[string]string{"o1": "RELEASED"}},
		{"confirmed without a reservation", "confirm o1 A2 !", map[string]string{"A": "10/0/0", "B": "1/0/0"}, map[string]string{}},
		{"confirmed after the release", "request o1 A2; cancel o1; confirm o1 A2 !", map[string]string{"A": "10/0/0", "B": "1/0/0"}, map[string]string{"o1": "RELEASED"}},
		{"cancelled after the commit", "request o1 A2; confirm o1 A2; cancel o1 !", map[string]string{"A": "8/0/2", "B": "1/0/0"}, map[string]string{"o1": "COMMITTED"}},
		{"a short order does not stop the next", "request o1 B2 !; request o2 B1", map[string]string{"A": "10/0/0", "B": "0/1/0"}, map[string]string{"o2": "RESERVED"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWarehouse(t, map[string]int{"A": 10, "B": 1})
			for step := range strings.SplitSeq(test.events, "; ") {
				e, fails := parseStep(t, step)
				if failed := cloudtest.Receive(t, w.h, e); (failed != "") != fails {
					t.Errorf("%s: failed is %q", step, failed)
				}
				w.stock() // in balance after every write
			}
			if diff := cmp.Diff(test.stock, w.stock()); diff != "" {
				t.Errorf("stock, available/reserved/committed (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.states, w.states()); diff != "" {
				t.Errorf("reservations (-want +got):\n%s", diff)
			}
		})
	}
}

func parseStep(t *testing.T, step string) (e order.Event, fails bool) {
	t.Helper()
	words := strings.Fields(step)
	kind := map[string]order.EventType{"request": order.InventoryRequested, "confirm": order.OrderConfirmed, "cancel": order.OrderCancelled}[words[0]]
	var lines []order.Line
	for _, word := range words[2:] {
		if word == "!" {
			fails = true
			continue
		}
		var quantity int
		if _, err := fmt.Sscan(word[1:], &quantity); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line(word[:1], quantity))
	}
	return about(t, kind, words[1], lines...), fails
}

// What inventory refuses, it refuses to the waiting state by name.
func TestRefusals(t *testing.T) {
	w := newWarehouse(t, map[string]int{"A": 10, "B": 1, "C": 0})
	cloudtest.Receive(t, w.h, about(t, order.OrderCancelled, "ended"))
	for _, test := range []struct {
		orderID string
		lines   []order.Line
		want    string
	}{
		{"o1", []order.Line{line("A", 1), line("C", 1), line("B", 2)}, `{"cause":"inventory: sku \"C\" is out of stock","error":"OutOfStock","taskToken":"T"}`},
		{"o2", []order.Line{line("D", 1)}, `{"cause":"inventory: sku \"D\" is out of stock","error":"OutOfStock","taskToken":"T"}`},
		{"ended", []order.Line{line("A", 1)}, `{"cause":"order: was decided before the request arrived","error":"OrderEnded","taskToken":"T"}`},
	} {
		var told string
		h := w.handler(w.Faulty(cloudtest.Fault{Action: "SendTaskFailure", Status: 200, Body: "{}", Before: func(body string) { told = body }}))
		e := about(t, order.InventoryRequested, test.orderID, test.lines...)
		e.Data.TaskToken = "T"
		if failed := cloudtest.Receive(t, h, e); failed != "" {
			t.Errorf("%s: failed is %q", test.orderID, failed)
		}
		if told != test.want {
			t.Errorf("%s: the state is told %s, want %s", test.orderID, told, test.want)
		}
	}
}

// N buyers want the last unit at once: one gets it.
func TestTheLastUnit(t *testing.T) {
	w := newWarehouse(t, map[string]int{"LAST": 1})
	const buyers = 32
	won := make(chan string, buyers)
	var wg sync.WaitGroup
	for i := range buyers {
		e := about(t, order.InventoryRequested, fmt.Sprintf("o%d", i), line("LAST", 1))
		wg.Go(func() {
			if cloudtest.Receive(t, w.h, e) == "" {
				won <- e.Data.OrderID
			}
		})
	}
	wg.Wait()
	close(won)
	var winners []string
	for id := range won {
		winners = append(winners, id)
	}
	if len(winners) != 1 {
		t.Errorf("the last one went to %v", winners)
	}
	if got := w.stock()["LAST"]; got != "0/1/0" {
		t.Errorf("stock %s", got)
	}
	if got := w.states(); len(got) != 1 {
		t.Errorf("reservations %v", got)
	}
}

// The largest order that the API lets through fits into one transaction.
func TestFiftySKUs(t *testing.T) {
	stock := map[string]int{}
	var lines []order.Line
	for i := range 50 {
		sku := fmt.Sprintf("SKU-%d", i)
		stock[sku] = 1000
		lines = append(lines, line(sku, 1000))
	}
	w := newWarehouse(t, stock)
	for _, kind := range []order.EventType{order.InventoryRequested, order.OrderConfirmed} {
		if failed := cloudtest.Receive(t, w.h, about(t, kind, "o1", lines...)); failed != "" {
			t.Errorf("%s failed", kind)
		}
	}
	for sku, got := range w.stock() {
		if got != "0/0/1000" {
			t.Errorf("%s: %s", sku, got)
		}
	}
}

// cancelled is how DynamoDB answers a transaction that it cancels, with one
// reason a write.
func cancelled(reasons ...string) string {
	return `{"__type":"com.amazonaws.dynamodb.v20120810#TransactionCanceledException","message":"Transaction cancelled",` +
		`"CancellationReasons":[{"Code":"` + strings.Join(reasons, `"},{"Code":"`) + `"}]}`
}

// A transaction that loses to another is tried again; one whose reservation
// another holds tells nothing about stock.
func TestContention(t *testing.T) {
	for _, test := range []struct{ reservation, stock string }{
		{"None", "TransactionConflict"}, {"TransactionConflict", "None"}, {"TransactionConflict", "ConditionalCheckFailed"}, {"None", "ThrottlingError"},
	} {
		w := newWarehouse(t, map[string]int{"A": 1})
		h := w.handler(w.Faulty(cloudtest.Fault{Action: "TransactWriteItems", Times: 3, Status: 400, Body: cancelled(test.reservation, test.stock)}))
		if failed := cloudtest.Receive(t, h, about(t, order.InventoryRequested, "o1", line("A", 1))); failed != "" {
			t.Errorf("%s, %s: failed", test.reservation, test.stock)
		}
		if got := w.stock()["A"]; got != "0/1/0" {
			t.Errorf("%s, %s: stock %s", test.reservation, test.stock, got)
		}
	}
}

// So is a tombstone whose order a transaction holds.
func TestTombstoneContention(t *testing.T) {
	w := newWarehouse(t, nil)
	h := w.handler(w.Faulty(cloudtest.Fault{Action: "PutItem", Times: 3, Status: 400, Body: `{"__type":"com.amazonaws.dynamodb.v20120810#TransactionConflictException"}`}))
	if failed := cloudtest.Receive(t, h, about(t, order.OrderCancelled, "o1")); failed != "" || w.states()["o1"] != "RELEASED" {
		t.Errorf("failed is %q, the reservation is %q", failed, w.states()["o1"])
	}
}

func TestEndlessContentionFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWarehouse(t, map[string]int{"A": 1})
		h := w.handler(w.Faulty(cloudtest.Fault{Action: "TransactWriteItems", Status: 400, Body: cancelled("None", "TransactionConflict")}))
		if failed := cloudtest.Receive(t, h, about(t, order.InventoryRequested, "o1", line("A", 1))); failed != "0" {
			t.Errorf("failed is %q", failed)
		}
	})
}

// A simulation that owns crypto/rand owns the pauses between tries too.
func TestPausesFollowTheSeed(t *testing.T) {
	took := func(seed uint64) (d time.Duration) {
		synctest.Test(t, func(t *testing.T) {
			cryptotest.SetGlobalRandom(t, seed)
			w := newWarehouse(t, map[string]int{"A": 1})
			h := w.handler(w.Faulty(cloudtest.Fault{Action: "TransactWriteItems", Times: 5, Status: 400, Body: cancelled("None", "TransactionConflict")}))
			began := time.Now()
			if failed := cloudtest.Receive(t, h, about(t, order.InventoryRequested, "o1", line("A", 1))); failed != "" {
				t.Error("failed")
			}
			d = time.Since(began)
		})
		return d
	}
	first, again, other := took(1), took(1), took(2)
	if first != again || first == other || first == 0 {
		t.Errorf("seed 1 pauses for %v, then for %v, seed 2 for %v", first, again, other)
	}
}

// Something happens to the order while its cancellation is under way.
func TestCancellationMeets(t *testing.T) {
	for _, test := range []struct {
		name   string
		during string // the action before which it happens
		first  order.EventType
		then   order.EventType
		failed string
		stock  string
		state  string
	}{
		{"its request, before the tombstone", "PutItem", "", order.InventoryRequested, "", "1/0/0", "RELEASED"},
		{"another copy of itself, before the tombstone", "PutItem", "", order.OrderCancelled, "", "1/0/0", "RELEASED"},
		{"another copy of itself, before the release", "TransactWriteItems", order.InventoryRequested, order.OrderCancelled, "", "1/0/0", "RELEASED"},
		{"a confirmation that must not be", "TransactWriteItems", order.InventoryRequested, order.OrderConfirmed, "0", "0/0/1", "COMMITTED"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWarehouse(t, map[string]int{"A": 1})
			receive := func(kind order.EventType) {
				if failed := cloudtest.Receive(t, w.h, about(t, kind, "o1", line("A", 1))); failed != "" {
					t.Errorf("%s failed", kind)
				}
			}
			if test.first != "" {
				receive(test.first)
			}
			h := w.handler(w.Faulty(cloudtest.Fault{Action: test.during, Times: 1, Before: func(string) { receive(test.then) }}))
			if failed := cloudtest.Receive(t, h, about(t, order.OrderCancelled, "o1")); failed != test.failed {
				t.Errorf("failed is %q, want %q", failed, test.failed)
			}
			if got := w.stock()["A"]; got != test.stock {
				t.Errorf("stock %s, want %s", got, test.stock)
			}
			if got := w.states()["o1"]; got != test.state {
				t.Errorf("the reservation is %s, want %s", got, test.state)
			}
		})
	}
}

// A tombstone goes when no request can come any more, a reservation never. One
// that has expired refuses until DynamoDB gets round to it.
func TestTombstonesExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWarehouse(t, map[string]int{"A": 5})
		receive := func(step string, more ...string) {
			t.Helper()
			events, fails := parseBatch(t, strings.Join(append([]string{step}, more...), ", "))
			if failed := cloudtest.Receive(t, w.h, events...); failed != fails {
				t.Errorf("%s: failed is %q, want %q", step, failed, fails)
			}
		}
		receive("cancel t1")
		receive("cancel t2", "cancel t3")
		receive("request r1 A1", "request r2 A1", "request r3 A1", "request r4 A1")
		receive("confirm r1 A1")
		receive("cancel r2")
		receive("cancel r3", "cancel t1")
		want := float64(time.Now().Add(order.TombstoneLife).Unix())
		before := w.Items("reservations", "orderId")
		for id, item := range before {
			expires, ok := item["expiresAt"]
			if ok != strings.HasPrefix(id, "t") || ok && expires != want {
				t.Errorf("%s expires at %v: %v", id, expires, item)
			}
		}

		time.Sleep(order.TombstoneLife + 48*time.Hour)
		receive("request t1 A1 !")
		receive("request t2 A1 !", "request t3 A1 !")
		receive("cancel t2")
		if diff := cmp.Diff(before, w.Items("reservations", "orderId")); diff != "" {
			t.Errorf("a late event changes a row (-before +after):\n%s", diff)
		}

		w.Expire("reservations", order.ExpiresAt)
		time.Sleep(time.Hour)
		if diff := cmp.Diff(map[string]string{"r1": "COMMITTED", "r2": "RELEASED", "r3": "RELEASED", "r4": "RESERVED"}, w.states()); diff != "" {
			t.Errorf("what is left (-want +got):\n%s", diff)
		}
	})
}

// The answer of a transaction is lost: the same event finds what it did.
func TestLostAnswer(t *testing.T) {
	for _, kind := range []order.EventType{order.InventoryRequested, order.OrderConfirmed} {
		w := newWarehouse(t, map[string]int{"A": 5})
		if kind == order.OrderConfirmed {
			cloudtest.Receive(t, w.h, about(t, order.InventoryRequested, "o1", line("A", 2)))
		}
		e := about(t, kind, "o1", line("A", 2))
		cloudtest.Receive(t, w.h, e)
		before := w.stock()
		if failed := cloudtest.Receive(t, w.h, e); failed != "" {
			t.Errorf("%s again failed", kind)
		}
		if diff := cmp.Diff(before, w.stock()); diff != "" {
			t.Errorf("%s again moved stock (-want +got):\n%s", kind, diff)
		}
	}
}

// A confirmed order of one line costs 4 write units to reserve, 4 to commit.
func TestWriteUnits(t *testing.T) {
	w := newWarehouse(t, map[string]int{"A": 5})
	for i, kind := range []order.EventType{order.InventoryRequested, order.OrderConfirmed} {
		before := w.written()
		cloudtest.Receive(t, w.h, about(t, kind, "o1", line("A", 2)))
		if got := w.written() - before; got > 4 {
			t.Errorf("event %d, %s, writes %v units, more than 4", i, kind, got)
		}
	}
}

func (w *warehouse) written() float64 {
	_, stock := w.DynamoDB.Consumed("stock")
	_, reservations := w.DynamoDB.Consumed("reservations")
	return stock + reservations
}

func TestNonsense(t *testing.T) {
	w := newWarehouse(t, map[string]int{"A": 5})
	nonsense := []order.Event{
		about(t, order.Placed, "o1", line("A", 1)),
		about(t, order.InventoryRequested, "o2"),
		about(t, order.InventoryRequested, "o3", line("A", 0)),
		about(t, order.InventoryRequested, "o4", line("A", -1)),
		about(t, order.InventoryRequested, "o5", line("", 1)),
	}
	if failed := cloudtest.Receive(t, w.h, nonsense...); failed != "0 1 2 3 4" {
		t.Errorf("failed: %s", failed)
	}
	if diff := cmp.Diff(map[string]string{"A": "5/0/0"}, w.stock()); diff != "" {
		t.Errorf("stock (-want +got):\n%s", diff)
	}
}

func TestNewNeedsItsEnvironment(t *testing.T) {
	for _, missing := range []string{"STOCK_TABLE", "RESERVATIONS_TABLE", "METRICS_NAMESPACE", "STATE_MACHINE_ARN"} {
		_, err := inventory.New(aws.Config{}, func(name string) string {
			if name == missing {
				return ""
			}
			return "x"
		})
		if err == nil || !strings.Contains(err.Error(), missing) {
			t.Errorf("without %s: error %v does not name it", missing, err)
		}
	}
}

// BenchmarkHotSKU reserves and commits orders that all want one SKU:
//
//	go test ./lambdas/inventory -run '^$' -bench HotSKU -benchtime 1000x
//
// What a batch saves in AWS is more than shows here, where no two writes of one
// row contend.
func BenchmarkHotSKU(b *testing.B) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	for _, size := range []int{1, 10} {
		b.Run(fmt.Sprintf("batch=%d", size), func(b *testing.B) {
			w := newWarehouse(b, map[string]int{"HOT": 1 << 40})
			_, stock := w.DynamoDB.Consumed("stock")
			written, orders := w.written(), 0
			for b.Loop() {
				for _, kind := range []order.EventType{order.InventoryRequested, order.OrderConfirmed} {
					batch := make([]order.Event, size)
					for i := range batch {
						batch[i] = about(b, kind, fmt.Sprintf("o%d", orders+i), line("HOT", 1))
					}
					if failed := cloudtest.Receive(b, w.h, batch...); failed != "" {
						b.Fatalf("failed is %q", failed)
					}
				}
				orders += size
			}
			_, after := w.DynamoDB.Consumed("stock")
			b.ReportMetric((after-stock)/2/float64(orders), "stock-writes/order")
			b.ReportMetric((w.written()-written)/float64(orders), "write-units/order")
			b.ReportMetric(float64(orders)/b.Elapsed().Seconds(), "orders/s")
		})
	}
}
