package attribute

import "github.com/go-faster/jx"

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
func (m *Map) UnmarshalJSON(b []byte) (err error) {
	*m, err = NewDecoder(b).Map()
	return err
}
