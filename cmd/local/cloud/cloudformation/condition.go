package cloudformation

import (
	"errors"
	"fmt"
	"strings"
)

// condition evaluates a condition by name.
func (d *deployment) condition(name string) (bool, error) {
	if holds, known := d.conditions[name]; known {
		return holds, nil
	}
	if d.evaluating[name] {
		return false, fmt.Errorf("condition %q depends on itself", name)
	}
	d.evaluating[name] = true
	defer delete(d.evaluating, name)
	expression, ok := d.template.conditions[name]
	if !ok {
		return false, fmt.Errorf("there is no condition %q", name)
	}
	holds, err := d.evaluate(expression)
	if err != nil {
		return false, fmt.Errorf("condition %q: %w", name, err)
	}
	d.conditions[name] = holds
	return holds, nil
}

func (d *deployment) evaluate(expression any) (bool, error) {
	m, err := object(expression)
	if err != nil {
		return false, err
	}
	name, args, err := conditionFunction(m)
	if err != nil {
		return false, err
	}
	switch name {
	case "Condition":
		other, err := text(args)
		if err != nil {
			return false, err
		}
		return d.condition(other)
	case "Fn::Equals":
		return d.equals(args)
	case "Fn::Not":
		list, err := arguments(args, 1)
		if err != nil {
			return false, err
		}
		holds, err := d.evaluate(list[0])
		return !holds, err
	}
	operands, ok := args.([]any)
	if !ok || len(operands) < 2 || len(operands) > 10 {
		return false, fmt.Errorf("%s takes a list of 2 to 10 conditions", name)
	}
	for _, operand := range operands {
		holds, err := d.evaluate(operand)
		if err != nil {
			return false, err
		}
		if holds == (name == "Fn::Or") {
			return holds, nil
		}
	}
	return name == "Fn::And", nil
}

// equals compares as text, as CloudFormation does: 1 equals "1".
func (d *deployment) equals(args any) (bool, error) {
	list, err := arguments(args, 2)
	if err != nil {
		return false, err
	}
	a, err := d.text(list[0])
	if err != nil {
		return false, err
	}
	b, err := d.text(list[1])
	return a == b, err
}

func conditionFunction(m map[string]any) (name string, args any, err error) {
	if len(m) == 1 {
		for name, args := range m {
			switch name {
			case "Condition", "Fn::And", "Fn::Equals", "Fn::Not", "Fn::Or":
				return name, args, nil
			}
			return "", nil, fmt.Errorf("%s is not a condition function", strings.TrimSpace(name))
		}
	}
	return "", nil, errors.New("a condition is one condition function")
}
