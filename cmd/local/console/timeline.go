package console

import (
	"time"

	"orderflow/statemachine/journey"
)

// A timeline shows when each visit began and how long it took, as bars on one
// scale.
type timeline struct {
	Bars   []bar
	Total  time.Duration
	Hidden int // visits beyond what is drawn
}

// A bar lies between 0 and 1000 of the timeline's width.
type bar struct {
	Visit          int64 // its ID
	State, Outcome string
	Indent         int
	X, Width       float64
	After, Took    time.Duration // Took is negative while it lasts
	URL            string
}

const (
	mostBars   = 200
	scaleWidth = 1000
)

func newTimeline(j *journey.Journey, link func(*journey.Visit) string) timeline {
	var t timeline
	if len(j.Events) == 0 {
		return t
	}
	end := j.Ended
	if end.IsZero() {
		end = j.Events[len(j.Events)-1].Timestamp
	}
	t.Total = end.Sub(j.Started)
	scale := scaleWidth / max(float64(t.Total), 1)
	for _, v := range j.Visits {
		if len(t.Bars) == mostBars {
			t.Hidden = len(j.Visits) - mostBars
			break
		}
		until := v.Exited
		if until.IsZero() {
			until = end
		}
		b := bar{Visit: v.ID, State: v.State, Outcome: string(v.Outcome), After: v.Entered.Sub(j.Started), Took: visitTook(v), URL: link(v)}
		b.X = min(float64(b.After)*scale, scaleWidth-3)
		b.Width = max(float64(until.Sub(v.Entered))*scale, 3)
		for w := v.Within; w != nil; w = w.Within {
			b.Indent++
		}
		t.Bars = append(t.Bars, b)
	}
	return t
}
