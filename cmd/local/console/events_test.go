package console

import (
	"net/url"
	"slices"
	"testing"
	"time"

	"orderflow/statemachine/asl"
	"orderflow/statemachine/journey"
)

// An event's link leads to where the event is shown.
func TestEventLinks(t *testing.T) {
	j := journey.New()
	for id := range int64(250) {
		j.Add(asl.HistoryEvent{ID: id + 1, PreviousID: id, Type: "WaitStateEntered", Timestamp: time.Unix(1, 0), Details: &asl.StateEnteredDetails{Name: "A"}})
	}
	for _, test := range []struct {
		query string
		want  []string
	}{
		{"state=A", []string{"#event-100", "/e?page=2&state=A#event-101", "/e?page=3&state=A#event-250"}},
		{"page=2&state=A", []string{"/e?page=1&state=A#event-100", "#event-101", "/e?page=3&state=A#event-250"}},
		{"state=A&find=nothing&order=newest&type=", []string{"/e?page=1&state=A#event-100", "/e?page=2&state=A#event-101", "/e?page=3&state=A#event-250"}},
	} {
		query, err := url.ParseQuery(test.query)
		if err != nil {
			t.Fatal(err)
		}
		table := newEventTable(j, query, "/e")
		var got []string
		for _, l := range table.links([]int64{100, 101, 250}, query, "/e") {
			got = append(got, l.URL)
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("with %s: %q, want %q", test.query, got, test.want)
		}
	}
}
