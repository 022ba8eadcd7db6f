package pattern

import (
	"regexp"
	"slices"
	"strings"

	"github.com/alecthomas/participle/v2"
	"github.com/alecthomas/participle/v2/lexer"
)

// The grammar of terms. A word ends at a space or a quote, whatever is in it;
// what may be in it is for parseTerms.
type (
	termsSyntax struct {
		Terms []*termSyntax `parser:"@@*"`
	}
	termSyntax struct {
		Sign   string `parser:"@Sign?"`
		Phrase string `parser:"( @Phrase"`
		Word   string `parser:"| @( Word | Quote ) )"`
	}
)

var termsParser = participle.MustBuild[termsSyntax](participle.Lexer(lexer.MustSimple([]lexer.SimpleRule{
	{Name: "space", Pattern: `\s+`},
	{Name: "Sign", Pattern: `[?-]`},
	{Name: "Phrase", Pattern: `"(\\.|[^"\\])*"`},
	{Name: "Word", Pattern: `[^\s"]+`},
	{Name: "Quote", Pattern: `"`},
})))

// notInWord is what a term may have in quotes alone.
var notInWord = regexp.MustCompile(`[^A-Za-z0-9_\s]+`)

// terms match as text, case and all, anywhere in a message.
type terms struct{ all, any, none []string }

func parseTerms(text string) (*Pattern, error) {
	syntax, err := termsParser.ParseString("", text)
	if err != nil {
		return nil, misplaced(text, err)
	}
	var t terms
	for _, term := range syntax.Terms {
		if err := t.add(term); err != nil {
			return nil, err
		}
	}
	if len(t.all)+len(t.none) > 0 {
		t.any = nil // optional terms are ignored beside others
	}
	p := &Pattern{matches: t.match}
	if needed := rarest(t.all); needed != "" {
		p.needed = newSearcher(needed)
		t.all = slices.DeleteFunc(t.all, func(s string) bool { return s == needed })
		p.matches = t.match
	}
	return p, nil
}

func (t *terms) add(term *termSyntax) error {
	text := term.Word
	if term.Phrase != "" {
		text = unquote(term.Phrase)
	} else if strings.HasPrefix(text, "%") {
		return unsupported("regular expressions in filter patterns")
	} else if bad := notInWord.FindString(text); bad != "" {
		return invalidCharacters(bad)
	}
	switch {
	case term.Sign == "?":
		t.any = append(t.any, text)
	case term.Sign == "-":
		t.none = append(t.none, text)
	case strings.TrimSpace(text) != "": // a blank phrase matches everything
		t.all = append(t.all, text)
	}
	return nil
}

func (t terms) match(message string) bool {
	has := func(text string) bool { return strings.Contains(message, text) }
	for _, text := range t.all {
		if !has(text) {
			return false
		}
	}
	return !slices.ContainsFunc(t.none, has) && (len(t.any) == 0 || slices.ContainsFunc(t.any, has))
}
