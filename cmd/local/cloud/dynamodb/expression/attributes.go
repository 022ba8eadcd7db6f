package expression

import "strings"

// Attributes are the top-level attributes that an expression names, in its
// order and maybe more than once, aliases resolved. It looks at the words
// alone: a keyword, but for REMOVE, is a reserved word, which no attribute's name
// is without an alias, and a function is followed by its arguments.
func Attributes(text string, names []Name) (attributes []string) {
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
		case word[0] == '#':
			for _, n := range names {
				if n.Alias == word {
					attributes = append(attributes, n.Name)
				}
			}
		case !call && !isReserved(word) && !strings.EqualFold(word, "REMOVE"):
			attributes = append(attributes, word)
		}
	}
	return attributes
}

func isWord(c byte) bool {
	return c == '_' || c == '#' || c == ':' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}
