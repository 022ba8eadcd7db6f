package expression

import (
	"slices"
	"strconv"
	"strings"

	"orderflow/cmd/local/cloud/dynamodb/attribute"
)

// A Path leads to an attribute or into a document: a.b[1].
type Path []Step

// A Step is a map's attribute, or, Name being empty, a list's element.
type Step struct {
	Name  string
	Index int
}

// Head is the top-level attribute that p starts from.
func (p Path) Head() string { return p[0].Name }

func (p Path) equal(q Path) bool { return slices.Equal(p, q) }

// String is how AWS's sentences show a path.
func (p Path) String() string {
	parts := make([]string, len(p))
	for i, s := range p {
		parts[i] = s.Name
		if s.Name == "" {
			parts[i] = "[" + strconv.Itoa(s.Index) + "]"
		}
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

// Get is the value that p leads to in item, nil if there is none.
func (p Path) Get(item attribute.Map) attribute.Value {
	v := item.Get(p[0].Name)
	for _, s := range p[1:] {
		switch in := v.(type) {
		case attribute.Map:
			if s.Name == "" {
				return nil
			}
			v = in.Get(s.Name)
		case attribute.List:
			if s.Name != "" || s.Index >= len(in) {
				return nil
			}
			v = in[s.Index]
		default:
			return nil
		}
	}
	return v
}

// maxIndex keeps an absurd list index from overflowing; no list is as long.
const maxIndex = attribute.MaxItemSize

func bindPath(syntax *pathSyntax, env *Env) (Path, error) {
	path := make(Path, 0, 1+len(syntax.Steps))
	head, err := bindName(syntax.Head, env)
	if err != nil {
		return nil, err
	}
	path = append(path, Step{Name: head})
	for _, s := range syntax.Steps {
		step := Step{}
		if s.Index != "" {
			if step.Index, err = strconv.Atoi(s.Index); err != nil || step.Index > maxIndex {
				step.Index = maxIndex
			}
		} else if step.Name, err = bindName(s.Name, env); err != nil {
			return nil, err
		}
		path = append(path, step)
	}
	return path, nil
}

func bindName(text string, env *Env) (string, error) {
	if text[0] == '#' {
		return env.name(text)
	}
	return text, nil
}

// reservedIn is an error for the first name of the path that must be aliased.
func reservedIn(p *pathSyntax) error {
	if isReserved(p.Head) {
		return reservedError(p.Head)
	}
	for _, s := range p.Steps {
		if s.Name != "" && isReserved(s.Name) {
			return reservedError(s.Name)
		}
	}
	return nil
}

func reservedError(name string) error {
	return faultf("Attribute name is a reserved keyword; reserved keyword: %s", name)
}

// overlap is an error if of two paths one lies within the other, or one takes
// for a list what the other takes for a map.
func overlap(paths []Path) (overlaps, conflicts error) {
	for i, q := range paths {
		for _, p := range paths[:i] {
			switch n := min(len(p), len(q)); {
			case p[:n].equal(q[:n]):
				return faultf("Two document paths overlap with each other; must remove or rewrite one of these paths; path one: %v, path two: %v", p, q), nil
			case conflicts == nil && conflict(p, q):
				conflicts = faultf("Two document paths conflict with each other; must remove or rewrite one of these paths; path one: %v, path two: %v", p, q)
			}
		}
	}
	return nil, conflicts
}

func conflict(p, q Path) bool {
	for i := range min(len(p), len(q)) {
		if (p[i].Name == "") != (q[i].Name == "") {
			return true
		}
		if p[i] != q[i] {
			return false
		}
	}
	return false
}
