// Package journey tells what an execution of any state machine did, state by
// state, from the history that AWS records of it.
//
//	j := journey.New()
//	for e := range events {
//		j.Add(e)
//	}
//	for _, v := range j.Visits { ... }
package journey

import (
	"time"

	"orderflow/statemachine/asl"
)

// An Outcome is what became of a state, or of one attempt at its task.
type Outcome string

const (
	Running   Outcome = "running"
	Succeeded Outcome = "succeeded"
	Caught    Outcome = "caught" // it failed, and a Catch went on elsewhere
	Failed    Outcome = "failed"
	Aborted   Outcome = "aborted" // it ended because a sibling failed or the execution was stopped
)

// A Journey is an execution as its history has told it so far.
type Journey struct {
	Status         asl.Status
	Started, Ended time.Time // Ended is zero while it runs
	Input, Output  string    // JSON
	Error, Cause   *string
	Redrives       int64

	Visits []*Visit // in the order in which they were entered
	Events []Event
}

// An Event is one of the history, and where it belongs.
type Event struct {
	asl.HistoryEvent
	Visit *Visit // nil: it is the execution's own
}

// A Visit is one stay in a state: it is entered once, whatever is retried
// within it. A state in a loop or in a Map is visited more than once.
type Visit struct {
	ID              int64  // of the event that entered it
	State, Type     string // Type is that of the language: Task, Parallel, …
	Within          *Visit // the Parallel or Map around it; nil: none
	Branch          int64  // of the Parallel, or iteration of the Map, around it
	Entered, Exited time.Time
	Outcome         Outcome
	Attempts        []Attempt // at a task, or at a Parallel or Map as a whole

	Input, Output string            // JSON; Output is "" while there is none
	Variables     map[string]string // in scope on entering it, each as JSON
	Assigned      map[string]string // on leaving it
	Error, Cause  *string           // of the last attempt, if that failed

	Events []int64 // IDs of its own events, in order
}

// An Attempt is one try at a task.
type Attempt struct {
	Scheduled, Ended time.Time // Ended is zero while it runs
	Submitted        time.Time // when it began to wait for its token; zero: it does not
	Outcome          Outcome
	Arguments        string // JSON
	Result           string // JSON
	Error, Cause     *string
}
