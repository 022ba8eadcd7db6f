// Package chaos is bad weather for the local cloud: the faults that AWS's
// contracts allow, each as likely as it is told to be, all drawn from one seed.
//
//	weather := chaos.New(chaos.Config{Rates: rates, Seed: 7})
//	c := cloud.New(cloud.Config{Calls: weather.Calls, …})
package chaos

import (
	"context"
	"math/rand/v2"
	"net"
	"runtime"
	"sync"
	"syscall"
	"time"

	"orderflow/cmd/local/cloud/interpose"
	"orderflow/cmd/local/cloud/protocol"
)

// Config is what the weather is made of.
type Config struct {
	Rates Rates
	Seed  uint64

	// Sleep keeps a call waiting, until ctx ends at most. Nil: by the clock.
	Sleep func(ctx context.Context, c *interpose.Call, d time.Duration) error

	// Report hears of each fault, at the call that it befalls. Nil: nobody does.
	Report func(f Fault, c *interpose.Call)
}

// Weather lets faults befall calls.
type Weather struct {
	cfg Config

	mu     sync.Mutex
	random *rand.Rand
	away   map[string]time.Time // until when, by whom
	calm   bool

	started map[string]time.Time // executions, of late, by name
}

// New is weather that begins at once.
func New(cfg Config) *Weather {
	if cfg.Sleep == nil {
		cfg.Sleep = sleep
	}
	if cfg.Report == nil {
		cfg.Report = func(Fault, *interpose.Call) {}
	}
	return &Weather{cfg: cfg, random: rand.New(rand.NewPCG(cfg.Seed, 0)), away: map[string]time.Time{}, started: map[string]time.Time{}}
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
	rate := w.cfg.Rates[f]
	if rate == 0 {
		return false
	}
	w.mu.Lock()
	hit := !w.calm && w.random.Float64() < rate
	w.mu.Unlock()
	if hit {
		w.cfg.Report(f, c)
	}
	return hit
}

// isAway tells whether somebody cannot be reached, for a while.
func (w *Weather) isAway(f Fault, who string, longest time.Duration, c *interpose.Call) bool {
	w.mu.Lock()
	away := !w.calm && time.Now().Before(w.away[who])
	w.mu.Unlock()
	if away {
		w.cfg.Report(f, c)
		return true
	}
	if !w.happens(f, c) {
		return false
	}
	until := time.Now().Add(w.upTo(longest))
	w.mu.Lock()
	w.away[who] = until
	w.mu.Unlock()
	return true
}

func (w *Weather) upTo(most time.Duration) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Duration(w.random.Int64N(int64(most)))
}
