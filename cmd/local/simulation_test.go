package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"testing"

	"orderflow/cmd/local/cloud/interpose"
	"orderflow/cmd/local/simulation"
)

var (
	simSeeds = flag.Int("seeds", 200, "how many simulations to run")
	simSeed  = flag.Uint64("seed", 1, "the seed of the first")
)

// simulated starts the whole system for a simulation.
func simulated(shelf []simulation.Product, calls interpose.Calls, turn interpose.Turn) (*simulation.System, error) {
	config := systemConfig{
		api: "127.0.0.1:8080", aws: "127.0.0.1:4566",
		parameters: map[string]string{"CallbackTimeoutSeconds": fmt.Sprint(simulation.CallbackTimeout.Seconds())},
		calls:      calls, turn: turn,
	}
	for _, p := range shelf {
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

// TestSimulation runs simulations, each from a seed of its own:
//
//	go test ./cmd/local -run Simulation -seeds 20000 -seed 1
func TestSimulation(t *testing.T) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	for s := *simSeed; s < *simSeed+uint64(*simSeeds); s++ {
		r := simulation.Run(t, simulation.NewPlan(s), simulated)
		if len(r.Violations) > 0 {
			t.Errorf("seed %d: %v\n%s", s, r.Violations, r.Trace.String(r.Orders()...))

		}
		if testing.Verbose() {
			t.Logf("seed %d: %v %v, %d turns, %d redriven", s, r.Statuses, r.Faults, r.Turns, r.Redriven)
		}
	}
}

func TestSimulationRepeats(t *testing.T) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	for s := *simSeed; s < *simSeed+uint64(*simSeeds); s++ {
		first := simulation.Run(t, simulation.NewPlan(s), simulated).Trace.String()
		if again := simulation.Run(t, simulation.NewPlan(s), simulated).Trace.String(); again != first {
			t.Errorf("seed %d gives two traces\n%s\n\n\n%s", s, first, again)

		}
	}
}
