package expression

import (
	"maps"
	"slices"

	"orderflow/cmd/local/cloud/dynamodb/attribute"
)

// Projection picks parts of items.
type Projection struct {
	Paths []Path

	root *tree
}

// Projection parses and binds a ProjectionExpression.
func (p *Parser) Projection(text string, env *Env) (*Projection, error) {
	const parameter = "ProjectionExpression"
	syntax, err := p.projections.get(text)
	if err != nil {
		return nil, invalid(parameter, err)
	}
	paths := make([]Path, len(syntax.Paths))
	for i, s := range syntax.Paths {
		if paths[i], err = bindPath(s, env); err != nil {
			return nil, invalid(parameter, err)
		}
	}
	overlaps, conflicts := overlap(paths)
	if overlaps != nil {
		return nil, invalid(parameter, overlaps)
	}
	if conflicts != nil {
		return nil, invalid(parameter, conflicts)
	}
	return newProjection(paths), nil
}

func checkProjection(syntax *projectionSyntax) error {
	for _, p := range syntax.Paths {
		if err := reservedIn(p); err != nil {
			return err
		}
	}
	return nil
}

func newProjection(paths []Path) *Projection {
	root := new(tree)
	for _, p := range paths {
		root.add(p)
	}
	return &Projection{Paths: paths, root: root}
}

// Of is the part of item that the projection picks. Elements picked from a
// list close up.
func (p *Projection) Of(item attribute.Map) attribute.Map {
	part, _ := p.root.of(item).(attribute.Map)
	return part
}

// tree joins paths that share a beginning. One without branches is a whole
// value.
type tree struct {
	names   map[string]*tree
	indexes map[int]*tree
}

func (t *tree) add(path Path) {
	for _, s := range path {
		t = t.branch(s)
	}
}

func (t *tree) branch(s Step) *tree {
	if s.Name == "" {
		return grow(&t.indexes, s.Index)
	}
	return grow(&t.names, s.Name)
}

func grow[K comparable](branches *map[K]*tree, key K) *tree {
	if *branches == nil {
		*branches = make(map[K]*tree)
	}
	next := (*branches)[key]
	if next == nil {
		next = new(tree)
		(*branches)[key] = next
	}
	return next
}

func (t *tree) of(v attribute.Value) attribute.Value {
	if t.names == nil && t.indexes == nil {
		return v
	}
	switch v := v.(type) {
	case attribute.Map:
		var part attribute.Map
		for _, name := range slices.Sorted(maps.Keys(t.names)) {
			if picked := t.names[name].of(v.Get(name)); picked != nil {
				part = append(part, attribute.Attribute{Name: name, Value: picked})
			}
		}
		if part != nil {
			return part
		}
	case attribute.List:
		var part attribute.List
		for _, i := range slices.Sorted(maps.Keys(t.indexes)) {
			if i < len(v) {
				if picked := t.indexes[i].of(v[i]); picked != nil {
					part = append(part, picked)
				}
			}
		}
		if part != nil {
			return part
		}
	}
	return nil
}
