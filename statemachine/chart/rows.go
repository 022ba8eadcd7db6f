package chart

import "fmt"

// Rows are what a scope is laid out in, top to bottom. Nodes are in the odd
// rows, labels and turns in the even ones between them; an edge passes through
// one vertex of each row on its way.
type rows struct {
	all    [][]*vertex // each from left to right
	trunks map[approach]*trunk
	size   int // in vertices
}

// A vertex is a node, or where edges pass a row.
type vertex struct {
	node          *node   // nil: edges pass
	trunk         bool    // it is one's
	row, place    int     // place in the row
	middle        float64 // of its neighbours' places
	width, height float64
	above, below  []*link
	onward        *link // of the edges that pass here
	strand        *strand
	x             float64 // of its middle
	level         int     // of a turn: how far off the row that it is about
}

// A link is a piece of edges, from one row to the next.
type link struct {
	upper, lower *vertex
	weight       float64
	rigour       rigour
}

// A trunk is what all edges that approach a node alike share: its vertices by
// how many rows they are away. So a handler of every state's errors has one
// line that leads to it.
type trunk []*vertex

type approach struct {
	to          *node
	catch, back bool
}

// What keeps a definition that nobody could read from taking minutes.
const (
	maxVertices = 200_000
	maxSteps    = 20_000_000 // of all edges, from vertex to vertex
)

func (s *scope) arrange() (*rows, error) {
	r := &rows{trunks: map[approach]*trunk{}}
	for _, n := range s.nodes {
		n.vertex = r.add(&vertex{node: n, row: 2*n.rank + 1, width: n.Width, height: n.Height})
	}
	steps := 0
	for _, e := range s.edges {
		if e.back {
			r.climb(e)
		} else {
			r.descend(e)
		}
		if steps += len(e.path); steps > maxSteps || r.size > maxVertices {
			return nil, fmt.Errorf("chart: too many long ways between %d states", len(s.nodes))
		}
		e.first = connect(e.path[0], e.path[1], e.Kind)
		for i, v := range e.path[1 : len(e.path)-1] {
			if v.onward != nil {
				break // the rest of the trunk is linked
			}
			v.onward = connect(v, e.path[i+2], e.Kind)
		}
	}
	return r, nil
}

// descend leads e down. Its label has a place of its own just below where it
// comes from.
func (r *rows) descend(e *edge) {
	from, to := e.from.vertex, e.to.vertex
	e.path = append(e.path, from)
	row := from.row + 1
	if e.lines != nil {
		e.path = append(e.path, r.label(e, row))
		row++
	}
	trunk := r.trunk(e)
	for ; row < to.row; row++ {
		e.path = append(e.path, r.pass(trunk, row, to.row-row))
	}
	e.path = append(e.path, to)
}

// climb leads e up: it turns below where it comes from, passes it, with its
// label beside it, and turns again above where it goes.
func (r *rows) climb(e *edge) {
	from, to := e.from.vertex, e.to.vertex
	e.path = append(e.path, from, r.add(&vertex{row: from.row + 1}))
	row := from.row
	if e.lines != nil {
		e.path = append(e.path, r.label(e, row))
		row--
	}
	trunk := r.trunk(e)
	for ; row >= to.row-1; row-- {
		e.path = append(e.path, r.pass(trunk, row, row-to.row+1))
	}
	e.path = append(e.path, to)
}

func (r *rows) label(e *edge, row int) *vertex {
	text, width, height := label(e.lines)
	e.Label = text
	e.label = r.add(&vertex{row: row, width: width, height: height})
	return e.label
}

func (r *rows) trunk(e *edge) *trunk {
	key := approach{e.to, e.Kind == Catch, e.back}
	if r.trunks[key] == nil {
		r.trunks[key] = &trunk{}
	}
	return r.trunks[key]
}

// pass is where a trunk passes a row, that many rows away from its node.
func (r *rows) pass(t *trunk, row, away int) *vertex {
	for len(*t) <= away {
		*t = append(*t, nil)
	}
	if (*t)[away] == nil {
		(*t)[away] = r.add(&vertex{row: row, trunk: true})
	}
	return (*t)[away]
}

func (r *rows) add(v *vertex) *vertex {
	for len(r.all) <= v.row+1 {
		r.all = append(r.all, nil)
	}
	r.all[v.row] = append(r.all[v.row], v)
	r.size++
	return v
}

func connect(v, w *vertex, kind EdgeKind) *link {
	if v.row > w.row {
		v, w = w, v
	}
	l := &link{upper: v, lower: w, weight: 3}
	if kind == Catch {
		l.weight = 1
	}
	v.below = append(v.below, l)
	w.above = append(w.above, l)
	return l
}
