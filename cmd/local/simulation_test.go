package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"orderflow/cmd/local/chaos"
	"orderflow/cmd/local/cloud/interpose"
	"orderflow/cmd/local/simulation"
	"orderflow/template"
)

var (
	simSeeds  = flag.Int("seeds", defaultSeeds, "how many simulations to run")
	simSeed   = flag.Uint64("seed", 1, "the seed of the first")
	simFaults = flag.String("faults", "", "fault=rate,…: these in place of what each seed draws")
	update    = flag.Bool("update", false, "rewrite testdata")
	simShrink = flag.Bool("shrink", true, "look for the smallest plan that fails")
)

// simulated starts the whole system for a simulation.
func simulated(plan simulation.Plan, calls interpose.Calls, turn interpose.Turn) (*simulation.System, error) {
	config := systemConfig{
		api: "127.0.0.1:8080", aws: "127.0.0.1:4566",
		parameters: map[string]string{
			"CallbackTimeoutSeconds": fmt.Sprint(simulation.CallbackTimeout.Seconds()),
		},
		calls: calls, turn: turn,
	}
	var err error
	if config.rendered, err = unscheduled(); err != nil {
		return nil, err
	}
	if plan.Often {
		config.rendered = nil
		config.parameters["ReconciliationSchedule"] = fmt.Sprintf("rate(%.f minutes)", simulation.ReconciledEvery.Minutes())
	}
	for _, p := range plan.Shelf {
		config.products = append(config.products, product{sku: p.SKU, name: p.SKU, unitPrice: 1250, currency: "GBP", weightGrams: 350, stocked: int64(p.Stocked)})
	}
	s, err := newSystem(context.Background(), config)
	if err != nil {
		return nil, err
	}
	return &simulation.System{
		API:      s.API(),
		AWS:      s.cloud.AWSConfig(),
		Outputs:  s.stack.Outputs,
		Mappings: s.cloud.Lambda,
		Close:    func() { s.Close(context.Background()) },
	}, nil
}

// unscheduled is the template with a schedule that rests: reconciliation runs
// when it is invoked.
var unscheduled = sync.OnceValues(func() ([]byte, error) {
	rendered, err := template.New(template.Consumers(), template.Auth{Mode: template.None}).JSON()
	return bytes.Replace(rendered, []byte(`"State":"ENABLED"`), []byte(`"State":"DISABLED"`), 1), err
})

// TestSimulation runs simulations, each from a seed of its own. A seed that
// fails is told with the smallest plan that still does.
//
//	go test ./cmd/local -run 'Simulation$' -seeds 20000 -seed 1
func TestSimulation(t *testing.T) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	run := func(p simulation.Plan) *simulation.Result { return simulation.Run(t, p, simulated) }
	for seed := *simSeed; seed < *simSeed+uint64(*simSeeds); seed++ {
		plan := simulation.NewPlan(seed)
		if *simFaults != "" {
			var err error
			if plan.Rates, err = chaos.Parse(*simFaults); err != nil {
				t.Fatal(err)
			}
		}
		r := run(plan)
		if len(r.Violations) > 0 {
			if *simShrink {
				r = simulation.Shrink(r, run)
			}
			again := fmt.Sprintf("go test ./cmd/local -run 'Simulation$' -seeds 1 -seed %d", seed)
			if *simFaults != "" {
				again += " -faults " + *simFaults
			}
			t.Fatalf("seed %d fails; see it again with\n\n    %s\n\n%s", seed, again, r.Explain())
		}
		if testing.Verbose() {
			t.Logf("seed %d: %v, %v, %d turns, %d redriven", seed, r.Statuses, r.Faults, r.Turns, r.Redriven)
		}
	}
}

// TestSimulationRepeats: a seed decides everything, however many processors
// there are.
func TestSimulationRepeats(t *testing.T) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	trace := func(seed uint64, processors int) []string {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(processors))
		return strings.Split(simulation.Run(t, simulation.NewPlan(seed), simulated).Trace.String(), "\n")
	}
	for seed := *simSeed; seed < *simSeed+max(1, uint64(*simSeeds)/20); seed++ {
		if diff := cmp.Diff(trace(seed, 1), trace(seed, 8)); diff != "" {
			t.Fatalf("seed %d gives two traces (-one processor +eight):\n%s", seed, diff)
		}
	}
}

// TestSimulationGolden: the same seed gives the same trace on any machine. Its
// trace changes with the program; -update writes it anew.
func TestSimulationGolden(t *testing.T) {
	const seed, file = 154, "testdata/simulation.txt"
	slog.SetDefault(slog.New(slog.DiscardHandler))
	plan := simulation.NewPlan(seed)
	got := fmt.Sprintf("seed %d\n\n%s\n%s", seed, plan, simulation.Run(t, plan, simulated).Trace)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("(-%s +got):\n%s", file, diff)
	}
}
