package stack

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"orderflow/lambdas/order"
)

// A Count is how many events of a type, about orders of a status, happened
// within a minute.
type Count struct {
	Minute time.Time       `json:"minute"`
	Type   order.EventType `json:"type"`
	Status order.Status    `json:"status,omitempty"` // "" where the event tells none
	Count  int             `json:"count"`
}

// maxObjects is how many of analytics' objects are read at most.
const maxObjects = 2000

// Counts counts the events that analytics has stored, from a time to another,
// by time. It is not complete when there were more objects than it reads: it
// reads the latest.
func (s *Stack) Counts(ctx context.Context, from, to time.Time) (counts []Count, complete bool, err error) {
	objects, err := s.storedEvents(ctx, from, to)
	if err != nil {
		return nil, false, err
	}
	slices.SortFunc(objects, func(a, b types.Object) int { return b.LastModified.Compare(*a.LastModified) })
	complete = len(objects) <= maxObjects
	sums := map[Count]int{}
	for _, o := range objects[:min(len(objects), maxObjects)] {
		if err := s.count(ctx, *o.Key, from, to, sums); err != nil {
			return nil, false, err
		}
	}
	for c, n := range sums {
		c.Count = n
		counts = append(counts, c)
	}
	slices.SortFunc(counts, func(a, b Count) int { return a.Minute.Compare(b.Minute) })
	return counts, complete, nil
}

// storedEvents are the objects that may hold events of a time: analytics files them by
// the hour of their first event.
func (s *Stack) storedEvents(ctx context.Context, from, to time.Time) ([]types.Object, error) {
	bucket := s.resources["AnalyticsBucket"]
	var objects []types.Object
	for hour := from.UTC().Truncate(time.Hour); !hour.After(to); hour = hour.Add(time.Hour) {
		prefix := hour.Format("events/year=2006/month=01/day=02/hour=15/")
		pages := s3.NewListObjectsV2Paginator(s.objects, &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: &prefix})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return nil, fmt.Errorf("stack: analytics: %w", err)
			}
			for _, o := range page.Contents {
				if !o.LastModified.Before(from) {
					objects = append(objects, o)
				}
			}
		}
	}
	return objects, nil
}

func (s *Stack) count(ctx context.Context, key string, from, to time.Time, sums map[Count]int) error {
	bucket := s.resources["AnalyticsBucket"]
	out, err := s.objects.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		return fmt.Errorf("stack: analytics: object %q: %w", key, err)
	}
	defer out.Body.Close()
	lines := bufio.NewScanner(out.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var e struct {
			Type order.EventType
			Time time.Time
			Data struct{ Status order.Status }
		}
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			return fmt.Errorf("stack: analytics: object %q: %w", key, err)
		}
		if !e.Time.Before(from) && !e.Time.After(to) {
			sums[Count{Minute: e.Time.Truncate(time.Minute), Type: e.Type, Status: e.Data.Status}]++
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("stack: analytics: object %q: %w", key, err)
	}
	return nil
}
