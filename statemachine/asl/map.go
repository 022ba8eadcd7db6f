package asl

import "orderflow/statemachine/asl/jsonata"

// maxInline is how many iterations of an inline Map run at once, at most.
// https://docs.aws.amazon.com/step-functions/latest/dg/state-map-inline.html
const maxInline = 40

// A mapping is how far a Map has come.
type mapping struct {
	Items       []item   `json:"items"` // those not begun yet
	Length      int64    `json:"length"`
	Concurrency int64    `json:"concurrency"`
	Done        int64    `json:"done"`
	Failed      int64    `json:"failed"`    // and tolerated
	Tolerated   float64  `json:"tolerated"` // failures
	Tolerant    bool     `json:"tolerant"`  // a tolerance was given
	Lost        []bool   `json:"lost"`      // iterations that failed and were tolerated
	Results     []string `json:"results"`   // JSON texts
}

// iterate starts as many iterations of a Map as may run at once.
func (r *run) iterate(t *thread, s *state) move {
	sc := r.scope(t)
	items, f := sc.mapItems(s)
	var m *mapping
	if f == nil {
		m, f = sc.mapping(s, items)
	}
	if f != nil {
		return r.fail(t, s, f)
	}
	r.chain(t, "MapStateStarted", &MapStateStartedDetails{Length: m.Length})
	t.Started, t.Map = true, m
	if m.Length == 0 {
		r.record(t.Previous, "MapStateSucceeded", nil)
		r.gather(t, s, nil)
		return move{}
	}
	t.Children = make([]*thread, min(m.Concurrency, m.Length))
	for i := range t.Children {
		t.iteration(s, i, t.Previous)
	}
	r.each(t, r.begin)
	return move{}
}

// iteration puts the next item in a free place.
func (t *thread) iteration(s *state, place int, previous int64) *thread {
	it := t.Map.Items[0]
	t.Map.Items = t.Map.Items[1:]
	child := &thread{graph: s.branches[0], parent: t, index: place, Previous: previous, Item: &it}
	t.Children[place] = child
	return child
}

// mapItems are the items, each as JSON text.
func (s *scope) mapItems(st *state) ([]item, *failure) {
	text := s.thread.Input
	if st.items != nil {
		var f *failure
		if text, f = s.render(st.items); f != nil {
			return nil, f
		}
	}
	value, _ := jsonata.Decode(text)
	switch v := value.(type) {
	case *jsonata.Array:
		items := make([]item, len(v.Items))
		for i, value := range v.Items {
			items[i] = item{Index: int64(i), Value: string(jsonata.Append(nil, value))}
		}
		return items, nil
	case *jsonata.Object:
		items := make([]item, v.Len())
		for i := range items {
			key, value := v.At(i)
			items[i] = item{Index: int64(i), Key: key, Keyed: true, Value: string(jsonata.Append(nil, value))}
		}
		return items, nil
	}
	if st.items != nil && st.items.alone() != nil {
		return nil, s.unexpected(st.items.alone(), "array", value)
	}
	return nil, s.thread.broken(runtimeError, "The input of a Map without Items must be an array or object.")
}

func (s *scope) mapping(st *state, items []item) (*mapping, *failure) {
	n := int64(len(items))
	m := &mapping{Items: items, Length: n, Results: make([]string, n), Lost: make([]bool, n)}
	concurrency, f := s.number(st.maxConcurrency, 0, maxSeconds, "integer")
	if f != nil {
		return nil, f
	}
	m.Concurrency = maxInline
	if concurrency > 0 {
		m.Concurrency = min(int64(concurrency), maxInline)
	}
	count, f := s.number(st.toleratedCount, 0, maxSeconds, "integer")
	if f != nil {
		return nil, f
	}
	percentage, f := s.number(st.toleratedPercentage, 0, 100, "number")
	if f != nil {
		return nil, f
	}
	// With both, whichever is crossed first fails the Map.
	switch counts, percents := st.toleratedCount.set, st.toleratedPercentage.set; {
	case counts && percents:
		m.Tolerated = min(count, percentage*float64(n)/100)
	case counts:
		m.Tolerated = count
	case percents:
		m.Tolerated = percentage * float64(n) / 100
	}
	m.Tolerant = m.Tolerated > 0
	return m, nil
}

// beginIteration starts an iteration.
func (r *run) beginIteration(child *thread) {
	t := child.parent
	s := t.state()
	r.chain(child, "MapIterationStarted", &MapIterationDetails{Name: s.name, Index: child.Item.Index})
	input := child.Item.Value
	if s.itemSelector != nil && r.running() {
		sc := r.scope(t)
		sc.item = child.Item
		var f *failure
		if input, f = sc.render(s.itemSelector); f == nil {
			f = t.limit(input)
		}
		if f != nil {
			child.Previous = t.Previous
			r.childFailed(child, s, f)
			return
		}
	}
	r.proceed(child, move{child.graph.start, input})
}

// iterated takes the output of an iteration and starts the next.
func (r *run) iterated(child *thread, output string) {
	t := child.parent
	s := t.state()
	t.Map.Results[child.Item.Index] = output
	id := r.record(child.Previous, "MapIterationSucceeded", &MapIterationDetails{Name: s.name, Index: child.Item.Index})
	r.follow(child, s, id)
}

// follow puts the next iteration in the place of one that is over; after the
// last, the Map is over as well.
func (r *run) follow(child *thread, s *state, id int64) {
	t, m := child.parent, child.parent.Map
	t.Children[child.index] = nil
	t.Previous = id
	m.Done++
	switch {
	case !r.running():
	case len(m.Items) > 0:
		r.begin(t.iteration(s, child.index, child.Previous))
	case m.Done == m.Length:
		r.record(t.Previous, "MapStateSucceeded", nil)
		results := make([]string, 0, m.Length)
		for i, result := range m.Results {
			if !m.Lost[i] {
				results = append(results, result)
			}
		}
		r.gather(t, s, results)
	}
}

// tolerate gives the failure of the Map, or nil if it goes on without the
// result of an iteration that failed; last is the latest event about that.
func (r *run) tolerate(child *thread, f *failure, last int64) *failure {
	m := child.parent.Map
	if !m.Tolerant {
		return f
	}
	if float64(m.Failed+1) > m.Tolerated {
		return &failure{name: toleranceError, cause: ptr("The specified tolerated failure threshold was exceeded")}
	}
	m.Failed++
	m.Lost[child.Item.Index] = true
	r.follow(child, child.parent.state(), last)
	return nil
}
