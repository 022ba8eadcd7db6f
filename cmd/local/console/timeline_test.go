package console

import (
	"slices"
	"testing"
	"time"

	"orderflow/statemachine/asl"
	"orderflow/statemachine/journey"
)

// A state that was redriven a day later did not take a day.
func TestTimelineLeavesTheTimeUntilARedriveOut(t *testing.T) {
	at := func(seconds int64) time.Time { return time.Unix(seconds, 0) }
	const day = 24 * 60 * 60
	j := journey.Read(slices.Values([]asl.HistoryEvent{
		{ID: 1, Type: "ExecutionStarted", Timestamp: at(0)},
		{ID: 2, PreviousID: 1, Type: "TaskStateEntered", Timestamp: at(0), Details: &asl.StateEnteredDetails{Name: "T"}},
		{ID: 3, PreviousID: 2, Type: "TaskScheduled", Timestamp: at(0)},
		{ID: 4, PreviousID: 3, Type: "TaskFailed", Timestamp: at(2)},
		{ID: 5, PreviousID: 4, Type: "ExecutionFailed", Timestamp: at(2)},
		{ID: 6, PreviousID: 5, Type: "ExecutionRedriven", Timestamp: at(day)},
		{ID: 7, PreviousID: 2, Type: "TaskScheduled", Timestamp: at(day)},
		{ID: 8, PreviousID: 7, Type: "TaskSucceeded", Timestamp: at(day + 1)},
		{ID: 9, PreviousID: 8, Type: "TaskStateExited", Timestamp: at(day + 1), Details: &asl.StateExitedDetails{Name: "T"}},
		{ID: 10, PreviousID: 9, Type: "ExecutionSucceeded", Timestamp: at(day + 1)},
	}))
	bars := newTimeline(j, func(*journey.Visit) string { return "" }).Bars
	if len(bars) != 1 || bars[0].Took != 3*time.Second {
		t.Errorf("%+v, want one that took 3 s", bars)
	}
}
