package jsonata

import (
	"encoding/base64"
	"math"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// text is a value as & and $string see it.
func text(v any) string {
	switch v := v.(type) {
	case undefined, *Function, *Regexp:
		return ""
	case string:
		return v
	case float64:
		return formatFloat(v)
	}
	return string(Append(nil, rounded(v)))
}

// formatFloat writes 15 significant digits at most, as $string does.
func formatFloat(f float64) string {
	if f != math.Trunc(f) || math.Abs(f) >= 1e15 {
		if short, err := strconv.ParseFloat(strconv.FormatFloat(f, 'g', 15, 64), 64); err == nil {
			f = short
		}
	}
	return strings.Trim(string(appendNumber(nil, f)), `"`)
}

// rounded is a value with its numbers cut to 15 significant digits.
func rounded(v any) any {
	switch v := v.(type) {
	case float64:
		if short, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 15, 64), 64); err == nil {
			return short
		}
	case *Array:
		list := make([]any, len(v.Items))
		for i, item := range v.Items {
			list[i] = rounded(item)
		}
		return NewArray(list...)
	case *Object:
		o := NewObject(v.Len())
		for i := range v.Len() {
			name, value := v.At(i)
			o.Set(name, rounded(value))
		}
		return o
	}
	return v
}

func stringOf(c *call) (any, error) {
	if c.args[0] == Undefined {
		return Undefined, nil
	}
	if len(c.args) > 1 && truth(c.args[1]) && !scalar(c.args[0]) {
		return indented(nil, rounded(c.args[0]), "\n"), nil
	}
	return text(c.args[0]), nil
}

// indented is JSON with two blanks for each level.
func indented(b []byte, v any, newline string) string {
	var write func(v any, newline string)
	write = func(v any, newline string) {
		inner := newline + "  "
		switch v := v.(type) {
		case *Array:
			if len(v.Items) == 0 {
				b = append(b, "[]"...)
				return
			}
			b = append(b, '[')
			for i, item := range v.Items {
				if i > 0 {
					b = append(b, ',')
				}
				b = append(b, inner...)
				write(item, inner)
			}
			b = append(append(b, newline...), ']')
		case *Object:
			if v.Len() == 0 {
				b = append(b, "{}"...)
				return
			}
			b = append(b, '{')
			for i := range v.Len() {
				if i > 0 {
					b = append(b, ',')
				}
				name, value := v.At(i)
				b = append(AppendString(append(b, inner...), name), ": "...)
				write(value, inner)
			}
			b = append(append(b, newline...), '}')
		default:
			b = Append(b, v)
		}
	}
	write(v, newline)
	return string(b)
}

// onString runs a function of one string; nothing gives nothing.
func onString(c *call, f func(s string) (any, error)) (any, error) {
	if c.args[0] == Undefined {
		return Undefined, nil
	}
	s, err := c.string(0)
	if err != nil {
		return nil, err
	}
	return f(s)
}

func length(c *call) (any, error) {
	return onString(c, func(s string) (any, error) { return float64(utf8.RuneCountInString(s)), nil })
}

func lowercase(c *call) (any, error) {
	return onString(c, func(s string) (any, error) { return strings.ToLower(s), nil })
}

func uppercase(c *call) (any, error) {
	return onString(c, func(s string) (any, error) {
		return strings.ReplaceAll(strings.ToUpper(s), "ß", "SS"), nil
	})
}

func trim(c *call) (any, error) {
	return onString(c, func(s string) (any, error) {
		blank := func(r rune) bool { return r == ' ' || r == '\t' || r == '\n' || r == '\r' }
		return strings.Join(strings.FieldsFunc(s, blank), " "), nil
	})
}

func substring(c *call) (any, error) {
	return onString(c, func(s string) (any, error) {
		start, err := c.number(1)
		if err != nil {
			return nil, err
		}
		chars := []rune(s)
		n := float64(len(chars))
		if n+start < 0 {
			start = 0
		}
		end := n
		if c.given(2) {
			length, err := c.number(2)
			if err != nil {
				return nil, err
			}
			if length <= 0 {
				return "", nil
			}
			end = start + length
			if start < 0 {
				end = n + start + length
			}
		}
		from, to := sliceIndex(start, n), sliceIndex(end, n)
		if from >= to {
			return "", nil
		}
		return string(chars[from:to]), nil
	})
}

// sliceIndex is an index as JavaScript's slice takes it.
func sliceIndex(x, n float64) int {
	x = math.Trunc(x)
	if x < 0 {
		x += n
	}
	return int(min(max(x, 0), n))
}

func substringBefore(c *call) (any, error) {
	return onString(c, func(s string) (any, error) {
		chars, err := c.string(1)
		before, _, _ := strings.Cut(s, chars)
		return before, err
	})
}

func substringAfter(c *call) (any, error) {
	return onString(c, func(s string) (any, error) {
		chars, err := c.string(1)
		if _, after, ok := strings.Cut(s, chars); ok {
			return after, err
		}
		return s, err
	})
}

func pad(c *call) (any, error) {
	return onString(c, func(s string) (any, error) {
		width, err := c.number(1)
		if err != nil {
			return nil, err
		}
		fill := []rune(" ")
		if c.given(2) {
			chars, err := c.string(2)
			if err != nil {
				return nil, err
			}
			if chars != "" {
				fill = []rune(chars)
			}
		}
		n := int(math.Abs(width)) - runes(s)
		if n <= 0 {
			return s, nil
		}
		if n > maxItems {
			return nil, failed("D2014", "Expression evaluation memory limit exceeded")
		}
		padding := make([]rune, n)
		for i := range padding {
			padding[i] = fill[i%len(fill)]
		}
		if width < 0 {
			return string(padding) + s, nil
		}
		return s + string(padding), nil
	})
}

func contains(c *call) (any, error) {
	return onString(c, func(s string) (any, error) {
		switch pattern := c.args[1].(type) {
		case string:
			return strings.Contains(s, pattern), nil
		case *Regexp:
			return pattern.re.MatchString(s), nil
		}
		return nil, c.mismatch(1)
	})
}

// limit is the optional argument i, a number of results; negative: no limit.
func (c *call) limit(i int, code string) (int, error) {
	if !c.given(i) {
		return -1, nil
	}
	x, err := c.number(i)
	if err != nil {
		return 0, err
	}
	if x < 0 {
		return 0, failed(code, "Argument %d of %s function must evaluate to a positive number", i+1, c.fn.name)
	}
	return int(min(x, maxItems)), nil
}

func split(c *call) (any, error) {
	return onString(c, func(s string) (any, error) {
		limit, err := c.limit(2, "D3020")
		if err != nil {
			return nil, err
		}
		var parts []string
		switch separator := c.args[1].(type) {
		case string:
			parts = strings.Split(s, separator)
		case *Regexp:
			parts = separator.re.Split(s, -1)
		default:
			return nil, c.mismatch(1)
		}
		if limit >= 0 && limit < len(parts) {
			parts = parts[:limit]
		}
		list := make([]any, len(parts))
		for i, part := range parts {
			list[i] = part
		}
		return NewArray(list...), nil
	})
}

func join(c *call) (any, error) {
	if c.args[0] == Undefined {
		return Undefined, nil
	}
	separator := ""
	if c.given(1) {
		var err error
		if separator, err = c.string(1); err != nil {
			return nil, err
		}
	}
	list := items(c.args[0])
	parts := make([]string, len(list))
	for i, item := range list {
		part, ok := item.(string)
		if !ok {
			return nil, failed("T0412", "Argument 1 of function \"join\" must be an array of strings")
		}
		parts[i] = part
	}
	return strings.Join(parts, separator), nil
}

func match(c *call) (any, error) {
	return onString(c, func(s string) (any, error) {
		pattern, ok := c.args[1].(*Regexp)
		if !ok {
			return nil, c.mismatch(1)
		}
		limit, err := c.limit(2, "D3040")
		if err != nil {
			return nil, err
		}
		seq := newSequence()
		for _, at := range pattern.re.FindAllStringSubmatchIndex(s, limit) {
			seq.push(matchObject(s, at))
		}
		return seq, nil
	})
}

func matchObject(s string, at []int) *Object {
	groups := NewArray()
	for i := 2; i < len(at); i += 2 {
		group := ""
		if at[i] >= 0 {
			group = s[at[i]:at[i+1]]
		}
		groups.push(group)
	}
	return NewObject(3).
		Set("match", s[at[0]:at[1]]).
		Set("index", float64(runes(s[:at[0]]))).
		Set("groups", groups)
}

func replace(c *call) (any, error) {
	return onString(c, func(s string) (any, error) {
		limit, err := c.limit(3, "D3011")
		if err != nil {
			return nil, err
		}
		if pattern, ok := c.args[1].(string); ok {
			if pattern == "" {
				return nil, failed("D3010", "Second argument of replace function cannot be an empty string")
			}
			replacement, err := c.string(2)
			if err != nil {
				return nil, err
			}
			return strings.Replace(s, pattern, replacement, limit), nil
		}
		pattern, ok := c.args[1].(*Regexp)
		if !ok {
			return nil, c.mismatch(1)
		}
		return c.replaceAll(s, pattern.re, limit)
	})
}

func (c *call) replaceAll(s string, re *regexp.Regexp, limit int) (any, error) {
	var b strings.Builder
	last := 0
	for _, at := range re.FindAllStringSubmatchIndex(s, limit) {
		b.WriteString(s[last:at[0]])
		last = at[1]
		switch replacement := c.args[2].(type) {
		case string:
			b.WriteString(expand(replacement, s, at))
		case *Function:
			v, err := c.each(replacement, matchObject(s, at))
			if err != nil {
				return nil, err
			}
			r, ok := v.(string)
			if !ok {
				return nil, failed("D3012", "Attempted to replace a matched string with a non-string value")
			}
			b.WriteString(r)
		default:
			return nil, c.mismatch(2)
		}
	}
	b.WriteString(s[last:])
	return b.String(), nil
}

// expand puts groups in the place of $1, the whole match in that of $0, and $
// in that of $$. Of $12 with fewer than 12 groups, only the 1 counts.
func expand(template, s string, at []int) string {
	var b strings.Builder
	for i := 0; i < len(template); i++ {
		if template[i] != '$' || i+1 == len(template) {
			b.WriteByte(template[i])
			continue
		}
		if template[i+1] == '$' {
			b.WriteByte('$')
			i++
			continue
		}
		groups := len(at)/2 - 1
		digits := 0
		for i+1+digits < len(template) && template[i+1+digits] >= '0' && template[i+1+digits] <= '9' && digits < len(strconv.Itoa(groups)) {
			digits++
		}
		if digits == 0 {
			b.WriteByte('$')
			continue
		}
		n, _ := strconv.Atoi(template[i+1 : i+1+digits])
		if digits > 1 && n > groups {
			digits--
			n, _ = strconv.Atoi(template[i+1 : i+1+digits])
		}
		if n <= groups && at[2*n] >= 0 {
			b.WriteString(s[at[2*n]:at[2*n+1]])
		}
		i += digits
	}
	return b.String()
}

func base64encode(c *call) (any, error) {
	return onString(c, func(s string) (any, error) { return base64.StdEncoding.EncodeToString([]byte(s)), nil })
}

func base64decode(c *call) (any, error) {
	return onString(c, func(s string) (any, error) {
		decoded, err := base64.StdEncoding.DecodeString(s)
		if err != nil {
			return nil, failed("D3137", "Malformed base64 passed to $base64decode")
		}
		return string(decoded), nil
	})
}

// Bytes that stay as they are in a URL and in a part of one.
const (
	urlComponent = "-_.!~*'()"
	urlReserved  = ";/?:@&=+$,#"
)

func encodeURL(c *call) (any, error) {
	return onString(c, func(s string) (any, error) { return percent(s, urlComponent+urlReserved), nil })
}

func encodeURLComponent(c *call) (any, error) {
	return onString(c, func(s string) (any, error) { return percent(s, urlComponent), nil })
}

func percent(s, keep string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte(keep, c) >= 0 {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('%')
		b.WriteByte(strings.ToUpper(hexDigits)[c>>4])
		b.WriteByte(strings.ToUpper(hexDigits)[c&15])
	}
	return b.String()
}

func decodeURL(c *call) (any, error) {
	return onString(c, func(s string) (any, error) {
		decoded, err := url.PathUnescape(s)
		if err != nil {
			return nil, failed("D3140", "Malformed URL passed to $%s(): %s", c.fn.name, quoted(s))
		}
		return decoded, nil
	})
}
