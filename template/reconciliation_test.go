package template

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The schedule begins real runs of one function.
func TestScheduleInvokesReconciliationAlone(t *testing.T) {
	resources := render(t, Consumers()).Resources
	alias := any(map[string]any{"Ref": "ReconciliationFunction.Alias"})
	arn := func(id string) any { return map[string]any{"Fn::GetAtt": []any{id, "Arn"}} }
	want := map[string]any{
		"Description":        "Looks for what should not exist.",
		"State":              "ENABLED",
		"ScheduleExpression": map[string]any{"Ref": "ReconciliationSchedule"},
		"FlexibleTimeWindow": map[string]any{"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 15.0},
		"Target": map[string]any{
			"Arn":         alias,
			"RoleArn":     arn("ReconciliationRunScheduleRole"),
			"Input":       `{"dryRun": false}`,
			"RetryPolicy": map[string]any{"MaximumRetryAttempts": 5.0, "MaximumEventAgeInSeconds": 1800.0},
		},
	}
	if diff := cmp.Diff(want, resources["ReconciliationRunSchedule"].Properties); diff != "" {
		t.Error(diff)
	}
}
