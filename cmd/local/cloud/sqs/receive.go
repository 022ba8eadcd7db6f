package sqs

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"orderflow/cmd/local/cloud/interpose"
)

const (
	// maxInFlight messages may be received and not yet deleted. A short poll
	// beyond that is an error, a long one waits.
	// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-queues.html
	maxInFlight   = 120_000
	maxVisibility = 12 * time.Hour
	maxWait       = 20 * time.Second
	maxBatch      = 10
)

type ReceiveMessageInput struct {
	QueueUrl                    string
	AttributeNames              []string // the deprecated name of the next
	MessageSystemAttributeNames []string
	MessageAttributeNames       []string
	MaxNumberOfMessages         *int // 1 to 10, default 1
	VisibilityTimeout           *int // seconds, default the queue's
	WaitTimeSeconds             *int // default the queue's
}

type ReceiveMessageOutput struct {
	Messages []Message `json:",omitempty"`
}

// A Message as it is received. Its maps are shared: do not write to them.
type Message struct {
	MessageId              string
	ReceiptHandle          string
	MD5OfBody              string
	Body                   string
	Attributes             map[string]string                `json:",omitempty"`
	MD5OfMessageAttributes string                           `json:",omitempty"`
	MessageAttributes      map[string]MessageAttributeValue `json:",omitempty"`
}

// ReceiveMessage hands out visible messages, longest visible first, and hides
// them for the visibility timeout. When there is none it waits, polls being
// served in the order they came, until one is visible, the wait time is over
// (an empty answer) or ctx is done (its error).
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html
func (s *Service) ReceiveMessage(ctx context.Context, in *ReceiveMessageInput) (*ReceiveMessageOutput, error) {
	want, err := parseWant(in)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	q, err := s.queue(in.QueueUrl)
	if err != nil {
		s.mu.Unlock()
		return nil, err
	}
	now := time.Now().UnixNano()
	q.advance(now)
	wait := q.attributes.wait
	if in.WaitTimeSeconds != nil {
		wait = time.Duration(*in.WaitTimeSeconds) * time.Second
	}
	if q.inFlight >= maxInFlight && wait == 0 {
		s.mu.Unlock()
		return nil, failure(403, "OverLimit", "OverLimit", "The maximum number of in flight messages is reached.")
	}
	messages := q.take(want, now)
	if len(messages) > 0 || wait == 0 {
		q.settle(now)
		s.mu.Unlock()
		return &ReceiveMessageOutput{Messages: messages}, nil
	}
	w := &waiter{want: want, answered: make(chan struct{})}
	q.waiters.push(w)
	q.settle(now)
	s.mu.Unlock()
	return s.await(ctx, q, w, wait)
}

// await waits for what a poll is given.
func (s *Service) await(ctx context.Context, q *queue, w *waiter, wait time.Duration) (*ReceiveMessageOutput, error) {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-w.answered:
	case <-timer.C:
	case <-ctx.Done():
	}
	s.turn.Take("poll by", interpose.Activity(ctx))
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-w.answered: // maybe just in time: received is received
		return w.answer.output()
	default:
	}
	q.waiters.remove(w)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return &ReceiveMessageOutput{}, nil
}

// take receives visible messages, moving those that were received too often
// to the dead-letter queue.
func (q *queue) take(want want, now int64) []Message {
	s := q.service
	var out []Message
	var again []*entry // received with a visibility timeout of 0
	deadLetters, maxReceives := q.deadLetters()
	moved := false
	for len(out) < want.number && q.visible.first != nil && q.inFlight < maxInFlight {
		e := q.visible.first
		old, _ := s.messages.Get(e.key)
		if deadLetters != nil && e.receives >= maxReceives {
			q.moveTo(deadLetters, e, old, now)
			moved = true
			continue
		}
		m := *old
		e.receives++
		e.receivedAt = now
		m.Received++
		m.Receives = e.receives
		if m.FirstReceived == 0 {
			m.FirstReceived = now
		}
		q.visible.remove(e)
		if visibility := want.visibility(q); visibility == 0 {
			again = append(again, e)
			m.VisibleAt = 0
		} else {
			m.VisibleAt = now + int64(visibility)
			q.hide(e, m.VisibleAt)
		}
		s.messages.Put(e.key, &m)
		q.counts.Received++
		if out == nil {
			out = make([]Message, 0, min(want.number, q.visible.length+1))
		}
		out = append(out, want.render(&m, receipt{queue: q.id, sequence: e.sequence, receives: e.receives}))
	}
	for _, e := range again {
		q.visible.push(e)
	}
	if moved {
		deadLetters.settle(now)
	}
	return out
}

// hide puts a message in flight; it is in neither list nor heap.
func (q *queue) hide(e *entry, until int64) {
	e.visibleAt, e.hidden, e.inFlight = until, true, true
	q.hidden.push(e)
	q.inFlight++
}

// serve hands visible messages to the polls that wait.
func (q *queue) serve(now int64) {
	for w := q.waiters.first; w != nil && q.visible.first != nil && q.inFlight < maxInFlight; w = q.waiters.first {
		q.waiters.remove(w) // first: two queues may be each other's dead-letter queue
		messages := q.take(w.want, now)
		if len(messages) == 0 {
			q.waiters.unshift(w)
			return
		}
		w.give(answer{messages: messages})
	}
}

// A want is what one poll asks for.
type want struct {
	number    int
	timeout   time.Duration // of visibility; negative: the queue's
	system    systemAttribute
	names     []string
	prefixes  []string
	everyName bool
}

func (w *want) visibility(q *queue) time.Duration {
	if w.timeout < 0 {
		return q.attributes.visibility
	}
	return w.timeout
}

func parseWant(in *ReceiveMessageInput) (want, error) {
	w := want{number: 1, timeout: -1}
	if n := in.MaxNumberOfMessages; n != nil {
		if *n < 1 || *n > maxBatch {
			return w, invalidParameter("Value %d for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided.", *n)
		}
		w.number = *n
	}
	if t := in.VisibilityTimeout; t != nil {
		if *t < 0 || *t > int(maxVisibility.Seconds()) {
			return w, invalidParameter("Value %d for parameter VisibilityTimeout is invalid. Reason: Must be between 0 and 43200, if provided.", *t)
		}
		w.timeout = time.Duration(*t) * time.Second
	}
	if t := in.WaitTimeSeconds; t != nil && (*t < 0 || *t > int(maxWait.Seconds())) {
		return w, invalidParameter("Value %d for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20, if provided.", *t)
	}
	for _, names := range [][]string{in.AttributeNames, in.MessageSystemAttributeNames} {
		for _, name := range names {
			bit, ok := systemAttributes[name]
			if !ok {
				return w, unknownAttribute(name)
			}
			w.system |= bit
		}
	}
	for _, name := range in.MessageAttributeNames {
		if name == "All" || name == ".*" {
			w.everyName = true
		} else if prefix, ok := strings.CutSuffix(name, ".*"); ok {
			w.prefixes = append(w.prefixes, prefix)
		} else {
			w.names = append(w.names, name)
		}
	}
	return w, nil
}

type systemAttribute uint8

const (
	senderID systemAttribute = 1 << iota
	sentTimestamp
	receiveCount
	firstReceiveTimestamp
	traceHeader
	deadLetterSource
)

// systemAttributes are the names that may be asked for. Those of FIFO queues
// are known, but no message has them.
var systemAttributes = map[string]systemAttribute{
	"All":                              ^systemAttribute(0),
	"SenderId":                         senderID,
	"SentTimestamp":                    sentTimestamp,
	"ApproximateReceiveCount":          receiveCount,
	"ApproximateFirstReceiveTimestamp": firstReceiveTimestamp,
	"AWSTraceHeader":                   traceHeader,
	"DeadLetterQueueSourceArn":         deadLetterSource,
	"SequenceNumber":                   0,
	"MessageDeduplicationId":           0,
	"MessageGroupId":                   0,
}

func (w *want) render(m *message, r receipt) Message {
	out := Message{
		MessageId:     m.ID,
		ReceiptHandle: r.handle(),
		MD5OfBody:     m.BodyMD5,
		Body:          m.Body,
		Attributes:    w.systemAttributes(m),
	}
	switch {
	case len(m.Attributes) == 0:
	case w.everyName:
		out.MessageAttributes, out.MD5OfMessageAttributes = m.Attributes, m.AttributesMD5
	case len(w.names)+len(w.prefixes) > 0:
		out.MessageAttributes = maps.Clone(m.Attributes)
		maps.DeleteFunc(out.MessageAttributes, func(name string, _ MessageAttributeValue) bool { return !w.named(name) })
		out.MD5OfMessageAttributes = attributesMD5(out.MessageAttributes)
	}
	return out
}

func (w *want) named(name string) bool {
	return slices.Contains(w.names, name) ||
		slices.ContainsFunc(w.prefixes, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
}

func (w *want) systemAttributes(m *message) map[string]string {
	if w.system == 0 {
		return nil
	}
	out := make(map[string]string, 6)
	set := func(bit systemAttribute, name, value string) {
		if w.system&bit != 0 && value != "" {
			out[name] = value
		}
	}
	set(senderID, "SenderId", m.Sender)
	set(sentTimestamp, "SentTimestamp", milliseconds(m.Enqueued))
	set(receiveCount, "ApproximateReceiveCount", strconv.Itoa(m.Received))
	set(firstReceiveTimestamp, "ApproximateFirstReceiveTimestamp", milliseconds(m.FirstReceived))
	set(traceHeader, "AWSTraceHeader", m.Trace)
	set(deadLetterSource, "DeadLetterQueueSourceArn", m.Source)
	return out
}

func milliseconds(nanoseconds int64) string {
	return strconv.FormatInt(nanoseconds/int64(time.Millisecond), 10)
}

// A waiter is a poll that waits.
type waiter struct {
	want       want
	answer     answer
	answered   chan struct{} // closed once answer is set
	prev, next *waiter
}

func (w *waiter) give(a answer) {
	w.answer = a
	close(w.answered)
}

type answer struct {
	messages []Message
	err      error
}

func (a answer) output() (*ReceiveMessageOutput, error) {
	if a.err != nil {
		return nil, a.err
	}
	return &ReceiveMessageOutput{Messages: a.messages}, nil
}

// waiters are served first come, first served.
type waiters struct{ first, last *waiter }

func (l *waiters) push(w *waiter) {
	w.prev = l.last
	if l.last == nil {
		l.first = w
	} else {
		l.last.next = w
	}
	l.last = w
}

func (l *waiters) unshift(w *waiter) {
	w.next = l.first
	if l.first == nil {
		l.last = w
	} else {
		l.first.prev = w
	}
	l.first = w
}

func (l *waiters) remove(w *waiter) {
	if w.prev == nil {
		l.first = w.next
	} else {
		w.prev.next = w.next
	}
	if w.next == nil {
		l.last = w.prev
	} else {
		w.next.prev = w.prev
	}
	w.prev, w.next = nil, nil
}
