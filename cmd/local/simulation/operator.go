package simulation

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"orderflow/cmd/local/chaos"
	"orderflow/cmd/local/cloud/interpose"
	"orderflow/lambdas/reconciliation"
)

// redrive does what on-call does once the faults are mended: it redrives the
// executions that gave up, and sends dead letters back. There must be a fault
// that explains each, and none may come back.
func (r *run) redrive(ctx context.Context) error {
	depths, err := r.world.depths(ctx)
	if err != nil {
		return err
	}
	undecided, err := r.world.undecided(ctx)
	if err != nil {
		return err
	}
	for _, id := range undecided {
		r.Redriven++
		r.Trace.add("operator redrives the execution", []byte(id))
		if !r.wornOut(ctx, id) {
			r.fail(r.Trace.names[id], "its execution gave up without trying for long")
		}
		if _, err := r.world.states.RedriveExecution(ctx, &sfn.RedriveExecutionInput{ExecutionArn: aws.String(r.world.execution(id))}); err != nil {
			return err
		}
	}
	for _, queue := range slices.Sorted(maps.Keys(depths)) {
		consumer, ok := strings.CutSuffix(strings.TrimPrefix(queue, "orderflow-"), deadLetterQueue)
		if !ok {
			return fmt.Errorf("simulation: %d messages are left in %s", depths[queue], queue)
		}
		r.dead[consumer] = depths[queue]
		if r.struck[consumer] < maxReceives {
			r.fail("", "%d messages are in %s, but faults struck %d times", depths[queue], queue, r.struck[consumer])
		}
		r.Redriven += depths[queue]
		r.Trace.add(fmt.Sprintf("operator redrives %d messages of %s", depths[queue], queue))
		if err := r.world.redrive(ctx, queue); err != nil {
			return err
		}
	}
	if r.Redriven == 0 {
		return nil
	}
	r.drain(ctx)
	depths, err = r.world.depths(ctx)
	for _, queue := range slices.Sorted(maps.Keys(depths)) {
		r.fail("", "%d messages are in %s again, without any fault", depths[queue], queue)
	}
	return err
}

// strike notes whom a fault has struck: the orders that the call is about, and
// the consumer whose try at a message it may have cost.
func (r *run) strike(f chaos.Fault, c *interpose.Call) {
	for _, name := range r.Trace.mentioned(texts(c)...) {
		r.struck[name]++
	}
	if c.Function || c.Action == "DeleteMessageBatch" || c.Action == "ReceiveMessage" && f == chaos.Lost {
		r.struck[consumerOf(c)]++
	}
}

// wornOut tells whether an execution has tried one thing as often as a state
// machine that is to survive a surge must, and faults may have struck each try.
func (r *run) wornOut(ctx context.Context, id string) bool {
	const tries = 20
	name := r.Trace.names[id]
	n, err := r.world.failures(ctx, id)
	if err != nil {
		r.fail(name, "history: %v", err)
	}
	return n > tries && r.struck[name]+r.struck["Validation"] > tries
}

// reconcile waits until what has happened is old enough for reconciliation to
// look at, and for whatever it does by itself. Then it has nothing to say.
func (r *run) reconcile(ctx context.Context) error {
	wait := Grace + time.Minute
	if r.Plan.Often {
		wait += ReconciledEvery
	}
	r.sched.run(time.Now().Add(wait))
	r.drain(ctx)
	asked := make(chan struct{})
	var report reconciliation.Report
	var err error
	go func() {
		defer close(asked)
		report, err = r.world.reconcile(ctx)
	}()
	r.sched.runUntil(asked)
	if err != nil {
		return err
	}
	for _, f := range report.Found {
		r.fail(r.Trace.names[f.OrderID], "reconciliation finds that %s: %s", f.Problem, f.SKU)
	}
	if !report.Complete {
		r.fail("", "reconciliation is incomplete, without any fault")
	}
	return nil
}

// A consumer's queues and function are named after it.
const (
	deadLetterQueue = "DeadLetterQueue"
	maxReceives     = 5 // of a message, by the template; then it is a dead letter
)

// consumerOf is the consumer that a call is made by or for, "" if for none.
func consumerOf(c *interpose.Call) string {
	for _, party := range []string{c.From, c.To, c.Activity} {
		_, name, _ := strings.Cut(party, "orderflow-")
		for _, suffix := range []string{"Function", "Queue"} {
			if consumer, ok := strings.CutSuffix(name, suffix); ok {
				return consumer
			}
		}
	}
	return ""
}
