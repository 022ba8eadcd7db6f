package states

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"orderflow/cmd/local/cloud/protocol"
	"orderflow/statemachine/asl"
)

// callFunction invokes the function that a Task state names by its ARN: its
// input is the state's, its result the task's.
// https://docs.aws.amazon.com/step-functions/latest/dg/connect-lambda.html
func (s *Service) callFunction(ctx context.Context, r resource, t asl.ScheduleTask, id requestID) (json.RawMessage, *failure) {
	answer, err := s.cfg.Invoke(ctx, r.action, t.Arguments)
	if err != nil {
		return nil, apis["lambda"].failure(r, id, err)
	}
	if answer.FunctionError != "" {
		return nil, functionFailure(answer.Payload)
	}
	return answer.Payload, nil
}

// callInvoke is the optimised integration lambda:invoke.
func (s *Service) callInvoke(ctx context.Context, r resource, t asl.ScheduleTask, id requestID) (json.RawMessage, *failure) {
	var in struct {
		FunctionName, Qualifier, InvocationType string
		Payload                                 json.RawMessage
	}
	if err := protocol.Unmarshal(t.Arguments, &in); err != nil {
		return nil, &failure{"States.Runtime", "The Arguments of state '" + t.State + "' could not be used to start the Task: [" + protocol.AsError(err).Message + "]"}
	}
	switch {
	case in.FunctionName == "":
		return nil, &failure{"States.Runtime", "The Arguments of state '" + t.State + "' could not be used to start the Task: [The field 'FunctionName' is required but was missing]"}
	case in.InvocationType != "" && in.InvocationType != "RequestResponse":
		return nil, &failure{"States.Runtime", fmt.Sprintf("The Arguments of state '%s' could not be used to start the Task: [InvocationType %q is not supported by the local cloud]", t.State, in.InvocationType)}
	}
	function := in.FunctionName
	if in.Qualifier != "" {
		function += ":" + in.Qualifier
	}
	lambda := apis["lambda"]
	answer, err := s.cfg.Invoke(ctx, function, in.Payload)
	if err != nil {
		return nil, lambda.failure(r, id, err)
	}
	if answer.FunctionError != "" {
		return nil, functionFailure(answer.Payload)
	}
	version := answer.ExecutedVersion
	if version == "" {
		version = "$LATEST"
	}
	h := newHeaders(id.in(lambda), version)
	lambda.headers(h, answer.Payload)
	b := appendQuoted([]byte(`{"ExecutedVersion":`), version)
	b = append(b, `,"Payload":`...)
	b = append(b, payload(answer.Payload)...)
	b = append(b, ',')
	b = h.append(b)
	return append(b, `,"StatusCode":200}`...), nil
}

func payload(p []byte) []byte {
	if len(p) == 0 {
		return []byte("null")
	}
	return p
}

// functionFailure is the error that a function returned or died of: its type
// is the error's name, the whole JSON its cause.
func functionFailure(answer []byte) *failure {
	var thrown struct {
		ErrorType string `json:"errorType"`
	}
	if json.Unmarshal(answer, &thrown) != nil || strings.TrimSpace(thrown.ErrorType) == "" {
		return &failure{"Lambda.Unknown", "The cause could not be determined because Lambda did not return an error type. Returned payload: " + string(answer)}
	}
	return &failure{thrown.ErrorType, string(answer)}
}
