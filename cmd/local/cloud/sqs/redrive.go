package sqs

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
)

const maxReceivesLimit = 1000

// A redrivePolicy sends messages that were received maxReceives times to a
// dead-letter queue instead of handing them out once more.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html
type redrivePolicy struct {
	target      string // ARN
	maxReceives int
}

// parseRedrivePolicy reads the attribute RedrivePolicy of a queue; "" is none.
func (s *Service) parseRedrivePolicy(queueName, text string) (*redrivePolicy, error) {
	if text == "" {
		return nil, nil
	}
	invalid := func(reason string) error {
		return invalidParameter("Value %s for parameter RedrivePolicy is invalid. Reason: %s", text, reason)
	}
	var in struct {
		DeadLetterTargetArn string          `json:"deadLetterTargetArn"`
		MaxReceiveCount     json.RawMessage `json:"maxReceiveCount"` // a number, or a string of one
	}
	if err := strict([]byte(text), &in); err != nil {
		return nil, invalid("Redrive policy is not a valid JSON map.")
	}
	if in.DeadLetterTargetArn == "" {
		return nil, invalid("Redrive policy does not contain mandatory attribute: deadLetterTargetArn.")
	}
	if len(in.MaxReceiveCount) == 0 {
		return nil, invalid("Redrive policy does not contain mandatory attribute: maxReceiveCount.")
	}
	count, err := strconv.Atoi(strings.Trim(string(in.MaxReceiveCount), `"`))
	if err != nil || count < 1 || count > maxReceivesLimit {
		return nil, invalid("Invalid value for maxReceiveCount: " + string(in.MaxReceiveCount) + ", valid values are from 1 to 1000 both inclusive.")
	}
	if !strings.HasPrefix(in.DeadLetterTargetArn, "arn:aws:sqs:") {
		return nil, invalid("Invalid value for deadLetterTargetArn.")
	}
	target := s.queueOf(in.DeadLetterTargetArn)
	switch source := s.arn(queueName); {
	case target == nil:
		return nil, invalid("Dead letter target does not exist.")
	case target.arn == source:
		return nil, invalid("A queue can not be its own dead letter target.")
	case !target.attributes.allow.admits(source):
		return nil, invalid("The redrive allow policy of the dead letter target does not admit this queue.")
	}
	return &redrivePolicy{target: in.DeadLetterTargetArn, maxReceives: count}, nil
}

// A redriveAllowPolicy says which queues may choose this one as their
// dead-letter queue; the zero value admits all.
type redriveAllowPolicy struct {
	limited bool
	sources []string
}

func parseRedriveAllowPolicy(text string) (redriveAllowPolicy, error) {
	var p redriveAllowPolicy
	if text == "" {
		return p, nil
	}
	var in struct {
		RedrivePermission string   `json:"redrivePermission"`
		SourceQueueArns   []string `json:"sourceQueueArns"`
	}
	if err := strict([]byte(text), &in); err != nil {
		return p, invalidAttribute("RedriveAllowPolicy", "it is not a valid JSON map.")
	}
	byQueue := in.RedrivePermission == "byQueue"
	switch {
	case byQueue == (len(in.SourceQueueArns) == 0), len(in.SourceQueueArns) > 10:
		return p, invalidAttribute("RedriveAllowPolicy", "1 to 10 sourceQueueArns go with byQueue, and with it alone.")
	case byQueue:
		return redriveAllowPolicy{limited: true, sources: in.SourceQueueArns}, nil
	case in.RedrivePermission == "denyAll":
		return redriveAllowPolicy{limited: true}, nil
	case in.RedrivePermission == "allowAll":
		return p, nil
	}
	return p, invalidAttribute("RedriveAllowPolicy", "redrivePermission must be allowAll, denyAll or byQueue.")
}

func (p redriveAllowPolicy) admits(sourceARN string) bool {
	return !p.limited || slices.Contains(p.sources, sourceARN)
}

// deadLetters is the queue's dead-letter queue and the receive count from
// which it takes over; nil when there is none, or none any more.
func (q *queue) deadLetters() (*queue, int) {
	p := q.attributes.redrive
	if p == nil {
		return nil, 0
	}
	return q.service.queueOf(p.target), p.maxReceives
}

// moveTo moves a message that was received too often. It keeps its ID and its
// enqueue time, from which its retention in the dead-letter queue counts too.
func (q *queue) moveTo(target *queue, e *entry, old *message, now int64) {
	q.drop(e)
	q.counts.DeadLettered++
	m := *old
	m.Source = q.arn
	m.Receives = 0
	m.VisibleAt = 0
	target.advance(now)
	target.add(&m, now)
}

type ListDeadLetterSourceQueuesInput struct {
	QueueUrl   string
	MaxResults *int
	NextToken  string
}

type ListDeadLetterSourceQueuesOutput struct {
	QueueUrls []string `json:"queueUrls"`
	NextToken string   `json:",omitempty"`
}

// ListDeadLetterSourceQueues lists the queues that have this one as their
// dead-letter queue.
func (s *Service) ListDeadLetterSourceQueues(_ context.Context, in *ListDeadLetterSourceQueuesInput) (*ListDeadLetterSourceQueuesOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.queue(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	urls, next, err := s.page(in.MaxResults, in.NextToken, func(source *queue) bool {
		return source.attributes.redrive != nil && source.attributes.redrive.target == q.arn
	})
	if err != nil {
		return nil, err
	}
	if urls == nil {
		urls = []string{}
	}
	return &ListDeadLetterSourceQueuesOutput{QueueUrls: urls, NextToken: next}, nil
}

func strict(data []byte, v any) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more than one JSON value")
	}
	return nil
}
