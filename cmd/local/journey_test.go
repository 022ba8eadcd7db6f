package main

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"orderflow/lambdas/order"
)

// What Step Functions records for each state that an order passes through.
const (
	calls    = "TaskStateEntered TaskScheduled TaskStarted TaskSucceeded TaskStateExited"
	asks     = "TaskStateEntered TaskScheduled TaskStarted TaskSubmitted "
	answered = asks + "TaskSucceeded TaskStateExited"
	fails    = "TaskStateEntered TaskScheduled TaskStarted TaskFailed TaskStateExited"
	parallel = "ParallelStateEntered ParallelStateStarted "
	chooses  = "ChoiceStateEntered ChoiceStateExited"
)

// An ending is what must be found everywhere once an order is decided.
type ending struct {
	status      order.Status
	failure     order.Failure
	execution   string   // its status
	states      []string // its history
	reservation string   // what the tables hold
	shipment    string
	mails       []string          // subjects contain these
	events      []order.EventType // that analytics stored
}

// TestEveryOutcome places an order for each way in which one can end, and
// looks everywhere it has been.
func TestEveryOutcome(t *testing.T) {
	inShop(t, "MUG,Blue mug,1250,GBP,350,10\nLAST,Last lamp,5600,GBP,1900,1\n", func(t *testing.T, s *shop) {
		person := func(r orderRequest, who string) orderRequest {
			r.Customer.ID, r.Customer.Email = who, who+"@example.com"
			return r
		}

		confirmed := s.place(person(orderFor("MUG", 2, "GB"), "confirmed"))
		s.settle()
		if got := s.stock("MUG"); got != "8/0/2" {
			t.Errorf("after a confirmed order MUG is at %s, want 8/0/2", got)
		}

		short := s.place(person(orderFor("LAST", 2, "GB"), "short"))
		s.settle()
		if got := s.stock("LAST"); got != "1/0/0" {
			t.Errorf("after an order for too many LAST is at %s, want 1/0/0", got)
		}

		refused := s.place(person(orderFor("MUG", 1, "AQ"), "refused"))
		s.settle()
		invalid := s.place(person(orderFor("NO-SUCH-SKU", 1, "GB"), "invalid"))
		s.settle()

		// The customer thinks better of it while inventory is away.
		s.consume("InventoryFunction", false)
		cancelled := s.place(person(orderFor("MUG", 3, "GB"), "cancelled"))
		s.settle()
		if got := s.get(cancelled).Status; got != order.Pending {
			t.Errorf("while inventory is away the order is %s", got)
		}
		for range 2 {
			if status, answer, _ := s.call("POST", "/orders/"+cancelled+"/cancel", nil, nil); status != http.StatusAccepted {
				t.Errorf("cancelling answers %d: %s", status, answer)
			}
		}
		s.consume("InventoryFunction", true)
		s.settle()

		// Inventory is away for longer than an order waits.
		s.consume("InventoryFunction", false)
		failed := s.place(person(orderFor("MUG", 4, "GB"), "failed"))
		s.pass(25 * time.Hour)
		s.consume("InventoryFunction", true)
		s.pass(time.Hour)

		lineMug, lineLast := "8/0/2", "1/0/0"
		if mug, last := s.stock("MUG"), s.stock("LAST"); mug != lineMug || last != lineLast {
			t.Errorf("in the end MUG is at %s and LAST at %s, want %s and %s", mug, last, lineMug, lineLast)
		}

		accepted := []string{"ValidateOrder: " + calls, "PersistOrder: " + calls}
		asked := []order.EventType{order.InventoryRequested, order.Placed, order.ShipmentRequested}
		outcomes := map[string]ending{
			confirmed: {
				status: order.Confirmed, execution: "SUCCEEDED",
				states: append(slices.Clone(accepted),
					"FanOut: "+parallel+"ParallelStateSucceeded ParallelStateExited",
					"ReserveInventory: "+answered, "ArrangeShipment: "+answered, "AnnounceOrder: "+calls,
					"ConfirmOrder: "+calls, "AnnounceConfirmed: "+calls+" ExecutionSucceeded"),
				reservation: "COMMITTED", shipment: "DISPATCHED",
				mails:  []string{"We have", "is on its way"},
				events: append(slices.Clone(asked), order.OrderConfirmed),
			},
			short: {
				status: order.Rejected, execution: "SUCCEEDED",
				failure:     order.Failure{Code: "OutOfStock", Detail: `inventory: sku "LAST" is out of stock`},
				reservation: "RELEASED", shipment: "CANCELLED",
				mails:  []string{"We have", "is out of stock"},
				events: append(slices.Clone(asked), order.OrderCancelled),
			},
			refused: {
				status: order.Rejected, execution: "SUCCEEDED",
				failure:     order.Failure{Code: "ShipmentRefused"},
				reservation: "RELEASED", shipment: "CANCELLED",
				mails:  []string{"We have", "cannot be delivered"},
				events: append(slices.Clone(asked), order.OrderCancelled),
			},
			invalid: {
				status: order.Rejected, execution: "SUCCEEDED",
				failure: order.Failure{Code: "InvalidOrder"},
				states: []string{"ValidateOrder: " + fails, "CancelOrder: " + calls, "AnnounceCancelled: " + calls, "HowItEnded: " + chooses,
					"OrderDecided: SucceedStateEntered SucceedStateExited ExecutionSucceeded"},
				reservation: "RELEASED", shipment: "CANCELLED",
				mails:  []string{"could not be accepted"},
				events: []order.EventType{order.OrderCancelled},
			},
			cancelled: {
				status: order.Cancelled, execution: "SUCCEEDED",
				failure: order.Failure{Code: "CancelledByCustomer"},
				states: append(slices.Clone(accepted),
					"FanOut: "+parallel+"ParallelStateSucceeded ParallelStateExited",
					"ReserveInventory: "+answered, "ArrangeShipment: "+answered, "AnnounceOrder: "+calls,
					"ConfirmOrder: "+fails, "ReadDecision: "+calls, "WhoDecided: "+chooses,
					"AnnounceCancelled: "+calls, "HowItEnded: "+chooses,
					"OrderDecided: SucceedStateEntered SucceedStateExited ExecutionSucceeded"),
				reservation: "RELEASED", shipment: "CANCELLED",
				mails:  []string{"We have", "is cancelled"},
				events: append(slices.Clone(asked), order.OrderCancelled),
			},
			failed: {
				status: order.Failed, execution: "FAILED",
				failure: order.Failure{Code: "States.Timeout"},
				states: append(slices.Clone(accepted),
					"FanOut: "+parallel+"ParallelStateFailed ParallelStateExited",
					"ReserveInventory: "+asks+"TaskTimedOut TaskStateAborted", "ArrangeShipment: "+answered, "AnnounceOrder: "+calls,
					"CancelOrder: "+calls, "AnnounceCancelled: "+calls, "HowItEnded: "+chooses, "OrderFailed: FailStateEntered ExecutionFailed"),
				reservation: "RELEASED", shipment: "CANCELLED",
				mails:  []string{"We have", "could not be processed"},
				events: append(slices.Clone(asked), order.OrderCancelled),
			},
		}
		analysed := s.analysed()
		for orderID, want := range outcomes {
			s.check(orderID, want, analysed[orderID])
		}
		if queued := s.queued(); len(queued) > 0 {
			t.Errorf("messages are left: %v", queued)
		}
	})
}

func (s *shop) check(orderID string, want ending, analysed []order.EventType) {
	s.t.Helper()
	o := s.get(orderID)
	about := o.Customer.ID
	if o.Status != want.status {
		s.t.Errorf("%s: order is %s, want %s", about, o.Status, want.status)
	}
	if want.failure.Code == "" {
		s.checkConfirmed(o)
	} else if o.Failure == nil || o.Failure.Code != want.failure.Code || !strings.Contains(o.Failure.Detail, want.failure.Detail) {
		s.t.Errorf("%s: failure is %+v, want %+v", about, o.Failure, want.failure)
	}
	if o.DecidedAt == nil || o.DecidedAt.Before(o.CreatedAt) || len(o.Timeline) < 2 {
		s.t.Errorf("%s: created %v, decided %v, timeline %v", about, o.CreatedAt, o.DecidedAt, o.Timeline)
	}

	execution, states := s.told(orderID)
	if execution != want.execution {
		s.t.Errorf("%s: execution has %s, want %s", about, execution, want.execution)
	}
	if diff := cmp.Diff(want.states, states); want.states != nil && diff != "" {
		s.t.Errorf("%s: history (-want +got):\n%s", about, diff)
	}

	if got := s.status("ReservationsTable", orderID); got != want.reservation {
		s.t.Errorf("%s: reservation is %q, want %q", about, got, want.reservation)
	}
	if got := s.status("ShipmentsTable", orderID); got != want.shipment {
		s.t.Errorf("%s: shipment is %q, want %q", about, got, want.shipment)
	}
	mails := s.mails(o.Customer.Email)
	slices.Sort(mails) // two that are sent at once come in any order
	if !slices.EqualFunc(mails, want.mails, func(subject, part string) bool { return strings.Contains(subject, part) }) {
		s.t.Errorf("%s: mails are %q, want %q", about, mails, want.mails)
	}
	slices.Sort(analysed)
	slices.Sort(want.events)
	if !slices.Equal(analysed, want.events) {
		s.t.Errorf("%s: analytics has %v, want %v", about, analysed, want.events)
	}
}

func (s *shop) checkConfirmed(o order.Order) {
	s.t.Helper()
	lines := []order.Line{{SKU: "MUG", Name: "Blue mug", Quantity: 2, UnitPrice: order.Money{Amount: 1250, Currency: "GBP"}, WeightGrams: 350}}
	if diff := cmp.Diff(lines, o.Lines); diff != "" {
		s.t.Errorf("lines (-want +got):\n%s", diff)
	}
	if o.Total == nil || *o.Total != (order.Money{Amount: 2500, Currency: "GBP"}) {
		s.t.Errorf("total is %v", o.Total)
	}
	if o.Reservation == nil || o.Reservation.ID == "" || o.Shipment == nil || o.Shipment.TrackingNumber == "" || o.Failure != nil {
		s.t.Errorf("reservation %+v, shipment %+v, failure %+v", o.Reservation, o.Shipment, o.Failure)
	}
}

// TestSurge places 1,000 orders at once for 300 units: every one of them is
// decided, 300 are confirmed, and the shelf adds up.
func TestSurge(t *testing.T) {
	const orders, units = 1000, 300
	inShop(t, "MUG,Blue mug,1250,GBP,350,300\n", func(t *testing.T, s *shop) {
		ids := make(chan string, orders)
		for range orders {
			go func() { ids <- s.place(orderFor("MUG", 1, "GB")) }()
		}
		s.pass(time.Hour)
		statuses := map[order.Status]int{}
		for range orders {
			statuses[s.get(<-ids).Status]++
		}
		want := map[order.Status]int{order.Confirmed: units, order.Rejected: orders - units}
		if diff := cmp.Diff(want, statuses); diff != "" {
			t.Errorf("statuses (-want +got):\n%s", diff)
		}
		if got := s.stock("MUG"); got != "0/0/300" {
			t.Errorf("MUG is at %s, want 0/0/300", got)
		}
		if queued := s.queued(); len(queued) > 0 {
			t.Errorf("messages are left: %v", queued)
		}
	})
}

// TestOneSKUOnTwoLines: lines of one SKU count as one, and never oversell.
func TestOneSKUOnTwoLines(t *testing.T) {
	inShop(t, "MUG,Blue mug,1250,GBP,350,5\n", func(t *testing.T, s *shop) {
		twice := func(a, b int) orderRequest {
			r := orderFor("MUG", a, "GB")
			r.Items = append(r.Items, order.Item{SKU: "MUG", Quantity: b})
			return r
		}
		tooMany := s.place(twice(3, 3))
		s.settle()
		if got, shelf := s.get(tooMany).Status, s.stock("MUG"); got != order.Rejected || shelf != "5/0/0" {
			t.Errorf("3 + 3 of 5: %s, shelf %s", got, shelf)
		}
		enough := s.place(twice(3, 2))
		s.settle()
		o := s.get(enough)
		if shelf := s.stock("MUG"); o.Status != order.Confirmed || len(o.Lines) != 1 || o.Lines[0].Quantity != 5 || shelf != "0/0/5" {
			t.Errorf("3 + 2 of 5: %+v, shelf %s", o, shelf)
		}
	})
}
