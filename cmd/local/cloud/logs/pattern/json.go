package pattern

import (
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/alecthomas/participle/v2"
	"github.com/alecthomas/participle/v2/lexer"
)

// The grammar of conditions on JSON. && binds closer than ||.
type (
	orSyntax struct {
		Terms []*andSyntax `parser:"@@ ( '||' @@ )*"`
	}
	andSyntax struct {
		Terms []*conditionSyntax `parser:"@@ ( '&&' @@ )*"`
	}
	conditionSyntax struct {
		Paren    *orSyntax `parser:"  '(' @@ ')'"`
		Selector string    `parser:"| @Selector ("`
		Is       string    `parser:"  'IS' @( 'NULL' | 'TRUE' | 'FALSE' )"`
		Absent   bool      `parser:"| @'NOT' 'EXISTS'"`
		Operator string    `parser:"| @( '=' | '!=' | '<' | '<=' | '>' | '>=' )"`
		Quoted   string    `parser:"  ( @Quoted"`
		Bare     string    `parser:"  | @Bare"`
		Regex    string    `parser:"  | @Regex ) )"`
	}
	jsonSyntax struct {
		Condition *orSyntax `parser:"'{' @@ '}'"`
	}
)

var jsonParser = participle.MustBuild[jsonSyntax](participle.Lexer(lexer.MustSimple([]lexer.SimpleRule{
	{Name: "space", Pattern: `\s+`},
	{Name: "Selector", Pattern: `\$(\.[A-Za-z0-9_-]+|\.?\['[^']*'\]|\[[0-9]+\]|\.\*|\[\*\])+`},
	{Name: "Quoted", Pattern: `"(\\.|[^"\\])*"`},
	{Name: "Bare", Pattern: `[A-Za-z0-9_.*+-]+`},
	{Name: "Regex", Pattern: `%[^%]*%`},
	{Name: "Operator", Pattern: `&&|\|\||!=|<=|>=|[={}()<>]`},
	{Name: "Other", Pattern: `.`},
})))

func parseJSON(text string) (*Pattern, error) {
	if !strings.HasSuffix(text, "}") {
		return nil, refuse("If a filter pattern starts with '{' it must end with '}'")
	}
	syntax, err := jsonParser.ParseString("", text)
	if err != nil {
		return nil, misplaced(text, err)
	}
	holds, err := syntax.Condition.bind()
	if err != nil {
		return nil, err
	}
	p := &Pattern{matches: func(message string) bool {
		document, ok := decode(message)
		return ok && holds(document)
	}}
	if needed := rarest(syntax.Condition.needed()); needed != "" {
		p.matches = textFirst(newSearcher(needed), p.matches)
	}
	return p, nil
}

// textFirst decodes a message only if it has the text that it needs, or an
// escape, which may be how that is written.
func textFirst(needed *searcher, matches func(string) bool) func(string) bool {
	return func(message string) bool {
		return (needed.in(message) || strings.Contains(message, `\`)) && matches(message)
	}
}

// decode reads a message that is one object.
func decode(message string) (document map[string]any, ok bool) {
	if !strings.HasPrefix(message, "{") {
		return nil, false
	}
	d := json.NewDecoder(strings.NewReader(message))
	d.UseNumber()
	if d.Decode(&document) != nil {
		return nil, false
	}
	_, err := d.Token()
	return document, errors.Is(err, io.EOF)
}

// A condition holds for a document or not.
type condition func(document any) bool

func (s *orSyntax) bind() (condition, error) {
	var some []condition
	for _, term := range s.Terms {
		c, err := term.bind()
		if err != nil {
			return nil, err
		}
		some = append(some, c)
	}
	return func(document any) bool {
		for _, c := range some {
			if c(document) {
				return true
			}
		}
		return false
	}, nil
}

func (s *andSyntax) bind() (condition, error) {
	var all []condition
	for _, term := range s.Terms {
		c, err := term.bind()
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return func(document any) bool {
		for _, c := range all {
			if !c(document) {
				return false
			}
		}
		return true
	}, nil
}

func (s *conditionSyntax) bind() (condition, error) {
	if s.Paren != nil {
		return s.Paren.bind()
	}
	path, err := parseSelector(s.Selector)
	if err != nil {
		return nil, err
	}
	switch {
	case s.Regex != "":
		return nil, unsupported("regular expressions in filter patterns")
	case s.Absent:
		return func(document any) bool { _, ok := path.find(document); return !ok }, nil
	case s.Is != "":
		want := map[string]any{"NULL": nil, "TRUE": true, "FALSE": false}[s.Is]
		return func(document any) bool { v, ok := path.find(document); return ok && v == want }, nil
	}
	compare, err := s.comparison()
	if err != nil {
		return nil, err
	}
	return func(document any) bool {
		v, ok := path.find(document)
		return ok && compare(v)
	}, nil
}

// comparison compares a value with the pattern's: as numbers where both are,
// else as text. Nothing is compared with what is no single value; nor, by !=,
// with what is not there.
func (s *conditionSyntax) comparison() (func(value any) bool, error) {
	text := s.text()
	number, err := strconv.ParseFloat(text, 64)
	isNumber := err == nil && s.Quoted == ""
	if !isNumber && s.Operator != "=" && s.Operator != "!=" {
		return nil, refuse("Invalid filter pattern: %s compares numbers, and '%s' is none", s.Operator, text)
	}
	equal := func(value any) (equal, comparable bool) {
		switch v := value.(type) {
		case json.Number:
			if n, err := v.Float64(); err == nil && isNumber {
				return n == number, true
			}
			return glob(text, v.String()), true
		case string:
			return glob(text, v), true
		case bool:
			return glob(text, strconv.FormatBool(v)), true
		}
		return false, false
	}
	ordered := func(holds func(n float64) bool) func(any) bool {
		return func(value any) bool {
			v, ok := value.(json.Number)
			n, err := v.Float64()
			return ok && err == nil && holds(n)
		}
	}
	switch s.Operator {
	case "<":
		return ordered(func(n float64) bool { return n < number }), nil
	case "<=":
		return ordered(func(n float64) bool { return n <= number }), nil
	case ">":
		return ordered(func(n float64) bool { return n > number }), nil
	case ">=":
		return ordered(func(n float64) bool { return n >= number }), nil
	case "!=":
		return func(value any) bool { equal, ok := equal(value); return ok && !equal }, nil
	}
	return func(value any) bool { equal, ok := equal(value); return ok && equal }, nil
}

func (s *conditionSyntax) text() string {
	if s.Quoted != "" {
		return unquote(s.Quoted)
	}
	return s.Bare
}

// glob matches text with an asterisk before it, behind it, or both; elsewhere
// an asterisk is one.
func glob(pattern, text string) bool {
	rest, anyBefore := strings.CutPrefix(pattern, "*")
	rest, anyAfter := strings.CutSuffix(rest, "*")
	switch {
	case anyBefore && anyAfter:
		return strings.Contains(text, rest)
	case anyBefore:
		return strings.HasSuffix(text, rest)
	case anyAfter:
		return strings.HasPrefix(text, rest)
	}
	return text == pattern
}

// needed are texts that every message has for which the condition holds.
func (s *orSyntax) needed() (texts []string) {
	if len(s.Terms) > 1 {
		return nil
	}
	for _, term := range s.Terms[0].Terms {
		switch {
		case term.Paren != nil:
			texts = append(texts, term.Paren.needed()...)
		case term.Quoted != "" && term.Operator == "=":
			if text := strings.Trim(term.text(), "*"); !strings.ContainsRune(text, utf8.RuneError) { // which invalid UTF-8 is read as
				texts = append(texts, text)
			}
		}
	}
	return texts
}
