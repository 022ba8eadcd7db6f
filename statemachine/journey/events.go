package journey

import (
	"encoding/json"
	"maps"
	"strings"
	"time"

	"orderflow/statemachine/asl"
)

// A thread walks one graph of states: the machine's, a branch's or an
// iteration's.
type thread struct {
	within    *Visit
	branch    int64
	variables map[string]string // at present; replaced when they change
}

// A place is where an event belongs. What is entered next goes on with its
// thread, or begins a branch of its visit if there is no thread.
type place struct {
	visit  *Visit
	thread *thread
	at     time.Time
}

// An entry is how a state was entered: the event that this points at, and the
// state's name, for all branches of a Parallel point at the same event.
type entry struct {
	previous int64
	state    string
}

// tell takes an event in and finds its place: that of the event before it,
// unless its type is about something else.
func (j *Journey) tell(e asl.HistoryEvent, last place) place {
	if _, what, ok := strings.Cut(e.Type, "State"); ok {
		return j.state(e, what, last)
	}
	if what, ok := strings.CutPrefix(e.Type, "MapIteration"); ok {
		return j.iteration(e, what, last)
	}
	if what, ok := strings.CutPrefix(e.Type, "Execution"); ok {
		j.execution(e, what)
		return place{thread: j.top}
	}
	if e.Type == "EvaluationFailed" {
		return j.evaluationFailed(e, last)
	}
	for _, kind := range []string{"Task", "LambdaFunction", "Activity"} {
		if what, ok := strings.CutPrefix(e.Type, kind); ok && last.visit != nil {
			last.visit.task(e, what)
		}
	}
	return last
}

// state takes in what became of a state.
func (j *Journey) state(e asl.HistoryEvent, what string, last place) place {
	switch what {
	case "Entered":
		return j.entered(e, last)
	case "Exited":
		return j.exited(e, last)
	case "Started":
		return j.started(e, last)
	case "Succeeded":
		return j.succeeded(e, last)
	case "Failed":
		return j.failed(e, last)
	case "Aborted":
		return j.aborted(e, last)
	}
	return last
}

// typeOf is the type of the state that an event is about.
func typeOf(e asl.HistoryEvent) string {
	typ, _, _ := strings.Cut(e.Type, "State")
	return typ
}

func (j *Journey) entered(e asl.HistoryEvent, last place) place {
	d, _ := e.Details.(*asl.StateEnteredDetails)
	if d == nil {
		return last
	}
	t := last.thread
	switch around := last.visit; {
	case t == nil && around != nil:
		t = &thread{within: around, branch: around.branches, variables: around.Variables}
		around.branches++
	case t == nil:
		t = j.top
	}
	v := &Visit{
		ID: e.ID, State: d.Name, Type: typeOf(e), Within: t.within, Branch: t.branch,
		Entered: e.Timestamp, Outcome: Running, Input: d.Input, Variables: t.variables, thread: t,
	}
	if v.Type == "Fail" {
		v.end(Failed, e.Timestamp)
	}
	j.Visits = append(j.Visits, v)
	j.standing = append(j.standing, v)
	j.states[v.State] = append(j.states[v.State], v)
	j.entries[entry{e.PreviousID, v.State}] = v
	return place{visit: v, thread: t}
}

// exited takes in a success, or a failure that was caught: the event is the
// same, and only what was recorded before it tells. (Nothing is of an Assign or
// Output over AWS's limits: caught, it passes for a success.) A Parallel or Map
// is left from the last event inside of it.
func (j *Journey) exited(e asl.HistoryEvent, last place) place {
	d, _ := e.Details.(*asl.StateExitedDetails)
	if d == nil {
		return last
	}
	v := last.visit.outwards(func(v *Visit) bool { return v.State == d.Name })
	if v == nil {
		return place{thread: last.thread}
	}
	v.Output, v.Assigned = d.Output, d.AssignedVariables
	if len(v.Assigned) > 0 {
		now := make(map[string]string, len(v.thread.variables)+len(v.Assigned))
		maps.Copy(now, v.thread.variables)
		maps.Copy(now, v.Assigned)
		v.thread.variables = now
	}
	if v.failing {
		v.failureFrom(d.Output)
		v.end(Caught, e.Timestamp)
	} else {
		v.end(Succeeded, e.Timestamp)
	}
	j.leave(v)
	return place{visit: v, thread: v.thread}
}

// failureFrom takes the failure from what a Catch without an Output puts out,
// which knows more than was recorded of a Fail inside of the state, or of a
// Map that tolerated no more.
func (v *Visit) failureFrom(output string) {
	var failure map[string]*string
	if json.Unmarshal([]byte(output), &failure) != nil || len(failure) != 2 {
		return
	}
	name, named := failure["Error"]
	cause, caused := failure["Cause"]
	if named && caused {
		v.because(name, cause)
	}
}

// evaluationFailed finds the state by its entry, for the event points at what
// that points at. Only some types of state can be retried or caught.
func (j *Journey) evaluationFailed(e asl.HistoryEvent, last place) place {
	d, _ := e.Details.(*asl.EvaluationFailedDetails)
	if d == nil {
		return last
	}
	v := j.entries[entry{e.PreviousID, d.State}]
	if v == nil {
		v = last.visit.outwards(func(v *Visit) bool { return v.State == d.State })
	}
	if v == nil {
		return place{thread: last.thread}
	}
	v.failing, v.Error, v.Cause = true, &d.Error, &d.Cause
	switch v.Type {
	case "Task", "Parallel", "Map":
	default:
		v.end(Failed, e.Timestamp)
	}
	return place{visit: v, thread: v.thread}
}

// task takes in what became of an attempt at a task.
func (v *Visit) task(e asl.HistoryEvent, what string) {
	switch what {
	case "Scheduled":
		v.try(Attempt{Scheduled: e.Timestamp, Outcome: Running, Arguments: argumentsOf(e)})
	case "Submitted":
		if v.attempted(Running) {
			v.attempt().Submitted = e.Timestamp
		}
	case "Succeeded":
		v.succeed(resultOf(e), e.Timestamp)
	case "Failed", "TimedOut", "ScheduleFailed", "StartFailed", "SubmitFailed":
		name, cause := failureOf(e)
		v.fail(name, cause, e.Timestamp)
	}
}

// execution takes in what became of the whole.
func (j *Journey) execution(e asl.HistoryEvent, what string) {
	switch d := e.Details.(type) {
	case *asl.ExecutionStartedDetails:
		j.Input = d.Input
	case *asl.ExecutionSucceededDetails:
		j.Output = d.Output
	case *asl.ExecutionRedrivenDetails:
		j.Redrives = d.RedriveCount
	}
	switch what {
	case "Succeeded":
		j.end(asl.Succeeded, e)
		j.standing = nil
	case "Failed":
		for _, v := range j.standing {
			if v.Within == nil {
				name, cause := failureOf(e)
				v.fail(name, cause, e.Timestamp)
				stop([]*Visit{v}, v, e.Timestamp)
			}
		}
		j.end(asl.Failed, e)
	case "TimedOut":
		j.end(asl.TimedOut, e)
	case "Aborted":
		j.end(asl.Aborted, e)
	case "Redriven":
		j.Status, j.Ended, j.Output, j.Error, j.Cause = asl.Running, time.Time{}, "", nil, nil
		for _, v := range j.standing {
			v.redrive(e.Timestamp)
		}
	}
}

func (j *Journey) end(status asl.Status, e asl.HistoryEvent) {
	j.Status, j.Ended = status, e.Timestamp
	j.Error, j.Cause = failureOf(e)
	stop(j.standing, nil, e.Timestamp)
}

func argumentsOf(e asl.HistoryEvent) string {
	switch d := e.Details.(type) {
	case *asl.TaskScheduledDetails:
		return d.Parameters
	case *asl.LambdaFunctionScheduledDetails:
		return d.Input
	}
	return ""
}

func resultOf(e asl.HistoryEvent) string {
	switch d := e.Details.(type) {
	case *asl.TaskSucceededDetails:
		return d.Output
	case *asl.LambdaFunctionSucceededDetails:
		return d.Output
	}
	return ""
}

func failureOf(e asl.HistoryEvent) (name, cause *string) {
	switch d := e.Details.(type) {
	case *asl.TaskFailedDetails:
		return d.Error, d.Cause
	case *asl.TaskTimedOutDetails:
		return d.Error, d.Cause
	case *asl.LambdaFunctionFailedDetails:
		return d.Error, d.Cause
	case *asl.LambdaFunctionTimedOutDetails:
		return d.Error, d.Cause
	case *asl.ExecutionFailedDetails:
		return d.Error, d.Cause
	case *asl.ExecutionTimedOutDetails:
		return d.Error, d.Cause
	case *asl.ExecutionAbortedDetails:
		return d.Error, d.Cause
	}
	return nil, nil
}
