package lambda

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"orderflow/cmd/local/cloud/sqs"
)

// SQS is what event source mappings ask of SQS, in the hands of the function's
// role. Authorize tells whether a method's input is allowed.
type SQS interface {
	Authorize(ctx context.Context, in any) error
	GetQueueUrl(context.Context, *sqs.GetQueueUrlInput) (*sqs.GetQueueUrlOutput, error)
	GetQueueAttributes(context.Context, *sqs.GetQueueAttributesInput) (*sqs.GetQueueAttributesOutput, error)
	ReceiveMessage(context.Context, *sqs.ReceiveMessageInput) (*sqs.ReceiveMessageOutput, error)
	DeleteMessageBatch(context.Context, *sqs.DeleteMessageBatchInput) (*sqs.DeleteMessageBatchOutput, error)
}

// receiveLimit is the most messages that one receive or delete takes.
const receiveLimit = 10

// A queue is a mapping's event source.
type queue struct {
	sqs SQS
	arn string
	url string
}

func openQueue(ctx context.Context, s SQS, arn string) (*queue, error) {
	if !strings.HasPrefix(arn, "arn:aws:sqs:") {
		return nil, invalid("Unrecognized event source, must be an SQS queue in the local cloud: %s", arn)
	}
	name := arn[strings.LastIndexByte(arn, ':')+1:]
	out, err := s.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: name})
	if err != nil {
		return nil, invalid("Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue. SQS Error Message: The specified queue does not exist: %s", arn)
	}
	return &queue{sqs: s, arn: arn, url: out.QueueUrl}, nil
}

var everyAttribute = []string{"All"}

// receive takes up to max messages and waits for the first of them, 20
// seconds at most. None came: none is returned.
func (q *queue) receive(ctx context.Context, max int) ([]sqs.Message, error) {
	wait := int(longPoll.Seconds())
	out, err := q.sqs.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
		QueueUrl:                    q.url,
		MaxNumberOfMessages:         &max,
		WaitTimeSeconds:             &wait,
		MessageSystemAttributeNames: everyAttribute,
		MessageAttributeNames:       everyAttribute,
	})
	if err != nil {
		return nil, err
	}
	return out.Messages, nil
}

// delete deletes up to receiveLimit messages.
func (q *queue) delete(ctx context.Context, messages []sqs.Message) error {
	entries := make([]sqs.DeleteMessageBatchRequestEntry, len(messages))
	for i := range messages {
		entries[i].Id = strconv.Itoa(i)
		entries[i].ReceiptHandle = messages[i].ReceiptHandle
	}
	out, err := q.sqs.DeleteMessageBatch(ctx, &sqs.DeleteMessageBatchInput{QueueUrl: q.url, Entries: entries})
	if err == nil && len(out.Failed) > 0 {
		err = fmt.Errorf("lambda: %d of %d messages: %s: %s", len(out.Failed), len(messages), out.Failed[0].Code, out.Failed[0].Message)
	}
	return err
}

// visibilityTimeout is how long a received message stays hidden.
func (q *queue) visibilityTimeout(ctx context.Context) (time.Duration, error) {
	const name = "VisibilityTimeout"
	out, err := q.sqs.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: q.url, AttributeNames: []string{name}})
	if err != nil {
		return 0, err
	}
	seconds, err := strconv.Atoi(out.Attributes[name])
	return time.Duration(seconds) * time.Second, err
}
