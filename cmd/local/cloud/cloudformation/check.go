package cloudformation

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// check finds names that nothing bears, also in the branches that no
// condition takes, as CloudFormation does before it creates anything.
func (t *Template) check() error {
	for _, name := range slices.Sorted(maps.Keys(t.conditions)) {
		if err := t.checkCondition(t.conditions[name]); err != nil {
			return within("Conditions", within(name, err))
		}
	}
	for _, id := range slices.Sorted(maps.Keys(t.resources)) {
		if err := t.checkResource(t.resources[id]); err != nil {
			return within(id, err)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(t.outputs)) {
		o := t.outputs[name]
		err := t.checkValue(o.value)
		if err == nil && o.condition != "" {
			err = t.checkConditionName(o.condition)
		}
		if err != nil {
			return within("Outputs", within(name, err))
		}
	}
	return nil
}

func (t *Template) checkResource(r resource) error {
	if r.condition != "" {
		if err := t.checkConditionName(r.condition); err != nil {
			return within("Condition", err)
		}
	}
	for _, id := range r.dependsOn {
		if _, ok := t.resources[id]; !ok {
			return within("DependsOn", fmt.Errorf("there is no resource %q", id))
		}
	}
	if err := t.checkValue(r.properties); err != nil {
		return within("Properties", err)
	}
	return t.checkValue(r.attributes)
}

func (t *Template) checkValue(v any) error {
	switch v := v.(type) {
	case []any:
		for i, item := range v {
			if err := t.checkValue(item); err != nil {
				return withinIndex(i, err)
			}
		}
	case map[string]any:
		if name, args, ok := intrinsic(v); ok {
			return within(name, t.checkIntrinsic(name, args))
		}
		for _, name := range slices.Sorted(maps.Keys(v)) {
			if err := t.checkValue(v[name]); err != nil {
				return within(name, err)
			}
		}
	}
	return nil
}

func (t *Template) checkIntrinsic(name string, args any) error {
	switch name {
	case "Ref":
		ref, err := text(args)
		if err != nil {
			return err
		}
		return t.checkReference(ref)
	case "Fn::GetAtt":
		id, _, err := getAttArguments(args)
		if err != nil {
			return err
		}
		if _, ok := t.resources[id]; !ok {
			return fmt.Errorf("there is no resource %q", id)
		}
		return nil
	case "Fn::Sub":
		pattern, local, err := subArguments(args)
		if err != nil {
			return err
		}
		for _, part := range pattern {
			if part.variable == "" {
				continue
			}
			if _, ok := local[part.variable]; ok {
				continue
			}
			if err := t.checkReference(part.variable); err != nil {
				return err
			}
		}
		return t.checkValue(local)
	case "Fn::If":
		list, err := arguments(args, 3)
		if err != nil {
			return err
		}
		condition, err := text(list[0])
		if err != nil {
			return err
		}
		if err := t.checkConditionName(condition); err != nil {
			return err
		}
		return t.checkValue(list[1:])
	case "Fn::Join", "Fn::Select", "Fn::Split", "Fn::FindInMap":
		return t.checkValue(args)
	case "Fn::ImportValue":
		return errors.New("values of other stacks are not supported")
	}
	return errors.New("the function is not supported")
}

// checkReference checks what Ref or ${…} names: a parameter, a pseudo
// parameter, a resource, or one of its attributes or companions.
func (t *Template) checkReference(name string) error {
	if _, ok := t.parameters[name]; ok || slices.Contains(pseudoParameters, name) {
		return nil
	}
	id, _, _ := strings.Cut(name, ".")
	if _, ok := t.resources[id]; ok || t.generated[id] != "" {
		return nil
	}
	return fmt.Errorf("there is no parameter or resource %q", name)
}

func (t *Template) checkConditionName(name string) error {
	if _, ok := t.conditions[name]; !ok {
		return fmt.Errorf("there is no condition %q", name)
	}
	return nil
}

func (t *Template) checkCondition(v any) error {
	m, err := object(v)
	if err != nil {
		return err
	}
	name, args, err := conditionFunction(m)
	if err != nil {
		return err
	}
	switch name {
	case "Condition":
		other, err := text(args)
		if err != nil {
			return within(name, err)
		}
		return within(name, t.checkConditionName(other))
	case "Fn::Equals":
		return within(name, t.checkValue(args))
	}
	list, ok := args.([]any)
	if !ok {
		return within(name, fmt.Errorf("%s where a list is wanted", describe(args)))
	}
	for i, operand := range list {
		if err := t.checkCondition(operand); err != nil {
			return within(name, withinIndex(i, err))
		}
	}
	return nil
}
