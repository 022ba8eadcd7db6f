// Package sns is Amazon SNS as far as topics fan out to SQS queues: filter
// policies, raw and enveloped delivery, dead-letter queues of subscriptions.
// Other kinds of subscription, FIFO topics and every parameter that nothing
// here would honour are refused.
//
// A message reaches all its queues before Publish returns. The policies of the
// queues decide whether it may.
package sns

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"orderflow/cmd/local/cloud/iam"
	"orderflow/cmd/local/cloud/protocol"
	"orderflow/cmd/local/cloud/sqs"
	"orderflow/cmd/local/cloud/storage"
)

// A MessageAttributeValue is one attribute of a message, the same for topic
// and queue. DataType is String, String.Array, Number or Binary.
type MessageAttributeValue = sqs.MessageAttributeValue

// Deliver sends a message from a topic to a queue. A *protocol.Error below 500
// is the queue's refusal, any other error a fault worth another try.
type Deliver func(ctx context.Context, queueARN, topicARN, body string, attributes map[string]MessageAttributeValue) error

// Config says where the service lives and how it reaches queues.
type Config struct {
	Region  string
	Account string

	// BaseURL begins the links in message envelopes, such as
	// http://127.0.0.1:4566.
	BaseURL string

	// Deliver is sqs.Service.Deliver, or a wrapper that delays or fails some.
	Deliver Deliver

	// Background tells whether Deliver takes its time now, so that Publish does
	// not wait for it. Otherwise a message is in its queues when Publish
	// returns, which costs no goroutine. Nil: never.
	Background func() bool

	// Log is told of every message that is lost. Nil: nobody is.
	Log *slog.Logger
}

// Service holds an account's topics in one region. All its methods may be
// called at once.
type Service struct {
	region, account, baseURL string
	deliver                  Deliver
	background               func() bool
	log                      *slog.Logger

	mu            sync.RWMutex
	topics        storage.Table[*topic]        // by ARN
	subscriptions storage.Table[*subscription] // by ARN
	closed        bool

	deliveries sync.WaitGroup // in the background
	ctx        context.Context
	cancel     context.CancelFunc
}

// A topic is replaced as a whole when its attributes change; its counters and
// its subscriptions live on.
type topic struct {
	arn, name  string
	attributes map[string]string
	policy     *iam.Policy // nil: the account's own roles alone, by their policies
	tags       []Tag
	*fanOut
}

// A fanOut is what Publish needs of a topic.
type fanOut struct {
	published     atomic.Int64
	deleted       atomic.Int64                    // subscriptions
	subscriptions atomic.Pointer[[]*subscription] // in the order they were made
}

func (f *fanOut) list() []*subscription {
	if l := f.subscriptions.Load(); l != nil {
		return *l
	}
	return nil
}

// replace puts a subscription where old was; a nil old adds, a nil next
// removes. The service's mutex is held.
func (f *fanOut) replace(old, next *subscription) {
	l := slices.Clone(f.list())
	switch i := slices.Index(l, old); {
	case old == nil:
		l = append(l, next)
	case next == nil:
		l = slices.Delete(l, i, i+1)
		f.deleted.Add(1)
	default:
		l[i] = next
	}
	f.subscriptions.Store(&l)
}

// New is a service without topics.
func New(c Config) *Service {
	ctx, cancel := context.WithCancel(context.Background())
	return &Service{
		region:        c.Region,
		account:       c.Account,
		baseURL:       strings.TrimSuffix(c.BaseURL, "/"),
		deliver:       c.Deliver,
		background:    c.Background,
		log:           cmp.Or(c.Log, slog.New(slog.DiscardHandler)),
		topics:        storage.Memory[*topic](),
		subscriptions: storage.Memory[*subscription](),
		ctx:           ctx,
		cancel:        cancel,
	}
}

// Close gives up the deliveries that are being retried and waits until nothing
// of the service runs any more. Calls after it answer ServiceUnavailable.
func (s *Service) Close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.cancel()
	s.deliveries.Wait()
}

// Published is how many messages the topic of the given ARN has taken.
func (s *Service) Published(topicARN string) int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	t, ok := s.topics.Get(topicARN)
	if !ok {
		return 0
	}
	return int(t.published.Load())
}

// topic finds a topic by its ARN; the mutex is held.
func (s *Service) topic(arn string) (*topic, error) {
	if s.closed {
		return nil, errClosed
	}
	t, ok := s.topics.Get(arn)
	if ok {
		return t, nil
	}
	if err := checkARN("TopicArn", arn); err != nil {
		return nil, err
	}
	return nil, notFound("Topic")
}

func checkARN(parameter, arn string) error {
	if n := strings.Count(arn, ":") + 1; n < 6 {
		return invalid("%s Reason: An ARN must have at least 6 elements, not %d", parameter, n)
	}
	return nil
}

var errClosed = &protocol.Error{Code: "ServiceUnavailable", Message: "The local cloud is shutting down.", Status: 503}

func failure(code, message string) *protocol.Error {
	return protocol.Errorf(code, "%s", message)
}

func invalid(format string, args ...any) *protocol.Error {
	return protocol.Errorf("InvalidParameter", "Invalid parameter: "+format, args...)
}

func notFound(what string) *protocol.Error {
	return &protocol.Error{Code: "NotFound", Message: what + " does not exist", Status: 404}
}

func missing(parameter string) *protocol.Error {
	return invalid("%s Reason: no value for required parameter", parameter)
}
