package expression

import (
	"strings"

	"orderflow/cmd/local/cloud/dynamodb/attribute"
)

// A Name is one entry of ExpressionAttributeNames: what #alias stands for.
type Name struct{ Alias, Name string }

// Env is what one request's placeholders stand for, and which were used.
type Env struct {
	names  []Name
	values attribute.Map

	usedNames, usedValues []bool
}

// NewEnv checks the placeholders' spelling.
func NewEnv(names []Name, values attribute.Map) (*Env, error) {
	for _, n := range names {
		if !isPlaceholder(n.Alias, '#') {
			return nil, attribute.Invalid(`ExpressionAttributeNames contains invalid key: Syntax error; key: "%s"`, n.Alias)
		}
	}
	for _, v := range values {
		if !isPlaceholder(v.Name, ':') {
			return nil, attribute.Invalid(`ExpressionAttributeValues contains invalid key: Syntax error; key: "%s"`, v.Name)
		}
	}
	used := make([]bool, len(names)+len(values))
	return &Env{names: names, values: values, usedNames: used[:len(names)], usedValues: used[len(names):]}, nil
}

func isPlaceholder(key string, first byte) bool {
	if len(key) < 2 || key[0] != first {
		return false
	}
	for _, c := range []byte(key[1:]) {
		if !(c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z') {
			return false
		}
	}
	return true
}

// CheckUsed refuses placeholders that no expression of the request used.
func (e *Env) CheckUsed() error {
	var names, values []string
	for i, used := range e.usedNames {
		if !used {
			names = append(names, e.names[i].Alias)
		}
	}
	for i, used := range e.usedValues {
		if !used {
			values = append(values, e.values[i].Name)
		}
	}
	switch {
	case names != nil:
		return attribute.Invalid("Value provided in ExpressionAttributeNames unused in expressions: keys: {%s}", strings.Join(names, ", "))
	case values != nil:
		return attribute.Invalid("Value provided in ExpressionAttributeValues unused in expressions: keys: {%s}", strings.Join(values, ", "))
	}
	return nil
}

func (e *Env) name(alias string) (string, error) {
	for i, n := range e.names {
		if n.Alias == alias {
			e.usedNames[i] = true
			return n.Name, nil
		}
	}
	return "", faultf("An expression attribute name used in the document path is not defined; attribute name: %s", alias)
}

func (e *Env) value(placeholder string) (attribute.Value, error) {
	i := e.values.Index(placeholder)
	if i < 0 {
		return nil, faultf("An expression attribute value used in expression is not defined; attribute value: %s", placeholder)
	}
	e.usedValues[i] = true
	return e.values[i].Value, nil
}
