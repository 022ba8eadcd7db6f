package consumer_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/google/go-cmp/cmp"

	"orderflow/lambdas/consumer"
	"orderflow/lambdas/order"
)

// The console and the command line read these lines: whoever renames one
// renames it there.
func TestLog(t *testing.T) {
	const of = `"messageId":"m0","receiveCount":2`
	about := func(orderID string) string {
		return `"orderId":"` + orderID + `","type":"test","eventId":"` + orderID + `/Test",` + of
	}
	received := func(orderID string) string {
		return `{"level":"INFO","msg":"event received",` + about(orderID) + `,"sentAt":"2026-11-24T09:30:00.123Z"}`
	}
	fault := errors.New("the table is away")
	each := func(result any, err error) lambda.Handler {
		return consumer.Each(func(context.Context, order.Event) (any, error) { return result, err }, &tasks{})
	}
	for _, test := range []struct {
		name string
		h    lambda.Handler
		body string
		want []string
	}{
		{"done", each(nil, nil), event("o-1", ""), []string{received("o-1"),
			`{"level":"INFO","msg":"event done",` + about("o-1") + `,"took":1000000}`}},
		{"refused", each(nil, order.OutOfStock{SKU: "MUG"}), event("o-1", "T"), []string{received("o-1"),
			`{"level":"INFO","msg":"event refused",` + about("o-1") + `,"took":1000000}`}},
		{"too late", consumer.Each(func(context.Context, order.Event) (any, error) { return nil, nil }, &tasks{err: &types.TaskTimedOut{}}), event("o-1", "T"),
			[]string{received("o-1"), `{"level":"INFO","msg":"event done for a wait that has ended",` + about("o-1") + `,"took":1000000}`}},
		{"failed", each(nil, fault), event("o-1", ""), []string{received("o-1"),
			`{"level":"ERROR","msg":"event failed",` + about("o-1") + `,"took":1000000,"error":"the table is away"}`}},
		{"no event", each(nil, nil), "Ada", []string{
			`{"level":"ERROR","msg":"message is no event",` + of + `,"error":"order: event is not CloudEvents JSON: invalid character 'A' looking for beginning of value"}`}},
		{"a whole batch done", consumer.Whole(func(context.Context, []consumer.Message) error { return nil }), event("o-1", ""), []string{received("o-1"),
			`{"level":"INFO","msg":"event done",` + about("o-1") + `,"took":1000000}`}},
		{"a whole batch failed", consumer.Whole(func(context.Context, []consumer.Message) error { return fault }), event("o-1", ""), []string{received("o-1"),
			`{"level":"ERROR","msg":"event failed",` + about("o-1") + `,"took":1000000,"error":"the table is away"}`}},
	} {
		t.Run(test.name, func(t *testing.T) {
			lines := logged(t)
			invoke(t, t.Context(), test.h, test.body)
			if diff := cmp.Diff(test.want, lines()); diff != "" {
				t.Errorf("the log (-want +got):\n%s", diff)
			}
		})
	}
}

// A batch has lines for each of its messages, whichever way it was handled.
func TestLogOfABatch(t *testing.T) {
	h := consumer.Together(func(context.Context, []order.Event) (map[string]any, error) {
		return map[string]any{"a": nil}, errors.New("b is short")
	}, func(_ context.Context, e order.Event) (any, error) {
		return nil, errors.New("a fault")
	}, nil)
	lines := logged(t)
	invoke(t, t.Context(), h, event("a", ""), event("b", ""))
	var got []string
	for _, line := range lines() {
		_, line, _ = strings.Cut(line, `"msg":`)
		message, rest, _ := strings.Cut(line, ",")
		_, id, _ := strings.Cut(rest, `"messageId":`)
		got = append(got, message+id[:min(len(id), 4)])
	}
	want := []string{
		`"event received""m0"`, `"event received""m1"`, `"batch goes on one by one"`,
		`"event done""m0"`, `"event failed""m1"`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the log (-want +got):\n%s", diff)
	}
}

func TestLogOfWhatWasNotStarted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	lines := logged(t)
	invoke(t, ctx, consumer.Each(func(context.Context, order.Event) (any, error) { return nil, nil }, nil), event("a", ""))
	got := lines()
	want := `{"level":"WARN","msg":"event not started","orderId":"a","type":"test","eventId":"a/Test","messageId":"m0","receiveCount":2,"error":"context canceled"}`
	if len(got) != 2 || got[1] != want {
		t.Errorf("the log is %q, want its second line %s", got, want)
	}
}

// logged makes the log one of JSON lines without their time, in which all takes
// a millisecond.
func logged(t *testing.T) (lines func() []string) {
	var log bytes.Buffer
	before := slog.Default()
	t.Cleanup(func() { slog.SetDefault(before) })
	slog.SetDefault(slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		switch a.Key {
		case slog.TimeKey:
			return slog.Attr{}
		case "took":
			return slog.Duration("took", time.Millisecond)
		}
		return a
	}})))
	return func() []string { return strings.Split(strings.TrimSuffix(log.String(), "\n"), "\n") }
}
