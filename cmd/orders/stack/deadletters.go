package stack

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"golang.org/x/sync/errgroup"

	"orderflow/lambdas/order"
)

// A DeadLetter is a message that its consumer could not process.
type DeadLetter struct {
	Consumer string `json:"consumer"`
	Message
	Event     *order.Event `json:"-"` // nil: the message is no event
	OrderID   string       `json:"orderId,omitempty"`
	Type      string       `json:"type,omitempty"`
	LastError string       `json:"lastError,omitempty"` // what the function last logged of it; "": nothing is kept
	FailedAt  time.Time    `json:"failedAt,omitzero"`
	RequestID string       `json:"requestId,omitempty"` // of that invocation

	// Wait says whether the state whose token it carries still waits.
	Wait Wait `json:"wait,omitempty"`
}

// A Wait is what an answer to a message would meet.
type Wait string

const (
	WaitNone Wait = ""     // it asks for no answer
	WaitOpen Wait = "open" // an answer is still waited for
	WaitOver Wait = "over" // nobody waits any more: redriving it decides nothing
)

// DeadLetters of a consumer, oldest first; "" for all consumers. At AWS they
// are received to be read, so that their receive counts go up, and at most
// 1,000 of each consumer are found. Error: ErrNoConsumer.
func (s *Stack) DeadLetters(ctx context.Context, consumer string) ([]DeadLetter, error) {
	consumers := s.consumers
	if consumer != "" {
		c, err := s.consumer(consumer)
		if err != nil {
			return nil, err
		}
		consumers = append(consumers[:0:0], c)
	}
	letters := make([][]DeadLetter, len(consumers))
	calls, ctx := errgroup.WithContext(ctx)
	for i, c := range consumers {
		calls.Go(func() (err error) { letters[i], err = s.deadLetters(ctx, c); return err })
	}
	if err := calls.Wait(); err != nil {
		return nil, err
	}
	all := slices.Concat(letters...)
	slices.SortStableFunc(all, func(a, b DeadLetter) int { return cmp.Or(a.Sent.Compare(b.Sent), cmp.Compare(a.ID, b.ID)) })
	return all, nil
}

func (s *Stack) deadLetters(ctx context.Context, c consumer) ([]DeadLetter, error) {
	messages, err := s.look(ctx, c.deadLetterURL)
	if err != nil {
		return nil, err
	}
	letters := make([]DeadLetter, len(messages))
	calls, ctx := errgroup.WithContext(ctx)
	calls.SetLimit(atOnce)
	for i, m := range messages {
		l := &letters[i]
		*l = DeadLetter{Consumer: c.name, Message: m}
		if e, err := order.ParseEvent([]byte(m.Body)); err == nil {
			l.Event, l.OrderID, l.Type = &e, e.Data.OrderID, string(e.Type)
		}
		calls.Go(func() (err error) { l.Wait, err = s.wait(ctx, l.Event); return err })
	}
	calls.Go(func() error { return s.explain(ctx, c, letters) })
	return letters, calls.Wait()
}

// look reads the messages of a queue, and leaves them there.
func (s *Stack) look(ctx context.Context, queueURL string) ([]Message, error) {
	if s.config.Peek != nil {
		return s.config.Peek(ctx, queueURL)
	}
	return s.receiveAll(ctx, queueURL)
}

// Bounds of looking through a queue by receiving, which is done at random.
const (
	maxLetters = 1000
	maxEmpty   = 3 // rounds in a row that brought nothing new
)

// receiveAll reads messages by receiving them with a visibility timeout of
// nothing: they come again and again, and in any order, until all that the
// queue is said to hold were seen.
func (s *Stack) receiveAll(ctx context.Context, queueURL string) ([]Message, error) {
	depth, err := s.depth(ctx, queueURL)
	if err != nil {
		return nil, err
	}
	want := min(depth.Visible, maxLetters)
	seen := map[string]bool{}
	var messages []Message
	for empty := 0; len(messages) < want && empty < maxEmpty; {
		out, err := s.receive(ctx, queueURL, 0)
		if err != nil {
			return nil, err
		}
		empty++
		for _, m := range out {
			if id := aws.ToString(m.MessageId); !seen[id] {
				seen[id], empty = true, 0
				messages = append(messages, message(m))
			}
		}
	}
	return messages, nil
}

// receive takes up to ten messages and hides them for a time.
func (s *Stack) receive(ctx context.Context, queueURL string, hidden time.Duration) ([]types.Message, error) {
	out, err := s.sqs.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
		QueueUrl:                    &queueURL,
		MaxNumberOfMessages:         10,
		VisibilityTimeout:           int32(hidden / time.Second),
		WaitTimeSeconds:             1, // all of SQS's servers are asked
		MessageAttributeNames:       []string{"All"},
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameAll},
	})
	if err != nil {
		return nil, fmt.Errorf("stack: queue %q: %w", queueName(queueURL), err)
	}
	return out.Messages, nil
}

func message(m types.Message) Message {
	number := func(name types.MessageSystemAttributeName) int64 {
		n, err := strconv.ParseInt(m.Attributes[string(name)], 10, 64)
		if err != nil {
			return 0 // not one that this message has
		}
		return n
	}
	received := Message{
		ID:       aws.ToString(m.MessageId),
		Body:     aws.ToString(m.Body),
		Sent:     time.UnixMilli(number(types.MessageSystemAttributeNameSentTimestamp)).UTC(),
		Receives: int(number(types.MessageSystemAttributeNameApproximateReceiveCount)),
	}
	if first := number(types.MessageSystemAttributeNameApproximateFirstReceiveTimestamp); first > 0 {
		received.FirstReceived = time.UnixMilli(first).UTC()
	}
	return received
}
