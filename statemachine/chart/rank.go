package chart

import "slices"

// rank puts every node below all that lead to it, and sorts the nodes so. A
// cycle is cut where a walk from the start, going on to what comes next before
// what catches, returns to a node that it came through.
func (s *scope) rank() {
	var sorted []*node
	var walk func(n *node)
	walk = func(n *node) {
		if n.open || n.done {
			return
		}
		n.open = true
		for _, e := range n.out {
			e.back = e.to.open
			walk(e.to)
		}
		n.open, n.done = false, true
		sorted = append(sorted, n)
	}
	walk(s.start)
	for _, n := range s.nodes {
		walk(n)
	}
	slices.Reverse(sorted)
	s.nodes = sorted
	for _, n := range s.nodes {
		for _, e := range n.out {
			if !e.back {
				e.to.rank = max(e.to.rank, n.rank+1)
			}
		}
	}
}

// bad is worse than any number of states.
const bad = -1_000_000

// appraise finds what the straight way through a scope is: depth is how many
// states can have come before without an error caught, outlook how many can
// follow on a way that does not end in a Fail. Both are about bad where there
// is no such way.
func (s *scope) appraise() {
	for _, n := range s.nodes {
		n.depth = bad
	}
	s.start.depth = 0
	for _, n := range s.nodes {
		for _, e := range n.out {
			if e.straight() {
				e.to.depth = max(e.to.depth, n.depth+1)
			}
		}
	}
	for _, n := range slices.Backward(s.nodes) {
		n.outlook = bad
		if n.ends {
			n.outlook = 0
		}
		for _, e := range n.out {
			if e.straight() && n.Type != "Fail" {
				n.outlook = max(n.outlook, e.to.outlook+1)
			}
		}
	}
}

// straight is whether e leads down and without an error.
func (e *edge) straight() bool { return !e.back && e.Kind != Catch }

// prefer finds of each node the best way on and the best way to it. Of an odd
// number of equals the one in the middle is the best, of an even number none.
func (s *scope) prefer() {
	for _, n := range s.nodes {
		n.onward = best(n.out,
			func(e *edge) int { return e.to.outlook },
			func(e *edge) int { return e.path[1].place })
		n.hither = best(n.in,
			func(e *edge) int { return e.from.depth + min(e.from.outlook, 0) },
			func(e *edge) int { return e.path[len(e.path)-2].place })
	}
}

func best(edges []*edge, merit, place func(*edge) int) *edge {
	var equals []*edge
	for _, e := range edges {
		switch {
		case !e.straight():
		case equals == nil || merit(e) > merit(equals[0]):
			equals = []*edge{e}
		case merit(e) == merit(equals[0]):
			equals = append(equals, e)
		}
	}
	if len(equals)%2 == 0 {
		return nil
	}
	slices.SortFunc(equals, func(a, b *edge) int { return place(a) - place(b) })
	return equals[len(equals)/2]
}
