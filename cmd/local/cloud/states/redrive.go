package states

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"orderflow/cmd/local/cloud/protocol"
	"orderflow/statemachine/asl"
)

// How long an execution can be redriven, and client tokens are honoured.
// https://docs.aws.amazon.com/step-functions/latest/apireference/API_RedriveExecution.html
const (
	redrivablePeriod = 14 * 24 * time.Hour  // after its end
	maxOpenTime      = 365 * 24 * time.Hour // after its start
	tokenPeriod      = 15 * time.Minute
	keptTokens       = 10 // of the latest redrives
)

// redrives are those of one execution so far; nil: none. They never change:
// another redrive makes others.
type redrives struct {
	count  int
	last   time.Time
	tokens []clientToken // the oldest first
}

// A clientToken is one that a redrive came with.
type clientToken struct {
	token string
	used  time.Time
}

// described is how DescribeExecution and ListExecutions show them.
func (r *redrives) described() (count int, date *Timestamp) {
	if r == nil {
		return 0, nil
	}
	return r.count, new(Timestamp(r.last))
}

// repeated finds the date of the redrive that came with a token.
func (r *redrives) repeated(token *string, at time.Time) (date time.Time, ok bool) {
	if r == nil || token == nil {
		return date, false
	}
	i := slices.IndexFunc(r.tokens, func(t clientToken) bool {
		return t.token == *token && at.Sub(t.used) < tokenPeriod
	})
	if i < 0 {
		return date, false
	}
	return r.tokens[i].used, true
}

// and are r and one more.
func (r *redrives) and(token *string, at time.Time) *redrives {
	next := &redrives{count: 1, last: at}
	if r != nil {
		next.count, next.tokens = r.count+1, slices.Clone(r.tokens)
	}
	if token != nil {
		next.tokens = append(next.tokens, clientToken{*token, at})
		next.tokens = next.tokens[max(0, len(next.tokens)-keptTokens):]
	}
	return next
}

// A remainder is what a redrive of a closed execution goes on from.
type remainder struct {
	state []byte // the core's, JSON, compressed
	input [sha256.Size]byte
}

func (x *execution) remainder() *remainder {
	text, err := json.Marshal(x.state)
	if err != nil {
		panic(fmt.Sprintf("states: execution %s cannot be stored: %v", x.arn, err))
	}
	return &remainder{x.machine.history.compress(nil, text), x.input}
}

// notRedrivable is why an execution that stands so cannot be redriven; "" if
// it can.
func notRedrivable(status asl.Status, events int64, started, stopped, at time.Time) string {
	switch {
	case status == asl.Running, status == asl.Succeeded:
		return statusReason(status)
	case events >= asl.MaxHistory-1:
		return "Execution history event limit exceeded"
	case at.Sub(started) > maxOpenTime:
		return "Execution has exceeded the max execution time"
	case at.Sub(stopped) > redrivablePeriod:
		return "Execution redrivable period exceeded"
	}
	return ""
}

func statusReason(status asl.Status) string {
	return "Execution is " + string(status) + " and cannot be redriven"
}

type RedriveExecutionInput struct {
	ExecutionArn *string `json:"executionArn"`
	ClientToken  *string `json:"clientToken"`
}

type RedriveExecutionOutput struct {
	RedriveDate Timestamp `json:"redriveDate"`
}

// RedriveExecution lets an execution that ended without success go on, with
// the definition that it was started with. A client token that redrove it in
// the last 15 minutes is answered as it was then, however the execution stands.
// https://docs.aws.amazon.com/step-functions/latest/apireference/API_RedriveExecution.html
func (s *Service) RedriveExecution(_ context.Context, in *RedriveExecutionInput) (*RedriveExecutionOutput, error) {
	if err := checkArn("executionArn", "execution", in.ExecutionArn); err != nil {
		return nil, err
	}
	if err := checkClientToken(in.ClientToken); err != nil {
		return nil, err
	}
	at := now()
	x := &execution{arn: *in.ExecutionArn, status: asl.Running}
	x.mu.Lock()
	defer x.mu.Unlock()
	was, date, err := s.reopen(x, in.ClientToken, at)
	if err != nil {
		return nil, err
	}
	if was != nil {
		x.restore(was)
		s.perform(x, x.machine.parsed.Step(x.state, at, asl.Redriven{}))
	}
	return &RedriveExecutionOutput{Timestamp(date)}, nil
}

func checkClientToken(token *string) error {
	if err := optional("clientToken", token, 64, false); err != nil || token == nil {
		return err
	}
	if strings.ContainsFunc(*token, func(r rune) bool { return r < '!' || r > '~' }) {
		return validation("Value '%s' at 'clientToken' failed to satisfy constraint: Member must satisfy regular expression pattern: [!-~]+", *token)
	}
	return nil
}

// reopen makes x, whose lock is held, the open execution in place of the
// closed one that was; for a repeated token it gives only the date of its
// redrive.
func (s *Service) reopen(x *execution, token *string, at time.Time) (was *closedExec, date time.Time, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expire(at)
	if open, ok := s.open[x.arn]; ok {
		if date, ok := open.redrives.repeated(token, at); ok {
			return nil, date, nil
		}
		return nil, date, executionNotRedrivable(x.arn, statusReason(asl.Running))
	}
	c, ok := s.closed.Get(x.arn)
	if !ok {
		return nil, date, executionDoesNotExist(x.arn)
	}
	if date, ok := c.redrives.repeated(token, at); ok {
		return nil, date, nil
	}
	if reason := notRedrivable(c.status, stored(c.journal).count, c.started, c.stopped, at); reason != "" {
		return nil, date, executionNotRedrivable(x.arn, reason)
	}
	if len(s.open) >= s.maxOpen {
		return nil, date, executionLimitExceeded()
	}
	x.machine, x.by, x.number, x.started, x.tokens = c.machine, c.by, c.number, c.started, c.tokens
	x.input, x.redrives = c.remainder.input, c.redrives.and(token, at)
	s.closed.Delete(x.arn)
	s.keep(x.arn)
	s.open[x.arn] = x
	s.listing.reopen(x.machine.name, x.arn, x.number, c.status)
	return &c, at, nil
}

// keep takes an execution off those that will be dropped.
func (s *Service) keep(arn string) {
	for i, e := range slices.Backward(s.expiry) { // it closed lately, as a rule
		if e.arn == arn {
			s.expiry = slices.Delete(s.expiry, i, i+1)
			return
		}
	}
}

// restore gives x the state and the history that it closed with.
func (x *execution) restore(was *closedExec) {
	history := x.machine.history
	x.state = new(asl.Execution)
	if err := json.Unmarshal(history.decompress(was.remainder.state), x.state); err != nil {
		panic(fmt.Sprintf("states: execution %s cannot be read back: %v", x.arn, err))
	}
	x.seed = x.state.Seed
	past := stored(was.journal)
	for e := range past.events(history, 1) {
		x.journal.append(history, e)
	}
}

func executionNotRedrivable(arn, reason string) error {
	return protocol.Errorf("ExecutionNotRedrivable", "Execution %s invalid for redrive as: %s", arn, reason)
}
