// Package journey tells what an execution of any state machine did, state by
// state, from the history that AWS records of it.
//
//	j := journey.New()
//	for e := range events {
//		j.Add(e)
//	}
//	for _, v := range j.Visits { ... }
//
// It needs no definition: what belongs together follows from the event that
// each event points back at.
// https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html
package journey

import (
	"iter"
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

// A Journey is an execution as its history has told it so far. One goroutine
// at a time may use it.
type Journey struct {
	Status         asl.Status
	Started, Ended time.Time // by its first event, and by its last; Ended is zero while it runs
	Input, Output  string    // JSON
	Error, Cause   *string
	Redrives       int64

	Visits []*Visit // in the order in which they were entered
	Events []Event

	top      *thread
	places   map[int64]place     // of each event, by its ID
	entries  map[entry]*Visit    // the latest of each
	states   map[string][]*Visit // of each state
	standing []*Visit            // entered and not left, by ID: what a redrive goes on with
	aborting aborting
}

// An Event is one of the history, and where it belongs.
type Event struct {
	asl.HistoryEvent
	Visit *Visit // nil: it is the execution's own
}

// A Visit is one stay in a state: it is entered once, whatever is retried or
// redriven within it. A state in a loop or in a Map is visited more than once.
type Visit struct {
	ID          int64  // of the event that entered it
	State, Type string // Type is that of the language: Task, Parallel, …
	Within      *Visit // the Parallel or Map around it; nil: none

	// Branch is the iteration of the Map around it, or tells the branches of
	// the Parallel around it apart: they are numbered as they began, in this
	// attempt at it. Which branch of the definition that is, the state's name
	// says to who knows the definition; the history does not.
	Branch int64

	Entered, Exited time.Time // Exited is zero while it runs
	Outcome         Outcome

	// Attempts at a task, or at a Parallel or Map as a whole; other states have
	// none. A redrive is another attempt at a task, and goes on with that at a
	// Parallel or Map.
	Attempts []Attempt

	Input, Output string            // JSON; Output is "" while there is none
	Variables     map[string]string // in scope on entering it, each as JSON; shared, so never to be changed
	Assigned      map[string]string // on leaving it
	Error, Cause  *string           // of the last attempt, if that failed

	Events []int64 // IDs of its own events, in order

	thread   *thread
	branches int64         // begun in this attempt at a Parallel
	failing  bool          // nothing was tried since it failed
	away     time.Duration // between its ends and its redrives
	lost     []*Visit      // of a Map: what stood in the last iteration to fail
	redriven *Visit        // what it was before the latest redrive
}

// An Attempt is one try at a task.
type Attempt struct {
	Scheduled, Ended time.Time // Ended is zero while it runs
	Submitted        time.Time // when it began to wait for its token or job; zero: it does not
	Outcome          Outcome
	Arguments        string // JSON; a Parallel's and a Map's are not recorded
	Result           string // JSON; a Parallel's and a Map's is the output of the visit
	Error, Cause     *string
}

// New is the journey of an execution of which nothing is told yet.
func New() *Journey {
	return &Journey{
		Status:  asl.Running,
		top:     &thread{},
		places:  map[int64]place{},
		entries: map[entry]*Visit{},
		states:  map[string][]*Visit{},
	}
}

// Read is the journey that a history tells.
func Read(events iter.Seq[asl.HistoryEvent]) *Journey {
	j := New()
	for e := range events {
		j.Add(e)
	}
	return j
}

// Add tells the next event, and gives where it belongs. One that was told
// before changes nothing. What comes before the first event is unknown and
// missing: a state that was entered then has no visit.
func (j *Journey) Add(e asl.HistoryEvent) Event {
	if p, again := j.places[e.ID]; again {
		return Event{e, p.visit}
	}
	if len(j.Events) == 0 {
		j.Started = e.Timestamp
	}
	p := j.tell(e, j.places[e.PreviousID])
	p.at = e.Timestamp
	j.places[e.ID] = p
	if p.visit != nil {
		p.visit.Events = append(p.visit.Events, e.ID)
	}
	told := Event{e, p.visit}
	j.Events = append(j.Events, told)
	return told
}

// Elapsed is the time from the start of the execution to an event.
func (j *Journey) Elapsed(e Event) time.Duration { return e.Timestamp.Sub(j.Started) }

// A State sums up the visits to a state.
type State struct {
	Outcome Outcome // Running if any visit runs, or else the last one's; "": it was not visited
	Visits  int
	Retries int // attempts beyond the first, over all visits

	// Time spent in it, over all visits: of one that runs, until the latest
	// event of the execution.
	Time time.Duration
}

// State sums up a state by its name.
func (j *Journey) State(name string) State {
	var s State
	for _, v := range j.states[name] {
		s.Visits++
		s.Retries += max(0, len(v.Attempts)-1)
		s.Time += v.Took(j.Events[len(j.Events)-1].Timestamp)
		if s.Outcome != Running || v.Outcome == Running {
			s.Outcome = v.Outcome
		}
	}
	return s
}

// Now are the visits that run and have none within them that does, in the order
// in which they were entered.
func (j *Journey) Now() []*Visit {
	outer := map[*Visit]bool{}
	for _, v := range j.standing {
		if v.Outcome == Running {
			for w := v.Within; w != nil && !outer[w]; w = w.Within {
				outer[w] = true
			}
		}
	}
	var now []*Visit
	for _, v := range j.standing {
		if v.Outcome == Running && !outer[v] {
			now = append(now, v)
		}
	}
	return now
}

// Took is the time spent in the state, until now if it still runs. Between the
// end of an execution and its redrive no time is spent.
func (v *Visit) Took(now time.Time) time.Duration {
	if v.Outcome != Running {
		now = v.Exited
	}
	return max(0, now.Sub(v.Entered)-v.away)
}

// Retrying says that the last attempt failed and the next has not begun. A
// failure that is not retried is told apart by the event that follows it.
func (v *Visit) Retrying() bool {
	return v.Outcome == Running && v.failing && !v.attempted(Running)
}
