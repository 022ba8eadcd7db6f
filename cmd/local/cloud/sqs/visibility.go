package sqs

import (
	"context"
	"time"
)

type ChangeMessageVisibilityInput struct {
	QueueUrl          string
	ReceiptHandle     string
	VisibilityTimeout *int // seconds from now, 0 to 43200
}

type ChangeMessageVisibilityOutput struct{}

// ChangeMessageVisibility hides a message that is in flight for some time from
// now, 0 making it visible at once. Within 12 hours of its receipt it becomes
// visible in any case. Nothing happens to a message whose timeout is over.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibility.html
func (s *Service) ChangeMessageVisibility(_ context.Context, in *ChangeMessageVisibilityInput) (*ChangeMessageVisibilityOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.queue(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	now := time.Now().UnixNano()
	q.advance(now)
	if err := q.changeVisibility(in.ReceiptHandle, in.VisibilityTimeout, now); err != nil {
		return nil, err
	}
	q.settle(now)
	return &ChangeMessageVisibilityOutput{}, nil
}

type ChangeMessageVisibilityBatchInput struct {
	QueueUrl string
	Entries  []ChangeMessageVisibilityBatchRequestEntry
}

type ChangeMessageVisibilityBatchRequestEntry struct {
	Id                string
	ReceiptHandle     string
	VisibilityTimeout *int
}

type ChangeMessageVisibilityBatchOutput struct {
	Successful []BatchResultEntry      `json:",omitempty"`
	Failed     []BatchResultErrorEntry `json:",omitempty"`
}

// ChangeMessageVisibilityBatch is up to ten of ChangeMessageVisibility, each of
// which may fail for itself.
func (s *Service) ChangeMessageVisibilityBatch(_ context.Context, in *ChangeMessageVisibilityBatchInput) (*ChangeMessageVisibilityBatchOutput, error) {
	if err := checkBatch("ChangeMessageVisibility", in.Entries, func(e *ChangeMessageVisibilityBatchRequestEntry) string { return e.Id }); err != nil {
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
	out := new(ChangeMessageVisibilityBatchOutput)
	for _, e := range in.Entries {
		if err := q.changeVisibility(e.ReceiptHandle, e.VisibilityTimeout, now); err != nil {
			out.Failed = append(out.Failed, batchFailure(e.Id, err))
			continue
		}
		out.Successful = append(out.Successful, BatchResultEntry{Id: e.Id})
	}
	q.settle(now)
	return out, nil
}

func (q *queue) changeVisibility(handle string, seconds *int, now int64) error {
	if seconds == nil {
		return missingParameter("VisibilityTimeout")
	}
	if *seconds < 0 || *seconds > int(maxVisibility.Seconds()) {
		return invalidParameter("Value %d for parameter VisibilityTimeout is invalid. Reason: VisibilityTimeout must be an integer between 0 and 43200.", *seconds)
	}
	e, current, err := q.find(handle)
	if err != nil {
		return err
	}
	if !current {
		return invalidParameter("Value %s for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not available for visibility timeout change.", handle)
	}
	if !e.inFlight {
		return nil
	}
	until := now + int64(*seconds)*int64(time.Second)
	if until > e.receivedAt+int64(maxVisibility) {
		return invalidParameter("Value %d for parameter VisibilityTimeout is invalid. Reason: Total VisibilityTimeout for the message is beyond the limit [43200 seconds].", *seconds)
	}
	old, _ := q.service.messages.Get(e.key)
	m := *old
	m.VisibleAt = until
	q.service.messages.Put(e.key, &m)
	if until == now {
		q.show(e)
		return nil
	}
	e.visibleAt = until
	q.hidden.fix(e.position[byVisibility])
	return nil
}
