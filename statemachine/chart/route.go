package chart

import (
	"cmp"
	"math"
	"slices"
)

// Lengths in pixels.
const (
	minChannel = 18   // between two rows, apart from what turns there
	maxChannel = 44   // the same
	slope      = 0.12 // of a channel's height to how far its lines go sideways
	turnGap    = 10   // between a row and a line that turns beside it, and between two such lines
	portInset  = 24   // between a node's corner and the lines that meet it
	turnInset  = 10   // and those that turn there
)

// A band is where a row is: from top to bottom what is in it, beyond that, to
// over and under, the lines that turn there.
type band struct{ over, top, bottom, under float64 }

// route gives nodes and labels their places, and edges their points.
func (s *scope) route(r *rows) {
	bands := r.stack()
	for _, n := range s.nodes {
		n.Y = bands[n.vertex.row].top
	}
	for _, e := range s.edges {
		if e.back {
			e.rise(bands)
		} else {
			e.fall(bands)
		}
	}
	s.height = bands[len(bands)-1].under
}

// stack puts the rows below one another.
func (r *rows) stack() []band {
	bands := make([]band, len(r.all))
	y := 0.0
	for i, row := range r.all {
		height := 0.0
		for _, v := range row {
			height = max(height, v.height)
		}
		b := &bands[i]
		b.over, b.top = y, y
		if i > 0 {
			b.over += channel(r.all[i-1])
			b.top = b.over + turnGap*levels(r.all[i-1], (*vertex).turnsDown)
		}
		b.bottom = b.top + height
		b.under = b.bottom
		if i+1 < len(r.all) {
			b.under += turnGap * levels(r.all[i+1], func(v *vertex) bool { return v.turnsUp() && !v.snug(height) })
		}
		y = b.under
	}
	return bands
}

// channel is the height between a row and the next: the further a line goes
// sideways there, the more.
func channel(row []*vertex) float64 {
	height := 0.0
	for _, v := range row {
		for _, l := range v.below {
			if !v.turnsDown() && !l.lower.turnsUp() {
				height = max(height, minChannel, slope*math.Abs(l.upper.x-l.lower.x))
			}
		}
	}
	return math.Round(min(height, maxChannel))
}

// turnsUp is whether a line from above goes back up at v, turnsDown the
// contrary.
func (v *vertex) turnsUp() bool   { return v.node == nil && v.below == nil }
func (v *vertex) turnsDown() bool { return v.node == nil && v.above == nil }

// levels gives the turns of a row their levels, so that none overlap and the
// narrow ones are near the row that they are about. It returns their number.
func levels(row []*vertex, turns func(*vertex) bool) float64 {
	var all []*vertex
	for _, v := range row {
		if turns(v) {
			all = append(all, v)
		}
	}
	slices.SortStableFunc(all, func(a, b *vertex) int {
		fromA, toA := a.span()
		fromB, toB := b.span()
		return cmp.Compare(toA-fromA, toB-fromB)
	})
	var taken [][]*vertex
	for _, v := range all {
		v.level = slices.IndexFunc(taken, func(level []*vertex) bool { return !slices.ContainsFunc(level, v.overlaps) })
		if v.level < 0 {
			v.level = len(taken)
			taken = append(taken, nil)
		}
		taken[v.level] = append(taken[v.level], v)
	}
	return float64(len(taken))
}

// span is from where to where the lines of a turn go.
func (v *vertex) span() (from, to float64) {
	from, to = math.Inf(1), math.Inf(-1)
	for _, links := range [][]*link{v.above, v.below} {
		for _, l := range links {
			if o := l.other(v); o.node == nil {
				from, to = min(from, o.x), max(to, o.x)
			}
		}
		for _, l := range links {
			if o := l.other(v); o.node != nil {
				from, to = min(from, o.node.port(to, turnInset)), max(to, o.node.port(from, turnInset))
			}
		}
	}
	return from, to
}

func (v *vertex) overlaps(w *vertex) bool {
	fromV, toV := v.span()
	fromW, toW := w.span()
	return fromV < toW+turnGap && fromW < toV+turnGap
}

// snug is whether a line turns right below a node, where its row, of that
// height, goes on for a neighbour's sake.
func (v *vertex) snug(height float64) bool {
	a, b := v.above[0].upper, v.above[1].upper
	return (a.place-b.place == 1 || b.place-a.place == 1) && max(a.height, b.height)+2*turnGap <= height
}

// fall traces an edge that leads down.
func (e *edge) fall(bands []band) {
	from, to, way := e.from, e.to, e.path[1:len(e.path)-1]
	var l line
	x := from.port(way[0].x, portInset)
	l.to(x, from.Y+from.Height)
	l.to(x, bands[from.vertex.row].under)
	for _, v := range way {
		l.to(v.x, bands[v.row].over)
		l.to(v.x, bands[v.row].under)
	}
	x = to.port(way[len(way)-1].x, portInset)
	l.to(x, bands[to.vertex.row].over)
	l.to(x, to.Y)
	e.Points = l
	if e.label != nil {
		b := bands[e.label.row]
		e.LabelAt = Point{e.label.x, (b.top + b.bottom) / 2}
	}
}

// rise traces an edge that leads up.
func (e *edge) rise(bands []band) {
	from, to, last := e.from, e.to, len(e.path)-1
	under, way, over := e.path[1], e.path[2:last-1], e.path[last-1]
	var l line
	x, b := from.port(way[0].x, turnInset), bands[from.vertex.row]
	y := b.bottom + turnGap*float64(under.level+1)
	if under.snug(b.bottom - b.top) {
		y = b.top + max(from.Height, way[0].height) + turnGap
	}
	l.to(x, from.Y+from.Height)
	l.to(x, y)
	l.to(way[0].x, y)
	for i, v := range way[1:] {
		l.to(way[i].x, bands[way[i].row].over)
		l.to(v.x, bands[v.row].under)
	}
	end := way[len(way)-1]
	x = to.port(end.x, turnInset)
	y = to.Y - turnGap*float64(over.level+1)
	l.to(end.x, y)
	l.to(x, y)
	l.to(x, to.Y)
	e.Points = l
	if e.label != nil {
		e.LabelAt = Point{e.label.x, b.top + max(from.Height, e.label.height)/2}
	}
}

// port is the x at which a line to or from x meets n, inset from its corners.
func (n *node) port(x, inset float64) float64 {
	return min(max(x, n.X+inset), n.X+n.Width-inset)
}

// A line is a polyline.
type line []Point

// to leads the line on, without a corner where it goes straight on.
func (l *line) to(x, y float64) {
	p, n := Point{x, y}, len(*l)
	switch {
	case n > 0 && (*l)[n-1] == p:
	case n > 1 && (*l)[n-2].X == x && (*l)[n-1].X == x:
		(*l)[n-1] = p
	default:
		*l = append(*l, p)
	}
}
