package attribute

import "strings"

// AppendKey appends a key value in a form whose byte order is the values'
// order: strings and binaries by their bytes, numbers by their value. The form
// ends itself, so that keys of several values sort by the first, then the next.
func AppendKey(b []byte, v Value) []byte {
	switch v := v.(type) {
	case String:
		return appendTerminated(b, string(v))
	case Binary:
		return appendTerminated(b, string(v))
	case Number:
		return appendNumber(b, v)
	}
	panic("attribute: a " + string(v.Type()) + " is no key")
}

// AppendKeyPrefix appends what all keys beginning with the given string or
// binary have in common.
func AppendKeyPrefix(b []byte, v Value) []byte {
	switch v := v.(type) {
	case String:
		return appendEscaped(b, string(v))
	case Binary:
		return appendEscaped(b, string(v))
	}
	panic("attribute: a " + string(v.Type()) + " has no prefix")
}

// A zero byte becomes 00 FF, so that the terminator 00 01 sorts before all
// that could follow.
func appendTerminated(b []byte, s string) []byte {
	return append(appendEscaped(b, s), 0x00, 0x01)
}

func appendEscaped(b []byte, s string) []byte {
	for {
		i := strings.IndexByte(s, 0)
		if i < 0 {
			return append(b, s...)
		}
		b = append(b, s[:i]...)
		b = append(b, 0x00, 0xff)
		s = s[i+1:]
	}
}

// A number is its sign, its exponent and its digits; a negative one has the
// last two complemented.
func appendNumber(b []byte, n Number) []byte {
	d := n.decimal()
	switch d.sign() {
	case 0:
		return append(b, 1)
	case 1:
		b = append(b, 2, byte(d.exp-minExponent))
		b = append(b, d.digits...)
		return append(b, 0x00)
	}
	b = append(b, 0, ^byte(d.exp-minExponent))
	for _, c := range []byte(d.digits) {
		b = append(b, ^c)
	}
	return append(b, 0xff)
}
