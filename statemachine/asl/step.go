package asl

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"orderflow/statemachine/asl/jsonata"
)

// Start begins an execution. Params.Input must be JSON.
func (m *Machine) Start(p Params) (*Execution, []Command) {
	x := &Execution{
		ARN: p.ExecutionARN, Name: p.ExecutionName, RoleARN: p.RoleARN,
		StateMachineARN: p.StateMachineARN, StateMachineName: p.StateMachineName,
		Input: clean(p.Input), StartTime: p.Now, Status: Running, Seed: p.Seed,
		machine: m,
	}
	r := &run{machine: m, x: x, now: p.Now}
	r.record(0, "ExecutionStarted", &ExecutionStartedDetails{Input: x.Input, InputDetails: whole, RoleARN: x.RoleARN})
	r.limitExecution()
	if !json.Valid([]byte(x.Input)) {
		r.end(Failed, failure{name: runtimeError, cause: ptr("The execution's input is not JSON.")})
		return x, r.commands
	}
	x.Top = &thread{graph: m.top}
	r.proceed(x.Top, move{m.top.start, x.Input})
	return x, r.finish()
}

// Step tells an execution what happened and gives what to do about it. What
// the execution does not wait for changes nothing.
func (m *Machine) Step(x *Execution, now time.Time, e Event) []Command {
	if !x.takes(e) {
		return nil
	}
	x.link(m)
	r := &run{machine: m, x: x, now: now}
	switch e := e.(type) {
	case TaskStarted:
		r.withTask(e.TaskID, r.taskStarted)
	case TaskSubmitted:
		r.withTask(e.TaskID, func(t *thread) { r.taskSubmitted(t, clean(e.Output)) })
	case TaskSucceeded:
		r.withTask(e.TaskID, func(t *thread) { r.taskSucceeded(t, clean(e.Output)) })
	case TaskFailed:
		r.withTask(e.TaskID, func(t *thread) { r.taskFailed(t, e.Error, e.Cause) })
	case TaskHeartbeat:
		r.withTask(e.TaskID, r.taskHeartbeat)
	case TimerFired:
		r.timerFired(e.TimerID)
	case Stop:
		r.release(x.Top)
		r.end(Aborted, failure{name: deref(e.Error), noName: e.Error == nil, cause: e.Cause})
	case Redriven:
		r.redriven()
	}
	return r.finish()
}

// takes says that an event may change the execution: once it has ended, only
// a redrive may.
func (x *Execution) takes(e Event) bool {
	if _, ok := e.(Redriven); ok {
		return x.Redrivable()
	}
	return x.Status == Running
}

// A run is one step of an execution.
type run struct {
	machine  *Machine
	x        *Execution
	now      time.Time
	commands []Command

	execution, stateMachine *jsonata.Object // of the context object
	used                    []*jsonata.Text // decoded on the way
}

// emit adds a command; nothing follows the end of an execution.
func (r *run) emit(c Command) {
	if r.running() {
		r.commands = append(r.commands, c)
	}
}

func (r *run) running() bool { return r.x.Status == Running }

// finish forgets what was decoded on the way: a waiting execution is text.
func (r *run) finish() []Command {
	for _, text := range r.used {
		text.Forget()
	}
	return r.commands
}

// whole says of a payload in the history that it is all there.
var whole = &DataDetails{}

// record appends an event to the history. The last event there may be is kept
// for the execution's failure.
func (r *run) record(previous int64, typ string, details any) int64 {
	if !r.running() {
		return r.x.Events
	}
	if r.x.Events == MaxHistory-1 && !strings.HasPrefix(typ, "Execution") {
		r.release(r.x.Top)
		r.end(Failed, failure{
			name:  runtimeError,
			cause: ptr("The execution reached the maximum number of history events (" + strconv.Itoa(MaxHistory) + ")."),
		})
		return r.x.Events
	}
	r.x.Events++
	r.emit(Record{HistoryEvent{ID: r.x.Events, PreviousID: previous, Timestamp: r.now, Type: typ, Details: details}})
	return r.x.Events
}

// chain records an event of a thread.
func (r *run) chain(t *thread, typ string, details any) {
	t.Previous = r.record(t.Previous, typ, details)
}

func (r *run) setTimer(after time.Duration) int64 {
	r.x.Timers++
	r.emit(SetTimer{TimerID: r.x.Timers, At: r.now.Add(after)})
	return r.x.Timers
}

func (r *run) clearTimer(id *int64) {
	if *id != 0 {
		r.emit(ClearTimer{TimerID: *id})
	}
	*id = 0
}

// end completes the execution other than by success.
func (r *run) end(status Status, f failure) {
	if !r.running() {
		return
	}
	details := FailureDetails{Error: f.error(), Cause: f.cause}
	complete := Complete{Status: status, Error: details.Error, Cause: details.Cause}
	switch status {
	case Failed:
		previous := r.x.RedriveEvent
		if r.x.Top != nil {
			previous = max(previous, r.x.Top.Previous)
		}
		r.record(previous, "ExecutionFailed", (*ExecutionFailedDetails)(&details))
	case TimedOut:
		// DescribeExecution names no error: the status says it all.
		r.record(0, "ExecutionTimedOut", (*ExecutionTimedOutDetails)(&details))
		complete.Error = nil
	case Aborted:
		r.record(0, "ExecutionAborted", (*ExecutionAbortedDetails)(&details))
	}
	r.complete(complete)
}

func (r *run) complete(c Complete) {
	r.clearTimer(&r.x.Timer)
	r.emit(c)
	r.x.Status = c.Status
	if c.Status == Succeeded {
		r.x.Top = nil
	}
}

// release cancels whatever a thread and its children wait for.
func (r *run) release(t *thread) {
	if t == nil {
		return
	}
	r.clearTimer(&t.Timer)
	r.dropTask(t, true)
	t.Stopped = true
	for _, child := range t.Children {
		r.release(child)
	}
}

func (r *run) timerFired(id int64) {
	if id == 0 {
		return
	}
	if id == r.x.Timer {
		r.x.Timer = 0
		r.release(r.x.Top)
		r.end(TimedOut, failure{name: timeoutError})
		return
	}
	t := r.x.Top.find(func(t *thread) bool {
		return t.Timer == id || t.Task != nil && (t.Task.Timeout == id || t.Task.Heartbeat == id)
	})
	switch {
	case t == nil:
	case t.Timer == id:
		t.Timer = 0
		s := t.state()
		if s.kind == waitState {
			r.proceed(t, r.leave(t, s, t.Input, nil))
			return
		}
		t.RetryCount++
		r.proceed(t, r.attempt(t, s))
	case t.Task.Timeout == id:
		t.Task.Timeout = 0
		r.proceed(t, r.taskTimedOut(t, false))
	default:
		t.Task.Heartbeat = 0
		r.proceed(t, r.taskTimedOut(t, true))
	}
}

// clean is JSON text in valid UTF-8.
func clean(b json.RawMessage) string { return strings.ToValidUTF8(string(b), "\uFFFD") }

func ptr[T any](v T) *T { return &v }

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
