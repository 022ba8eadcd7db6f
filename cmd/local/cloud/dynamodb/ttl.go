package dynamodb

import (
	"context"
	"encoding/binary"
	"strconv"
	"time"

	"orderflow/cmd/local/cloud/dynamodb/attribute"
	"orderflow/cmd/local/cloud/storage"
)

// sweepInterval is how often expired items are deleted at most. AWS promises
// "within a few days"; a reader must not count on either.
const sweepInterval = time.Minute

// maxOverdue is how old an expiry time may be: AWS leaves items alone whose
// time lies more than five years back.
const maxOverdue = 5 * 365 * 24 * time.Hour

// timeToLive finds a table's expired items. The zero value is disabled.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/howitworks-ttl.html
type timeToLive struct {
	attribute string

	// due has a key for each item that expires: its time, then the item's key.
	due storage.Table[struct{}]

	swept time.Time
	timer *time.Timer // the next sweep, nil if none is due
	at    time.Time   // when it runs
}

func (l *timeToLive) enabled() bool { return l.due != nil }

func (l *timeToLive) replace(key string, old, next *record) {
	if !l.enabled() {
		return
	}
	if at, ok := l.expiry(old); ok {
		l.due.Delete(dueKey(at, key))
	}
	if at, ok := l.expiry(next); ok {
		l.due.Put(dueKey(at, key), struct{}{})
	}
}

// expiry is when r expires; ok is false if it never does.
func (l *timeToLive) expiry(r *record) (at int64, ok bool) {
	if r == nil {
		return 0, false
	}
	n, ok := r.item.Get(l.attribute).(attribute.Number)
	if !ok {
		return 0, false
	}
	at, err := strconv.ParseInt(string(n), 10, 64)
	return at, err == nil && at > 0
}

func dueKey(at int64, key string) string {
	return string(binary.BigEndian.AppendUint64(nil, uint64(at))) + key
}

func (l *timeToLive) first() (at time.Time, ok bool) {
	if !l.enabled() {
		return at, false
	}
	oldest := time.Now().Add(-maxOverdue)
	for due := range l.due.Ascend(dueKey(max(oldest.Unix(), 0), "")) {
		return time.Unix(int64(binary.BigEndian.Uint64([]byte(due))), 0), true
	}
	return at, false
}

// scheduleSweep sees to it that a sweep follows the first expiry. The lock is
// held.
func (s *Service) scheduleSweep(t *table) {
	first, ok := t.ttl.first()
	if !ok || s.closed {
		return
	}
	if next := t.ttl.swept.Add(sweepInterval); first.Before(next) {
		first = next
	}
	if t.ttl.timer != nil {
		if !first.Before(t.ttl.at) {
			return
		}
		s.unscheduleSweep(t)
	}
	t.ttl.at = first
	s.sweeps.Add(1)
	t.ttl.timer = time.AfterFunc(time.Until(first), func() {
		defer s.sweeps.Done()
		s.sweep(t)
	})
}

func (s *Service) unscheduleSweep(t *table) {
	if t.ttl.timer != nil && t.ttl.timer.Stop() {
		s.sweeps.Done()
	}
	t.ttl.timer = nil
}

// sweep deletes what has expired, at no capacity.
func (s *Service) sweep(t *table) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t.ttl.timer, t.ttl.swept = nil, time.Now()
	if !t.ttl.enabled() {
		return
	}
	var expired []string
	oldest, latest := dueKey(max(t.ttl.swept.Add(-maxOverdue).Unix(), 0), ""), dueKey(t.ttl.swept.Unix()+1, "")
	for due := range t.ttl.due.Ascend(oldest) {
		if due >= latest {
			break
		}
		expired = append(expired, due[8:])
	}
	for _, key := range expired {
		if old, ok := t.items.Get(key); ok {
			t.replace(key, old, nil)
		}
	}
	s.scheduleSweep(t)
}

type TimeToLiveSpecification struct {
	AttributeName string
	Enabled       bool
}

type UpdateTimeToLiveInput struct {
	TableName               string
	TimeToLiveSpecification TimeToLiveSpecification
}

type UpdateTimeToLiveOutput struct {
	TimeToLiveSpecification TimeToLiveSpecification
}

// UpdateTimeToLive lets items expire at the epoch second in an attribute.
func (s *Service) UpdateTimeToLive(_ context.Context, in *UpdateTimeToLiveInput) (*UpdateTimeToLiveOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.describe(in.TableName)
	if err != nil {
		return nil, err
	}
	name := in.TimeToLiveSpecification.AttributeName
	switch on := in.TimeToLiveSpecification.Enabled; {
	case name == "" || len(name) > 255:
		return nil, attribute.Invalid("TimeToLiveSpecification.AttributeName must be between 1 and 255 characters long")
	case on && t.ttl.enabled():
		return nil, attribute.Invalid("TimeToLive is already enabled")
	case !on && !t.ttl.enabled():
		return nil, attribute.Invalid("TimeToLive is already disabled")
	case !on && t.ttl.attribute != name:
		return nil, attribute.Invalid("TimeToLive is active on a different AttributeName: current AttributeName is %s", t.ttl.attribute)
	case !on:
		s.unscheduleSweep(t)
		t.ttl = timeToLive{}
	default:
		t.ttl.attribute, t.ttl.due = name, storage.Memory[struct{}]()
		for key, r := range t.items.Ascend("") {
			t.ttl.replace(key, nil, r)
		}
		s.scheduleSweep(t)
	}
	return &UpdateTimeToLiveOutput{in.TimeToLiveSpecification}, nil
}

type DescribeTimeToLiveInput struct{ TableName string }

type DescribeTimeToLiveOutput struct {
	TimeToLiveDescription TimeToLiveDescription
}

type TimeToLiveDescription struct {
	AttributeName    string `json:",omitempty"`
	TimeToLiveStatus string
}

// DescribeTimeToLive tells whether items expire, and by which attribute.
func (s *Service) DescribeTimeToLive(_ context.Context, in *DescribeTimeToLiveInput) (*DescribeTimeToLiveOutput, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	t, err := s.describe(in.TableName)
	if err != nil {
		return nil, err
	}
	if !t.ttl.enabled() {
		return &DescribeTimeToLiveOutput{TimeToLiveDescription{TimeToLiveStatus: "DISABLED"}}, nil
	}
	return &DescribeTimeToLiveOutput{TimeToLiveDescription{AttributeName: t.ttl.attribute, TimeToLiveStatus: "ENABLED"}}, nil
}
