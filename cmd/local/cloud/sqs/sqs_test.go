package sqs_test

import (
	"context"
	"testing"

	"orderflow/cmd/local/cloud/sqs"
)

func BenchmarkSendReceiveDelete(b *testing.B) {
	s := sqs.New(sqs.Config{Region: "us-east-1", Account: "000000000000", BaseURL: "http://127.0.0.1:4566"})
	defer s.Close()
	ctx := context.Background()
	q, err := s.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: "q"})
	if err != nil {
		b.Fatal(err)
	}
	body := `{"specversion":"1.0","id":"a/b","type":"order.placed","data":{"orderId":"0190","lines":[{"sku":"MUG-BLUE","quantity":2}]}}`
	attributes := map[string]sqs.MessageAttributeValue{"type": {DataType: "String", StringValue: "order.placed"}}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: q.QueueUrl, MessageBody: body, MessageAttributes: attributes}); err != nil {
			b.Fatal(err)
		}
		out, err := s.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: q.QueueUrl, MessageAttributeNames: []string{"All"}, MessageSystemAttributeNames: []string{"All"}})
		if err != nil || len(out.Messages) != 1 {
			b.Fatal(err, out)
		}
		if _, err := s.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: q.QueueUrl, ReceiptHandle: out.Messages[0].ReceiptHandle}); err != nil {
			b.Fatal(err)
		}
	}
}
