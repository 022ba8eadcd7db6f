package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	schedulertypes "github.com/aws/aws-sdk-go-v2/service/scheduler/types"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/google/go-cmp/cmp"

	"orderflow/lambdas/order"
	"orderflow/lambdas/reconciliation"
)

// nextRun is long enough for reconciliation's next run to have come, and for
// its grace before.
const nextRun = 2 * time.Hour

// stopped is an order that an operator ended while it waited for shipment: it
// is PENDING for ever, with stock set aside and, a little later, a parcel.
func (s *shop) stopped(customer string) (orderID string) {
	s.t.Helper()
	s.consume("ShipmentFunction", false)
	r := orderFor("MUG", 2, "GB")
	r.Customer.Email = customer + "@example.com"
	orderID = s.place(r)
	s.settle()
	_, err := sfn.NewFromConfig(s.aws).StopExecution(s.t.Context(), &sfn.StopExecutionInput{ExecutionArn: aws.String(s.execution(orderID))})
	if err != nil {
		s.t.Fatal(err)
	}
	s.consume("ShipmentFunction", true)
	s.settle()
	s.wants(orderID, order.Pending, "RESERVED", "BOOKED")
	return orderID
}

// lost is an order whose confirmation one consumer never heard of: it was away,
// and its queue was purged.
func (s *shop) lost(deaf, other string) (orderID string) {
	s.t.Helper()
	s.consume(other+"Function", false)
	orderID = s.place(orderFor("MUG", 2, "GB"))
	s.settle()
	s.consume(deaf+"Function", false)
	s.consume(other+"Function", true)
	s.settle()
	url := shopAWS + "/000000000000/orderflow-" + deaf + "Queue"
	if _, err := sqs.NewFromConfig(s.aws).PurgeQueue(s.t.Context(), &sqs.PurgeQueueInput{QueueUrl: &url}); err != nil {
		s.t.Fatal(err)
	}
	s.consume(deaf+"Function", true)
	s.settle()
	return orderID
}

// wants is what must be stored about an order.
func (s *shop) wants(orderID string, status order.Status, reservation, shipment string) {
	s.t.Helper()
	want := []string{string(status), reservation, shipment}
	got := []string{string(s.get(orderID).Status), s.status("ReservationsTable", orderID), s.status("ShipmentsTable", orderID)}
	if !slices.Equal(got, want) {
		s.t.Errorf("order %s is %q, want %q", orderID, got, want)
	}
}

// reconcile makes a run, as on-call would.
func (s *shop) reconcile(request string) (report reconciliation.Report) {
	s.t.Helper()
	out, err := lambda.NewFromConfig(s.aws).Invoke(s.t.Context(), &lambda.InvokeInput{
		FunctionName: aws.String("orderflow-ReconciliationFunction"), Payload: []byte(request),
	})
	if err != nil || out.FunctionError != nil {
		s.t.Fatalf("reconciliation: %+v, %v", out, err)
	}
	if err := json.Unmarshal(out.Payload, &report); err != nil {
		s.t.Fatal(err)
	}
	return report
}

// unscheduled stops the runs that nobody asks for.
func (s *shop) unscheduled() {
	s.t.Helper()
	client := scheduler.NewFromConfig(s.aws)
	got, err := client.GetSchedule(s.t.Context(), &scheduler.GetScheduleInput{Name: aws.String("orderflow-ReconciliationRunSchedule")})
	if err != nil {
		s.t.Fatal(err)
	}
	_, err = client.UpdateSchedule(s.t.Context(), &scheduler.UpdateScheduleInput{
		Name: got.Name, ScheduleExpression: got.ScheduleExpression, FlexibleTimeWindow: got.FlexibleTimeWindow, Target: got.Target,
		State: schedulertypes.ScheduleStateDisabled,
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

// TestNobodyDecides: an order whose execution an operator stopped fails, and
// all is taken back, by the next run that the schedule begins.
func TestNobodyDecides(t *testing.T) {
	inShop(t, "MUG,Blue mug,1250,GBP,350,10\n", func(t *testing.T, s *shop) {
		id := s.stopped("ada")
		s.pass(nextRun)
		s.wants(id, order.Failed, "RELEASED", "CANCELLED")
		o := s.get(id)
		if o.Failure == nil || o.Failure.Code != "ABORTED" || o.DecidedAt == nil {
			t.Errorf("failure %+v, decided %v", o.Failure, o.DecidedAt)
		}
		if got := s.stock("MUG"); got != "10/0/0" {
			t.Errorf("MUG is at %s", got)
		}
		mails := s.mails("ada@example.com")
		if !slices.ContainsFunc(mails, func(subject string) bool { return strings.Contains(subject, "could not be processed") }) {
			t.Errorf("mails %q", mails)
		}
		if queued := s.queued(); len(queued) > 0 {
			t.Errorf("messages are left: %v", queued)
		}
	})
}

// TestLostConfirmation: what a consumer never heard is told again.
func TestLostConfirmation(t *testing.T) {
	inShop(t, "MUG,Blue mug,1250,GBP,350,10\n", func(t *testing.T, s *shop) {
		uncommitted := s.lost("Inventory", "Shipment")
		s.wants(uncommitted, order.Confirmed, "RESERVED", "DISPATCHED")
		undispatched := s.lost("Shipment", "Inventory")
		s.wants(undispatched, order.Confirmed, "COMMITTED", "BOOKED")
		before := s.mails("ada@example.com")

		s.pass(nextRun)
		s.wants(uncommitted, order.Confirmed, "COMMITTED", "DISPATCHED")
		s.wants(undispatched, order.Confirmed, "COMMITTED", "DISPATCHED")
		if got := s.stock("MUG"); got != "6/0/4" {
			t.Errorf("MUG is at %s", got)
		}
		if diff := cmp.Diff(before, s.mails("ada@example.com")); diff != "" {
			t.Errorf("customers were written to again:\n%s", diff)
		}
		if queued := s.queued(); len(queued) > 0 {
			t.Errorf("messages are left: %v", queued)
		}
	})
}

// TestHealthy: however orders ended, and while one waits, nothing is found.
func TestHealthy(t *testing.T) {
	inShop(t, "MUG,Blue mug,1250,GBP,350,10\n", func(t *testing.T, s *shop) {
		for _, r := range []orderRequest{orderFor("MUG", 2, "GB"), orderFor("MUG", 20, "GB"), orderFor("MUG", 1, "AQ"), orderFor("NO-SUCH-SKU", 1, "GB")} {
			s.place(r)
		}
		s.settle()
		s.consume("InventoryFunction", false)
		failed := s.place(orderFor("MUG", 1, "GB"))
		cancelled := s.place(orderFor("MUG", 1, "GB"))
		s.pass(25 * time.Hour)
		if status := s.cancelled(cancelled); status != 409 {
			t.Errorf("cancelling after the wait answers %d", status)
		}
		s.consume("InventoryFunction", true)
		s.settle()
		s.consume("InventoryFunction", false)
		waits := s.place(orderFor("MUG", 1, "GB"))
		thoughtBetter := s.place(orderFor("MUG", 1, "GB"))
		s.settle()
		if status := s.cancelled(thoughtBetter); status != 202 {
			t.Errorf("cancelling answers %d", status)
		}
		s.pass(nextRun)

		want := reconciliation.Report{
			Complete: true, Problems: map[reconciliation.Problem]int{}, Found: []reconciliation.Finding{},
			Scanned: reconciliation.Scanned{Orders: 8, Reservations: 6, Shipments: 8, Stock: 1},
		}
		if diff := cmp.Diff(want, s.reconcile(`{}`)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		s.wants(failed, order.Failed, "RELEASED", "CANCELLED")
		s.wants(waits, order.Pending, "", "BOOKED")
		s.wants(thoughtBetter, order.Cancelled, "", "BOOKED")
	})
}

// TestDryRun tells all, changes nothing, and a run then finds the same.
func TestDryRun(t *testing.T) {
	inShop(t, "MUG,Blue mug,1250,GBP,350,10\n", func(t *testing.T, s *shop) {
		s.unscheduled()
		pending, confirmed := s.stopped("ada"), s.lost("Inventory", "Shipment")
		s.pass(nextRun)
		findings := []reconciliation.Finding{
			{OrderID: pending, Problem: reconciliation.NeverDecided, Repair: reconciliation.CancelOrder},
			{OrderID: confirmed, Problem: reconciliation.NotHandedOver, Repair: reconciliation.AnnounceConfirmed},
		}
		byID := func(a, b reconciliation.Finding) int { return strings.Compare(a.OrderID, b.OrderID) }
		slices.SortFunc(findings, byID)
		for _, test := range []struct {
			request              string
			repaired, unrepaired int
		}{{`{"dryRun": true}`, 0, 2}, {`{"dryRun": false}`, 2, 0}} {
			r := s.reconcile(test.request)
			s.settle()
			slices.SortFunc(r.Found, byID)
			if diff := cmp.Diff(findings, r.Found); diff != "" || r.Repaired != test.repaired || r.Unrepaired != test.unrepaired {
				t.Errorf("%s: repaired %d, unrepaired %d, found (-want +got):\n%s", test.request, r.Repaired, r.Unrepaired, diff)
			}
			if r.DryRun {
				s.pass(time.Hour)
				s.wants(pending, order.Pending, "RESERVED", "BOOKED")
				s.wants(confirmed, order.Confirmed, "RESERVED", "DISPATCHED")
			}
		}
		s.wants(pending, order.Failed, "RELEASED", "CANCELLED")
		s.wants(confirmed, order.Confirmed, "COMMITTED", "DISPATCHED")
	})
}

// TestRunsAtOnce: several runs at one time repair as one does.
func TestRunsAtOnce(t *testing.T) {
	inShop(t, "MUG,Blue mug,1250,GBP,350,100\n", func(t *testing.T, s *shop) {
		s.unscheduled()
		var pending []string
		for i := range 10 {
			pending = append(pending, s.stopped(fmt.Sprintf("customer-%d", i)))
		}
		confirmed := s.lost("Inventory", "Shipment")
		s.pass(nextRun)

		var runs sync.WaitGroup
		for range 3 {
			runs.Go(func() { s.reconcile(`{}`) })
		}
		runs.Wait()
		s.settle()
		for i, id := range pending {
			s.wants(id, order.Failed, "RELEASED", "CANCELLED")
			if mails := s.mails(fmt.Sprintf("customer-%d@example.com", i)); len(mails) != 2 {
				t.Errorf("order %s: mails %q", id, mails)
			}
		}
		s.wants(confirmed, order.Confirmed, "COMMITTED", "DISPATCHED")
		if got := s.stock("MUG"); got != "98/0/2" {
			t.Errorf("MUG is at %s", got)
		}
		s.pass(nextRun)
		if r := s.reconcile(`{}`); len(r.Found) > 0 || !r.Complete {
			t.Errorf("afterwards: %+v", r)
		}
	})
}
