package journey

import (
	"slices"
	"time"
)

// outwards is the visit itself, or the innermost around it, for which a
// condition holds; nil if none is.
func (v *Visit) outwards(is func(*Visit) bool) *Visit {
	for ; v != nil; v = v.Within {
		if is(v) {
			return v
		}
	}
	return nil
}

// inside says that the visit lies within another.
func (v *Visit) inside(other *Visit) bool {
	return v.Within.outwards(func(w *Visit) bool { return w == other }) != nil
}

// in says that the visit lies in an iteration of a Map.
func (v *Visit) in(m *Visit, iteration int64) bool {
	return v.outwards(func(w *Visit) bool { return w.Within == m && w.Branch == iteration }) != nil
}

// inside are the visits within one that a redrive would go on with.
func (j *Journey) inside(v *Visit) []*Visit {
	var inside []*Visit
	for _, w := range j.standing {
		if w.inside(v) {
			inside = append(inside, w)
		}
	}
	return inside
}

// leave forgets a visit that is over, and what is left within it.
func (j *Journey) leave(v *Visit) {
	j.standing = slices.DeleteFunc(j.standing, func(w *Visit) bool { return w == v || w.inside(v) })
}

// stop ends those of some visits that run: one of them failed.
func stop(visits []*Visit, failing *Visit, at time.Time) {
	for _, v := range visits {
		switch {
		case v == nil || v.Outcome != Running:
		case v == failing:
			v.end(Failed, at)
		default:
			v.end(Aborted, at)
		}
	}
}

func (v *Visit) end(outcome Outcome, at time.Time) {
	v.Outcome, v.Exited = outcome, at
	if v.attempted(Running) {
		if outcome == Caught {
			outcome = Failed
		}
		v.attempt().end(outcome, at)
	}
}

// attempt is the latest; there must be one.
func (v *Visit) attempt() *Attempt { return &v.Attempts[len(v.Attempts)-1] }

// attempted says what became of the latest attempt.
func (v *Visit) attempted(outcome Outcome) bool {
	return len(v.Attempts) > 0 && v.attempt().Outcome == outcome
}

func (a *Attempt) end(outcome Outcome, at time.Time) { a.Outcome, a.Ended = outcome, at }

// try begins an attempt.
func (v *Visit) try(a Attempt) {
	v.failing, v.Error, v.Cause = false, nil, nil
	v.Attempts = append(v.Attempts, a)
}

func (v *Visit) succeed(result string, at time.Time) {
	v.failing, v.Error, v.Cause = false, nil, nil
	if v.attempted(Running) {
		v.attempt().end(Succeeded, at)
		v.attempt().Result = result
	}
}

func (v *Visit) fail(name, cause *string, at time.Time) {
	v.failing = true
	if v.attempted(Running) {
		v.attempt().end(Failed, at)
		v.attempt().Error, v.attempt().Cause = name, cause
	}
	v.because(name, cause)
}

// because says why the visit failed, and so did the last attempt at it if it
// is a Parallel or Map.
func (v *Visit) because(name, cause *string) {
	v.Error, v.Cause = name, cause
	if v.surrounds() && v.attempted(Failed) {
		v.attempt().Error, v.attempt().Cause = name, cause
	}
}

// surrounds says that the state runs others inside.
func (v *Visit) surrounds() bool { return v.Type == "Parallel" || v.Type == "Map" }

// redrive lets a visit run again. A Fail fails again, without a word.
func (v *Visit) redrive(at time.Time) {
	if v.Type == "Fail" || v.Outcome == Running {
		return
	}
	before := *v
	before.redriven = nil
	v.redriven = &before
	v.away += at.Sub(v.Exited)
	v.Outcome, v.Exited, v.failing, v.Error, v.Cause = Running, time.Time{}, false, nil, nil
	if v.surrounds() && (v.attempted(Failed) || v.attempted(Aborted)) {
		v.Attempts = slices.Clone(v.Attempts)
		v.attempt().end(Running, time.Time{})
		v.attempt().Error, v.attempt().Cause = nil, nil
	}
}

// restore takes a redrive back.
func (v *Visit) restore() {
	if v.redriven != nil {
		*v = *v.redriven
	}
}
