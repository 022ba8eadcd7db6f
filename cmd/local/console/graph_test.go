package console

import (
	"slices"
	"testing"
	"time"

	"orderflow/statemachine/asl"
	"orderflow/statemachine/chart"
	"orderflow/statemachine/journey"
)

// An execution came to its end only if it went there: one that was stopped, or
// failed on its way, did not.
func TestGraphEndsWhereTheExecutionDid(t *testing.T) {
	drawing, err := chart.Draw([]byte(`{"QueryLanguage": "JSONata", "StartAt": "A", "States": {
		"A": {"Type": "Pass", "End": true}, "B": {"Type": "Fail"}}}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		end, state, typ string
		want            bool
	}{
		{"ExecutionSucceeded", "A", "Pass", true},
		{"ExecutionFailed", "A", "Pass", false},
		{"ExecutionAborted", "A", "Pass", false},
		{"ExecutionTimedOut", "A", "Pass", false},
		{"ExecutionFailed", "B", "Fail", true},
	} {
		j := journey.Read(slices.Values([]asl.HistoryEvent{
			{ID: 1, Type: "ExecutionStarted", Timestamp: time.Unix(1, 0)},
			{ID: 2, PreviousID: 1, Type: test.typ + "StateEntered", Timestamp: time.Unix(1, 0), Details: &asl.StateEnteredDetails{Name: test.state}},
			{ID: 3, PreviousID: 2, Type: test.end, Timestamp: time.Unix(2, 0)},
		}))
		g := newGraph(drawing, j, "", func(string) string { return "" })
		i := slices.IndexFunc(g.Edges, func(e graphEdge) bool { return e.From == test.state && e.To == "" })
		if i < 0 {
			t.Fatalf("no edge leads from %s to the end", test.state)
		}
		if got := g.Edges[i].Taken; got != test.want {
			t.Errorf("%s in %s: the way to the end is taken: %v", test.end, test.typ, got)
		}
	}
}
