package jsonata

import (
	"fmt"
	"math"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

const maxNesting = 1000 // levels of arrays and objects in JSON text

// Decode reads one JSON value, keeping the order of members and the exact
// value of every integer that fits 64 bits.
func Decode(json string) (any, error) {
	d := decoder{text: json}
	d.space()
	v, err := d.value(0)
	if err != nil {
		return nil, err
	}
	d.space()
	if d.at != len(json) {
		return nil, d.unexpected()
	}
	return v, nil
}

type decoder struct {
	text string
	at   int
}

func (d *decoder) value(depth int) (any, error) {
	if depth > maxNesting {
		return nil, fmt.Errorf("jsonata: JSON is nested deeper than %d levels", maxNesting)
	}
	if d.at >= len(d.text) {
		return nil, d.unexpected()
	}
	switch c := d.text[d.at]; {
	case c == '{':
		return d.object(depth)
	case c == '[':
		return d.array(depth)
	case c == '"':
		return d.string()
	case c == '-' || c >= '0' && c <= '9':
		return d.number()
	case c == 't':
		return d.word("true", true)
	case c == 'f':
		return d.word("false", false)
	case c == 'n':
		return d.word("null", nil)
	}
	return nil, d.unexpected()
}

func (d *decoder) object(depth int) (any, error) {
	d.at++
	o := NewObject(4)
	d.space()
	if d.take('}') {
		return o, nil
	}
	for {
		d.space()
		if d.at >= len(d.text) || d.text[d.at] != '"' {
			return nil, d.unexpected()
		}
		name, err := d.string()
		if err != nil {
			return nil, err
		}
		d.space()
		if !d.take(':') {
			return nil, d.unexpected()
		}
		d.space()
		value, err := d.value(depth + 1)
		if err != nil {
			return nil, err
		}
		o.Set(name.(string), value)
		d.space()
		if d.take('}') {
			return o, nil
		}
		if !d.take(',') {
			return nil, d.unexpected()
		}
	}
}

func (d *decoder) array(depth int) (any, error) {
	d.at++
	a := &Array{Items: []any{}}
	d.space()
	if d.take(']') {
		return a, nil
	}
	for {
		d.space()
		v, err := d.value(depth + 1)
		if err != nil {
			return nil, err
		}
		a.push(v)
		d.space()
		if d.take(']') {
			return a, nil
		}
		if !d.take(',') {
			return nil, d.unexpected()
		}
	}
}

func (d *decoder) string() (any, error) {
	d.at++
	start := d.at
	for d.at < len(d.text) {
		switch c := d.text[d.at]; {
		case c == '"':
			s := d.text[start:d.at]
			d.at++
			if !utf8.ValidString(s) {
				s = string([]rune(s))
			}
			return s, nil
		case c == '\\':
			return d.escaped(start)
		case c < ' ':
			return nil, d.unexpected()
		}
		d.at++
	}
	return nil, d.unexpected()
}

func (d *decoder) escaped(start int) (any, error) {
	b := append([]byte(nil), d.text[start:d.at]...)
	for d.at < len(d.text) {
		c := d.text[d.at]
		switch {
		case c == '"':
			d.at++
			s := string(b)
			if !utf8.ValidString(s) {
				s = string([]rune(s))
			}
			return s, nil
		case c < ' ':
			return nil, d.unexpected()
		case c != '\\':
			b = append(b, c)
			d.at++
			continue
		}
		d.at++
		if d.at >= len(d.text) {
			return nil, d.unexpected()
		}
		switch c := d.text[d.at]; c {
		case '"', '\\', '/':
			b = append(b, c)
		case 'b':
			b = append(b, '\b')
		case 'f':
			b = append(b, '\f')
		case 'n':
			b = append(b, '\n')
		case 'r':
			b = append(b, '\r')
		case 't':
			b = append(b, '\t')
		case 'u':
			r, ok := d.hex(d.at + 1)
			if !ok {
				return nil, d.unexpected()
			}
			d.at += 4
			if utf16.IsSurrogate(r) {
				low, ok := rune(0), false
				if d.at+2 < len(d.text) && d.text[d.at+1] == '\\' && d.text[d.at+2] == 'u' {
					low, ok = d.hex(d.at + 3)
				}
				if full := utf16.DecodeRune(r, low); ok && full != utf8.RuneError {
					r = full
					d.at += 6
				} else {
					r = utf8.RuneError
				}
			}
			b = utf8.AppendRune(b, r)
		default:
			return nil, d.unexpected()
		}
		d.at++
	}
	return nil, d.unexpected()
}

func (d *decoder) hex(at int) (rune, bool) {
	if at+4 > len(d.text) {
		return 0, false
	}
	var r rune
	for _, c := range []byte(d.text[at : at+4]) {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

func (d *decoder) number() (any, error) {
	start := d.at
	d.take('-')
	switch {
	case d.take('0'):
	case !d.digits():
		return nil, d.unexpected()
	}
	integer := true
	if d.take('.') {
		integer = false
		if !d.digits() {
			return nil, d.unexpected()
		}
	}
	if d.take('e') || d.take('E') {
		integer = false
		if !d.take('+') {
			d.take('-')
		}
		if !d.digits() {
			return nil, d.unexpected()
		}
	}
	text := d.text[start:d.at]
	if integer && len(text) <= 20 {
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			return exact(n), nil
		}
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil && math.IsInf(f, 0) {
		return nil, fmt.Errorf("jsonata: JSON number %q is out of range", text)
	}
	return f, nil
}

// exact is an integer as a value: a float64 wherever that loses nothing.
func exact(n int64) any {
	if n >= -1<<53 && n <= 1<<53 {
		return float64(n)
	}
	return n
}

func (d *decoder) digits() bool {
	start := d.at
	for d.at < len(d.text) && d.text[d.at] >= '0' && d.text[d.at] <= '9' {
		d.at++
	}
	return d.at > start
}

func (d *decoder) word(word string, value any) (any, error) {
	if len(d.text)-d.at < len(word) || d.text[d.at:d.at+len(word)] != word {
		return nil, d.unexpected()
	}
	d.at += len(word)
	return value, nil
}

func (d *decoder) space() {
	for d.at < len(d.text) {
		switch d.text[d.at] {
		case ' ', '\t', '\n', '\r':
			d.at++
		default:
			return
		}
	}
}

func (d *decoder) take(c byte) bool {
	if d.at < len(d.text) && d.text[d.at] == c {
		d.at++
		return true
	}
	return false
}

func (d *decoder) unexpected() error {
	line, column := 1, 1
	for i := 0; i < d.at && i < len(d.text); i++ {
		column++
		if d.text[i] == '\n' {
			line, column = line+1, 1
		}
	}
	if d.at >= len(d.text) {
		return fmt.Errorf("jsonata: JSON ends too early at line %d, column %d", line, column)
	}
	return fmt.Errorf("jsonata: unexpected %q in JSON at line %d, column %d", d.text[d.at], line, column)
}

// Append appends the JSON of a value. Functions are written as JSONata does,
// as an empty string; Undefined has no JSON and must not come here.
func Append(b []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(b, "null"...)
	case bool:
		return strconv.AppendBool(b, v)
	case string:
		return AppendString(b, v)
	case float64:
		return appendNumber(b, v)
	case int64:
		return strconv.AppendInt(b, v, 10)
	case *Text:
		return append(b, v.json...)
	case *Array:
		b = append(b, '[')
		for i, item := range v.Items {
			if i > 0 {
				b = append(b, ',')
			}
			b = Append(b, item)
		}
		return append(b, ']')
	case *Object:
		b = append(b, '{')
		for i := range v.members {
			if i > 0 {
				b = append(b, ',')
			}
			b = AppendString(b, v.members[i].name)
			b = append(b, ':')
			b = Append(b, v.members[i].value)
		}
		return append(b, '}')
	}
	return append(b, `""`...)
}

// appendNumber writes a number as JavaScript does; one that JSON has no
// literal for as the string that names it, as Step Functions does.
func appendNumber(b []byte, f float64) []byte {
	switch {
	case math.IsNaN(f):
		return append(b, `"NaN"`...)
	case math.IsInf(f, 1):
		return append(b, `"Infinity"`...)
	case math.IsInf(f, -1):
		return append(b, `"-Infinity"`...)
	case f == math.Trunc(f) && math.Abs(f) < 1<<53:
		return strconv.AppendInt(b, int64(f), 10)
	}
	if abs := math.Abs(f); abs >= 1e-6 && abs < 1e21 {
		return strconv.AppendFloat(b, f, 'f', -1, 64)
	}
	start := len(b)
	b = strconv.AppendFloat(b, f, 'e', -1, 64)
	// e-09 is e-9 in JavaScript.
	if n := len(b); n-start > 4 && b[n-4] == 'e' && b[n-2] == '0' {
		b[n-2] = b[n-1]
		b = b[:n-1]
	}
	return b
}

const hexDigits = "0123456789abcdef"

// AppendString appends a JSON string. Only what JSON demands is escaped.
func AppendString(b []byte, s string) []byte {
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		b = append(b, s[start:i]...)
		start = i + 1
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\b':
			b = append(b, '\\', 'b')
		case '\f':
			b = append(b, '\\', 'f')
		case '\n':
			b = append(b, '\\', 'n')
		case '\r':
			b = append(b, '\\', 'r')
		case '\t':
			b = append(b, '\\', 't')
		default:
			b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	b = append(b, s[start:]...)
	return append(b, '"')
}
