package logs

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// A Stream is a log stream, such as an execution environment writes. Its
// group's mutex guards what is not fixed.
type Stream struct {
	group   *group
	name    string
	created time.Time
	lasting bool // stays when its last event is dropped

	kept                  int   // events
	first, last, ingested int64 // times of events, in milliseconds; 0 before there are any
}

// Open is a stream for a service of this cloud to write to. It and its group
// are made if they are not there, and the stream goes with its last event.
func (s *Service) Open(groupName, streamName string) *Stream {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, ok := s.groups.Get(groupName)
	if !ok {
		g = s.create(groupName)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if stream, ok := g.streams.Get(streamName); ok {
		return stream
	}
	return &Stream{group: g, name: streamName, created: time.Now()}
}

// Write ingests one event. Of a message that is too large the end is lost.
func (s *Stream) Write(at time.Time, message string) {
	message = message[:min(len(message), maxEvent-eventOverhead)]
	s.group.mu.Lock()
	defer s.group.mu.Unlock()
	s.group.add(s, at.UnixMilli(), time.Now().UnixMilli(), message)
}

// CreateLogStreamInput names a stream.
type CreateLogStreamInput struct {
	LogGroupName  string `json:"logGroupName"`
	LogStreamName string `json:"logStreamName"`
}

// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogStream.html
var streamName = regexp.MustCompile(`^[^:*]{1,512}$`)

// CreateLogStream makes an empty stream.
func (s *Service) CreateLogStream(_ context.Context, in *CreateLogStreamInput) (*struct{}, error) {
	if err := checkStreamName(in.LogStreamName); err != nil {
		return nil, err
	}
	g, err := s.group(in.LogGroupName)
	if err != nil {
		return nil, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, ok := g.streams.Get(in.LogStreamName); ok {
		return nil, errExists("stream")
	}
	g.streams.Put(in.LogStreamName, &Stream{group: g, name: in.LogStreamName, created: time.Now(), lasting: true})
	return &struct{}{}, nil
}

func checkStreamName(name string) error {
	if name == "" {
		return missing("logStreamName")
	}
	if !streamName.MatchString(name) {
		return constraint(name, "logStreamName", "Member must satisfy regular expression pattern: [^:*]*")
	}
	return nil
}

// stream finds a stream by its name. The caller holds the group's mutex.
func (g *group) stream(name string) (*Stream, error) {
	if name == "" {
		return nil, missing("logStreamName")
	}
	s, ok := g.streams.Get(name)
	if !ok {
		return nil, errNoStream()
	}
	return s, nil
}

// DescribeLogStreamsInput selects a group's streams and pages through them.
type DescribeLogStreamsInput struct {
	LogGroupName        string `json:"logGroupName"`
	LogGroupIdentifier  string `json:"logGroupIdentifier"`
	LogStreamNamePrefix string `json:"logStreamNamePrefix"`
	OrderBy             string `json:"orderBy"` // "" being LogStreamName
	Descending          bool   `json:"descending"`
	Limit               *int   `json:"limit"` // at most and by default 50
	NextToken           string `json:"nextToken"`
}

// What streams can be ordered by.
const (
	byName      = "LogStreamName"
	byLastEvent = "LastEventTime"
)

// DescribeLogStreamsOutput is a page of streams.
type DescribeLogStreamsOutput struct {
	LogStreams []LogStream `json:"logStreams"`
	NextToken  string      `json:"nextToken,omitempty"`
}

// LogStream is a stream as the API reports it. Times are of events.
type LogStream struct {
	Arn                 string `json:"arn"`
	CreationTime        int64  `json:"creationTime"`
	FirstEventTimestamp int64  `json:"firstEventTimestamp,omitempty"`
	LastEventTimestamp  int64  `json:"lastEventTimestamp,omitempty"`
	LastIngestionTime   int64  `json:"lastIngestionTime,omitempty"`
	LogStreamName       string `json:"logStreamName"`
	StoredBytes         int    `json:"storedBytes"` // AWS says 0 since 2019
}

// DescribeLogStreams reports a group's streams.
func (s *Service) DescribeLogStreams(_ context.Context, in *DescribeLogStreamsInput) (*DescribeLogStreamsOutput, error) {
	limit, err := checkLimit(in.Limit, maxDescribed)
	if err != nil {
		return nil, err
	}
	orderBy := cmp.Or(in.OrderBy, byName)
	switch {
	case orderBy != byName && orderBy != byLastEvent:
		return nil, constraint(in.OrderBy, "orderBy", "Member must satisfy enum value set: [LogStreamName, LastEventTime]")
	case orderBy == byLastEvent && in.LogStreamNamePrefix != "":
		return nil, invalid("Cannot order by LastEventTime with a logStreamNamePrefix.")
	}
	g, err := s.identified(in.LogGroupName, in.LogGroupIdentifier)
	if err != nil {
		return nil, err
	}
	keyed := g.describeStreams(s.arns, in.LogStreamNamePrefix, orderBy)
	if in.Descending {
		slices.Reverse(keyed)
	}
	out := &DescribeLogStreamsOutput{LogStreams: []LogStream{}}
	for _, k := range keyed {
		before := k.key < in.NextToken
		if in.Descending {
			before = k.key > in.NextToken
		}
		if in.NextToken != "" && before {
			continue
		}
		if len(out.LogStreams) == limit {
			out.NextToken = k.key
			break
		}
		out.LogStreams = append(out.LogStreams, k.LogStream)
	}
	return out, nil
}

// A keyedStream has a key that is ordered as the streams are.
type keyedStream struct {
	key string
	LogStream
}

// describeStreams are the streams whose name has the prefix, in order.
func (g *group) describeStreams(arns, prefix, orderBy string) (streams []keyedStream) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.expire(time.Now().UnixMilli())
	for name, s := range g.streams.Ascend(prefix) {
		if !strings.HasPrefix(name, prefix) {
			break
		}
		key := name
		if orderBy == byLastEvent {
			key = fmt.Sprintf("%020d %s", s.last, name)
		}
		streams = append(streams, keyedStream{key, LogStream{
			Arn:                 arns + g.name + ":log-stream:" + name,
			CreationTime:        s.created.UnixMilli(),
			FirstEventTimestamp: s.first,
			LastEventTimestamp:  s.last,
			LastIngestionTime:   s.ingested,
			LogStreamName:       name,
		}})
	}
	slices.SortFunc(streams, func(a, b keyedStream) int { return strings.Compare(a.key, b.key) })
	return streams
}
