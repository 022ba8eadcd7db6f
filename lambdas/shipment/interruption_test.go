package shipment_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"orderflow/cmd/local/carrier"
	"orderflow/cmd/local/cloud/cloudtest"
	"orderflow/lambdas/order"
)

// A clerk is a desk whose answers are heard. The task token is the order's ID.
type clerk struct {
	*desk
	mu   sync.Mutex
	told map[string][]string // by order: the shipment, or the error's name
}

func newClerk(t testing.TB) *clerk {
	c := &clerk{desk: newDesk(t), told: map[string][]string{}}
	c.h = c.handler(c.Faulty(c.ears()...))
	return c
}

func (c *clerk) ears() []cloudtest.Fault {
	hear := func(body string) {
		var answer struct{ TaskToken, Output, Error string }
		if err := json.Unmarshal([]byte(body), &answer); err != nil {
			c.t.Error(err)
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.told[answer.TaskToken] = append(c.told[answer.TaskToken], answer.Output+answer.Error)
	}
	return []cloudtest.Fault{
		{Action: "SendTaskSuccess", Status: 200, Body: "{}", Before: hear},
		{Action: "SendTaskFailure", Status: 200, Body: "{}", Before: hear},
	}
}

// receive consumes an event, which a fault may befall, and says if it failed.
func (c *clerk) receive(step, orderID string, faults ...cloudtest.Fault) (failed bool) {
	c.t.Helper()
	e := cloudtest.About(c.t, kinds[step], orderID)
	if e.Type == order.ShipmentRequested {
		e.Data.TaskToken = orderID
	}
	h := c.h
	if len(faults) > 0 {
		h = c.handler(c.Faulty(append(faults, c.ears()...)...))
	}
	return cloudtest.Receive(c.t, h, e) != ""
}

// want compares what there is of an order, and wants all its bookings alike.
func (c *clerk) want(orderID, row, atCarrier string, told ...string) {
	c.t.Helper()
	if got := c.row(orderID); got != row {
		c.t.Errorf("%s: the row is %q, want %q", orderID, got, row)
	}
	if got := c.booked(orderID); got != atCarrier {
		c.t.Errorf("%s: the carrier has %q, want %q", orderID, got, atCarrier)
	}
	first, heard := "", []string{}
	for _, answer := range c.told[orderID] {
		if !strings.HasPrefix(answer, "{") {
			heard = append(heard, answer)
			continue
		}
		heard = append(heard, "booked")
		if first == "" {
			first = answer
		}
		if answer != first {
			c.t.Errorf("%s: the state is told %s, before %s", orderID, answer, first)
		}
	}
	if diff := cmp.Diff(append([]string{}, told...), heard); diff != "" {
		c.t.Errorf("%s: the states are told (-want +got):\n%s", orderID, diff)
	}
}

// An invocation dies in the middle of an event, or another one gets in between.
// The table and the carrier agree in the end, and the same is answered always.
func TestInterruptions(t *testing.T) {
	const (
		read, write, advance = "BatchGetItem", "PutItem", "UpdateItem"
		book, callBack       = http.MethodPut, http.MethodDelete
		answer               = "SendTaskSuccess"
	)
	for _, test := range []struct {
		name   string
		before string // events, with "!" after one that fails
		event  string // the one that is interrupted
		dies   string // the action that it dies instead of, or else
		at     string // the action before which
		enters string // these are consumed
		after  string
		row    string
		told   string // "-" for nothing
	}{
		{"dies before the booking", "", "request!", book, "", "", "request", "BOOKED", "booked"},
		{"dies between booking and write", "", "request!", write, "", "", "request", "BOOKED", "booked"},
		{"dies between booking and write, and is cancelled", "", "request!", write, "", "", "cancel", "CANCELLED", "-"},
		{"dies between booking and write, is cancelled and comes again", "", "request!", write, "", "", "cancel request", "CANCELLED", "OrderEnded"},
		{"dies before its answer", "", "request!", answer, "", "", "request request", "BOOKED", "booked booked"},
		{"dies before its answer, and is cancelled", "", "request!", answer, "", "", "cancel request", "CANCELLED", "OrderEnded"},
		{"dies before its answer, comes again after the dispatch", "request", "request!", answer, "", "", "confirm request", "DISPATCHED", "booked booked"},
		{"a dispatch dies", "request", "confirm!", advance, "", "", "confirm confirm", "DISPATCHED", "booked"},
		{"a cancellation dies before its tombstone", "", "cancel!", write, "", "", "request cancel", "CANCELLED", "booked"},
		{"a cancellation dies before it tells the carrier", "", "cancel!", callBack, "", "", "request cancel", "CANCELLED", "OrderEnded"},
		{"a cancellation of a booking dies before it tells the carrier", "request", "cancel!", callBack, "", "", "cancel", "CANCELLED", "booked"},
		{"a cancellation of a booking dies before it is written", "request", "cancel!", advance, "", "", "cancel request", "CANCELLED", "booked OrderEnded"},

		{"a copy before the reading", "", "request", "", read, "request", "", "BOOKED", "booked booked"},
		{"a copy before the booking", "", "request", "", book, "request", "", "BOOKED", "booked booked"},
		{"a copy between booking and write", "", "request", "", write, "request", "request", "BOOKED", "booked booked booked"},
		{"a copy and the dispatch between booking and write", "", "request", "", write, "request confirm", "", "DISPATCHED", "booked booked"},
		{"the cancellation before the reading", "", "request", "", read, "cancel", "", "CANCELLED", "OrderEnded"},
		{"the cancellation before the booking", "", "request", "", book, "cancel", "", "CANCELLED", "OrderEnded"},
		{"the cancellation between booking and write", "", "request", "", write, "cancel", "request", "CANCELLED", "OrderEnded OrderEnded"},
		{"a copy and the cancellation between booking and write", "", "request", "", write, "request cancel", "", "CANCELLED", "booked OrderEnded"},
		{"the request before the tombstone", "", "cancel", "", write, "request", "request", "CANCELLED", "booked OrderEnded"},
		{"the request after the tombstone", "", "cancel", "", callBack, "request", "", "CANCELLED", "OrderEnded"},
		{"another cancellation before the tombstone", "request", "cancel", "", write, "cancel", "", "CANCELLED", "booked"},
		{"another cancellation before the carrier is told", "request", "cancel", "", callBack, "cancel", "", "CANCELLED", "booked"},
		{"another cancellation before it is written", "request", "cancel", "", advance, "cancel request", "", "CANCELLED", "booked OrderEnded"},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newClerk(t)
				receive := func(steps string, faults ...cloudtest.Fault) {
					t.Helper()
					for _, step := range strings.Fields(steps) {
						time.Sleep(time.Second) // no two are booked at the same time
						step, fails := strings.CutSuffix(step, "!")
						if failed := c.receive(step, "o1", faults...); failed != fails {
							t.Errorf("%s: failed is %t", step, failed)
						}
					}
				}
				receive(test.before)
				fault := cloudtest.Fault{Action: test.dies, Times: 1, Status: 400, Body: `{"__type":"AccessDeniedException"}`}
				if test.dies == "" {
					fault = cloudtest.Fault{Action: test.at, Times: 1, Before: func(string) { receive(test.enters) }}
				}
				receive(test.event, fault)
				receive(test.after)
				atCarrier := string(carrier.Booked)
				if test.row == "CANCELLED" {
					atCarrier = string(carrier.Cancelled)
				}
				c.want("o1", test.row, atCarrier, strings.Fields(strings.Trim(test.told, "-"))...)
			})
		})
	}
}

// The request has found nothing when the tombstone is put up, and books before
// the cancellation has told the carrier.
func TestTheBookingOvertakesTheCancellation(t *testing.T) {
	c := newClerk(t)
	tombstone, booking := make(chan bool), make(chan bool)
	var cancellation sync.WaitGroup
	if c.receive("request", "o1", cloudtest.Fault{Action: http.MethodPut, Before: func(string) {
		cancellation.Go(func() {
			if c.receive("cancel", "o1", cloudtest.Fault{Action: http.MethodDelete, Times: 1, Before: func(string) {
				close(tombstone)
				<-booking
			}}) {
				t.Error("the cancellation failed")
			}
		})
		<-tombstone
	}}) {
		t.Error("the request failed")
	}
	close(booking)
	cancellation.Wait()
	c.want("o1", "CANCELLED", "CANCELLED", "OrderEnded")
}

// Copies of a request are processed at once, of every other order together
// with its cancellation.
func TestCopiesAtOnce(t *testing.T) {
	c := newClerk(t)
	const orders, copies = 12, 4
	var running sync.WaitGroup
	for i := range orders {
		id := fmt.Sprintf("o%d", i)
		c.Put("orders", order.Order{ID: id, Status: order.Pending, ShippingAddress: order.Address{Line1: "1 Byron St", City: "London", Country: "GB"}})
		for range copies {
			running.Go(func() { c.receive("request", id) })
		}
		if i%2 == 1 {
			running.Go(func() { c.receive("cancel", id) })
		}
	}
	running.Wait()
	for i := range orders {
		id := fmt.Sprintf("o%d", i)
		if i%2 == 0 {
			c.want(id, "BOOKED", "BOOKED", "booked", "booked", "booked", "booked")
			continue
		}
		if len(c.told[id]) != copies {
			t.Errorf("%s: the states are told %v", id, c.told[id])
		}
		delete(c.told, id) // booked or ended, whichever came first
		c.want(id, "CANCELLED", "CANCELLED")
	}
}
