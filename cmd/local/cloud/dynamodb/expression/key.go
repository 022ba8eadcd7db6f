package expression

import (
	"orderflow/cmd/local/cloud/dynamodb/attribute"
)

// A KeyCondition is one attribute's condition in a KeyConditionExpression: Op
// is a comparison other than <>, BETWEEN (two Values) or begins_with.
type KeyCondition struct {
	Attribute string
	Op        string
	Values    []attribute.Value
}

// KeyConditions parses and binds a KeyConditionExpression.
func (p *Parser) KeyConditions(text string, env *Env) ([]KeyCondition, error) {
	const parameter = "KeyConditionExpression"
	condition, err := p.Condition(parameter, text, env)
	if err != nil {
		return nil, err
	}
	return keyConditions(condition.root, nil)
}

func keyConditions(n node, keys []KeyCondition) ([]KeyCondition, error) {
	var k KeyCondition
	var err error
	switch n := n.(type) {
	case allOf:
		for _, term := range n {
			if keys, err = keyConditions(term, keys); err != nil {
				return nil, err
			}
		}
		return keys, nil
	case anyOf:
		return nil, invalidKeyOperator("OR")
	case negation:
		return nil, invalidKeyOperator("NOT")
	case in:
		return nil, invalidKeyOperator("IN")
	case comparison:
		k, err = keyComparison(n)
	case between:
		k, err = keyFunction("BETWEEN", n.value, n.low, n.high)
	case call:
		if n.name != "begins_with" {
			return nil, invalidKeyOperator(n.name)
		}
		k, err = keyFunction(n.name, n.args[0], n.args[1])
	}
	if err != nil {
		return nil, err
	}
	for _, other := range keys {
		if other.Attribute == k.Attribute {
			return nil, invalidKey("KeyConditionExpressions must only contain one condition per key")
		}
	}
	return append(keys, k), nil
}

// mirrored is the operator that says the same with its operands swapped.
var mirrored = map[string]string{"=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}

func keyComparison(c comparison) (KeyCondition, error) {
	if c.op == "<>" {
		return KeyCondition{}, invalidKeyOperator("<>")
	}
	if _, ok := c.left.(Path); !ok {
		if _, ok := c.right.(Path); ok {
			return keyOperands(mirrored[c.op], c.right, c.left)
		}
	}
	return keyOperands(c.op, c.left, c.right)
}

func keyFunction(op string, first operand, rest ...operand) (KeyCondition, error) {
	if _, ok := first.(Path); !ok {
		return KeyCondition{}, attribute.Invalid("Invalid condition in KeyConditionExpression: %s operator must have the key attribute as its first operand", op)
	}
	return keyOperands(op, first, rest...)
}

func keyOperands(op string, first operand, rest ...operand) (KeyCondition, error) {
	k := KeyCondition{Op: op}
	for _, o := range append([]operand{first}, rest...) {
		switch o := o.(type) {
		case size:
			return k, invalidKey("KeyConditionExpressions cannot contain nested operations")
		case literal:
			k.Values = append(k.Values, o.value)
		case Path:
			if k.Attribute != "" {
				return k, attribute.Invalid("Invalid condition in KeyConditionExpression: Multiple attribute names used in one condition")
			}
			if len(o) > 1 {
				return k, invalidKey("KeyConditionExpressions cannot have conditions on nested attributes")
			}
			k.Attribute = o.Head()
		}
	}
	if k.Attribute == "" {
		return k, attribute.Invalid("Invalid condition in KeyConditionExpression: No key attribute specified")
	}
	return k, nil
}

func invalidKey(sentence fault) error { return invalid("KeyConditionExpression", sentence) }

func invalidKeyOperator(name string) error {
	return attribute.Invalid("Invalid operator used in KeyConditionExpression: %s", name)
}
