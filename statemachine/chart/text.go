package chart

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

// What text takes, in pixels: names at a size of 14, all else at 12.
const (
	nameWidth = 8 // a character
	textWidth = 7
	textLine  = 16

	stateHeight   = 52 // two lines
	stateMargin   = 20 // left and right of them
	minStateWidth = 120
	maxStateWidth = 280

	maxCharacters = 28 // of a label's line
	maxLines      = 4  // of a label
)

// even rounds up, so that halves are whole, too.
func even(length float64) float64 { return 2 * math.Ceil(length/2) }

var terminalBox = Box{Width: 72, Height: 32}

// stateBox has room for a state's name, and its type or resource below.
func stateBox(n Node) Box {
	second := n.Resource
	if second == "" {
		second = n.Type
	}
	text := max(nameWidth*utf8.RuneCountInString(n.Name), textWidth*utf8.RuneCountInString(second))
	return Box{Width: even(min(max(float64(text)+2*stateMargin, minStateWidth), maxStateWidth)), Height: stateHeight}
}

// label is a label's text and the room for it.
func label(lines []string) (text string, width, height float64) {
	if more := len(lines) - maxLines; more > 0 {
		lines = append(lines[:maxLines-1:maxLines-1], fmt.Sprintf("and %d more", more+1))
	}
	for _, line := range lines {
		width = max(width, textWidth*float64(utf8.RuneCountInString(line)))
	}
	return strings.Join(lines, "\n"), even(width), textLine * float64(len(lines))
}

// clip leaves a line of at most maxCharacters.
func clip(text string) string {
	n := 0
	for i := range text {
		if n++; n == maxCharacters && utf8.RuneCountInString(text[i:]) > 1 {
			return text[:i] + "…"
		}
	}
	return text
}

func caught(names []string) string {
	return clip(strings.Join(names, ", "))
}

// condition is what a choice rule asks, in a line.
// https://docs.aws.amazon.com/step-functions/latest/dg/state-choice.html
func condition(rule map[string]any) string {
	if c, ok := rule["Condition"]; ok {
		text := strings.TrimSpace(fmt.Sprint(c))
		text = strings.TrimSuffix(strings.TrimPrefix(text, "{%"), "%}")
		return clip(strings.Join(strings.Fields(text), " "))
	}
	if all, ok := rule["And"].([]any); ok {
		return compound(all, " && ")
	}
	if some, ok := rule["Or"].([]any); ok {
		return compound(some, " || ")
	}
	if not, ok := rule["Not"].(map[string]any); ok {
		return clip("!(" + condition(not) + ")")
	}
	return clip(comparison(rule))
}

func compound(rules []any, operator string) string {
	var parts []string
	for _, rule := range rules {
		rule, ok := rule.(map[string]any)
		if !ok {
			continue
		}
		part := condition(rule)
		if rule["And"] != nil || rule["Or"] != nil {
			part = "(" + part + ")"
		}
		parts = append(parts, part)
	}
	return clip(strings.Join(parts, operator))
}

// operators by the ends of their names: StringEquals, NumericLessThanPath.
var operators = []struct{ name, sign string }{
	{"GreaterThanEquals", ">="},
	{"LessThanEquals", "<="},
	{"GreaterThan", ">"},
	{"LessThan", "<"},
	{"Equals", "=="},
	{"Matches", "matches"},
}

func comparison(rule map[string]any) string {
	variable, _ := rule["Variable"].(string)
	for _, name := range slices.Sorted(maps.Keys(rule)) {
		value := rule[name]
		if what, ok := strings.CutPrefix(name, "Is"); ok {
			verb := "is "
			if value == false {
				verb = "is not "
			}
			return variable + " " + verb + strings.ToLower(what)
		}
		plain, path := strings.CutSuffix(name, "Path")
		for _, o := range operators {
			if !strings.HasSuffix(plain, o.name) {
				continue
			}
			if text, ok := value.(string); ok && !path && !strings.HasPrefix(name, "Timestamp") {
				return fmt.Sprintf("%s %s %q", variable, o.sign, text)
			}
			return fmt.Sprintf("%s %s %v", variable, o.sign, value)
		}
	}
	return variable
}

// resource is what a Task calls, without the ARN around it.
func resource(arn string) string {
	if _, action, ok := strings.Cut(arn, ":states:::"); ok {
		return action
	}
	if _, function, ok := strings.Cut(arn, ":function:"); ok {
		return "lambda:" + function
	}
	if _, activity, ok := strings.Cut(arn, ":activity:"); ok {
		return "activity:" + activity
	}
	return arn
}
