package cloudformation

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

var pseudoParameters = []string{
	"AWS::AccountId", "AWS::NoValue", "AWS::Partition", "AWS::Region", "AWS::StackId", "AWS::StackName", "AWS::URLSuffix",
}

// noValue is what {"Ref": "AWS::NoValue"} resolves to: whatever holds it
// leaves it out.
type noValue struct{}

// intrinsic takes a function call apart. An object is one if its only member
// is Ref or Fn::….
func intrinsic(m map[string]any) (name string, args any, ok bool) {
	if !isIntrinsic(m) {
		return "", nil, false
	}
	for name, args := range m {
		return name, args, true
	}
	panic("unreachable")
}

// value resolves whatever a template may hold at any place.
func (d *deployment) value(v any) (any, error) {
	switch v := v.(type) {
	case []any:
		return d.list(v)
	case map[string]any:
		if name, args, ok := intrinsic(v); ok {
			resolved, err := d.call(name, args)
			return resolved, within(name, err)
		}
		return d.object(v)
	}
	return v, nil
}

func (d *deployment) list(list []any) ([]any, error) {
	resolved := make([]any, 0, len(list))
	for i, item := range list {
		v, err := d.value(item)
		if err != nil {
			return nil, withinIndex(i, err)
		}
		if v != (noValue{}) {
			resolved = append(resolved, v)
		}
	}
	return resolved, nil
}

func (d *deployment) object(m map[string]any) (map[string]any, error) {
	resolved := make(map[string]any, len(m))
	for _, name := range slices.Sorted(maps.Keys(m)) {
		if strings.HasPrefix(name, "Fn::") {
			return nil, within(name, errors.New("a function must stand alone"))
		}
		v, err := d.value(m[name])
		if err != nil {
			return nil, within(name, err)
		}
		if v != (noValue{}) {
			resolved[name] = v
		}
	}
	return resolved, nil
}

// call is one intrinsic function.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html
func (d *deployment) call(name string, args any) (any, error) {
	switch name {
	case "Ref":
		ref, err := text(args)
		if err != nil {
			return nil, err
		}
		return d.ref(ref)
	case "Fn::GetAtt":
		id, attribute, err := getAttArguments(args)
		if err != nil {
			return nil, err
		}
		if s, ok := attribute.(string); ok {
			return d.getAtt(id, s)
		}
		resolved, err := d.text(attribute)
		if err != nil {
			return nil, err
		}
		return d.getAtt(id, resolved)
	case "Fn::Sub":
		return d.sub(args)
	case "Fn::Join":
		return d.join(args)
	case "Fn::Select":
		return d.selectFrom(args)
	case "Fn::Split":
		list, err := arguments(args, 2)
		if err != nil {
			return nil, err
		}
		delimiter, err := text(list[0])
		if err != nil {
			return nil, err
		}
		source, err := d.text(list[1])
		if err != nil {
			return nil, err
		}
		var parts []any
		for part := range strings.SplitSeq(source, delimiter) {
			parts = append(parts, part)
		}
		return parts, nil
	case "Fn::If":
		list, err := arguments(args, 3)
		if err != nil {
			return nil, err
		}
		condition, err := text(list[0])
		if err != nil {
			return nil, err
		}
		holds, err := d.condition(condition)
		if err != nil {
			return nil, err
		}
		if holds {
			v, err := d.value(list[1])
			return v, withinIndex(1, err)
		}
		v, err := d.value(list[2])
		return v, withinIndex(2, err)
	case "Fn::FindInMap":
		return d.findInMap(args)
	}
	return nil, errors.New("the function is not supported")
}

func (d *deployment) ref(name string) (any, error) {
	if v, ok := d.parameters[name]; ok {
		return v, nil
	}
	if v, ok := d.pseudo[name]; ok {
		return v, nil
	}
	id, companion, dotted := strings.Cut(name, ".")
	values, err := d.created(id)
	if err != nil {
		return nil, err
	}
	if !dotted {
		return values.Ref, nil
	}
	if v, ok := values.Generated[companion]; ok {
		return v, nil
	}
	return nil, fmt.Errorf("resource %q has no %q", id, companion)
}

func (d *deployment) getAtt(id, attribute string) (any, error) {
	values, err := d.created(id)
	if err != nil {
		return nil, err
	}
	if v, ok := values.Attributes[attribute]; ok {
		return v, nil
	}
	return nil, fmt.Errorf("resource %q has no attribute %q", id, attribute)
}

func (d *deployment) sub(args any) (any, error) {
	pattern, local, err := subArguments(args)
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	for _, part := range pattern {
		b.WriteString(part.literal)
		if part.variable == "" {
			continue
		}
		v, err := d.variable(part.variable, local)
		if err != nil {
			return nil, err
		}
		s, err := scalar(v)
		if err != nil {
			return nil, fmt.Errorf("${%s}: %w", part.variable, err)
		}
		b.WriteString(s)
	}
	return b.String(), nil
}

func (d *deployment) variable(name string, local map[string]any) (any, error) {
	if v, ok := local[name]; ok {
		return d.value(v)
	}
	id, attribute, dotted := strings.Cut(name, ".")
	if !dotted {
		return d.ref(name)
	}
	values, err := d.created(id)
	if err != nil {
		return nil, err
	}
	if v, ok := values.Generated[attribute]; ok {
		return v, nil
	}
	return d.getAtt(id, attribute)
}

func (d *deployment) join(args any) (any, error) {
	list, err := arguments(args, 2)
	if err != nil {
		return nil, err
	}
	delimiter, err := text(list[0])
	if err != nil {
		return nil, err
	}
	items, err := d.items(list[1])
	if err != nil {
		return nil, err
	}
	parts := make([]string, len(items))
	for i, item := range items {
		if parts[i], err = scalar(item); err != nil {
			return nil, withinIndex(i, err)
		}
	}
	return strings.Join(parts, delimiter), nil
}

func (d *deployment) selectFrom(args any) (any, error) {
	list, err := arguments(args, 2)
	if err != nil {
		return nil, err
	}
	given, err := d.value(list[0])
	if err != nil {
		return nil, err
	}
	index, err := integer(given)
	if err != nil {
		return nil, err
	}
	items, err := d.items(list[1])
	if err != nil {
		return nil, err
	}
	if *index < 0 || *index >= int64(len(items)) {
		return nil, fmt.Errorf("cannot select index %d of %d items", *index, len(items))
	}
	return items[*index], nil
}

func (d *deployment) findInMap(args any) (any, error) {
	list, err := arguments(args, 3)
	if err != nil {
		return nil, err
	}
	var at any = d.template.mappings
	for _, step := range list {
		key, err := d.text(step)
		if err != nil {
			return nil, err
		}
		level, ok := at.(map[string]any)
		if !ok || level[key] == nil {
			return nil, fmt.Errorf("the mappings have no key %q", key)
		}
		at = level[key]
	}
	if _, ok := at.(map[string]any); ok {
		return nil, errors.New("the keys name no value of a mapping")
	}
	return at, nil
}

// text resolves a value that must be a string.
func (d *deployment) text(v any) (string, error) {
	resolved, err := d.value(v)
	if err != nil {
		return "", err
	}
	return scalar(resolved)
}

// items resolves a value that must be a list.
func (d *deployment) items(v any) ([]any, error) {
	resolved, err := d.value(v)
	if err != nil {
		return nil, err
	}
	list, ok := resolved.([]any)
	if !ok {
		return nil, fmt.Errorf("%s where a list is wanted", describe(resolved))
	}
	return list, nil
}

func arguments(args any, n int) ([]any, error) {
	list, ok := args.([]any)
	if !ok || len(list) != n {
		return nil, fmt.Errorf("the function takes a list of %d arguments", n)
	}
	return list, nil
}

// getAttArguments reads ["Resource", "Attribute"] or "Resource.Attribute".
func getAttArguments(args any) (id string, attribute any, err error) {
	if s, ok := args.(string); ok {
		id, name, dotted := strings.Cut(s, ".")
		if !dotted {
			return "", nil, fmt.Errorf("%q names no attribute", s)
		}
		return id, name, nil
	}
	list, err := arguments(args, 2)
	if err != nil {
		return "", nil, err
	}
	id, err = text(list[0])
	return id, list[1], err
}

// subPart is a piece of a Fn::Sub string: literal text, then a variable, ""
// for none.
type subPart struct{ literal, variable string }

// subArguments reads "pattern" or ["pattern", {variables}].
func subArguments(args any) (pattern []subPart, local map[string]any, err error) {
	s, ok := args.(string)
	if !ok {
		list, err := arguments(args, 2)
		if err != nil {
			return nil, nil, err
		}
		if s, err = text(list[0]); err != nil {
			return nil, nil, err
		}
		if local, err = object(list[1]); err != nil {
			return nil, nil, err
		}
	}
	pattern, err = subParts(s)
	return pattern, local, err
}

func subParts(s string) ([]subPart, error) {
	var parts []subPart
	var literal strings.Builder
	for {
		before, rest, found := strings.Cut(s, "${")
		literal.WriteString(before)
		if !found {
			return append(parts, subPart{literal: literal.String()}), nil
		}
		name, after, closed := strings.Cut(rest, "}")
		if !closed {
			return nil, errors.New("a ${ without its }")
		}
		s = after
		if escaped, ok := strings.CutPrefix(name, "!"); ok {
			literal.WriteString("${" + escaped + "}")
			continue
		}
		if name == "" || strings.Trim(name, variableCharacters) != "" {
			return nil, fmt.Errorf("variable names must contain only alphanumeric characters, underscores, periods, and colons, not %q", name)
		}
		parts = append(parts, subPart{literal: literal.String(), variable: name})
		literal.Reset()
	}
}

const variableCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.:"
