package lambda

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/google/uuid"

	"orderflow/cmd/local/cloud/logs"
)

// Payload limits in bytes. The response's is what Lambda names in its error.
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const (
	maxPayload      = 6291456
	maxAsyncPayload = 1048576
	maxResponse     = 6291556
)

// Values of InvokeInput.InvocationType; "" is RequestResponse.
const (
	RequestResponse = "RequestResponse"
	Event           = "Event"
	DryRun          = "DryRun"
)

// InvokeInput is one invocation.
// https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
type InvokeInput struct {
	FunctionName   string // name, partial ARN, or ARN, with or without a qualifier
	Qualifier      string
	InvocationType string
	ClientContext  string // base64 of JSON
	Payload        []byte // JSON; none is {}
}

// InvokeOutput is what came of an invocation. A function that fails is an
// answer, not an error: FunctionError is "Unhandled" and Payload says why.
type InvokeOutput struct {
	StatusCode      int
	FunctionError   string
	ExecutedVersion string
	Payload         []byte
}

// Invoke runs a function. It returns early with ctx's error when ctx ends;
// the function then runs on, as it does on AWS when a client hangs up.
func (s *Service) Invoke(ctx context.Context, in *InvokeInput) (*InvokeOutput, error) {
	s.mu.Lock()
	f, t, err := s.lookup(in.FunctionName, in.Qualifier)
	s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	if err := mayInvoke(ctx, t); err != nil {
		return nil, err
	}
	var client lambdacontext.ClientContext
	if in.ClientContext != "" {
		text, err := base64.StdEncoding.DecodeString(in.ClientContext)
		if err == nil {
			err = json.Unmarshal(text, &client)
		}
		if err != nil {
			return nil, lower("InvalidRequestContentException", 400, "Client context must be a valid Base64-encoded JSON object.")
		}
	}
	payload := in.Payload
	if len(payload) == 0 {
		payload = []byte("{}")
	}

	switch in.InvocationType {
	case "", RequestResponse:
		if len(payload) > maxPayload {
			return nil, errTooLarge(maxPayload)
		}
		inv, err := f.begin(t, payload, &client)
		if err != nil {
			return nil, err
		}
		return inv.wait(ctx)
	case Event:
		if len(payload) > maxAsyncPayload {
			return nil, errTooLarge(maxAsyncPayload)
		}
		if err := s.enqueue(&event{f: f, t: t, payload: payload, client: client, id: uuid.NewString()}); err != nil {
			return nil, err
		}
		return &InvokeOutput{StatusCode: 202}, nil
	case DryRun:
		return &InvokeOutput{StatusCode: 204}, nil
	}
	return nil, invalid("1 validation error detected: Value '%s' at 'invocationType' failed to satisfy constraint: Member must satisfy enum value set: [Event, RequestResponse, DryRun]", in.InvocationType)
}

// An invocation is one run of a handler, until it settles: the handler
// returned, or its time was up.
type invocation struct {
	f       *function
	t       target
	id      string
	pool    *pool
	ctx     context.Context // ends at the deadline
	cancel  context.CancelFunc
	payload []byte
	began   time.Time
	stream  *logs.Stream // of its environment; nil: nothing is kept

	done chan struct{} // closed when settled

	// Set once, under the service's mutex, before done is closed.
	settled  bool
	response []byte
	failed   bool
}

// begin starts an invocation if the concurrency limits allow it.
func (f *function) begin(t target, payload []byte, client *lambdacontext.ClientContext) (*invocation, error) {
	s := f.svc
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return nil, errClosing()
	}
	p := f.pool()
	if !p.take() {
		return nil, f.throttled()
	}
	return f.run(p, t, payload, client), nil
}

// run starts an invocation for which an execution of p was taken. The caller
// holds the service's mutex.
func (f *function) run(p *pool, t target, payload []byte, client *lambdacontext.ClientContext) *invocation {
	inv := &invocation{f: f, t: t, id: uuid.NewString(), pool: p, payload: payload, began: time.Now(), done: make(chan struct{})}
	lc := &lambdacontext.LambdaContext{AwsRequestID: inv.id, InvokedFunctionArn: t.arn}
	if client != nil {
		lc.ClientContext = *client
	}
	ctx := context.WithValue(lambdacontext.NewContext(f.svc.base, lc), invocationKey{}, inv)
	inv.ctx, inv.cancel = context.WithTimeout(ctx, f.timeout)
	f.environment().assign(inv)
	return inv
}

// wait waits until the invocation settles, and settles it at its deadline.
func (inv *invocation) wait(ctx context.Context) (*InvokeOutput, error) {
	select {
	case <-inv.done:
	case <-inv.ctx.Done():
	case <-ctx.Done():
	}
	inv.f.svc.cfg.Turn.Take("caller of", inv.id)
	switch {
	case inv.isDone():
	case inv.ctx.Err() != nil:
		inv.expire()
		<-inv.done
	default:
		// Somebody must still hold the function to its deadline.
		inv.f.svc.wg.Go(func() { inv.wait(context.Background()) })
		return nil, ctx.Err()
	}
	out := &InvokeOutput{StatusCode: 200, ExecutedVersion: inv.t.version, Payload: inv.response}
	if inv.failed {
		out.FunctionError = "Unhandled"
	}
	return out, nil
}

func (inv *invocation) isDone() bool {
	select {
	case <-inv.done:
		return true
	default:
		return false
	}
}

// expire settles the invocation whose context has ended.
func (inv *invocation) expire() {
	switch {
	case inv.f.svc.base.Err() != nil: // killed by Close
		inv.settle(inv.exited("without providing a reason"), true, crashed)
	case inv.pastDeadline():
		inv.settle(failure("Sandbox.Timedout",
			fmt.Sprintf("RequestId: %s Error: Task timed out after %.2f seconds", inv.id, inv.f.timeout.Seconds())), true, timedOut)
	}
}

// exited is the payload for a runtime whose process ended.
func (inv *invocation) exited(how string) []byte {
	return failure("Runtime.ExitError", fmt.Sprintf("RequestId: %s Error: Runtime exited %s", inv.id, how))
}

// settle ends the invocation, once: its execution is free again, even when
// the handler has not returned. It reports whether this call ended it.
func (inv *invocation) settle(response []byte, failed bool, end ending) bool {
	s := inv.f.svc
	s.mu.Lock()
	first := !inv.settled
	if first {
		inv.settled, inv.response, inv.failed = true, response, failed
		inv.pool.give()
	}
	s.mu.Unlock()
	if first {
		inv.logEnd(end, response)
		close(inv.done)
		inv.cancel()
	}
	return first
}

// pastDeadline says that the handler returned too late, be it in the very
// instant of its deadline.
func (inv *invocation) pastDeadline() bool {
	deadline, _ := inv.ctx.Deadline()
	return !time.Now().Before(deadline)
}
