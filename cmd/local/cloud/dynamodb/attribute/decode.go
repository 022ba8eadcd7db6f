package attribute

import (
	"encoding/base64"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-faster/jx"

	"orderflow/cmd/local/cloud/protocol"
)

// A Decoder reads attribute values from JSON. Reset it for each text; it is
// for one goroutine at a time.
type Decoder struct {
	*jx.Decoder

	// names are the last names seen, by their hash: the same few recur in
	// every item, and each is kept once.
	names [256]string

	// open are the attributes of the maps being read, the innermost last.
	open []Attribute
}

// NewDecoder reads text.
func NewDecoder(text []byte) *Decoder { return &Decoder{Decoder: jx.DecodeBytes(text)} }

// Reset makes d read text.
func (d *Decoder) Reset(text []byte) {
	d.ResetBytes(text)
	clear(d.open[:cap(d.open)])
	d.open = d.open[:0]
}

// maxDepth is the deepest that documents nest, the attribute itself being the
// first level.
const maxDepth = 32

// Map reads a map of attribute values, {"name": {"S": "…"}, …}.
func (d *Decoder) Map() (Map, error) { return d.mapAt(1) }

func (d *Decoder) mapAt(depth int) (Map, error) {
	fields, err := d.ObjIter()
	if err != nil {
		return nil, d.wanted(jx.Object, err)
	}
	outer := len(d.open)
	for fields.Next() {
		name := d.Name(fields.Key())
		v, err := d.valueAt(depth)
		if err != nil {
			return nil, err
		}
		d.open = append(d.open, Attribute{name, v})
	}
	if err := fields.Err(); err != nil {
		return nil, err
	}
	attributes := make([]Attribute, len(d.open)-outer)
	copy(attributes, d.open[outer:])
	d.open = d.open[:outer]
	return NewMap(attributes...), nil
}

func (d *Decoder) valueAt(depth int) (value Value, err error) {
	if depth > maxDepth {
		return nil, errDepth()
	}
	fields, err := d.ObjIter()
	if err != nil {
		return nil, d.wanted(jx.Object, err)
	}
	for fields.Next() {
		t := typeOf(fields.Key())
		if d.Next() == jx.Null { // a member set to null is a member not sent
			if err := d.Null(); err != nil {
				return nil, err
			}
			continue
		}
		v, err := d.typed(t, depth)
		if err != nil {
			return nil, err
		}
		if value != nil {
			return nil, Invalid("Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes")
		}
		value = v
	}
	if err := fields.Err(); err != nil {
		return nil, err
	}
	if value == nil {
		return nil, Invalid("Supplied AttributeValue is empty, must contain exactly one of the supported datatypes")
	}
	return value, nil
}

// typeOf spares a copy of the key for the types that exist.
func typeOf(key []byte) Type {
	switch string(key) {
	case "S":
		return TypeS
	case "N":
		return TypeN
	case "M":
		return TypeM
	case "L":
		return TypeL
	case "BOOL":
		return TypeBOOL
	}
	return Type(key)
}

func (d *Decoder) typed(t Type, depth int) (Value, error) {
	switch t {
	case TypeS:
		s, err := d.Text()
		return String(s), err
	case TypeN:
		return d.number()
	case TypeB:
		return d.binary()
	case TypeBOOL:
		b, err := d.Flag()
		return Bool(b), err
	case TypeNULL:
		isNull, err := d.Flag()
		if err == nil && !isNull {
			err = Invalid("One or more parameter values were invalid: Null attribute value types must have the value of true")
		}
		return Null{}, err
	case TypeM:
		return d.mapAt(depth + 1)
	case TypeL:
		list, err := elements(d, func() (Value, error) { return d.valueAt(depth + 1) })
		return List(list), err
	case TypeSS:
		set, err := d.set(
			func() (Value, error) { s, err := d.Text(); return String(s), err },
			"One or more parameter values were invalid: An string set  may not be empty")
		if err != nil {
			return nil, err
		}
		return stringSet(set)
	case TypeNS:
		set, err := d.set(d.number, "One or more parameter values were invalid: An number set  may not be empty")
		if err != nil {
			return nil, err
		}
		return numberSet(set)
	case TypeBS:
		set, err := d.set(d.binary, "One or more parameter values were invalid: Binary sets should not be empty")
		if err != nil {
			return nil, err
		}
		return binarySet(set)
	}
	return nil, protocol.Errorf("SerializationException", "Unrecognized attribute value type %q", string(t))
}

func elements[E any](d *Decoder, element func() (E, error)) ([]E, error) {
	all := []E{}
	err := d.Each(func() error {
		e, err := element()
		all = append(all, e)
		return err
	})
	return append(make([]E, 0, len(all)), all...), err
}

func (d *Decoder) number() (Value, error) {
	s, err := d.Text()
	if err != nil {
		return nil, err
	}
	return ParseNumber(s)
}

func (d *Decoder) binary() (Value, error) {
	s, err := d.Text()
	if err != nil {
		return nil, err
	}
	raw, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		return nil, protocol.Errorf("SerializationException", "'%s' can not be converted to a Blob: %v", s, err)
	}
	return Binary(raw), nil
}

func (d *Decoder) set(member func() (Value, error), empty string) ([]Value, error) {
	set, err := elements(d, member)
	if err == nil && len(set) == 0 {
		err = Invalid("%s", empty)
	}
	return set, err
}

func stringSet(members []Value) (Value, error) {
	set := of[String](members)
	slices.Sort(set)
	if hasDuplicates(set) {
		sent := joined(members, func(v Value) string { return string(v.(String)) })
		return nil, Invalid("One or more parameter values were invalid: Input collection [%s] contains duplicates.", sent)
	}
	return StringSet(set), nil
}

func numberSet(members []Value) (Value, error) {
	set := of[Number](members)
	slices.SortFunc(set, Number.Compare)
	if hasDuplicates(set) {
		return nil, Invalid("Input collection contains duplicates")
	}
	return NumberSet(set), nil
}

func binarySet(members []Value) (Value, error) {
	set := of[Binary](members)
	slices.Sort(set)
	if hasDuplicates(set) {
		sent := joined(members, func(v Value) string { return base64.StdEncoding.EncodeToString([]byte(v.(Binary))) })
		return nil, Invalid("One or more parameter values were invalid: Input collection [%s]of type BS contains duplicates.", sent)
	}
	return BinarySet(set), nil
}

func of[E Value](values []Value) []E {
	set := make([]E, len(values))
	for i, v := range values {
		set[i] = v.(E)
	}
	return set
}

func hasDuplicates[E comparable](sorted []E) bool {
	for i := 1; i < len(sorted); i++ {
		if sorted[i] == sorted[i-1] {
			return true
		}
	}
	return false
}

func joined(members []Value, text func(Value) string) string {
	parts := make([]string, len(members))
	for i, m := range members {
		parts[i] = text(m)
	}
	return strings.Join(parts, ", ")
}

// Fields reads an object, calling member at each of its values.
func (d *Decoder) Fields(member func(name string) error) error {
	fields, err := d.ObjIter()
	if err != nil {
		return d.wanted(jx.Object, err)
	}
	for fields.Next() {
		if err := member(d.Name(fields.Key())); err != nil {
			return err
		}
	}
	return fields.Err()
}

// Each reads an array, calling element at each of its values.
func (d *Decoder) Each(element func() error) error {
	all, err := d.ArrIter()
	if err != nil {
		return d.wanted(jx.Array, err)
	}
	for all.Next() {
		if err := element(); err != nil {
			return err
		}
	}
	return all.Err()
}

// Text reads a string; bytes that are not UTF-8 become U+FFFD.
func (d *Decoder) Text() (string, error) {
	b, err := d.StrBytes()
	if err != nil {
		return "", d.wanted(jx.String, err)
	}
	return toText(b), nil
}

// Flag reads a boolean.
func (d *Decoder) Flag() (bool, error) {
	if d.Next() != jx.Bool {
		return false, d.wanted(jx.Bool, io.ErrUnexpectedEOF)
	}
	return d.Bool()
}

// Name is key as a string that may be kept.
func (d *Decoder) Name(key []byte) string {
	hash := uint32(2166136261) // FNV-1a
	for _, c := range key {
		hash = (hash ^ uint32(c)) * 16777619
	}
	slot := &d.names[hash%uint32(len(d.names))]
	if *slot != string(key) {
		*slot = toText(key)
	}
	return *slot
}

func toText(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	return strings.ToValidUTF8(string(b), "\uFFFD")
}

// wanted words the error of JSON that is of another kind as AWS's parser does.
func (d *Decoder) wanted(kind jx.Type, err error) error {
	names := map[jx.Type]string{
		jx.String: "STRING_VALUE", jx.Number: "NUMBER_VALUE", jx.Bool: "TRUE_VALUE", jx.Null: "NULL_VALUE",
		jx.Array: "START_ARRAY", jx.Object: "START_OBJECT",
	}
	kinds := map[jx.Type]string{jx.String: "String", jx.Bool: "Boolean", jx.Array: "List", jx.Object: "Map"}
	got, known := names[d.Next()]
	if !known || d.Next() == kind {
		return err
	}
	return protocol.Errorf("SerializationException", "%s cannot be converted to %s", got, kinds[kind])
}
