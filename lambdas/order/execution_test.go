package order_test

import (
	"testing"

	"orderflow/lambdas/order"
)

func TestExecutions(t *testing.T) {
	const want = "arn:aws:states:eu-west-1:111122223333:execution:orders:o-1"
	for name, stateMachine := range map[string]string{
		"a state machine": "arn:aws:states:eu-west-1:111122223333:stateMachine:orders",
		"a version":       "arn:aws:states:eu-west-1:111122223333:stateMachine:orders:7",
		"an alias":        "arn:aws:states:eu-west-1:111122223333:stateMachine:orders:live",
	} {
		if got := order.ExecutionsOf(stateMachine).ARN("o-1"); got != want {
			t.Errorf("by the ARN of %s: %s, want %s", name, got, want)
		}
	}
}
