package logs

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"time"
)

// Limits of PutLogEvents.
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
const (
	maxEvent      = 1 << 20 // bytes, with its overhead
	maxBatch      = 1 << 20 // bytes, with the overhead of each event
	maxEvents     = 10_000
	maxSpan       = day
	maxPast       = 14 * day
	maxFuture     = 2 * time.Hour
	eventOverhead = 26 // bytes, as AWS counts
)

// An event is one line of a log.
type event struct {
	stream       *Stream
	at, ingested int64 // milliseconds
	sequence     int64 // of its ingestion, within its group
	message      string
}

func (e *event) size() int { return len(e.message) + eventOverhead }

func (e *event) position() position { return position{e.at, e.sequence} }

func inOrder(a, b *event) int { return a.position().compare(b.position()) }

// A position is where in a group's order an event is.
type position struct{ at, sequence int64 }

func (p position) compare(q position) int {
	return cmp.Or(cmp.Compare(p.at, q.at), cmp.Compare(p.sequence, q.sequence))
}

// id is an event's ID: 56 digits, as AWS's are.
func (p position) id() string { return fmt.Sprintf("%019d%037d", p.at, p.sequence) }

func parsePosition(id string) (p position, ok bool) {
	if len(id) != 56 {
		return position{}, false
	}
	at, err1 := strconv.ParseInt(id[:19], 10, 64)
	sequence, err2 := strconv.ParseInt(id[19:], 10, 64)
	return position{at, sequence}, err1 == nil && err2 == nil
}

// PutLogEventsInput is a batch of events for one stream, by time.
type PutLogEventsInput struct {
	LogGroupName  string          `json:"logGroupName"`
	LogStreamName string          `json:"logStreamName"`
	LogEvents     []InputLogEvent `json:"logEvents"`
	SequenceToken string          `json:"sequenceToken"` // ignored, as on AWS since 2023
}

// InputLogEvent is one event of a batch.
type InputLogEvent struct {
	Message   string `json:"message"`
	Timestamp *int64 `json:"timestamp"`
}

// PutLogEventsOutput says which events were not taken.
type PutLogEventsOutput struct {
	RejectedLogEventsInfo *RejectedLogEventsInfo `json:"rejectedLogEventsInfo,omitempty"`
}

// RejectedLogEventsInfo has indexes into the batch: of the event after the last
// that is too old or expired, and of the first that is too new.
type RejectedLogEventsInfo struct {
	ExpiredLogEventEndIndex  *int `json:"expiredLogEventEndIndex,omitempty"`
	TooNewLogEventStartIndex *int `json:"tooNewLogEventStartIndex,omitempty"`
	TooOldLogEventEndIndex   *int `json:"tooOldLogEventEndIndex,omitempty"`
}

// PutLogEvents ingests a batch, but for what is too old or too new.
func (s *Service) PutLogEvents(_ context.Context, in *PutLogEventsInput) (*PutLogEventsOutput, error) {
	if err := checkBatch(in.LogEvents); err != nil {
		return nil, err
	}
	g, err := s.group(in.LogGroupName)
	if err != nil {
		return nil, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	stream, err := g.stream(in.LogStreamName)
	if err != nil {
		return nil, err
	}
	now := time.Now().UnixMilli()
	from, to, rejected := g.accept(in.LogEvents, now)
	accepted := in.LogEvents[from:to]
	if n := len(accepted); n > 0 && *accepted[n-1].Timestamp-*accepted[0].Timestamp > maxSpan.Milliseconds() {
		return nil, invalid("The batch of log events in a single PutLogEvents request cannot span more than 24 hours.")
	}
	for _, e := range accepted {
		g.add(stream, *e.Timestamp, now, e.Message)
	}
	return &PutLogEventsOutput{rejected}, nil
}

func checkBatch(events []InputLogEvent) error {
	switch n := len(events); {
	case n == 0:
		return missing("logEvents")
	case n > maxEvents:
		return constraint(n, "logEvents", fmt.Sprintf("Member must have length less than or equal to %d", maxEvents))
	}
	bytes := 0
	for i, e := range events {
		size := len(e.Message) + eventOverhead
		bytes += size
		switch {
		case e.Timestamp == nil:
			return missing(fmt.Sprintf("logEvents.%d.member.timestamp", i+1))
		case *e.Timestamp < 0:
			return constraint(*e.Timestamp, fmt.Sprintf("logEvents.%d.member.timestamp", i+1), "Member must have value greater than or equal to 0")
		case e.Message == "":
			return constraint("", fmt.Sprintf("logEvents.%d.member.message", i+1), "Member must have length greater than or equal to 1")
		case size > maxEvent:
			return invalid("Log event too large: %d bytes exceeds limit of %d", size, maxEvent)
		case i > 0 && *e.Timestamp < *events[i-1].Timestamp:
			return invalid("Log events in a single PutLogEvents request must be in chronological order.")
		}
	}
	if bytes > maxBatch {
		return invalid("Upload too large: %d bytes exceeds limit of %d", bytes, maxBatch)
	}
	return nil
}

// accept is which part of a batch is neither too old nor too new.
func (g *group) accept(events []InputLogEvent, now int64) (from, to int, rejected *RejectedLogEventsInfo) {
	index := func(at int64) int { // of the first event that is not before a time
		i := 0
		for i < len(events) && *events[i].Timestamp < at {
			i++
		}
		return i
	}
	tooOld, expired, tooNew := index(now-maxPast.Milliseconds()), index(g.oldest(now)), index(now+maxFuture.Milliseconds()+1)
	r := RejectedLogEventsInfo{}
	if tooOld > 0 {
		r.TooOldLogEventEndIndex = &tooOld
	}
	if expired > 0 {
		r.ExpiredLogEventEndIndex = &expired
	}
	if tooNew < len(events) {
		r.TooNewLogEventStartIndex = &tooNew
	}
	if r != (RejectedLogEventsInfo{}) {
		rejected = &r
	}
	from = max(tooOld, expired)
	return from, max(from, tooNew), rejected
}
