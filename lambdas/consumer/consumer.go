// Package consumer turns an SQS batch into handler calls, and what they return
// into batch item failures and answers to the states that wait.
package consumer

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/go-json-experiment/json"

	"orderflow/lambdas/order"
)

// margin is what is kept back of an invocation's time to answer with what was
// done: an invocation that times out returns its whole batch to the queue.
const margin = 500 * time.Millisecond

// A Message is one record of a batch, with the event that it holds.
// https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
type Message struct {
	ID         string `json:"messageId"` // SQS's
	Body       string `json:"body"`      // the event as it was published
	Attributes struct {
		ReceiveCount  int   `json:"ApproximateReceiveCount,string"` // this time included
		SentTimestamp int64 `json:",string"`                        // Unix time in milliseconds
	} `json:"attributes"`

	Event order.Event  `json:"-"`
	Log   *slog.Logger `json:"-"` // for lines about the message, and so about its order
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
func Each(log *Log, handle Handle, tasks Tasks) lambda.Handler {
	one := single{log, handle, tasks}
	return handler(func(ctx context.Context, b batch) (failed []string) {
		messages, failed := decode(ctx, log, b)
		return append(failed, one.all(ctx, messages)...)
	})
}

// Whole hands over all the events of a batch at once. An error fails them all.
func Whole(log *Log, handle func(ctx context.Context, batch []Message) error) lambda.Handler {
	return handler(func(ctx context.Context, b batch) (failed []string) {
		messages, failed := decode(ctx, log, b)
		if len(messages) == 0 {
			return failed
		}
		start := time.Now()
		err := guard(func() error { return handle(ctx, messages) })
		for _, m := range messages {
			log.ended(ctx, m, done, "", start, err)
			if err != nil {
				failed = append(failed, m.ID)
			}
		}
		return failed
	})
}

// A handler takes a batch and returns the IDs of the messages that failed. As a
// lambda.Handler it can be invoked many times at once, which those of
// lambda.NewHandler cannot: they share the buffers of what they return.
type handler func(ctx context.Context, b batch) (failed []string)

// A batch is what of an SQS event matters here; the rest is most of it.
type batch struct{ Records []Message }

// Invoke implements lambda.Handler.
func (h handler) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	var batch batch
	if err := json.Unmarshal(payload, &batch); err != nil {
		return nil, fmt.Errorf("consumer: batch: %w", err)
	}
	ctx, cancel := beforeDeadline(ctx)
	defer cancel()
	failed := h(ctx, batch)
	if len(failed) == 0 {
		return allDone, nil
	}
	return json.Marshal(response(failed))
}

// allDone answers for a batch of which nothing failed. Nobody writes to it.
var allDone = []byte(`{"batchItemFailures":[]}`)

// beforeDeadline ends the work on a batch in time for its answer.
func beforeDeadline(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return ctx, func() {}
	}
	return context.WithDeadline(ctx, deadline.Add(-margin))
}

// decode splits a batch into what is an event and the IDs of what is none, and
// says in the log what was received. What is no event goes round until its
// queue gives it up to the dead-letter queue.
func decode(ctx context.Context, log *Log, b batch) (messages []Message, failed []string) {
	messages = b.Records[:0]
	for i := range b.Records {
		m := &b.Records[i]
		if err := parseEvent(m.Body, &m.Event); err != nil {
			log.noEvent(ctx, m, err)
			failed = append(failed, m.ID)
			continue
		}
		m.Log = log.received(ctx, m)
		messages = append(messages, *m)
	}
	return messages, failed
}

// parseEvent is order.ParseEvent, by a decoder that allocates little.
func parseEvent(body string, e *order.Event) error {
	if err := json.Unmarshal([]byte(body), e, json.MatchCaseInsensitiveNames(true)); err != nil {
		return fmt.Errorf("consumer: message is not CloudEvents JSON: %w", err)
	}
	return e.Check()
}

// single sees messages through one by one.
type single struct {
	log    *Log
	handle Handle
	tasks  Tasks
}

// all sees messages through, and returns the IDs of those that failed.
func (s single) all(ctx context.Context, messages []Message) (failed []string) {
	for _, m := range messages {
		if err := s.each(ctx, m); err != nil {
			failed = append(failed, m.ID)
		}
	}
	return failed
}

// each sees one event through, unless time has run out.
func (s single) each(ctx context.Context, m Message) error {
	if err := ctx.Err(); err != nil {
		s.log.notStarted(ctx, m, err)
		return err
	}
	return s.finish(ctx, s.handle, m)
}

// finish sees one event through to its answer, and says in the log how it went.
func (s single) finish(ctx context.Context, handle Handle, m Message) error {
	start := time.Now()
	var outcome string
	err := guard(func() error {
		result, err := handle(order.WithLogger(ctx, m.Log), m.Event)
		outcome, err = answer(ctx, s.tasks, m.Event.Data.TaskToken, result, err)
		return err
	})
	state := ""
	if m.Event.Data.TaskToken != "" && outcome != tooLate {
		_, state, _ = strings.Cut(m.Event.ID, "/")
	}
	s.log.ended(ctx, m, outcome, state, start, err)
	return err
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
