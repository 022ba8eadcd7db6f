package asl

import "strings"

// fork starts every branch of a Parallel.
func (r *run) fork(t *thread, s *state) move {
	input := t.Input
	if s.arguments != nil {
		var f *failure
		if input, f = r.scope(t).render(s.arguments); f == nil {
			f = t.limit(input)
		}
		if f != nil {
			return r.fail(t, s, f)
		}
	}
	r.chain(t, "ParallelStateStarted", nil)
	t.Started = true
	t.Children, t.Results = make([]*thread, len(s.branches)), make([]string, len(s.branches))
	for i, branch := range s.branches {
		t.Children[i] = &thread{graph: branch, parent: t, index: i, Previous: t.Previous, Input: input}
	}
	r.each(t, r.begin)
	return move{}
}

// each does something for every branch or iteration that has not succeeded,
// until the state around them fails or ends.
func (r *run) each(t *thread, do func(child *thread)) {
	attempt := t.Children
	for _, child := range attempt {
		if !r.running() || t.Stopped || len(t.Children) == 0 || &t.Children[0] != &attempt[0] {
			return
		}
		if child != nil {
			do(child)
		}
	}
}

// begin starts a branch or iteration.
func (r *run) begin(child *thread) {
	if child.Item != nil {
		r.beginIteration(child)
		return
	}
	r.proceed(child, move{child.graph.start, child.Input})
}

// joined takes the output of a branch or iteration that has ended; the last
// one ends the state.
func (r *run) joined(child *thread, output string) {
	t := child.parent
	s := t.state()
	if s.kind == mapState {
		r.iterated(child, output)
		return
	}
	t.Children[child.index], t.Results[child.index] = nil, output
	t.Previous = child.Previous
	for _, other := range t.Children {
		if other != nil {
			return
		}
	}
	r.record(t.Previous, "ParallelStateSucceeded", nil)
	r.gather(t, s, t.Results)
}

// gather leaves a Parallel or Map with the results of what ran inside.
func (r *run) gather(t *thread, s *state, results []string) {
	result := "[" + strings.Join(results, ",") + "]"
	t.Started = false
	t.clear()
	r.proceed(t, r.leave(t, s, result, &result))
}

// childFailed fails the state that a branch or iteration belongs to, unless a
// Map tolerates it.
func (r *run) childFailed(child *thread, failed *state, f *failure) {
	t := child.parent
	s := t.state()
	failing := child.Previous
	last := failing
	if s.kind == mapState {
		last = r.record(failing, "MapIterationFailed", &MapIterationDetails{Name: s.name, Index: child.Item.Index})
	}
	if failed.kind == taskState && (s.kind == parallelState || f.name == timeoutError) {
		last = r.record(failing, abortedType[taskState], nil)
	}
	if s.kind == mapState {
		if f = r.tolerate(child, f, last); f == nil {
			return
		}
	}
	for _, sibling := range t.Children {
		r.abort(sibling, failing)
	}
	t.Previous = failing
	r.proceed(t, r.fail(t, s, f))
}

// abort ends a thread because of a sibling's failing event, at which all that
// is recorded of it points: first the iteration, then its state, then what
// runs inside of that.
func (r *run) abort(t *thread, failing int64) {
	if t == nil || t.State == "" || t.Stopped {
		return // it has succeeded, not begun, or was stopped before
	}
	r.clearTimer(&t.Timer)
	r.dropTask(t, true)
	t.Stopped = true
	if t.Item != nil {
		r.record(failing, "MapIterationAborted", &MapIterationDetails{Name: t.parent.State, Index: t.Item.Index})
	}
	r.record(failing, abortedType[t.state().kind], nil)
	for _, child := range t.Children {
		r.abort(child, failing)
	}
}
