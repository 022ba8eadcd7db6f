package jsonata

import (
	"cmp"
	"math"
	"slices"
	"unicode/utf16"
)

type (
	nameNode    struct{ name string }
	wildcard    struct{}
	descendants struct{}

	// plainPath is $variable.name.name.
	plainPath struct {
		variable string
		names    []string
	}
	pathNode struct {
		steps    []step
		absolute bool // starts at a variable, not at the context
		keep     bool // a[]: the result is an array
	}
	step struct {
		node    node
		array   bool // is an array constructor
		filters []node
	}
	filterNode struct {
		expr    node
		filters []node
	}
	sortNode struct {
		expr  node
		terms []sortTerm
	}
	sortTerm struct {
		expr       node
		descending bool
	}
	objectNode struct{ pairs []pair }
	groupNode  struct {
		expr  node
		pairs []pair
	}
	pair struct{ key, value node }
)

func (n nameNode) eval(_ *evaluation, input any, _ *frame) (any, error) {
	return collapse(lookup(input, n.name)), nil
}

// lookup is the member of an object, or of every object in an array.
func lookup(v any, name string) any {
	switch v := v.(type) {
	case *Object:
		return v.Get(name)
	case *Array:
		seq := newSequence()
		for _, item := range v.Items {
			switch found := lookup(item, name).(type) {
			case undefined:
			case *Array:
				seq.Items = append(seq.Items, found.Items...)
			default:
				seq.push(found)
			}
		}
		return seq
	}
	return Undefined
}

func (n plainPath) eval(ev *evaluation, _ any, f *frame) (any, error) {
	v, err := n.raw(ev, f)
	return force(v), err
}

// raw walks from object to object. An array on the way makes the path map
// over it, which is the general path's business.
func (n plainPath) raw(ev *evaluation, f *frame) (any, error) {
	v := ev.lookup(n.variable, f)
	for i, name := range n.names {
		switch o := force(v).(type) {
		case *Object:
			v = o.raw(name)
		case *Array:
			steps := make([]step, 0, len(n.names)-i)
			for _, rest := range n.names[i:] {
				steps = append(steps, step{node: nameNode{rest}})
			}
			return pathNode{steps: steps}.eval(ev, o, f)
		default:
			return Undefined, nil
		}
	}
	return v, nil
}

func (n pathNode) eval(ev *evaluation, input any, f *frame) (any, error) {
	var seq any
	if _, ok := input.(*Array); ok && !n.absolute {
		seq = input
	} else {
		seq = newSequence(input)
	}
	for i := range n.steps {
		s := &n.steps[i]
		var err error
		if i == 0 && s.array {
			seq, err = s.node.eval(ev, seq, f)
			for _, filter := range s.filters {
				if err == nil {
					seq, err = applyFilter(ev, filter, seq, f)
				}
			}
		} else {
			seq, err = s.eval(ev, seq, f, i == len(n.steps)-1)
		}
		if err != nil {
			return nil, err
		}
		if a, ok := seq.(*Array); seq == Undefined || ok && len(a.Items) == 0 {
			break
		}
	}
	if a, ok := seq.(*Array); ok && n.keep {
		kept := *a
		kept.keepSingleton = true
		if a.constructed && !a.sequence {
			kept = Array{Items: []any{a}, sequence: true, keepSingleton: true}
		}
		seq = &kept
	}
	return collapse(seq), nil
}

// eval takes a step from every item of a sequence and flattens where it leads.
func (s *step) eval(ev *evaluation, input any, f *frame, last bool) (any, error) {
	var results []any
	for _, item := range items(input) {
		v, err := s.node.eval(ev, item, f)
		for _, filter := range s.filters {
			if err == nil {
				v, err = applyFilter(ev, filter, v, f)
			}
		}
		if err != nil {
			return nil, err
		}
		if v != Undefined {
			results = append(results, v)
		}
	}
	if last && len(results) == 1 {
		if a, ok := results[0].(*Array); ok && !a.sequence {
			return a, nil
		}
	}
	seq := newSequence()
	for _, v := range results {
		if a, ok := v.(*Array); ok && !a.constructed {
			seq.Items = append(seq.Items, a.Items...)
		} else {
			seq.push(v)
		}
	}
	return seq, nil
}

func (n filterNode) eval(ev *evaluation, input any, f *frame) (any, error) {
	v, err := n.expr.eval(ev, input, f)
	for _, filter := range n.filters {
		if err != nil {
			return nil, err
		}
		v, err = applyFilter(ev, filter, v, f)
	}
	return collapse(v), err
}

// applyFilter keeps the items at a number, at one of several numbers, or for
// which a condition holds.
func applyFilter(ev *evaluation, filter node, input any, f *frame) (any, error) {
	var list []any
	if a, ok := input.(*Array); ok {
		list = a.Items
	} else {
		list = []any{input}
	}
	seq := newSequence()
	if c, ok := filter.(constant); ok {
		if x, ok := number(c.value); ok {
			switch item := at(list, x).(type) {
			case undefined:
			case *Array:
				return item, nil
			default:
				seq.push(item)
			}
			return seq, nil
		}
	}
	for i, item := range list {
		v, err := filter.eval(ev, item, f)
		if err != nil {
			return nil, err
		}
		if positions, ok := numbers(v); ok {
			for _, x := range positions {
				if position(x, len(list)) == i {
					seq.push(item)
				}
			}
		} else if truth(v) {
			seq.push(item)
		}
	}
	return seq, nil
}

func position(x float64, length int) int {
	i := int(math.Floor(x))
	if i < 0 {
		i += length
	}
	return i
}

func at(list []any, x float64) any {
	if i := position(x, len(list)); i >= 0 && i < len(list) {
		return list[i]
	}
	return Undefined
}

// numbers is a value as numbers, if it is one or an array of nothing else.
func numbers(v any) ([]float64, bool) {
	if x, ok := number(v); ok {
		return []float64{x}, true
	}
	a, ok := v.(*Array)
	if !ok || len(a.Items) == 0 {
		return nil, false
	}
	all := make([]float64, len(a.Items))
	for i, item := range a.Items {
		if all[i], ok = number(item); !ok {
			return nil, false
		}
	}
	return all, true
}

func (wildcard) eval(_ *evaluation, input any, _ *frame) (any, error) {
	seq := newSequence()
	switch v := input.(type) {
	case *Object:
		for i := range v.Len() {
			_, value := v.At(i)
			flatten(seq, value)
		}
	case *Array:
		for _, item := range v.Items {
			flatten(seq, item)
		}
	}
	return seq.collapsed(), nil
}

func flatten(seq *Array, v any) {
	a, ok := v.(*Array)
	if !ok {
		seq.push(v)
		return
	}
	for _, item := range a.Items {
		flatten(seq, item)
	}
}

func (descendants) eval(_ *evaluation, input any, _ *frame) (any, error) {
	seq := newSequence()
	if input != Undefined {
		descend(seq, input)
	}
	return seq.collapsed(), nil
}

func descend(seq *Array, v any) {
	switch v := v.(type) {
	case *Array:
		for _, item := range v.Items {
			descend(seq, item)
		}
	case *Object:
		seq.push(v)
		for i := range v.Len() {
			_, value := v.At(i)
			descend(seq, value)
		}
	default:
		seq.push(v)
	}
}

func (n sortNode) eval(ev *evaluation, input any, f *frame) (any, error) {
	v, err := n.expr.eval(ev, input, f)
	if err != nil || v == Undefined {
		return v, err
	}
	sorted := slices.Clone(items(v))
	var failure error
	slices.SortStableFunc(sorted, func(a, b any) int {
		if failure != nil {
			return 0
		}
		var order int
		order, failure = n.compare(ev, a, b, f)
		return order
	})
	if failure != nil {
		return nil, failure
	}
	return newSequence(sorted...).collapsed(), nil
}

func (n sortNode) compare(ev *evaluation, a, b any, f *frame) (int, error) {
	for _, term := range n.terms {
		x, err := term.expr.eval(ev, a, f)
		if err != nil {
			return 0, err
		}
		y, err := term.expr.eval(ev, b, f)
		if err != nil {
			return 0, err
		}
		if !comparable(x) || !comparable(y) {
			return 0, failed("T2008", "The expressions within an order-by clause must evaluate to numeric or string values")
		}
		order := 0
		switch {
		case x == Undefined && y == Undefined:
			continue
		case x == Undefined:
			return 1, nil
		case y == Undefined:
			return -1, nil
		default:
			var ok bool
			if order, ok = compare(x, y); !ok {
				return 0, failed("T2007", "Type mismatch when comparing values %s and %s in order-by clause", quoted(x), quoted(y))
			}
		}
		if term.descending {
			order = -order
		}
		if order != 0 {
			return order, nil
		}
	}
	return 0, nil
}

// compareStrings orders strings as JavaScript does, by UTF-16 code units.
func compareStrings(a, b string) int {
	for i := 0; i < len(a) && i < len(b); i++ {
		if a[i] == b[i] {
			continue
		}
		if a[i] < 0xEE && b[i] < 0xEE {
			break
		}
		return slices.Compare(utf16.Encode([]rune(a)), utf16.Encode([]rune(b)))
	}
	return cmp.Compare(a, b)
}

func (n objectNode) eval(ev *evaluation, input any, f *frame) (any, error) {
	return construct(ev, n.pairs, input, f)
}

func (n groupNode) eval(ev *evaluation, input any, f *frame) (any, error) {
	v, err := n.expr.eval(ev, input, f)
	if err != nil {
		return nil, err
	}
	return construct(ev, n.pairs, v, f)
}

// construct makes an object: the items are grouped by the keys that they
// give, and each value is evaluated with its group as context.
func construct(ev *evaluation, pairs []pair, input any, f *frame) (any, error) {
	var list []any
	if a, ok := input.(*Array); ok {
		list = a.Items
	} else {
		list = []any{input}
	}
	switch len(list) {
	case 0:
		return constructOne(ev, pairs, Undefined, f)
	case 1:
		return constructOne(ev, pairs, list[0], f)
	}
	type group struct {
		pair  int
		items any
	}
	groups := NewObject(len(pairs))
	for _, item := range list {
		for i := range pairs {
			name, ok, err := pairs[i].name(ev, item, f)
			if err != nil {
				return nil, err
			}
			if !ok {
				continue
			}
			if known, ok := groups.raw(name).(*group); ok {
				if known.pair != i {
					return nil, sameKey(name)
				}
				known.items = NewArray(append(slices.Clone(items(known.items)), items(item)...)...)
				continue
			}
			groups.Set(name, &group{i, item})
		}
	}
	object := NewObject(groups.Len())
	for i := range groups.members {
		g := groups.members[i].value.(*group)
		v, err := pairs[g.pair].value.eval(ev, g.items, f)
		if err != nil {
			return nil, err
		}
		if v != Undefined {
			object.Set(groups.members[i].name, v)
		}
	}
	return object, nil
}

// constructOne is construct for a single item, which forms all the groups.
func constructOne(ev *evaluation, pairs []pair, item any, f *frame) (any, error) {
	object := NewObject(len(pairs))
	for i := range pairs {
		name, ok, err := pairs[i].name(ev, item, f)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		if object.find(name) >= 0 {
			return nil, sameKey(name)
		}
		object.Set(name, &pairs[i])
	}
	kept := object.members[:0]
	for _, m := range object.members {
		v, err := m.value.(*pair).value.eval(ev, item, f)
		if err != nil {
			return nil, err
		}
		if v != Undefined {
			kept = append(kept, member{m.name, v})
		}
	}
	if len(kept) < len(object.members) {
		object.members, object.index = kept, nil
	}
	return object, nil
}

// name is the key of a pair; ok is false if there is none.
func (p *pair) name(ev *evaluation, item any, f *frame) (name string, ok bool, err error) {
	key, err := p.key.eval(ev, item, f)
	if err != nil || key == Undefined {
		return "", false, err
	}
	name, ok = key.(string)
	if !ok {
		return "", false, failed("T1003", "Key in object structure must evaluate to a string; got: %s", quoted(key))
	}
	return name, true, nil
}

func sameKey(name string) error {
	return failed("D1009", "Multiple key definitions evaluate to same key: %s", quoted(name))
}
