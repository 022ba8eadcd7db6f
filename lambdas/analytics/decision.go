package analytics

import (
	"context"
	"log/slog"

	"orderflow/lambdas/consumer"
	"orderflow/lambdas/metric"
	"orderflow/lambdas/order"
)

// A teller says in the log and by metrics how orders were decided. One whose
// event is received again, in another batch, is told again.
type teller struct{ counted, timed metric.Embedded }

func newTeller(namespace string) teller {
	return teller{
		counted: metric.Embed(namespace, metric.Orders),
		timed:   metric.Embed(namespace, metric.Orders, metric.TimeToDecision),
	}
}

func (t teller) decisions(ctx context.Context, batch []consumer.Message) {
	for _, m := range batch {
		if m.Event.Type == order.OrderConfirmed || m.Event.Type == order.OrderCancelled {
			t.decision(ctx, m)
		}
	}
}

func (t teller) decision(ctx context.Context, m consumer.Message) {
	of := m.Event.Data
	outcome, one := slog.String(metric.Outcome, string(of.Status)), slog.Int(metric.Orders, 1)
	if of.CreatedAt.IsZero() || of.DecidedAt.IsZero() { // as events were before they told
		m.Log.LogAttrs(ctx, slog.LevelInfo, "order decided", outcome, one, t.counted.Attr())
		return
	}
	took := slog.Int64(metric.TimeToDecision, of.DecidedAt.Sub(of.CreatedAt).Milliseconds())
	m.Log.LogAttrs(ctx, slog.LevelInfo, "order decided", outcome, one, took, t.timed.Attr())
}
