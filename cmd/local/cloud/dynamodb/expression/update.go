package expression

import (
	"slices"

	"orderflow/cmd/local/cloud/dynamodb/attribute"
)

// Update is an UpdateExpression bound to a request.
type Update struct {
	// Paths are the paths that it writes.
	Paths []Path

	changes *change
	literal []literalSet
}

// literalSet is a SET of a top-level attribute whose type the item does not
// decide.
type literalSet struct {
	name string
	t    attribute.Type
}

// TypeSet is the type that the update is known to give the top-level
// attribute, "" if the item decides it or it is not set.
func (u *Update) TypeSet(name string) attribute.Type {
	for _, l := range u.literal {
		if l.name == name {
			return l.t
		}
	}
	return ""
}

// Changed is the part of item that the update's paths lead to, for the
// ReturnValues UPDATED_OLD and UPDATED_NEW.
func (u *Update) Changed(item attribute.Map) attribute.Map {
	return newProjection(u.Paths).Of(item)
}

// Apply is item as the update leaves it. Every operand reads the item as it
// was before.
func (u *Update) Apply(item attribute.Map) (attribute.Map, error) {
	v, err := u.changes.of(item, item)
	if err != nil {
		return nil, err
	}
	return v.(attribute.Map), nil
}

// Update parses and binds an UpdateExpression.
func (p *Parser) Update(text string, env *Env) (*Update, error) {
	const parameter = "UpdateExpression"
	syntax, err := p.updates.get(text)
	if err != nil {
		return nil, invalid(parameter, err)
	}
	b := updateBinder{env: env, update: Update{changes: new(change)}}
	for _, s := range syntax.Sections {
		b.section(s)
	}
	if err := b.finish(); err != nil {
		return nil, invalid(parameter, err)
	}
	return &b.update, nil
}

// AWS's order of what can be wrong once the placeholders are known.
const (
	rankUpdateName = iota
	rankUpdateValue
	rankOverlap
	rankConflict
	rankMember
	rankOperand
)

type updateBinder struct {
	env    *Env
	update Update
	writes []action
	faults faults
}

func (b *updateBinder) section(s *sectionSyntax) {
	for _, set := range s.Set {
		path := b.path(set.Path)
		value := b.sum(set.Sum)
		if t := value.static(); t != "" && len(path) == 1 {
			b.update.literal = append(b.update.literal, literalSet{path.Head(), t})
		}
		b.write(path, setTo{value})
	}
	for _, p := range s.Remove {
		b.write(b.path(p), remove{})
	}
	for _, m := range s.Add {
		path, value := b.path(m.Path), b.value(m.Value)
		b.checkMember("ADD", value)
		b.write(path, add{value})
	}
	for _, m := range s.Delete {
		path, value := b.path(m.Path), b.value(m.Value)
		b.checkMember("DELETE", value)
		b.write(path, deleteFrom{value})
	}
}

func (b *updateBinder) write(path Path, a action) {
	b.update.Paths = append(b.update.Paths, path)
	b.writes = append(b.writes, a)
}

func (b *updateBinder) finish() error {
	overlaps, conflicts := overlap(b.update.Paths)
	b.faults.add(rankOverlap, overlaps)
	b.faults.add(rankConflict, conflicts)
	if err := b.faults.first(); err != nil {
		return err
	}
	for i, path := range b.update.Paths {
		b.update.changes.at(path).action = b.writes[i]
	}
	return nil
}

func (b *updateBinder) path(s *pathSyntax) Path {
	path, err := bindPath(s, b.env)
	b.faults.add(rankUpdateName, err)
	if err != nil {
		path = Path{{Name: s.Head}}
	}
	return path
}

func (b *updateBinder) value(placeholder string) attribute.Value {
	value, err := b.env.value(placeholder)
	b.faults.add(rankUpdateValue, err)
	if err != nil {
		return attribute.Null{}
	}
	return value
}

// checkMember refuses what ADD or DELETE can not take.
func (b *updateBinder) checkMember(section string, v attribute.Value) {
	switch v.(type) {
	case attribute.StringSet, attribute.NumberSet, attribute.BinarySet:
		return
	case attribute.Number:
		if section == "ADD" {
			return
		}
	}
	names := map[attribute.Type]string{
		"S": "STRING", "N": "NUMBER", "B": "BINARY", "NULL": "NULL", "BOOL": "BOOLEAN", "L": "LIST", "M": "MAP",
	}
	b.faults.add(rankMember, faultf("Incorrect operand type for operator or function; operator: %s, operand type: %s", section, names[v.Type()]))
}

func (b *updateBinder) sum(s *sumSyntax) source {
	if s.Paren != nil {
		return b.sum(s.Paren)
	}
	left := b.operand(s.Left)
	if s.Op == "" {
		return left
	}
	right := b.operand(s.Right)
	b.checkOperands(s.Op, attribute.TypeN, left, right)
	return sum{s.Op, left, right}
}

func (b *updateBinder) operand(s *operandSyntax) source {
	switch {
	case s.Paren != nil:
		return b.operand(s.Paren)
	case s.Function != nil:
		return b.function(s.Function)
	case s.Path != nil:
		return fromPath(b.path(s.Path))
	}
	return given{b.value(s.Value)}
}

func (b *updateBinder) function(s *functionSyntax) source {
	args := make([]source, len(s.Args))
	for i, a := range s.Args {
		args[i] = b.operand(a)
	}
	if len(args) != 2 {
		b.faults.add(rankOperand, faultf("Incorrect number of operands for operator or function; operator or function: %s, number of operands: %d", s.Name, len(args)))
		return given{attribute.Null{}}
	}
	if s.Name == "list_append" {
		b.checkOperands(s.Name, attribute.TypeL, args...)
		return listAppend{args[0], args[1]}
	}
	path, ok := args[0].(fromPath)
	if !ok {
		b.faults.add(rankOperand, faultf("Operator or function requires a document path; operator or function: %s", s.Name))
	}
	return ifNotExists{path, args[1]}
}

func (b *updateBinder) checkOperands(operator string, want attribute.Type, args ...source) {
	for _, a := range args {
		if g, ok := a.(given); ok && g.static() != want {
			b.faults.add(rankOperand, operandType(operator, g.static()))
		}
	}
}

// checkUpdate finds what is wrong with an update whatever its placeholders
// stand for.
func checkUpdate(syntax *updateSyntax) error {
	var c updateCheck
	for _, s := range syntax.Sections {
		for _, set := range s.Set {
			c.path(set.Path)
			c.sum(set.Sum)
		}
		for _, p := range s.Remove {
			c.path(p)
		}
		for _, m := range slices.Concat(s.Add, s.Delete) {
			c.path(m.Path)
		}
		c.section(s)
	}
	return c.faults.first()
}

type updateCheck struct {
	faults faults
	seen   map[string]bool
}

const (
	rankUpdateReserved = iota
	rankUpdateFunction
	rankSection
)

func (c *updateCheck) section(s *sectionSyntax) {
	name := "SET"
	switch {
	case s.Remove != nil:
		name = "REMOVE"
	case s.Add != nil:
		name = "ADD"
	case s.Delete != nil:
		name = "DELETE"
	}
	if c.seen[name] {
		c.faults.add(rankSection, faultf(`The "%s" section can only be used once in an update expression;`, name))
	}
	if c.seen == nil {
		c.seen = make(map[string]bool)
	}
	c.seen[name] = true
}

func (c *updateCheck) path(p *pathSyntax) { c.faults.add(rankUpdateReserved, reservedIn(p)) }

func (c *updateCheck) sum(s *sumSyntax) {
	if s.Paren != nil {
		c.sum(s.Paren)
		return
	}
	c.operand(s.Left)
	if s.Right != nil {
		c.operand(s.Right)
	}
}

func (c *updateCheck) operand(s *operandSyntax) {
	switch {
	case s.Paren != nil:
		c.operand(s.Paren)
	case s.Path != nil:
		c.path(s.Path)
	case s.Function != nil:
		if name := s.Function.Name; name != "if_not_exists" && name != "list_append" {
			c.faults.add(rankUpdateFunction, faultf("Invalid function name; function: %s", name))
		}
		for _, a := range s.Function.Args {
			c.operand(a)
		}
	}
}
