package stack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"golang.org/x/sync/errgroup"
)

// A line is what a function logged, or Lambda about one of its invocations.
type line struct {
	At        time.Time `json:"-"`
	Level     string    `json:"level"`
	Message   string    `json:"message"`
	RequestID string    `json:"requestId"` // of the invocation

	// Of a request to the API.
	Route  string `json:"route"`
	Status int    `json:"status"` // HTTP

	// Of a message that a consumer received.
	OrderID      string    `json:"orderId"`
	Type         string    `json:"type"` // the event's; or Lambda's: platform.report
	MessageID    string    `json:"messageId"`
	ReceiveCount int       `json:"receiveCount"`
	SentAt       time.Time `json:"sentAt"`

	Error string `json:"error"`

	// Of Lambda's own lines.
	// https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html
	Record struct {
		RequestID string `json:"requestId"`
		Status    string `json:"status"` // success, failure, error, timeout
		ErrorType string `json:"errorType"`
		Metrics   struct {
			DurationMs float64 `json:"durationMs"`
		} `json:"metrics"`
	} `json:"record"`
}

// maxPattern is how long a filter pattern may be, in bytes.
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
const maxPattern = 1024

// lines are those of a log group in which one of some words stands, by time.
// A group that is not there has none, and what is no JSON is left out.
func (s *Stack) lines(ctx context.Context, group string, from time.Time, words ...string) ([]line, error) {
	if group == "" || len(words) == 0 {
		return nil, nil
	}
	patterns := patterns(words)
	found := make([][]line, len(patterns))
	calls, ctx := errgroup.WithContext(ctx)
	calls.SetLimit(atOnce)
	for i, pattern := range patterns {
		calls.Go(func() (err error) { found[i], err = s.filter(ctx, group, from, pattern); return err })
	}
	if err := calls.Wait(); err != nil {
		return nil, err
	}
	all := slices.Concat(found...)
	slices.SortStableFunc(all, func(a, b line) int { return a.At.Compare(b.At) })
	return all, nil
}

// patterns are as few filter patterns as it takes to find all of some IDs,
// which are about as long as the first.
func patterns(ids []string) []string {
	const around = len(`?"" `)
	var patterns []string
	for some := range slices.Chunk(ids, max(1, maxPattern/(len(ids[0])+around))) {
		patterns = append(patterns, anyOf(some))
	}
	return patterns
}

// anyOf is the filter pattern of lines in which one of some IDs stands.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
func anyOf(ids []string) string {
	if len(ids) == 1 {
		return `"` + ids[0] + `"`
	}
	return `?"` + strings.Join(ids, `" ?"`) + `"`
}

func (s *Stack) filter(ctx context.Context, group string, from time.Time, pattern string) (lines []line, err error) {
	pages := cloudwatchlogs.NewFilterLogEventsPaginator(s.logs, &cloudwatchlogs.FilterLogEventsInput{
		LogGroupName:  &group,
		StartTime:     aws.Int64(from.UnixMilli()),
		FilterPattern: &pattern,
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if _, ok := errors.AsType[*types.ResourceNotFoundException](err); ok {
			return nil, nil
		}
		if err != nil {
			return nil, fmt.Errorf("stack: log group %q: %w", group, err)
		}
		for _, e := range page.Events {
			l := line{At: time.UnixMilli(aws.ToInt64(e.Timestamp)).UTC()}
			if json.Unmarshal([]byte(aws.ToString(e.Message)), &l) == nil {
				lines = append(lines, l)
			}
		}
	}
	return lines, nil
}

// invocation is the request ID of the invocation that a line is about.
func (l line) invocation() string {
	if l.Record.RequestID != "" {
		return l.Record.RequestID
	}
	return l.RequestID
}

// failed tells of a consumer's line whether it says that a message failed.
func (l line) failed() bool { return l.Level == "ERROR" || l.Level == "WARN" }

// received tells of a consumer's line whether it says that a message came.
func (l line) received() bool { return l.Message == "event received" }

// ending tells of Lambda's line how an invocation ended that did not return.
func (l line) ending() string {
	switch l.Record.Status {
	case "timeout":
		return fmt.Sprintf("the function timed out after %v", time.Duration(l.Record.Metrics.DurationMs*float64(time.Millisecond)).Round(time.Millisecond))
	case "error", "failure":
		if l.Record.ErrorType != "" {
			return "the function crashed: " + l.Record.ErrorType
		}
		return "the function crashed"
	}
	return ""
}

// An ending is how a message's last invocation ended, if not well.
type ending struct {
	requestID string
	at        time.Time
	because   string
}

// explain finds out what a consumer's function last said of each dead letter.
func (s *Stack) explain(ctx context.Context, c consumer, letters []DeadLetter) error {
	if len(letters) == 0 {
		return nil
	}
	ids := make([]string, len(letters))
	from := letters[0].Sent
	for i := range letters {
		l := &letters[i] // whose other parts others look up meanwhile
		ids[i] = l.ID
		if l.Sent.Before(from) {
			from = l.Sent
		}
	}
	lines, err := s.lines(ctx, c.logGroup, from, ids...)
	if err != nil {
		return err
	}
	last := lastEndings(lines)
	if err := s.lookUpEndings(ctx, c, from, last); err != nil {
		return err
	}
	for i := range letters {
		if e := last[letters[i].ID]; e != nil {
			letters[i].RequestID, letters[i].FailedAt, letters[i].LastError = e.requestID, e.at, e.because
		}
	}
	return nil
}

// lastEndings are those of messages, by ID. The reason is "" where the message
// was received, and nothing more was said of it.
func lastEndings(lines []line) map[string]*ending {
	last := map[string]*ending{}
	for _, l := range lines {
		switch {
		case l.MessageID == "":
		case l.failed():
			last[l.MessageID] = &ending{l.invocation(), l.At, l.Error}
		case l.received():
			last[l.MessageID] = &ending{requestID: l.invocation(), at: l.At}
		}
	}
	return last
}

// lookUpEndings asks Lambda's own lines about invocations that said no more.
func (s *Stack) lookUpEndings(ctx context.Context, c consumer, from time.Time, endings map[string]*ending) error {
	silent := map[string][]*ending{}
	var ids []string
	for _, e := range endings {
		if e.because != "" || e.requestID == "" {
			continue
		}
		if silent[e.requestID] == nil {
			ids = append(ids, e.requestID)
		}
		silent[e.requestID] = append(silent[e.requestID], e)
	}
	lines, err := s.lines(ctx, c.logGroup, from, ids...)
	for _, l := range lines {
		if because := l.ending(); because != "" {
			for _, e := range silent[l.invocation()] {
				e.at, e.because = l.At, because
			}
		}
	}
	return err
}
