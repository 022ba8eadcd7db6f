package sns_test

import (
	"context"
	"testing"

	"orderflow/cmd/local/cloud/sns"
	"orderflow/cmd/local/cloud/sqs"
)

const baseURL = "http://127.0.0.1:4566"

func queuePolicy(topicARN string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"sns.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"*","Condition":{"ArnEquals":{"aws:SourceArn":"` + topicARN + `"}}}]}`
}

// BenchmarkPublish fans out to four queues, one of whose filter policies
// lets the message pass not.
func BenchmarkPublish(b *testing.B) {
	ctx := context.Background()
	queues := sqs.New(sqs.Config{Region: "us-east-1", Account: "000000000000", BaseURL: baseURL})
	defer queues.Close()
	s := sns.New(sns.Config{Region: "us-east-1", Account: "000000000000", BaseURL: baseURL, Deliver: queues.Deliver})
	defer s.Close()
	topic, err := s.CreateTopic(ctx, &sns.CreateTopicInput{Name: "OrdersTopic"})
	if err != nil {
		b.Fatal(err)
	}
	for name, filter := range map[string]string{
		"inventory":    `{"type":["inventory.requested","order.confirmed","order.cancelled"]}`,
		"shipment":     `{"type":["shipment.requested","order.confirmed","order.cancelled"]}`,
		"notification": `{"type":["order.placed","order.confirmed","order.cancelled"]}`,
		"analytics":    `{"type":["order.placed","order.confirmed","order.cancelled","inventory.requested","shipment.requested"]}`,
	} {
		if _, err := queues.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: name, Attributes: map[string]string{"Policy": queuePolicy(topic.TopicArn), "MessageRetentionPeriod": "60"}}); err != nil {
			b.Fatal(err)
		}
		_, err := s.Subscribe(ctx, &sns.SubscribeInput{TopicArn: topic.TopicArn, Protocol: "sqs", Endpoint: "arn:aws:sqs:us-east-1:000000000000:" + name,
			Attributes: map[string]string{"RawMessageDelivery": "true", "FilterPolicy": filter}})
		if err != nil {
			b.Fatal(err)
		}
	}
	in := &sns.PublishInput{
		TopicArn:          topic.TopicArn,
		Message:           `{"specversion":"1.0","id":"a/b","type":"order.confirmed","data":{"orderId":"0190","lines":[{"sku":"MUG-BLUE","quantity":2}]}}`,
		MessageAttributes: map[string]sns.MessageAttributeValue{"type": {DataType: "String", StringValue: "order.confirmed"}},
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Publish(ctx, in); err != nil {
			b.Fatal(err)
		}
	}
}
