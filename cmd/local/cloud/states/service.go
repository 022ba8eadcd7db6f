// Package states is AWS Step Functions for STANDARD state machines: it keeps
// executions and their history and performs what the pure core, statemachine/asl,
// asks for. Semantics stand in files named after their nouns, the wire format
// in wire.go.
//
// No goroutine belongs to an execution: one runs while a task's resource is
// called, and one for the service sleeps until the next timer. A waiting
// execution is its state in the core and a compressed history.
//
// What is kept is bounded as AWS bounds it: 1,000,000 open executions, 25,000
// events each, and 90 days of closed ones; of these no more than 1,000,000.
// https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
package states

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"sync"
	"time"

	"orderflow/cmd/local/cloud/iam"
	"orderflow/cmd/local/cloud/interpose"
	"orderflow/cmd/local/cloud/protocol"
	"orderflow/cmd/local/cloud/storage"
)

const (
	// Retention is how long a closed execution, its history and its name are kept.
	Retention = 90 * 24 * time.Hour

	maxOpenExecutions = 1_000_000

	// maxClosedExecutions are kept in memory: beyond, the first to end go first.
	maxClosedExecutions = 1_000_000
)

// Config is what the service depends on.
type Config struct {
	Region, Account string

	// Services are the APIs that Task states may call directly, by their name
	// in a resource ARN: "dynamodb", "sns", "sqs".
	Services map[string]protocol.Actions

	// Invoke calls a Lambda function. Nil: Task states cannot invoke any.
	Invoke Invoke

	// AssumeRole takes a state machine's role, whose policies then decide what
	// its states may call. Nil: they may call everything.
	AssumeRole AssumeRole

	// Turn decides which activity goes on next. Nil: as it comes.
	Turn interpose.Turn

	// Seed gives each execution what it leaves to chance. Nil: crypto/rand.
	Seed func() uint64
}

// Invoke calls a Lambda function, given by name or ARN, and waits for its
// answer. What the function itself throws is an Invocation with FunctionError;
// an error is the Lambda service's refusal, such as TooManyRequestsException.
type Invoke func(ctx context.Context, function string, payload []byte) (*Invocation, error)

// AssumeRole is iam.Service.AssumeRole.
type AssumeRole func(roleARN, session string, by *iam.Principal) (*iam.Principal, error)

// Invocation is a function's answer.
type Invocation struct {
	Payload         []byte // JSON
	FunctionError   string // "" when it succeeded, else "Handled" or "Unhandled"
	ExecutedVersion string // "" stands for $LATEST
}

// Service is the API: its exported methods are the actions, verbatim.
type Service struct {
	cfg    Config
	timers *timers
	tokens tokens

	life    sync.Mutex
	closing bool
	calls   sync.WaitGroup // one for each resource being called, one for the timers
	ctx     context.Context
	cancel  context.CancelFunc

	mu                 sync.Mutex
	machines           storage.Table[*machine]   // by name, in their current revisions
	published          map[string]*publication   // by name of the state machine
	open               map[string]*execution     // by ARN
	closed             storage.Table[closedExec] // by ARN
	listing            listing
	expiry             []expiring // closed executions, the first to be dropped first
	started            uint64     // executions ever started
	maxOpen, maxClosed int
}

// New begins a service without state machines. Close ends it.
func New(cfg Config) *Service {
	if cfg.Seed == nil {
		cfg.Seed = randomSeed
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &Service{
		cfg:       cfg,
		tokens:    tokens{byHash: map[tokenHash]waiter{}},
		ctx:       ctx,
		cancel:    cancel,
		machines:  storage.Memory[*machine](),
		published: map[string]*publication{},
		open:      map[string]*execution{},
		closed:    storage.Memory[closedExec](),
		listing:   newListing(),
		maxOpen:   maxOpenExecutions,
		maxClosed: maxClosedExecutions,
	}
	s.timers = newTimers()
	s.spawn(func() { s.timers.run(ctx, cfg.Turn, s.timerFired) })
	return s
}

// Close stops every timer, cancels the calls under way and waits for them.
// Executions stay as they are.
func (s *Service) Close() {
	s.life.Lock()
	s.closing = true
	s.life.Unlock()
	s.cancel()
	s.calls.Wait()
}

// spawn runs f on a goroutine that Close waits for; not at all once closing.
func (s *Service) spawn(f func()) {
	s.life.Lock()
	defer s.life.Unlock()
	if !s.closing {
		s.calls.Go(f)
	}
}

func (s *Service) arn(kind, name string) string {
	return "arn:aws:states:" + s.cfg.Region + ":" + s.cfg.Account + ":" + kind + ":" + name
}

// now is the time in the resolution of AWS's timestamps.
func now() time.Time { return time.Now().UTC().Round(0).Truncate(time.Millisecond) }

func randomSeed() uint64 {
	var b [8]byte
	rand.Read(b[:]) // never fails
	return binary.LittleEndian.Uint64(b[:])
}
