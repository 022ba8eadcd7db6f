package asl

import "strings"

// A Machine is a checked definition. It never changes: many goroutines may
// drive executions of it at once.
type Machine struct {
	top     *graph
	timeout int64 // seconds for the whole execution; 0: none
}

// A graph is a set of states that lead to one another: the state machine's
// own, a branch's or a Map's.
type graph struct {
	location string
	start    *state
	states   map[string]*state
	names    []string // in the definition's order
}

type kind uint8

const (
	taskState kind = iota
	passState
	choiceState
	waitState
	succeedState
	failState
	parallelState
	mapState
)

var kinds = map[string]kind{
	"Task": taskState, "Pass": passState, "Choice": choiceState, "Wait": waitState,
	"Succeed": succeedState, "Fail": failState, "Parallel": parallelState, "Map": mapState,
}

// The history's event types for each kind of state.
var (
	enteredType = [...]string{"TaskStateEntered", "PassStateEntered", "ChoiceStateEntered", "WaitStateEntered",
		"SucceedStateEntered", "FailStateEntered", "ParallelStateEntered", "MapStateEntered"}
	exitedType = [...]string{"TaskStateExited", "PassStateExited", "ChoiceStateExited", "WaitStateExited",
		"SucceedStateExited", "", "ParallelStateExited", "MapStateExited"}
	abortedType = [...]string{"TaskStateAborted", "", "", "WaitStateAborted", "", "", "ParallelStateAborted", "MapStateAborted"}
)

// A state is one state of a definition; the members that its kind does not
// have stay empty.
type state struct {
	name     string
	location string // /States/ValidateOrder
	kind     kind
	next     *state // nil: the graph ends here
	nextName string

	arguments *template
	output    *template
	assign    []assignment
	retry     []retrier
	catch     []catcher

	resource  resource // Task
	timeout   quantity
	heartbeat quantity

	choices   []choice // Choice; next is Default
	seconds   quantity // Wait
	timestamp *template

	failError, failCause *template // Fail

	branches []*graph // Parallel, and the processor of a Map

	items               *template // Map
	itemSelector        *template
	maxConcurrency      quantity
	toleratedCount      quantity
	toleratedPercentage quantity
}

type assignment struct {
	name  string
	value *template
}

type choice struct {
	condition *template
	output    *template
	assign    []assignment
	next      *state
	nextName  string
}

// A retrier's defaults are those of AWS.
// https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
type retrier struct {
	errors      []string
	interval    int64 // seconds
	maxAttempts int64
	backoffRate float64
	maxDelay    int64 // seconds; 0: none
	fullJitter  bool
}

type catcher struct {
	errors   []string
	output   *template
	assign   []assignment
	next     *state
	nextName string
}

// A quantity is a number, given or to be evaluated.
type quantity struct {
	set    bool
	number float64
	expr   *expression
}

// A resource is what a Task calls.
type resource struct {
	arn     string
	service string // sns, aws-sdk:dynamodb; "" for a Lambda function's ARN
	action  string // publish.waitForTaskToken
	lambda  bool   // the ARN of a Lambda function
	token   bool   // waits for a task token
}

// parseResource gives the reason why an ARN cannot be a Task's resource, or "".
func parseResource(arn string) (resource, string) {
	r := resource{arn: arn}
	parts := strings.Split(arn, ":")
	switch {
	case len(parts) >= 7 && parts[0] == "arn" && parts[2] == "lambda" && parts[5] == "function":
		r.lambda = true
		return r, ""
	case len(parts) < 7 || parts[0] != "arn" || parts[2] != "states":
		return r, "Value is not a valid resource ARN"
	case parts[5] == "activity":
		return r, "Activities are not supported"
	case parts[3] != "" || parts[4] != "":
		return r, "Value is not a valid resource ARN"
	}
	r.service, r.action = strings.Join(parts[5:len(parts)-1], ":"), parts[len(parts)-1]
	if strings.Contains(arn, ".sync") {
		return r, "Service integration pattern '.sync' is not supported"
	}
	if service, ok := strings.CutPrefix(r.service, "aws-sdk"); r.action == "" || service == "" && ok || !ok && strings.Contains(r.service, ":") {
		return r, "Value is not a valid resource ARN"
	}
	action, pattern, _ := strings.Cut(r.action, ".")
	r.token = pattern == "waitForTaskToken"
	if action == "" || pattern != "" && !r.token {
		return r, "Value is not a valid resource ARN"
	}
	return r, ""
}
