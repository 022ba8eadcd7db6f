package states

import (
	"fmt"

	"orderflow/statemachine/asl"
)

// An eventKind is a type of history event and what makes its empty details;
// nil when it has none.
type eventKind struct {
	name    string
	details func() any
}

func of[T any]() func() any { return func() any { return new(T) } }

// eventKinds are the event types in the order that journals number them by,
// the frequent ones first: append only.
var eventKinds = []eventKind{
	{"TaskStateEntered", of[asl.StateEnteredDetails]()},
	{"TaskScheduled", of[asl.TaskScheduledDetails]()},
	{"TaskStarted", of[asl.TaskStartedDetails]()},
	{"TaskSubmitted", of[asl.TaskSubmittedDetails]()},
	{"TaskSucceeded", of[asl.TaskSucceededDetails]()},
	{"TaskStateExited", of[asl.StateExitedDetails]()},
	{"TaskFailed", of[asl.TaskFailedDetails]()},
	{"TaskTimedOut", of[asl.TaskTimedOutDetails]()},
	{"TaskStateAborted", nil},
	{"ExecutionStarted", of[asl.ExecutionStartedDetails]()},
	{"ExecutionSucceeded", of[asl.ExecutionSucceededDetails]()},
	{"ExecutionFailed", of[asl.ExecutionFailedDetails]()},
	{"ExecutionTimedOut", of[asl.ExecutionTimedOutDetails]()},
	{"ExecutionAborted", of[asl.ExecutionAbortedDetails]()},
	{"ParallelStateEntered", of[asl.StateEnteredDetails]()},
	{"ParallelStateStarted", nil},
	{"ParallelStateSucceeded", nil},
	{"ParallelStateFailed", nil},
	{"ParallelStateAborted", nil},
	{"ParallelStateExited", of[asl.StateExitedDetails]()},
	{"MapStateEntered", of[asl.StateEnteredDetails]()},
	{"MapStateStarted", of[asl.MapStateStartedDetails]()},
	{"MapIterationStarted", of[asl.MapIterationDetails]()},
	{"MapIterationSucceeded", of[asl.MapIterationDetails]()},
	{"MapIterationFailed", of[asl.MapIterationDetails]()},
	{"MapIterationAborted", of[asl.MapIterationDetails]()},
	{"MapStateSucceeded", nil},
	{"MapStateFailed", nil},
	{"MapStateAborted", nil},
	{"MapStateExited", of[asl.StateExitedDetails]()},
	{"ChoiceStateEntered", of[asl.StateEnteredDetails]()},
	{"ChoiceStateExited", of[asl.StateExitedDetails]()},
	{"PassStateEntered", of[asl.StateEnteredDetails]()},
	{"PassStateExited", of[asl.StateExitedDetails]()},
	{"WaitStateEntered", of[asl.StateEnteredDetails]()},
	{"WaitStateExited", of[asl.StateExitedDetails]()},
	{"WaitStateAborted", nil},
	{"SucceedStateEntered", of[asl.StateEnteredDetails]()},
	{"SucceedStateExited", of[asl.StateExitedDetails]()},
	{"FailStateEntered", of[asl.StateEnteredDetails]()},
	{"EvaluationFailed", of[asl.EvaluationFailedDetails]()},
	{"LambdaFunctionScheduled", of[asl.LambdaFunctionScheduledDetails]()},
	{"LambdaFunctionStarted", nil},
	{"LambdaFunctionSucceeded", of[asl.LambdaFunctionSucceededDetails]()},
	{"LambdaFunctionFailed", of[asl.LambdaFunctionFailedDetails]()},
	{"LambdaFunctionTimedOut", of[asl.LambdaFunctionTimedOutDetails]()},
	{"ExecutionRedriven", of[asl.ExecutionRedrivenDetails]()},
}

// details writes or reads what details points to.
func (c *coder) details(details any) {
	switch d := details.(type) {
	case *asl.StateEnteredDetails:
		c.text(&d.Name)
		c.payload(&d.Input)
		c.dataDetails(&d.InputDetails)
	case *asl.StateExitedDetails:
		c.text(&d.Name)
		c.texts(&d.AssignedVariables)
		c.dataDetails(&d.AssignedVariablesDetails)
		c.payload(&d.Output)
		c.dataDetails(&d.OutputDetails)
	case *asl.TaskScheduledDetails:
		c.resource(&d.ResourceType, &d.Resource)
		c.text(&d.Region)
		c.text(&d.Parameters)
		c.optionalInteger(&d.TimeoutInSeconds)
		c.optionalInteger(&d.HeartbeatInSeconds)
	case *asl.TaskStartedDetails:
		c.resource(&d.ResourceType, &d.Resource)
	case *asl.TaskSubmittedDetails:
		c.taskOutput((*asl.TaskOutputDetails)(d))
	case *asl.TaskSucceededDetails:
		c.taskOutput((*asl.TaskOutputDetails)(d))
	case *asl.TaskFailedDetails:
		c.taskFailure((*asl.TaskFailureDetails)(d))
	case *asl.TaskTimedOutDetails:
		c.taskFailure((*asl.TaskFailureDetails)(d))
	case *asl.ExecutionStartedDetails:
		c.payload(&d.Input)
		c.dataDetails(&d.InputDetails)
		c.text(&d.RoleARN)
	case *asl.ExecutionSucceededDetails:
		c.payload(&d.Output)
		c.dataDetails(&d.OutputDetails)
	case *asl.ExecutionFailedDetails:
		c.failure((*asl.FailureDetails)(d))
	case *asl.ExecutionTimedOutDetails:
		c.failure((*asl.FailureDetails)(d))
	case *asl.ExecutionAbortedDetails:
		c.failure((*asl.FailureDetails)(d))
	case *asl.ExecutionRedrivenDetails:
		c.number(&d.RedriveCount)
	case *asl.EvaluationFailedDetails:
		c.text(&d.Error)
		c.text(&d.Cause)
		c.text(&d.Location)
		c.text(&d.State)
	case *asl.LambdaFunctionScheduledDetails:
		c.text(&d.Resource)
		c.payload(&d.Input)
		c.dataDetails(&d.InputDetails)
		c.optionalInteger(&d.TimeoutInSeconds)
	case *asl.LambdaFunctionSucceededDetails:
		c.payload(&d.Output)
		c.dataDetails(&d.OutputDetails)
	case *asl.LambdaFunctionFailedDetails:
		c.failure((*asl.FailureDetails)(d))
	case *asl.LambdaFunctionTimedOutDetails:
		c.failure((*asl.FailureDetails)(d))
	case *asl.MapStateStartedDetails:
		c.number(&d.Length)
	case *asl.MapIterationDetails:
		c.text(&d.Name)
		c.number(&d.Index)
	default:
		panic(fmt.Sprintf("states: no way to store %T", details))
	}
}

func (c *coder) resource(resourceType, resource *string) {
	c.text(resourceType)
	c.text(resource)
}

func (c *coder) taskOutput(d *asl.TaskOutputDetails) {
	c.resource(&d.ResourceType, &d.Resource)
	c.payload(&d.Output)
	c.dataDetails(&d.OutputDetails)
}

func (c *coder) taskFailure(d *asl.TaskFailureDetails) {
	c.resource(&d.ResourceType, &d.Resource)
	c.optionalText(&d.Error)
	c.optionalText(&d.Cause)
}

func (c *coder) failure(d *asl.FailureDetails) {
	c.optionalText(&d.Error)
	c.optionalText(&d.Cause)
}
