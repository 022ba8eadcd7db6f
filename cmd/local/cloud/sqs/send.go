package sqs

import (
	"context"
	"net/http"
	"time"

	"orderflow/cmd/local/cloud/iam"
)

const maxDelay = 15 * time.Minute

type SendMessageInput struct {
	QueueUrl                string
	MessageBody             string
	DelaySeconds            *int // default the queue's
	MessageAttributes       map[string]MessageAttributeValue
	MessageSystemAttributes map[string]MessageAttributeValue // AWSTraceHeader
}

type SendMessageOutput struct {
	MessageId                    string
	MD5OfMessageBody             string
	MD5OfMessageAttributes       string `json:",omitempty"`
	MD5OfMessageSystemAttributes string `json:",omitempty"`
}

// SendMessage adds a message, which at once reaches a poll that waits for it.
// The attributes must not be changed afterwards.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
func (s *Service) SendMessage(_ context.Context, in *SendMessageInput) (*SendMessageOutput, error) {
	l, err := newLetter(in.MessageBody, in.DelaySeconds, in.MessageAttributes, in.MessageSystemAttributes)
	if err != nil {
		return nil, err
	}
	l.Sender = s.account
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.queue(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	now := time.Now().UnixNano()
	if err := q.post(l, now); err != nil {
		return nil, err
	}
	q.settle(now)
	return &SendMessageOutput{
		MessageId:                    l.ID,
		MD5OfMessageBody:             l.BodyMD5,
		MD5OfMessageAttributes:       l.AttributesMD5,
		MD5OfMessageSystemAttributes: attributesMD5(in.MessageSystemAttributes),
	}, nil
}

type SendMessageBatchInput struct {
	QueueUrl string
	Entries  []SendMessageBatchRequestEntry
}

type SendMessageBatchRequestEntry struct {
	Id                      string
	MessageBody             string
	DelaySeconds            *int
	MessageAttributes       map[string]MessageAttributeValue
	MessageSystemAttributes map[string]MessageAttributeValue
}

type SendMessageBatchOutput struct {
	Successful []SendMessageBatchResultEntry `json:",omitempty"`
	Failed     []BatchResultErrorEntry       `json:",omitempty"`
}

type SendMessageBatchResultEntry struct {
	Id                           string
	MessageId                    string
	MD5OfMessageBody             string
	MD5OfMessageAttributes       string `json:",omitempty"`
	MD5OfMessageSystemAttributes string `json:",omitempty"`
}

// SendMessageBatch sends up to ten messages, each of which may fail for itself.
func (s *Service) SendMessageBatch(_ context.Context, in *SendMessageBatchInput) (*SendMessageBatchOutput, error) {
	if err := checkBatch("SendMessage", in.Entries, func(e *SendMessageBatchRequestEntry) string { return e.Id }); err != nil {
		return nil, err
	}
	total := 0
	for i := range in.Entries {
		total += messageSize(in.Entries[i].MessageBody, in.Entries[i].MessageAttributes)
	}
	if total > maxMessage {
		return nil, failure(400, "BatchRequestTooLong", "AWS.SimpleQueueService.BatchRequestTooLong",
			"Batch requests cannot be longer than %d bytes. You have sent %d bytes.", maxMessage, total)
	}
	letters := make([]letter, len(in.Entries))
	errs := make([]error, len(in.Entries))
	for i := range in.Entries {
		e := &in.Entries[i]
		letters[i], errs[i] = newLetter(e.MessageBody, e.DelaySeconds, e.MessageAttributes, e.MessageSystemAttributes)
		if errs[i] == nil {
			letters[i].Sender = s.account
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.queue(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	now := time.Now().UnixNano()
	out := new(SendMessageBatchOutput)
	for i, l := range letters {
		if errs[i] == nil {
			errs[i] = q.post(l, now)
		}
		if errs[i] != nil {
			out.Failed = append(out.Failed, batchFailure(in.Entries[i].Id, errs[i]))
			continue
		}
		out.Successful = append(out.Successful, SendMessageBatchResultEntry{
			Id:                           in.Entries[i].Id,
			MessageId:                    l.ID,
			MD5OfMessageBody:             l.BodyMD5,
			MD5OfMessageAttributes:       l.AttributesMD5,
			MD5OfMessageSystemAttributes: attributesMD5(in.Entries[i].MessageSystemAttributes),
		})
	}
	q.settle(now)
	return out, nil
}

// topicSender is the SenderId that messages from SNS carry.
const topicSender = "AIDAIT2UOQQY3AUEKVGXU"

// Deliver is SNS sending to a queue of this account: like SendMessage, but only
// if the queue's policy lets that topic in. Errors are what SNS would see:
// NonExistentQueue, AccessDenied, or a refused message. Attributes must not be
// changed afterwards.
func (s *Service) Deliver(_ context.Context, queueARN, topicARN, body string, attributes map[string]MessageAttributeValue) error {
	l, err := newLetter(body, nil, attributes, nil)
	if err != nil {
		return err
	}
	l.Sender = topicSender
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errClosed
	}
	q := s.queueOf(queueARN)
	if q == nil {
		return noSuchQueue()
	}
	topic := iam.ServicePrincipal("sns.amazonaws.com", topicARN, accountOf(topicARN))
	if err := topic.Authorize(q.attributes.policy, iam.Request{Action: "sqs:SendMessage", Resource: queueARN}); err != nil {
		return accessDenied(err)
	}
	now := time.Now().UnixNano()
	if err := q.post(l, now); err != nil {
		return err
	}
	q.settle(now)
	return nil
}

// A letter is a message on its way into a queue.
type letter struct {
	*message
	size  int
	delay time.Duration // negative: the queue's
}

func newLetter(body string, delaySeconds *int, attributes, system map[string]MessageAttributeValue) (letter, error) {
	m, err := newMessage(body, attributes)
	if err != nil {
		return letter{}, err
	}
	l := letter{message: m, size: messageSize(body, attributes), delay: -1}
	if delaySeconds != nil {
		if *delaySeconds < 0 || *delaySeconds > int(maxDelay.Seconds()) {
			return letter{}, invalidParameter("Value %d for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900.", *delaySeconds)
		}
		l.delay = time.Duration(*delaySeconds) * time.Second
	}
	for name, v := range system {
		if name != "AWSTraceHeader" {
			return letter{}, invalidParameter("Message (system) attribute name '%s' is invalid.", name)
		}
		if v.DataType != "String" || v.StringValue == "" {
			return letter{}, invalidParameter("Message (system) attribute 'AWSTraceHeader' must be a String and must contain a properly formatted X-Ray trace header.")
		}
		l.Trace = v.StringValue
	}
	return l, nil
}

// post takes a letter into the queue.
func (q *queue) post(l letter, now int64) error {
	if limit := q.attributes.maxSize; l.size > limit {
		return invalidParameter("One or more parameters are invalid. Reason: Message must be shorter than %d bytes.", limit)
	}
	q.advance(now)
	if s := q.service; s.bytes+l.size > s.maxBytes {
		return failure(http.StatusForbidden, "OverLimit", "OverLimit", "The queues hold %d bytes of messages, and the local cloud keeps no more than %d.", s.bytes, s.maxBytes)
	}
	delay := l.delay
	if delay < 0 {
		delay = q.attributes.delay
	}
	l.Enqueued = now
	if delay > 0 {
		l.VisibleAt = now + int64(delay)
	}
	q.add(l.message, now)
	q.counts.Sent++
	return nil
}
