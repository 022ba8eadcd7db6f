package asl

import (
	"fmt"
	"slices"

	"orderflow/statemachine/asl/jsonata"
)

// Error names of the language.
// https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html#error-handling-error-representation
const (
	allErrors        = "States.ALL"
	taskFailedErrors = "States.TaskFailed"
	timeoutError     = "States.Timeout"
	heartbeatError   = "States.HeartbeatTimeout"
	queryError       = "States.QueryEvaluationError"
	runtimeError     = "States.Runtime"
	dataLimitError   = "States.DataLimitExceeded"
	toleranceError   = "States.ExceedToleratedFailureThreshold"
)

// A failure is why a state failed.
type failure struct {
	name      string
	noName    bool // SendTaskFailure gave none
	cause     *string
	heartbeat bool // named a timeout, and caught as a missed heartbeat too
}

func (f failure) error() *string {
	if f.noName {
		return nil
	}
	return &f.name
}

// output is the failure as $states.errorOutput, and as what a Catch puts out.
func (f failure) output() string {
	b := []byte(`{"Error":`)
	for i, s := range []*string{f.error(), f.cause} {
		if i > 0 {
			b = append(b, `,"Cause":`...)
		}
		if s == nil {
			b = append(b, "null"...)
		} else {
			b = jsonata.AppendString(b, *s)
		}
	}
	return string(append(b, '}'))
}

// matches holds a failure against an ErrorEquals. No wildcard stands for
// States.Runtime. States.ALL does for States.DataLimitExceeded: its
// documentation denies that, AWS's recorded histories show it.
func (f failure) matches(errors []string) bool {
	return slices.ContainsFunc(errors, func(name string) bool {
		switch name {
		case allErrors:
			return f.name != runtimeError
		case taskFailedErrors:
			return f.name != runtimeError && f.name != timeoutError
		case heartbeatError:
			return f.heartbeat || f.name == name
		}
		return !f.noName && f.name == name
	})
}

// broken is a failure of the interpreter's own, worded as AWS does.
func (t *thread) broken(name, format string, args ...any) *failure {
	cause := fmt.Sprintf("An error occurred while executing the state '%s' (entered at the event id #%d). ", t.State, t.Event) + fmt.Sprintf(format, args...)
	return &failure{name: name, cause: &cause}
}

// tooLarge is a payload over the limit; who is a state, or what a Task calls.
func tooLarge(who string) string {
	return fmt.Sprintf("The state/task '%s' returned a result with a size exceeding the maximum number of bytes service limit.", who)
}
