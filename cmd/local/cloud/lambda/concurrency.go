package lambda

import (
	"cmp"
	"context"

	"orderflow/cmd/local/cloud/interpose"
	"orderflow/cmd/local/cloud/protocol"
)

// A pool is a number of concurrent executions: those reserved for a function
// or those that the account leaves to all others. The service's mutex guards
// it.
type pool struct {
	limit   int
	running int
	waiting []*waiter // oldest first
}

// A waiter is an event source mapping's batch that waits for an execution.
type waiter struct {
	ready   chan struct{}
	granted *pool // the pool whose slot it holds, nil: look again
}

func (p *pool) take() bool {
	if p.running >= p.limit {
		return false
	}
	p.running++
	return true
}

// give returns an execution to its pool, and on to who waits longest.
func (p *pool) give() {
	p.running--
	for len(p.waiting) > 0 && p.take() {
		w := p.waiting[0]
		p.waiting = p.waiting[1:]
		w.granted = p
		close(w.ready)
	}
}

// disturb makes all who wait look again, after the limits have changed.
func (p *pool) disturb() {
	for _, w := range p.waiting {
		close(w.ready)
	}
	p.waiting = nil
}

func (p *pool) forget(w *waiter) {
	for i := range p.waiting {
		if p.waiting[i] == w {
			p.waiting = append(p.waiting[:i], p.waiting[i+1:]...)
			return
		}
	}
}

// unpublished is the function that f is, or is a version of: all its versions
// share its concurrency.
func (f *function) unpublished() *function { return cmp.Or(f.latest, f) }

func (f *function) pool() *pool { return cmp.Or(f.unpublished().reserved, f.svc.unreserved) }

func (f *function) throttled() *protocol.Error {
	if f.unpublished().reserved != nil {
		return errThrottled("ReservedFunctionConcurrentInvocationLimitExceeded")
	}
	return errThrottled("ConcurrentInvocationLimitExceeded")
}

// await takes an execution for f, waiting for one until ctx ends.
func (f *function) await(ctx context.Context) (*pool, error) {
	s := f.svc
	for {
		s.mu.Lock()
		p := f.pool()
		if p.take() {
			s.mu.Unlock()
			return p, nil
		}
		w := &waiter{ready: make(chan struct{})}
		p.waiting = append(p.waiting, w)
		s.mu.Unlock()

		select {
		case <-w.ready:
		case <-ctx.Done():
		}
		s.cfg.Turn.Take("throttled", interpose.Activity(ctx))
		if ctx.Err() != nil {
			s.mu.Lock()
			p.forget(w)
			if w.granted != nil {
				w.granted.give()
			}
			err := f.throttled()
			s.mu.Unlock()
			return nil, err
		}
		if w.granted != nil {
			return w.granted, nil
		}
	}
}

// Concurrency is a function's reserved concurrency.
type Concurrency struct {
	ReservedConcurrentExecutions *int `json:",omitempty"`
}

// PutFunctionConcurrencyInput reserves concurrency; 0 stops the function.
type PutFunctionConcurrencyInput struct {
	FunctionName                 string
	ReservedConcurrentExecutions int
}

// PutFunctionConcurrency reserves a part of the account's concurrency for a
// function, and limits it to that.
func (s *Service) PutFunctionConcurrency(_ context.Context, in *PutFunctionConcurrencyInput) (*Concurrency, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, err := s.unqualified(in.FunctionName)
	if err != nil {
		return nil, err
	}
	if err := s.reserve(f, in.ReservedConcurrentExecutions); err != nil {
		return nil, err
	}
	return f.concurrency(), nil
}

// DeleteFunctionConcurrency returns a function to the unreserved concurrency.
func (s *Service) DeleteFunctionConcurrency(_ context.Context, name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, err := s.unqualified(name)
	if err != nil {
		return err
	}
	if f.reserved != nil {
		s.unreserved.limit += f.reserved.limit
		old := f.reserved
		f.reserved = nil
		old.disturb()
		s.unreserved.disturb()
	}
	return nil
}

// GetFunctionConcurrency reports a function's reserved concurrency.
func (s *Service) GetFunctionConcurrency(_ context.Context, name string) (*Concurrency, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, err := s.unqualified(name)
	if err != nil {
		return nil, err
	}
	return f.concurrency(), nil
}

// AccountSettings are what of the account limits functions.
type AccountSettings struct{ AccountLimit AccountLimit }

// AccountLimit counts invocations at once: all, and those that no function has
// reserved.
type AccountLimit struct{ ConcurrentExecutions, UnreservedConcurrentExecutions int }

// GetAccountSettings reports the account's concurrency.
func (s *Service) GetAccountSettings(context.Context) (*AccountSettings, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return &AccountSettings{AccountLimit{s.cfg.AccountConcurrency, s.unreserved.limit}}, nil
}

func (f *function) concurrency() *Concurrency {
	if f.reserved == nil {
		return &Concurrency{}
	}
	n := f.reserved.limit
	return &Concurrency{&n}
}

// reserve moves n executions from the unreserved ones to f.
func (s *Service) reserve(f *function, n int) error {
	if n < 0 {
		return invalid("1 validation error detected: Value '%d' at 'reservedConcurrentExecutions' failed to satisfy constraint: Member must have value greater than or equal to 0", n)
	}
	left := s.unreserved.limit - n
	if f.reserved != nil {
		left += f.reserved.limit
	}
	if left < minUnreserved {
		return invalid("Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [%d].", minUnreserved)
	}
	s.unreserved.limit = left
	if f.reserved == nil {
		f.reserved = &pool{}
	}
	f.reserved.limit = n
	f.reserved.disturb()
	s.unreserved.disturb()
	return nil
}
