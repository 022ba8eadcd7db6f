package simulation

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"orderflow/cmd/local/chaos"
	"orderflow/lambdas/order"
)

// A Plan is all that a seed decides beforehand: who orders what and when, and
// which faults there are. What it leaves open the run draws from the same seed.
type Plan struct {
	Seed   uint64
	Shelf  []Product
	Orders []Order
	Rates  chaos.Rates
	Pace   time.Duration // the longest that a call takes undisturbed, each way
	Storm  time.Duration // how long the faults last when the customers are done
	Often  bool          // reconciliation runs every ten minutes, not only at the end
}

// A Product is one that the shop sells. Its price and weight do not matter.
type Product struct {
	SKU     string
	Stocked int
}

// An Order is one that a customer places, and all that they do about it.
type Order struct {
	Name        string // "order 3"
	At          time.Duration
	Items       []order.Item
	Country     string
	Key         bool          // they send an Idempotency-Key, and insist on an answer
	Clicks      int           // how often they press the button, at once
	CancelAfter time.Duration // from the 202 on; 0: never
	CancelAt    int           // or when so many things have happened to it, by the trace; 0: never
	CancelOn    string        // of which only these count; "": all
	AgainAfter  time.Duration // from the 202 on, the same once more; 0: never
	Differently bool          // and then another order with the same key
	StopAfter   time.Duration // from the 202 on an operator stops its execution; 0: never
}

// UnknownSKU is in no catalogue.
const UnknownSKU = "NO-SUCH-SKU"

// CallbackTimeout is how long an order waits for inventory and shipment.
const CallbackTimeout = time.Hour

// Grace is how old something must be before reconciliation looks at it, and
// ReconciledEvery how often it does, in plans where it is often.
const (
	Grace           = 15 * time.Minute
	ReconciledEvery = 10 * time.Minute
)

// NewPlan is the plan of a seed. It takes some faults out of the many, and
// each at a rate of its own, for all at once would hide what two can do.
func NewPlan(seed uint64) Plan {
	random := rand.New(rand.NewPCG(seed, 1))
	p := Plan{
		Seed: seed,
		Shelf: []Product{
			{"LAST", 1 + random.IntN(3)},
			{"MUG", 3 + random.IntN(8)},
			{"POT", 1000},
		},
		Rates: chaos.Rates{},
		Pace:  []time.Duration{0, time.Millisecond, 50 * time.Millisecond, 2 * time.Second}[random.IntN(4)],
	}
	p.Often = random.IntN(3) == 0
	rush := random.IntN(3) == 0
	for i := range 2 + random.IntN(6) {
		o := newOrder(random, i+1, rush)
		if p.Often && random.IntN(3) == 0 { // only reconciliation can mend that
			o.StopAfter = upTo(random, 20*time.Millisecond, time.Second, time.Minute)
			if o.CancelAfter == 0 && random.IntN(2) == 0 { // while it does
				o.CancelAt, o.CancelOn = 1+random.IntN(6), "ReconciliationFunction"
			}
		}
		p.Orders = append(p.Orders, o)
	}
	if random.IntN(8) > 0 {
		for _, f := range chaos.Faults() {
			if random.IntN(3) == 0 && (f != chaos.Jump || random.IntN(4) == 0) {
				p.Rates[f] = []float64{0.01, 0.03, 0.1, 0.3}[random.IntN(4)]
			}
		}
		p.Storm = []time.Duration{0, 10 * time.Minute, time.Hour, 3 * time.Hour}[random.IntN(4)]
	}
	return p
}

func newOrder(random *rand.Rand, number int, rush bool) Order {
	o := Order{
		Name:    fmt.Sprintf("order %d", number),
		Country: "GB",
		Key:     random.IntN(5) > 0,
		Clicks:  1,
	}
	if !rush {
		o.At = time.Duration(random.Int64N(int64(2 * time.Minute)))
	}
	for range 1 + random.IntN(3) {
		sku := []string{"LAST", "MUG", "MUG", "POT"}[random.IntN(4)]
		o.Items = append(o.Items, order.Item{SKU: sku, Quantity: 1 + random.IntN(2)})
	}
	switch random.IntN(12) {
	case 0:
		o.Country = "AQ"
	case 1:
		o.Items = append(o.Items, order.Item{SKU: UnknownSKU, Quantity: 1})
	}
	switch random.IntN(6) {
	case 0:
		o.CancelAt = 1 + random.IntN(50)
	case 1:
		o.CancelAfter = upTo(random, 10*time.Millisecond, time.Second, 30*time.Second, 5*time.Minute)
	}
	if o.Key {
		o.Clicks += random.IntN(2)
		if random.IntN(2) == 0 {
			o.AgainAfter = upTo(random, 5*time.Minute)
			o.Differently = random.IntN(2) == 0
		}
	}
	return o
}

// upTo is a time within one of some limits.
func upTo(random *rand.Rand, limits ...time.Duration) time.Duration {
	return 1 + time.Duration(random.Int64N(int64(limits[random.IntN(len(limits))])))
}

// String tells a plan to a person.
func (p Plan) String() string {
	var b strings.Builder
	for _, s := range p.Shelf {
		fmt.Fprintf(&b, "shelf %s %d\n", s.SKU, s.Stocked)
	}
	for _, o := range p.Orders {
		fmt.Fprintf(&b, "%s after %v, to %s:", o.Name, o.At, o.Country)
		for _, item := range o.Items {
			fmt.Fprintf(&b, " %d × %s", item.Quantity, item.SKU)
		}
		if o.Key {
			b.WriteString(", with a key")
		}
		if o.Clicks > 1 {
			fmt.Fprintf(&b, ", %d clicks", o.Clicks)
		}
		if o.AgainAfter > 0 {
			fmt.Fprintf(&b, ", again after %v", o.AgainAfter)
		}
		if o.Differently {
			b.WriteString(" and then differently")
		}
		if o.CancelAfter > 0 {
			fmt.Fprintf(&b, ", cancelled after %v", o.CancelAfter)
		}
		if o.CancelAt > 0 {
			fmt.Fprintf(&b, ", cancelled at line %d of %q", o.CancelAt, o.CancelOn)
		}
		if o.StopAfter > 0 {
			fmt.Fprintf(&b, ", stopped after %v", o.StopAfter)
		}
		b.WriteString("\n")
	}
	fmt.Fprintf(&b, "faults %s\npace %v, storm %v, reconciled often: %t\n", p.Rates, p.Pace, p.Storm, p.Often)
	return b.String()
}

// wants is how many of each SKU an order asks for.
func (o Order) wants() map[string]int {
	wants := map[string]int{}
	for _, item := range order.Merge(o.Items) {
		wants[item.SKU] = item.Quantity
	}
	return wants
}

func (o Order) isKnown() bool {
	return !slices.ContainsFunc(o.Items, func(i order.Item) bool { return i.SKU == UnknownSKU })
}

// number is which of the plan's orders it is; its customer is named after it.
func (o Order) customer() string { return "c-" + o.Name[len("order "):] }
