package attribute

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-faster/jx"

	"orderflow/cmd/local/cloud/protocol"
)

// maxDepth is the deepest that documents nest, the attribute itself being the
// first level.
const maxDepth = 32

// Decode reads a map of attribute values, {"name": {"S": "…"}, …}.
func (m *Map) Decode(d *jx.Decoder) error {
	v, err := decodeMap(d, 1)
	*m = v
	return err
}

// Decode reads one attribute value.
func Decode(d *jx.Decoder) (Value, error) { return decodeValue(d, 1) }

func decodeMap(d *jx.Decoder, depth int) (Map, error) {
	if err := expect(d, jx.Object); err != nil {
		return nil, err
	}
	fields, err := d.ObjIter()
	if err != nil {
		return nil, err
	}
	attributes := make([]Attribute, 0, 8)
	for fields.Next() {
		name := toText(fields.Key())
		v, err := decodeValue(d, depth)
		if err != nil {
			return nil, err
		}
		attributes = append(attributes, Attribute{name, v})
	}
	return NewMap(attributes...), fields.Err()
}

func decodeValue(d *jx.Decoder, depth int) (Value, error) {
	if depth > maxDepth {
		return nil, errDepth()
	}
	if err := expect(d, jx.Object); err != nil {
		return nil, err
	}
	fields, err := d.ObjIter()
	if err != nil {
		return nil, err
	}
	var value Value
	for fields.Next() {
		t := typeOf(fields.Key())
		if d.Next() == jx.Null { // a member set to null is a member not sent
			if err := d.Null(); err != nil {
				return nil, err
			}
			continue
		}
		v, err := decodeTyped(d, t, depth)
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

func decodeTyped(d *jx.Decoder, t Type, depth int) (Value, error) {
	switch t {
	case TypeS:
		s, err := DecodeString(d)
		return String(s), err
	case TypeN:
		return decodeNumber(d)
	case TypeB:
		return decodeBinary(d)
	case TypeBOOL:
		if err := expect(d, jx.Bool); err != nil {
			return nil, err
		}
		b, err := d.Bool()
		return Bool(b), err
	case TypeNULL:
		if err := expect(d, jx.Bool); err != nil {
			return nil, err
		}
		if isNull, err := d.Bool(); err != nil || !isNull {
			return nil, Invalid("One or more parameter values were invalid: Null attribute value types must have the value of true")
		}
		return Null{}, nil
	case TypeM:
		return decodeMap(d, depth+1)
	case TypeL:
		return decodeList(d, func(d *jx.Decoder) (Value, error) { return decodeValue(d, depth+1) })
	case TypeSS:
		return decodeStringSet(d)
	case TypeNS:
		return decodeNumberSet(d)
	case TypeBS:
		return decodeBinarySet(d)
	}
	return nil, protocol.Errorf("SerializationException", "Unrecognized attribute value type %q", string(t))
}

func decodeList(d *jx.Decoder, element func(*jx.Decoder) (Value, error)) (List, error) {
	if err := expect(d, jx.Array); err != nil {
		return nil, err
	}
	list := List{}
	err := d.Arr(func(d *jx.Decoder) error {
		v, err := element(d)
		list = append(list, v)
		return err
	})
	return list, err
}

func decodeNumber(d *jx.Decoder) (Value, error) {
	s, err := DecodeString(d)
	if err != nil {
		return nil, err
	}
	return ParseNumber(s)
}

func decodeBinary(d *jx.Decoder) (Value, error) {
	s, err := DecodeString(d)
	if err != nil {
		return nil, err
	}
	raw, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		return nil, protocol.Errorf("SerializationException", "'%s' can not be converted to a Blob: %v", s, err)
	}
	return Binary(raw), nil
}

func decodeStringSet(d *jx.Decoder) (Value, error) {
	set, err := decodeMembers[String](d, func(d *jx.Decoder) (Value, error) {
		s, err := DecodeString(d)
		return String(s), err
	})
	if err != nil {
		return nil, err
	}
	if len(set) == 0 {
		return nil, Invalid("One or more parameter values were invalid: An string set  may not be empty")
	}
	sent := fmt.Sprintf("[%s]", joined(set, func(s String) string { return string(s) }))
	slices.Sort(set)
	if len(slices.Compact(set)) < len(set) {
		return nil, Invalid("One or more parameter values were invalid: Input collection %s contains duplicates.", sent)
	}
	return StringSet(set), nil
}

func decodeNumberSet(d *jx.Decoder) (Value, error) {
	set, err := decodeMembers[Number](d, decodeNumber)
	if err != nil {
		return nil, err
	}
	if len(set) == 0 {
		return nil, Invalid("One or more parameter values were invalid: An number set  may not be empty")
	}
	slices.SortFunc(set, Number.Compare)
	if len(slices.Compact(set)) < len(set) {
		return nil, Invalid("Input collection contains duplicates")
	}
	return NumberSet(set), nil
}

func decodeBinarySet(d *jx.Decoder) (Value, error) {
	set, err := decodeMembers[Binary](d, decodeBinary)
	if err != nil {
		return nil, err
	}
	if len(set) == 0 {
		return nil, Invalid("One or more parameter values were invalid: Binary sets should not be empty")
	}
	sent := fmt.Sprintf("[%s]", joined(set, func(b Binary) string { return base64.StdEncoding.EncodeToString([]byte(b)) }))
	slices.Sort(set)
	if len(slices.Compact(set)) < len(set) {
		return nil, Invalid("One or more parameter values were invalid: Input collection %sof type BS contains duplicates.", sent)
	}
	return BinarySet(set), nil
}

func decodeMembers[E Value](d *jx.Decoder, member func(*jx.Decoder) (Value, error)) ([]E, error) {
	list, err := decodeList(d, member)
	set := make([]E, 0, len(list))
	if err != nil {
		return nil, err
	}
	for _, v := range list {
		set = append(set, v.(E))
	}
	return set, nil
}

func joined[E any](set []E, text func(E) string) string {
	parts := make([]string, len(set))
	for i, e := range set {
		parts[i] = text(e)
	}
	return strings.Join(parts, ", ")
}

// DecodeString reads a JSON string; bytes that are not UTF-8 become U+FFFD.
func DecodeString(d *jx.Decoder) (string, error) {
	if err := expect(d, jx.String); err != nil {
		return "", err
	}
	b, err := d.StrBytes()
	return toText(b), err
}

func toText(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	return strings.ToValidUTF8(string(b), "\uFFFD")
}

// expect refuses JSON of another kind with the sentence of AWS's parser.
func expect(d *jx.Decoder, want jx.Type) error {
	got := d.Next()
	if got == want || got == jx.Invalid { // the invalid is reported by reading it
		return nil
	}
	names := map[jx.Type]string{
		jx.String: "STRING_VALUE", jx.Number: "NUMBER_VALUE", jx.Bool: "TRUE_VALUE", jx.Null: "NULL_VALUE",
		jx.Array: "START_ARRAY", jx.Object: "START_OBJECT",
	}
	kinds := map[jx.Type]string{jx.String: "String", jx.Number: "Number", jx.Bool: "Boolean", jx.Array: "List", jx.Object: "Map"}
	return protocol.Errorf("SerializationException", "%s cannot be converted to %s", names[got], kinds[want])
}

// Encode writes a map of attribute values.
func (m Map) Encode(e *jx.Encoder) {
	e.ObjStart()
	for _, a := range m {
		e.FieldStart(a.Name)
		Encode(e, a.Value)
	}
	e.ObjEnd()
}

// Encode writes one attribute value.
func Encode(e *jx.Encoder, v Value) {
	e.ObjStart()
	e.FieldStart(string(v.Type()))
	switch v := v.(type) {
	case String:
		e.Str(string(v))
	case Number:
		e.Str(string(v))
	case Binary:
		e.Base64([]byte(v))
	case Bool:
		e.Bool(bool(v))
	case Null:
		e.Bool(true)
	case Map:
		v.Encode(e)
	case List:
		encodeAll(e, v, func(v Value) { Encode(e, v) })
	case StringSet:
		encodeAll(e, v, func(s String) { e.Str(string(s)) })
	case NumberSet:
		encodeAll(e, v, func(n Number) { e.Str(string(n)) })
	case BinarySet:
		encodeAll(e, v, func(b Binary) { e.Base64([]byte(b)) })
	}
	e.ObjEnd()
}

func encodeAll[E any](e *jx.Encoder, all []E, encode func(E)) {
	e.ArrStart()
	for _, v := range all {
		encode(v)
	}
	e.ArrEnd()
}

// MarshalJSON writes m for encoding/json.
func (m Map) MarshalJSON() ([]byte, error) {
	var e jx.Encoder
	m.Encode(&e)
	return e.Bytes(), nil
}

// UnmarshalJSON reads m for encoding/json.
func (m *Map) UnmarshalJSON(b []byte) error { return m.Decode(jx.DecodeBytes(b)) }
