package logs

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"orderflow/cmd/local/cloud/logs/pattern"
)

// A page of events holds at most so many, or so many bytes.
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
const (
	maxPage      = 10_000
	maxPageBytes = 1 << 20

	maxPattern = 1024 // bytes
	maxStreams = 100
)

// FilterLogEventsInput selects a group's events, whichever streams they are of.
type FilterLogEventsInput struct {
	LogGroupName        string   `json:"logGroupName"`
	LogGroupIdentifier  string   `json:"logGroupIdentifier"`
	LogStreamNames      []string `json:"logStreamNames"`
	LogStreamNamePrefix string   `json:"logStreamNamePrefix"`
	StartTime           *int64   `json:"startTime"` // milliseconds
	EndTime             *int64   `json:"endTime"`   // the last that is wanted
	FilterPattern       string   `json:"filterPattern"`
	Limit               *int     `json:"limit"` // at most and by default 10,000
	NextToken           string   `json:"nextToken"`
	StartFromHead       *bool    `json:"startFromHead"` // nil being true: oldest first
	Interleaved         *bool    `json:"interleaved"`   // ignored, as on AWS since 2019
}

// FilterLogEventsOutput is a page of events, by time.
type FilterLogEventsOutput struct {
	Events             []FilteredLogEvent `json:"events"`
	NextToken          string             `json:"nextToken,omitempty"`
	SearchedLogStreams []struct{}         `json:"searchedLogStreams"` // empty, as on AWS since 2020
}

// FilteredLogEvent is an event that was found. Times are in milliseconds.
type FilteredLogEvent struct {
	EventID       string `json:"eventId"`
	IngestionTime int64  `json:"ingestionTime"`
	LogStreamName string `json:"logStreamName"`
	Message       string `json:"message"`
	Timestamp     int64  `json:"timestamp"`
}

// FilterLogEvents finds events, those of all streams in one order.
func (s *Service) FilterLogEvents(_ context.Context, in *FilterLogEventsInput) (*FilterLogEventsOutput, error) {
	limit, err := checkLimit(in.Limit, maxPage)
	if err != nil {
		return nil, err
	}
	filter, err := in.parse()
	if err != nil {
		return nil, err
	}
	g, err := s.identified(in.LogGroupName, in.LogGroupIdentifier)
	if err != nil {
		return nil, err
	}
	if err := g.checkStreams(in.LogStreamNames); err != nil {
		return nil, err
	}
	found := g.find(filter.wants)
	if filter.newestFirst {
		slices.Reverse(found)
	}
	out := &FilterLogEventsOutput{Events: []FilteredLogEvent{}, SearchedLogStreams: []struct{}{}}
	page := found[:fit(found, limit)]
	for _, e := range page {
		out.Events = append(out.Events, FilteredLogEvent{e.position().id(), e.ingested, e.stream.name, e.message, e.at})
	}
	if len(page) < len(found) {
		out.NextToken = filter.token(page[len(page)-1].position())
	}
	return out, nil
}

// fit is how many of the events are one page.
func fit(events []*event, limit int) int {
	bytes := 0
	for i, e := range events {
		if bytes += e.size(); i == limit || bytes > maxPageBytes && i > 0 {
			return i
		}
	}
	return len(events)
}

// A filter is what FilterLogEvents looks for.
type filter struct {
	pattern     *pattern.Pattern
	from, to    int64 // milliseconds, both wanted
	streams     []string
	prefix      string
	newestFirst bool
	after       *position // in the order of the pages; nil: from the first on
}

// What a token begins with says in which direction it leads.
const (
	forwards  = "f/"
	backwards = "b/"
)

func (in *FilterLogEventsInput) parse() (*filter, error) {
	switch {
	case len(in.FilterPattern) > maxPattern:
		return nil, constraint(in.FilterPattern, "filterPattern", "Member must have length less than or equal to 1024")
	case len(in.LogStreamNames) > maxStreams:
		return nil, constraint(len(in.LogStreamNames), "logStreamNames", "Member must have length less than or equal to 100")
	case len(in.LogStreamNames) > 0 && in.LogStreamNamePrefix != "":
		return nil, invalid("logStreamNames and logStreamNamePrefix are mutually exclusive parameters.")
	}
	f := &filter{to: math.MaxInt64, streams: in.LogStreamNames, prefix: in.LogStreamNamePrefix}
	if in.StartTime != nil {
		f.from = *in.StartTime
	}
	if in.EndTime != nil {
		f.to = *in.EndTime
	}
	f.newestFirst = in.StartFromHead != nil && !*in.StartFromHead
	switch {
	case f.from < 0:
		return nil, constraint(f.from, "startTime", "Member must have value greater than or equal to 0")
	case f.to < 0:
		return nil, constraint(f.to, "endTime", "Member must have value greater than or equal to 0")
	case f.to < f.from:
		return nil, invalid("End time should not be less than start time")
	case f.newestFirst && in.StartTime != nil && f.from < newestFirstSince:
		return nil, invalid("startFromHead can be false only when startTime is on or after 2024-01-01T00:00:00Z.")
	}
	if in.NextToken != "" {
		p, ok := parsePosition(strings.TrimPrefix(strings.TrimPrefix(in.NextToken, forwards), backwards))
		if !ok {
			return nil, errToken()
		}
		f.after, f.newestFirst = &p, strings.HasPrefix(in.NextToken, backwards)
	}
	var err error
	if f.pattern, err = pattern.Parse(in.FilterPattern); err != nil {
		return nil, invalid("%s", err)
	}
	return f, nil
}

// newestFirstSince is the earliest start of a search backwards.
var newestFirstSince = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli()

func (f *filter) token(last position) string {
	if f.newestFirst {
		return backwards + last.id()
	}
	return forwards + last.id()
}

func (f *filter) wants(e *event) bool {
	if e.at < f.from || e.at > f.to || !f.isAfter(e) {
		return false
	}
	if len(f.streams) > 0 && !slices.Contains(f.streams, e.stream.name) || !strings.HasPrefix(e.stream.name, f.prefix) {
		return false
	}
	return f.pattern.Match(e.message)
}

func (f *filter) isAfter(e *event) bool {
	if f.after == nil {
		return true
	}
	order := e.position().compare(*f.after)
	return order > 0 && !f.newestFirst || order < 0 && f.newestFirst
}

// checkStreams demands that streams are there.
func (g *group) checkStreams(names []string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, name := range names {
		if _, err := g.stream(name); err != nil {
			return err
		}
	}
	return nil
}

// checkLimit is the limit that is given, or the most that can be.
func checkLimit(limit *int, most int) (int, error) {
	switch n := cmp.Or(limit, &most); {
	case *n < 1:
		return 0, constraint(*n, "limit", "Member must have value greater than or equal to 1")
	case *n > most:
		return 0, constraint(*n, "limit", fmt.Sprintf("Member must have value less than or equal to %d", most))
	default:
		return *n, nil
	}
}
