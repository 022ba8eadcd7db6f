package asl

import (
	"math"
	"time"
)

// fail decides what becomes of a state that failed: another attempt, a
// catcher's state, or the failure of whatever runs the state.
func (r *run) fail(t *thread, s *state, f *failure) move {
	if !r.running() {
		return move{}
	}
	if r.again(t, s, f) {
		t.clear()
		return move{}
	}
	if t.Started {
		typ := "ParallelStateFailed"
		if s.kind == mapState {
			typ = "MapStateFailed"
		}
		r.chain(t, typ, nil)
		t.Started = false
	}
	for i := range s.catch {
		if c := &s.catch[i]; f.matches(c.errors) {
			return r.caught(t, s, c, f)
		}
	}
	return r.uncaught(t, s, f)
}

// again waits for the next attempt, if a retrier allows one.
func (r *run) again(t *thread, s *state, f *failure) bool {
	for i := range s.retry {
		re := &s.retry[i]
		if !f.matches(re.errors) {
			continue
		}
		if t.Retries == nil {
			t.Retries = make([]int64, len(s.retry))
		}
		if t.Retries[i] >= re.maxAttempts {
			return false
		}
		t.Timer = r.setTimer(re.delay(t.Retries[i], r.x.random))
		t.Retries[i]++
		return true
	}
	return false
}

// delay is how long to wait after so many attempts.
func (re *retrier) delay(attempts int64, random func() uint64) time.Duration {
	seconds := float64(re.interval) * math.Pow(re.backoffRate, float64(attempts))
	if re.maxDelay > 0 {
		seconds = min(seconds, float64(re.maxDelay))
	}
	seconds = min(seconds, maxSeconds)
	if re.fullJitter {
		seconds *= float64(random()>>11) / (1 << 53)
	}
	return time.Duration(seconds * float64(time.Second)).Round(time.Millisecond)
}

// caught leaves a failed state for a catcher's.
func (r *run) caught(t *thread, s *state, c *catcher, f *failure) move {
	output := f.output()
	sc := r.scope(t)
	sc.failed = &output
	assigned, wrong := sc.assign(c.assign)
	if wrong == nil && c.output != nil {
		output, wrong = sc.render(c.output)
	}
	if wrong == nil {
		wrong = t.limit(output)
	}
	if wrong != nil {
		return r.uncaught(t, s, wrong)
	}
	t.clear()
	r.exit(t, s, output, assigned)
	return move{c.next, output}
}

// uncaught ends the thread, and the state or execution that it is a part of.
func (r *run) uncaught(t *thread, s *state, f *failure) move {
	t.Stopped = true
	if f.name == dataLimitError {
		t.clear() // a redrive runs all of the state again
	}
	if t.parent == nil {
		r.end(Failed, *f)
	} else {
		r.childFailed(t, s, f)
	}
	return move{}
}
