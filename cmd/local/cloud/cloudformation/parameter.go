package cloudformation

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// parameter is one entry of the Parameters section.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html
type parameter struct {
	Type           string
	Default        *string
	allowedValues  []string
	allowedPattern *regexp.Regexp
	minLength      *int64
	maxLength      *int64
	minValue       *big.Rat
	maxValue       *big.Rat
	constraint     string // ConstraintDescription
	noEcho         bool
}

func parseParameter(v any) (parameter, error) {
	members, err := object(v)
	if err != nil {
		return parameter{}, err
	}
	var p parameter
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if err := p.set(name, members[name]); err != nil {
			return parameter{}, within(name, err)
		}
	}
	if p.Type == "" {
		return parameter{}, errors.New("a parameter must have a Type")
	}
	if p.Default != nil {
		if _, err := p.value(*p.Default); err != nil {
			return parameter{}, within("Default", err)
		}
	}
	return p, nil
}

func (p *parameter) set(name string, v any) (err error) {
	switch name {
	case "Type":
		p.Type, err = text(v)
		switch p.Type {
		case "String", "Number", "CommaDelimitedList", "List<Number>":
		default:
			err = fmt.Errorf("the parameter type %q is not supported", p.Type)
		}
	case "Default":
		var s string
		s, err = scalar(v)
		p.Default = &s
	case "AllowedValues":
		list, ok := v.([]any)
		if !ok {
			return fmt.Errorf("%s where a list is wanted", describe(v))
		}
		for i, item := range list {
			s, err := scalar(item)
			if err != nil {
				return withinIndex(i, err)
			}
			p.allowedValues = append(p.allowedValues, s)
		}
	case "AllowedPattern":
		var s string
		if s, err = text(v); err == nil {
			p.allowedPattern, err = regexp.Compile(`^(?:` + s + `)$`)
		}
	case "MinLength":
		p.minLength, err = integer(v)
	case "MaxLength":
		p.maxLength, err = integer(v)
	case "MinValue":
		p.minValue, err = number(v)
	case "MaxValue":
		p.maxValue, err = number(v)
	case "ConstraintDescription":
		p.constraint, err = text(v)
	case "NoEcho":
		var s string
		s, err = scalar(v)
		p.noEcho = s == "true"
	case "Description":
	default:
		err = errors.New("the parameter property is not supported")
	}
	return err
}

// value checks what is given to the parameter and returns what Ref does: a
// string, or a list of them.
func (p parameter) value(given string) (any, error) {
	switch p.Type {
	case "CommaDelimitedList", "List<Number>":
		var list []any
		if given != "" {
			for item := range strings.SplitSeq(given, ",") {
				item = strings.TrimSpace(item)
				if err := p.check(item); err != nil {
					return nil, err
				}
				list = append(list, item)
			}
		}
		return list, nil
	}
	if err := p.check(given); err != nil {
		return nil, err
	}
	return given, nil
}

func (p parameter) check(s string) error {
	fault := p.fault(s)
	if fault == nil || p.constraint == "" {
		return fault
	}
	return fmt.Errorf("%w: %s", fault, p.constraint)
}

func (p parameter) fault(s string) error {
	if p.allowedValues != nil && !slices.Contains(p.allowedValues, s) {
		return fmt.Errorf("%q is not one of the AllowedValues [%s]", s, strings.Join(p.allowedValues, ", "))
	}
	if p.allowedPattern != nil && !p.allowedPattern.MatchString(s) {
		return fmt.Errorf("%q does not match the AllowedPattern", s)
	}
	if p.minLength != nil && int64(len(s)) < *p.minLength {
		return fmt.Errorf("%q is shorter than MinLength %d", s, *p.minLength)
	}
	if p.maxLength != nil && int64(len(s)) > *p.maxLength {
		return fmt.Errorf("%q is longer than MaxLength %d", s, *p.maxLength)
	}
	if p.Type != "Number" && p.Type != "List<Number>" {
		return nil
	}
	n, err := number(s)
	if err != nil {
		return err
	}
	if p.minValue != nil && n.Cmp(p.minValue) < 0 {
		return fmt.Errorf("%s is less than MinValue %s", s, p.minValue.RatString())
	}
	if p.maxValue != nil && n.Cmp(p.maxValue) > 0 {
		return fmt.Errorf("%s is more than MaxValue %s", s, p.maxValue.RatString())
	}
	return nil
}

// scalar is a string, number or boolean as CloudFormation writes it in text.
func scalar(v any) (string, error) {
	switch v := v.(type) {
	case string:
		return v, nil
	case json.Number:
		return v.String(), nil
	case bool:
		return strconv.FormatBool(v), nil
	}
	return "", fmt.Errorf("%s where a string is wanted", describe(v))
}

func integer(v any) (*int64, error) {
	s, err := scalar(v)
	if err != nil {
		return nil, err
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return nil, fmt.Errorf("%q is not an integer", s)
	}
	return &n, nil
}

// number bounds the exponent, for a big.Rat spells it out.
var decimal = regexp.MustCompile(`^[+-]?(\d{1,40}(\.\d{0,40})?|\.\d{1,40})([eE][+-]?\d{1,3})?$`)

func number(v any) (*big.Rat, error) {
	s, err := scalar(v)
	if err != nil {
		return nil, err
	}
	if decimal.MatchString(s) {
		if n, ok := new(big.Rat).SetString(s); ok {
			return n, nil
		}
	}
	return nil, fmt.Errorf("%q is not a number", s)
}
