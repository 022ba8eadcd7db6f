package order_test

import (
	"bytes"
	"context"
	"log/slog"
	"testing"

	"github.com/google/go-cmp/cmp"

	"orderflow/lambdas/order"
)

// A line about an order names it before all else, however its logger came to be.
func TestLogger(t *testing.T) {
	var log bytes.Buffer
	before := slog.Default()
	t.Cleanup(func() { slog.SetDefault(before) })
	slog.SetDefault(slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}})))
	logger := order.Logger("o-1", "arn:o-1", slog.String("type", "order.placed"))
	logger.Info("plain", "n", 1)
	logger.With("n", 1).Info("with more", "m", 2)
	logger.WithGroup("g").Info("in a group", "n", 1)
	order.LoggerOf(order.WithLogger(t.Context(), logger)).Warn("from a context")
	order.LoggerOf(context.Background()).Info("about none")
	logger.Debug("not kept")
	const about = `"orderId":"o-1","execution":"arn:o-1","type":"order.placed"`
	want := `{"level":"INFO","msg":"plain",` + about + `,"n":1}
{"level":"INFO","msg":"with more",` + about + `,"n":1,"m":2}
{"level":"INFO","msg":"in a group",` + about + `,"g":{"n":1}}
{"level":"WARN","msg":"from a context",` + about + `}
{"level":"INFO","msg":"about none"}
`
	if diff := cmp.Diff(want, log.String()); diff != "" {
		t.Errorf("the log (-want +got):\n%s", diff)
	}
}
