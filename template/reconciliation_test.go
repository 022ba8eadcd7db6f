package template

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The schedule begins real runs of one function, and may do nothing else.
func TestScheduleInvokesReconciliationAlone(t *testing.T) {
	resources := render(t, Consumers()).Resources
	arn := func(id string) any { return map[string]any{"Fn::GetAtt": []any{id, "Arn"}} }
	want := map[string]any{
		"Description":        "Looks for what should not exist.",
		"State":              "ENABLED",
		"ScheduleExpression": map[string]any{"Ref": "ReconciliationSchedule"},
		"FlexibleTimeWindow": map[string]any{"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 15.0},
		"Target": map[string]any{
			"Arn":         arn("ReconciliationFunction"),
			"RoleArn":     arn("ReconciliationRunScheduleRole"),
			"Input":       `{"dryRun": false}`,
			"RetryPolicy": map[string]any{"MaximumRetryAttempts": 5.0, "MaximumEventAgeInSeconds": 1800.0},
		},
	}
	if diff := cmp.Diff(want, resources["ReconciliationRunSchedule"].Properties); diff != "" {
		t.Error(diff)
	}

	role := resources["ReconciliationRunScheduleRole"]
	trust := at(t, role.Properties, "AssumeRolePolicyDocument", "Statement", "0")
	wantTrust := map[string]any{
		"Effect":    "Allow",
		"Principal": map[string]any{"Service": "scheduler.amazonaws.com"},
		"Action":    []any{"sts:AssumeRole"},
		"Condition": map[string]any{"StringEquals": map[string]any{"aws:SourceAccount": map[string]any{"Ref": "AWS::AccountId"}}},
	}
	if diff := cmp.Diff(any(wantTrust), trust); diff != "" {
		t.Error(diff)
	}
	wantAllowed := []statement{{Effect: "Allow", Action: []string{"lambda:InvokeFunction"}, Resource: []any{arn("ReconciliationFunction")}}}
	if diff := cmp.Diff(wantAllowed, allowedByRole(t)["ReconciliationRunScheduleRole"]); diff != "" {
		t.Error(diff)
	}
}

// Reconciliation decides orders and announces it; what others own it reads.
func TestReconciliationWritesOrdersAlone(t *testing.T) {
	for _, s := range allowedByRole(t)["ReconciliationRole"] {
		if !slices.ContainsFunc(s.Action, func(action string) bool { return strings.HasPrefix(action, "dynamodb:") }) {
			continue
		}
		table := at(t, s.Resource[0], "Fn::GetAtt", "0")
		if writes := slices.Contains(s.Action, "dynamodb:UpdateItem"); writes != (table == ordersTable) {
			t.Errorf("may do %v with %v", s.Action, table)
		}
	}
}
