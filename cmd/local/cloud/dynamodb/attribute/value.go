// Package attribute is DynamoDB's data: typed attribute values, items made of
// them, their sizes, their order and their JSON. Values are immutable.
package attribute

import (
	"slices"
	"strings"
)

// Type is a value's type as the wire names it.
type Type string

const (
	TypeS    Type = "S"
	TypeN    Type = "N"
	TypeB    Type = "B"
	TypeBOOL Type = "BOOL"
	TypeNULL Type = "NULL"
	TypeM    Type = "M"
	TypeL    Type = "L"
	TypeSS   Type = "SS"
	TypeNS   Type = "NS"
	TypeBS   Type = "BS"
)

// A Value is one of the ten types below; nil stands for no value at all.
type Value interface{ Type() Type }

type (
	String string
	Binary string // the bytes themselves, not their base64
	Bool   bool
	Null   struct{}
	List   []Value

	// Map holds attributes sorted by name, each name once. An item is a Map.
	Map []Attribute

	// Sets hold their members sorted, each once.
	StringSet []String
	NumberSet []Number
	BinarySet []Binary
)

// An Attribute is one named value of a Map.
type Attribute struct {
	Name  string
	Value Value
}

func (String) Type() Type    { return TypeS }
func (Number) Type() Type    { return TypeN }
func (Binary) Type() Type    { return TypeB }
func (Bool) Type() Type      { return TypeBOOL }
func (Null) Type() Type      { return TypeNULL }
func (Map) Type() Type       { return TypeM }
func (List) Type() Type      { return TypeL }
func (StringSet) Type() Type { return TypeSS }
func (NumberSet) Type() Type { return TypeNS }
func (BinarySet) Type() Type { return TypeBS }

// NewMap is the Map of the given attributes; of two with one name the later
// counts. It takes the slice over.
func NewMap(attributes ...Attribute) Map {
	byName := func(a, b Attribute) int { return strings.Compare(a.Name, b.Name) }
	if !slices.IsSortedFunc(attributes, byName) {
		slices.SortStableFunc(attributes, byName)
	}
	last := 0
	for i := 1; i < len(attributes); i++ {
		if attributes[i].Name != attributes[last].Name {
			last++
		}
		attributes[last] = attributes[i]
	}
	return attributes[:min(last+1, len(attributes))]
}

// index is where name is in m, or where it would be inserted.
func (m Map) index(name string) (int, bool) {
	low, high := 0, len(m)
	for low < high {
		switch mid := int(uint(low+high) >> 1); {
		case m[mid].Name == name:
			return mid, true
		case m[mid].Name < name:
			low = mid + 1
		default:
			high = mid
		}
	}
	return low, false
}

// Get is the value of the named attribute, nil if there is none.
func (m Map) Get(name string) Value {
	if i, ok := m.index(name); ok {
		return m[i].Value
	}
	return nil
}

// Index is the place of the named attribute in m, or -1.
func (m Map) Index(name string) int {
	if i, ok := m.index(name); ok {
		return i
	}
	return -1
}

// Project is the part of m that has the given names.
func (m Map) Project(names []string) Map {
	out := make([]Attribute, 0, len(names))
	for _, name := range names {
		if v := m.Get(name); v != nil {
			out = append(out, Attribute{name, v})
		}
	}
	return NewMap(out...)
}

// Equal reports whether a and b are the same value of the same type; sets
// compare without order.
func Equal(a, b Value) bool {
	switch a := a.(type) {
	case nil:
		return b == nil
	case List:
		b, ok := b.(List)
		return ok && slices.EqualFunc(a, b, Equal)
	case Map:
		b, ok := b.(Map)
		return ok && slices.EqualFunc(a, b, func(x, y Attribute) bool {
			return x.Name == y.Name && Equal(x.Value, y.Value)
		})
	case StringSet:
		b, ok := b.(StringSet)
		return ok && slices.Equal(a, b)
	case NumberSet:
		b, ok := b.(NumberSet)
		return ok && slices.Equal(a, b)
	case BinarySet:
		b, ok := b.(BinarySet)
		return ok && slices.Equal(a, b)
	}
	switch b.(type) {
	case List, Map, StringSet, NumberSet, BinarySet:
		return false
	}
	return a == b
}

// Compare orders two strings, two numbers or two binaries; ok is false for all
// else, which DynamoDB does not order.
func Compare(a, b Value) (order int, ok bool) {
	switch a := a.(type) {
	case String:
		if b, ok := b.(String); ok {
			return strings.Compare(string(a), string(b)), true
		}
	case Binary:
		if b, ok := b.(Binary); ok {
			return strings.Compare(string(a), string(b)), true
		}
	case Number:
		if b, ok := b.(Number); ok {
			return a.Compare(b), true
		}
	}
	return 0, false
}

// Contains is the function contains(): a substring, or a member of a set or a
// list.
func Contains(in, v Value) bool {
	switch in := in.(type) {
	case String:
		v, ok := v.(String)
		return ok && strings.Contains(string(in), string(v))
	case Binary:
		v, ok := v.(Binary)
		return ok && strings.Contains(string(in), string(v))
	case StringSet:
		v, ok := v.(String)
		return ok && slices.Contains(in, v)
	case NumberSet:
		v, ok := v.(Number)
		return ok && slices.Contains(in, v)
	case BinarySet:
		v, ok := v.(Binary)
		return ok && slices.Contains(in, v)
	case List:
		return slices.ContainsFunc(in, func(e Value) bool { return Equal(e, v) })
	}
	return false
}

// HasPrefix is the function begins_with(), for two strings or two binaries.
func HasPrefix(v, prefix Value) bool {
	switch v := v.(type) {
	case String:
		prefix, ok := prefix.(String)
		return ok && strings.HasPrefix(string(v), string(prefix))
	case Binary:
		prefix, ok := prefix.(Binary)
		return ok && strings.HasPrefix(string(v), string(prefix))
	}
	return false
}
