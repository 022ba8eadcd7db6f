package chart

import (
	"bytes"
	"fmt"
	"maps"
	"regexp"
	"slices"

	"github.com/go-json-experiment/json"
)

// maxSize of a definition, in bytes.
// https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html
const maxSize = 1 << 20

// A definition is what is drawn of one, or of a part of one that has states.
type definition struct {
	StartAt string
	States  map[string]state
}

type state struct {
	Type, Comment, Resource string
	Next                    string
	End                     bool
	Choices                 []map[string]any
	Default                 string
	Catch                   []struct {
		ErrorEquals []string
		Next        string
	}
	Branches      []definition
	ItemProcessor *definition
	Iterator      *definition // what ItemProcessor was called before
}

// A scope is the states that can lead to one another: the state machine's own,
// a branch's or a Map's.
type scope struct {
	nodes         []*node
	edges         []*edge
	joined        map[join]*edge
	start         *node
	width, height float64
	x             float64 // within the group
}

type node struct {
	Node
	scopes  []*scope // of a group
	in, out []*edge  // out: what comes next before what catches
	ends    bool     // the scope, and well

	open, done     bool  // in the walk that ranks: its followers are being walked, have been
	rank           int   // in rows of nodes, from the top
	depth, outlook int   // see appraise
	hither, onward *edge // see prefer
	vertex         *vertex
}

type edge struct {
	Edge
	from, to *node
	lines    []string // of the label
	back     bool     // to a node above, or to its own
	path     []*vertex
	first    *link   // of path
	label    *vertex // of path; nil: there is none
}

func parse(text []byte) (*scope, error) {
	if len(text) > maxSize {
		return nil, fmt.Errorf("chart: the definition has %d bytes; %d are allowed", len(text), maxSize)
	}
	var d definition
	err := json.Unmarshal(text, &d)
	if err != nil && bytes.Contains(text, []byte("${")) {
		d = definition{}
		err = json.Unmarshal(resolve(text), &d)
	}
	if err != nil {
		return nil, fmt.Errorf("chart: %w", err)
	}
	return parser{}.scope(d, "")
}

var placeholder = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|\$\{[^}"]*\}`)

// resolve makes numbers of the placeholders that stand outside of strings, as
// in "Seconds": ${Wait}.
func resolve(text []byte) []byte {
	return placeholder.ReplaceAllFunc(text, func(match []byte) []byte {
		if match[0] == '"' {
			return match
		}
		return []byte("0")
	})
}

// A parser knows the names of all states so far.
type parser map[string]bool

// scope is what d has, within the group of that name, "" for the top.
func (p parser) scope(d definition, within string) (*scope, error) {
	s := &scope{joined: map[join]*edge{}}
	states := map[string]*node{}
	for _, name := range slices.Sorted(maps.Keys(d.States)) {
		n, err := p.node(name, d.States[name], within)
		if err != nil {
			return nil, err
		}
		states[name] = n
		s.nodes = append(s.nodes, n)
	}
	s.start = states[d.StartAt]
	if s.start == nil {
		return nil, fmt.Errorf("chart: StartAt %q is none of the states there", d.StartAt)
	}
	end := &node{Node: Node{Kind: End, Box: terminalBox}, ends: true}
	for _, from := range s.nodes {
		for _, t := range d.States[from.Name].transitions() {
			to := states[t.to]
			switch {
			case to != nil:
				s.join(from, to, t.kind, t.label)
			case t.to != "" || t.kind != Next:
				return nil, fmt.Errorf("chart: state %q leads to %q, which is no state beside it", from.Name, t.to)
			case within == "":
				s.join(from, end, Next, "")
			default:
				from.ends = from.Type != "Fail"
			}
		}
	}
	if within == "" {
		start := &node{Node: Node{Kind: Start, Box: terminalBox}}
		s.join(start, s.start, Next, "")
		s.nodes = append(s.nodes, start)
		s.start = start
	}
	if end.in != nil {
		s.nodes = append(s.nodes, end)
	}
	return s, nil
}

func (p parser) node(name string, s state, within string) (*node, error) {
	switch {
	case name == "":
		return nil, fmt.Errorf("chart: a state has no name")
	case p[name]:
		return nil, fmt.Errorf("chart: there are two states %q", name)
	case s.Type == "":
		return nil, fmt.Errorf("chart: state %q has no Type", name)
	case len(s.transitions()) == 0:
		return nil, fmt.Errorf("chart: state %q is no end and leads nowhere", name)
	}
	p[name] = true
	n := &node{Node: Node{Kind: State, Name: name, Type: s.Type, Resource: resource(s.Resource), Comment: s.Comment, Within: within}}
	n.Box = stateBox(n.Node)
	if s.Type != "Parallel" && s.Type != "Map" {
		return n, nil
	}
	n.Kind = Group
	for _, d := range s.inner() {
		inner, err := p.scope(d, name)
		if err != nil {
			return nil, err
		}
		n.scopes = append(n.scopes, inner)
	}
	if n.scopes == nil {
		return nil, fmt.Errorf("chart: state %q is a %s with nothing in it", name, s.Type)
	}
	return n, nil
}

func (s state) inner() []definition {
	all := s.Branches
	for _, d := range []*definition{s.ItemProcessor, s.Iterator} {
		if d != nil {
			all = append(all, *d)
		}
	}
	return all
}

// A transition is one way out of a state.
type transition struct {
	kind  EdgeKind
	to    string // "": the scope ends
	label string
}

// transitions are the ways out of s, what comes next before what catches.
func (s state) transitions() []transition {
	var all []transition
	if s.Next != "" || s.End || s.Type == "Succeed" || s.Type == "Fail" {
		all = append(all, transition{Next, s.Next, ""})
	}
	for _, rule := range s.Choices {
		to, _ := rule["Next"].(string)
		all = append(all, transition{Choice, to, condition(rule)})
	}
	if s.Default != "" {
		all = append(all, transition{Default, s.Default, "Default"})
	}
	for _, c := range s.Catch {
		all = append(all, transition{Catch, c.Next, caught(c.ErrorEquals)})
	}
	return all
}

// A join is all that leads from one state to another, what catches apart.
type join struct {
	from, to *node
	catch    bool
}

func (s *scope) join(from, to *node, kind EdgeKind, label string) {
	key := join{from, to, kind == Catch}
	e := s.joined[key]
	if e == nil {
		e = &edge{Edge: Edge{From: from.Name, To: to.Name, Kind: kind}, from: from, to: to}
		s.joined[key] = e
		s.edges = append(s.edges, e)
		from.out = append(from.out, e)
		to.in = append(to.in, e)
	}
	if label != "" {
		e.lines = append(e.lines, label)
	}
}
