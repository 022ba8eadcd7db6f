package stack

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// ErrNoMessage is the error of redriving messages that are not in the
// dead-letter queue, or are hidden because somebody else has received them.
type ErrNoMessage struct {
	Consumer string
	IDs      []string
}

func (e ErrNoMessage) Error() string {
	return fmt.Sprintf("stack: the dead-letter queue of %s does not hold %s", e.Consumer, strings.Join(e.IDs, ", "))
}

// Redrive sends dead letters back to their queue, all of a consumer's when no
// message IDs are given, and says how many it sent. They arrive as new
// messages, with new IDs. What it could not send stays where it is, and what
// it was interrupted at may be sent twice, which consumers endure.
//
// Errors: ErrNoConsumer, and ErrNoMessage once the others were sent.
func (s *Stack) Redrive(ctx context.Context, consumer string, messageIDs ...string) (int, error) {
	c, err := s.consumer(consumer)
	if err != nil {
		return 0, err
	}
	if len(messageIDs) == 0 {
		return s.redriveAll(ctx, c)
	}
	return s.redriveSome(ctx, c, messageIDs)
}

// How often is looked whether SQS has moved all messages.
const (
	firstMoved = 50 * time.Millisecond
	lastMoved  = 2 * time.Second
)

// redriveAll lets SQS move the messages, and waits until it has. The queue is
// named as their destination, for SQS does not know where those came from that
// SNS could not deliver.
func (s *Stack) redriveAll(ctx context.Context, c consumer) (int, error) {
	from, err := s.arn(ctx, c.deadLetterURL)
	if err != nil {
		return 0, err
	}
	to, err := s.arn(ctx, c.queueURL)
	if err != nil {
		return 0, err
	}
	if _, err := s.sqs.StartMessageMoveTask(ctx, &sqs.StartMessageMoveTaskInput{SourceArn: &from, DestinationArn: &to}); err != nil {
		return 0, fmt.Errorf("stack: redrive of %s: %w", c.name, err)
	}
	for pause := firstMoved; ; pause = min(2*pause, lastMoved) {
		out, err := s.sqs.ListMessageMoveTasks(ctx, &sqs.ListMessageMoveTasksInput{SourceArn: &from, MaxResults: aws.Int32(1)})
		if err != nil {
			return 0, fmt.Errorf("stack: redrive of %s: %w", c.name, err)
		}
		if len(out.Results) > 0 {
			task := out.Results[0]
			moved := int(task.ApproximateNumberOfMessagesMoved)
			switch status := aws.ToString(task.Status); status {
			case "RUNNING", "CANCELLING":
			case "COMPLETED":
				return moved, nil
			default:
				return moved, fmt.Errorf("stack: redrive of %s is %s: %s", c.name, status, aws.ToString(task.FailureReason))
			}
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}

// hold is how long messages are hidden while some of them are picked out.
const hold = 30 * time.Second

// redriveSome receives messages until it has met those that are asked for,
// keeping the others out of its way, and sends and deletes the former. Each is
// deleted only after it was sent.
func (s *Stack) redriveSome(ctx context.Context, c consumer, ids []string) (sent int, err error) {
	missing := slices.Clone(ids)
	var held []types.Message
	defer func() { err = errors.Join(err, s.release(context.WithoutCancel(ctx), c, held)) }()
	for empty := 0; len(missing) > 0 && empty < maxEmpty && len(held) < maxLetters; {
		received, err := s.receive(ctx, c.deadLetterURL, hold)
		if err != nil {
			return sent, err
		}
		empty++
		held = append(held, received...)
		for _, m := range received {
			empty = 0
			at := slices.Index(missing, aws.ToString(m.MessageId))
			if at < 0 {
				continue
			}
			if err := s.resend(ctx, c, m); err != nil {
				return sent, err
			}
			sent++
			missing = slices.Delete(missing, at, at+1)
			held = slices.DeleteFunc(held, func(h types.Message) bool { return h.MessageId == m.MessageId })
		}
	}
	if len(missing) > 0 {
		return sent, ErrNoMessage{c.name, missing}
	}
	return sent, nil
}

// resend sends a message to its queue as it was, and then takes it off the
// dead-letter queue.
func (s *Stack) resend(ctx context.Context, c consumer, m types.Message) error {
	_, err := s.sqs.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &c.queueURL, MessageBody: m.Body, MessageAttributes: m.MessageAttributes})
	if err != nil {
		return fmt.Errorf("stack: message %q was not sent: %w", aws.ToString(m.MessageId), err)
	}
	_, err = s.sqs.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: &c.deadLetterURL, ReceiptHandle: m.ReceiptHandle})
	if err != nil {
		return fmt.Errorf("stack: message %q was sent, and is still a dead letter: %w", aws.ToString(m.MessageId), err)
	}
	return nil
}

// release makes messages visible again, ten with a call.
func (s *Stack) release(ctx context.Context, c consumer, held []types.Message) error {
	for some := range slices.Chunk(held, 10) {
		entries := make([]types.ChangeMessageVisibilityBatchRequestEntry, len(some))
		for i, m := range some {
			entries[i] = types.ChangeMessageVisibilityBatchRequestEntry{Id: m.MessageId, ReceiptHandle: m.ReceiptHandle}
		}
		if _, err := s.sqs.ChangeMessageVisibilityBatch(ctx, &sqs.ChangeMessageVisibilityBatchInput{QueueUrl: &c.deadLetterURL, Entries: entries}); err != nil {
			return fmt.Errorf("stack: dead letters of %s are hidden for %v: %w", c.name, hold, err)
		}
	}
	return nil
}
