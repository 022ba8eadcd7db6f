package stack_test

import (
	"context"
	"errors"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"orderflow/cmd/local/cloud/interpose"
	"orderflow/cmd/orders/stack"
	"orderflow/cmd/orders/stack/stacktest"
	"orderflow/lambdas/order"
)

// carrierAway is the fault that nobody reaches the carrier.
func carrierAway(_ context.Context, c *interpose.Call, do func()) error {
	if c.To == "carrier" {
		return io.ErrUnexpectedEOF
	}
	do()
	return nil
}

// crash is the fault that a function dies before each call that it makes.
func crash(function string) interpose.Calls {
	return func(_ context.Context, c *interpose.Call, do func()) error {
		if c.Function && c.From == function {
			runtime.Goexit()
		}
		do()
		return nil
	}
}

// despair is how long a message is tried until it is a dead letter.
const despair = 40 * time.Minute

func TestQueues(t *testing.T) {
	inShop(t, func(t *testing.T, shop *stacktest.Shop, s *stack.Stack) {
		shop.Befall(carrierAway)
		place(t, s, "c-42", "Ada", "MUG-BLUE", "GB")
		queues, err := s.Queues(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, q := range queues {
			names = append(names, q.Consumer)
		}
		if !slices.Equal(names, []string{"analytics", "inventory", "notification", "shipment"}) {
			t.Errorf("queues %v", names)
		}
		q := queues[3]
		if q.Name != "orderflow-ShipmentQueue" || q.DeadLettersName != "orderflow-ShipmentDeadLetterQueue" || q.InFlight != 1 || q.Visible != 0 || q.DeadLetters.Visible != 0 {
			t.Errorf("shipment's queue: %+v", q)
		}
		time.Sleep(despair)
		queues, err = s.Queues(t.Context())
		if err != nil || queues[3].InFlight != 0 || queues[3].DeadLetters.Visible != 1 {
			t.Errorf("shipment's queue: %+v, %v", queues[3], err)
		}
	})
}

func TestDeadLetters(t *testing.T) {
	inShop(t, func(t *testing.T, shop *stacktest.Shop, s *stack.Stack) {
		shop.Befall(carrierAway)
		ada := place(t, s, "c-42", "Ada", "MUG-BLUE", "GB")
		time.Sleep(despair)
		shop.Befall(crash("orderflow-ShipmentFunction"))
		bob := place(t, s, "c-4", "Bob", "MUG-BLUE", "GB")
		time.Sleep(despair)
		shop.Befall(nil)

		letters, err := s.DeadLetters(t.Context(), "")
		if err != nil || len(letters) != 2 {
			t.Fatalf("%+v, %v", letters, err)
		}
		for i, want := range []struct{ id, because string }{{ada, "unexpected EOF"}, {bob, "Runtime.ExitError"}} {
			l := letters[i]
			if l.Consumer != "shipment" || l.OrderID != want.id || l.Type != string(order.ShipmentRequested) || l.Event == nil || l.Wait != stack.WaitOpen || l.Receives < 5 {
				t.Errorf("%d: %+v", i, l)
			}
			if l.RequestID == "" || l.FailedAt.IsZero() || !strings.Contains(l.LastError, want.because) {
				t.Errorf("%d: failed at %v in %q because %q", i, l.FailedAt, l.RequestID, l.LastError)
			}
		}

		if n, err := s.Redrive(t.Context(), "shipment", letters[1].ID); n != 1 || err != nil {
			t.Errorf("redrive of one: %d, %v", n, err)
		}
		wantStatus(t, s, bob, order.Confirmed)
		wantStatus(t, s, ada, order.Pending)
		var missing stack.ErrNoMessage
		if n, err := s.Redrive(t.Context(), "shipment", letters[1].ID, letters[0].ID); n != 1 || !errors.As(err, &missing) || !slices.Equal(missing.IDs, []string{letters[1].ID}) {
			t.Errorf("redrive of one that is gone: %d, %v", n, err)
		}
		wantStatus(t, s, ada, order.Confirmed)
		if n, err := s.Redrive(t.Context(), "shipment"); n != 0 || err != nil {
			t.Errorf("redrive of nothing: %d, %v", n, err)
		}
		if n, err := s.Redrive(t.Context(), "billing"); n != 0 || !errors.As(err, new(stack.ErrNoConsumer)) {
			t.Errorf("redrive of nobody's: %d, %v", n, err)
		}
	})
}

// A wait that is over is told as one, and all of a queue are redriven.
func TestRedriveAll(t *testing.T) {
	inShop(t, func(t *testing.T, shop *stacktest.Shop, s *stack.Stack) {
		shop.Befall(carrierAway)
		var placed []string
		for range 12 {
			placed = append(placed, place(t, s, "c-42", "Ada", "MUG-BLUE", "GB"))
		}
		if answer, err := s.Cancel(t.Context(), placed[0]); err != nil || answer.Status != 202 {
			t.Fatal(answer, err)
		}
		time.Sleep(25 * time.Hour) // longer than a state waits
		letters, err := s.DeadLetters(t.Context(), "shipment")
		if err != nil || len(letters) < 12 {
			t.Fatalf("%d letters, %v", len(letters), err)
		}
		for _, l := range letters {
			want := stack.WaitOver
			if l.Type == string(order.OrderCancelled) {
				want = stack.WaitNone
			}
			if l.Wait != want {
				t.Errorf("the wait of %s is %q", l.Type, l.Wait)
			}
		}
		shop.Befall(nil)
		if n, err := s.Redrive(t.Context(), "shipment"); n != len(letters) || err != nil {
			t.Errorf("%d of %d redriven, %v", n, len(letters), err)
		}
		time.Sleep(time.Second)
		if letters, err := s.DeadLetters(t.Context(), ""); len(letters) != 0 || err != nil {
			t.Errorf("still dead: %+v, %v", letters, err)
		}
	})
}

func wantStatus(t *testing.T, s *stack.Stack, id string, want order.Status) {
	t.Helper()
	time.Sleep(time.Second)
	if o, err := s.Order(t.Context(), id); err != nil || o.Status != want {
		t.Errorf("order %s is %s, %v, want %s", id, o.Status, err, want)
	}
}
