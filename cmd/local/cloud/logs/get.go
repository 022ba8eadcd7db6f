package logs

import (
	"context"
	"math"
	"slices"
	"strings"
)

// GetLogEventsInput selects events of one stream.
type GetLogEventsInput struct {
	LogGroupName       string `json:"logGroupName"`
	LogGroupIdentifier string `json:"logGroupIdentifier"`
	LogStreamName      string `json:"logStreamName"`
	StartTime          *int64 `json:"startTime"` // milliseconds
	EndTime            *int64 `json:"endTime"`   // the first that is not wanted any more
	Limit              *int   `json:"limit"`     // at most and by default 10,000
	NextToken          string `json:"nextToken"` // which also says the direction
	StartFromHead      bool   `json:"startFromHead"`
}

// GetLogEventsOutput is a page of events, by time. There are always tokens: at
// an end of the stream the one that was given.
type GetLogEventsOutput struct {
	Events            []OutputLogEvent `json:"events"`
	NextBackwardToken string           `json:"nextBackwardToken"`
	NextForwardToken  string           `json:"nextForwardToken"`
}

// OutputLogEvent is an event of the stream. Times are in milliseconds.
type OutputLogEvent struct {
	IngestionTime int64  `json:"ingestionTime"`
	Message       string `json:"message"`
	Timestamp     int64  `json:"timestamp"`
}

// GetLogEvents reads a stream, its newest events unless told otherwise.
func (s *Service) GetLogEvents(_ context.Context, in *GetLogEventsInput) (*GetLogEventsOutput, error) {
	limit, err := checkLimit(in.Limit, maxPage)
	if err != nil {
		return nil, err
	}
	g, err := s.identified(in.LogGroupName, in.LogGroupIdentifier)
	if err != nil {
		return nil, err
	}
	g.mu.Lock()
	stream, err := g.stream(in.LogStreamName)
	g.mu.Unlock()
	if err != nil {
		return nil, err
	}
	w, err := in.window()
	if err != nil {
		return nil, err
	}
	events := g.find(func(e *event) bool { return e.stream == stream && w.has(e) })
	page := w.page(events, limit)
	out := &GetLogEventsOutput{Events: []OutputLogEvent{}}
	for _, e := range page {
		out.Events = append(out.Events, OutputLogEvent{e.ingested, e.message, e.at})
	}
	before, after := w.ends(page)
	out.NextBackwardToken, out.NextForwardToken = backwards+before.id(), forwards+after.id()
	return out, nil
}

// A window is the part of a stream that is asked for.
type window struct {
	from, to    int64     // milliseconds, to excluded
	bound       *position // nil: none
	newestFirst bool      // the page ends at the bound, and else begins behind it
}

func (in *GetLogEventsInput) window() (*window, error) {
	w := &window{to: math.MaxInt64, newestFirst: !in.StartFromHead}
	if in.StartTime != nil {
		w.from = *in.StartTime
	}
	if in.EndTime != nil {
		w.to = *in.EndTime
	}
	if in.NextToken == "" {
		return w, nil
	}
	id, isForward := strings.CutPrefix(in.NextToken, forwards)
	id, isBackward := strings.CutPrefix(id, backwards)
	p, ok := parsePosition(id)
	if !ok || isForward == isBackward {
		return nil, errToken()
	}
	w.bound, w.newestFirst = &p, isBackward
	return w, nil
}

func (w *window) has(e *event) bool {
	if e.at < w.from || e.at >= w.to {
		return false
	}
	if w.bound == nil {
		return true
	}
	order := e.position().compare(*w.bound)
	return order < 0 && w.newestFirst || order > 0 && !w.newestFirst
}

// page is the part of the events, which are in the window, that is one page.
func (w *window) page(events []*event, limit int) []*event {
	if !w.newestFirst {
		return events[:fit(events, limit)]
	}
	slices.Reverse(events)
	page := events[:fit(events, limit)]
	slices.Reverse(page)
	return page
}

// ends are the bounds of the pages before and after a page. Beside an empty one
// lies what is on the other side of its own bound, that included.
func (w *window) ends(page []*event) (before, after position) {
	switch {
	case len(page) > 0:
		return page[0].position(), page[len(page)-1].position()
	case w.bound == nil:
		return position{}, position{}
	case w.newestFirst:
		return *w.bound, position{w.bound.at, max(w.bound.sequence-1, 0)}
	default:
		return position{w.bound.at, w.bound.sequence + 1}, *w.bound
	}
}
