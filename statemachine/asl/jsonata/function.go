package jsonata

import (
	"regexp"

	"github.com/xiatechs/jsonata-go/jparse"
)

// A Function is a value that can be called.
type Function struct {
	name string

	// Of the language: how many arguments it takes, and whether the context
	// stands in for a missing first one.
	min, max int // max < 0: any number
	context  bool
	native   func(c *call) (any, error)

	// Written in the expression.
	params    []string
	signature []jparse.Param
	body      node
	input     any
	frame     *frame

	// Composed of others.
	chain   []*Function
	partial *partialCall
}

// A Regexp is a regular expression.
type Regexp struct{ re *regexp.Regexp }

type partialCall struct {
	function *Function
	args     []any // missing where the caller gives one
}

type missing struct{}

// A call is what a native function sees of the call.
type call struct {
	ev   *evaluation
	fn   *Function
	args []any
}

type (
	lambdaNode struct {
		params    []string
		signature []jparse.Param
		body      node
	}
	callNode struct {
		name     string
		function node
		args     []node
		applied  bool // the first argument stood left of ~>
	}
	partialNode struct {
		function node
		args     []node // nil: a placeholder
	}
	applyNode     struct{ lhs, rhs node }
	transformNode struct{ pattern, update, remove node }
)

func (n lambdaNode) eval(_ *evaluation, input any, f *frame) (any, error) {
	return &Function{name: "lambda", params: n.params, signature: n.signature, body: n.body, input: input, frame: f}, nil
}

func (n callNode) eval(ev *evaluation, input any, f *frame) (any, error) {
	v, err := n.function.eval(ev, input, f)
	if err != nil {
		return nil, err
	}
	fn, ok := v.(*Function)
	if !ok {
		return nil, failed("T1006", "Attempted to invoke a non-function: %s", n.name)
	}
	args := make([]any, len(n.args))
	for i, arg := range n.args {
		if args[i], err = arg.eval(ev, input, f); err != nil {
			return nil, err
		}
	}
	return ev.call(fn, args, input)
}

func (n partialNode) eval(ev *evaluation, input any, f *frame) (any, error) {
	v, err := n.function.eval(ev, input, f)
	if err != nil {
		return nil, err
	}
	fn, ok := v.(*Function)
	if !ok {
		return nil, failed("T1008", "Attempted to partially apply a non-function")
	}
	p := &partialCall{function: fn, args: make([]any, len(n.args))}
	for i, arg := range n.args {
		if arg == nil {
			p.args[i] = missing{}
			continue
		}
		if p.args[i], err = arg.eval(ev, input, f); err != nil {
			return nil, err
		}
	}
	return &Function{name: fn.name, partial: p}, nil
}

func (n applyNode) eval(ev *evaluation, input any, f *frame) (any, error) {
	l, err := n.lhs.eval(ev, input, f)
	if err != nil {
		return nil, err
	}
	r, err := n.rhs.eval(ev, input, f)
	if err != nil {
		return nil, err
	}
	second, ok := r.(*Function)
	if !ok {
		return nil, failed("T2006", "The right side of the function application operator ~> must be a function")
	}
	if first, ok := l.(*Function); ok {
		return &Function{name: second.name, chain: []*Function{first, second}}, nil
	}
	return ev.call(second, []any{l}, input)
}

func (n transformNode) eval(_ *evaluation, _ any, f *frame) (any, error) {
	return &Function{name: "transform", min: 1, max: 1, native: func(c *call) (any, error) {
		if c.args[0] == Undefined {
			return Undefined, nil
		}
		if scalar(c.args[0]) {
			return nil, c.mismatch(0)
		}
		result := clone(c.args[0])
		matches, err := n.pattern.eval(c.ev, result, f)
		if err != nil {
			return nil, err
		}
		for _, match := range items(matches) {
			if err := n.change(c.ev, match, f); err != nil {
				return nil, err
			}
		}
		return result, nil
	}}, nil
}

// change updates one object of a copy that nobody else has seen yet.
func (n transformNode) change(ev *evaluation, match any, f *frame) error {
	update, err := n.update.eval(ev, match, f)
	if err != nil {
		return err
	}
	object, isObject := match.(*Object)
	if update != Undefined {
		changes, ok := update.(*Object)
		if !ok {
			return failed("T2011", "The insert/update clause of the transform expression must evaluate to an object: %s", quoted(update))
		}
		for i := 0; isObject && i < changes.Len(); i++ {
			object.Set(changes.At(i))
		}
	}
	if n.remove == nil {
		return nil
	}
	names, err := n.remove.eval(ev, match, f)
	if err != nil {
		return err
	}
	for _, v := range items(names) {
		name, ok := v.(string)
		if !ok {
			return failed("T2012", "The delete clause of the transform expression must evaluate to a string or array of strings: %s", quoted(names))
		}
		if isObject {
			object.remove(name)
		}
	}
	return nil
}

// call applies a function to arguments.
func (ev *evaluation) call(fn *Function, args []any, input any) (any, error) {
	if ev.calls++; ev.calls > maxCalls {
		return nil, failed("U1001", "Expression evaluation timeout: Check for infinite loop")
	}
	if ev.depth++; ev.depth > maxDepth {
		return nil, failed("U1001", "Stack overflow error: Check for non-terminating recursive function. Consider rewriting as tail-recursive. Depth=%d max=%d", ev.depth, maxDepth)
	}
	defer func() { ev.depth-- }()

	switch {
	case fn.native != nil:
		if fn.context && len(args) < fn.min {
			args = append([]any{input}, args...)
		}
		if len(args) < fn.min || fn.max >= 0 && len(args) > fn.max {
			return nil, failed("T0410", "Argument %d of function \"%s\" does not match function signature", len(args)+1, fn.name)
		}
		v, err := fn.native(&call{ev, fn, args})
		return collapse(v), err
	case fn.chain != nil:
		v, err := ev.call(fn.chain[0], args, input)
		if err != nil {
			return nil, err
		}
		return ev.call(fn.chain[1], []any{v}, input)
	case fn.partial != nil:
		all := make([]any, 0, len(fn.partial.args)+len(args))
		for _, arg := range fn.partial.args {
			if _, ok := arg.(missing); ok {
				arg = Undefined
				if len(args) > 0 {
					arg, args = args[0], args[1:]
				}
			}
			all = append(all, arg)
		}
		return ev.call(fn.partial.function, all, input)
	}
	values := make([]any, len(fn.params))
	for i := range values {
		values[i] = Undefined
		if i < len(args) {
			values[i] = args[i]
		}
	}
	if err := check(fn.signature, values); err != nil {
		return nil, err
	}
	return fn.body.eval(ev, fn.input, &frame{outer: fn.frame, names: fn.params[:len(fn.params):len(fn.params)], values: values})
}

// arity is how many arguments a higher-order function passes on.
func (fn *Function) arity() int {
	switch {
	case fn.native != nil:
		return fn.min
	case fn.chain != nil:
		return fn.chain[0].arity()
	case fn.partial != nil:
		n := 0
		for _, arg := range fn.partial.args {
			if _, ok := arg.(missing); ok {
				n++
			}
		}
		return n
	}
	return len(fn.params)
}

// each calls a function with as many of the arguments as it takes.
func (c *call) each(fn *Function, args ...any) (any, error) {
	n := max(1, fn.arity())
	return c.ev.call(fn, args[:min(n, len(args))], Undefined)
}

// check holds the arguments of a typed function to its signature.
func check(signature []jparse.Param, args []any) error {
	for i, param := range signature {
		v := args[i]
		if v == Undefined || param.Type&(jparse.ParamTypeAny|jparse.ParamTypeJSON) != 0 {
			continue
		}
		var t jparse.ParamType
		switch TypeOf(v) {
		case "number":
			t = jparse.ParamTypeNumber
		case "string":
			t = jparse.ParamTypeString
		case "boolean":
			t = jparse.ParamTypeBool
		case "null":
			t = jparse.ParamTypeNull
		case "array":
			t = jparse.ParamTypeArray
		case "object":
			t = jparse.ParamTypeObject
		case "function":
			t = jparse.ParamTypeFunc
		}
		switch {
		case param.Type&t != 0:
		case param.Type&jparse.ParamTypeArray != 0:
			args[i] = NewArray(v)
		default:
			return failed("T0410", "Argument %d of function \"lambda\" does not match function signature", i+1)
		}
	}
	return nil
}

func (c *call) mismatch(i int) error {
	return failed("T0410", "Argument %d of function \"%s\" does not match function signature", i+1, c.fn.name)
}

func (c *call) given(i int) bool { return i < len(c.args) && c.args[i] != Undefined }

func (c *call) string(i int) (string, error) {
	s, ok := c.args[i].(string)
	if !ok {
		return "", c.mismatch(i)
	}
	return s, nil
}

func (c *call) number(i int) (float64, error) {
	x, ok := number(c.args[i])
	if !ok {
		return 0, c.mismatch(i)
	}
	return x, nil
}

func (c *call) function(i int) (*Function, error) {
	fn, ok := c.args[i].(*Function)
	if !ok {
		return nil, c.mismatch(i)
	}
	return fn, nil
}

func (c *call) object(i int) (*Object, error) {
	o, ok := c.args[i].(*Object)
	if !ok {
		return nil, c.mismatch(i)
	}
	return o, nil
}
