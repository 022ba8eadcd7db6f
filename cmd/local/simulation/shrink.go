package simulation

import (
	"maps"
	"slices"
	"time"
)

// maxShrinkRuns bounds the search for a smaller plan.
const maxShrinkRuns = 300

// Shrink looks for the smallest plan that still fails, given the result of one
// that does: it leaves out orders, faults and whatever else it can.
func Shrink(failed *Result, run func(Plan) *Result) *Result {
	runs := 0
	for smaller := true; smaller; {
		smaller = false
		for plan := range reductions(failed.Plan) {
			if runs++; runs > maxShrinkRuns {
				return failed
			}
			if r := run(plan); r.failsAs(failed) {
				failed, smaller = r, true
				break
			}
		}
	}
	return failed
}

// failsAs tells whether one thing is wrong in both results.
func (r *Result) failsAs(other *Result) bool {
	return slices.ContainsFunc(r.Violations, func(v Violation) bool {
		return slices.ContainsFunc(other.Violations, func(w Violation) bool { return v.kind == w.kind })
	})
}

// stops tells whether an operator stops anything.
func (p Plan) stops() bool {
	return slices.ContainsFunc(p.Orders, func(o Order) bool { return o.StopAfter > 0 })
}

// reductions are the plans that are a little smaller than p.
func reductions(p Plan) func(yield func(Plan) bool) {
	return func(yield func(Plan) bool) {
		try := func(change func(*Plan)) bool {
			q := p
			q.Orders, q.Rates = slices.Clone(p.Orders), maps.Clone(p.Rates)
			change(&q)
			return yield(q)
		}
		for i := range p.Orders {
			if len(p.Orders) > 1 && !try(func(q *Plan) { q.Orders = slices.Delete(q.Orders, i, i+1) }) {
				return
			}
		}
		for _, f := range slices.Sorted(maps.Keys(p.Rates)) {
			if !try(func(q *Plan) { delete(q.Rates, f) }) {
				return
			}
		}
		for _, simpler := range []struct {
			applies bool
			change  func(*Plan)
		}{
			{p.Often && !p.stops(), func(q *Plan) { q.Often = false }},
			{p.Storm > 0, func(q *Plan) { q.Storm = 0 }},
			{p.Pace > 0, func(q *Plan) { q.Pace = 0 }},
			{p.Pace > time.Millisecond, func(q *Plan) { q.Pace = time.Millisecond }},
		} {
			if simpler.applies && !try(simpler.change) {
				return
			}
		}
		for i, o := range p.Orders {
			for _, simpler := range []struct {
				applies bool
				change  func(*Order)
			}{
				{o.Clicks > 1, func(o *Order) { o.Clicks = 1 }},
				{o.CancelAfter > 0, func(o *Order) { o.CancelAfter = 0 }},
				{o.CancelAt > 0, func(o *Order) { o.CancelAt = 0 }},
				{o.StopAfter > 0, func(o *Order) { o.StopAfter = 0 }},
				{o.AgainAfter > 0, func(o *Order) { o.AgainAfter, o.Differently = 0, false }},
				{len(o.Items) > 1, func(o *Order) { o.Items = o.Items[:1] }},
				{o.At > 0, func(o *Order) { o.At = 0 }},
			} {
				if simpler.applies && !try(func(q *Plan) { simpler.change(&q.Orders[i]) }) {
					return
				}
			}
		}
	}
}
