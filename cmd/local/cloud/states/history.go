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
	from, err := readPageToken(in.NextToken, token, 0)
	if err != nil {
		return nil, err
	}
	var events []asl.HistoryEvent
	more := false
	for e := range v.events {
		id := uint64(e.ID)
		if in.ReverseOrder {
			if from != 0 && id > from {
				break
			}
		} else if id < from {
			continue
		} else if len(events) == n {
			more = true
			from = id
			break
		}
		events = append(events, e)
	}
	if in.ReverseOrder {
		if more = len(events) > n; more {
			from = uint64(events[len(events)-n-1].ID)
			events = events[len(events)-n:]
		}
		slices.Reverse(events)
	}

	out := &GetExecutionHistoryOutput{Events: make([]HistoryEvent, len(events))}
	for i, e := range events {
		out.Events[i] = HistoryEvent{e, withoutData}
	}
	if more {
		out.NextToken = pageToken(token, from)
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
		past, w := v.events, (*watcher)(nil)
		if x := v.open; x != nil {
			x.mu.Lock()
			past = x.journal.events(x.machine.history)
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
