package lambda

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"orderflow/cmd/local/cloud/protocol"
)

// How Lambda retries an asynchronous event: a function error one and then two
// minutes later, throttling for up to six hours.
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
const (
	asyncRetries     = 2
	asyncRetryDelay  = time.Minute
	maxEventAge      = 6 * time.Hour
	minThrottleDelay = time.Second
	maxThrottleDelay = 5 * time.Minute

	// maxQueued bounds the events that wait here at one time; AWS documents
	// no bound of its own queue.
	maxQueued = 10_000
)

// An event is an asynchronous invocation, until it succeeded or was given up.
type event struct {
	f       *function
	t       target
	payload []byte
	client  lambdacontext.ClientContext
	id      string
}

func (s *Service) enqueue(e *event) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return errClosing()
	}
	if s.queued >= maxQueued {
		return errThrottled("CallerRateLimitExceeded")
	}
	s.queued++
	s.wg.Go(func() {
		s.cfg.Turn.Take("event", e.id)
		s.deliver(e)
		s.mu.Lock()
		s.queued--
		s.mu.Unlock()
	})
	return nil
}

func (s *Service) deliver(e *event) {
	log := s.cfg.Log.With("function", e.f.config.FunctionName)
	deadline := time.Now().Add(maxEventAge)
	throttleDelay, retries := minThrottleDelay, 0
	for {
		delay := throttleDelay
		inv, err := e.f.begin(e.t, e.payload, &e.client)
		if err == nil {
			out, _ := inv.wait(context.Background())
			if out.FunctionError == "" {
				return
			}
			if retries == asyncRetries {
				log.Error("lambda: asynchronous invocation given up", "error", string(out.Payload))
				return
			}
			retries++
			delay = time.Duration(retries) * asyncRetryDelay
		} else if e, ok := errors.AsType[*protocol.Error](err); !ok || e.Code != "TooManyRequestsException" {
			return
		} else {
			throttleDelay = min(2*throttleDelay, maxThrottleDelay)
		}
		if time.Now().Add(delay).After(deadline) {
			log.Error("lambda: asynchronous invocation given up", "error", "the event is older than six hours")
			return
		}
		retry := time.NewTimer(delay)
		select {
		case <-retry.C:
		case <-s.closed:
			retry.Stop()
			return
		}
		s.cfg.Turn.Take("event", e.id)
	}
}
