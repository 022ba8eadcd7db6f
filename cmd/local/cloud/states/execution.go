package states

import (
	"context"
	"crypto/sha256"
	"iter"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"orderflow/cmd/local/cloud/protocol"
	"orderflow/statemachine/asl"
)

// An execution is one run of a state machine while it is open.
type execution struct {
	machine *machine // the revision that it began with
	by      *association
	arn     string
	number  uint64 // in the order of all starts
	started time.Time
	input   [sha256.Size]byte // its hash: what a repeated StartExecution is compared by
	seed    uint64

	redrives *redrives // this attempt's included

	mu       sync.Mutex // serialises its steps; taken before any lock of the service
	state    *asl.Execution
	journal  journal
	calls    int     // of resources, under way
	waits    []*wait // for task tokens
	tokens   []tokenHash
	timers   []*timer
	watchers []*watcher
	status   asl.Status
	stopped  time.Time
}

// A closedExec is what is kept of an execution that has ended. Its input,
// output, error and cause are in its first and last event.
type closedExec struct {
	machine          *machine
	by               *association
	number           uint64
	status           asl.Status
	started, stopped time.Time
	journal          [][]byte
	tokens           []tokenHash
	redrives         *redrives
	remainder        *remainder // nil: it succeeded
}

type expiring struct {
	arn string
	at  time.Time
}

type StartExecutionInput struct {
	StateMachineArn *string `json:"stateMachineArn"` // or a version's, or an alias's
	Name            *string `json:"name"`            // nil: a UUID
	Input           *string `json:"input"`           // JSON; nil: {}
}

type StartExecutionOutput struct {
	ExecutionArn string    `json:"executionArn"`
	StartDate    Timestamp `json:"startDate"`
}

// StartExecution answers once the execution is recorded, before its first task
// is called. While an execution runs, starting it again with the same name and
// input answers as the first time did, by whichever version or alias; a name is
// taken until 90 days after its execution closed.
// https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
func (s *Service) StartExecution(_ context.Context, in *StartExecutionInput) (*StartExecutionOutput, error) {
	seed := s.cfg.Seed()
	m, by, err := s.startable(in.StateMachineArn, seed)
	if err != nil {
		return nil, err
	}
	var name string
	if in.Name == nil {
		name = uuid.NewString()
	} else {
		name = *in.Name
	}
	if err := checkName(name); err != nil {
		return nil, err
	}
	input := "{}"
	if in.Input != nil {
		input = *in.Input
	}
	if err := checkInput(input); err != nil {
		return nil, err
	}

	x := &execution{
		machine: m, by: by, arn: s.arn("execution", m.name+":"+name), started: now(),
		input: sha256.Sum256([]byte(input)), seed: seed, status: asl.Running,
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if was, err := s.admit(x); was != nil || err != nil {
		return was, err
	}
	state, commands := m.parsed.Start(asl.Params{
		ExecutionARN: x.arn, ExecutionName: name, RoleARN: m.roleARN,
		StateMachineARN: m.arn, StateMachineName: m.name,
		Input: []byte(input), Now: x.started, Seed: x.seed,
	})
	x.state = state
	s.perform(x, commands)
	return &StartExecutionOutput{x.arn, Timestamp(x.started)}, nil
}

func checkInput(input string) error {
	if err := checkPayload("input", input); err != nil {
		return err
	}
	fault := notJSON(input)
	if strings.TrimSpace(input) == "" {
		fault = "Invalid execution input."
	}
	if fault != "" {
		return protocol.Errorf("InvalidExecutionInput", "Invalid State Machine Execution Input: '%s'", fault)
	}
	return nil
}

// admit makes x an open execution, or answers for the one that has its name.
func (s *Service) admit(x *execution) (*StartExecutionOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expire(x.started)
	if was, ok := s.open[x.arn]; ok && was.input == x.input {
		return &StartExecutionOutput{was.arn, Timestamp(was.started)}, nil
	} else if _, closed := s.closed.Get(x.arn); ok || closed {
		return nil, protocol.Errorf("ExecutionAlreadyExists", "Execution Already Exists: '%s'", x.arn)
	}
	if len(s.open) >= s.maxOpen {
		return nil, executionLimitExceeded()
	}
	s.started++
	x.number = s.started
	s.open[x.arn] = x
	s.listing.start(x.machine.name, x.arn, x.number)
	return nil, nil
}

// complete moves x, whose lock is held, from the open executions to the closed.
func (s *Service) complete(x *execution, status asl.Status) {
	x.status, x.stopped = status, now()
	var left *remainder
	if status != asl.Succeeded {
		left = x.remainder()
	}
	x.state = nil
	for _, t := range x.timers {
		s.timers.clear(t)
	}
	x.timers = nil
	for _, w := range x.waits {
		s.tokens.end(w.token)
	}
	x.waits = nil
	for _, w := range x.watchers {
		w.finish()
	}
	x.watchers = nil
	x.journal.pack(x.machine.history)
	x.machine.history.learn(&x.journal)

	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, x.arn)
	s.closed.Put(x.arn, closedExec{x.machine, x.by, x.number, status, x.started, x.stopped, x.journal.blocks, x.tokens, x.redrives, left})
	s.listing.close(x.machine.name, x.arn, x.number, status)
	s.expiry = append(s.expiry, expiring{x.arn, x.stopped.Add(Retention)})
	if len(s.expiry) > s.maxClosed {
		s.dropOldest()
	}
}

// expire drops the closed executions whose retention is over.
func (s *Service) expire(at time.Time) {
	for len(s.expiry) > 0 && !s.expiry[0].at.After(at) {
		s.dropOldest()
	}
}

// dropOldest drops the closed execution that ended first.
func (s *Service) dropOldest() {
	arn := s.expiry[0].arn
	s.expiry = s.expiry[1:]
	x, _ := s.closed.Get(arn)
	s.closed.Delete(arn)
	s.listing.drop(x.machine.name, x.number, x.status)
	s.tokens.forget(x.tokens)
}

type StopExecutionInput struct {
	ExecutionArn *string `json:"executionArn"`
	Error        *string `json:"error"`
	Cause        *string `json:"cause"`
}

type StopExecutionOutput struct {
	StopDate Timestamp `json:"stopDate"`
}

// StopExecution aborts; one that has ended already keeps its end.
// https://docs.aws.amazon.com/step-functions/latest/apireference/API_StopExecution.html
func (s *Service) StopExecution(_ context.Context, in *StopExecutionInput) (*StopExecutionOutput, error) {
	if err := checkFailure(in.Error, in.Cause); err != nil {
		return nil, err
	}
	v, err := s.view(in.ExecutionArn)
	if err != nil {
		return nil, err
	}
	if v.open == nil {
		return &StopExecutionOutput{Timestamp(v.stopped)}, nil
	}
	v.open.mu.Lock()
	defer v.open.mu.Unlock()
	s.step(v.open, asl.Stop{Error: in.Error, Cause: in.Cause})
	return &StopExecutionOutput{Timestamp(v.open.stopped)}, nil
}

func checkFailure(name, cause *string) error {
	if err := optional("error", name, maxError, true); err != nil {
		return err
	}
	return optional("cause", cause, maxCause, true)
}

// A view is an execution as it stands, open or closed.
type view struct {
	machine          *machine
	by               *association
	arn              string
	status           asl.Status
	started, stopped time.Time
	history          journal
	redrives         *redrives
	open             *execution // nil when closed
}

// events are those from an ID on.
func (v *view) events(from int64) iter.Seq[asl.HistoryEvent] {
	return v.history.events(v.machine.history, from)
}

func (v *view) name() string { return v.arn[strings.LastIndexByte(v.arn, ':')+1:] }

func (s *Service) view(arn *string) (*view, error) {
	if err := checkArn("executionArn", "execution", arn); err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.expire(now())
	x, open := s.open[*arn]
	c, closed := s.closed.Get(*arn)
	s.mu.Unlock()
	switch {
	case open:
		x.mu.Lock()
		defer x.mu.Unlock()
		v := &view{x.machine, x.by, *arn, x.status, x.started, x.stopped, x.journal.snapshot(), x.redrives, x}
		if x.status != asl.Running {
			v.open = nil
		}
		return v, nil
	case closed:
		return &view{c.machine, c.by, *arn, c.status, c.started, c.stopped, stored(c.journal), c.redrives, nil}, nil
	}
	return nil, executionDoesNotExist(*arn)
}

type DescribeExecutionInput struct {
	ExecutionArn *string `json:"executionArn"`
}

type DescribeExecutionOutput struct {
	ExecutionArn        string     `json:"executionArn"`
	StateMachineArn     string     `json:"stateMachineArn"`
	Name                string     `json:"name"`
	Status              asl.Status `json:"status"`
	StartDate           Timestamp  `json:"startDate"`
	StopDate            *Timestamp `json:"stopDate,omitempty"`
	Input               string     `json:"input"`
	InputDetails        *Included  `json:"inputDetails"`
	Output              *string    `json:"output,omitempty"`
	OutputDetails       *Included  `json:"outputDetails,omitempty"`
	Error               *string    `json:"error,omitempty"`
	Cause               *string    `json:"cause,omitempty"`
	RedriveCount        int        `json:"redriveCount"`
	RedriveDate         *Timestamp `json:"redriveDate,omitempty"`
	RedriveStatus       string     `json:"redriveStatus"`
	RedriveStatusReason string     `json:"redriveStatusReason,omitempty"`

	StateMachineVersionArn *string `json:"stateMachineVersionArn,omitempty"`
	StateMachineAliasArn   *string `json:"stateMachineAliasArn,omitempty"`
}

type Included struct {
	Included bool `json:"included"`
}

// DescribeExecution gives the error of an execution that failed or was stopped;
// of one that timed out the status says it all.
// https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html
func (s *Service) DescribeExecution(_ context.Context, in *DescribeExecutionInput) (*DescribeExecutionOutput, error) {
	v, err := s.view(in.ExecutionArn)
	if err != nil {
		return nil, err
	}
	out := &DescribeExecutionOutput{
		ExecutionArn: v.arn, StateMachineArn: v.machine.arn, Name: v.name(), Status: v.status,
		StartDate: Timestamp(v.started), InputDetails: &Included{true}, RedriveStatus: "REDRIVABLE",
	}
	out.StateMachineVersionArn, out.StateMachineAliasArn = v.by.described()
	out.RedriveCount, out.RedriveDate = v.redrives.described()
	if reason := notRedrivable(v.status, v.history.count, v.started, v.stopped, now()); reason != "" {
		out.RedriveStatus, out.RedriveStatusReason = "NOT_REDRIVABLE", reason
	}
	if v.open == nil {
		out.StopDate = new(Timestamp(v.stopped))
	}
	for e := range v.events(1) {
		out.Input = e.Details.(*asl.ExecutionStartedDetails).Input
		break
	}
	if v.open != nil {
		return out, nil
	}
	for e := range v.events(v.history.count) {
		switch d := e.Details.(type) {
		case *asl.ExecutionSucceededDetails:
			out.Output, out.OutputDetails = &d.Output, &Included{true}
		case *asl.ExecutionFailedDetails:
			out.Error, out.Cause = d.Error, d.Cause
		case *asl.ExecutionAbortedDetails:
			out.Error, out.Cause = d.Error, d.Cause
		}
	}
	return out, nil
}

type ListExecutionsInput struct {
	StateMachineArn *string     `json:"stateMachineArn"`
	StatusFilter    *asl.Status `json:"statusFilter"`
	RedriveFilter   *string     `json:"redriveFilter"` // for Map Runs only
	MaxResults      int         `json:"maxResults"`    // up to 1000; 0: 100
	NextToken       *string     `json:"nextToken"`
}

type ListExecutionsOutput struct {
	Executions []ExecutionListItem `json:"executions"`
	NextToken  *string             `json:"nextToken,omitempty"`
}

type ExecutionListItem struct {
	ExecutionArn    string     `json:"executionArn"`
	StateMachineArn string     `json:"stateMachineArn"`
	Name            string     `json:"name"`
	Status          asl.Status `json:"status"`
	StartDate       Timestamp  `json:"startDate"`
	StopDate        *Timestamp `json:"stopDate,omitempty"`
	RedriveCount    int        `json:"redriveCount"`
	RedriveDate     *Timestamp `json:"redriveDate,omitempty"`

	StateMachineVersionArn *string `json:"stateMachineVersionArn,omitempty"`
	StateMachineAliasArn   *string `json:"stateMachineAliasArn,omitempty"`
}

// ListExecutions lists those of one state machine, or of one version or alias
// of it, the newest first.
// https://docs.aws.amazon.com/step-functions/latest/apireference/API_ListExecutions.html
func (s *Service) ListExecutions(_ context.Context, in *ListExecutionsInput) (*ListExecutionsOutput, error) {
	if in.StateMachineArn == nil {
		return nil, protocol.Errorf("ValidationException", "Must provide a StateMachine ARN or MapRun ARN")
	}
	status := asl.Status("")
	if in.StatusFilter != nil {
		switch status = *in.StatusFilter; status {
		case asl.Running, asl.Succeeded, asl.Failed, asl.TimedOut, asl.Aborted:
		case "PENDING_REDRIVE": // only a Map Run's executions pend
			return nil, protocol.Errorf("ValidationException", "StatusFilter PENDING_REDRIVE cannot be applied to ListExecutions call with StateMachine ARN")
		default:
			return nil, validation("Value '%s' at 'statusFilter' failed to satisfy constraint: Member must satisfy enum value set: [SUCCEEDED, TIMED_OUT, PENDING_REDRIVE, ABORTED, FAILED, RUNNING]", status)
		}
	}
	if in.RedriveFilter != nil {
		return nil, protocol.Errorf("ValidationException", "RedriveFilter cannot be applied to ListExecutions call with StateMachine ARN")
	}
	n, err := checkPage(in.MaxResults, in.NextToken, 3096)
	if err != nil {
		return nil, err
	}
	m, _, err := s.startable(in.StateMachineArn, 0)
	if err != nil {
		return nil, err
	}
	_, qualifier := s.split(*in.StateMachineArn)
	token := "executions " + m.name + " " + string(status)
	if qualifier != "" {
		token += " of " + qualifier
	}
	before, err := readPageToken(in.NextToken, token, newest)
	if err != nil {
		return nil, err
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	s.expire(now())
	arns, next := s.listing.page(m.name, status, before, n, func(arn string) bool {
		return qualifier == "" || s.associationOf(arn).by(*in.StateMachineArn)
	})
	out := &ListExecutionsOutput{Executions: make([]ExecutionListItem, len(arns))}
	for i, arn := range arns {
		item := ExecutionListItem{ExecutionArn: arn, StateMachineArn: m.arn, Name: arn[strings.LastIndexByte(arn, ':')+1:]}
		if x, ok := s.open[arn]; ok {
			item.Status, item.StartDate = asl.Running, Timestamp(x.started)
			item.RedriveCount, item.RedriveDate = x.redrives.described()
		} else {
			c, _ := s.closed.Get(arn)
			item.Status, item.StartDate, item.StopDate = c.status, Timestamp(c.started), new(Timestamp(c.stopped))
			item.RedriveCount, item.RedriveDate = c.redrives.described()
		}
		item.StateMachineVersionArn, item.StateMachineAliasArn = s.associationOf(arn).described()
		out.Executions[i] = item
	}
	if next != 0 {
		out.NextToken = pageToken(token, next)
	}
	return out, nil
}

// associationOf is that of an execution that is kept. The caller holds the
// service's mutex.
func (s *Service) associationOf(arn string) *association {
	if x, ok := s.open[arn]; ok {
		return x.by
	}
	c, _ := s.closed.Get(arn)
	return c.by
}
