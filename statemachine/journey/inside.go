package journey

import (
	"cmp"
	"slices"
	"time"

	"orderflow/statemachine/asl"
)

// started begins an attempt at a Parallel or Map. One after the first points
// at what failed inside, or at the entry when a redrive begins it anew.
func (j *Journey) started(e asl.HistoryEvent, last place) place {
	v := last.visit.outwards(func(v *Visit) bool {
		return v.Type == typeOf(e) && (v.ID == e.PreviousID || !v.attempted(Failed))
	})
	if v == nil {
		return place{thread: last.thread}
	}
	if v.ID != e.PreviousID {
		stop(j.inside(v), last.visit, last.at)
		if v.attempted(Running) {
			v.fail(last.visit.Error, last.visit.Cause, last.at)
		}
	} else if v.redriven != nil {
		for _, w := range j.inside(v) {
			w.restore()
		}
		v.Attempts = v.redriven.Attempts
	}
	j.standing = slices.DeleteFunc(j.standing, func(w *Visit) bool { return w.inside(v) })
	v.branches, v.lost = 0, nil
	v.try(Attempt{Scheduled: e.Timestamp, Outcome: Running})
	return place{visit: v}
}

// tried is the Parallel or Map that is being tried, around what an event
// points at.
func tried(e asl.HistoryEvent, last place) *Visit {
	return last.visit.outwards(func(v *Visit) bool { return v.Type == typeOf(e) && v.attempted(Running) })
}

func (j *Journey) succeeded(e asl.HistoryEvent, last place) place {
	v := tried(e, last)
	if v == nil {
		return place{thread: last.thread}
	}
	v.succeed("", e.Timestamp)
	return place{visit: v, thread: v.thread}
}

// failed ends the last attempt at a Parallel or Map, at what failed inside. It
// is not recorded when another follows.
func (j *Journey) failed(e asl.HistoryEvent, last place) place {
	v := tried(e, last)
	if v == nil {
		return place{thread: last.thread}
	}
	if slices.Contains(v.lost, last.visit) {
		// It was not tolerated, and a redrive goes on with it.
		j.standing = append(j.standing, v.lost...)
		slices.SortFunc(j.standing, func(a, b *Visit) int { return cmp.Compare(a.ID, b.ID) })
		v.lost = nil
	}
	stop(j.inside(v), last.visit, e.Timestamp)
	v.fail(last.visit.Error, last.visit.Cause, e.Timestamp)
	v.end(Failed, e.Timestamp) // unless it is caught at once
	return place{visit: v, thread: v.thread}
}

// iteration takes in what became of one of a Map's.
func (j *Journey) iteration(e asl.HistoryEvent, what string, last place) place {
	d, _ := e.Details.(*asl.MapIterationDetails)
	if d == nil {
		return last
	}
	named := func(v *Visit) bool { return v.Type == "Map" && v.State == d.Name }
	v := last.visit.outwards(named)
	if what == "Aborted" && j.aborting.because == e.PreviousID {
		// It may be a Map beside what failed, whose own event came before.
		if m := j.aborting.latest.outwards(named); m != nil {
			v = m
		}
	}
	if v == nil && what == "Started" {
		return place{thread: &thread{branch: d.Index}}
	} else if v == nil {
		return place{thread: last.thread}
	}
	switch what {
	case "Started":
		v.failing = false // an item that could not be made was tolerated
		return place{visit: v, thread: &thread{within: v, branch: d.Index, variables: v.Variables}}
	case "Succeeded":
		v.failing = false
	case "Failed":
		v.lost = slices.DeleteFunc(j.inside(v), func(w *Visit) bool { return !w.in(v, d.Index) })
		stop(v.lost, last.visit, e.Timestamp)
		j.standing = slices.DeleteFunc(j.standing, func(w *Visit) bool { return w.in(v, d.Index) })
	case "Aborted":
		j.aborting = aborting{because: e.PreviousID, latest: v, of: v, iteration: d.Index}
	}
	return place{visit: v, thread: last.thread}
}

// aborting is which states are being aborted: after an iteration, those in it.
type aborting struct {
	because   int64  // the ID of the failing event, at which all their events point
	latest    *Visit // to be aborted
	of        *Visit // the Map of the latest iteration, or nil
	iteration int64
}

// aborted takes in that a state ended because another failed, or, of a Task in
// a Parallel, because it failed itself.
func (j *Journey) aborted(e asl.HistoryEvent, last place) place {
	if j.aborting.because != e.PreviousID {
		j.aborting = aborting{because: e.PreviousID}
	}
	v := j.toAbort(typeOf(e), last.visit)
	if v == nil {
		return place{thread: last.thread}
	}
	blame(last.visit, v, e.Timestamp)
	stop([]*Visit{v}, nil, e.Timestamp)
	j.aborting.latest = v
	return place{visit: v, thread: v.thread}
}

// toAbort is the next state of a type to be aborted. The event does not say
// which: those of one type are taken in the order of their entry.
func (j *Journey) toAbort(typ string, failing *Visit) *Visit {
	find := func(is func(*Visit) bool) *Visit {
		i := slices.IndexFunc(j.standing, func(v *Visit) bool {
			return v.Type == typ && v.Outcome == Running && (v != failing || !v.failing) && is(v)
		})
		if i < 0 {
			return nil
		}
		return j.standing[i]
	}
	if m := j.aborting.of; m != nil {
		if v := find(func(v *Visit) bool { return v.in(m, j.aborting.iteration) }); v != nil {
			return v
		}
	}
	if failing == nil {
		return find(func(*Visit) bool { return true })
	}
	if failing.Type == "Task" && typ == "Task" && j.aborting.latest == nil {
		return failing
	}
	around := failing.Within
	if failing.Type == "Map" && failing.attempted(Running) {
		around = failing // one of its items could not be made
	}
	return find(func(v *Visit) bool { return around == nil || v.inside(around) })
}

// blame ends the state whose failure aborts another, for that may be all that
// is recorded of it. A Map that is aborted inside of goes on.
func blame(failing, aborted *Visit, at time.Time) {
	switch {
	case failing == nil, aborted.inside(failing):
	case failing == aborted && !failing.failing:
	default:
		stop([]*Visit{failing}, failing, at)
	}
}
