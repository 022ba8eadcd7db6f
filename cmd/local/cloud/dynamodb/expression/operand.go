package expression

import (
	"slices"
	"strconv"
	"unicode/utf16"

	"orderflow/cmd/local/cloud/dynamodb/attribute"
)

// An operand stands for a value: a path into the item, a literal, or size().
type operand interface {
	// in is the operand's value in item, nil if it has none.
	in(item attribute.Map) attribute.Value

	// static is the value's type where the item does not decide it.
	static() attribute.Type
}

type (
	literal struct{ value attribute.Value }
	size    struct{ of operand }
)

func (p Path) in(item attribute.Map) attribute.Value { return p.Get(item) }
func (l literal) in(attribute.Map) attribute.Value   { return l.value }
func (s size) in(item attribute.Map) attribute.Value { return sizeOf(s.of.in(item)) }

func (Path) static() attribute.Type      { return "" }
func (l literal) static() attribute.Type { return l.value.Type() }
func (size) static() attribute.Type      { return attribute.TypeN }

func sizeOf(v attribute.Value) attribute.Value {
	n := 0
	switch v := v.(type) {
	case attribute.String:
		for _, r := range string(v) {
			n += utf16.RuneLen(r)
		}
	case attribute.Binary:
		n = len(v)
	case attribute.Map:
		n = len(v)
	case attribute.List:
		n = len(v)
	case attribute.StringSet:
		n = len(v)
	case attribute.NumberSet:
		n = len(v)
	case attribute.BinarySet:
		n = len(v)
	default:
		return nil
	}
	return attribute.Number(strconv.Itoa(n))
}

// operandBinder binds the operands of one comparison or function, and ranks
// what is wrong with them as AWS does.
type operandBinder struct {
	env    *Env
	faults faults
}

const (
	rankUndefined = iota
	rankCount
	rankDistinct
	rankType
)

func (b *operandBinder) bind(s *operandSyntax) operand {
	switch {
	case s.Paren != nil:
		return b.bind(s.Paren)
	case s.Function != nil: // nothing but size() gets here
		args := b.bindAll(s.Function.Args)
		b.checkCall(s.Function.Name, args)
		return size{args[0]}
	case s.Path != nil:
		path, err := bindPath(s.Path, b.env)
		b.faults.add(rankUndefined, err)
		return path
	}
	value, err := b.env.value(s.Value)
	b.faults.add(rankUndefined, err)
	if value == nil {
		value = attribute.Null{}
	}
	return literal{value}
}

func (b *operandBinder) bindAll(all []*operandSyntax) []operand {
	operands := make([]operand, len(all))
	for i, s := range all {
		operands[i] = b.bind(s)
	}
	return operands
}

// conditionFunctions are the functions of conditions and how many operands
// each takes.
var conditionFunctions = map[string]int{
	"attribute_exists":     1,
	"attribute_not_exists": 1,
	"attribute_type":       2,
	"begins_with":          2,
	"contains":             2,
	"size":                 1,
}

var typeNames = []attribute.Type{"S", "N", "B", "NULL", "SS", "BOOL", "L", "BS", "NS", "M"}

func (b *operandBinder) checkCall(name string, args []operand) {
	if len(args) != conditionFunctions[name] {
		b.faults.add(rankCount, faultf("Incorrect number of operands for operator or function; operator or function: %s, number of operands: %d", name, len(args)))
		return
	}
	b.checkDistinct(name, args)
	switch name {
	case "attribute_exists", "attribute_not_exists":
		if _, ok := args[0].(Path); !ok {
			b.faults.add(rankType, faultf("Operator or function requires a document path; operator or function: %s", name))
		}
	case "begins_with":
		b.checkTypes(name, args, attribute.TypeS, attribute.TypeB)
	case "attribute_type":
		b.checkTypeName(args[1])
	case "size":
		switch t := args[0].static(); t {
		case attribute.TypeN, attribute.TypeBOOL, attribute.TypeNULL:
			b.faults.add(rankType, operandType(name, t))
		}
	}
}

func (b *operandBinder) checkTypeName(arg operand) {
	t := arg.static()
	if t == "" {
		t = "{NS,SS,L,BS,N,M,B,BOOL,NULL,S}"
	}
	if t != attribute.TypeS {
		b.faults.add(rankType, operandType("attribute_type", t))
		return
	}
	if name := arg.(literal).value.(attribute.String); !slices.Contains(typeNames, attribute.Type(name)) {
		b.faults.add(rankType, faultf("Invalid attribute type name found; type: %s, valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}", name))
	}
}

// checkTypes refuses operands whose type is known not to be among the allowed.
func (b *operandBinder) checkTypes(operator string, args []operand, allowed ...attribute.Type) {
	for _, a := range args {
		if t := a.static(); t != "" && !slices.Contains(allowed, t) {
			b.faults.add(rankType, operandType(operator, t))
		}
	}
}

func (b *operandBinder) checkDistinct(operator string, args []operand) {
	if len(args) != 2 {
		return
	}
	p, ok := args[0].(Path)
	q, ok2 := args[1].(Path)
	if ok && ok2 && p.equal(q) {
		b.faults.add(rankDistinct, faultf("The first operand must be distinct from the remaining operands for this operator or function; operator: %s, first operand: %v", operator, p))
	}
}

func operandType(operator string, t attribute.Type) error {
	return faultf("Incorrect operand type for operator or function; operator or function: %s, operand type: %s", operator, t)
}
