// Package consumer turns an SQS batch into handler calls, and what they return
// into batch item failures and answers to the states that wait.
package consumer

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/go-json-experiment/json"

	"orderflow/lambdas/order"
)

// margin is what is kept back of an invocation's time to answer with what was
// done: an invocation that times out returns its whole batch to the queue.
const margin = 500 * time.Millisecond

// A Message is one record of a batch.
type Message struct {
	ID    string // SQS's message ID
	Body  string // the event as it was published
	Event order.Event
}

// Handle acts on one event. Of an event that carries a task token the result,
// as JSON, answers the waiting state; of any other it is dropped.
//
// An order.Refusal fails the waiting state and is done with. Any other error
// leaves the message in its queue, to be received again.
type Handle func(ctx context.Context, e order.Event) (result any, err error)

// Each hands the events of a batch to handle one after another, in the batch's
// order, and answers the states that wait through tasks. A panic fails its own
// event only, and so does time running out: what could not be started is
// reported as failed.
//
// tasks may be nil when no event that reaches the queue asks for an answer.
func Each(handle Handle, tasks Tasks) lambda.Handler {
	return handler(func(ctx context.Context, b batch) (failed []string) {
		messages, failed := decode(ctx, b)
		for _, m := range messages {
			if err := each(ctx, handle, tasks, m); err != nil {
				failed = append(failed, m.ID)
			}
		}
		return failed
	})
}

// Whole hands over all the events of a batch at once. An error fails them all.
func Whole(handle func(ctx context.Context, batch []Message) error) lambda.Handler {
	return handler(func(ctx context.Context, b batch) (failed []string) {
		messages, failed := decode(ctx, b)
		if len(messages) == 0 {
			return failed
		}
		err := guard(func() error { return handle(ctx, messages) })
		if err != nil {
			slog.ErrorContext(ctx, "batch failed", "events", len(messages), "error", err)
			for _, m := range messages {
				failed = append(failed, m.ID)
			}
			return failed
		}
		slog.InfoContext(ctx, "batch done", "events", len(messages))
		return failed
	})
}

// A handler takes a batch and returns the IDs of the messages that failed. As a
// lambda.Handler it can be invoked many times at once, which those of
// lambda.NewHandler cannot: they share the buffers of what they return.
type handler func(ctx context.Context, b batch) (failed []string)

// A batch is what of an SQS event matters here; the rest is most of it.
type batch struct {
	Records []struct {
		MessageID string `json:"messageId"`
		Body      string `json:"body"`
	}
}

// Invoke implements lambda.Handler.
func (h handler) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	var batch batch
	if err := json.Unmarshal(payload, &batch); err != nil {
		return nil, fmt.Errorf("consumer: batch: %w", err)
	}
	ctx, cancel := beforeDeadline(ctx)
	defer cancel()
	return json.Marshal(response(h(ctx, batch)))
}

// beforeDeadline ends the work on a batch in time for its answer.
func beforeDeadline(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return ctx, func() {}
	}
	return context.WithDeadline(ctx, deadline.Add(-margin))
}

// decode splits a batch into what is an event and the IDs of what is none.
// The latter go round until their queue gives them up to the dead-letter queue.
func decode(ctx context.Context, b batch) (messages []Message, failed []string) {
	messages = make([]Message, 0, len(b.Records))
	for _, r := range b.Records {
		e, err := order.ParseEvent([]byte(r.Body))
		if err != nil {
			slog.ErrorContext(ctx, "message is no event", "messageId", r.MessageID, "error", err)
			failed = append(failed, r.MessageID)
			continue
		}
		messages = append(messages, Message{ID: r.MessageID, Body: r.Body, Event: e})
	}
	return messages, failed
}

// each sees one event through, unless time has run out.
func each(ctx context.Context, handle Handle, tasks Tasks, m Message) error {
	if err := ctx.Err(); err != nil {
		slog.WarnContext(ctx, "event not started", append(about(m.Event), "error", err)...)
		return err
	}
	return finish(ctx, handle, tasks, m)
}

// finish sees one event through to its answer, and says in the log how it went.
func finish(ctx context.Context, handle Handle, tasks Tasks, m Message) error {
	start := time.Now()
	var outcome string
	err := guard(func() error {
		result, err := handle(ctx, m.Event)
		outcome, err = answer(ctx, tasks, m.Event.Data.TaskToken, result, err)
		return err
	})
	about := append(about(m.Event), "took", time.Since(start))
	if err != nil {
		slog.ErrorContext(ctx, "event failed", append(about, "error", err)...)
		return err
	}
	slog.InfoContext(ctx, "event "+outcome, about...)
	return nil
}

// about says in the log which event it is.
func about(e order.Event) []any {
	return []any{"orderId", e.Data.OrderID, "type", string(e.Type), "eventId", e.ID}
}

// guard makes an error of a panic, so that one event cannot take its batch
// with it.
func guard(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("consumer: panic: %v\n%s", p, debug.Stack())
		}
	}()
	return f()
}

func response(failed []string) events.SQSEventResponse {
	items := make([]events.SQSBatchItemFailure, len(failed))
	for i, id := range failed {
		items[i].ItemIdentifier = id
	}
	return events.SQSEventResponse{BatchItemFailures: items}
}
