package iam

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A condition compares the request's values for a key with those of a policy.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
type condition struct {
	key      string // in lower case
	set      setOperator
	negated  bool
	ifExists bool
	null     bool // operator Null
	values   []comparison
}

// A setOperator says how several values of a request count.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
type setOperator int

const (
	single setOperator = iota
	forAllValues
	forAnyValue
)

// A comparison tells whether a request's value fits one of a policy.
type comparison func(value string, q asked) bool

// knownKeys are the condition keys that requests here may have. Of others a
// policy would silently never hear.
var knownKeys = []string{
	"aws:currenttime", "aws:epochtime", "aws:principalaccount", "aws:principalarn", "aws:principalisawsservice",
	"aws:principalservicename", "aws:principaltype", "aws:resourceaccount", "aws:securetransport", "aws:sourceaccount", "aws:sourcearn",
	"dynamodb:attributes", "dynamodb:enclosingoperation", "dynamodb:leadingkeys", "dynamodb:returnvalues", "dynamodb:select",
	"lambda:sourcefunctionarn",
	"s3:prefix", "s3:x-amz-server-side-encryption",
	"states:statemachinequalifier",
	"ses:fromaddress", "ses:fromdisplayname", "ses:recipients",
}

func isMultivalued(key string) bool {
	return key == "dynamodb:attributes" || key == "dynamodb:leadingkeys" || key == "ses:recipients"
}

func (t *statementText) compileConditions(s *statement, variables bool) error {
	for _, operator := range slices.Sorted(maps.Keys(t.Condition)) {
		for _, key := range slices.Sorted(maps.Keys(t.Condition[operator])) {
			if err := t.checkKey(key); err != nil {
				return err
			}
			c, err := newCondition(operator, key, t.Condition[operator][key], variables)
			if err != nil {
				return fmt.Errorf("condition %s on %s: %w", operator, key, err)
			}
			s.conditions = append(s.conditions, c)
		}
	}
	return nil
}

// checkKey refuses a key that no request here has, unless the statement is
// about a service that is not here either.
func (t *statementText) checkKey(key string) error {
	if slices.Contains(knownKeys, strings.ToLower(key)) {
		return nil
	}
	service, _, _ := strings.Cut(strings.ToLower(key), ":")
	foreign := !slices.ContainsFunc(knownKeys, func(k string) bool { return strings.HasPrefix(k, service+":") })
	for _, action := range slices.Concat(t.Action, t.NotAction) {
		foreign = foreign && strings.HasPrefix(strings.ToLower(action), service+":")
	}
	if !foreign {
		return fmt.Errorf("condition key %q is not supported by the local cloud", key)
	}
	return nil
}

func newCondition(operator, key string, values []scalar, variables bool) (condition, error) {
	c := condition{key: strings.ToLower(key)}
	name := operator
	if rest, ok := strings.CutPrefix(name, "ForAllValues:"); ok {
		name, c.set = rest, forAllValues
	} else if rest, ok := strings.CutPrefix(name, "ForAnyValue:"); ok {
		name, c.set = rest, forAnyValue
	}
	name, c.ifExists = strings.CutSuffix(name, "IfExists")
	c.null = name == "Null"
	switch {
	case len(values) == 0:
		return c, fmt.Errorf("it has no value")
	case c.null && (c.ifExists || c.set != single):
		return c, fmt.Errorf("the operator is not supported by the local cloud")
	case c.ifExists && c.set == forAnyValue:
		return c, fmt.Errorf("AWS does not say what IfExists means of any value")
	case c.set == single && !c.null && isMultivalued(c.key):
		return c, fmt.Errorf("the key has several values: it needs ForAllValues or ForAnyValue")
	}
	compare, negated, ok := comparer(name)
	if !ok {
		return c, fmt.Errorf("the operator is not supported by the local cloud")
	}
	c.negated = negated
	for _, value := range values {
		v, err := compare(string(value), variables)
		if err != nil {
			return c, err
		}
		c.values = append(c.values, v)
	}
	return c, nil
}

// holds evaluates the condition.
func (c *condition) holds(q asked) bool {
	found := q.values(c.key)
	if c.null {
		return c.fits(strconv.FormatBool(len(found) == 0), q)
	}
	switch {
	case c.set == forAllValues: // true of none
		return !slices.ContainsFunc(found, func(v string) bool { return !c.fits(v, q) })
	case c.set == forAnyValue:
		return slices.ContainsFunc(found, func(v string) bool { return c.fits(v, q) })
	case len(found) == 0:
		return c.ifExists || c.negated
	}
	return c.fits(found[0], q)
}

// fits tells whether a value fits one of the policy's, or, negated, none.
func (c *condition) fits(value string, q asked) bool {
	return slices.ContainsFunc(c.values, func(v comparison) bool { return v(value, q) }) != c.negated
}

// A compiler makes a comparison of a policy's value.
type compiler func(text string, variables bool) (comparison, error)

// comparer finds an operator by its name.
func comparer(name string) (compare compiler, negated, ok bool) {
	switch name {
	case "StringEquals":
		return texts(0), false, true
	case "StringNotEquals":
		return texts(0), true, true
	case "StringEqualsIgnoreCase":
		return texts(foldCase), false, true
	case "StringNotEqualsIgnoreCase":
		return texts(foldCase), true, true
	case "StringLike":
		return texts(wildcards), false, true
	case "StringNotLike":
		return texts(wildcards), true, true
	case "ArnEquals", "ArnLike":
		return arns, false, true
	case "ArnNotEquals", "ArnNotLike":
		return arns, true, true
	case "Bool", "Null":
		return booleans, false, true
	case "NumericNotEquals":
		return ordered(parseNumber, func(order int) bool { return order == 0 }), true, true
	case "DateNotEquals":
		return ordered(parseDate, func(order int) bool { return order == 0 }), true, true
	}
	for suffix, accept := range map[string]func(order int) bool{
		"Equals":            func(order int) bool { return order == 0 },
		"LessThan":          func(order int) bool { return order < 0 },
		"LessThanEquals":    func(order int) bool { return order <= 0 },
		"GreaterThan":       func(order int) bool { return order > 0 },
		"GreaterThanEquals": func(order int) bool { return order >= 0 },
	} {
		switch name {
		case "Numeric" + suffix:
			return ordered(parseNumber, accept), false, true
		case "Date" + suffix:
			return ordered(parseDate, accept), false, true
		}
	}
	return nil, false, false
}

func texts(how reading) compiler {
	return func(text string, variables bool) (comparison, error) {
		with := how
		if variables {
			with |= withVariables
		}
		p, err := compile(text, with)
		return p.matches, err
	}
}

// arns compares each of an ARN's six parts by itself, with wildcards.
func arns(text string, variables bool) (comparison, error) {
	if variables && strings.Contains(text, "${") {
		return nil, fmt.Errorf("a policy variable in an ARN is not supported by the local cloud")
	}
	parts := strings.SplitN(text, ":", 6)
	if len(parts) != 6 && text != "*" {
		return nil, fmt.Errorf("%q is not an ARN", text)
	}
	var patterns []pattern
	for _, part := range parts {
		p, err := compile(part, wildcards)
		if err != nil {
			return nil, err
		}
		patterns = append(patterns, p)
	}
	return func(value string, _ asked) bool {
		if text == "*" {
			return true
		}
		for i := range patterns {
			part := value
			if i < 5 {
				var ok bool
				if part, value, ok = strings.Cut(value, ":"); !ok {
					return false
				}
			}
			if !patterns[i].matches(part, asked{}) {
				return false
			}
		}
		return true
	}, nil
}

func booleans(text string, _ bool) (comparison, error) {
	if text != "true" && text != "false" {
		return nil, fmt.Errorf("%q is not a boolean", text)
	}
	return func(value string, _ asked) bool { return strings.EqualFold(value, text) }, nil
}

// ordered compares what can be ordered: accept hears how the request's value
// stands to the policy's. A request's value that can not be read fits nothing.
func ordered(parse func(string) (float64, error), accept func(order int) bool) compiler {
	return func(text string, _ bool) (comparison, error) {
		want, err := parse(text)
		if err != nil {
			return nil, err
		}
		return func(value string, _ asked) bool {
			got, err := parse(value)
			if err != nil {
				return false
			}
			order := 0
			if got < want {
				order = -1
			} else if got > want {
				order = 1
			}
			return accept(order)
		}, nil
	}
}

func parseNumber(text string) (float64, error) {
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || n != n {
		return 0, fmt.Errorf("%q is not a number", text)
	}
	return n, nil
}

// parseDate reads a date as ISO 8601 has it, or in seconds since 1970.
func parseDate(text string) (float64, error) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04Z07:00", "2006-01-02", "20060102T150405Z"} {
		if t, err := time.Parse(layout, text); err == nil {
			return float64(t.UnixMilli()) / 1000, nil
		}
	}
	if n, err := parseNumber(text); err == nil {
		return n, nil
	}
	return 0, fmt.Errorf("%q is not a date", text)
}
