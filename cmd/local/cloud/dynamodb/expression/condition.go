package expression

import (
	"encoding/base64"
	"slices"

	"orderflow/cmd/local/cloud/dynamodb/attribute"
)

// Condition is a ConditionExpression or a FilterExpression bound to a request.
type Condition struct {
	// Paths are all paths that it reads.
	Paths []Path

	root node
}

// Holds evaluates the condition; an item that is not there is an empty Map.
func (c *Condition) Holds(item attribute.Map) bool { return c.root.holds(item) }

// Condition parses and binds the expression of the named parameter,
// ConditionExpression or FilterExpression.
func (p *Parser) Condition(parameter, text string, env *Env) (*Condition, error) {
	syntax, err := p.conditions.get(text)
	if err != nil {
		return nil, invalid(parameter, err)
	}
	root, err := bindOr(syntax, env)
	if err != nil {
		return nil, invalid(parameter, err)
	}
	c := &Condition{root: root}
	root.walk(func(o operand) {
		if s, ok := o.(size); ok {
			o = s.of
		}
		if path, ok := o.(Path); ok {
			c.Paths = append(c.Paths, path)
		}
	})
	return c, nil
}

type node interface {
	holds(item attribute.Map) bool
	walk(visit func(operand))
}

type (
	allOf      []node
	anyOf      []node
	negation   struct{ node }
	comparison struct {
		op          string
		left, right operand
	}
	between struct{ value, low, high operand }
	in      struct {
		value operand
		among []operand
	}
	call struct {
		name string
		args []operand
	}
)

func (all allOf) holds(item attribute.Map) bool {
	for _, n := range all {
		if !n.holds(item) {
			return false
		}
	}
	return true
}

func (any anyOf) holds(item attribute.Map) bool {
	return slices.ContainsFunc(any, func(n node) bool { return n.holds(item) })
}

func (not negation) holds(item attribute.Map) bool { return !not.node.holds(item) }

func (c comparison) holds(item attribute.Map) bool {
	return compare(c.op, c.left.in(item), c.right.in(item))
}

func compare(op string, left, right attribute.Value) bool {
	switch op {
	case "=":
		return left != nil && attribute.Equal(left, right)
	case "<>":
		return left == nil || !attribute.Equal(left, right)
	}
	order, ok := attribute.Compare(left, right)
	switch op {
	case "<":
		return ok && order < 0
	case "<=":
		return ok && order <= 0
	case ">":
		return ok && order > 0
	}
	return ok && order >= 0
}

func (b between) holds(item attribute.Map) bool {
	v := b.value.in(item)
	return compare("<=", b.low.in(item), v) && compare("<=", v, b.high.in(item))
}

func (i in) holds(item attribute.Map) bool {
	v := i.value.in(item)
	return slices.ContainsFunc(i.among, func(o operand) bool { return compare("=", v, o.in(item)) })
}

func (c call) holds(item attribute.Map) bool {
	v := c.args[0].in(item)
	switch c.name {
	case "attribute_exists":
		return v != nil
	case "attribute_not_exists":
		return v == nil
	case "attribute_type":
		want, _ := c.args[1].in(item).(attribute.String)
		return v != nil && v.Type() == attribute.Type(want)
	case "begins_with":
		return attribute.HasPrefix(v, c.args[1].in(item))
	}
	return attribute.Contains(v, c.args[1].in(item))
}

func (all allOf) walk(visit func(operand))    { walkAll(all, visit) }
func (any anyOf) walk(visit func(operand))    { walkAll(any, visit) }
func (not negation) walk(visit func(operand)) { not.node.walk(visit) }
func (c comparison) walk(visit func(operand)) { visit(c.left); visit(c.right) }
func (b between) walk(visit func(operand))    { visit(b.value); visit(b.low); visit(b.high) }
func (c call) walk(visit func(operand))       { each(c.args, visit) }
func (i in) walk(visit func(operand))         { visit(i.value); each(i.among, visit) }

func walkAll(nodes []node, visit func(operand)) {
	each(nodes, func(n node) { n.walk(visit) })
}

func each[E any](all []E, visit func(E)) {
	for _, e := range all {
		visit(e)
	}
}

func bindOr(s *orSyntax, env *Env) (node, error) {
	if len(s.Terms) == 1 {
		return bindAnd(s.Terms[0], env)
	}
	terms, err := bindEach(s.Terms, env, bindAnd)
	return anyOf(terms), err
}

func bindAnd(s *andSyntax, env *Env) (node, error) {
	if len(s.Terms) == 1 {
		return bindNot(s.Terms[0], env)
	}
	terms, err := bindEach(s.Terms, env, bindNot)
	return allOf(terms), err
}

func bindEach[S any](all []S, env *Env, bind func(S, *Env) (node, error)) ([]node, error) {
	nodes := make([]node, len(all))
	for i, s := range all {
		n, err := bind(s, env)
		if err != nil {
			return nil, err
		}
		nodes[i] = n
	}
	return nodes, nil
}

func bindNot(s *notSyntax, env *Env) (node, error) {
	if s.Not != nil {
		n, err := bindNot(s.Not, env)
		return negation{n}, err
	}
	switch t := s.Term; {
	case t.Paren != nil:
		return bindOr(t.Paren, env)
	case t.Function != nil:
		return bindCall(t.Function, env)
	default:
		return bindComparison(t.Comparison, env)
	}
}

func bindCall(s *functionSyntax, env *Env) (node, error) {
	b := operandBinder{env: env}
	c := call{s.Name, b.bindAll(s.Args)}
	b.checkCall(c.name, c.args)
	return c, b.faults.first()
}

func bindComparison(s *comparisonSyntax, env *Env) (node, error) {
	b := operandBinder{env: env}
	left := b.bind(s.Left)
	var n node
	switch {
	case s.In != nil:
		n = in{left, b.bindAll(s.In)}
	case s.Low != nil:
		bound := between{left, b.bind(s.Low), b.bind(s.High)}
		b.checkOrdered("BETWEEN", bound.value, bound.low, bound.high)
		b.checkBounds(bound)
		n = bound
	default:
		bound := comparison{s.Op, left, b.bind(s.Right)}
		b.checkDistinct(bound.op, []operand{bound.left, bound.right})
		if bound.op != "=" && bound.op != "<>" {
			b.checkOrdered(bound.op, bound.left, bound.right)
		}
		n = bound
	}
	return n, b.faults.first()
}

func (b *operandBinder) checkOrdered(operator string, args ...operand) {
	b.checkTypes(operator, args, attribute.TypeS, attribute.TypeN, attribute.TypeB)
}

func (b *operandBinder) checkBounds(bound between) {
	low, ok := bound.low.(literal)
	high, ok2 := bound.high.(literal)
	if !ok || !ok2 {
		return
	}
	bounds := "lower bound operand: AttributeValue: " + show(low.value) + ", upper bound operand: AttributeValue: " + show(high.value)
	order, ordered := attribute.Compare(low.value, high.value)
	switch {
	case low.static() != high.static():
		b.faults.add(rankType, faultf("The BETWEEN operator requires same data type for lower and upper bounds; %s", bounds))
	case ordered && order > 0:
		b.faults.add(rankType, faultf("The BETWEEN operator requires upper bound to be greater than or equal to lower bound; %s", bounds))
	}
}

func show(v attribute.Value) string {
	text := ""
	switch v := v.(type) {
	case attribute.String:
		text = string(v)
	case attribute.Number:
		text = string(v)
	case attribute.Binary:
		text = base64.StdEncoding.EncodeToString([]byte(v))
	}
	return "{" + string(v.Type()) + ":" + text + "}"
}
