package iam

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// A pattern is a text of a policy that a text of a request may match.
type pattern struct {
	parts []part // one, but for policy variables
	fold  bool   // upper and lower case are alike
}

// A part is text, with wildcards as bytes that no text has, or a variable.
type part struct {
	text     string
	wild     bool
	variable string // condition key in lower case; "" for text
	fallback *string
}

// How a text is read.
type reading int

const (
	wildcards reading = 1 << iota // * and ? stand for others
	foldCase
	withVariables // ${key} stands for the request's value
)

const (
	anyRun = "\xff" // *
	anyOne = "\xfe" // ?
)

// compile reads a pattern. A variable may have a default: ${key, 'default'};
// ${*}, ${?} and ${$} are those characters themselves.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
func compile(text string, how reading) (pattern, error) {
	p := pattern{fold: how&foldCase != 0}
	literal := func(s string, asIs bool) {
		wild := false
		if !asIs && how&wildcards != 0 {
			wild = strings.ContainsAny(s, "*?")
			s = strings.NewReplacer("*", anyRun, "?", anyOne).Replace(s)
		}
		if n := len(p.parts); n > 0 && p.parts[n-1].variable == "" {
			p.parts[n-1].text += s
			p.parts[n-1].wild = p.parts[n-1].wild || wild
			return
		}
		p.parts = append(p.parts, part{text: s, wild: wild})
	}
	for rest := text; rest != ""; {
		before, after, found := strings.Cut(rest, "${")
		if how&withVariables == 0 || !found {
			literal(rest, false)
			break
		}
		literal(before, false)
		name, after, found := strings.Cut(after, "}")
		if !found {
			return p, fmt.Errorf("%q has a policy variable without an end", text)
		}
		rest = after
		if name == "*" || name == "?" || name == "$" {
			literal(name, true)
			continue
		}
		v, err := parseVariable(name)
		if err != nil {
			return p, fmt.Errorf("%q: %w", text, err)
		}
		p.parts = append(p.parts, v)
	}
	if p.parts == nil {
		p.parts = []part{{}}
	}
	return p, nil
}

func parseVariable(text string) (part, error) {
	name, fallback, given := strings.Cut(text, ",")
	v := part{variable: strings.ToLower(strings.TrimSpace(name))}
	if !slices.Contains(knownKeys, v.variable) || isMultivalued(v.variable) {
		return v, fmt.Errorf("policy variable %q is not supported by the local cloud", name)
	}
	if given {
		fallback = strings.TrimSpace(fallback)
		if len(fallback) < 2 || fallback[0] != '\'' || fallback[len(fallback)-1] != '\'' {
			return v, fmt.Errorf("the default of policy variable %q is not in quotes", name)
		}
		fallback = fallback[1 : len(fallback)-1]
		v.fallback = &fallback
	}
	return v, nil
}

func matchesAny(patterns []pattern, s string, q asked) bool {
	for i := range patterns {
		if patterns[i].matches(s, q) {
			return true
		}
	}
	return false
}

// matches tells whether a text fits. A variable that has no value fits nothing,
// nor one whose value could be taken for a wildcard.
func (p *pattern) matches(s string, q asked) bool {
	text, wild, ok := p.resolve(q)
	switch {
	case !ok:
		return false
	case wild:
		return match(text, s, p.fold)
	case p.fold:
		return strings.EqualFold(text, s)
	}
	return text == s
}

// resolve puts the request's values where variables are.
func (p *pattern) resolve(q asked) (text string, wild, ok bool) {
	if len(p.parts) == 1 && p.parts[0].variable == "" {
		return p.parts[0].text, p.parts[0].wild, true
	}
	var b strings.Builder
	for _, part := range p.parts {
		if part.variable == "" {
			b.WriteString(part.text)
			wild = wild || part.wild
			continue
		}
		switch found := q.values(part.variable); {
		case len(found) == 1 && !utf8.ValidString(found[0]):
			return "", false, false
		case len(found) == 1:
			b.WriteString(found[0])
		case part.fallback != nil:
			b.WriteString(*part.fallback)
		default:
			return "", false, false
		}
	}
	return b.String(), wild, true
}

// match matches a text with wildcards, going back to the last run alone.
func match(text, s string, fold bool) bool {
	star, mark := -1, 0
	p, i := 0, 0
	for i < len(s) {
		_, width := utf8.DecodeRuneInString(s[i:])
		switch {
		case p < len(text) && text[p] == anyRun[0]:
			star, mark = p, i
			p++
		case p < len(text) && text[p] == anyOne[0]:
			p++
			i += width
		case p < len(text) && i+width <= len(s) && p+width <= len(text) && alike(text[p:p+width], s[i:i+width], fold):
			p += width
			i += width
		case star >= 0:
			_, width := utf8.DecodeRuneInString(s[mark:])
			mark += width
			p, i = star+1, mark
		default:
			return false
		}
	}
	return strings.Count(text[p:], anyRun) == len(text)-p
}

func alike(a, b string, fold bool) bool { return a == b || fold && strings.EqualFold(a, b) }
