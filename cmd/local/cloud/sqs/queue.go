package sqs

import (
	"context"
	"encoding/base64"
	"maps"
	"math/rand/v2"
	"net/url"
	"strings"
	"time"

	"orderflow/cmd/local/cloud/protocol"
)

const (
	// A name is taken for a minute after its queue was deleted.
	deletedRecently = time.Minute
	maxListed       = 1000
)

type CreateQueueInput struct {
	QueueName  string
	Attributes map[string]string
	Tags       map[string]string `json:"tags"`
}

type CreateQueueOutput struct{ QueueUrl string }

// CreateQueue creates a standard queue, or answers with the one of that name
// when its attributes do not differ from the given ones.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html
func (s *Service) CreateQueue(_ context.Context, in *CreateQueueInput) (*CreateQueueOutput, error) {
	if err := checkQueueName(in.QueueName); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now().UnixNano()
	if s.closed {
		return nil, errClosed
	}
	if at, ok := s.deleted[in.QueueName]; ok && now < at+int64(deletedRecently) {
		return nil, failure(400, "QueueDeletedRecently", "AWS.SimpleQueueService.QueueDeletedRecently",
			"You must wait 60 seconds after deleting a queue before you can create another with the same name.")
	}
	q, exists := s.queues.Get(in.QueueName)
	if exists {
		return s.sameQueue(q, in)
	}
	set, err := defaultAttributes().with(s, in.QueueName, in.Attributes)
	if err != nil {
		return nil, err
	}
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	maps.DeleteFunc(s.deleted, func(_ string, at int64) bool { return now >= at+int64(deletedRecently) })
	q = &queue{
		service:    s,
		name:       in.QueueName,
		arn:        s.arn(in.QueueName),
		url:        s.url(in.QueueName),
		id:         rand.Uint64(),
		created:    now,
		modified:   now,
		attributes: set,
		tags:       maps.Clone(in.Tags),
		entries:    map[uint64]*entry{},
		hidden:     heap{by: byVisibility},
		ages:       heap{by: byAge},
	}
	s.queues.Put(in.QueueName, q)
	return &CreateQueueOutput{QueueUrl: q.url}, nil
}

func (s *Service) sameQueue(q *queue, in *CreateQueueInput) (*CreateQueueOutput, error) {
	if _, err := q.attributes.with(s, q.name, in.Attributes); err != nil {
		return nil, err
	}
	for name, value := range in.Attributes {
		if q.attributes.text(name) != value {
			return nil, failure(400, "QueueNameExists", "QueueAlreadyExists",
				"A queue already exists with the same name and a different value for attribute %s", name)
		}
	}
	return &CreateQueueOutput{QueueUrl: q.url}, nil
}

func checkQueueName(name string) error {
	if name == "" {
		return missingParameter("QueueName")
	}
	if strings.HasSuffix(name, ".fifo") {
		return unsupported("FIFO queues are")
	}
	valid := len(name) <= 80
	for i := range len(name) {
		valid = valid && (alphanumeric(name[i]) || name[i] == '-' || name[i] == '_')
	}
	if !valid {
		return invalidParameter("Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length")
	}
	return nil
}

type DeleteQueueInput struct{ QueueUrl string }

type DeleteQueueOutput struct{}

// DeleteQueue deletes a queue with its messages; long polls on it end with
// QueueDoesNotExist.
func (s *Service) DeleteQueue(_ context.Context, in *DeleteQueueInput) (*DeleteQueueOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.queue(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	q.clear()
	q.shut(noSuchQueue())
	s.queues.Delete(q.name)
	delete(s.tasks, q.arn)
	s.deleted[q.name] = time.Now().UnixNano()
	return &DeleteQueueOutput{}, nil
}

type GetQueueUrlInput struct {
	QueueName              string
	QueueOwnerAWSAccountId string
}

type GetQueueUrlOutput struct{ QueueUrl string }

// GetQueueUrl finds a queue by its name.
func (s *Service) GetQueueUrl(_ context.Context, in *GetQueueUrlInput) (*GetQueueUrlOutput, error) {
	if in.QueueName == "" {
		return nil, missingParameter("QueueName")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	q, ok := s.queues.Get(in.QueueName)
	if !ok || in.QueueOwnerAWSAccountId != "" && in.QueueOwnerAWSAccountId != s.account {
		return nil, noSuchQueue()
	}
	return &GetQueueUrlOutput{QueueUrl: q.url}, nil
}

type ListQueuesInput struct {
	QueueNamePrefix string
	MaxResults      *int
	NextToken       string
}

type ListQueuesOutput struct {
	QueueUrls []string `json:",omitempty"`
	NextToken string   `json:",omitempty"`
}

// ListQueues lists queues by name, 1,000 at most unless MaxResults asks for
// pages.
func (s *Service) ListQueues(_ context.Context, in *ListQueuesInput) (*ListQueuesOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	urls, next, err := s.page(in.MaxResults, in.NextToken, func(q *queue) bool {
		return strings.HasPrefix(q.name, in.QueueNamePrefix)
	})
	if err != nil {
		return nil, err
	}
	return &ListQueuesOutput{QueueUrls: urls, NextToken: next}, nil
}

// page lists the URLs of the queues wanted, and the token of the page after.
func (s *Service) page(maxResults *int, token string, wanted func(*queue) bool) (urls []string, next string, err error) {
	limit := maxListed
	if maxResults != nil {
		if limit = *maxResults; limit < 1 || limit > maxListed {
			return nil, "", invalidParameter("Value %d for parameter MaxResults is invalid. Reason: MaxResults must be an integer between 1 and 1000.", limit)
		}
	} else if token != "" {
		return nil, "", invalidParameter("MaxResults must be set to use NextToken.")
	}
	from, err := base64.URLEncoding.DecodeString(token)
	if err != nil {
		return nil, "", invalidParameter("Invalid or expired next token.")
	}
	for name, q := range s.queues.Ascend(string(from)) {
		if !wanted(q) {
			continue
		}
		if len(urls) == limit {
			if maxResults != nil {
				next = base64.URLEncoding.EncodeToString([]byte(name))
			}
			break
		}
		urls = append(urls, q.url)
	}
	return urls, next, nil
}

// queue finds the queue of a URL by the URL's path.
func (s *Service) queue(queueURL string) (*queue, error) {
	if s.closed {
		return nil, errClosed
	}
	if name, ok := strings.CutPrefix(queueURL, s.baseURL+"/"+s.account+"/"); ok {
		if q, ok := s.queues.Get(name); ok {
			return q, nil
		}
		return nil, noSuchQueue()
	}
	if queueURL == "" {
		return nil, missingParameter("QueueUrl")
	}
	u, err := url.Parse(queueURL)
	if err != nil {
		return nil, invalidAddress(queueURL)
	}
	account, name, ok := strings.Cut(strings.Trim(u.Path, "/"), "/")
	if !ok || strings.Contains(name, "/") {
		return nil, invalidAddress(queueURL)
	}
	q, ok := s.queues.Get(name)
	if !ok || account != s.account {
		return nil, noSuchQueue()
	}
	return q, nil
}

func invalidAddress(queueURL string) *protocol.Error {
	return failure(404, "InvalidAddress", "InvalidAddress", "The address %s is not valid for this endpoint.", queueURL)
}

// queueOf finds the queue of an ARN, nil if there is none here.
func (s *Service) queueOf(arn string) *queue {
	name, ok := strings.CutPrefix(arn, s.arns)
	if !ok {
		return nil
	}
	q, _ := s.queues.Get(name)
	return q
}

// A queue is an index over its stored messages and the polls that wait for
// them. The service's mutex guards it.
type queue struct {
	service           *Service
	name, arn, url    string
	id                uint64 // tells it from earlier queues of that name
	created, modified int64
	attributes        attributes
	tags              map[string]string

	entries  map[uint64]*entry // by sequence number
	visible  list
	hidden   heap
	ages     heap
	inFlight int
	waiters  waiters

	// timer fires when a hidden message becomes visible; it runs only while
	// polls wait. All else is brought up to date by whoever looks.
	timer *time.Timer
	armed int64 // 0 when the timer is not running

	purged int64
	shutBy error // why there is no serving any more
	counts Counts
}

// add takes a message in, hidden until visibleAt if that is after now.
func (q *queue) add(m *message, now int64) {
	s := q.service
	e := &entry{sequence: s.sequence.Add(1), size: messageSize(m.Body, m.Attributes), enqueued: m.Enqueued}
	s.bytes += e.size
	e.key = storeKey(q.id, e.sequence)
	if m.VisibleAt > now {
		e.visibleAt, e.hidden = m.VisibleAt, true
		q.hidden.push(e)
	} else {
		q.visible.push(e)
	}
	q.ages.push(e)
	q.entries[e.sequence] = e
	s.messages.Put(e.key, m)
}

func storeKey(queue, sequence uint64) string {
	const digits = "0123456789abcdef"
	var key [33]byte
	for i := 15; i >= 0; i-- {
		key[i] = digits[queue&15]
		key[i+17] = digits[sequence&15]
		queue >>= 4
		sequence >>= 4
	}
	key[16] = '/'
	return string(key[:])
}

// drop forgets a message, whatever its state.
func (q *queue) drop(e *entry) {
	q.unlist(e)
	q.ages.remove(e)
	delete(q.entries, e.sequence)
	q.service.bytes -= e.size
	q.service.messages.Delete(e.key)
}

// unlist takes a message out of the visible list or the hidden heap.
func (q *queue) unlist(e *entry) {
	if !e.hidden {
		q.visible.remove(e)
		return
	}
	q.hidden.remove(e)
	if e.inFlight {
		q.inFlight--
	}
	e.hidden, e.inFlight = false, false
}

// show makes a hidden message visible, behind those that are.
func (q *queue) show(e *entry) {
	q.unlist(e)
	q.visible.push(e)
}

func (q *queue) clear() {
	for _, e := range q.entries {
		q.service.bytes -= e.size
		q.service.messages.Delete(e.key)
	}
	clear(q.entries)
	q.visible = list{}
	q.hidden.entries, q.ages.entries = nil, nil
	q.inFlight = 0
}

// advance brings the queue up to date: drops what is past its retention
// period, shows what is hidden no longer.
func (q *queue) advance(now int64) {
	oldest := now - int64(q.attributes.retention)
	for e := q.ages.first(); e != nil && e.enqueued <= oldest; e = q.ages.first() {
		q.drop(e)
		q.counts.Expired++
	}
	for e := q.hidden.first(); e != nil && e.visibleAt <= now; e = q.hidden.first() {
		q.show(e)
	}
}

// settle hands visible messages to waiting polls and sees to it that somebody
// does so again when the next one turns visible.
func (q *queue) settle(now int64) {
	q.serve(now)
	next := q.hidden.first()
	if q.waiters.first == nil || next == nil || q.shutBy != nil {
		return
	}
	if q.armed != 0 && q.armed <= next.visibleAt {
		return
	}
	q.armed = next.visibleAt
	wait := time.Duration(next.visibleAt - now)
	switch {
	case q.timer == nil:
		q.service.running.Add(1)
		q.timer = time.AfterFunc(wait, q.ring)
	case q.timer.Stop():
		q.timer.Reset(wait)
	default:
		q.service.running.Add(1)
		q.timer.Reset(wait)
	}
}

func (q *queue) ring() {
	s := q.service
	defer s.running.Done()
	s.turn.Take("visibility in", q.arn)
	s.mu.Lock()
	defer s.mu.Unlock()
	q.armed = 0
	if q.shutBy != nil {
		return
	}
	now := time.Now().UnixNano()
	q.advance(now)
	q.settle(now)
}

// shut ends the queue's polls and its timer for good.
func (q *queue) shut(reason error) {
	q.shutBy = reason
	for w := q.waiters.first; w != nil; w = q.waiters.first {
		q.waiters.remove(w)
		w.give(answer{err: reason})
	}
	if q.timer != nil && q.timer.Stop() {
		q.service.running.Done()
	}
}
