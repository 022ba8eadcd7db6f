package states

// asText makes a member of an object that holds JSON the string of that JSON;
// one that is a string stays. The input is valid JSON: it came from the core,
// and each publish passes here.
func asText(input []byte, name string) []byte {
	from, to := memberValue(input, name)
	if from == to || input[from] == '"' {
		return input
	}
	b := append(make([]byte, 0, len(input)+len(input)/4+16), input[:from]...)
	b = appendQuoted(b, input[from:to])
	return append(b, input[to:]...)
}

// memberValue finds where a member's value stands in an object; from is to
// when there is none.
func memberValue(object []byte, name string) (from, to int) {
	depth, key := 0, ""
	for i := 0; i < len(object); {
		switch object[i] {
		case '"':
			end := stringEnd(object, i)
			if depth == 1 && key == "" {
				key = string(object[i+1 : end-1])
			}
			i = end
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 && from > 0 {
				return from, trimSpace(object, from, i)
			}
		case ',':
			if depth == 1 {
				if from > 0 {
					return from, trimSpace(object, from, i)
				}
				key = ""
			}
		case ':':
			if depth == 1 && key == name && from == 0 {
				for from = i + 1; isSpace(object[from]); from++ {
				}
			}
		}
		i++
	}
	return 0, 0
}

// stringEnd is the position after the string that begins at i.
func stringEnd(b []byte, i int) int {
	for i++; i < len(b) && b[i] != '"'; i++ {
		if b[i] == '\\' {
			i++
		}
	}
	return min(i+1, len(b))
}

func trimSpace(b []byte, from, to int) int {
	for to > from && isSpace(b[to-1]) {
		to--
	}
	return to
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' }

// appendQuoted appends text, valid UTF-8, as a JSON string.
func appendQuoted[T string | []byte](b []byte, text T) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	copied := 0
	for i := range len(text) {
		c := text[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		b = append(b, text[copied:i]...)
		copied = i + 1
		if c < ' ' {
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		} else {
			b = append(b, '\\', c)
		}
	}
	b = append(b, text[copied:]...)
	return append(b, '"')
}
