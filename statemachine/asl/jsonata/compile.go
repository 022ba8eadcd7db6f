package jsonata

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/xiatechs/jsonata-go/jparse"
)

// An Expr is a compiled expression. It never changes: any number of
// goroutines may evaluate it at once.
type Expr struct {
	source    string
	root      node
	variables []string
}

// An Unsupported error is an expression that is JSONata, but none that Step
// Functions takes.
type Unsupported struct{ Message string }

func (e *Unsupported) Error() string { return e.Message }

// Compile parses an expression. The error is *Unsupported when the syntax is
// right and the expression is refused all the same.
func Compile(source string) (expr *Expr, err error) {
	defer func() {
		if r := recover(); r != nil {
			expr, err = nil, fmt.Errorf("jsonata: expression %q cannot be parsed: %v", source, r)
		}
	}()
	tree, err := jparse.Parse(normalise(source))
	if err != nil {
		return nil, err
	}
	c := compiler{}
	root := c.compile(tree, true)
	if len(c.problems) > 0 {
		return nil, &Unsupported{strings.Join(c.problems, " ")}
	}
	return &Expr{source: source, root: root, variables: c.variables}, nil
}

// Source is the text of the expression.
func (e *Expr) Source() string { return e.source }

// Variables are the names, without $, that the expression reads and does not
// bind itself, sorted; a path below $states is given in full: states.input.a.
func (e *Expr) Variables() []string { return e.variables }

type compiler struct {
	bound     []string // by assignments and parameters around the current node
	variables []string
	problems  []string
}

func (c *compiler) refuse(format string, args ...any) {
	c.problems = append(c.problems, fmt.Sprintf(format, args...))
}

func (c *compiler) read(name string) {
	root, _, _ := strings.Cut(name, ".")
	if slices.Contains(c.bound, root) || slices.Contains(c.variables, name) {
		return
	}
	if _, builtin := functions[name]; builtin {
		return
	}
	c.variables = append(c.variables, name)
	slices.Sort(c.variables)
}

// compile turns the parser's tree into nodes. top says that the context is the
// one of the whole expression, which Step Functions does not give any value.
func (c *compiler) compile(n jparse.Node, top bool) node {
	switch n := n.(type) {
	case *jparse.StringNode:
		return constant{n.Value}
	case *jparse.NumberNode:
		return constant{n.Value}
	case *jparse.BooleanNode:
		return constant{n.Value}
	case *jparse.NullNode:
		return constant{nil}
	case *jparse.RegexNode:
		return constant{&Regexp{n.Value}}
	case *jparse.VariableNode:
		return c.variable(n)
	case *jparse.NameNode:
		if top {
			c.refuse("Reference to '%s' at the top level is not supported.", n.Value)
		}
		if !n.Escaped() {
			c.name(n.Value)
		}
		return nameNode{n.Value}
	case *jparse.PathNode:
		return c.path(n, top)
	case *jparse.PredicateNode:
		return filterNode{c.compile(n.Expr, top), c.each(n.Filters, false)}
	case *jparse.NegationNode:
		return negation{c.compile(n.RHS, top)}
	case *jparse.RangeNode:
		return rangeNode{c.compile(n.LHS, top), c.compile(n.RHS, top)}
	case *jparse.ArrayNode:
		return c.array(n, top, false)
	case *jparse.ObjectNode:
		return objectNode{c.pairs(n, top)}
	case *jparse.GroupNode:
		return groupNode{c.compile(n.Expr, top), c.pairs(n.ObjectNode, false)}
	case *jparse.BlockNode:
		defer c.scope(len(c.bound))
		return blockNode{c.each(n.Exprs, top)}
	case *jparse.ConditionalNode:
		cond := conditional{c.compile(n.If, top), c.compile(n.Then, top), nil}
		if n.Else != nil {
			cond.otherwise = c.compile(n.Else, top)
		}
		return cond
	case *jparse.AssignmentNode:
		// Bound before its value is compiled: a function may call itself.
		c.bound = append(c.bound, n.Name)
		return bindNode{n.Name, c.compile(n.Value, top)}
	case *jparse.WildcardNode:
		return wildcard{}
	case *jparse.DescendentNode:
		return descendants{}
	case *jparse.SortNode:
		return c.sort(n, top)
	case *jparse.LambdaNode:
		return c.lambda(n, nil, top)
	case *jparse.TypedLambdaNode:
		return c.lambda(n.LambdaNode, n.In, top)
	case *jparse.ObjectTransformationNode:
		t := transformNode{pattern: c.compile(n.Pattern, false), update: c.compile(n.Updates, false)}
		if n.Deletes != nil {
			t.remove = c.compile(n.Deletes, false)
		}
		return t
	case *jparse.PartialNode:
		return c.partial(n, top)
	case *jparse.FunctionCallNode:
		return c.call(n, top)
	case *jparse.FunctionApplicationNode:
		if call, ok := n.RHS.(*jparse.FunctionCallNode); ok {
			applied := c.call(call, top)
			applied.args = slices.Insert(applied.args, 0, c.compile(n.LHS, top))
			applied.applied = true
			return applied
		}
		return applyNode{c.compile(n.LHS, top), c.compile(n.RHS, top)}
	case *jparse.NumericOperatorNode:
		return arithmetic{n.Type, c.compile(n.LHS, top), c.compile(n.RHS, top)}
	case *jparse.ComparisonOperatorNode:
		return comparison{n.Type, c.compile(n.LHS, top), c.compile(n.RHS, top)}
	case *jparse.BooleanOperatorNode:
		return logic{n.Type == jparse.BooleanAnd, c.compile(n.LHS, top), c.compile(n.RHS, top)}
	case *jparse.StringConcatenationNode:
		return concatenation{c.compile(n.LHS, top), c.compile(n.RHS, top)}
	}
	panic(fmt.Sprintf("unknown syntax %T", n))
}

func (c *compiler) each(ns []jparse.Node, top bool) []node {
	nodes := make([]node, len(ns))
	for i, n := range ns {
		nodes[i] = c.compile(n, top)
	}
	return nodes
}

// scope ends a block: what it bound is bound no more.
func (c *compiler) scope(outer int) { c.bound = c.bound[:outer] }

func (c *compiler) variable(n *jparse.VariableNode) node {
	switch n.Name {
	case "":
		return contextNode{}
	case "$":
		c.refuse("Reference to '$$' is not supported.")
		return contextNode{}
	}
	c.name(n.Name)
	c.read(n.Name)
	return variableNode{n.Name}
}

// name refuses the binding operators # and @, which the lexer takes for part
// of a name.
func (c *compiler) name(name string) {
	if strings.ContainsAny(name, "#!@~") {
		c.refuse("Name '%s' is not supported.", name)
	}
}

func (c *compiler) path(n *jparse.PathNode, top bool) node {
	if plain, ok := c.plain(n); ok {
		return plain
	}
	p := pathNode{keep: n.KeepArrays}
	for i, s := range n.Steps {
		atTop := top && i == 0
		st := step{}
		if predicate, ok := s.(*jparse.PredicateNode); ok {
			s = predicate.Expr
			st.filters = c.each(predicate.Filters, false)
		}
		switch s := s.(type) {
		case *jparse.ArrayNode:
			st.array = true
			st.node = c.array(s, atTop, i == 0 || i == len(n.Steps)-1)
		default:
			st.node = c.compile(s, atTop)
		}
		if i == 0 {
			_, p.absolute = s.(*jparse.VariableNode)
		}
		p.steps = append(p.steps, st)
	}
	return p
}

// plain recognises $variable.name.name, the path that templates are made of.
func (c *compiler) plain(n *jparse.PathNode) (plainPath, bool) {
	v, ok := n.Steps[0].(*jparse.VariableNode)
	if !ok || v.Name == "" || v.Name == "$" || n.KeepArrays {
		return plainPath{}, false
	}
	p := plainPath{variable: v.Name}
	for _, s := range n.Steps[1:] {
		name, ok := s.(*jparse.NameNode)
		if !ok {
			return plainPath{}, false
		}
		if !name.Escaped() {
			c.name(name.Value)
		}
		p.names = append(p.names, name.Value)
	}
	c.name(p.variable)
	c.read(strings.Join(append([]string{p.variable}, p.names...), "."))
	return p, true
}

func (c *compiler) array(n *jparse.ArrayNode, top, constructed bool) node {
	a := arrayNode{constructed: constructed, items: c.each(n.Items, top), nested: make([]bool, len(n.Items))}
	for i, item := range n.Items {
		_, a.nested[i] = item.(*jparse.ArrayNode)
	}
	return a
}

func (c *compiler) pairs(n *jparse.ObjectNode, top bool) []pair {
	pairs := make([]pair, len(n.Pairs))
	for i, p := range n.Pairs {
		pairs[i] = pair{c.compile(p[0], top), c.compile(p[1], top)}
	}
	return pairs
}

func (c *compiler) sort(n *jparse.SortNode, top bool) node {
	s := sortNode{expr: c.compile(n.Expr, top)}
	for _, t := range n.Terms {
		s.terms = append(s.terms, sortTerm{c.compile(t.Expr, false), t.Dir == jparse.SortDescending})
	}
	return s
}

func (c *compiler) lambda(n *jparse.LambdaNode, signature []jparse.Param, top bool) node {
	defer c.scope(len(c.bound))
	c.bound = append(c.bound, n.ParamNames...)
	return lambdaNode{n.ParamNames, signature, c.compile(n.Body, top)}
}

func (c *compiler) call(n *jparse.FunctionCallNode, top bool) callNode {
	name := "function"
	if v, ok := n.Func.(*jparse.VariableNode); ok {
		name = v.Name
		if why, refused := refusedFunctions[name]; refused && !slices.Contains(c.bound, name) {
			c.refuse("Function '$%s' is not supported%s.", name, why)
		}
	}
	return callNode{name: name, function: c.compile(n.Func, top), args: c.each(n.Args, top)}
}

func (c *compiler) partial(n *jparse.PartialNode, top bool) node {
	p := partialNode{function: c.compile(n.Func, top)}
	for _, arg := range n.Args {
		if _, ok := arg.(*jparse.PlaceholderNode); ok {
			p.args = append(p.args, nil)
			continue
		}
		p.args = append(p.args, c.compile(arg, top))
	}
	return p
}

// normalise rewrites what jsonata-go's lexer does not know: comments become
// blanks, and a string as a step of a path becomes the name that it is.
func normalise(source string) string {
	if !strings.Contains(source, "/*") && !strings.ContainsAny(source, `"'`) {
		return source
	}
	var b strings.Builder
	last, beforeLast := byte(0), byte(0) // the latest bytes that are not blank
	for i := 0; i < len(source); {
		end := i + 1
		switch ch := source[i]; {
		case ch == '/' && strings.HasPrefix(source[i:], "/*"):
			length := strings.Index(source[i+2:], "*/")
			if length < 0 {
				panic(errors.New("comment has no closing tag"))
			}
			b.WriteByte(' ')
			i += length + 4
			continue
		case ch == '\'' || ch == '"':
			end = quotedEnd(source, i)
			if text := source[i:end]; last == '.' && beforeLast != '.' && len(text) >= 2 && !strings.ContainsAny(text, "`\\") {
				b.WriteString("`" + text[1:len(text)-1] + "`")
				last, beforeLast = '`', last
				i = end
				continue
			}
		case ch == '`':
			if length := strings.IndexByte(source[i+1:], '`'); length >= 0 {
				end = i + length + 2
			}
		case ch == '/' && !endsOperand(last):
			end = quotedEnd(source, i)
		case ch == ' ' || ch == '\t' || ch == '\n' || ch == '\r':
			b.WriteByte(ch)
			i++
			continue
		}
		b.WriteString(source[i:end])
		last, beforeLast = source[end-1], last
		i = end
	}
	return b.String()
}

// quotedEnd is where the string or regular expression at i is over.
func quotedEnd(source string, i int) int {
	for j := i + 1; j < len(source); j++ {
		switch source[j] {
		case '\\':
			j++
		case source[i]:
			return j + 1
		}
	}
	return len(source)
}

// endsOperand says that a slash after this byte divides.
func endsOperand(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c >= 0x80 ||
		strings.IndexByte("_$)]}'\"`", c) >= 0 && c != 0
}
