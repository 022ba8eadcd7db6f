// Package sqs is Amazon SQS for standard queues: visibility timeouts, receive
// counts, dead-letter queues, long polling, retention, redrive. FIFO queues are
// refused, and so is every parameter that nothing here would honour.
//
// Where AWS says "approximately" or "eventually", this is exact: counts are
// counts, a message is visible at the very instant its timeout ends, and
// attributes take effect at once.
//
// What is kept is bounded by each queue's retention period, as on AWS, and by
// Config.MaxBytes, since it is kept in memory: beyond, sending is OverLimit.
package sqs

import (
	"cmp"
	"context"
	"strings"
	"sync"
	"sync/atomic"

	"orderflow/cmd/local/cloud/interpose"
	"orderflow/cmd/local/cloud/protocol"
	"orderflow/cmd/local/cloud/storage"
)

// Config says where the service lives.
type Config struct {
	Region  string
	Account string

	// BaseURL begins every queue URL, such as http://127.0.0.1:4566. Queues are
	// found by the path of a URL alone, whatever its host.
	BaseURL string

	// Turn decides which activity goes on next. Nil: as it comes.
	Turn interpose.Turn

	MaxBytes int // of the messages in all queues, 0 being 1 GiB
}

// Service holds an account's queues in one region. All its methods may be
// called at once.
type Service struct {
	account, baseURL string
	maxBytes         int
	turn             interpose.Turn
	arns             string // what every queue's ARN begins with

	// mu guards all below, and the queues themselves: a call is a few
	// microseconds, and a message often passes from one queue to another.
	mu       sync.Mutex
	queues   storage.Table[*queue]
	messages storage.Table[*message]
	bytes    int              // of the messages, as their size limit counts them
	deleted  map[string]int64 // name → when, in Unix nanoseconds
	tasks    map[string][]*moveTask
	closed   bool

	sequence atomic.Uint64
	running  sync.WaitGroup // armed timers and move tasks
	ctx      context.Context
	cancel   context.CancelFunc
}

// New is a service without queues.
func New(c Config) *Service {
	ctx, cancel := context.WithCancel(context.Background())
	return &Service{
		account:  c.Account,
		maxBytes: cmp.Or(c.MaxBytes, 1<<30),
		turn:     c.Turn,
		baseURL:  strings.TrimSuffix(c.BaseURL, "/"),
		arns:     "arn:aws:sqs:" + c.Region + ":" + c.Account + ":",
		queues:   storage.Memory[*queue](),
		messages: storage.Memory[*message](),
		deleted:  map[string]int64{},
		tasks:    map[string][]*moveTask{},
		ctx:      ctx,
		cancel:   cancel,
	}
}

// Close ends every long poll and message move task and waits until nothing of
// the service runs any more. Calls after it answer ServiceUnavailable.
func (s *Service) Close() {
	s.mu.Lock()
	if !s.closed {
		s.closed = true
		s.cancel()
		for _, q := range s.queues.Ascend("") {
			q.shut(errClosed)
		}
	}
	s.mu.Unlock()
	s.running.Wait()
}

// Counts is what a queue has seen since it was created.
type Counts struct {
	Sent         int // SendMessage, batches and deliveries from topics
	Received     int // messages handed out, repeats included
	Deleted      int // by DeleteMessage; neither expired nor purged
	DeadLettered int // moved on to the dead-letter queue
	Expired      int // dropped at the end of the retention period
}

// Counts tells what the queue of the given name has seen; all zero when there
// is no such queue.
func (s *Service) Counts(queueName string) Counts {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, ok := s.queues.Get(queueName)
	if !ok {
		return Counts{}
	}
	return q.counts
}

func (s *Service) arn(queueName string) string {
	return s.arns + queueName
}

func (s *Service) url(queueName string) string {
	return s.baseURL + "/" + s.account + "/" + queueName
}

var errClosed = &protocol.Error{Code: "ServiceUnavailable", Message: "The local cloud is shutting down.", Status: 503}
