package jsonata

import "strings"

// A value is one of
//
//	nil        JSON null
//	Undefined  nothing: what a path to nowhere yields
//	bool, string
//	float64    a number
//	int64      an integer that float64 cannot hold exactly
//	*Array, *Object
//	*Text      JSON text that is decoded when somebody looks inside
//	*Function, *Regexp
//
// Values never change once made, so that expressions may share them.

type undefined struct{}

// Undefined is the absence of a value. It has no JSON.
var Undefined any = undefined{}

// An Array is a JSON array, or a sequence, which is what JSONata makes of
// several results: a sequence of one stands for its only item.
type Array struct {
	Items []any

	sequence      bool
	keepSingleton bool // a[]: stays an array
	constructed   bool // [a, b] as a step of a path: not flattened into it
}

// NewArray gives an array of items.
func NewArray(items ...any) *Array { return &Array{Items: items} }

func newSequence(items ...any) *Array { return &Array{Items: items, sequence: true} }

func (a *Array) push(v any) { a.Items = append(a.Items, v) }

// collapsed is the value that a sequence stands for.
func (a *Array) collapsed() any {
	if !a.sequence {
		return a
	}
	switch {
	case len(a.Items) == 0:
		return Undefined
	case len(a.Items) == 1 && !a.keepSingleton:
		return a.Items[0]
	}
	return a
}

func collapse(v any) any {
	if a, ok := v.(*Array); ok {
		return a.collapsed()
	}
	return v
}

// An Object is a JSON object whose members keep their order.
type Object struct {
	members []member
	index   map[string]int // once there are many members
	first   [1]member      // where members begin: many objects have but one
}

type member struct {
	name  string
	value any
}

const indexFrom = 12 // members from which a map beats a scan

// NewObject gives an empty object with room for n members.
func NewObject(n int) *Object {
	if n > 1 {
		return &Object{members: make([]member, 0, n)}
	}
	o := new(Object)
	o.members = o.first[:0]
	return o
}

// Len is the number of members.
func (o *Object) Len() int { return len(o.members) }

// At is the member at position i.
func (o *Object) At(i int) (name string, value any) {
	m := &o.members[i]
	return m.name, force(m.value)
}

// Get is the value of a member, or Undefined.
func (o *Object) Get(name string) any { return force(o.raw(name)) }

// raw is Get without decoding a Text.
func (o *Object) raw(name string) any {
	if i := o.find(name); i >= 0 {
		return o.members[i].value
	}
	return Undefined
}

// Set adds a member or gives it another value. Only whoever made the object
// may call it, before anybody else sees the object.
func (o *Object) Set(name string, value any) *Object {
	if i := o.find(name); i >= 0 {
		o.members[i].value = value
		return o
	}
	o.members = append(o.members, member{name, value})
	switch {
	case o.index != nil:
		o.index[name] = len(o.members) - 1
	case len(o.members) == indexFrom:
		o.index = make(map[string]int, 2*indexFrom)
		for i, m := range o.members {
			o.index[m.name] = i
		}
	}
	return o
}

func (o *Object) remove(name string) {
	i := o.find(name)
	if i < 0 {
		return
	}
	o.members = append(o.members[:i:i], o.members[i+1:]...)
	o.index = nil
}

func (o *Object) find(name string) int {
	if o.index != nil {
		if i, ok := o.index[name]; ok {
			return i
		}
		return -1
	}
	for i := range o.members {
		if o.members[i].name == name {
			return i
		}
	}
	return -1
}

// A Text is valid JSON that is decoded at most once, and never when it is
// merely passed on. It is not safe for use by several goroutines.
type Text struct {
	json    string
	value   any
	decoded bool
}

// NewText gives the value of JSON text, which must be valid.
func NewText(json string) *Text { return &Text{json: json} }

// JSON is the text itself.
func (t *Text) JSON() string { return t.json }

// Value is the decoded text.
func (t *Text) Value() any {
	if !t.decoded {
		value, err := Decode(t.json)
		if err != nil {
			value = Undefined
		}
		t.value, t.decoded = value, true
	}
	return t.value
}

// Forget drops the decoded value.
func (t *Text) Forget() { t.value, t.decoded = nil, false }

func force(v any) any {
	if t, ok := v.(*Text); ok {
		return t.Value()
	}
	return v
}

// number is a value as a number.
func number(v any) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, true
	case int64:
		return float64(v), true
	}
	return 0, false
}

// TypeOf is what $type says of a value: null, number, string, boolean, array,
// object, function or undefined.
func TypeOf(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case string:
		return "string"
	case float64, int64:
		return "number"
	case *Array:
		return "array"
	case *Object:
		return "object"
	case *Function, *Regexp:
		return "function"
	case *Text:
		return TypeOf(v.Value())
	}
	return "undefined"
}

// truth is a value as $boolean sees it.
func truth(v any) bool {
	switch v := v.(type) {
	case bool:
		return v
	case string:
		return v != ""
	case float64:
		return v != 0 && v == v
	case int64:
		return v != 0
	case *Array:
		for _, item := range v.Items {
			if truth(item) {
				return true
			}
		}
	case *Object:
		return v.Len() > 0
	}
	return false
}

// equal compares by value, objects without regard to the order of members.
func equal(a, b any) bool {
	switch a := a.(type) {
	case *Array:
		b, ok := b.(*Array)
		if !ok || len(a.Items) != len(b.Items) {
			return false
		}
		for i := range a.Items {
			if !equal(a.Items[i], b.Items[i]) {
				return false
			}
		}
		return true
	case *Object:
		b, ok := b.(*Object)
		if !ok || a.Len() != b.Len() {
			return false
		}
		for i := range a.members {
			name, value := a.At(i)
			if other := b.Get(name); !equal(value, other) {
				return false
			}
		}
		return true
	case int64:
		if b, ok := b.(int64); ok {
			return a == b
		}
	}
	if x, ok := number(a); ok {
		y, ok := number(b)
		return ok && x == y
	}
	return a == b
}

// items is a value as a list: an array's items, nothing for Undefined, the
// value itself otherwise.
func items(v any) []any {
	switch v := v.(type) {
	case *Array:
		return v.Items
	case undefined:
		return nil
	}
	return []any{v}
}

// clone copies a value so deeply that the copy may be changed.
func clone(v any) any {
	switch v := v.(type) {
	case *Array:
		copied := *v
		copied.Items = make([]any, len(v.Items))
		for i, item := range v.Items {
			copied.Items[i] = clone(item)
		}
		return &copied
	case *Object:
		copied := NewObject(v.Len())
		for i := range v.members {
			name, value := v.At(i)
			copied.Set(name, clone(value))
		}
		return copied
	}
	return v
}

// runes counts characters as JSONata does: code points.
func runes(s string) int { return len([]rune(s)) }

func quoted(v any) string {
	var b strings.Builder
	b.Write(Append(nil, v))
	return b.String()
}
