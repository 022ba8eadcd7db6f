package sqs_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"orderflow/cmd/local/cloud/sqs"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	client "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"
)

const baseURL = "http://127.0.0.1:4566"

func newService(t testing.TB) *sqs.Service {
	t.Helper()
	s := sqs.New(sqs.Config{Region: "us-east-1", Account: "000000000000", BaseURL: baseURL})
	t.Cleanup(s.Close)
	return s
}

// inProcess carries requests to a handler without a socket.
type inProcess struct{ handler http.Handler }

func (p inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	p.handler.ServeHTTP(w, r)
	return w.Result(), nil
}

func newClient(s *sqs.Service) *client.Client {
	return client.New(client.Options{
		Region:       "us-east-1",
		BaseEndpoint: aws.String(baseURL),
		Credentials:  credentials.NewStaticCredentialsProvider("a", "b", ""),
		HTTPClient:   &http.Client{Transport: inProcess{s.Handler()}},
		Retryer:      aws.NopRetryer{},
	})
}

func createQueue(t testing.TB, c *client.Client, name string, attributes map[string]string) string {
	t.Helper()
	out, err := c.CreateQueue(context.Background(), &client.CreateQueueInput{QueueName: &name, Attributes: attributes})
	if err != nil {
		t.Fatal(err)
	}
	return *out.QueueUrl
}

// The SDK itself checks the digests of bodies and attributes.
func TestSDKSendReceiveDelete(t *testing.T) {
	ctx := t.Context()
	c := newClient(newService(t))
	url := createQueue(t, c, "orders", nil)
	attributes := map[string]types.MessageAttributeValue{
		"type":   {DataType: aws.String("String"), StringValue: aws.String("order.placed")},
		"weight": {DataType: aws.String("Number.int"), StringValue: aws.String("700")},
		"blob":   {DataType: aws.String("Binary"), BinaryValue: []byte{2, 3, 4}},
	}
	sent, err := c.SendMessage(ctx, &client.SendMessageInput{
		QueueUrl: &url, MessageBody: aws.String("grüße <&> \U0001F600"), MessageAttributes: attributes,
		MessageSystemAttributes: map[string]types.MessageSystemAttributeValue{
			"AWSTraceHeader": {DataType: aws.String("String"), StringValue: aws.String("Root=1-3152b799-8954dae64eda91bc9a23a7e8")},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.ReceiveMessage(ctx, &client.ReceiveMessageInput{
		QueueUrl: &url, MaxNumberOfMessages: 10, MessageAttributeNames: []string{"All"},
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameAll},
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Messages) != 1 {
		t.Fatalf("received %d messages, want 1", len(got.Messages))
	}
	m := got.Messages[0]
	if *m.MessageId != *sent.MessageId || *m.MD5OfMessageAttributes != *sent.MD5OfMessageAttributes {
		t.Errorf("received %s %s, want %s %s", *m.MessageId, *m.MD5OfMessageAttributes, *sent.MessageId, *sent.MD5OfMessageAttributes)
	}
	for name, want := range map[string]string{"SenderId": "000000000000", "ApproximateReceiveCount": "1", "AWSTraceHeader": "Root=1-3152b799-8954dae64eda91bc9a23a7e8"} {
		if m.Attributes[name] != want {
			t.Errorf("attribute %s is %q, want %q", name, m.Attributes[name], want)
		}
	}
	if diff := cmp.Diff([]byte{2, 3, 4}, m.MessageAttributes["blob"].BinaryValue); diff != "" {
		t.Error(diff)
	}
	out, err := c.DeleteMessageBatch(ctx, &client.DeleteMessageBatchInput{QueueUrl: &url, Entries: []types.DeleteMessageBatchRequestEntry{
		{Id: aws.String("a"), ReceiptHandle: m.ReceiptHandle}, {Id: aws.String("b"), ReceiptHandle: aws.String("junk")},
	}})
	if err != nil {
		t.Fatal(err)
	}
	if len(out.Successful) != 1 || len(out.Failed) != 1 || *out.Failed[0].Code != "ReceiptHandleIsInvalid" || !out.Failed[0].SenderFault {
		t.Errorf("batch: %+v", out)
	}
}

func TestSDKAttributes(t *testing.T) {
	ctx := t.Context()
	c := newClient(newService(t))
	createQueue(t, c, "dead", nil)
	policy := `{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:dead","maxReceiveCount":3}`
	url := createQueue(t, c, "orders", map[string]string{"VisibilityTimeout": "180", "RedrivePolicy": policy, "KmsMasterKeyId": "alias/orders"})
	got, err := c.GetQueueAttributes(ctx, &client.GetQueueAttributesInput{QueueUrl: &url, AttributeNames: []types.QueueAttributeName{"All"}})
	if err != nil {
		t.Fatal(err)
	}
	delete(got.Attributes, "CreatedTimestamp")
	delete(got.Attributes, "LastModifiedTimestamp")
	want := map[string]string{
		"ApproximateNumberOfMessages": "0", "ApproximateNumberOfMessagesDelayed": "0", "ApproximateNumberOfMessagesNotVisible": "0",
		"DelaySeconds": "0", "MaximumMessageSize": "1048576", "MessageRetentionPeriod": "345600", "ReceiveMessageWaitTimeSeconds": "0",
		"VisibilityTimeout": "180", "RedrivePolicy": policy, "KmsMasterKeyId": "alias/orders", "SqsManagedSseEnabled": "false",
		"QueueArn": "arn:aws:sqs:us-east-1:000000000000:orders",
	}
	if diff := cmp.Diff(want, got.Attributes); diff != "" {
		t.Error(diff)
	}
	if again := createQueue(t, c, "orders", map[string]string{"VisibilityTimeout": "180"}); again != url {
		t.Errorf("second creation gave %s", again)
	}
	sources, err := c.ListDeadLetterSourceQueues(ctx, &client.ListDeadLetterSourceQueuesInput{QueueUrl: aws.String("https://elsewhere:1/000000000000/dead")})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{url}, sources.QueueUrls); diff != "" {
		t.Error(diff)
	}
	page, err := c.ListQueues(ctx, &client.ListQueuesInput{MaxResults: aws.Int32(1)})
	if err != nil {
		t.Fatal(err)
	}
	next, err := c.ListQueues(ctx, &client.ListQueuesInput{MaxResults: aws.Int32(1), NextToken: page.NextToken})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{baseURL + "/000000000000/dead", url}, append(page.QueueUrls, next.QueueUrls...)); diff != "" || next.NextToken != nil {
		t.Error(diff, next.NextToken)
	}
	tags := map[string]string{"service": "orders"}
	if _, err := c.TagQueue(ctx, &client.TagQueueInput{QueueUrl: &url, Tags: tags}); err != nil {
		t.Fatal(err)
	}
	listed, err := c.ListQueueTags(ctx, &client.ListQueueTagsInput{QueueUrl: &url})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(tags, listed.Tags); diff != "" {
		t.Error(diff)
	}
}

// The codes are the Query protocol's, which SDKs prefer when they are given;
// the types are the JSON protocol's.
func TestSDKErrors(t *testing.T) {
	ctx := t.Context()
	c := newClient(newService(t))
	url := createQueue(t, c, "orders", nil)
	small := createQueue(t, c, "small", map[string]string{"MaximumMessageSize": "1024"})
	absent := baseURL + "/000000000000/absent"
	for _, test := range []struct {
		name    string
		call    func() error
		code    string
		message string
	}{
		{"no such queue", func() error {
			_, err := c.SendMessage(ctx, &client.SendMessageInput{QueueUrl: &absent, MessageBody: aws.String("x")})
			return err
		}, "AWS.SimpleQueueService.NonExistentQueue", "The specified queue does not exist."},
		{"no such name", func() error {
			_, err := c.GetQueueUrl(ctx, &client.GetQueueUrlInput{QueueName: aws.String("absent")})
			return err
		}, "AWS.SimpleQueueService.NonExistentQueue", "The specified queue does not exist."},
		{"not a URL", func() error {
			_, err := c.PurgeQueue(ctx, &client.PurgeQueueInput{QueueUrl: aws.String("orders")})
			return err
		}, "InvalidAddress", "The address orders is not valid for this endpoint."},
		{"FIFO", func() error {
			_, err := c.CreateQueue(ctx, &client.CreateQueueInput{QueueName: aws.String("a.fifo")})
			return err
		}, "AWS.SimpleQueueService.UnsupportedOperation", "FIFO queues are not supported by the local cloud."},
		{"bad name", func() error {
			_, err := c.CreateQueue(ctx, &client.CreateQueueInput{QueueName: aws.String("a b")})
			return err
		}, "InvalidParameterValue", "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"},
		{"other attributes", func() error {
			_, err := c.CreateQueue(ctx, &client.CreateQueueInput{QueueName: aws.String("orders"), Attributes: map[string]string{"DelaySeconds": "1"}})
			return err
		}, "QueueAlreadyExists", "A queue already exists with the same name and a different value for attribute DelaySeconds"},
		{"empty body", func() error {
			_, err := c.SendMessage(ctx, &client.SendMessageInput{QueueUrl: &url, MessageBody: aws.String("")})
			return err
		}, "MissingParameter", "The request must contain the parameter MessageBody."},
		{"control character", func() error {
			_, err := c.SendMessage(ctx, &client.SendMessageInput{QueueUrl: &url, MessageBody: aws.String("a\x00")})
			return err
		}, "InvalidMessageContents", "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF"},
		{"too long", func() error {
			_, err := c.SendMessage(ctx, &client.SendMessageInput{QueueUrl: &small, MessageBody: aws.String(strings.Repeat("x", 1025))})
			return err
		}, "InvalidParameterValue", "One or more parameters are invalid. Reason: Message must be shorter than 1024 bytes."},
		{"batch too long", func() error {
			half := strings.Repeat("x", 1<<19)
			_, err := c.SendMessageBatch(ctx, &client.SendMessageBatchInput{QueueUrl: &url, Entries: []types.SendMessageBatchRequestEntry{
				{Id: aws.String("1"), MessageBody: &half}, {Id: aws.String("2"), MessageBody: aws.String(half + "x")}}})
			return err
		}, "AWS.SimpleQueueService.BatchRequestTooLong", "Batch requests cannot be longer than 1048576 bytes. You have sent 1048577 bytes."},
		{"repeated ID", func() error {
			_, err := c.DeleteMessageBatch(ctx, &client.DeleteMessageBatchInput{QueueUrl: &url, Entries: []types.DeleteMessageBatchRequestEntry{
				{Id: aws.String("1"), ReceiptHandle: aws.String("x")}, {Id: aws.String("1"), ReceiptHandle: aws.String("y")}}})
			return err
		}, "AWS.SimpleQueueService.BatchEntryIdsNotDistinct", "Id 1 repeated."},
		{"bad ID", func() error {
			_, err := c.DeleteMessageBatch(ctx, &client.DeleteMessageBatchInput{QueueUrl: &url, Entries: []types.DeleteMessageBatchRequestEntry{
				{Id: aws.String("a:b"), ReceiptHandle: aws.String("x")}}})
			return err
		}, "AWS.SimpleQueueService.InvalidBatchEntryId", "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long."},
		{"empty batch", func() error {
			_, err := c.SendMessageBatch(ctx, &client.SendMessageBatchInput{QueueUrl: &url, Entries: []types.SendMessageBatchRequestEntry{}})
			return err
		}, "AWS.SimpleQueueService.EmptyBatchRequest", "There should be at least one SendMessageBatchRequestEntry in the request."},
		{"too many", func() error {
			entries := make([]types.ChangeMessageVisibilityBatchRequestEntry, 11)
			for i := range entries {
				entries[i] = types.ChangeMessageVisibilityBatchRequestEntry{Id: aws.String("x"), ReceiptHandle: aws.String("x")}
			}
			_, err := c.ChangeMessageVisibilityBatch(ctx, &client.ChangeMessageVisibilityBatchInput{QueueUrl: &url, Entries: entries})
			return err
		}, "AWS.SimpleQueueService.TooManyEntriesInBatchRequest", "Maximum number of entries per request are 10. You have sent 11."},
		{"eleven messages", func() error {
			_, err := c.ReceiveMessage(ctx, &client.ReceiveMessageInput{QueueUrl: &url, MaxNumberOfMessages: 11})
			return err
		}, "InvalidParameterValue", "Value 11 for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided."},
		{"bad handle", func() error {
			_, err := c.DeleteMessage(ctx, &client.DeleteMessageInput{QueueUrl: &url, ReceiptHandle: aws.String("junk")})
			return err
		}, "ReceiptHandleIsInvalid", `The input receipt handle "junk" is not a valid receipt handle.`},
		{"attempt ID", func() error {
			_, err := c.ReceiveMessage(ctx, &client.ReceiveMessageInput{QueueUrl: &url, ReceiveRequestAttemptId: aws.String("x")})
			return err
		}, "ValidationException", `parameter "ReceiveRequestAttemptId" is not supported by the local cloud`},
		{"group ID", func() error {
			_, err := c.SendMessage(ctx, &client.SendMessageInput{QueueUrl: &url, MessageBody: aws.String("x"), MessageGroupId: aws.String("g")})
			return err
		}, "ValidationException", `parameter "MessageGroupId" is not supported by the local cloud`},
		{"action", func() error {
			_, err := c.AddPermission(ctx, &client.AddPermissionInput{QueueUrl: &url, Label: aws.String("x"), AWSAccountIds: []string{"1"}, Actions: []string{"*"}})
			return err
		}, "UnknownOperationException", `action "AmazonSQS.AddPermission" is not supported by the local cloud`},
		{"unknown attribute", func() error {
			_, err := c.SetQueueAttributes(ctx, &client.SetQueueAttributesInput{QueueUrl: &url, Attributes: map[string]string{"Colour": "blue"}})
			return err
		}, "InvalidAttributeName", "Unknown Attribute Colour."},
		{"attribute out of range", func() error {
			_, err := c.SetQueueAttributes(ctx, &client.SetQueueAttributesInput{QueueUrl: &url, Attributes: map[string]string{"VisibilityTimeout": "43201"}})
			return err
		}, "InvalidAttributeValue", "Invalid value for the parameter VisibilityTimeout."},
		{"two encryptions", func() error {
			_, err := c.SetQueueAttributes(ctx, &client.SetQueueAttributesInput{QueueUrl: &url, Attributes: map[string]string{"KmsMasterKeyId": "k", "SqsManagedSseEnabled": "true"}})
			return err
		}, "InvalidAttributeName", "You can use one type of server-side encryption (SSE) at one time. You can either enable KMS SSE or SQS SSE."},
		{"bad dead-letter ARN", func() error {
			_, err := c.SetQueueAttributes(ctx, &client.SetQueueAttributesInput{QueueUrl: &url, Attributes: map[string]string{"RedrivePolicy": `{"deadLetterTargetArn": "dummy", "maxReceiveCount": 42}`}})
			return err
		}, "InvalidParameterValue", `Value {"deadLetterTargetArn": "dummy", "maxReceiveCount": 42} for parameter RedrivePolicy is invalid. Reason: Invalid value for deadLetterTargetArn.`},
		{"empty message attribute", func() error {
			_, err := c.SendMessage(ctx, &client.SendMessageInput{QueueUrl: &url, MessageBody: aws.String("x"), MessageAttributes: map[string]types.MessageAttributeValue{
				"ErrorDetails": {DataType: aws.String("String"), StringValue: aws.String("")}}})
			return err
		}, "InvalidParameterValue", "Message (user) attribute 'ErrorDetails' must contain a non-empty value of type 'String'."},
		{"not a dead-letter queue", func() error {
			_, err := c.StartMessageMoveTask(ctx, &client.StartMessageMoveTaskInput{SourceArn: aws.String("arn:aws:sqs:us-east-1:000000000000:orders")})
			return err
		}, "InvalidParameterValue", "Source queue must be configured as a Dead Letter Queue."},
		{"task of no queue", func() error {
			_, err := c.ListMessageMoveTasks(ctx, &client.ListMessageMoveTasksInput{SourceArn: aws.String("arn:aws:sqs:us-east-1:000000000000:absent")})
			return err
		}, "ResourceNotFoundException", "The resource that you specified for the SourceArn parameter doesn't exist."},
		{"bad task", func() error {
			_, err := c.CancelMessageMoveTask(ctx, &client.CancelMessageMoveTaskInput{TaskHandle: aws.String("junk")})
			return err
		}, "InvalidParameterValue", "Value for parameter TaskHandle is invalid."},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := test.call()
			e, ok := errors.AsType[smithy.APIError](err)
			if !ok {
				t.Fatalf("got %v, want an API error", err)
			}
			if e.ErrorCode() != test.code || e.ErrorMessage() != test.message {
				t.Errorf("got  %s: %s\nwant %s: %s", e.ErrorCode(), e.ErrorMessage(), test.code, test.message)
			}
		})
	}
	if _, err := c.GetQueueUrl(ctx, &client.GetQueueUrlInput{QueueName: aws.String("absent")}); err != nil {
		if _, ok := errors.AsType[*types.QueueDoesNotExist](err); !ok {
			t.Errorf("%T, want QueueDoesNotExist", err)
		}
	}
}
