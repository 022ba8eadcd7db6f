package sqs

import (
	"context"
	"time"
)

type DeleteMessageInput struct {
	QueueUrl      string
	ReceiptHandle string
}

type DeleteMessageOutput struct{}

// DeleteMessage deletes the message that the handle is for, if it is the
// handle of the most recent receipt, in flight or not. An older handle, or one
// of a message deleted already, succeeds and deletes nothing: "the request
// succeeds, but the message will not be deleted".
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteMessage.html
func (s *Service) DeleteMessage(_ context.Context, in *DeleteMessageInput) (*DeleteMessageOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.queue(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	now := time.Now().UnixNano()
	q.advance(now)
	if err := q.delete(in.ReceiptHandle); err != nil {
		return nil, err
	}
	q.settle(now)
	return &DeleteMessageOutput{}, nil
}

type DeleteMessageBatchInput struct {
	QueueUrl string
	Entries  []DeleteMessageBatchRequestEntry
}

type DeleteMessageBatchRequestEntry struct {
	Id            string
	ReceiptHandle string
}

type DeleteMessageBatchOutput struct {
	Successful []BatchResultEntry      `json:",omitempty"`
	Failed     []BatchResultErrorEntry `json:",omitempty"`
}

// A BatchResultEntry names an entry that succeeded.
type BatchResultEntry struct{ Id string }

// DeleteMessageBatch deletes up to ten messages, each of which may fail for
// itself.
func (s *Service) DeleteMessageBatch(_ context.Context, in *DeleteMessageBatchInput) (*DeleteMessageBatchOutput, error) {
	if err := checkBatch("DeleteMessage", in.Entries, func(e *DeleteMessageBatchRequestEntry) string { return e.Id }); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.queue(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	now := time.Now().UnixNano()
	q.advance(now)
	out := new(DeleteMessageBatchOutput)
	for _, e := range in.Entries {
		if err := q.delete(e.ReceiptHandle); err != nil {
			out.Failed = append(out.Failed, batchFailure(e.Id, err))
			continue
		}
		out.Successful = append(out.Successful, BatchResultEntry{Id: e.Id})
	}
	q.settle(now)
	return out, nil
}

func (q *queue) delete(handle string) error {
	e, current, err := q.find(handle)
	if err != nil {
		return err
	}
	if current {
		q.drop(e)
		q.counts.Deleted++
	}
	return nil
}

// find is the message that a receipt handle is for, nil if it is gone, and
// whether the handle is the most recent one.
func (q *queue) find(handle string) (e *entry, current bool, err error) {
	if handle == "" {
		return nil, false, missingParameter("ReceiptHandle")
	}
	r, ok := parseReceipt(handle)
	if !ok || r.queue != q.id {
		return nil, false, invalidHandle(handle)
	}
	e = q.entries[r.sequence]
	return e, e != nil && e.receives == r.receives, nil
}

type PurgeQueueInput struct{ QueueUrl string }

type PurgeQueueOutput struct{}

// PurgeQueue deletes every message, in flight and delayed ones too, at once;
// AWS takes up to a minute. It may be called once a minute.
func (s *Service) PurgeQueue(_ context.Context, in *PurgeQueueInput) (*PurgeQueueOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.queue(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	now := time.Now().UnixNano()
	if q.purged != 0 && now < q.purged+int64(time.Minute) {
		return nil, failure(403, "PurgeQueueInProgress", "AWS.SimpleQueueService.PurgeQueueInProgress",
			"Only one PurgeQueue operation on %s is allowed every 60 seconds.", q.name)
	}
	q.purged = now
	q.clear()
	return &PurgeQueueOutput{}, nil
}
