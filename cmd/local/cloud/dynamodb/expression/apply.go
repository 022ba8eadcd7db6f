package expression

import (
	"slices"

	"orderflow/cmd/local/cloud/dynamodb/attribute"
)

// A source is the right-hand side of a SET.
type source interface {
	from(item attribute.Map) (attribute.Value, error)
	static() attribute.Type
}

type (
	given    struct{ value attribute.Value }
	fromPath Path
	sum      struct {
		op          string
		left, right source
	}
	ifNotExists struct {
		path fromPath
		or   source
	}
	listAppend struct{ first, second source }
)

func (g given) static() attribute.Type       { return g.value.Type() }
func (fromPath) static() attribute.Type      { return "" }
func (sum) static() attribute.Type           { return attribute.TypeN }
func (i ifNotExists) static() attribute.Type { return i.or.static() }
func (listAppend) static() attribute.Type    { return attribute.TypeL }

func (g given) from(attribute.Map) (attribute.Value, error) { return g.value, nil }

func (p fromPath) from(item attribute.Map) (attribute.Value, error) {
	if v := Path(p).Get(item); v != nil {
		return v, nil
	}
	return nil, attribute.Invalid("The provided expression refers to an attribute that does not exist in the item")
}

func (s sum) from(item attribute.Map) (attribute.Value, error) {
	left, right, err := operands[attribute.Number](s.left, s.right, item)
	if err != nil {
		return nil, err
	}
	if s.op == "-" {
		return left.Sub(right)
	}
	return left.Add(right)
}

func (i ifNotExists) from(item attribute.Map) (attribute.Value, error) {
	if v := Path(i.path).Get(item); v != nil {
		return v, nil
	}
	return i.or.from(item)
}

func (l listAppend) from(item attribute.Map) (attribute.Value, error) {
	first, second, err := operands[attribute.List](l.first, l.second, item)
	if err != nil {
		return nil, err
	}
	return slices.Concat(first, second), nil
}

func operands[T attribute.Value](left, right source, item attribute.Map) (l, r T, err error) {
	if l, err = operandOf[T](left, item); err != nil {
		return l, r, err
	}
	r, err = operandOf[T](right, item)
	return l, r, err
}

func operandOf[T attribute.Value](s source, item attribute.Map) (t T, err error) {
	v, err := s.from(item)
	if err != nil {
		return t, err
	}
	t, ok := v.(T)
	if !ok {
		return t, errOperandType()
	}
	return t, nil
}

func errOperandType() error {
	return attribute.Invalid("An operand in the update expression has an incorrect data type")
}

// An action changes one value; a nil value is an attribute that is not there.
type action interface {
	apply(old attribute.Value, item attribute.Map) (attribute.Value, error)
}

type (
	setTo      struct{ value source }
	remove     struct{}
	add        struct{ value attribute.Value }
	deleteFrom struct{ value attribute.Value }
)

func (s setTo) apply(_ attribute.Value, item attribute.Map) (attribute.Value, error) {
	return s.value.from(item)
}

func (remove) apply(attribute.Value, attribute.Map) (attribute.Value, error) { return nil, nil }

func (a add) apply(old attribute.Value, _ attribute.Map) (attribute.Value, error) {
	if old == nil {
		return a.value, nil
	}
	if by, ok := a.value.(attribute.Number); ok {
		n, ok := old.(attribute.Number)
		if !ok {
			return nil, errOperandType()
		}
		return n.Add(by)
	}
	set, ok := attribute.Union(old, a.value)
	if !ok {
		return nil, errOperandType()
	}
	return set, nil
}

func (d deleteFrom) apply(old attribute.Value, _ attribute.Map) (attribute.Value, error) {
	if old == nil {
		return nil, nil
	}
	set, ok := attribute.Difference(old, d.value)
	if !ok {
		return nil, errOperandType()
	}
	return set, nil
}

// A change is a tree of actions, shaped like the documents they change.
type change struct {
	action action
	parts  []part
}

type part struct {
	step Step
	change
}

// at is the node that path leads to, made if it is not there.
func (c *change) at(path Path) *change {
	for _, s := range path {
		c = c.part(s)
	}
	return c
}

func (c *change) part(s Step) *change {
	for i := range c.parts {
		if c.parts[i].step == s {
			return &c.parts[i].change
		}
	}
	c.parts = append(c.parts, part{step: s})
	return &c.parts[len(c.parts)-1].change
}

// of is old with the changes made, in a copy.
func (c *change) of(old attribute.Value, item attribute.Map) (attribute.Value, error) {
	if c.action != nil {
		return c.action.apply(old, item)
	}
	if len(c.parts) == 0 {
		return old, nil
	}
	switch old := old.(type) {
	case attribute.Map:
		if c.parts[0].step.Name != "" {
			return c.ofMap(old, item)
		}
	case attribute.List:
		if c.parts[0].step.Name == "" {
			return c.ofList(old, item)
		}
	}
	return nil, attribute.Invalid("The document path provided in the update expression is invalid for update")
}

func (c *change) ofMap(old attribute.Map, item attribute.Map) (attribute.Value, error) {
	out := make(attribute.Map, len(old), len(old)+len(c.parts))
	copy(out, old)
	added := false
	for _, p := range c.parts {
		i := old.Index(p.step.Name)
		var v attribute.Value
		if i >= 0 {
			v = old[i].Value
		}
		v, err := p.of(v, item)
		switch {
		case err != nil:
			return nil, err
		case i >= 0:
			out[i].Value = v
		case v != nil:
			out = append(out, attribute.Attribute{Name: p.step.Name, Value: v})
			added = true
		}
	}
	out = slices.DeleteFunc(out, func(a attribute.Attribute) bool { return a.Value == nil })
	if added {
		out = attribute.NewMap(out...)
	}
	return out, nil
}

// ofList reads every index as one of the list as it was: removing l[0] and
// l[1] removes the first two. An index past the end appends.
func (c *change) ofList(old attribute.List, item attribute.Map) (attribute.Value, error) {
	out := slices.Clone(old)
	parts := slices.SortedFunc(slices.Values(c.parts), func(a, b part) int { return a.step.Index - b.step.Index })
	for _, p := range parts {
		var v attribute.Value
		i := p.step.Index
		if i < len(old) {
			v = old[i]
		}
		v, err := p.of(v, item)
		switch {
		case err != nil:
			return nil, err
		case i < len(old):
			out[i] = v
		case v != nil:
			out = append(out, v)
		}
	}
	out = slices.DeleteFunc(out, func(v attribute.Value) bool { return v == nil })
	return out, nil
}
