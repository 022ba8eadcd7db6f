package stack

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"orderflow/lambdas/order"
	"orderflow/statemachine/asl"
	"orderflow/statemachine/journey"
)

// StateMachineARN is the state machine's.
func (s *Stack) StateMachineARN() string { return s.resources["OrderStateMachine"] }

// ExecutionARN is an execution's: its name is its order's ID.
func (s *Stack) ExecutionARN(orderID string) string {
	return order.ExecutionsOf(s.StateMachineARN()).ARN(orderID)
}

// Definition is the state machine's, as it was deployed.
func (s *Stack) Definition(ctx context.Context) ([]byte, error) {
	out, err := s.states.DescribeStateMachine(ctx, &sfn.DescribeStateMachineInput{StateMachineArn: aws.String(s.StateMachineARN())})
	if err != nil {
		return nil, fmt.Errorf("stack: state machine: %w", err)
	}
	return []byte(aws.ToString(out.Definition)), nil
}

// DefinitionOf is the one that an execution runs, of whichever state machine.
// Error: ErrNoExecution.
func (s *Stack) DefinitionOf(ctx context.Context, executionARN string) ([]byte, error) {
	out, err := s.states.DescribeStateMachineForExecution(ctx, &sfn.DescribeStateMachineForExecutionInput{ExecutionArn: &executionARN})
	if err != nil {
		return nil, historyError(executionARN, err)
	}
	return []byte(aws.ToString(out.Definition)), nil
}

// ErrNoExecution is the error of asking for an execution that never was, or is
// no longer kept: Step Functions forgets one 90 days after its end.
// https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
var ErrNoExecution = errors.New("stack: there is no such execution")

// historyPage is how many events of a history are asked for at once.
const historyPage = 1000

// History is an execution's, from its first event on. Error: ErrNoExecution.
func (s *Stack) History(ctx context.Context, executionARN string) iter.Seq2[asl.HistoryEvent, error] {
	return s.history(ctx, executionARN, true)
}

// history is an execution's, with its data or without.
func (s *Stack) history(ctx context.Context, executionARN string, data bool) iter.Seq2[asl.HistoryEvent, error] {
	return func(yield func(asl.HistoryEvent, error) bool) {
		pages := sfn.NewGetExecutionHistoryPaginator(s.states, &sfn.GetExecutionHistoryInput{
			ExecutionArn: &executionARN, MaxResults: historyPage, IncludeExecutionData: &data,
		})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				yield(asl.HistoryEvent{}, historyError(executionARN, err))
				return
			}
			for _, raw := range page.Events {
				e, err := event(raw)
				if !yield(e, err) || err != nil {
					return
				}
			}
		}
	}
}

func historyError(executionARN string, err error) error {
	name := executionARN[strings.LastIndexByte(executionARN, ':')+1:]
	if _, ok := errors.AsType[*types.ExecutionDoesNotExist](err); ok {
		return fmt.Errorf("%w: %q", ErrNoExecution, name)
	}
	return fmt.Errorf("stack: history of execution %q: %w", name, err)
}

// How often Watch looks for more: at once after there was something, then ever
// less. Step Functions allows an account 15 such calls a second in the long run.
// https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
const (
	firstLook = 100 * time.Millisecond
	lastLook  = time.Second

	// newExecution is how long an execution may be unknown after its start.
	newExecution = 3 * time.Second
)

// Watch yields the history so far, and then what is recorded, until the
// execution has ended. One that was started only just now is waited for.
// Errors: ErrNoExecution, and ctx's.
func (s *Stack) Watch(ctx context.Context, executionARN string) iter.Seq2[asl.HistoryEvent, error] {
	return func(yield func(asl.HistoryEvent, error) bool) {
		var last asl.HistoryEvent
		pause, began := firstLook, time.Now()
		for {
			events, err := s.since(ctx, executionARN, last.ID)
			unknown := errors.Is(err, ErrNoExecution) && last.ID == 0 && time.Since(began) < newExecution
			if err != nil && !unknown {
				yield(asl.HistoryEvent{}, err)
				return
			}
			for _, e := range events {
				if !yield(e, nil) {
					return
				}
				last = e
			}
			if hasEnded(last) {
				return
			}
			pause = min(2*pause, lastLook)
			if len(events) > 0 {
				pause = firstLook
			}
			select {
			case <-time.After(pause):
			case <-ctx.Done():
				yield(asl.HistoryEvent{}, ctx.Err())
				return
			}
		}
	}
}

// hasEnded tells whether an execution's newest event is its end. A redriven
// execution goes on after one.
func hasEnded(newest asl.HistoryEvent) bool {
	switch newest.Type {
	case "ExecutionSucceeded", "ExecutionFailed", "ExecutionTimedOut", "ExecutionAborted":
		return true
	}
	return false
}

// since are the events after one, in order. They are read from the newest
// back, for a history may be long and what is new in it short.
func (s *Stack) since(ctx context.Context, executionARN string, id int64) ([]asl.HistoryEvent, error) {
	in := &sfn.GetExecutionHistoryInput{ExecutionArn: &executionARN, ReverseOrder: true, MaxResults: 20}
	if id == 0 {
		in.MaxResults = historyPage
	}
	var events []asl.HistoryEvent
	for pages := sfn.NewGetExecutionHistoryPaginator(s.states, in); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, historyError(executionARN, err)
		}
		for _, raw := range page.Events {
			if raw.Id <= id {
				slices.Reverse(events)
				return events, nil
			}
			e, err := event(raw)
			if err != nil {
				return nil, err
			}
			events = append(events, e)
		}
	}
	slices.Reverse(events)
	return events, nil
}

// now are the states that an execution is in, those within others alone.
func (s *Stack) now(ctx context.Context, executionARN string) (states []string, err error) {
	j, err := s.journey(ctx, executionARN, false)
	if err != nil {
		return nil, err
	}
	for _, v := range j.Now() {
		states = append(states, v.State)
	}
	return states, nil
}

// journey is an execution's so far, with its data or without. Error:
// ErrNoExecution.
func (s *Stack) journey(ctx context.Context, executionARN string, data bool) (*journey.Journey, error) {
	j := journey.New()
	for e, err := range s.history(ctx, executionARN, data) {
		if err != nil {
			return nil, err
		}
		j.Add(e)
	}
	return j, nil
}

// wait says whether the state still waits whose token an event carries.
func (s *Stack) wait(ctx context.Context, e *order.Event) (Wait, error) {
	if e == nil || e.Data.TaskToken == "" {
		return WaitNone, nil
	}
	j, err := s.journey(ctx, s.ExecutionARN(e.Data.OrderID), true)
	if errors.Is(err, ErrNoExecution) {
		return WaitOver, nil
	}
	if err != nil {
		return WaitNone, err
	}
	return waitOf(j, e.Data.TaskToken), nil
}

func waitOf(j *journey.Journey, token string) Wait {
	for _, v := range j.Visits {
		for _, a := range v.Attempts {
			if a.Outcome == journey.Running && strings.Contains(a.Arguments, token) {
				return WaitOpen
			}
		}
	}
	return WaitOver
}
