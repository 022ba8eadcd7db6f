package stack

import (
	"cmp"
	"context"
	"errors"
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

// receiveAll reads messages by receiving them, and makes them visible again.
func (s *Stack) receiveAll(ctx context.Context, queueURL string) (messages []Message, err error) {
	depth, err := s.depth(ctx, queueURL)
	if err != nil {
		return nil, err
	}
	err = s.sift(ctx, queueURL, min(depth.Visible, maxSift), func(m types.Message) (gone, enough bool, err error) {
		messages = append(messages, message(m))
		return false, false, nil
	})
	return messages, err
}

// Bounds of going through a queue.
const (
	hold     = 30 * time.Second // how long a message that was looked at is out of the way, at most
	maxSift  = 1000
	maxEmpty = 2 // receipts in a row that brought nothing
)

// sift receives the visible messages of a queue, each once and about so many at
// most, until look has seen enough of them. Those that are not gone then are
// visible again. (The SDK cannot ask for a visibility timeout of nothing, which
// would do for looking.)
func (s *Stack) sift(ctx context.Context, queueURL string, most int, look func(types.Message) (gone, enough bool, err error)) (err error) {
	var kept []types.Message
	defer func() { err = errors.Join(err, s.release(context.WithoutCancel(ctx), queueURL, kept)) }()
	for seen, empty := 0, 0; seen < most && empty < maxEmpty; {
		received, err := s.receive(ctx, queueURL)
		if err != nil {
			return err
		}
		empty++
		for i, m := range received {
			seen, empty = seen+1, 0
			gone, enough, err := look(m)
			if !gone {
				kept = append(kept, m)
			}
			if enough || err != nil {
				kept = append(kept, received[i+1:]...)
				return err
			}
		}
	}
	return nil
}

// receive takes up to ten messages out of the way.
func (s *Stack) receive(ctx context.Context, queueURL string) ([]types.Message, error) {
	out, err := s.sqs.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
		QueueUrl:                    &queueURL,
		MaxNumberOfMessages:         maxBatch,
		VisibilityTimeout:           int32(hold / time.Second),
		WaitTimeSeconds:             1, // all of SQS's servers are asked
		MessageAttributeNames:       []string{"All"},
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameAll},
	})
	if err != nil {
		return nil, fmt.Errorf("stack: queue %q: %w", queueName(queueURL), err)
	}
	return out.Messages, nil
}

// maxBatch is how many messages one call to SQS takes.
const maxBatch = 10

// release makes messages visible again. One that cannot be will be by itself.
func (s *Stack) release(ctx context.Context, queueURL string, held []types.Message) error {
	for some := range slices.Chunk(held, maxBatch) {
		entries := make([]types.ChangeMessageVisibilityBatchRequestEntry, len(some))
		for i, m := range some {
			entries[i] = types.ChangeMessageVisibilityBatchRequestEntry{Id: aws.String(strconv.Itoa(i)), ReceiptHandle: m.ReceiptHandle}
		}
		if _, err := s.sqs.ChangeMessageVisibilityBatch(ctx, &sqs.ChangeMessageVisibilityBatchInput{QueueUrl: &queueURL, Entries: entries}); err != nil {
			return fmt.Errorf("stack: messages of queue %q are hidden for %v: %w", queueName(queueURL), hold, err)
		}
	}
	return nil
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
