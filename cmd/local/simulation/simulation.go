// Package simulation runs the whole of orderflow in virtual time, with faults,
// and checks from outside that nothing was lost, doubled or oversold. One seed
// decides everything: what customers do, which activity goes on next at each
// call that one party makes of another, how long calls take, and which faults
// befall them. So whatever a seed finds, it finds again:
//
//	plan.go       what a seed decides beforehand: customers, shelf, faults
//	scheduler.go  which activity goes on next
//	customer.go   what a customer does, and must be answered
//	operator.go   what on-call does, once the faults are mended
//	simulation.go a run from the first order to the last check
//	world.go      the system as its APIs show it
//	check.go      what must hold
//	trace.go      what happened
//	shrink.go     the smallest plan that still fails
package simulation

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/cryptotest"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sfntypes "github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"orderflow/cmd/local/chaos"
	"orderflow/cmd/local/cloud/interpose"
	"orderflow/lambdas/order"
)

// A System is what is simulated, started and with the shelf stocked.
type System struct {
	API      http.Handler
	AWS      aws.Config // of clients that call it
	Outputs  map[string]string
	Mappings chaos.Mappings
	Close    func()
}

// Start starts a system whose every call passes through calls, and whose every
// activity takes turns, with the plan's shelf, a callback timeout of
// CallbackTimeout, and reconciliation every ReconciledEvery if it is often.
type Start func(plan Plan, calls interpose.Calls, turn interpose.Turn) (*System, error)

// A Result is what a run came to.
type Result struct {
	Plan       Plan
	Trace      *Trace
	Violations []Violation
	Statuses   map[order.Status]int // of all orders, at the end
	Faults     map[chaos.Fault]int
	Turns      int
	Redriven   int // messages of dead-letter queues, and executions
}

// A Violation is something that must hold and did not.
type Violation struct {
	Order string // "" for all
	What  string
	kind  string // alike for those that differ in values alone
}

// Orders are the names of those that violations are about.
func (r *Result) Orders() []string {
	var names []string
	for _, v := range r.Violations {
		if v.Order != "" && !slices.Contains(names, v.Order) {
			names = append(names, v.Order)
		}
	}
	return names
}

// Explain tells a person what went wrong, in what plan, and how it came about.
func (r *Result) Explain() string {
	var b strings.Builder
	for _, v := range r.Violations {
		fmt.Fprintf(&b, "%s\n", strings.TrimSpace(v.Order+" "+v.What))
	}
	fmt.Fprintf(&b, "\nin the plan\n\n%s\nhere is what happened:\n\n%s", r.Plan, r.Trace.About(r.Orders()...))
	return b.String()
}

// Run runs a plan.
func Run(t *testing.T, plan Plan, start Start) *Result {
	cryptotest.SetGlobalRandom(t, plan.Seed)
	var r *run
	synctest.Test(t, func(t *testing.T) {
		r = newRun(plan)
		system, err := start(plan, r.calls, r.sched.take)
		if err != nil {
			t.Fatalf("seed %d: %v", plan.Seed, err)
		}
		if err := r.all(t.Context(), system); err != nil {
			r.fail("", "the run could not go on: %v", err)
		}
		r.over = true
		r.sched.release()
		system.Close()
	})
	return &r.Result
}

// A run is a simulation under way. Its activities go on one at a time, so
// nothing in it needs a lock but what the last one leaves behind.
type run struct {
	Result
	sched   *scheduler
	weather *chaos.Weather
	world   *world
	random  *rand.Rand // for how long calls take

	calm      func() // ends the faults
	quick     bool   // calls take no time, lest a function's run out
	over      bool   // what happens now is of no interest
	customers []*customer
	decided   map[string]order.Status // by order ID, as the table said it first
	struck    map[string]int          // by faults, by consumer and by name of an order
	dead      map[string]int          // letters, by consumer
	mended    map[string]bool         // by reconciliation, by name of an order
}

func newRun(plan Plan) *run {
	r := &run{
		Result:  Result{Plan: plan, Trace: newTrace(), Statuses: map[order.Status]int{}, Faults: map[chaos.Fault]int{}},
		sched:   newScheduler(rand.New(rand.NewPCG(plan.Seed, 2))),
		random:  rand.New(rand.NewPCG(plan.Seed, 3)),
		decided: map[string]order.Status{},
		struck:  map[string]int{},
		dead:    map[string]int{},
		mended:  map[string]bool{},
	}
	r.weather = chaos.New(chaos.Config{
		Rates: plan.Rates,
		Seed:  plan.Seed,
		Sleep: func(ctx context.Context, c *interpose.Call, d time.Duration) error {
			return r.sched.sleep(ctx, c.Activity+" sleeps", d)
		},
		Report: func(f chaos.Fault, c *interpose.Call) {
			r.Faults[f]++
			r.strike(f, c)
			r.note(c, "! "+string(f))
		},
	})
	return r
}

// all is a run from the first order to the last check.
func (r *run) all(ctx context.Context, system *System) error {
	r.world = newWorld(system)
	r.live(ctx)
	r.sched.run(time.Now().Add(r.Plan.Storm))
	r.calm()
	r.drain(ctx)
	if err := r.redrive(ctx); err != nil {
		return err
	}
	if err := r.reconcile(ctx); err != nil {
		return err
	}
	r.again(ctx)
	r.Turns = r.sched.turns
	return r.check(ctx)
}

// live lets customers do what they will, in whatever weather.
func (r *run) live(ctx context.Context) {
	var living sync.WaitGroup
	for _, o := range r.Plan.Orders {
		c := &customer{run: r, order: o}
		r.customers = append(r.customers, c)
		living.Go(func() { c.live(ctx) })
	}
	operating, retire := context.WithCancel(ctx)
	retired := make(chan struct{})
	go func() {
		defer close(retired)
		if err := r.weather.StopConsumers(operating, r.world.Mappings); err != nil {
			r.fail("", "the operator: %v", err)
		}
	}()
	r.calm = func() {
		r.weather.Calm()
		retire()
		r.sched.runUntil(retired)
	}
	done := make(chan struct{})
	go func() { living.Wait(); close(done) }()
	for {
		r.sched.run(time.Now().Add(30 * time.Second))
		if r.weather.Jumps() {
			r.sched.skip(CallbackTimeout + time.Minute)
		}
		select {
		case <-done:
			return
		default:
		}
	}
}

// again lets every customer with a key order once more, however the order has
// ended: the answer is the first one's, and no order is made.
func (r *run) again(ctx context.Context) {
	r.quick = true
	var asking sync.WaitGroup
	for _, c := range r.customers {
		if c.order.Key && len(c.ids) > 0 {
			asking.Go(func() {
				if id := c.place(ctx, c.order.Name+" in the end"); id != c.ids[0] {
					c.fail(c.order.Name, "in the end its Idempotency-Key is answered with order %q", r.Trace.names[id])
				}
				if !c.placeDifferently(ctx) {
					c.fail(c.order.Name, "in the end another order with its Idempotency-Key is not refused")
				}
			})
		}
	}
	asked := make(chan struct{})
	go func() { asking.Wait(); close(asked) }()
	r.sched.runUntil(asked)
}

// drain lets the system finish what it has begun.
func (r *run) drain(ctx context.Context) {
	const limit = 6 * time.Hour
	quiet := 0
	for began := time.Now(); quiet < 2; {
		r.sched.run(time.Now().Add(2 * time.Minute))
		busy := r.busy(ctx)
		if busy == "" {
			quiet++
			continue
		}
		quiet = 0
		if time.Since(began) > limit {
			r.fail("", "after %v without faults %s", limit, busy)
			return
		}
	}
}

// busy says what is still to be done, dead letters aside.
func (r *run) busy(ctx context.Context) string {
	executions, err := r.world.executions(ctx)
	if err != nil {
		return err.Error()
	}
	for _, id := range slices.Sorted(maps.Keys(executions)) {
		if executions[id] == sfntypes.ExecutionStatusRunning {
			return "the execution of " + r.Trace.names[id] + " runs"
		}
	}
	depths, err := r.world.depths(ctx)
	if err != nil {
		return err.Error()
	}
	for _, queue := range slices.Sorted(maps.Keys(depths)) {
		if !strings.HasSuffix(queue, deadLetterQueue) {
			return fmt.Sprintf("%d messages are in %s", depths[queue], queue)
		}
	}
	return ""
}

// calls is what every call passes through: it takes time either way, faults
// befall it, it is traced, and what it changed is looked at.
func (r *run) calls(ctx context.Context, c *interpose.Call, do func()) error {
	if r.over {
		do()
		return nil
	}
	r.sched.take(c.Activity + " calls") // what is drawn below is drawn in turn
	if err := r.sched.sleep(ctx, c.Activity+" calls", r.latency()); err != nil {
		return err
	}
	r.learn(c)
	err := r.weather.Calls(ctx, c, func() {
		do()
		if r.over {
			return
		}
		r.note(c, c.Outcome)
		r.watch(c)
	})
	if late := r.sched.sleep(ctx, c.Activity+" is answered", r.latency()); err == nil {
		err = late
	}
	return err
}

func (r *run) latency() time.Duration {
	if r.Plan.Pace == 0 || r.quick {
		return 0
	}
	return time.Duration(r.random.Int64N(int64(r.Plan.Pace)))
}

func (r *run) note(c *interpose.Call, outcome string) {
	if c.Action == "ReceiveMessage" && outcome == "ok" && len(c.Output) == 0 {
		return // an idle poll, of which there are very many
	}
	what := strings.ReplaceAll(fmt.Sprintf("%s → %s %s %s", c.From, c.To, c.Action, outcome), "orderflow-", "")
	if c.From == "lambda" {
		what = strings.ReplaceAll(c.Activity, "orderflow-", "") + ": " + what
	}
	r.Trace.add(what, texts(c)...)
}

// texts are what may mention an order.
func texts(c *interpose.Call) [][]byte {
	return [][]byte{[]byte(c.Activity + c.Path), c.Input, c.Output}
}

// learn finds out the ID of an order where it is started.
func (r *run) learn(c *interpose.Call) {
	if c.Action != "StartExecution" {
		return
	}
	var in struct{ Name, Input string }
	var asked struct{ Customer order.Customer }
	if json.Unmarshal(c.Input, &in) == nil && json.Unmarshal([]byte(in.Input), &asked) == nil {
		r.Trace.know(in.Name, "order "+strings.TrimPrefix(asked.Customer.ID, "c-"))
	}
}

// watch looks at what a write has changed, in the very moment.
func (r *run) watch(c *interpose.Call) {
	if strings.HasSuffix(c.From, "ReconciliationFunction") && (c.To == "sns" || c.Action == "UpdateItem") {
		for _, name := range r.Trace.mentioned(texts(c)...) {
			r.mended[name] = true
		}
	}
	if c.To != "dynamodb" || !slices.Contains([]string{"PutItem", "UpdateItem", "TransactWriteItems"}, c.Action) || c.Outcome != "ok" {
		return
	}
	ctx := context.Background()
	if bytes.Contains(c.Input, []byte(r.world.Outputs["StockTable"])) {
		for _, p := range r.Plan.Shelf {
			r.checkShelf(ctx, p)
		}
	}
	if bytes.Contains(c.Input, []byte(r.world.Outputs["OrdersTable"])) {
		for _, id := range r.Trace.ids {
			if bytes.Contains(c.Input, []byte(id)) {
				r.checkDecision(ctx, id)
			}
		}
	}
}

func (r *run) fail(order, format string, args ...any) {
	v := Violation{order, fmt.Sprintf(format, args...), format}
	if !slices.Contains(r.Violations, v) {
		r.Violations = append(r.Violations, v)
		r.Trace.add("!! "+strings.TrimSpace(order+" "+v.What), []byte(order))
	}
}
