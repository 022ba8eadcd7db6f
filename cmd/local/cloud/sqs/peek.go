package sqs

import (
	"context"
	"slices"
	"time"
)

// Peeked is a message as it lies in its queue.
type Peeked struct {
	MessageID     string
	Body          string
	Attributes    map[string]MessageAttributeValue // shared: do not write to it
	Sent          time.Time
	FirstReceived time.Time // zero: never
	Receives      int       // as ApproximateReceiveCount said when it was received last

	VisibleAt time.Time // of a hidden message; zero: it is visible
	InFlight  bool      // it was received; a hidden message that is not is delayed
}

// Peek reads the limit oldest messages of a queue, oldest first, without
// receiving them: it changes nothing, and whoever waits for them still gets
// them. No such action is there on AWS. What it costs grows with limit alone,
// however many messages there are.
func (s *Service) Peek(_ context.Context, queueURL string, limit int) ([]Peeked, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.queue(queueURL)
	if err != nil {
		return nil, err
	}
	q.advance(time.Now().UnixNano())
	var out []Peeked
	for _, e := range q.ages.leading(limit) {
		m, _ := s.messages.Get(e.key)
		p := Peeked{
			MessageID:  m.ID,
			Body:       m.Body,
			Attributes: m.Attributes,
			Sent:       time.Unix(0, m.Enqueued),
			Receives:   m.Received,
			InFlight:   e.inFlight,
		}
		if m.FirstReceived != 0 {
			p.FirstReceived = time.Unix(0, m.FirstReceived)
		}
		if e.hidden {
			p.VisibleAt = time.Unix(0, e.visibleAt)
		}
		out = append(out, p)
	}
	return out, nil
}

// leading are the first n entries in their order. The next is always the root
// or right below one that is taken already.
func (h *heap) leading(n int) []*entry {
	var taken []*entry
	var next []int // in order
	if len(h.entries) > 0 {
		next = append(next, 0)
	}
	for len(taken) < n && len(next) > 0 {
		i := next[0]
		next = next[1:]
		taken = append(taken, h.entries[i])
		for child := 2*i + 1; child <= 2*i+2 && child < len(h.entries); child++ {
			at, _ := slices.BinarySearchFunc(next, child, h.compare)
			next = slices.Insert(next, at, child)
		}
	}
	return taken
}

func (h *heap) compare(i, j int) int {
	if h.less(i, j) {
		return -1
	}
	return 1
}
