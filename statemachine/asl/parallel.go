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
	started := t.Previous
	for i, branch := range s.branches {
		t.Children[i] = &thread{graph: branch, parent: t, index: i, Previous: started}
	}
	attempt := t.Children
	for i, branch := range s.branches {
		if !r.running() || !sameAttempt(t, attempt) {
			break
		}
		r.proceed(attempt[i], move{branch.start, input})
	}
	return move{}
}

// sameAttempt says that a state has neither failed nor ended since it made
// these children.
func sameAttempt(t *thread, children []*thread) bool {
	return len(t.Children) > 0 && &t.Children[0] == &children[0]
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
	t.Started, t.Children, t.Results, t.Map = false, nil, nil, nil
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
	t.Children[child.index] = nil
	if s.kind == mapState {
		if f = r.tolerate(child, f, last); f == nil {
			return
		}
	}
	for _, sibling := range t.Children {
		r.abort(sibling, failing)
	}
	t.Children = nil
	t.Previous = failing
	r.proceed(t, r.fail(t, s, f))
}

// abort ends a thread because of a sibling's failing event, at which all that
// is recorded of it points: first the iteration, then its state, then what
// runs inside of that.
func (r *run) abort(t *thread, failing int64) {
	if t == nil {
		return
	}
	r.clearTimer(&t.Timer)
	r.dropTask(t, true)
	if t.State == "" {
		return // not begun yet
	}
	if t.Item != nil {
		r.record(failing, "MapIterationAborted", &MapIterationDetails{Name: t.parent.State, Index: t.Item.Index})
	}
	r.record(failing, abortedType[t.state().kind], nil)
	for _, child := range t.Children {
		r.abort(child, failing)
	}
}
