package chart

import (
	"math"
	"slices"
)

// Gaps between neighbours of a row, in pixels.
const (
	nodeGap = 36
	lineGap = 18
)

// place gives every vertex its x. Ties pull the strands together, less and
// less; those that come too close push each other apart, a heavy one less. Of
// many vertices it takes less care.
func (s *scope) place(r *rows) {
	s.rate()
	strands, ties := r.strands()
	for i := range min(max(4_000_000/r.size, 20), 200) {
		pull(strands, ties, 1/(1+float64(i)/10))
		for _, t := range strands {
			t.push()
		}
		for _, t := range slices.Backward(strands) {
			t.push()
		}
	}
	part(strands)
	left, right := math.Inf(1), math.Inf(-1)
	for _, row := range r.all {
		for _, v := range row {
			left, right = min(left, v.strand.x-v.width/2), max(right, v.strand.x+v.width/2)
		}
	}
	for _, row := range r.all {
		for _, v := range row {
			v.x = math.Round(v.strand.x - left)
			if v.node != nil {
				v.node.X = v.x - v.width/2
			}
		}
	}
	s.width = even(right - left)
}

// A strand is a column of vertices in successive rows that share the x of
// their middles.
type strand struct {
	x, mass, force float64
	left, right    []neighbour
	low, high      float64 // see part
}

// A neighbour is the next strand in some rows.
type neighbour struct {
	*strand
	distance float64 // of the middles, at least
}

// pull moves every strand a part of the way to the middle of what it is tied
// to.
func pull(strands []*strand, ties []*link, part float64) {
	for _, l := range ties {
		force := l.weight * (l.lower.strand.x - l.upper.strand.x)
		l.upper.strand.force += force
		l.lower.strand.force -= force
	}
	for _, t := range strands {
		t.x += part * t.force / t.mass
		t.force = 0
	}
}

func (t *strand) push() {
	for _, n := range t.right {
		if lack := t.x + n.distance - n.x; lack > 0 {
			t.x -= lack * n.mass / (t.mass + n.mass)
			n.x += lack * t.mass / (t.mass + n.mass)
		}
	}
}

// part moves strands apart that are still too close: they meet halfway between
// where they come to if no one yields to the left, and if no one does to the
// right.
func part(strands []*strand) {
	for _, t := range strands {
		t.low, t.high = t.x, t.x
		for _, n := range t.left {
			t.low = max(t.low, n.low+n.distance)
		}
	}
	for _, t := range slices.Backward(strands) {
		for _, n := range t.right {
			t.high = min(t.high, n.high-n.distance)
		}
		t.x = (t.low + t.high) / 2
	}
}

// rigour is how much a link wants to be vertical.
type rigour uint8

const (
	loose   rigour = iota
	lone           // the only or best one of an end
	trodden        // of the best way on, once an error was caught
	shared         // of a trunk
	happy          // of the best way on without an error
)

// rate finds how much each link wants to be vertical. What turns need not be.
func (s *scope) rate() {
	s.prefer()
	for _, e := range s.edges {
		onward, hither := e.from.onward == e, e.to.hither == e
		l := e.first
		for i, v := range e.path[1:] {
			if l.rigour == shared && !(onward && hither) {
				break // so is the rest of the trunk
			}
			switch {
			case l.upper.turnsDown() || l.lower.turnsUp():
			case onward && hither && e.from.depth >= 0:
				l.rigour = happy
			case e.path[i].trunk:
				l.rigour = max(l.rigour, shared)
			case onward && hither:
				l.rigour = max(l.rigour, trodden)
			case onward && i == 0, hither && v == e.to.vertex, len(l.upper.below) == 1 && len(l.lower.above) == 1:
				l.rigour = max(l.rigour, lone)
			}
			l = v.onward
		}
	}
}

// strands makes strands of the vertices, from left to right, tied by the links
// between them.
func (r *rows) strands() (strands []*strand, ties []*link) {
	for i, row := range r.all {
		if i > 0 {
			hang(r.all[i-1])
		}
		for _, v := range row {
			if v.strand == nil {
				v.strand = &strand{mass: 1}
				strands = append(strands, v.strand)
			}
			for _, l := range v.above {
				if l.upper.strand != v.strand {
					ties = append(ties, l)
					l.upper.strand.mass += l.weight
					v.strand.mass += l.weight
				}
			}
		}
		space(row)
	}
	return sorted(strands), ties
}

// hang hangs vertices of the next row on strands of this one: the links that
// want it most are vertical, unless they cross one that already is.
func hang(row []*vertex) {
	var links []*link
	for _, v := range row {
		for _, l := range v.below {
			if l.rigour > loose {
				links = append(links, l)
			}
		}
	}
	slices.SortStableFunc(links, func(a, b *link) int { return int(b.rigour) - int(a.rigour) })
	var vertical []*link // from left to right
	for _, l := range links {
		at, taken := slices.BinarySearchFunc(vertical, l, func(a, b *link) int { return a.upper.place - b.upper.place })
		if taken || at > 0 && vertical[at-1].lower.place >= l.lower.place || at < len(vertical) && vertical[at].lower.place <= l.lower.place {
			continue
		}
		vertical = slices.Insert(vertical, at, l)
		l.lower.strand = l.upper.strand
	}
}

// space keeps the strands of a row apart. A turn is in nobody's way: it is
// drawn between its row and the next.
func space(row []*vertex) {
	var left *vertex
	for _, v := range row {
		if v.turnsUp() || v.turnsDown() {
			continue
		}
		if left != nil {
			gap := float64(lineGap)
			if left.node != nil && v.node != nil {
				gap = nodeGap
			}
			distance := (left.width+v.width)/2 + gap
			left.strand.right = append(left.strand.right, neighbour{v.strand, distance})
			v.strand.left = append(v.strand.left, neighbour{left.strand, distance})
		}
		left = v
	}
}

// sorted puts every strand after those to its left. There is such an order,
// since no two strands cross.
func sorted(all []*strand) []*strand {
	waits := map[*strand]int{}
	var ready []*strand
	for _, t := range all {
		waits[t] = len(t.left)
		if waits[t] == 0 {
			ready = append(ready, t)
		}
	}
	for i := 0; i < len(ready); i++ {
		for _, n := range ready[i].right {
			if waits[n.strand]--; waits[n.strand] == 0 {
				ready = append(ready, n.strand)
			}
		}
	}
	return ready
}
