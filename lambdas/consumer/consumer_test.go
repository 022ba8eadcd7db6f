package consumer_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/google/go-cmp/cmp"

	"orderflow/lambdas/consumer"
	"orderflow/lambdas/order"
)

// tasks notes what waiting states are told, and fails where err is set.
type tasks struct {
	told []string
	err  error
}

func (t *tasks) SendTaskSuccess(_ context.Context, in *sfn.SendTaskSuccessInput, _ ...func(*sfn.Options)) (*sfn.SendTaskSuccessOutput, error) {
	t.told = append(t.told, fmt.Sprintf("%s succeeds: %s", *in.TaskToken, *in.Output))
	return &sfn.SendTaskSuccessOutput{}, t.err
}

func (t *tasks) SendTaskFailure(_ context.Context, in *sfn.SendTaskFailureInput, _ ...func(*sfn.Options)) (*sfn.SendTaskFailureOutput, error) {
	t.told = append(t.told, fmt.Sprintf("%s fails: %s: %s", *in.TaskToken, *in.Error, *in.Cause))
	return &sfn.SendTaskFailureOutput{}, t.err
}

// newLog is that of a consumer called test.
func newLog(t testing.TB) *consumer.Log {
	t.Helper()
	log, err := consumer.NewLog("test", environment)
	if err != nil {
		t.Fatal(err)
	}
	return log
}

func environment(name string) string {
	return map[string]string{
		"METRICS_NAMESPACE": "orderflow",
		"STATE_MACHINE_ARN": "arn:aws:states:eu-west-1:111122223333:stateMachine:orders",
	}[name]
}

// event is a message body about an order, asking for an answer if it has a
// token.
func event(orderID, token string) string {
	body, _ := json.Marshal(order.Event{
		SpecVersion: "1.0", ID: orderID + "/Test", Type: "test", Subject: orderID, Time: time.UnixMilli(1795512600000),
		Data: order.Data{OrderID: orderID, TaskToken: token},
	})
	return string(body)
}

// record is a message that is received for the second time.
func record(id, body string) events.SQSMessage {
	return events.SQSMessage{MessageId: id, Body: body, Attributes: map[string]string{"ApproximateReceiveCount": "2", "SentTimestamp": "1795512600123"}}
}

// invoke sends a batch of bodies, named m0, m1, …, and returns what failed.
func invoke(t *testing.T, ctx context.Context, h lambda.Handler, bodies ...string) []string {
	t.Helper()
	var batch events.SQSEvent
	for i, body := range bodies {
		batch.Records = append(batch.Records, record(fmt.Sprintf("m%d", i), body))
	}
	payload, err := json.Marshal(batch)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := h.Invoke(ctx, payload)
	if err != nil {
		t.Fatalf("Invoke: %v", err)
	}
	if strings.Contains(string(answer), "null") {
		t.Errorf("the answer %s holds a null", answer)
	}
	var r events.SQSEventResponse
	if err := json.Unmarshal(answer, &r); err != nil {
		t.Fatal(err)
	}
	failed := []string{}
	for _, f := range r.BatchItemFailures {
		failed = append(failed, f.ItemIdentifier)
	}
	return failed
}

func TestEachOutcome(t *testing.T) {
	fault := errors.New("the table is away")
	for _, test := range []struct {
		name   string
		result any
		err    error
		panics any
		token  string
		answer error // of SendTask…

		told   []string
		failed bool
	}{
		{name: "a request is answered", token: "T", result: map[string]int{"n": 1}, told: []string{`T succeeds: {"n":1}`}},
		{name: "a notice needs no answer", result: "dropped"},
		{name: "a refusal is an answer", token: "T", err: order.OutOfStock{SKU: "MUG"}, told: []string{`T fails: OutOfStock: inventory: sku "MUG" is out of stock`}},
		{name: "a wrapped refusal too", token: "T", err: fmt.Errorf("x: %w", order.OrderEnded{}), told: []string{"T fails: OrderEnded: order: was decided before the request arrived"}},
		{name: "a fault is not answered", token: "T", err: fault, failed: true},
		{name: "a fault without a token", err: fault, failed: true},
		{name: "nobody takes a refusal", err: order.OutOfStock{SKU: "MUG"}, failed: true},
		{name: "a panic is a fault", token: "T", panics: "index out of range", failed: true},
		{name: "what is no JSON is a fault", token: "T", result: func() {}, failed: true},
		{name: "a wait that timed out", token: "T", answer: &types.TaskTimedOut{}, told: []string{"T succeeds: null"}},
		{name: "a wait that is over", token: "T", answer: &types.TaskDoesNotExist{}, told: []string{"T succeeds: null"}},
		{name: "a wait that never was", token: "T", answer: &types.InvalidToken{}, told: []string{"T succeeds: null"}},
		{name: "a refusal of a wait that is over", token: "T", err: order.OutOfStock{SKU: "M"}, answer: &types.TaskDoesNotExist{},
			told: []string{`T fails: OutOfStock: inventory: sku "M" is out of stock`}},
		{name: "an answer that failed", token: "T", answer: fault, told: []string{"T succeeds: null"}, failed: true},
		{name: "a refusal that failed", token: "T", err: order.OutOfStock{SKU: "M"}, answer: fault,
			told: []string{`T fails: OutOfStock: inventory: sku "M" is out of stock`}, failed: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			tasks := &tasks{err: test.answer}
			h := consumer.Each(newLog(t), func(context.Context, order.Event) (any, error) {
				if test.panics != nil {
					panic(test.panics)
				}
				return test.result, test.err
			}, tasks)
			failed := invoke(t, t.Context(), h, event("o-1", test.token))
			if got := len(failed) > 0; got != test.failed {
				t.Errorf("failed is %t, want %t", got, test.failed)
			}
			if diff := cmp.Diff(test.told, tasks.told); diff != "" {
				t.Errorf("told (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAnAnswerNobodyGives(t *testing.T) {
	h := consumer.Each(newLog(t), func(context.Context, order.Event) (any, error) { return nil, nil }, nil)
	if failed := invoke(t, t.Context(), h, event("o-1", "T")); len(failed) != 1 {
		t.Errorf("a request to a consumer that cannot answer: %v failed, want it", failed)
	}
}

func TestEachFailsOnlyWhatFailed(t *testing.T) {
	var seen []string
	h := consumer.Each(newLog(t), func(_ context.Context, e order.Event) (any, error) {
		seen = append(seen, e.Data.OrderID)
		switch e.Data.OrderID {
		case "fails":
			return nil, errors.New("a fault")
		case "panics":
			panic("a bug")
		}
		return nil, nil
	}, nil)
	failed := invoke(t, t.Context(), h,
		event("a", ""), event("fails", ""), "no event", event("panics", ""), `{"specversion":"1.0","type":"x","data":{}}`, event("b", ""))
	slices.Sort(failed)
	if diff := cmp.Diff([]string{"m1", "m2", "m3", "m4"}, failed); diff != "" {
		t.Errorf("failed (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"a", "fails", "panics", "b"}, seen); diff != "" {
		t.Errorf("handled (-want +got):\n%s", diff)
	}
}

func TestNothingOfAnEmptyBatch(t *testing.T) {
	each := consumer.Each(newLog(t), func(context.Context, order.Event) (any, error) { panic("called") }, nil)
	whole := consumer.Whole(newLog(t), func(context.Context, []consumer.Message) error { panic("called") })
	together := consumer.Together(newLog(t), func(context.Context, []order.Event) (map[string]any, error) { panic("called") }, nil, nil)
	for _, h := range []lambda.Handler{each, whole, together} {
		if failed := invoke(t, t.Context(), h); len(failed) != 0 {
			t.Errorf("%v failed", failed)
		}
	}
}

// What time ran out for is failed before the invocation is: one that times out
// would return the whole batch.
func TestEachAnswersBeforeItsDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		h := consumer.Each(newLog(t), func(ctx context.Context, e order.Event) (any, error) {
			if e.Data.OrderID == "hangs" {
				<-ctx.Done()
				return nil, ctx.Err()
			}
			return nil, nil
		}, nil)
		failed := invoke(t, ctx, h, event("a", ""), event("hangs", ""), event("b", ""), event("c", ""))
		if diff := cmp.Diff([]string{"m1", "m2", "m3"}, failed); diff != "" {
			t.Errorf("failed (-want +got):\n%s", diff)
		}
		if ctx.Err() != nil {
			t.Error("the invocation ran out of time")
		}
	})
}

func TestWhole(t *testing.T) {
	for _, test := range []struct {
		name   string
		handle func([]consumer.Message) error
		failed []string
	}{
		{"all done but what is no event", func([]consumer.Message) error { return nil }, []string{"m1"}},
		{"all failed", func([]consumer.Message) error { return errors.New("a fault") }, []string{"m1", "m0", "m2"}},
		{"a panic fails all", func([]consumer.Message) error { panic("a bug") }, []string{"m1", "m0", "m2"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			h := consumer.Whole(newLog(t), func(_ context.Context, batch []consumer.Message) error {
				for _, m := range batch {
					got = append(got, m.Event.Data.OrderID+" "+m.Body)
				}
				return test.handle(batch)
			})
			failed := invoke(t, t.Context(), h, event("a", "T"), "no event", event("b", ""))
			if diff := cmp.Diff(test.failed, failed); diff != "" {
				t.Errorf("failed (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff([]string{"a " + event("a", "T"), "b " + event("b", "")}, got); diff != "" {
				t.Errorf("handed over (-want +got):\n%s", diff)
			}
		})
	}
}

func BenchmarkEach(b *testing.B) {
	h := consumer.Each(newLog(b), func(context.Context, order.Event) (any, error) { return nil, nil }, nil)
	payload, err := json.Marshal(events.SQSEvent{Records: []events.SQSMessage{record("m", event("o-1", ""))}})
	if err != nil {
		b.Fatal(err)
	}
	before := slog.Default()
	defer slog.SetDefault(before)
	slog.SetDefault(slog.New(slog.NewJSONHandler(io.Discard, nil)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := h.Invoke(b.Context(), payload); err != nil {
			b.Fatal(err)
		}
	}
}
