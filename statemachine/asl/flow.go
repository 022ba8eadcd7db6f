package asl

import (
	"encoding/json"
	"time"
	"unicode"

	"orderflow/statemachine/asl/jsonata"
)

// A move is where a thread goes next: nowhere, when it waits or is over.
type move struct {
	to    *state
	input string // JSON text
}

// proceed takes a thread from state to state until it has to wait.
func (r *run) proceed(t *thread, next move) {
	for next.to != nil && r.running() {
		next = r.enter(t, next.to, next.input)
	}
}

// enter begins a state; it gives the next one if the state is over already.
func (r *run) enter(t *thread, s *state, input string) move {
	t.State, t.Entered, t.Input = s.name, r.now, input
	t.Retries, t.RetryCount = nil, 0
	t.Before = t.Previous
	r.chain(t, enteredType[s.kind], &StateEnteredDetails{Name: s.name, Input: input, InputDetails: whole})
	t.Event = t.Previous
	if !r.running() {
		return move{}
	}
	return r.attempt(t, s)
}

// attempt does what a state is for.
func (r *run) attempt(t *thread, s *state) move {
	switch s.kind {
	case taskState:
		return r.schedule(t, s)
	case choiceState:
		return r.choose(t, s)
	case waitState:
		return r.wait(t, s)
	case failState:
		return r.failing(t, s)
	case parallelState:
		return r.fork(t, s)
	case mapState:
		return r.iterate(t, s)
	}
	return r.leave(t, s, t.Input, nil) // Pass, Succeed
}

// leave ends a state that succeeded. output is what it puts out unless it has
// an Output; result is nil for states that have none.
func (r *run) leave(t *thread, s *state, output string, result *string) move {
	sc := r.scope(t)
	sc.result = result
	return r.leaveBy(sc, s, s.assign, s.output, s.next, output)
}

func (r *run) leaveBy(sc *scope, s *state, assign []assignment, out *template, next *state, output string) move {
	t := sc.thread
	assigned, f := sc.assign(assign)
	if f == nil && out != nil {
		output, f = sc.render(out)
	}
	if f == nil {
		f = t.limit(output)
	}
	if f != nil {
		return r.fail(t, s, f)
	}
	r.exit(t, s, output, assigned)
	if next == nil {
		r.ended(t, output)
		return move{}
	}
	return move{next, output}
}

// exit records that a state is left; only now its variables change.
func (r *run) exit(t *thread, s *state, output string, assigned map[string]string) {
	details := &StateExitedDetails{Name: s.name, Output: output, OutputDetails: whole}
	if len(assigned) > 0 {
		details.AssignedVariables, details.AssignedVariablesDetails = assigned, whole
		if t.Variables == nil {
			t.Variables = make(variables, len(assigned))
		}
		for name, text := range assigned {
			t.Variables[name] = &variable{JSON: text}
		}
	}
	r.chain(t, exitedType[s.kind], details)
}

// ended is called when a thread has left its last state.
func (r *run) ended(t *thread, output string) {
	if !r.running() {
		return
	}
	if t.parent != nil {
		r.joined(t, output)
		return
	}
	r.record(t.Previous, "ExecutionSucceeded", &ExecutionSucceededDetails{Output: output, OutputDetails: whole})
	r.complete(Complete{Status: Succeeded, Output: json.RawMessage(output)})
}

// MaxVariables is how many bytes all variables of an execution may hold.
// https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
const MaxVariables = 10 << 20

// assign evaluates assignments against the values before any of them.
func (s *scope) assign(assign []assignment) (map[string]string, *failure) {
	if len(assign) == 0 {
		return nil, nil
	}
	assigned := make(map[string]string, len(assign))
	size := 0
	for i := range assign {
		a := &assign[i]
		text, f := s.render(a.value)
		if f != nil {
			return nil, f
		}
		size += len(text)
		if len(text) > MaxPayload || size > MaxPayload {
			return nil, s.thread.broken(dataLimitError, "The value assigned to variable '%s' exceeds the maximum number of bytes service limit.", a.name)
		}
		assigned[a.name] = text
	}
	for t := s.thread; t != nil; t = t.parent {
		for name, v := range t.Variables {
			if _, replaced := assigned[name]; !replaced {
				size += len(v.JSON)
			}
		}
	}
	if size > MaxVariables {
		return nil, s.thread.broken(dataLimitError, "The variables exceed the maximum number of bytes service limit.")
	}
	return assigned, nil
}

// limit refuses an output that is too large.
func (t *thread) limit(output string) *failure {
	if len(output) <= MaxPayload {
		return nil
	}
	cause := tooLarge(t.State)
	return &failure{name: dataLimitError, cause: &cause}
}

// choose takes the first choice whose condition holds.
func (r *run) choose(t *thread, s *state) move {
	sc := r.scope(t)
	for i := range s.choices {
		c := &s.choices[i]
		holds, f := sc.holds(c.condition)
		if f != nil {
			return r.fail(t, s, f)
		}
		if holds {
			return r.leaveBy(sc, s, c.assign, c.output, c.next, t.Input)
		}
	}
	if s.next == nil {
		return r.fail(t, s, t.broken(runtimeError, "Failed to transition out of the state. The state does not point to a next state."))
	}
	return r.leaveBy(sc, s, s.assign, s.output, s.next, t.Input)
}

func (s *scope) holds(condition *template) (bool, *failure) {
	e := condition.alone()
	if e == nil {
		text, _ := condition.constant()
		return text == "true", nil
	}
	v, f := s.eval(e)
	if f != nil {
		return false, f
	}
	if text, ok := v.(*jsonata.Text); ok {
		v = text.Value()
	}
	holds, ok := v.(bool)
	if !ok {
		return false, s.unexpected(e, "boolean", v)
	}
	return holds, nil
}

// wait sets the state's timer.
func (r *run) wait(t *thread, s *state) move {
	sc := r.scope(t)
	if s.timestamp == nil {
		seconds, f := sc.number(s.seconds, 0, maxSeconds, "integer")
		if f != nil {
			return r.fail(t, s, f)
		}
		t.Timer = r.setTimer(time.Duration(seconds) * time.Second)
		return move{}
	}
	text, f := sc.render(s.timestamp)
	if f != nil {
		return r.fail(t, s, f)
	}
	at, err := parseTimestamp(text)
	if err != nil {
		return r.fail(t, s, sc.evaluationFailed(s.timestamp.alone(), "returned a value that is not a valid timestamp: %s", text))
	}
	t.Timer = r.setTimer(max(0, at.Sub(r.now)))
	return move{}
}

// parseTimestamp reads a JSON string with a time of RFC 3339, whose T and Z
// are capitals.
func parseTimestamp(text string) (time.Time, error) {
	var s string
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return time.Time{}, err
	}
	for _, r := range s {
		if unicode.IsLower(r) {
			return time.Time{}, &time.ParseError{Layout: time.RFC3339, Value: s}
		}
	}
	return time.Parse(time.RFC3339, s)
}

// failing is a Fail state: entered, and never left.
func (r *run) failing(t *thread, s *state) move {
	sc := r.scope(t)
	f := &failure{noName: s.failError == nil}
	var wrong *failure
	if s.failError != nil {
		f.name, wrong = sc.string(s.failError)
	}
	if s.failCause != nil && wrong == nil {
		var cause string
		cause, wrong = sc.string(s.failCause)
		f.cause = &cause
	}
	if wrong != nil {
		f = wrong
	}
	return r.fail(t, s, f)
}
