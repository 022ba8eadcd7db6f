package expression

import "strings"

// Attributes appends the top-level attributes that an expression names, in its
// order and maybe more than once, aliases resolved.
func (p *Parser) Attributes(to []string, text string, names []Name) []string {
	words, _ := p.attributes.get(text) // which any text has
	for _, word := range *words {
		if word[0] != '#' {
			to = append(to, word)
			continue
		}
		for _, n := range names {
			if n.Alias == word {
				to = append(to, n.Name)
			}
		}
	}
	return to
}

// A lexicon finds attributes and aliases by looking at words alone: a keyword,
// but for REMOVE, is a reserved word, which no attribute's name is without an
// alias, and a function is followed by its arguments.
type lexicon struct{}

func (lexicon) parse(text string) (*[]string, error) {
	var found []string
	for i := 0; i < len(text); {
		if !isWord(text[i]) {
			i++
			continue
		}
		start := i
		for i < len(text) && isWord(text[i]) {
			i++
		}
		word := text[start:i]
		nested := start > 0 && strings.HasSuffix(strings.TrimRight(text[:start], " \t\r\n"), ".")
		call := strings.HasPrefix(strings.TrimLeft(text[i:], " \t\r\n"), "(")
		switch {
		case nested, word[0] == ':', '0' <= word[0] && word[0] <= '9':
		case word[0] == '#', !call && !isReserved(word) && !strings.EqualFold(word, "REMOVE"):
			found = append(found, word)
		}
	}
	return &found, nil
}

func isWord(c byte) bool {
	return c == '_' || c == '#' || c == ':' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}
