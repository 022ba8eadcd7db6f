package shipment_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"

	"orderflow/cmd/local/carrier"
	"orderflow/cmd/local/cloud/cloudtest"
	"orderflow/lambdas/order"
	"orderflow/lambdas/shipment"
)

// A desk is shipment with its tables and the carrier in a cloud.
type desk struct {
	*cloudtest.Cloud
	t testing.TB
	h lambda.Handler
}

func newDesk(t testing.TB) *desk {
	t.Helper()
	d := &desk{Cloud: cloudtest.New(t), t: t}
	d.CreateTable("shipments", "orderId")
	d.CreateTable("orders", "orderId")
	for id, country := range map[string]string{"o1": "GB", "far": carrier.Refused} {
		d.Put("orders", order.Order{
			ID: id, Status: order.Pending, Customer: order.Customer{ID: "c"},
			ShippingAddress: order.Address{Name: "Ada", Line1: "1 Byron St", City: "London", Country: country},
		})
	}
	d.h = d.handler(d.AWSConfig())
	return d
}

func (d *desk) handler(cfg aws.Config) lambda.Handler {
	d.t.Helper()
	h, err := shipment.New(cfg, cloudtest.Environment("SHIPMENTS_TABLE", "shipments", "ORDERS_TABLE", "orders", "CARRIER_URL", cloudtest.CarrierURL,
		"METRICS_NAMESPACE", "orderflow", "STATE_MACHINE_ARN", "arn:aws:states:us-east-1:000000000000:stateMachine:orders"))
	if err != nil {
		d.t.Fatal(err)
	}
	return h
}

// row is how the table has the shipment of an order, or "".
func (d *desk) row(orderID string) string {
	item, ok := d.Items("shipments", "orderId")[orderID]
	if !ok {
		return ""
	}
	return item["status"].(string)
}

// booked is how the carrier has it.
func (d *desk) booked(orderID string) string {
	for _, s := range d.Carrier.Shipments() {
		if s.OrderID == orderID {
			return string(s.State)
		}
	}
	return ""
}

var kinds = map[string]order.EventType{"request": order.ShipmentRequested, "confirm": order.OrderConfirmed, "cancel": order.OrderCancelled}

// Each scenario is a list of events as they are consumed, with "!" after one
// that fails.
func TestScenarios(t *testing.T) {
	for _, test := range []struct{ name, orderID, events, row, carrier string }{
		{"book and dispatch", "o1", "request confirm", "DISPATCHED", "BOOKED"},
		{"book and cancel", "o1", "request cancel", "CANCELLED", "CANCELLED"},
		{"everything twice", "o1", "request request confirm confirm request", "DISPATCHED", "BOOKED"},
		{"cancelled twice", "o1", "request cancel cancel", "CANCELLED", "CANCELLED"},
		{"cancelled before the request", "o1", "cancel request!", "CANCELLED", "CANCELLED"},
		{"requested again after the cancellation", "o1", "request cancel request!", "CANCELLED", "CANCELLED"},
		{"confirmed without a booking", "o1", "confirm!", "", ""},
		{"confirmed after the cancellation", "o1", "cancel confirm!", "CANCELLED", "CANCELLED"},
		{"cancelled after the dispatch", "o1", "request confirm cancel!", "DISPATCHED", "BOOKED"},
		{"refused", "far", "request!", "", ""},
		{"refused, and so cancelled", "far", "request! cancel", "CANCELLED", "CANCELLED"},
		{"an order that does not exist", "o9", "request!", "", ""},
		{"cancelled though it never existed", "o9", "cancel", "CANCELLED", "CANCELLED"},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := newDesk(t)
			for i, step := range strings.Fields(test.events) {
				step, fails := strings.CutSuffix(step, "!")
				if failed := cloudtest.Receive(t, d.h, cloudtest.About(t, kinds[step], test.orderID)); (failed != "") != fails {
					t.Errorf("event %d, %s: failed is %q", i, step, failed)
				}
			}
			if got := d.row(test.orderID); got != test.row {
				t.Errorf("the row is %q, want %q", got, test.row)
			}
			if got := d.booked(test.orderID); got != test.carrier {
				t.Errorf("the carrier has %q, want %q", got, test.carrier)
			}
		})
	}
}

// What shipment answers, it answers to the waiting state by name, and alike
// each time.
func TestAnswers(t *testing.T) {
	d := newDesk(t)
	d.Put("orders", order.Order{ID: "decided", Status: order.Cancelled, Customer: order.Customer{ID: "c"}})
	ask := func(orderID string) string {
		var told string
		hear := func(body string) { told = body }
		h := d.handler(d.Faulty(
			cloudtest.Fault{Action: "SendTaskSuccess", Status: 200, Body: "{}", Before: hear},
			cloudtest.Fault{Action: "SendTaskFailure", Status: 200, Body: "{}", Before: hear},
		))
		e := cloudtest.About(t, order.ShipmentRequested, orderID)
		e.Data.TaskToken = "T"
		if failed := cloudtest.Receive(t, h, e); failed != "" {
			t.Errorf("%s: failed", orderID)
		}
		return told
	}
	first := ask("o1")
	if !strings.Contains(first, "trackingNumber") || !strings.Contains(first, carrier.Name) {
		t.Errorf("the state is told %s", first)
	}
	if again := ask("o1"); again != first {
		t.Errorf("asked again it is told %s, before %s", again, first)
	}
	if got := ask("far"); !strings.Contains(got, `"error":"ShipmentRefused"`) || strings.Contains(got, "Byron") {
		t.Errorf("of a refusal the state is told %s", got)
	}
	if got := ask("decided"); !strings.Contains(got, `"error":"OrderEnded"`) {
		t.Errorf("of an order that is decided the state is told %s", got)
	}
	if d.booked("decided") != "" {
		t.Error("a shipment is booked for an order that is decided")
	}
}

// A duplicate does not bother the carrier.
func TestADuplicateBooksOnce(t *testing.T) {
	d := newDesk(t)
	calls := 0
	h := d.handler(d.Faulty(cloudtest.Fault{Action: http.MethodPut, Before: func(string) { calls++ }}))
	for range 3 {
		if failed := cloudtest.Receive(t, h, cloudtest.About(t, order.ShipmentRequested, "o1")); failed != "" {
			t.Error("failed")
		}
	}
	if calls != 1 {
		t.Errorf("the carrier is asked %d times", calls)
	}
}

// The order is cancelled after the carrier booked and before that is stored.
func TestBookingMeetsTheCancellation(t *testing.T) {
	d := newDesk(t)
	cancel := cloudtest.About(t, order.OrderCancelled, "o1")
	h := d.handler(d.Faulty(cloudtest.Fault{Action: http.MethodPut, Times: 1, After: func() {
		if failed := cloudtest.Receive(t, d.h, cancel); failed != "" {
			t.Error("the cancellation failed")
		}
	}}))
	if failed := cloudtest.Receive(t, h, cloudtest.About(t, order.ShipmentRequested, "o1")); failed == "" {
		t.Error("the booking succeeds")
	}
	if d.row("o1") != "CANCELLED" || d.booked("o1") != "CANCELLED" {
		t.Errorf("the row is %q, the carrier has %q", d.row("o1"), d.booked("o1"))
	}
}

// While the carrier is away messages wait, and nothing is lost.
func TestCarrierAway(t *testing.T) {
	d := newDesk(t)
	away := d.handler(d.Faulty(
		cloudtest.Fault{Action: http.MethodPut, Status: 503}, cloudtest.Fault{Action: http.MethodDelete, Status: 503}))
	request, cancel := cloudtest.About(t, order.ShipmentRequested, "o1"), cloudtest.About(t, order.OrderCancelled, "o1")
	if failed := cloudtest.Receive(t, away, request); failed != "0" || d.row("o1") != "" {
		t.Errorf("the request: failed is %q, row %q", failed, d.row("o1"))
	}
	if failed := cloudtest.Receive(t, d.h, request); failed != "" {
		t.Error("the request fails again")
	}
	if failed := cloudtest.Receive(t, away, cancel); failed != "0" || d.row("o1") != "BOOKED" {
		t.Errorf("the cancellation: failed is %q, row %q", failed, d.row("o1"))
	}
	if failed := cloudtest.Receive(t, d.h, cancel); failed != "" || d.booked("o1") != "CANCELLED" {
		t.Errorf("the cancellation again: failed is %q, the carrier has %q", failed, d.booked("o1"))
	}
}

// A tombstone whose call to the carrier failed tells it when received again.
func TestTombstoneTellsTheCarrier(t *testing.T) {
	d := newDesk(t)
	away := d.handler(d.Faulty(cloudtest.Fault{Action: http.MethodDelete, Status: 503}))
	cancel := cloudtest.About(t, order.OrderCancelled, "o1")
	if failed := cloudtest.Receive(t, away, cancel); failed != "0" || d.row("o1") != "CANCELLED" {
		t.Errorf("failed is %q, row %q", failed, d.row("o1"))
	}
	if failed := cloudtest.Receive(t, d.h, cancel); failed != "" || d.booked("o1") != "CANCELLED" {
		t.Errorf("again: failed is %q, the carrier has %q", failed, d.booked("o1"))
	}
}

// A tombstone goes when no request can come any more, a shipment never. One
// that has expired refuses until DynamoDB gets round to it.
func TestTombstonesExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		for _, id := range []string{"sent", "back", "open"} {
			d.Put("orders", order.Order{ID: id, Status: order.Pending, ShippingAddress: order.Address{Line1: "1 Byron St", City: "London", Country: "GB"}})
		}
		receive := func(id string, steps ...string) {
			t.Helper()
			for _, step := range steps {
				step, fails := strings.CutSuffix(step, "!")
				if failed := cloudtest.Receive(t, d.h, cloudtest.About(t, kinds[step], id)); (failed != "") != fails {
					t.Errorf("%s of %s: failed is %q", step, id, failed)
				}
			}
		}
		receive("o1", "cancel", "cancel")
		receive("sent", "request", "confirm")
		receive("back", "request", "cancel")
		receive("open", "request")
		want := float64(time.Now().Add(order.TombstoneLife).Unix())
		before := d.Items("shipments", "orderId")
		for id, item := range before {
			expires, ok := item["expiresAt"]
			if ok != (id == "o1") || ok && expires != want {
				t.Errorf("%s expires at %v: %v", id, expires, item)
			}
		}

		time.Sleep(order.TombstoneLife + 48*time.Hour)
		receive("o1", "request!", "cancel", "request!")
		if diff := cmp.Diff(before, d.Items("shipments", "orderId")); diff != "" {
			t.Errorf("a late event changes a row (-before +after):\n%s", diff)
		}

		d.Expire("shipments", order.ExpiresAt)
		time.Sleep(time.Hour)
		if got := d.row("o1") + d.row("sent") + d.row("back") + d.row("open"); got != "DISPATCHEDCANCELLEDBOOKED" {
			t.Errorf("what is left is %s", got)
		}
	})
}

func TestParcel(t *testing.T) {
	d := newDesk(t)
	var parcel string
	h := d.handler(d.Faulty(cloudtest.Fault{Action: http.MethodPut, Before: func(body string) { parcel = body }}))
	e := cloudtest.About(t, order.ShipmentRequested, "o1")
	e.Data.Lines = append(e.Data.Lines, order.Line{SKU: "B", Quantity: 3, WeightGrams: 100})
	cloudtest.Receive(t, h, e)
	want := `{"address":{"name":"Ada","line1":"1 Byron St","city":"London","country":"GB"},"weightGrams":1000}`
	if diff := cmp.Diff(want, parcel); diff != "" {
		t.Errorf("parcel (-want +got):\n%s", diff)
	}
}

// A confirmed order costs one write unit to book and one to dispatch.
func TestWriteUnits(t *testing.T) {
	d := newDesk(t)
	for _, kind := range []order.EventType{order.ShipmentRequested, order.OrderConfirmed} {
		_, before := d.DynamoDB.Consumed("shipments")
		cloudtest.Receive(t, d.h, cloudtest.About(t, kind, "o1"))
		if _, after := d.DynamoDB.Consumed("shipments"); after-before != 1 {
			t.Errorf("%s writes %v units", kind, after-before)
		}
	}
}

func TestNewNeedsItsEnvironment(t *testing.T) {
	for _, missing := range []string{"SHIPMENTS_TABLE", "ORDERS_TABLE", "CARRIER_URL", "METRICS_NAMESPACE", "STATE_MACHINE_ARN"} {
		_, err := shipment.New(aws.Config{}, func(name string) string {
			if name == missing {
				return ""
			}
			return "http://carrier.example"
		})
		if err == nil || !strings.Contains(err.Error(), missing) {
			t.Errorf("without %s: error %v does not name it", missing, err)
		}
	}
}
