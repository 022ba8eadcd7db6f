package simulation

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// interleave lets three activities take three turns each.
func interleave(t *testing.T, seed uint64) (order []string) {
	synctest.Test(t, func(t *testing.T) {
		s := newScheduler(rand.New(rand.NewPCG(seed, 0)))
		for _, name := range []string{"a", "b", "c"} {
			go func() {
				for i := range 3 {
					s.take(name)
					order = append(order, fmt.Sprint(name, i)) // unguarded: the race detector sees whether turns are turns
				}
			}()
		}
		s.run(time.Now())
		if s.turns != 9 {
			t.Errorf("%d turns were given, want 9", s.turns)
		}
	})
	return order
}

func TestOneSeedOneOrder(t *testing.T) {
	seen := map[string]bool{}
	for seed := range uint64(50) {
		first := interleave(t, seed)
		if again := interleave(t, seed); !slices.Equal(first, again) {
			t.Fatalf("seed %d gives %v and then %v", seed, first, again)
		}
		seen[fmt.Sprint(first)] = true
	}
	if len(seen) < 40 {
		t.Errorf("50 seeds give only %d orders", len(seen))
	}
}

// TestTimePasses: only when nobody can go on, and to the next who can.
func TestTimePasses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScheduler(rand.New(rand.NewPCG(1, 0)))
		began := time.Now()
		var woke []time.Duration
		for _, d := range []time.Duration{time.Hour, time.Second, time.Minute} {
			go func() {
				s.pause(d.String(), d)
				woke = append(woke, time.Since(began))
			}()
		}
		s.run(began.Add(30 * time.Minute))
		if want := []time.Duration{time.Second, time.Minute}; !slices.Equal(woke, want) || time.Since(began) != 30*time.Minute {
			t.Errorf("after %v %v have gone on, want %v", time.Since(began), woke, want)
		}
		s.skip(time.Hour)
		if len(woke) != 2 {
			t.Error("time was to pass without turns")
		}
		s.run(time.Now())
		if want := 90 * time.Minute; len(woke) != 3 || woke[2] != want {
			t.Errorf("whose time has come goes on at %v, want %v", woke, want)
		}
	})
}

func TestSleepEndsByTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScheduler(rand.New(rand.NewPCG(1, 0)))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		done := make(chan struct{})
		go func() {
			defer close(done)
			if err := s.sleep(ctx, "a", time.Hour); err == nil {
				t.Error("the deadline passed without an error")
			}
		}()
		began := time.Now()
		s.runUntil(done)
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("it slept for %v", took)
		}
	})
}

// TestRelease: once nobody is scheduled any more, nobody waits.
func TestRelease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScheduler(rand.New(rand.NewPCG(1, 0)))
		done := make(chan struct{})
		go func() {
			s.pause("a", time.Hour)
			s.pause("a", time.Hour)
			close(done)
		}()
		synctest.Wait()
		s.release()
		<-done
	})
}
