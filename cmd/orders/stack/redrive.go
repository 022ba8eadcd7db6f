package stack

import (
	"context"
	"fmt"
	"maps"
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

// redriveSome picks messages out of the dead-letter queue. Each is deleted only
// after it was sent.
func (s *Stack) redriveSome(ctx context.Context, c consumer, ids []string) (sent int, err error) {
	missing := map[string]bool{}
	for _, id := range ids {
		missing[id] = true
	}
	err = s.sift(ctx, c.deadLetterURL, maxSift, func(m types.Message) (gone, enough bool, err error) {
		id := aws.ToString(m.MessageId)
		if !missing[id] {
			return false, false, nil
		}
		if err := s.resend(ctx, c, m); err != nil {
			return false, true, err
		}
		sent++
		delete(missing, id)
		return true, len(missing) == 0, nil
	})
	if err == nil && len(missing) > 0 {
		err = ErrNoMessage{c.name, slices.Sorted(maps.Keys(missing))}
	}
	return sent, err
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
