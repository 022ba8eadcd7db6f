package simulation

import (
	"cmp"
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"testing/synctest"
	"time"
)

// A scheduler decides, by its random numbers alone, which activity goes on
// next. Every activity parks wherever it could meet another; the scheduler
// lets one go on at a time, and time pass only when none can.
//
// It runs in a synctest bubble: there synctest.Wait tells when the one that
// goes on has parked or fallen asleep, together with all whom it woke.
type scheduler struct {
	mu     sync.Mutex
	random *rand.Rand
	parked []*parked
	news   chan struct{} // somebody has parked
	open   bool          // nobody parks any more
	turns  int           // given
}

// A parked activity waits for its turn, from a time on.
type parked struct {
	activity string
	from     time.Time
	turn     chan struct{}
}

func newScheduler(random *rand.Rand) *scheduler {
	return &scheduler{random: random, news: make(chan struct{}, 1)}
}

// take parks an activity until its turn comes; it is an interpose.Turn.
func (s *scheduler) take(activity string) { s.pause(activity, 0) }

// pause parks an activity for a time at least, and then until its turn comes.
func (s *scheduler) pause(activity string, d time.Duration) {
	s.mu.Lock()
	if s.open {
		s.mu.Unlock()
		return
	}
	p := &parked{activity, time.Now().Add(d), make(chan struct{})}
	s.parked = append(s.parked, p)
	s.mu.Unlock()
	select {
	case s.news <- struct{}{}:
	default:
	}
	<-p.turn
}

// sleep is pause, but no longer than until ctx ends by its deadline.
func (s *scheduler) sleep(ctx context.Context, activity string, d time.Duration) error {
	if deadline, ok := ctx.Deadline(); ok {
		d = min(d, time.Until(deadline))
	}
	s.pause(activity, d)
	return ctx.Err()
}

// run gives turns until the time has come.
func (s *scheduler) run(until time.Time) {
	clock := time.NewTimer(0)
	defer clock.Stop()
	for {
		synctest.Wait()
		next, wait := s.next(until)
		if next != nil {
			close(next.turn)
			continue
		}
		if wait <= 0 {
			return
		}
		clock.Reset(wait)
		select {
		case <-clock.C:
		case <-s.news:
		}
	}
}

// runUntil gives turns until something is done.
func (s *scheduler) runUntil(done <-chan struct{}) {
	for {
		synctest.Wait()
		select {
		case <-done:
			return
		default:
			s.run(time.Now().Add(time.Second))
		}
	}
}

// next takes out who goes on next, or tells how long nobody will.
func (s *scheduler) next(until time.Time) (*parked, time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	slices.SortFunc(s.parked, func(a, b *parked) int {
		return cmp.Or(a.from.Compare(b.from), cmp.Compare(a.activity, b.activity))
	})
	ready := 0
	for ready < len(s.parked) && !s.parked[ready].from.After(now) {
		ready++
	}
	if ready == 0 {
		wait := until.Sub(now)
		if len(s.parked) > 0 {
			wait = min(wait, s.parked[0].from.Sub(now))
		}
		return nil, wait
	}
	i := s.random.IntN(ready)
	next := s.parked[i]
	s.parked = slices.Delete(s.parked, i, i+1)
	s.turns++
	return next, 0
}

// skip lets time pass in which nobody gets a turn, whatever timers fire.
func (s *scheduler) skip(d time.Duration) {
	synctest.Wait()
	time.Sleep(d)
}

// release ends all waiting for turns.
func (s *scheduler) release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open = true
	for _, p := range s.parked {
		close(p.turn)
	}
	s.parked = nil
}
