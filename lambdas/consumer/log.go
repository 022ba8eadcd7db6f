package consumer

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"orderflow/lambdas/metric"
	"orderflow/lambdas/order"
)

// A Log says what becomes of a consumer's messages: a line when one is
// received and a line when it is done with, which has the metrics of that.
type Log struct {
	consumer                       string
	executions                     order.Executions
	answered, failed, notTakenBack metric.Embedded
}

// NewLog is the log of a consumer, named after its folder. It reads
// METRICS_NAMESPACE and STATE_MACHINE_ARN.
func NewLog(consumer string, getenv func(string) string) (*Log, error) {
	namespace, stateMachine := getenv(metric.NamespaceVariable), getenv("STATE_MACHINE_ARN")
	if namespace == "" {
		return nil, fmt.Errorf("%s: %s is not set", consumer, metric.NamespaceVariable)
	}
	if stateMachine == "" {
		return nil, fmt.Errorf("%s: STATE_MACHINE_ARN is not set", consumer)
	}
	return &Log{
		consumer:     consumer,
		executions:   order.ExecutionsOf(stateMachine),
		answered:     metric.Embed(namespace, metric.CallbackWait),
		failed:       metric.Embed(namespace, metric.BatchFailures),
		notTakenBack: metric.Embed(namespace, metric.BatchFailures, metric.CompensationFailures),
	}, nil
}

// What to do about a message that failed.
const (
	wait = "it is received again; if it goes on failing it becomes a dead letter: orders dlq list"
	look = "only the orders topic may send to the queue: look at the message in the dead-letter queue"
)

// received says that a message came, by the logger for what follows.
func (l *Log) received(ctx context.Context, m *Message) *slog.Logger {
	log := order.Logger(m.Event.Data.OrderID, l.executions.ARN(m.Event.Data.OrderID),
		slog.String("type", string(m.Event.Type)),
		slog.String("eventId", m.Event.ID),
		slog.String("messageId", m.ID),
		slog.Int("receiveCount", m.Attributes.ReceiveCount))
	log.LogAttrs(ctx, slog.LevelInfo, "event received", slog.Time("sentAt", time.UnixMilli(m.Attributes.SentTimestamp).UTC()))
	return log
}

// noEvent says that a message is none that anybody could act on.
func (l *Log) noEvent(ctx context.Context, m *Message, err error) {
	slog.LogAttrs(ctx, slog.LevelError, "message is no event",
		slog.String("messageId", m.ID), slog.Int("receiveCount", m.Attributes.ReceiveCount),
		slog.Any("error", err), slog.String("next", look),
		slog.String(metric.Consumer, l.consumer), slog.Int(metric.BatchFailures, 1), l.failed.Attr())
}

// notStarted says that there was no time for a message.
func (l *Log) notStarted(ctx context.Context, m Message, err error) {
	l.returned(ctx, m, slog.LevelWarn, "event not started", slog.Any("error", err))
}

// ended says what became of a message that was started, and how long the state
// waited that it was answered to, "" being none.
func (l *Log) ended(ctx context.Context, m Message, outcome, state string, start time.Time, err error) {
	took := slog.Duration("took", time.Since(start))
	if err != nil {
		l.returned(ctx, m, slog.LevelError, "event failed", took, slog.Any("error", err))
		return
	}
	if state == "" || m.Event.Time.IsZero() {
		m.Log.LogAttrs(ctx, slog.LevelInfo, outcome, took)
		return
	}
	waited := max(0, time.Since(m.Event.Time).Milliseconds())
	m.Log.LogAttrs(ctx, slog.LevelInfo, outcome, took,
		slog.String(metric.State, state), slog.Int64(metric.CallbackWait, waited), l.answered.Attr())
}

// returned says that a message goes back to its queue.
func (l *Log) returned(ctx context.Context, m Message, level slog.Level, message string, attrs ...slog.Attr) {
	attrs = append(attrs, slog.String("next", wait), slog.String(metric.Consumer, l.consumer), slog.Int(metric.BatchFailures, 1))
	if m.Event.Type == order.OrderCancelled {
		attrs = append(attrs, slog.Int(metric.CompensationFailures, 1), l.notTakenBack.Attr())
	} else {
		attrs = append(attrs, l.failed.Attr())
	}
	m.Log.LogAttrs(ctx, level, message, attrs...)
}
