package pattern

import (
	"regexp"
	"strconv"
)

// A selector is a way through a document, by member names and indexes.
type selector []any // string or int

var selectorStep = regexp.MustCompile(`\.([A-Za-z0-9_-]+)|\['([^']*)'\]|\[([0-9]+)\]|(\.\*|\[\*\])`)

func parseSelector(text string) (selector, error) {
	var path selector
	for _, step := range selectorStep.FindAllStringSubmatch(text, -1) {
		switch {
		case step[1] != "":
			path = append(path, step[1])
		case step[3] != "":
			i, err := strconv.Atoi(step[3])
			if err != nil {
				return nil, refuse("Invalid filter pattern: index %s is too large", step[3])
			}
			path = append(path, i)
		case step[4] != "":
			return nil, unsupported("wildcards in the selectors of filter patterns")
		default:
			path = append(path, step[2])
		}
	}
	return path, nil
}

func (path selector) find(document any) (value any, ok bool) {
	for _, step := range path {
		switch step := step.(type) {
		case string:
			object, _ := document.(map[string]any)
			if document, ok = object[step]; !ok {
				return nil, false
			}
		case int:
			array, _ := document.([]any)
			if step >= len(array) {
				return nil, false
			}
			document = array[step]
		}
	}
	return document, true
}
