package states

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"sync"

	"orderflow/statemachine/asl"
)

type GetExecutionHistoryInput struct {
	ExecutionArn         *string `json:"executionArn"`
	MaxResults           int     `json:"maxResults"` // up to 1000; 0: 100
	ReverseOrder         bool    `json:"reverseOrder"`
	NextToken            *string `json:"nextToken"`
	IncludeExecutionData *bool   `json:"includeExecutionData"` // nil: true
}

type GetExecutionHistoryOutput struct {
	Events    []HistoryEvent `json:"events"`
	NextToken *string        `json:"nextToken,omitempty"`
}

// HistoryEvent is the core's, as the wire has it.
type HistoryEvent struct {
	asl.HistoryEvent
	withoutData bool // leave inputs, outputs, parameters and variables out
}

// GetExecutionHistory pages through an execution's events, while it runs too.
// https://docs.aws.amazon.com/step-functions/latest/apireference/API_GetExecutionHistory.html
func (s *Service) GetExecutionHistory(_ context.Context, in *GetExecutionHistoryInput) (*GetExecutionHistoryOutput, error) {
	n, err := checkPage(in.MaxResults, in.NextToken, 1024)
	if err != nil {
		return nil, err
	}
	v, err := s.view(in.ExecutionArn)
	if err != nil {
		return nil, err
	}
	withoutData := in.IncludeExecutionData != nil && !*in.IncludeExecutionData
	token := fmt.Sprintf("history %t %t %s", in.ReverseOrder, withoutData, v.arn)

	// A token names the event that its page begins with; none: an end.
	begin := uint64(1)
	if in.ReverseOrder {
		begin = uint64(v.history.count)
	}
	if begin, err = readPageToken(in.NextToken, token, begin); err != nil {
		return nil, err
	}
	first, last := int64(begin), int64(begin)+int64(n)-1
	next := last + 1
	if in.ReverseOrder {
		first, last = max(int64(begin)-int64(n)+1, 1), int64(begin)
		next = first - 1
	}
	var events []asl.HistoryEvent
	for e := range v.events(first) {
		if e.ID > last {
			break
		}
		events = append(events, e)
	}
	if in.ReverseOrder {
		slices.Reverse(events)
	}

	out := &GetExecutionHistoryOutput{Events: make([]HistoryEvent, len(events))}
	for i, e := range events {
		out.Events[i] = HistoryEvent{e, withoutData}
	}
	if next >= 1 && next <= v.history.count {
		out.NextToken = pageToken(token, uint64(next))
	}
	return out, nil
}

// Watch yields an execution's events: those recorded so far, then each as it
// is recorded, until the execution has closed or ctx ends.
func (s *Service) Watch(ctx context.Context, executionArn string) (iter.Seq[asl.HistoryEvent], error) {
	v, err := s.view(&executionArn)
	if err != nil {
		return nil, err
	}
	return func(yield func(asl.HistoryEvent) bool) {
		past, w := v.events(1), (*watcher)(nil)
		if x := v.open; x != nil {
			x.mu.Lock()
			now := x.journal.snapshot()
			past = now.events(x.machine.history, 1)
			if x.status == asl.Running {
				w = &watcher{changed: make(chan struct{}, 1)}
				x.watchers = append(x.watchers, w)
				defer x.unwatch(w)
			}
			x.mu.Unlock()
		}
		for e := range past {
			if !yield(e) {
				return
			}
		}
		for w != nil {
			events, finished := w.take()
			for _, e := range events {
				if !yield(e) {
					return
				}
			}
			if finished {
				return
			}
			select {
			case <-ctx.Done():
				return
			case <-w.changed:
			}
		}
	}, nil
}

func (x *execution) unwatch(w *watcher) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.watchers = slices.DeleteFunc(x.watchers, func(o *watcher) bool { return o == w })
}

// A watcher holds the events that its reader has not taken yet.
type watcher struct {
	changed chan struct{}

	mu       sync.Mutex
	events   []asl.HistoryEvent
	finished bool
}

func (w *watcher) push(e asl.HistoryEvent) {
	w.mu.Lock()
	w.events = append(w.events, e)
	w.mu.Unlock()
	w.signal()
}

func (w *watcher) finish() {
	w.mu.Lock()
	w.finished = true
	w.mu.Unlock()
	w.signal()
}

func (w *watcher) signal() {
	select {
	case w.changed <- struct{}{}:
	default:
	}
}

func (w *watcher) take() (events []asl.HistoryEvent, finished bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	events, w.events = w.events, nil
	return events, w.finished
}
