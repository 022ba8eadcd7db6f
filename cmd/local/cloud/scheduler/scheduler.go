// Package scheduler is Amazon EventBridge Scheduler for schedules that invoke a
// Lambda function at a rate, in the default group: at least once, without
// waiting for what the function makes of it, and again when Lambda refuses.
//
// cron and at expressions, time zones, start and end dates, dead-letter queues,
// groups and other targets are refused.
package scheduler

import (
	"context"
	"log/slog"
	"sync"

	"orderflow/cmd/local/cloud/iam"
	"orderflow/cmd/local/cloud/interpose"
	"orderflow/cmd/local/cloud/lambda"
	"orderflow/cmd/local/cloud/storage"
)

// Lambda runs the functions that schedules invoke.
type Lambda interface {
	Invoke(context.Context, *lambda.InvokeInput) (*lambda.InvokeOutput, error)
}

// Config is what the service runs with.
type Config struct {
	Region, Account string
	Lambda          Lambda

	// AssumeRole takes a target's role, which then invokes the target. Nil: the
	// service itself may.
	AssumeRole func(roleARN, session string, by *iam.Principal) (*iam.Principal, error)

	// Turn decides which activity goes on next. Nil: as it comes.
	Turn interpose.Turn

	// Log hears of invocations that are given up. Nil: nobody.
	Log *slog.Logger
}

// Service is EventBridge Scheduler in one account and region.
type Service struct {
	cfg    Config
	cancel context.CancelFunc
	ended  chan struct{} // closed when the goroutine that invokes has ended
	wake   chan struct{} // what is due next has changed

	mu        sync.Mutex
	schedules storage.Table[*schedule] // by name
	retries   []*invocation
}

// New begins a service without schedules. Close ends it.
func New(cfg Config) *Service {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &Service{
		cfg:       cfg,
		cancel:    cancel,
		ended:     make(chan struct{}),
		wake:      make(chan struct{}, 1),
		schedules: storage.Memory[*schedule](),
	}
	go func() {
		defer close(s.ended)
		s.run(ctx)
	}()
	return s
}

// Close ends all schedules, and waits for the invocation that is being made.
func (s *Service) Close() {
	s.cancel()
	<-s.ended
}
