package asl

import (
	"errors"
	"strconv"
	"strings"

	"orderflow/statemachine/asl/jsonata"
)

// A template is JSON with expressions in it. What is constant is kept as
// JSON text: rendering copies it.
type template struct {
	parts []part
	size  int // of a rendering, about
}

// A part is literal text, or an expression.
type part struct {
	text string
	expr *expression
}

// An expression knows the field that it was written in, as AWS names it:
// Arguments/Message/id, Choices[0]/Condition.
type expression struct {
	*jsonata.Expr
	field string
}

// alone is the expression that makes up the whole template, or nil.
func (t *template) alone() *expression {
	if len(t.parts) == 1 {
		return t.parts[0].expr
	}
	return nil
}

// constant is the template's text if it has nothing to evaluate.
func (t *template) constant() (string, bool) {
	if len(t.parts) == 1 && t.parts[0].expr == nil {
		return t.parts[0].text, true
	}
	return "", false
}

// place says where an expression stands and what it may speak of there.
type place struct {
	location    string // of the state or the object with the field
	field       string
	prefix      string // of the field, as AWS names it in a cause
	result      bool   // $states.result is set
	errorOutput bool   // $states.errorOutput is set
}

func (l place) at(field string) place {
	l.field = field
	return l
}

func (l place) in(name string) place {
	l.field += name
	return l
}

func (l place) where() string { return l.location + "/" + l.field }

// template compiles a value of the definition.
func (p *parser) template(v any, l place) *template {
	b := builder{parser: p}
	b.value(v, l)
	b.flush()
	size := 0
	for _, part := range b.parts {
		size += len(part.text)
		if part.expr != nil {
			size += 64
		}
	}
	return &template{b.parts, size}
}

type builder struct {
	*parser
	text  []byte
	parts []part
}

func (b *builder) flush() {
	if len(b.text) > 0 || len(b.parts) == 0 {
		b.parts = append(b.parts, part{text: string(b.text)})
		b.text = nil
	}
}

func (b *builder) value(v any, l place) {
	switch v := v.(type) {
	case *jsonata.Object:
		b.text = append(b.text, '{')
		for i := range v.Len() {
			if i > 0 {
				b.text = append(b.text, ',')
			}
			name, member := v.At(i)
			b.text = append(jsonata.AppendString(b.text, name), ':')
			b.value(member, l.in("/"+name))
		}
		b.text = append(b.text, '}')
	case *jsonata.Array:
		b.text = append(b.text, '[')
		for i, item := range v.Items {
			if i > 0 {
				b.text = append(b.text, ',')
			}
			b.value(item, l.in("["+strconv.Itoa(i)+"]"))
		}
		b.text = append(b.text, ']')
	case string:
		if e := b.expression(v, l); e != nil {
			if len(b.text) > 0 {
				b.flush()
			}
			b.parts = append(b.parts, part{expr: e})
			return
		}
		b.text = jsonata.AppendString(b.text, v)
	default:
		b.text = jsonata.Append(b.text, v)
	}
}

const (
	opening = "{%"
	closing = "%}"
)

// expression compiles a string that is one; nil if it is just a string.
func (p *parser) expression(s string, l place) *expression {
	opens, closes := strings.HasPrefix(s, opening), strings.HasSuffix(s, closing) && len(s) >= len(opening)+len(closing)
	if !opens && !closes {
		return nil
	}
	if opens != closes {
		p.refuse(invalidJSONata, l.where(), "Improper JSONata string: an expression starts with '{%%' and ends with '%%}'")
		return nil
	}
	compiled, err := jsonata.Compile(strings.TrimSpace(s[len(opening) : len(s)-len(closing)]))
	if err != nil {
		code := invalidJSONata
		if unsupported := new(jsonata.Unsupported); errors.As(err, &unsupported) {
			code = unsupportedQuery
		}
		p.refuse(code, l.where(), "%v", err)
		return nil
	}
	for _, name := range compiled.Variables() {
		if field, ok := strings.CutPrefix(name, "states."); ok {
			p.checkStates(field, l)
		}
	}
	return &expression{compiled, l.prefix + l.field}
}

// checkStates refuses a path below $states that leads nowhere from here.
func (p *parser) checkStates(path string, l place) {
	switch member, _, _ := strings.Cut(path, "."); {
	case member == "input", member == "context":
	case member == "result" && l.result, member == "errorOutput" && l.errorOutput:
	default:
		p.refuse(unsupportedQuery, l.where(), "Reference to '$states.%s' is not supported.", member)
	}
}
