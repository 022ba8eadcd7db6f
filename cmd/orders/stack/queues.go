package stack

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"golang.org/x/sync/errgroup"
)

// A Queue is a consumer's, with its dead-letter queue.
type Queue struct {
	Consumer string `json:"consumer"` // inventory, …
	Name     string `json:"name"`
	URL      string `json:"-"`
	Depth

	DeadLetters     Depth  `json:"deadLetters"`
	DeadLettersName string `json:"deadLettersName"`
	DeadLettersURL  string `json:"-"`
}

// A Depth is how many messages a queue holds. SQS says so approximately.
type Depth struct {
	Visible  int `json:"visible"`
	InFlight int `json:"inFlight"`
	Delayed  int `json:"delayed"`

	Messages []Message `json:"-"` // where they can be peeked at
}

// A Message is one of a queue.
type Message struct {
	ID            string    `json:"messageId"`
	Body          string    `json:"body"`
	Sent          time.Time `json:"sent"`
	FirstReceived time.Time `json:"firstReceived,omitzero"`
	Receives      int       `json:"receives"`
	VisibleAt     time.Time `json:"visibleAt,omitzero"` // of one that is peeked at: delayed or in flight until then
}

// A consumer is a queue with all that belongs to it.
type consumer struct {
	name                    string // inventory
	queueURL, deadLetterURL string
	logGroup                string // "": it has none
}

// ErrNoConsumer is the error of naming a consumer that the stack does not have.
type ErrNoConsumer struct {
	Name  string
	There []string // which there are
}

func (e ErrNoConsumer) Error() string {
	return fmt.Sprintf("stack: there is no consumer %q", e.Name)
}

// consumer finds one by its name. Error: ErrNoConsumer.
func (s *Stack) consumer(name string) (consumer, error) {
	for _, c := range s.consumers {
		if c.name == name {
			return c, nil
		}
	}
	return consumer{}, ErrNoConsumer{name, s.Consumers()}
}

// Consumers are the consumers' names, in alphabetical order.
func (s *Stack) Consumers() []string {
	names := make([]string, len(s.consumers))
	for i, c := range s.consumers {
		names[i] = c.name
	}
	return names
}

// Queues are the consumers', in alphabetical order.
func (s *Stack) Queues(ctx context.Context) ([]Queue, error) {
	queues := make([]Queue, len(s.consumers))
	calls, ctx := errgroup.WithContext(ctx)
	for i, c := range s.consumers {
		queues[i] = Queue{
			Consumer: c.name, Name: queueName(c.queueURL), URL: c.queueURL,
			DeadLettersName: queueName(c.deadLetterURL), DeadLettersURL: c.deadLetterURL,
		}
		calls.Go(func() (err error) { queues[i].Depth, err = s.depth(ctx, c.queueURL); return err })
		calls.Go(func() (err error) { queues[i].DeadLetters, err = s.depth(ctx, c.deadLetterURL); return err })
	}
	if err := calls.Wait(); err != nil {
		return nil, err
	}
	return queues, nil
}

func queueName(url string) string { return url[strings.LastIndexByte(url, '/')+1:] }

func (s *Stack) depth(ctx context.Context, queueURL string) (d Depth, err error) {
	out, err := s.sqs.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &queueURL, AttributeNames: []types.QueueAttributeName{
		types.QueueAttributeNameApproximateNumberOfMessages,
		types.QueueAttributeNameApproximateNumberOfMessagesNotVisible,
		types.QueueAttributeNameApproximateNumberOfMessagesDelayed,
	}})
	if err != nil {
		return Depth{}, fmt.Errorf("stack: queue %q: %w", queueName(queueURL), err)
	}
	count := func(name types.QueueAttributeName) int {
		n, err := strconv.Atoi(out.Attributes[string(name)])
		if err != nil {
			return 0 // SQS always says how many
		}
		return n
	}
	d = Depth{
		Visible:  count(types.QueueAttributeNameApproximateNumberOfMessages),
		InFlight: count(types.QueueAttributeNameApproximateNumberOfMessagesNotVisible),
		Delayed:  count(types.QueueAttributeNameApproximateNumberOfMessagesDelayed),
	}
	if s.config.Peek != nil {
		d.Messages, err = s.config.Peek(ctx, queueURL)
	}
	return d, err
}

// arn is a queue's.
func (s *Stack) arn(ctx context.Context, queueURL string) (string, error) {
	out, err := s.sqs.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &queueURL, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameQueueArn}})
	if err != nil {
		return "", fmt.Errorf("stack: queue %q: %w", queueName(queueURL), err)
	}
	return out.Attributes[string(types.QueueAttributeNameQueueArn)], nil
}
