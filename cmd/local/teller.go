package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"orderflow/statemachine"
	"orderflow/statemachine/asl"
)

// A teller tells an execution's history to a person, event by event, with the
// time since it began.
type teller struct {
	out      io.Writer
	began    time.Time
	comments map[string]string // of each state, the first sentence
	state    map[int64]string  // that each event belongs to
	asked    map[string]bool   // states that wait, or waited, for an answer
}

func newTeller(w io.Writer, began time.Time) *teller {
	comments := map[string]string{}
	var definition scope
	if err := json.Unmarshal(statemachine.Definition, &definition); err == nil {
		definition.collect(comments)
	}
	return &teller{out: w, began: began.Truncate(time.Millisecond), comments: comments, state: map[int64]string{}, asked: map[string]bool{}}
}

// A scope is a state machine, or a branch of one.
type scope struct {
	States map[string]struct {
		Comment       string
		Branches      []scope
		ItemProcessor *scope
	}
}

func (s scope) collect(comments map[string]string) {
	for name, state := range s.States {
		comments[name], _, _ = strings.Cut(state.Comment, ". ")
		for _, branch := range state.Branches {
			branch.collect(comments)
		}
		if state.ItemProcessor != nil {
			state.ItemProcessor.collect(comments)
		}
	}
}

// tell tells what happened at a time, to the millisecond as AWS's timestamps.
func (t *teller) tell(at time.Time, who, what string) {
	elapsed := max(at.Sub(t.began), 0)
	fmt.Fprintf(t.out, "  %6d ms  %-17s %s\n", elapsed.Milliseconds(), who, what)
}

// event tells one event. Those that a person would take for granted are left
// out.
func (t *teller) event(e asl.HistoryEvent) {
	state := t.state[e.PreviousID]
	switch d := e.Details.(type) {
	case *asl.StateEnteredDetails:
		state = d.Name
		t.tell(e.Timestamp, state, t.comments[state])
	case *asl.TaskSubmittedDetails:
		t.asked[state] = true
		t.tell(e.Timestamp, state, "has asked, and waits for the answer")
	case *asl.TaskSucceededDetails:
		if t.asked[state] {
			t.tell(e.Timestamp, state, "is answered: "+readable(d.Output))
		}
	case *asl.TaskFailedDetails:
		t.tell(e.Timestamp, state, "fails: "+fault(d.Error, d.Cause))
	case *asl.TaskTimedOutDetails:
		t.tell(e.Timestamp, state, "is out of time: "+fault(d.Error, d.Cause))
	case *asl.ExecutionSucceededDetails:
		t.tell(e.Timestamp, "the execution", "has succeeded")
	case *asl.ExecutionFailedDetails:
		t.tell(e.Timestamp, "the execution", "has failed: "+fault(d.Error, d.Cause))
	case *asl.ExecutionTimedOutDetails:
		t.tell(e.Timestamp, "the execution", "is out of time: "+fault(d.Error, d.Cause))
	case *asl.ExecutionAbortedDetails:
		t.tell(e.Timestamp, "the execution", "was stopped: "+fault(d.Error, d.Cause))
	}
	t.state[e.ID] = state
}

// readable is a small JSON object as a person would write it.
func readable(output string) string {
	members := map[string]any{}
	if json.Unmarshal([]byte(output), &members) != nil {
		return clip(output)
	}
	for _, label := range []struct{ member, text string }{
		{"trackingNumber", "booked, tracking number %v"},
		{"reservationId", "stock is set aside, reservation %v"},
	} {
		if v, ok := members[label.member]; ok {
			return fmt.Sprintf(label.text, v)
		}
	}
	return clip(output)
}

// fault is an error with its cause; a Lambda function's cause is JSON.
func fault(name, cause *string) string {
	var parts []string
	if name != nil {
		parts = append(parts, *name)
	}
	if cause != nil {
		var thrown struct {
			Message string `json:"errorMessage"`
		}
		if json.Unmarshal([]byte(*cause), &thrown) == nil && thrown.Message != "" {
			parts = append(parts, thrown.Message)
		} else {
			parts = append(parts, *cause)
		}
	}
	return strings.Join(parts, ": ")
}
