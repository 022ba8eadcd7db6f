package jsonata

import (
	"fmt"
	"math"
	"time"

	"github.com/xiatechs/jsonata-go/jparse"
)

// An Env is what an evaluation knows of the world.
type Env struct {
	// Variable is the value of a variable, named without $. A *Text is
	// decoded only if the expression looks into it.
	Variable func(name string) (value any, ok bool)

	Now    time.Time     // $now, $millis
	Random func() uint64 // $random, $uuid, $shuffle
}

// Bounds of one evaluation. Step Functions has bounds of its own for depth,
// memory and time; these keep a runaway expression from doing harm here.
const (
	maxDepth = 500       // calls of functions within functions
	maxCalls = 1_000_000 // calls of functions altogether
	maxItems = 873_782   // items of an array made by a range: what Step Functions allows
)

// An Error is a failed evaluation, with JSONata's code for it.
type Error struct{ Code, Message string }

func (e *Error) Error() string { return e.Code + ": " + e.Message }

func failed(code, format string, args ...any) error {
	return &Error{code, fmt.Sprintf(format, args...)}
}

// Eval gives the value of an expression; Undefined if it yields nothing. A
// path that does no more than pass on a *Text gives that *Text.
func (e *Expr) Eval(env *Env) (any, error) {
	ev := &evaluation{env: env}
	if p, ok := e.root.(plainPath); ok {
		return p.raw(ev, nil)
	}
	if v, ok := e.root.(variableNode); ok {
		return ev.lookup(v.name, nil), nil
	}
	return e.root.eval(ev, Undefined, nil)
}

// An evaluation is one run of an expression.
type evaluation struct {
	env          *Env
	depth, calls int
}

// lookup finds a variable: bound by the expression, given by the
// environment, or a function of the language. The value may be a *Text.
func (ev *evaluation) lookup(name string, f *frame) any {
	for ; f != nil; f = f.outer {
		for i := len(f.names) - 1; i >= 0; i-- {
			if f.names[i] == name {
				return f.values[i]
			}
		}
	}
	if ev.env.Variable != nil {
		if v, ok := ev.env.Variable(name); ok {
			return v
		}
	}
	if fn, ok := functions[name]; ok {
		return fn
	}
	return Undefined
}

// A frame holds the variables of a block or a function call.
type frame struct {
	outer  *frame
	names  []string
	values []any
}

func (f *frame) bind(name string, v any) {
	for i := range f.names {
		if f.names[i] == name {
			f.values[i] = v
			return
		}
	}
	f.names, f.values = append(f.names, name), append(f.values, v)
}

// A node is a part of an expression. What eval gives is never a *Text and
// never a sequence that stands for something else.
type node interface {
	eval(ev *evaluation, input any, f *frame) (any, error)
}

type (
	constant     struct{ value any }
	contextNode  struct{}
	variableNode struct{ name string }
	negation     struct{ operand node }
	conditional  struct{ condition, then, otherwise node }
	blockNode    struct{ exprs []node }
	bindNode     struct {
		name  string
		value node
	}
	logic struct {
		and      bool
		lhs, rhs node
	}
	concatenation struct{ lhs, rhs node }
	rangeNode     struct{ from, to node }
	arrayNode     struct {
		constructed bool
		items       []node
		nested      []bool // written as an array: not flattened into this one
	}
)

func (n constant) eval(*evaluation, any, *frame) (any, error) { return n.value, nil }

func (contextNode) eval(_ *evaluation, input any, _ *frame) (any, error) { return input, nil }

func (n variableNode) eval(ev *evaluation, _ any, f *frame) (any, error) {
	return force(ev.lookup(n.name, f)), nil
}

func (n negation) eval(ev *evaluation, input any, f *frame) (any, error) {
	v, err := n.operand.eval(ev, input, f)
	if err != nil || v == Undefined {
		return Undefined, err
	}
	x, ok := number(v)
	if !ok {
		return nil, failed("D1002", "Cannot negate a non-numeric value: %s", quoted(v))
	}
	return -x, nil
}

func (n conditional) eval(ev *evaluation, input any, f *frame) (any, error) {
	v, err := n.condition.eval(ev, input, f)
	if err != nil {
		return nil, err
	}
	if truth(v) {
		return n.then.eval(ev, input, f)
	}
	if n.otherwise == nil {
		return Undefined, nil
	}
	return n.otherwise.eval(ev, input, f)
}

func (n blockNode) eval(ev *evaluation, input any, f *frame) (result any, err error) {
	inner := &frame{outer: f}
	result = Undefined
	for _, expr := range n.exprs {
		if result, err = expr.eval(ev, input, inner); err != nil {
			return nil, err
		}
	}
	return result, nil
}

func (n bindNode) eval(ev *evaluation, input any, f *frame) (any, error) {
	v, err := n.value.eval(ev, input, f)
	if err != nil {
		return nil, err
	}
	if f == nil {
		// Nothing after a binding outside of a block can read it.
		return v, nil
	}
	f.bind(n.name, v)
	return v, nil
}

func (n logic) eval(ev *evaluation, input any, f *frame) (any, error) {
	l, err := n.lhs.eval(ev, input, f)
	if err != nil {
		return nil, err
	}
	if truth(l) != n.and {
		return !n.and, nil
	}
	r, err := n.rhs.eval(ev, input, f)
	if err != nil {
		return nil, err
	}
	return truth(r), nil
}

func (n concatenation) eval(ev *evaluation, input any, f *frame) (any, error) {
	l, err := n.lhs.eval(ev, input, f)
	if err != nil {
		return nil, err
	}
	r, err := n.rhs.eval(ev, input, f)
	if err != nil {
		return nil, err
	}
	return text(l) + text(r), nil
}

func (n rangeNode) eval(ev *evaluation, input any, f *frame) (any, error) {
	from, err := n.from.eval(ev, input, f)
	if err != nil {
		return nil, err
	}
	to, err := n.to.eval(ev, input, f)
	if err != nil {
		return nil, err
	}
	low, ok := number(from)
	if from != Undefined && (!ok || low != math.Trunc(low)) {
		return nil, failed("T2003", "The left side of the range operator (..) must evaluate to an integer")
	}
	high, ok := number(to)
	if to != Undefined && (!ok || high != math.Trunc(high)) {
		return nil, failed("T2004", "The right side of the range operator (..) must evaluate to an integer")
	}
	if from == Undefined || to == Undefined || low > high {
		return Undefined, nil
	}
	if high-low >= maxItems {
		return nil, failed("D2014", "Expression evaluation memory limit exceeded")
	}
	seq := &Array{Items: make([]any, 0, int(high-low)+1), sequence: true, keepSingleton: true}
	for x := low; x <= high; x++ {
		seq.push(x)
	}
	return seq, nil
}

func (n arrayNode) eval(ev *evaluation, input any, f *frame) (any, error) {
	a := &Array{Items: make([]any, 0, len(n.items)), constructed: n.constructed}
	for i, item := range n.items {
		v, err := item.eval(ev, input, f)
		if err != nil {
			return nil, err
		}
		switch {
		case v == Undefined:
		case n.nested[i]:
			a.push(v)
		default:
			a.Items = append(a.Items, items(v)...)
		}
	}
	return a, nil
}

type (
	arithmetic struct {
		op       jparse.NumericOperator
		lhs, rhs node
	}
	comparison struct {
		op       jparse.ComparisonOperator
		lhs, rhs node
	}
)

func (n arithmetic) eval(ev *evaluation, input any, f *frame) (any, error) {
	l, err := n.lhs.eval(ev, input, f)
	if err != nil {
		return nil, err
	}
	r, err := n.rhs.eval(ev, input, f)
	if err != nil {
		return nil, err
	}
	a, ok := number(l)
	if !ok && l != Undefined {
		return nil, failed("T2001", "The left side of the \"%s\" operator must evaluate to a number", n.op)
	}
	b, ok := number(r)
	if !ok && r != Undefined {
		return nil, failed("T2002", "The right side of the \"%s\" operator must evaluate to a number", n.op)
	}
	if l == Undefined || r == Undefined {
		return Undefined, nil
	}
	switch n.op {
	case jparse.NumericAdd:
		return a + b, nil
	case jparse.NumericSubtract:
		return a - b, nil
	case jparse.NumericMultiply:
		return a * b, nil
	case jparse.NumericDivide:
		return a / b, nil
	}
	return math.Mod(a, b), nil
}

func (n comparison) eval(ev *evaluation, input any, f *frame) (any, error) {
	l, err := n.lhs.eval(ev, input, f)
	if err != nil {
		return nil, err
	}
	r, err := n.rhs.eval(ev, input, f)
	if err != nil {
		return nil, err
	}
	switch n.op {
	case jparse.ComparisonEqual:
		return l != Undefined && r != Undefined && equal(l, r), nil
	case jparse.ComparisonNotEqual:
		return l != Undefined && r != Undefined && !equal(l, r), nil
	case jparse.ComparisonIn:
		for _, item := range items(r) {
			if l != Undefined && scalar(item) && equal(l, item) {
				return true, nil
			}
		}
		return false, nil
	}
	if !comparable(l) || !comparable(r) {
		return nil, failed("T2010", "The expressions either side of operator \"%s\" must evaluate to numeric or string values", n.op)
	}
	if l == Undefined || r == Undefined {
		return Undefined, nil
	}
	order, ok := compare(l, r)
	if !ok {
		return nil, failed("T2009", "The values %s and %s either side of operator \"%s\" must be of the same data type", quoted(l), quoted(r), n.op)
	}
	switch n.op {
	case jparse.ComparisonLess:
		return order < 0, nil
	case jparse.ComparisonLessEqual:
		return order <= 0, nil
	case jparse.ComparisonGreater:
		return order > 0, nil
	}
	return order >= 0, nil
}

// comparable says that < and its kin take the value.
func comparable(v any) bool {
	switch v.(type) {
	case undefined, string, float64, int64:
		return true
	}
	return false
}

func scalar(v any) bool {
	switch v.(type) {
	case *Array, *Object:
		return false
	}
	return true
}

// compare orders two numbers or two strings; ok is false for anything else.
func compare(a, b any) (order int, ok bool) {
	if x, isString := a.(string); isString {
		y, ok := b.(string)
		return compareStrings(x, y), ok
	}
	x, okX := number(a)
	y, okY := number(b)
	switch {
	case !okX || !okY:
		return 0, false
	case x < y:
		return -1, true
	case x > y:
		return 1, true
	}
	return 0, true
}
