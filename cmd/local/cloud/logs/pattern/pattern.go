// Package pattern matches log events by filter patterns, as CloudWatch Logs
// does: terms (ERROR, "exact phrase", -excluded, ?optional) and conditions on
// JSON ({ $.orderId = "x" && $.receiveCount > 1 }).
//
// Regular expressions, space-delimited patterns and wildcards in selectors are
// refused.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
package pattern

import (
	"errors"
	"fmt"
	"strings"

	"github.com/alecthomas/participle/v2"
)

// A Pattern tells which messages match. It may be used by many at once.
type Pattern struct {
	// needed is looked for before anything else: a message without it does not
	// match. Nil: there is no such text.
	needed  *searcher
	matches func(message string) bool
}

// Match tells whether a message matches.
func (p *Pattern) Match(message string) bool {
	if p.needed != nil && !p.needed.in(message) {
		return false
	}
	return p.matches(message)
}

// Parse reads a pattern; a blank one matches everything. An error is a sentence
// for who wrote it.
func Parse(text string) (*Pattern, error) {
	text = strings.TrimSpace(text)
	switch {
	case strings.HasPrefix(text, "{"):
		return parseJSON(text)
	case strings.HasPrefix(text, "["):
		return nil, unsupported("space-delimited filter patterns")
	}
	return parseTerms(text)
}

// A refusal is what AWS says of a pattern, or which part of the syntax the
// local cloud does not know.
type refusal string

func (r refusal) Error() string { return string(r) }

func refuse(format string, args ...any) error { return refusal(fmt.Sprintf(format, args...)) }

func unsupported(what string) error { return refuse("%s are not supported by the local cloud", what) }

func invalidCharacters(part string) error { return refuse("Invalid character(s) in term '%s'", part) }

// misplaced names what does not belong where it stands.
func misplaced(text string, err error) error {
	at := len(text)
	if e, ok := errors.AsType[participle.Error](err); ok {
		at = e.Position().Offset
	}
	rest := text[min(at, len(text)):]
	if rest == "" {
		return refuse("Invalid filter pattern: it ends too early")
	}
	if bad := notInWord.FindString(rest); strings.HasPrefix(rest, bad) && bad != "" {
		return invalidCharacters(bad)
	}
	return refuse("Invalid filter pattern at '%s'", rest)
}

// unquote takes the quotes off; a backslash stands for the character after it.
func unquote(quoted string) string {
	text := quoted[1 : len(quoted)-1]
	if !strings.Contains(text, `\`) {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '\\' {
			i++
		}
		b.WriteByte(text[i])
	}
	return b.String()
}

// rarest is the best of several texts to look for first: the longest, "" when
// there is none.
func rarest(texts []string) (best string) {
	for _, t := range texts {
		if len(t) > len(best) {
			best = t
		}
	}
	return best
}
