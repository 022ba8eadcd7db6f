package simulation

import (
	"slices"
	"testing"

	"orderflow/cmd/local/chaos"
)

// TestShrink: of a plan that fails for one order and one fault nothing else is
// left.
func TestShrink(t *testing.T) {
	runs := 0
	run := func(p Plan) *Result {
		runs++
		r := &Result{Plan: p}
		for _, o := range p.Orders {
			if o.Name == "order 2" && o.CancelAfter > 0 && p.Rates[chaos.Crash] > 0 {
				r.Violations = append(r.Violations, Violation{o.Name, "is lost", "lost"})
			}
		}
		return r
	}
	plan := NewPlan(11)
	for len(plan.Orders) < 3 {
		plan.Orders = append(plan.Orders, plan.Orders...)
	}
	plan.Orders[1].Name, plan.Orders[1].CancelAfter = "order 2", 1
	plan.Rates = chaos.Rates{chaos.Crash: 0.1, chaos.Lost: 0.1, chaos.Slow: 0.3}
	before := plan.String()

	got := Shrink(run(plan), run).Plan
	if len(got.Orders) != 1 || got.Orders[0].Name != "order 2" || got.Orders[0].CancelAfter == 0 || len(got.Orders[0].Items) != 1 ||
		got.Orders[0].Clicks != 1 || got.Rates.String() != "crash=0.1" || got.Pace+got.Storm != 0 || got.Often {
		t.Errorf("the smallest plan is\n%s", got)
	}
	if plan.String() != before {
		t.Error("the plan that failed was changed")
	}
	if runs > maxShrinkRuns+1 {
		t.Errorf("it took %d runs", runs)
	}
}

// TestPlans: a seed has one plan, and among a few there is everything.
func TestPlans(t *testing.T) {
	faults := chaos.Rates{}
	var keyed, unkeyed, cancelled, stopped, invalid, refused bool
	for seed := range uint64(300) {
		p := NewPlan(seed)
		if p.String() != NewPlan(seed).String() {
			t.Fatalf("seed %d has two plans", seed)
		}
		for f, rate := range p.Rates {
			faults[f] += rate
		}
		for _, o := range p.Orders {
			keyed, unkeyed = keyed || o.Key, unkeyed || !o.Key
			cancelled, stopped = cancelled || o.CancelAfter > 0 || o.CancelAt > 0, stopped || o.StopAfter > 0
			invalid, refused = invalid || !o.isKnown(), refused || o.Country == "AQ"
		}
	}
	for _, f := range chaos.Faults() {
		if faults[f] == 0 {
			t.Errorf("no plan has the fault %q", f)
		}
	}
	if slices.Contains([]bool{keyed, unkeyed, cancelled, stopped, invalid, refused}, false) {
		t.Errorf("keyed %t, unkeyed %t, cancelled %t, stopped %t, invalid %t, refused %t", keyed, unkeyed, cancelled, stopped, invalid, refused)
	}
}
