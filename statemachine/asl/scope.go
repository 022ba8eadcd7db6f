package asl

import (
	"time"

	"orderflow/statemachine/asl/jsonata"
)

// A scope is what the expressions of a state see at one moment.
type scope struct {
	run    *run
	thread *thread
	result *string // JSON texts; nil: not set
	failed *string
	token  string
	item   *item // while an iteration is prepared, before it has a thread

	states *jsonata.Object
	env    jsonata.Env
}

func (r *run) scope(t *thread) *scope {
	s := &scope{run: r, thread: t}
	s.env = jsonata.Env{Variable: s.variable, Now: r.now, Random: r.x.random}
	return s
}

// variable finds $states and the variables of this thread and those around it.
func (s *scope) variable(name string) (any, bool) {
	if name == "states" {
		if s.states == nil {
			s.states = s.reserved()
		}
		return s.states, true
	}
	for t := s.thread; t != nil; t = t.parent {
		if v, ok := t.Variables[name]; ok {
			text := v.value()
			s.run.used = append(s.run.used, text)
			return text, true
		}
	}
	return nil, false
}

// reserved is $states.
// https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html#reserved-variable-states
func (s *scope) reserved() *jsonata.Object {
	states := jsonata.NewObject(4).Set("input", jsonata.NewText(s.thread.Input))
	if s.result != nil {
		states.Set("result", jsonata.NewText(*s.result))
	}
	if s.failed != nil {
		states.Set("errorOutput", jsonata.NewText(*s.failed))
	}
	return states.Set("context", s.context())
}

// context is the context object.
// https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html
func (s *scope) context() *jsonata.Object {
	t := s.thread
	state := jsonata.NewObject(3).Set("EnteredTime", timestamp(t.Entered)).Set("Name", t.State)
	switch t.state().kind {
	case taskState, parallelState, mapState:
		state.Set("RetryCount", float64(t.RetryCount))
	}
	execution, machine := s.run.reserved()
	context := jsonata.NewObject(5).Set("Execution", execution).Set("StateMachine", machine).Set("State", state)
	if s.token != "" {
		context.Set("Task", jsonata.NewObject(1).Set("Token", s.token))
	}
	if it := s.currentItem(); it != nil {
		o := jsonata.NewObject(3).Set("Index", float64(it.Index))
		if it.Keyed {
			o.Set("Key", it.Key)
		}
		context.Set("Map", jsonata.NewObject(1).Set("Item", o.Set("Value", jsonata.NewText(it.Value))))
	}
	return context
}

// reserved are the parts of the context object that never change.
func (r *run) reserved() (execution, machine *jsonata.Object) {
	x := r.x
	if r.execution == nil {
		r.execution = jsonata.NewObject(7).
			Set("Id", x.ARN).
			Set("Input", jsonata.NewText(x.Input)).
			Set("Name", x.Name).
			Set("RoleArn", x.RoleARN).
			Set("StartTime", timestamp(x.StartTime)).
			Set("RedriveCount", float64(x.Redrives))
		if x.Redrives > 0 {
			r.execution.Set("RedriveTime", timestamp(x.RedriveTime))
		}
		r.stateMachine = jsonata.NewObject(2).Set("Id", x.StateMachineARN).Set("Name", x.StateMachineName)
	}
	return r.execution, r.stateMachine
}

func (s *scope) currentItem() *item {
	if s.item != nil {
		return s.item
	}
	for t := s.thread; t != nil; t = t.parent {
		if t.Item != nil {
			return t.Item
		}
	}
	return nil
}

// timestamp is a time as AWS writes it: ISO 8601 in UTC with milliseconds,
// left out on the full second.
func timestamp(t time.Time) string {
	t = t.UTC().Truncate(time.Millisecond)
	if t.Nanosecond() == 0 {
		return t.Format("2006-01-02T15:04:05Z")
	}
	return t.Format("2006-01-02T15:04:05.000Z")
}

// eval evaluates one expression, which must give something.
func (s *scope) eval(e *expression) (any, *failure) {
	v, err := e.Eval(&s.env)
	switch {
	case err != nil:
		return nil, s.evaluationFailed(e, "threw an error during evaluation. %v", err)
	case v == jsonata.Undefined:
		return nil, s.evaluationFailed(e, "returned nothing (undefined).")
	}
	return v, nil
}

// render writes a template as JSON text.
func (s *scope) render(t *template) (string, *failure) {
	if text, ok := t.constant(); ok {
		return text, nil
	}
	if e := t.alone(); e != nil {
		v, f := s.eval(e)
		if f != nil {
			return "", f
		}
		if text, ok := v.(*jsonata.Text); ok {
			return text.JSON(), nil
		}
		if f := s.isJSON(e, v); f != nil {
			return "", f
		}
		return string(jsonata.Append(nil, v)), nil
	}
	b := make([]byte, 0, t.size)
	for i := range t.parts {
		p := &t.parts[i]
		if p.expr == nil {
			b = append(b, p.text...)
			continue
		}
		v, f := s.eval(p.expr)
		if f == nil {
			f = s.isJSON(p.expr, v)
		}
		if f != nil {
			return "", f
		}
		b = jsonata.Append(b, v)
	}
	return string(b), nil
}

// isJSON refuses a function as a value.
func (s *scope) isJSON(e *expression, v any) *failure {
	switch v.(type) {
	case *jsonata.Function, *jsonata.Regexp:
		return s.evaluationFailed(e, "returned an unsupported result type.")
	}
	return nil
}

// unexpected is a value of the wrong type.
func (s *scope) unexpected(e *expression, want string, v any) *failure {
	return s.evaluationFailed(e, "returned an unexpected result type. Expected '%s', but was '%s' for value: %s",
		want, jsonata.TypeOf(v), jsonata.Append(nil, v))
}

// evaluationFailed records that an expression failed. The event stands beside
// the chain: it points at what entering the state points at.
func (s *scope) evaluationFailed(e *expression, format string, args ...any) *failure {
	t := s.thread
	f := t.broken(queryError, "The JSONata expression '%s' specified for the field '%s' "+format,
		append([]any{e.Source(), e.field}, args...)...)
	t.Previous = s.run.record(t.Before, "EvaluationFailed", &EvaluationFailedDetails{
		Error: f.name, Cause: *f.cause, Location: e.field, State: t.State,
	})
	return f
}

// number is a quantity, or the failure to be one.
func (s *scope) number(q quantity, low, high float64, want string) (float64, *failure) {
	if q.expr == nil {
		return q.number, nil
	}
	v, f := s.eval(q.expr)
	if f != nil {
		return 0, f
	}
	if text, ok := v.(*jsonata.Text); ok {
		v = text.Value()
	}
	x, ok := v.(float64)
	if !ok || x < low || x > high || want == "integer" && x != float64(int64(x)) {
		return 0, s.unexpected(q.expr, want, v)
	}
	return x, nil
}

// string is a template that must give a string.
func (s *scope) string(t *template) (string, *failure) {
	text, f := s.render(t)
	if f != nil {
		return "", f
	}
	v, _ := jsonata.Decode(text)
	str, ok := v.(string)
	if !ok {
		return "", s.unexpected(t.alone(), "string", v)
	}
	return str, nil
}
