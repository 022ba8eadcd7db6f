package sns

import (
	"encoding/json"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// A filterPolicy decides which messages a subscription receives: every field
// must match, and of every $or one alternative. A nil policy lets all pass.
// https://docs.aws.amazon.com/sns/latest/dg/sns-subscription-filter-policies.html
type filterPolicy struct {
	fields []field
	ors    [][]*filterPolicy
}

// A field is either nested, or has patterns of which one must match.
type field struct {
	name     string
	nested   *filterPolicy
	patterns []pattern
	present  bool // {"exists": true} is among them
	absent   bool // {"exists": false} is among them
}

// A pattern tells whether one value of a message matches.
type pattern func(scalar) bool

// A scalar is one value of a message.
type scalar struct {
	kind   scalarKind
	text   string
	number float64
}

type scalarKind uint8

const (
	isText scalarKind = iota
	isNumber
	isTrue
	isFalse
	isNull
)

// matchesAttributes applies the policy to a message's attributes. String,
// String.Array and Number attributes are compared, others are as if absent.
// https://docs.aws.amazon.com/sns/latest/dg/subscription-filter-policy-constraints.html
func (p *filterPolicy) matchesAttributes(attributes map[string]MessageAttributeValue) bool {
	if p == nil {
		return true
	}
	for i := range p.fields {
		if !p.fields[i].matchesAttribute(attributes) {
			return false
		}
	}
	for _, alternatives := range p.ors {
		if !slices.ContainsFunc(alternatives, func(a *filterPolicy) bool { return a.matchesAttributes(attributes) }) {
			return false
		}
	}
	return true
}

func (f *field) matchesAttribute(attributes map[string]MessageAttributeValue) bool {
	v, ok := attributes[f.name]
	if !ok {
		return f.absent
	}
	switch v.DataType {
	case "String":
		return f.matches(scalar{kind: isText, text: v.StringValue})
	case "Number":
		n, err := strconv.ParseFloat(v.StringValue, 64)
		return err == nil && f.matches(scalar{kind: isNumber, number: n})
	case "String.Array", "Number.Array":
		var values []any
		return json.Unmarshal([]byte(v.StringValue), &values) == nil && f.matchesValue(values)
	}
	return f.absent
}

// matchesBody applies the policy to a message that is a JSON object, decoded.
func (p *filterPolicy) matchesBody(body any) bool {
	if p == nil {
		return true
	}
	object, ok := body.(map[string]any)
	return ok && p.matchesObject(object)
}

func (p *filterPolicy) matchesObject(object map[string]any) bool {
	for i := range p.fields {
		f := &p.fields[i]
		v, ok := object[f.name]
		switch {
		case f.nested != nil:
			if !f.nested.matchesNested(v) {
				return false
			}
		case !ok && !f.absent, ok && !f.matchesValue(v):
			return false
		}
	}
	for _, alternatives := range p.ors {
		if !slices.ContainsFunc(alternatives, func(a *filterPolicy) bool { return a.matchesObject(object) }) {
			return false
		}
	}
	return true
}

// matchesNested applies a nested policy: to an object, or to the objects in an
// array, one of which must match as a whole. Elsewhere its fields are absent.
func (p *filterPolicy) matchesNested(v any) bool {
	switch v := v.(type) {
	case map[string]any:
		return p.matchesObject(v)
	case []any:
		return slices.ContainsFunc(v, p.matchesNested)
	}
	return p.matchesObject(nil)
}

// matchesValue applies the patterns to a JSON value; of an array one element
// must match.
func (f *field) matchesValue(v any) bool {
	switch v := v.(type) {
	case []any:
		return f.present || slices.ContainsFunc(v, f.matchesValue)
	case map[string]any:
		return f.present
	case string:
		return f.matches(scalar{kind: isText, text: v})
	case float64:
		return f.matches(scalar{kind: isNumber, number: v})
	case bool:
		if v {
			return f.matches(scalar{kind: isTrue})
		}
		return f.matches(scalar{kind: isFalse})
	}
	return f.matches(scalar{kind: isNull})
}

func (f *field) matches(v scalar) bool {
	if f.present {
		return true
	}
	for _, matches := range f.patterns {
		if matches(v) {
			return true
		}
	}
	return false
}

func exactly(want scalar) pattern {
	return func(v scalar) bool { return v.equal(want) }
}

func (v scalar) equal(w scalar) bool {
	return v.kind == w.kind && v.text == w.text && (v.number == w.number || accurate(v.number) == accurate(w.number))
}

// accurate is a number to five digits after the decimal point, the accuracy of
// numeric matching.
func accurate(n float64) float64 { return math.Round(n * 1e5) }

func textual(matches func(string) bool) pattern {
	return func(v scalar) bool { return v.kind == isText && matches(v.text) }
}

func withPrefix(prefix string) pattern {
	return textual(func(s string) bool { return strings.HasPrefix(s, prefix) })
}

func withSuffix(suffix string) pattern {
	return textual(func(s string) bool { return strings.HasSuffix(s, suffix) })
}

func equalFold(want string) pattern {
	return textual(func(s string) bool { return strings.EqualFold(s, want) })
}

// anythingBut matches what none of the patterns does.
func anythingBut(patterns ...pattern) pattern {
	return func(v scalar) bool {
		return !slices.ContainsFunc(patterns, func(matches pattern) bool { return matches(v) })
	}
}

func inNetwork(network netip.Prefix) pattern {
	return textual(func(s string) bool {
		address, err := netip.ParseAddr(s)
		return err == nil && network.Contains(address)
	})
}

// A bound limits numbers on one side.
type bound struct {
	operator string
	value    float64
}

func (b bound) holds(n float64) bool {
	n, limit := accurate(n), accurate(b.value)
	switch b.operator {
	case "=":
		return n == limit
	case "<":
		return n < limit
	case "<=":
		return n <= limit
	case ">":
		return n > limit
	}
	return n >= limit
}

func numeric(bounds ...bound) pattern {
	return func(v scalar) bool {
		return v.kind == isNumber && !slices.ContainsFunc(bounds, func(b bound) bool { return !b.holds(v.number) })
	}
}

// likeWildcard matches the literal parts in order, with anything between them.
func likeWildcard(parts []string) pattern {
	first, last := parts[0], parts[len(parts)-1]
	return textual(func(s string) bool {
		if len(parts) == 1 {
			return s == first
		}
		if len(s) < len(first)+len(last) || !strings.HasPrefix(s, first) || !strings.HasSuffix(s, last) {
			return false
		}
		s = s[len(first) : len(s)-len(last)]
		for _, part := range parts[1 : len(parts)-1] {
			_, after, ok := strings.Cut(s, part)
			if !ok {
				return false
			}
			s = after
		}
		return true
	})
}
