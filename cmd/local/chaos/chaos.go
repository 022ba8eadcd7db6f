// Package chaos is bad weather for the local cloud: the faults that AWS's
// contracts allow, each as likely as it is told to be, all drawn from one seed.
//
//	weather := chaos.New(chaos.Config{Rates: rates, Seed: 7})
//	c := cloud.New(cloud.Config{Interposed: weather.Interposed, …})
//	err := weather.SetRates(others)
package chaos

import (
	"context"
	"errors"
	"maps"
	"math/rand/v2"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"orderflow/cmd/local/cloud/interpose"
	"orderflow/cmd/local/cloud/protocol"
)

// Config is what the weather is made of.
type Config struct {
	Rates Rates // to begin with
	Seed  uint64

	// Sleep keeps a call waiting, until ctx ends at most. Nil: by the clock.
	Sleep func(ctx context.Context, c *interpose.Call, d time.Duration) error

	// Report hears of each fault, at the call that it befalls. Nil: nobody does.
	Report func(f Fault, c *interpose.Call)
}

// Weather lets faults befall calls.
type Weather struct {
	cfg   Config
	calls interpose.Calls // Calls, bound once

	stormy atomic.Bool // some rate is above 0

	mu      sync.Mutex
	rates   Rates
	spell   context.Context // ends when the rates change
	end     context.CancelFunc
	random  *rand.Rand
	away    map[string]time.Time // until when, by whom
	started map[string]time.Time // executions, of late, by name
	calm    bool
}

// New is weather that begins at once.
func New(cfg Config) *Weather {
	if cfg.Sleep == nil {
		cfg.Sleep = sleep
	}
	if cfg.Report == nil {
		cfg.Report = func(Fault, *interpose.Call) {}
	}
	w := &Weather{cfg: cfg}
	w.calls = w.Calls
	w.begin(cfg.Rates)
	return w
}

// SetRates changes how likely each fault is; one that is left out does not
// happen any more. It is new weather, drawn from the seed as though it were the
// first: nobody stays away, no consumer stays stopped, and the same rates strike
// the same calls again. What befalls a call at this moment is not called off.
// Jump is refused, for it is a simulation's clock that jumps.
func (w *Weather) SetRates(rates Rates) error {
	if err := rates.check(); err != nil {
		return err
	}
	if rates[Jump] > 0 {
		return errors.New("chaos: jump is for simulations, which have a clock of their own")
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.end()
	w.begin(rates)
	return nil
}

func (w *Weather) begin(rates Rates) {
	w.rates = maps.Clone(rates)
	w.spell, w.end = context.WithCancel(context.Background())
	w.random = rand.New(rand.NewPCG(w.cfg.Seed, 0))
	w.away = map[string]time.Time{}
	w.started = map[string]time.Time{}
	w.stormy.Store(rates.any())
}

// Rates is how likely each fault is now.
func (w *Weather) Rates() Rates {
	w.mu.Lock()
	defer w.mu.Unlock()
	return maps.Clone(w.rates)
}

// Seed is what the faults are drawn from.
func (w *Weather) Seed() uint64 { return w.cfg.Seed }

// Interposed is an interpose.Interposed: nothing while no fault can happen.
func (w *Weather) Interposed() interpose.Calls {
	if !w.stormy.Load() {
		return nil
	}
	return w.calls
}

func sleep(ctx context.Context, _ *interpose.Call, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Calm ends all faults for good.
func (w *Weather) Calm() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calm = true
}

// Jumps draws whether time jumps now, which only a simulation can let it.
func (w *Weather) Jumps() bool {
	return w.happens(Jump, &interpose.Call{From: "the clock", To: "everybody"})
}

// Calls is an interpose.Calls.
func (w *Weather) Calls(ctx context.Context, c *interpose.Call, do func()) error {
	if err := w.before(ctx, c); err != nil {
		return err
	}
	do()
	w.noteStart(c)
	return w.after(ctx, c, do)
}

// before is what befalls a call on its way there.
func (w *Weather) before(ctx context.Context, c *interpose.Call) error {
	if c.Function && w.happens(Crash, c) {
		runtime.Goexit()
	}
	if c.Function && c.To != carrier && w.happens(Freeze, c) {
		w.freeze(ctx, c)
	}
	if w.happens(Slow, c) {
		if err := w.cfg.Sleep(ctx, c, w.upTo(longestSlow)); err != nil {
			return err
		}
	}
	switch {
	case c.From == "sns":
		if w.isAway(Late, c.To, longestAway, c) {
			return unavailable
		}
		return nil
	case c.From == "states" && w.isAway(Outage, "states "+c.To, longestOutage, c):
		return unavailable
	case c.To == carrier && w.isAway(Carrier, carrier, longestAway, c):
		return unavailable
	case c.To == carrier && c.Action == "PUT" && w.refuses(c):
		return &protocol.Error{Code: "Refused", Message: "the pigeons are on strike", Status: 422}
	case w.happens(Throttle, c):
		return throttled(c.To)
	case w.happens(Fail, c):
		return unavailable
	case isWrite(c) && w.happens(Conflict, c):
		return w.conflict(c)
	}
	return w.stale(c)
}

// after is what befalls its answer on the way back.
func (w *Weather) after(ctx context.Context, c *interpose.Call, do func()) error {
	if c.From == "sns" && w.happens(Duplicate, c) {
		do()
	}
	if c.Function && w.happens(Crash, c) {
		runtime.Goexit()
	}
	if w.happens(Slow, c) {
		if err := w.cfg.Sleep(ctx, c, w.upTo(longestSlow)); err != nil {
			return err
		}
	}
	if w.happens(Lost, c) {
		return &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}
	}
	return nil
}

const (
	longestSlow = 15 * time.Second
	longestAway = 5 * time.Minute

	// Longer than Step Functions retries for.
	longestOutage = 2 * time.Hour

	// Beyond what a handler keeps back of its time to answer.
	beyondDeadline = time.Second
)

// freeze holds a function's environment until its time is over, and ends it:
// so does Lambda.
func (w *Weather) freeze(ctx context.Context, c *interpose.Call) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return
	}
	w.cfg.Sleep(ctx, c, time.Until(deadline)) // however it ends, the time is over
	w.cfg.Sleep(context.WithoutCancel(ctx), c, beyondDeadline)
	runtime.Goexit()
}

// happens draws whether a fault befalls a call.
func (w *Weather) happens(f Fault, c *interpose.Call) bool {
	w.mu.Lock()
	hit := w.draw(f)
	w.mu.Unlock()
	if hit {
		w.cfg.Report(f, c)
	}
	return hit
}

// draw draws whether a fault happens; the mutex is held.
func (w *Weather) draw(f Fault) bool {
	rate := w.rates[f]
	return rate > 0 && !w.calm && w.random.Float64() < rate
}

// isAway tells whether somebody cannot be reached, for a while.
func (w *Weather) isAway(f Fault, who string, longest time.Duration, c *interpose.Call) bool {
	w.mu.Lock()
	away := !w.calm && time.Now().Before(w.away[who])
	if !away && w.draw(f) {
		away = true
		w.away[who] = time.Now().Add(time.Duration(w.random.Int64N(int64(longest))))
	}
	w.mu.Unlock()
	if away {
		w.cfg.Report(f, c)
	}
	return away
}

// rate is a fault's, and for how long.
func (w *Weather) rate(f Fault) (float64, context.Context) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.rates[f], w.spell
}

func (w *Weather) upTo(most time.Duration) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Duration(w.random.Int64N(int64(most)))
}
