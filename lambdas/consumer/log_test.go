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
	"orderflow/lambdas/metric"
	"orderflow/lambdas/order"
)

// The console and the command line read these lines: whoever renames one
// renames it there.
func TestLog(t *testing.T) {
	const of = `"messageId":"m0","receiveCount":2`
	about := func(orderID string) string {
		return `"orderId":"` + orderID + `","execution":"arn:aws:states:eu-west-1:111122223333:execution:orders:` + orderID + `","type":"test","eventId":"` + orderID + `/Test",` + of
	}
	received := func(orderID string) string {
		return `{"level":"INFO","msg":"event received",` + about(orderID) + `,"sentAt":"2026-11-24T09:30:00.123Z"}`
	}
	embedded := func(dimension string, metrics ...string) string {
		var directives []string
		for _, m := range metrics {
			directives = append(directives, `{"Namespace":"orderflow","Dimensions":[["`+dimension+`"]],"Metrics":[`+m+`]}`)
		}
		return `"_aws":{"Timestamp":0,"CloudWatchMetrics":[` + strings.Join(directives, ",") + `]}}`
	}
	const failures, compensations = `{"Name":"BatchFailures","Unit":"Count"}`, `{"Name":"CompensationFailures","Unit":"Count"}`
	answered := `,"State":"Test","CallbackWait":1,` + embedded("State", `{"Name":"CallbackWait","Unit":"Milliseconds"}`)
	returned := `"error":"the table is away","next":"it is received again; if it goes on failing it becomes a dead letter: orders dlq list","Consumer":"test","BatchFailures":1,`
	fault := errors.New("the table is away")
	each := func(result any, err error) lambda.Handler {
		return consumer.Each(newLog(t), func(context.Context, order.Event) (any, error) { return result, err }, &tasks{})
	}
	cancelled := strings.Replace(event("o-1", ""), `"type":"test"`, `"type":"order.cancelled"`, 1)
	for _, test := range []struct {
		name string
		h    lambda.Handler
		body string
		want []string
	}{
		{"done", each(nil, nil), event("o-1", ""), []string{received("o-1"),
			`{"level":"INFO","msg":"event done",` + about("o-1") + `,"took":1000000}`}},
		{"refused", each(nil, order.OutOfStock{SKU: "MUG"}), event("o-1", "T"), []string{received("o-1"),
			`{"level":"INFO","msg":"event refused",` + about("o-1") + `,"took":1000000` + answered}},
		{"answered", each("yes", nil), event("o-1", "T"), []string{received("o-1"),
			`{"level":"INFO","msg":"event done",` + about("o-1") + `,"took":1000000` + answered}},
		{"too late", consumer.Each(newLog(t), func(context.Context, order.Event) (any, error) { return nil, nil }, &tasks{err: &types.TaskTimedOut{}}), event("o-1", "T"),
			[]string{received("o-1"), `{"level":"INFO","msg":"event done for a wait that has ended",` + about("o-1") + `,"took":1000000}`}},
		{"failed", each(nil, fault), event("o-1", ""), []string{received("o-1"),
			`{"level":"ERROR","msg":"event failed",` + about("o-1") + `,"took":1000000,` + returned + embedded("Consumer", failures)}},
		{"not compensated", each(nil, fault), cancelled, []string{strings.ReplaceAll(received("o-1"), `"test"`, `"order.cancelled"`),
			strings.Replace(`{"level":"ERROR","msg":"event failed",`+about("o-1"), `"test"`, `"order.cancelled"`, 1) + `,"took":1000000,` + returned +
				`"CompensationFailures":1,` + embedded("Consumer", failures, compensations)}},
		{"no event", each(nil, nil), "Ada", []string{
			`{"level":"ERROR","msg":"message is no event",` + of + `,"error":"consumer: message is not CloudEvents JSON: jsontext: invalid character 'A' at start of value",` +
				`"next":"only the orders topic may send to the queue: look at the message in the dead-letter queue","Consumer":"test","BatchFailures":1,` + embedded("Consumer", failures)}},
		{"a whole batch done", consumer.Whole(newLog(t), func(context.Context, []consumer.Message) error { return nil }), event("o-1", ""), []string{received("o-1"),
			`{"level":"INFO","msg":"event done",` + about("o-1") + `,"took":1000000}`}},
		{"a whole batch answers nobody", consumer.Whole(newLog(t), func(context.Context, []consumer.Message) error { return nil }), event("o-1", "T"), []string{received("o-1"),
			`{"level":"INFO","msg":"event done",` + about("o-1") + `,"took":1000000}`}},
		{"a whole batch failed", consumer.Whole(newLog(t), func(context.Context, []consumer.Message) error { return fault }), event("o-1", ""), []string{received("o-1"),
			`{"level":"ERROR","msg":"event failed",` + about("o-1") + `,"took":1000000,` + returned + embedded("Consumer", failures)}},
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
	h := consumer.Together(newLog(t), func(context.Context, []order.Event) (map[string]any, error) {
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
	invoke(t, ctx, consumer.Each(newLog(t), func(context.Context, order.Event) (any, error) { return nil, nil }, nil), event("a", ""))
	got := lines()
	want := `{"level":"WARN","msg":"event not started","orderId":"a","execution":"arn:aws:states:eu-west-1:111122223333:execution:orders:a",` +
		`"type":"test","eventId":"a/Test","messageId":"m0","receiveCount":2,"error":"context canceled",`
	if len(got) != 2 || !strings.HasPrefix(got[1], want) || !strings.Contains(got[1], `"BatchFailures":1`) {
		t.Errorf("the log is %q, want its second line %s…", got, want)
	}
}

// logged makes the log one of JSON lines without their times, in which all takes
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
		case metric.CallbackWait:
			return slog.Int(metric.CallbackWait, 1)
		case "Timestamp":
			return slog.Int("Timestamp", 0)
		}
		return a
	}})))
	return func() []string { return strings.Split(strings.TrimSuffix(log.String(), "\n"), "\n") }
}
