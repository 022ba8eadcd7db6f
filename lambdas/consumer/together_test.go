package consumer_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/google/go-cmp/cmp"

	"orderflow/lambdas/consumer"
	"orderflow/lambdas/order"
)

// Of each batch, "a b+ b" are the orders of its messages, "+" one that asks for
// an answer.
func TestTogether(t *testing.T) {
	for _, test := range []struct {
		name     string
		batch    string
		seen     []string // through together
		err      error    // of together
		panics   bool
		together string // the orders that together was given
		singly   string // the orders that handle was given
		told     []string
		failed   []string
	}{
		{name: "all together", batch: "a+ b", seen: []string{"a", "b"}, together: "a b", told: []string{"a+ succeeds: \"together\""}},
		{name: "all but one", batch: "a+ b+", seen: []string{"b"}, err: errors.New("a is short"), together: "a b", singly: "a",
			told: []string{"b+ succeeds: \"together\"", "a+ succeeds: \"singly\""}},
		{name: "none", batch: "a b", err: errors.New("a fault"), together: "a b", singly: "a b"},
		{name: "a panic", batch: "a b", panics: true, together: "a b", singly: "a b"},
		{name: "nothing to share", batch: "a", singly: "a"},
		{name: "one order only", batch: "a+ a", singly: "a a", told: []string{"a+ succeeds: \"singly\""}},
		{name: "an order's second event follows its first", batch: "a b a+ a", seen: []string{"a", "b"}, together: "a b", singly: "a a", told: []string{"a+ succeeds: \"singly\""}},
		{name: "also when that was left", batch: "a a b c b", seen: []string{"c"}, together: "a b c", singly: "a b a b"},
		{name: "what is no event", batch: "a no-event b", seen: []string{"a", "b"}, together: "a b", failed: []string{"m1"}},
		{name: "a fault on its own", batch: "a fault b", seen: []string{"a", "b"}, together: "a fault b", singly: "fault", failed: []string{"m1"}},
		{name: "an answer that failed", batch: "a+ deaf+ b+", seen: []string{"a", "deaf", "b"}, together: "a deaf b",
			told: []string{"a+ succeeds: \"together\"", "b+ succeeds: \"together\""}, failed: []string{"m1"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var together, singly []string
			tasks := &deafTasks{}
			h := consumer.Together(newLog(t), func(_ context.Context, batch []order.Event) (map[string]any, error) {
				for _, e := range batch {
					together = append(together, e.Data.OrderID)
				}
				if test.panics {
					panic("a bug")
				}
				results := map[string]any{}
				for _, id := range test.seen {
					results[id] = "together"
				}
				return results, test.err
			}, func(_ context.Context, e order.Event) (any, error) {
				singly = append(singly, e.Data.OrderID)
				if e.Data.OrderID == "fault" {
					return nil, errors.New("a fault")
				}
				return "singly", nil
			}, tasks)

			var bodies []string
			for _, word := range strings.Fields(test.batch) {
				switch id, asks := strings.CutSuffix(word, "+"); {
				case word == "no-event":
					bodies = append(bodies, word)
				case asks:
					bodies = append(bodies, event(id, word))
				default:
					bodies = append(bodies, event(id, ""))
				}
			}
			failed := invoke(t, t.Context(), h, bodies...)
			if diff := cmp.Diff(append([]string{}, test.failed...), failed); diff != "" {
				t.Errorf("failed (-want +got):\n%s", diff)
			}
			if got := strings.Join(together, " "); got != test.together {
				t.Errorf("together: %q, want %q", got, test.together)
			}
			if got := strings.Join(singly, " "); got != test.singly {
				t.Errorf("one by one: %q, want %q", got, test.singly)
			}
			if diff := cmp.Diff(test.told, tasks.told); diff != "" {
				t.Errorf("told (-want +got):\n%s", diff)
			}
		})
	}
}

// deafTasks fails the answer to one state.
type deafTasks struct{ tasks }

func (t *deafTasks) SendTaskSuccess(ctx context.Context, in *sfn.SendTaskSuccessInput, opts ...func(*sfn.Options)) (*sfn.SendTaskSuccessOutput, error) {
	if *in.TaskToken == "deaf+" {
		return nil, errors.New("throttled")
	}
	return t.tasks.SendTaskSuccess(ctx, in, opts...)
}

// What was done when time ran out is done; only the rest goes round again.
func TestTogetherAnswersBeforeItsDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		h := consumer.Together(newLog(t), func(ctx context.Context, _ []order.Event) (map[string]any, error) {
			<-ctx.Done()
			return map[string]any{"b": nil}, ctx.Err()
		}, func(context.Context, order.Event) (any, error) {
			t.Error("an event is started after the time is up")
			return nil, nil
		}, nil)
		failed := invoke(t, ctx, h, event("a", ""), event("b", ""), event("c", ""))
		if diff := cmp.Diff([]string{"m0", "m2"}, failed); diff != "" {
			t.Errorf("failed (-want +got):\n%s", diff)
		}
		if ctx.Err() != nil {
			t.Error("the invocation ran out of time")
		}
	})
}
