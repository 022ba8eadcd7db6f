package states

import (
	"context"
	"reflect"
	"strings"

	"orderflow/cmd/local/cloud/iam"
	"orderflow/cmd/local/cloud/protocol"
)

// authorize asks for what the Service Authorization Reference lists: the action
// on the execution, or on the state machine, which is what its versions and
// aliases and the tokens of its tasks stand for.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsstepfunctions.html
// https://docs.aws.amazon.com/step-functions/latest/dg/auth-version-alias.html
func (s *Service) authorize(ctx context.Context, in any) error {
	if iam.Caller(ctx) == nil {
		return nil
	}
	resource := "*"
	for _, member := range []string{"ExecutionArn", "StateMachineArn", "StateMachineVersionArn", "StateMachineAliasArn"} {
		field := reflect.ValueOf(in).Elem().FieldByName(member)
		if text, ok := textOf(field); ok {
			resource = text
		}
	}
	var qualifiers []string // of a version or an alias, which IAM is told beside
	if name, qualifier := s.split(resource); qualifier != "" {
		resource, qualifiers = s.arn("stateMachine", name), []string{qualifier}
	}
	if token, ok := textOf(reflect.ValueOf(in).Elem().FieldByName("TaskToken")); ok {
		waiter, known := s.tokens.find(hashToken(token))
		if !known {
			return nil // the action itself refuses what is no token
		}
		resource = waiter.machine.arn
	}
	action := strings.TrimSuffix(reflect.TypeOf(in).Elem().Name(), "Input")
	request := iam.Request{Action: "states:" + action, Resource: resource, Context: func(key string) []string {
		if key == "states:statemachinequalifier" {
			return qualifiers
		}
		return nil
	}}
	if err := iam.Authorize(ctx, nil, request); err != nil {
		return accessDenied("%v", err)
	}
	return nil
}

func accessDenied(format string, args ...any) error {
	return protocol.Errorf("AccessDeniedException", format, args...)
}

func textOf(field reflect.Value) (text string, ok bool) {
	if field.Kind() != reflect.Pointer || field.IsNil() || field.Type().Elem().Kind() != reflect.String {
		return "", false
	}
	return field.Elem().String(), true
}

// logDelivery is what a role must be allowed if its state machine has a log.
// https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html
var logDelivery = []string{
	"logs:CreateLogDelivery", "logs:GetLogDelivery", "logs:UpdateLogDelivery", "logs:DeleteLogDelivery", "logs:ListLogDeliveries",
	"logs:PutResourcePolicy", "logs:DescribeResourcePolicies", "logs:DescribeLogGroups",
}

// traces is what it must be allowed to be traced.
// https://docs.aws.amazon.com/step-functions/latest/dg/concepts-xray-tracing.html
var traces = []string{
	"xray:PutTraceSegments", "xray:PutTelemetryRecords", "xray:GetSamplingRules", "xray:GetSamplingTargets",
}

// assumeRole takes a state machine's role, which must admit that, and what the
// machine itself needs.
func (s *Service) assumeRole(m *machine) error {
	if s.cfg.AssumeRole == nil {
		return nil
	}
	role, err := s.cfg.AssumeRole(m.roleARN, m.name, iam.ServicePrincipal("states.amazonaws.com", m.arn, s.cfg.Account))
	if err != nil {
		return accessDenied("Neither the global service principal states.amazonaws.com, nor the regional one is authorized to assume the provided role.")
	}
	m.role = role
	if m.logging.Level != "OFF" {
		if err := allowed(role, logDelivery); err != nil {
			return accessDenied("The state machine IAM Role is not authorized to access the Log Destination: %v", err)
		}
	}
	if m.tracing.Enabled {
		// AWS takes the state machine, and loses its traces.
		if err := allowed(role, traces); err != nil {
			return accessDenied("The state machine IAM Role is not authorized to send traces: %v", err)
		}
	}
	return nil
}

func allowed(role *iam.Principal, actions []string) error {
	for _, action := range actions {
		if err := role.Authorize(nil, iam.Request{Action: action, Resource: "*"}); err != nil {
			return err
		}
	}
	return nil
}
