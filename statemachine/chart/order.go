package chart

import (
	"cmp"
	"slices"
)

// order sorts each row so that few links cross: from a first order that keeps
// what comes next to the left of what catches, vertices move to the middle of
// their neighbours, row by row, down and up in turn. It is over when that has
// not helped for a while, or was much work.
func (r *rows) order(start *vertex) {
	r.unfold(start)
	best, crossings := r.copy(), r.crossings()
	for i, idle := 0, 0; crossings > 0 && idle < 8 && i*r.size < 1_000_000; i, idle = i+1, idle+1 {
		if i%2 == 0 {
			for _, row := range r.all {
				settle(row, above, i%4 > 1)
			}
		} else {
			for _, row := range slices.Backward(r.all) {
				settle(row, below, i%4 > 1)
			}
		}
		r.swap(i%4 > 1)
		if c := r.crossings(); c < crossings {
			best, crossings, idle = r.copy(), c, 0
		}
	}
	r.all = best
	for _, row := range r.all {
		number(row)
	}
}

// unfold orders the vertices as a walk from the start comes to them.
func (r *rows) unfold(start *vertex) {
	old := r.all
	r.all = make([][]*vertex, len(old))
	seen := map[*vertex]bool{}
	var visit func(v *vertex)
	visit = func(v *vertex) {
		if seen[v] {
			return
		}
		seen[v] = true
		v.place = len(r.all[v.row])
		r.all[v.row] = append(r.all[v.row], v)
		for _, l := range v.below {
			visit(l.lower)
		}
		for _, l := range v.above {
			visit(l.upper)
		}
	}
	visit(start)
	for _, row := range old {
		for _, v := range row {
			visit(v)
		}
	}
}

func (r *rows) copy() [][]*vertex {
	rows := make([][]*vertex, len(r.all))
	for i, row := range r.all {
		rows[i] = slices.Clone(row)
	}
	return rows
}

func number(row []*vertex) {
	for i, v := range row {
		v.place = i
	}
}

func above(v *vertex) []*link { return v.above }
func below(v *vertex) []*link { return v.below }

// settle moves the vertices of a row to the middle of their neighbours on one
// side; those without stay. Of equals the last comes first if turned.
func settle(row []*vertex, side func(*vertex) []*link, turned bool) {
	for _, v := range row {
		var sum, weight float64
		for _, l := range side(v) {
			sum += l.weight * float64(l.other(v).place)
			weight += l.weight
		}
		v.middle = float64(v.place)
		if weight > 0 {
			v.middle = sum / weight
		}
	}
	if turned {
		slices.Reverse(row)
	}
	slices.SortStableFunc(row, func(a, b *vertex) int { return cmp.Compare(a.middle, b.middle) })
	number(row)
}

func (l *link) other(v *vertex) *vertex {
	if l.upper == v {
		return l.lower
	}
	return l.upper
}

// swap exchanges neighbours as long as fewer links cross by that; equals, too,
// to get out of a dead end.
func (r *rows) swap(equals bool) {
	for range 4 {
		better := false
		for _, row := range r.all {
			for i := 1; i < len(row); i++ {
				v, w := row[i-1], row[i]
				now, then := crossed(v, w), crossed(w, v)
				if now > then || now == then && now > 0 && equals {
					row[i-1], row[i] = w, v
					v.place, w.place = i, i-1
					better = true
				}
			}
		}
		if !better {
			return
		}
	}
}

// crossed is the weight of the crossings between the links of v and of w, if v
// is to the left.
func crossed(v, w *vertex) float64 {
	var sum float64
	for _, side := range [][2][]*link{{v.above, w.above}, {v.below, w.below}} {
		for _, a := range side[0] {
			for _, b := range side[1] {
				if a.other(v).place > b.other(w).place {
					sum += a.weight * b.weight
				}
			}
		}
	}
	return sum
}

// crossings is the weight of all crossings, counted between each two rows with
// a Fenwick tree of the links to the left.
func (r *rows) crossings() float64 {
	var sum float64
	for i := 1; i < len(r.all); i++ {
		tree := make([]float64, len(r.all[i])+1)
		var links []*link
		for _, v := range r.all[i-1] {
			first := len(links)
			links = append(links, v.below...)
			slices.SortFunc(links[first:], func(a, b *link) int { return a.lower.place - b.lower.place })
		}
		var total float64
		for _, l := range links {
			notRight := 0.0
			for at := l.lower.place + 1; at > 0; at -= at & -at {
				notRight += tree[at]
			}
			sum += l.weight * (total - notRight)
			for at := l.lower.place + 1; at < len(tree); at += at & -at {
				tree[at] += l.weight
			}
			total += l.weight
		}
	}
	return sum
}
