package asl

import (
	"encoding/json"
	"fmt"
	"time"
)

// HistoryEvent is one entry of an execution's history, in the shape of AWS's
// GetExecutionHistory. Exactly the details that belong to Type are set, if any.
// https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html
type HistoryEvent struct {
	ID         int64     `json:"id"`
	PreviousID int64     `json:"previousEventId"`
	Timestamp  time.Time `json:"timestamp"` // the wire writes epoch seconds
	Type       string    `json:"type"`

	// Details are a pointer to one of the …Details types below, or nil. On
	// the wire they stand under the name that DetailsName gives for Type.
	Details any `json:"details,omitempty"`
}

// The details of history events. Input, Output and Parameters are JSON text.
// A member that AWS leaves out is "" or nil here.
type (
	ExecutionStartedDetails struct {
		Input        string       `json:"input"`
		InputDetails *DataDetails `json:"inputDetails,omitempty"`
		RoleARN      string       `json:"roleArn"`
	}
	ExecutionSucceededDetails struct {
		Output        string       `json:"output"`
		OutputDetails *DataDetails `json:"outputDetails,omitempty"`
	}
	ExecutionFailedDetails   FailureDetails
	ExecutionTimedOutDetails FailureDetails
	ExecutionAbortedDetails  FailureDetails
	ExecutionRedrivenDetails struct {
		RedriveCount int64 `json:"redriveCount"` // this one included
	}

	StateEnteredDetails struct {
		Name         string       `json:"name"`
		Input        string       `json:"input"`
		InputDetails *DataDetails `json:"inputDetails,omitempty"`
	}
	StateExitedDetails struct {
		Name          string       `json:"name"`
		Output        string       `json:"output"`
		OutputDetails *DataDetails `json:"outputDetails,omitempty"`

		// AssignedVariables are the values assigned on leaving the state,
		// each as JSON text.
		AssignedVariables        map[string]string `json:"assignedVariables,omitempty"`
		AssignedVariablesDetails *DataDetails      `json:"assignedVariablesDetails,omitempty"`
	}
	EvaluationFailedDetails struct {
		Error    string `json:"error"`
		Cause    string `json:"cause"`
		Location string `json:"location,omitempty"` // the member whose expression failed: Arguments/Item
		State    string `json:"state"`
	}

	TaskScheduledDetails struct {
		ResourceType       string `json:"resourceType"` // sns
		Resource           string `json:"resource"`     // publish.waitForTaskToken
		Region             string `json:"region"`
		Parameters         string `json:"parameters"`
		TimeoutInSeconds   *int64 `json:"timeoutInSeconds,omitempty"`
		HeartbeatInSeconds *int64 `json:"heartbeatInSeconds,omitempty"`
	}
	TaskStartedDetails struct {
		ResourceType string `json:"resourceType"`
		Resource     string `json:"resource"`
	}
	TaskSubmittedDetails TaskOutputDetails
	TaskSucceededDetails TaskOutputDetails
	TaskFailedDetails    TaskFailureDetails
	TaskTimedOutDetails  TaskFailureDetails

	LambdaFunctionScheduledDetails struct {
		Resource         string       `json:"resource"` // the function's ARN
		Input            string       `json:"input"`
		InputDetails     *DataDetails `json:"inputDetails,omitempty"`
		TimeoutInSeconds *int64       `json:"timeoutInSeconds,omitempty"`
	}
	LambdaFunctionSucceededDetails struct {
		Output        string       `json:"output"`
		OutputDetails *DataDetails `json:"outputDetails,omitempty"`
	}
	LambdaFunctionFailedDetails   FailureDetails
	LambdaFunctionTimedOutDetails FailureDetails

	MapStateStartedDetails struct {
		Length int64 `json:"length"`
	}
	MapIterationDetails struct {
		Name  string `json:"name"`
		Index int64  `json:"index"`
	}
)

// Shapes that several kinds of event share.
type (
	// DataDetails say whether a payload was cut; a history never cuts one.
	DataDetails struct {
		Truncated bool `json:"truncated"`
	}
	FailureDetails struct {
		Error *string `json:"error,omitempty"`
		Cause *string `json:"cause,omitempty"`
	}
	TaskOutputDetails struct {
		ResourceType  string       `json:"resourceType"`
		Resource      string       `json:"resource"`
		Output        string       `json:"output"`
		OutputDetails *DataDetails `json:"outputDetails,omitempty"`
	}
	TaskFailureDetails struct {
		ResourceType string  `json:"resourceType"`
		Resource     string  `json:"resource"`
		Error        *string `json:"error,omitempty"`
		Cause        *string `json:"cause,omitempty"`
	}
)

// DetailsName is the member of AWS's HistoryEvent that holds the details of an
// event type, or "" for a type that has none.
func DetailsName(eventType string) string {
	name, _ := detailsOf(eventType)
	return name
}

// UnmarshalJSON makes Details the type that belongs to Type.
func (e *HistoryEvent) UnmarshalJSON(data []byte) error {
	type plain HistoryEvent
	raw := struct {
		*plain
		Details json.RawMessage `json:"details"`
	}{plain: (*plain)(e)}
	if err := json.Unmarshal(data, &raw); err != nil {
		return err
	}
	e.Details = nil
	if raw.Details == nil {
		return nil
	}
	_, details := detailsOf(e.Type)
	if details == nil {
		return fmt.Errorf("asl: history event type %q has no details", e.Type)
	}
	e.Details = details
	return json.Unmarshal(raw.Details, details)
}

func detailsOf(eventType string) (name string, empty any) {
	switch eventType {
	case "ExecutionStarted":
		return "executionStartedEventDetails", &ExecutionStartedDetails{}
	case "ExecutionSucceeded":
		return "executionSucceededEventDetails", &ExecutionSucceededDetails{}
	case "ExecutionFailed":
		return "executionFailedEventDetails", &ExecutionFailedDetails{}
	case "ExecutionTimedOut":
		return "executionTimedOutEventDetails", &ExecutionTimedOutDetails{}
	case "ExecutionAborted":
		return "executionAbortedEventDetails", &ExecutionAbortedDetails{}
	case "ExecutionRedriven":
		return "executionRedrivenEventDetails", &ExecutionRedrivenDetails{}
	case "TaskStateEntered", "PassStateEntered", "ChoiceStateEntered", "WaitStateEntered",
		"SucceedStateEntered", "FailStateEntered", "ParallelStateEntered", "MapStateEntered":
		return "stateEnteredEventDetails", &StateEnteredDetails{}
	case "TaskStateExited", "PassStateExited", "ChoiceStateExited", "WaitStateExited",
		"SucceedStateExited", "ParallelStateExited", "MapStateExited":
		return "stateExitedEventDetails", &StateExitedDetails{}
	case "EvaluationFailed":
		return "evaluationFailedEventDetails", &EvaluationFailedDetails{}
	case "TaskScheduled":
		return "taskScheduledEventDetails", &TaskScheduledDetails{}
	case "TaskStarted":
		return "taskStartedEventDetails", &TaskStartedDetails{}
	case "TaskSubmitted":
		return "taskSubmittedEventDetails", &TaskSubmittedDetails{}
	case "TaskSucceeded":
		return "taskSucceededEventDetails", &TaskSucceededDetails{}
	case "TaskFailed":
		return "taskFailedEventDetails", &TaskFailedDetails{}
	case "TaskTimedOut":
		return "taskTimedOutEventDetails", &TaskTimedOutDetails{}
	case "LambdaFunctionScheduled":
		return "lambdaFunctionScheduledEventDetails", &LambdaFunctionScheduledDetails{}
	case "LambdaFunctionSucceeded":
		return "lambdaFunctionSucceededEventDetails", &LambdaFunctionSucceededDetails{}
	case "LambdaFunctionFailed":
		return "lambdaFunctionFailedEventDetails", &LambdaFunctionFailedDetails{}
	case "LambdaFunctionTimedOut":
		return "lambdaFunctionTimedOutEventDetails", &LambdaFunctionTimedOutDetails{}
	// These AWS alone records, of what the core calls a task that failed.
	case "TaskStartFailed":
		return "taskStartFailedEventDetails", &TaskFailedDetails{}
	case "TaskSubmitFailed":
		return "taskSubmitFailedEventDetails", &TaskFailedDetails{}
	case "LambdaFunctionScheduleFailed":
		return "lambdaFunctionScheduleFailedEventDetails", &LambdaFunctionFailedDetails{}
	case "LambdaFunctionStartFailed":
		return "lambdaFunctionStartFailedEventDetails", &LambdaFunctionFailedDetails{}

	case "MapStateStarted":
		return "mapStateStartedEventDetails", &MapStateStartedDetails{}
	case "MapIterationStarted":
		return "mapIterationStartedEventDetails", &MapIterationDetails{}
	case "MapIterationSucceeded":
		return "mapIterationSucceededEventDetails", &MapIterationDetails{}
	case "MapIterationFailed":
		return "mapIterationFailedEventDetails", &MapIterationDetails{}
	case "MapIterationAborted":
		return "mapIterationAbortedEventDetails", &MapIterationDetails{}
	}
	return "", nil
}
