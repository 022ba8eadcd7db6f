package statemachine_test

import (
	"encoding/json"
	"slices"
	"testing"
)

// A described state is what these rules look at.
type described struct {
	Type           string
	Comment        string
	TimeoutSeconds any
	Retry          []struct {
		ErrorEquals     []string
		MaxAttempts     *int
		BackoffRate     float64
		MaxDelaySeconds int
		JitterStrategy  string
	}
	Catch []struct {
		ErrorEquals []string
		Next        string
	}
	Branches []struct{ States map[string]described }
}

func states(t *testing.T) map[string]described {
	var machine struct{ States map[string]described }
	if err := json.Unmarshal(definition(t), &machine); err != nil {
		t.Fatal(err)
	}
	all := map[string]described{}
	var collect func(map[string]described)
	collect = func(states map[string]described) {
		for name, s := range states {
			all[name] = s
			for _, b := range s.Branches {
				collect(b.States)
			}
		}
	}
	collect(machine.States)
	return all
}

// A failure that no catcher names would leave stock reserved and a parcel
// booked: whoever compensates some failures compensates all.
func TestCompensatingCatchesEndInAll(t *testing.T) {
	for name, s := range states(t) {
		compensates := slices.ContainsFunc(s.Catch, func(c struct {
			ErrorEquals []string
			Next        string
		}) bool {
			return c.Next == "CancelOrder"
		})
		if compensates && !slices.Equal(s.Catch[len(s.Catch)-1].ErrorEquals, []string{"States.ALL"}) {
			t.Errorf("%s compensates, but its last Catch takes only %q", name, s.Catch[len(s.Catch)-1].ErrorEquals)
		}
	}
}

func TestTasksRetryAndTimeOut(t *testing.T) {
	for name, s := range states(t) {
		if s.Comment == "" {
			t.Errorf("%s has no Comment", name)
		}
		if s.Type != "Task" {
			continue
		}
		if s.TimeoutSeconds == nil {
			t.Errorf("%s has no TimeoutSeconds", name)
		}
		retries := false
		for _, r := range s.Retry {
			if r.MaxAttempts != nil && *r.MaxAttempts == 0 {
				continue // a business error: no retry
			}
			retries = true
			if r.BackoffRate <= 1 || r.MaxDelaySeconds == 0 || r.JitterStrategy != "FULL" {
				t.Errorf("%s retries %q without BackoffRate, MaxDelaySeconds and full jitter", name, r.ErrorEquals)
			}
		}
		if !retries {
			t.Errorf("%s retries nothing", name)
		}
	}
}
