package stack_test

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"orderflow/cmd/orders/stack"
	"orderflow/cmd/orders/stack/stacktest"
	"orderflow/statemachine/asl"
)

func types(t *testing.T, events iter.Seq2[asl.HistoryEvent, error]) (types []string) {
	t.Helper()
	next := int64(1)
	for e, err := range events {
		if err != nil {
			t.Fatal(err)
		}
		if e.ID != next {
			t.Errorf("event %d comes after event %d", e.ID, next-1)
		}
		next++
		types = append(types, e.Type)
	}
	return types
}

// Watch yields what History does, once it is over, and waits for it until then.
func TestWatch(t *testing.T) {
	inShop(t, func(t *testing.T, shop *stacktest.Shop, s *stack.Stack) {
		shop.Befall(carrierAway)
		id := place(t, s, "c-42", "Ada", "MUG-BLUE", "GB")
		watched := make(chan []string)
		go func() { watched <- types(t, s.Watch(t.Context(), s.ExecutionARN(id))) }()
		time.Sleep(time.Minute)
		synctest.Wait()
		select {
		case <-watched:
			t.Error("an execution that runs is not watched on")
		default:
		}
		shop.Befall(nil)
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		got, want := <-watched, types(t, s.History(t.Context(), s.ExecutionARN(id)))
		if !slices.Equal(got, want) || got[len(got)-1] != "ExecutionSucceeded" {
			t.Errorf("watched %v, the history is %v", got, want)
		}
	})
}

func TestWatchIsInterrupted(t *testing.T) {
	inShop(t, func(t *testing.T, shop *stacktest.Shop, s *stack.Stack) {
		shop.Befall(carrierAway)
		id := place(t, s, "c-42", "Ada", "MUG-BLUE", "GB")
		ctx, interrupt := context.WithTimeout(t.Context(), time.Minute)
		defer interrupt()
		var last error
		for _, last = range s.Watch(ctx, s.ExecutionARN(id)) {
		}
		if !errors.Is(last, context.DeadlineExceeded) {
			t.Errorf("it ended with %v", last)
		}
		events := 0
		for range s.Watch(t.Context(), s.ExecutionARN(id)) {
			if events++; events == 3 {
				break
			}
		}
	})
}

// An execution that is unknown is waited for as long as it may be new.
func TestNoExecution(t *testing.T) {
	inShop(t, func(t *testing.T, shop *stacktest.Shop, s *stack.Stack) {
		began := time.Now()
		for name, events := range map[string]iter.Seq2[asl.HistoryEvent, error]{
			"Watch":   s.Watch(t.Context(), s.ExecutionARN("none")),
			"History": s.History(t.Context(), s.ExecutionARN("none")),
		} {
			n := 0
			for _, err := range events {
				if n++; !errors.Is(err, stack.ErrNoExecution) {
					t.Errorf("%s: %v", name, err)
				}
			}
			if n != 1 {
				t.Errorf("%s yields %d errors", name, n)
			}
		}
		if waited := time.Since(began); waited < 2*time.Second || waited > 5*time.Second {
			t.Errorf("it was waited for %v", waited)
		}
	})
}

func TestDefinition(t *testing.T) {
	inShop(t, func(t *testing.T, shop *stacktest.Shop, s *stack.Stack) {
		definition, err := s.Definition(t.Context())
		if err != nil || !strings.Contains(string(definition), `"StartAt": "ValidateOrder"`) || strings.Contains(string(definition), "${") {
			t.Errorf("definition %.80s…, %v", definition, err)
		}
	})
}

// Now are the innermost states that an order is in.
func TestNow(t *testing.T) {
	inShop(t, func(t *testing.T, shop *stacktest.Shop, s *stack.Stack) {
		shop.Befall(carrierAway)
		shop.Consume(t.Context(), t, "InventoryFunction", false)
		place(t, s, "c-42", "Ada", "MUG-BLUE", "GB")
		shop.Befall(crash("orderflow-ValidationFunction"))
		place(t, s, "c-42", "Ada", "MUG-BLUE", "GB")
		page, err := s.Orders(t.Context(), stack.Query{})
		if err != nil || len(page.Orders) != 2 {
			t.Fatal(page, err)
		}
		for i, want := range [][]string{{"ValidateOrder"}, {"ReserveInventory", "ArrangeShipment"}} {
			if got := page.Orders[i].Now; !slices.Equal(got, want) {
				t.Errorf("order %d is in %v, want %v", i, got, want)
			}
		}
		if o := page.Orders[0]; o.Customer.Name != "Ada" || o.Total != nil {
			t.Errorf("an order that is not stored yet is listed as %+v", o)
		}
	})
}
