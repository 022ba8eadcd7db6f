// Package lambda is AWS Lambda for functions that live in this process: it
// invokes aws-lambda-go handlers with Lambda's timeouts, concurrency limits,
// retries, error shapes and logs, and feeds them from SQS queues through event
// source mappings. Memory size, runtime and architecture are reported and
// otherwise inert.
package lambda

import (
	"cmp"
	"context"
	"log/slog"
	"sync"

	"orderflow/cmd/local/cloud/interpose"
	"orderflow/cmd/local/cloud/logs"
)

// Config is what the service runs with.
type Config struct {
	Region, Account string

	// AccountConcurrency is how many invocations may run at once, 0 being
	// AWS's default of 1,000.
	// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
	AccountConcurrency int

	// SQS holds the queues that event source mappings read.
	SQS SQS

	// Logs keeps what functions log, given NewLogHandler, and what Lambda says
	// of their invocations. Nil: nothing is kept.
	Logs *logs.Service

	// Turn decides which activity goes on next. Nil: as it comes.
	Turn interpose.Turn

	// Log hears of what has no caller to tell: asynchronous invocations that
	// fail for good and queues that can not be read. Nil: nobody.
	Log *slog.Logger
}

// Service is Lambda in one account and region.
type Service struct {
	cfg Config

	// base is the parent of every invocation's context; its end is the last
	// resort of Close.
	base context.Context
	kill context.CancelFunc

	// wg owns environments, pollers, and asynchronous deliveries.
	wg sync.WaitGroup

	mu         sync.Mutex // guards everything below, functions included
	closing    bool
	closed     chan struct{} // closed with closing
	functions  map[string]*function
	mappings   map[string]*mapping
	unreserved *pool
	queued     int // asynchronous events accepted and not done
}

// New is a Lambda without functions.
func New(cfg Config) *Service {
	cfg.AccountConcurrency = cmp.Or(cfg.AccountConcurrency, 1000)
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	base, kill := context.WithCancel(context.Background())
	return &Service{
		cfg:        cfg,
		base:       base,
		kill:       kill,
		closed:     make(chan struct{}),
		functions:  make(map[string]*function),
		mappings:   make(map[string]*mapping),
		unreserved: &pool{limit: cfg.AccountConcurrency},
	}
}

// Close stops receiving, refuses new invocations, and waits for the running
// ones; asynchronous events that wait for a retry are given up. When ctx ends
// first, the context of every running invocation is cancelled, and Close
// still waits: no goroutine survives it.
func (s *Service) Close(ctx context.Context) {
	s.mu.Lock()
	if !s.closing {
		s.closing = true
		close(s.closed)
		for _, m := range s.mappings {
			m.stop()
		}
		for _, f := range s.functions {
			f.dismiss()
			for _, v := range f.versions {
				v.dismiss()
			}
		}
	}
	s.mu.Unlock()

	stop := context.AfterFunc(ctx, s.kill)
	s.wg.Wait()
	stop()
	s.kill()
}
