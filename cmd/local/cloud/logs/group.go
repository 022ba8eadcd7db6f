package logs

import (
	"cmp"
	"context"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"orderflow/cmd/local/cloud/storage"
)

// A group holds what its streams' events have in common.
type group struct {
	name     string
	created  time.Time
	maxBytes int

	mu        sync.Mutex
	retention time.Duration // 0: for ever
	streams   storage.Table[*Stream]

	// events are as they were ingested, which is nearly by time. They are only
	// ever appended, and cut off in front: who reads them holds no lock.
	events   []event
	bytes    int
	sequence int64
}

// add ingests an event. The caller holds the group's mutex.
func (g *group) add(s *Stream, at, now int64, message string) {
	if s.kept == 0 {
		g.streams.Put(s.name, s)
		s.first, s.last = at, at
	}
	g.sequence++
	e := event{stream: s, at: at, ingested: now, sequence: g.sequence, message: message}
	g.events = append(g.events, e)
	g.bytes += e.size()
	s.kept++
	s.first, s.last, s.ingested = min(s.first, at), max(s.last, at), now
	for g.bytes > g.maxBytes && len(g.events) > 1 {
		g.drop()
	}
	g.expire(now)
}

// expire drops what is older than the group's retention. The caller holds the
// group's mutex.
func (g *group) expire(now int64) {
	for len(g.events) > 0 && g.events[0].at < g.oldest(now) {
		g.drop()
	}
}

// drop drops what was ingested first.
func (g *group) drop() {
	e := &g.events[0]
	g.bytes -= e.size()
	g.events = g.events[1:]
	e.stream.kept--
	if e.stream.kept == 0 && !e.stream.lasting {
		g.streams.Delete(e.stream.name)
	}
}

// oldest is the time before which nothing is kept.
func (g *group) oldest(now int64) int64 {
	if g.retention == 0 {
		return 0
	}
	return now - g.retention.Milliseconds()
}

// find are the events that are kept and wanted, by time, and by ingestion at
// one time.
func (g *group) find(wanted func(*event) bool) []*event {
	now := time.Now().UnixMilli()
	g.mu.Lock()
	g.expire(now)
	events, oldest := g.events, g.oldest(now)
	g.mu.Unlock()

	var found []*event
	for i := range events {
		if e := &events[i]; e.at >= oldest && wanted(e) {
			found = append(found, e)
		}
	}
	if !slices.IsSortedFunc(found, inOrder) {
		slices.SortFunc(found, inOrder)
	}
	return found
}

// CreateLogGroupInput names a log group.
type CreateLogGroupInput struct {
	LogGroupName  string `json:"logGroupName"`
	LogGroupClass string `json:"logGroupClass"` // "" or STANDARD
}

// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html
var groupName = regexp.MustCompile(`^[.\-_/#A-Za-z0-9]{1,512}$`)

// CreateLogGroup makes a group whose events do not expire.
func (s *Service) CreateLogGroup(_ context.Context, in *CreateLogGroupInput) (*struct{}, error) {
	switch {
	case in.LogGroupName == "":
		return nil, missing("logGroupName")
	case !groupName.MatchString(in.LogGroupName):
		return nil, constraint(in.LogGroupName, "logGroupName", "Member must satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+")
	case strings.HasPrefix(in.LogGroupName, "aws/"):
		return nil, invalid("Log groups starting with aws/ are reserved for AWS.")
	case in.LogGroupClass != "" && in.LogGroupClass != standard:
		return nil, invalid("Log group class %s is not supported by the local cloud.", in.LogGroupClass)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.groups.Get(in.LogGroupName); ok {
		return nil, errExists("group")
	}
	s.create(in.LogGroupName)
	return &struct{}{}, nil
}

const standard = "STANDARD"

// create makes a group. The caller holds the service's mutex.
func (s *Service) create(name string) *group {
	g := &group{name: name, created: time.Now(), maxBytes: s.maxBytes, streams: storage.Memory[*Stream]()}
	s.groups.Put(name, g)
	return g
}

// PutRetentionPolicyInput says how long a group keeps its events.
type PutRetentionPolicyInput struct {
	LogGroupName    string `json:"logGroupName"`
	RetentionInDays int    `json:"retentionInDays"`
}

// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
var retentions = []int{1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}

// PutRetentionPolicy takes effect at once.
func (s *Service) PutRetentionPolicy(_ context.Context, in *PutRetentionPolicyInput) (*struct{}, error) {
	if !slices.Contains(retentions, in.RetentionInDays) {
		return nil, constraint(in.RetentionInDays, "retentionInDays", "Member must satisfy enum value set: [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653]")
	}
	g, err := s.group(in.LogGroupName)
	if err != nil {
		return nil, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.retention = time.Duration(in.RetentionInDays) * day
	return &struct{}{}, nil
}

const day = 24 * time.Hour

// DescribeLogGroupsInput selects groups and pages through them.
type DescribeLogGroupsInput struct {
	LogGroupNamePrefix  string `json:"logGroupNamePrefix"`
	LogGroupNamePattern string `json:"logGroupNamePattern"` // is in the name
	Limit               *int   `json:"limit"`               // at most and by default 50
	NextToken           string `json:"nextToken"`
}

// DescribeLogGroupsOutput is a page of groups, by name.
type DescribeLogGroupsOutput struct {
	LogGroups []LogGroup `json:"logGroups"`
	NextToken string     `json:"nextToken,omitempty"`
}

// LogGroup is a group as the API reports it. The members after the third are
// left out where groups are asked for by a part of their name.
type LogGroup struct {
	Arn          string `json:"arn"`
	CreationTime int64  `json:"creationTime"`
	LogGroupName string `json:"logGroupName"`

	LogGroupArn       string `json:"logGroupArn,omitempty"`
	LogGroupClass     string `json:"logGroupClass,omitempty"`
	MetricFilterCount *int   `json:"metricFilterCount,omitempty"`
	RetentionInDays   int    `json:"retentionInDays,omitempty"` // 0: for ever
	StoredBytes       *int   `json:"storedBytes,omitempty"`
}

// maxDescribed is the largest page of groups or streams, and the default.
const maxDescribed = 50

// DescribeLogGroups reports the groups in order of their names.
func (s *Service) DescribeLogGroups(_ context.Context, in *DescribeLogGroupsInput) (*DescribeLogGroupsOutput, error) {
	limit, err := checkLimit(in.Limit, maxDescribed)
	if err != nil {
		return nil, err
	}
	if in.LogGroupNamePrefix != "" && in.LogGroupNamePattern != "" {
		return nil, invalid("LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	out := &DescribeLogGroupsOutput{LogGroups: []LogGroup{}}
	for name, g := range s.groups.Ascend(cmp.Or(in.NextToken, in.LogGroupNamePrefix)) {
		if !strings.HasPrefix(name, in.LogGroupNamePrefix) {
			break
		}
		if !strings.Contains(name, in.LogGroupNamePattern) {
			continue
		}
		if len(out.LogGroups) == limit {
			out.NextToken = name
			break
		}
		described := LogGroup{Arn: s.arns + name + ":*", CreationTime: g.created.UnixMilli(), LogGroupName: name}
		if in.LogGroupNamePattern == "" {
			g.describe(&described)
			described.LogGroupArn = s.arns + name
		}
		out.LogGroups = append(out.LogGroups, described)
	}
	return out, nil
}

func (g *group) describe(d *LogGroup) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.expire(time.Now().UnixMilli())
	d.LogGroupClass = standard
	d.MetricFilterCount = new(0)
	d.RetentionInDays = int(g.retention / day)
	d.StoredBytes = new(g.bytes)
}
