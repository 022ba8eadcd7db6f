package states

import (
	"container/heap"
	"context"
	"sync"
	"time"

	"orderflow/cmd/local/cloud/interpose"
)

// timers wake executions: one heap, one goroutine, one runtime timer for the
// earliest of them all.
type timers struct {
	wake chan struct{} // the earliest has changed

	mu   sync.Mutex
	heap timerHeap
}

// A timer is one SetTimer command waiting for its time.
type timer struct {
	at    time.Time
	of    *execution
	id    int64
	index int // in the heap; -1 once out of it
}

func newTimers() *timers { return &timers{wake: make(chan struct{}, 1)} }

func (t *timers) set(of *execution, id int64, at time.Time) *timer {
	e := &timer{at: at, of: of, id: id}
	t.mu.Lock()
	heap.Push(&t.heap, e)
	earliest := e.index == 0
	t.mu.Unlock()
	if earliest {
		select {
		case t.wake <- struct{}{}:
		default:
		}
	}
	return e
}

func (t *timers) clear(e *timer) {
	t.mu.Lock()
	if e.index >= 0 {
		heap.Remove(&t.heap, e.index)
	}
	t.mu.Unlock()
}

// run calls fired for each timer whose time has come, until ctx ends.
func (t *timers) run(ctx context.Context, turn interpose.Turn, fired func(*timer)) {
	const far = 365 * 24 * time.Hour
	clock := time.NewTimer(far)
	defer clock.Stop()
	for {
		due, next := t.due(time.Now())
		for _, e := range due {
			fired(e)
		}
		if len(due) > 0 {
			continue // firing took time, and may have set others
		}
		clock.Reset(min(next, far))
		select {
		case <-ctx.Done():
			return
		case <-clock.C:
		case <-t.wake:
		}
		turn.Take("timers of states")
	}
}

// due takes out what must fire now; else it tells how long the earliest has left.
func (t *timers) due(now time.Time) (due []*timer, next time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for len(t.heap) > 0 {
		e := t.heap[0]
		if left := e.at.Sub(now); left > 0 {
			return due, left
		}
		heap.Pop(&t.heap)
		due = append(due, e)
	}
	return due, 1<<63 - 1
}

type timerHeap []*timer

func (h timerHeap) Len() int           { return len(h) }
func (h timerHeap) Less(i, j int) bool { return h[i].at.Before(h[j].at) }
func (h timerHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

func (h *timerHeap) Push(x any) {
	e := x.(*timer)
	e.index = len(*h)
	*h = append(*h, e)
}

func (h *timerHeap) Pop() any {
	old := *h
	e := old[len(old)-1]
	old[len(old)-1] = nil
	e.index = -1
	*h = old[:len(old)-1]
	return e
}
