// Package asl is what any state machine means: Amazon States Language as a
// pure function from (execution, what just happened) to (execution, what to do
// next). It knows nothing of orders, clocks, goroutines or networks.
// https://docs.aws.amazon.com/step-functions/latest/dg/concepts-amazon-states-language.html
//
// Parse checks a definition once. Start and Step then advance one Execution,
// a plain value that can be marshalled between any two steps:
//
//	m, err := asl.Parse(definition)
//	x, commands := m.Start(params)
//	for each thing that happens:
//		commands := m.Step(x, now, event)
//
// The caller performs the commands and reports back with events.
package asl

import (
	"encoding/json"
	"time"
)

// Limits as AWS documents them.
// https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
const (
	MaxPayload = 256 << 10 // bytes of UTF-8: a task's, state's or execution's input or output
	MaxHistory = 25_000    // events in one execution's history
)

// Params are what a new execution begins with.
type Params struct {
	ExecutionARN, ExecutionName, RoleARN string
	StateMachineARN, StateMachineName    string
	Input                                json.RawMessage
	Now                                  time.Time

	// Seed feeds whatever the language leaves to chance: retry jitter,
	// $random and $uuid, the nonce in task tokens.
	Seed uint64
}

// Status is an execution's status, as AWS spells it.
type Status string

const (
	Running   Status = "RUNNING"
	Succeeded Status = "SUCCEEDED"
	Failed    Status = "FAILED"
	TimedOut  Status = "TIMED_OUT"
	Aborted   Status = "ABORTED"
)

// An Event is something that happened to an execution. TaskID is the one of
// the ScheduleTask command it answers. An event for a task or timer that the
// execution no longer waits for changes nothing.
type Event interface{ event() }

type (
	// TaskStarted: the resource has accepted the call.
	TaskStarted struct{ TaskID int64 }

	// TaskSubmitted: a waitForTaskToken call has returned; its token is waited for.
	TaskSubmitted struct {
		TaskID int64
		Output json.RawMessage
	}

	// TaskSucceeded: the task's result, from the call or from SendTaskSuccess.
	TaskSucceeded struct {
		TaskID int64
		Output json.RawMessage
	}

	// TaskFailed: the call failed, or SendTaskFailure came. Nil: not given.
	TaskFailed struct {
		TaskID       int64
		Error, Cause *string
	}

	// TaskHeartbeat: SendTaskHeartbeat came.
	TaskHeartbeat struct{ TaskID int64 }

	// TimerFired: the time of a SetTimer command has come.
	TimerFired struct{ TimerID int64 }

	// Stop: StopExecution came. Nil: not given.
	Stop struct{ Error, Cause *string }

	// Redriven: RedriveExecution came. It changes nothing unless the execution
	// is Redrivable.
	Redriven struct{}
)

func (TaskStarted) event()   {}
func (TaskSubmitted) event() {}
func (TaskSucceeded) event() {}
func (TaskFailed) event()    {}
func (TaskHeartbeat) event() {}
func (TimerFired) event()    {}
func (Stop) event()          {}
func (Redriven) event()      {}

// A Command is something the caller must do for the execution.
type Command interface{ command() }

type (
	// Record: append to the execution's history. Commands come in history order.
	Record struct{ HistoryEvent }

	// ScheduleTask: call Resource with Arguments (JSON); answer with TaskStarted,
	// then TaskSucceeded or TaskFailed (for WaitForToken: TaskSubmitted, and only
	// then whatever is sent for the token; it may be sent before the call returns).
	ScheduleTask struct {
		TaskID       int64
		State        string
		Resource     string // as written in the definition
		Arguments    json.RawMessage
		WaitForToken bool
		Token        string // what $states.context.Task.Token gave; "" unless WaitForToken
	}

	// CancelTask: nobody waits for the task any more (timeout, failed sibling, stop).
	CancelTask struct{ TaskID int64 }

	// SetTimer: send TimerFired at the given time. ClearTimer: never mind.
	SetTimer struct {
		TimerID int64
		At      time.Time
	}
	ClearTimer struct{ TimerID int64 }

	// Complete: the execution has ended; always the last command, until it is
	// redriven.
	Complete struct {
		Status       Status
		Output       json.RawMessage // when Succeeded
		Error, Cause *string         // otherwise, nil where AWS gives none
	}
)

func (Record) command()       {}
func (ScheduleTask) command() {}
func (CancelTask) command()   {}
func (SetTimer) command()     {}
func (ClearTimer) command()   {}
func (Complete) command()     {}
