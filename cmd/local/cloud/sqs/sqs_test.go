package sqs_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"orderflow/cmd/local/cloud/protocol"
	"orderflow/cmd/local/cloud/sqs"

	"github.com/google/go-cmp/cmp"
)

// Whatever the interleaving, each message is received once and deleted.
func TestConcurrency(t *testing.T) {
	const producers, consumers, each = 8, 8, 200
	s := newService(t)
	q, err := s.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: "q"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var mu sync.Mutex
	seen := map[string]int{}
	var consuming, producing sync.WaitGroup
	for range consumers {
		consuming.Go(func() {
			for {
				out, err := s.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: q.QueueUrl, WaitTimeSeconds: new(20), MaxNumberOfMessages: new(10)})
				if err != nil {
					return
				}
				var batch sqs.DeleteMessageBatchInput
				batch.QueueUrl = q.QueueUrl
				mu.Lock()
				for i, m := range out.Messages {
					seen[m.Body]++
					batch.Entries = append(batch.Entries, sqs.DeleteMessageBatchRequestEntry{Id: fmt.Sprint(i), ReceiptHandle: m.ReceiptHandle})
				}
				if len(seen) == producers*each {
					cancel()
				}
				mu.Unlock()
				if deleted, err := s.DeleteMessageBatch(t.Context(), &batch); err != nil || len(deleted.Failed) > 0 {
					t.Error(deleted, err)
				}
			}
		})
	}
	for p := range producers {
		producing.Go(func() {
			for i := range each {
				if _, err := s.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: q.QueueUrl, MessageBody: fmt.Sprint(p, " ", i)}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	producing.Wait()
	consuming.Wait()
	for body, n := range seen {
		if n != 1 {
			t.Errorf("%q was received %d times", body, n)
		}
	}
	want := sqs.Counts{Sent: producers * each, Received: producers * each, Deleted: producers * each}
	if diff := cmp.Diff(want, s.Counts("q")); diff != "" {
		t.Error(diff)
	}
}

func TestMessageAttributeNames(t *testing.T) {
	s := newService(t)
	q, err := s.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: "q", Attributes: map[string]string{"VisibilityTimeout": "0"}})
	if err != nil {
		t.Fatal(err)
	}
	text := func(s string) sqs.MessageAttributeValue {
		return sqs.MessageAttributeValue{DataType: "String", StringValue: s}
	}
	_, err = s.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: q.QueueUrl, MessageBody: "msg",
		MessageAttributes: map[string]sqs.MessageAttributeValue{"Hello": text("There"), "General": text("Kenobi"), "Help.Me": text("Me")}})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		names  []string
		digest string
	}{
		{nil, ""}, {[]string{"Foo", "Help"}, ""}, {[]string{"."}, ""},
		{[]string{"All"}, "4c360f3fdafd970e05fae2f149d997f5"},
		{[]string{".*"}, "4c360f3fdafd970e05fae2f149d997f5"},
		{[]string{"Hello", "General"}, "fca026605781cb4126a1e9044df24232"},
		{[]string{"Foo", "Hello"}, "a311262e065454b75da111d535b8dacd"},
		{[]string{"Hel.*"}, "83fee93c1bcd8b9a5a923ffacdc636c7"},
	} {
		out, err := s.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: q.QueueUrl, MessageAttributeNames: test.names})
		if err != nil {
			t.Fatal(err)
		}
		if got := out.Messages[0].MD5OfMessageAttributes; got != test.digest {
			t.Errorf("%v: %q %v", test.names, got, out.Messages[0].MessageAttributes)
		}
	}
	_, err = s.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: q.QueueUrl, AttributeNames: []string{"Colour"}})
	if e := protocol.AsError(err); e.Code != "InvalidAttributeName" {
		t.Error(err)
	}
}

// A topic delivers only to a queue whose policy lets it.
func TestDeliver(t *testing.T) {
	const topic = "arn:aws:sns:us-east-1:000000000000:OrdersTopic"
	s := newService(t)
	policy := `{"Statement":[{"Effect":"Allow","Principal":{"Service":"sns.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"` + arns + `open","Condition":{"ArnEquals":{"aws:SourceArn":"` + topic + `"}}}]}`
	for name, attributes := range map[string]map[string]string{"open": {"Policy": policy, "MaximumMessageSize": "1024"}, "shut": nil} {
		if _, err := s.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: name, Attributes: attributes}); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct{ queue, topic, body, code string }{
		{"open", topic, "x", ""},
		{"open", topic + "2", "x", "AccessDeniedException"},
		{"shut", topic, "x", "AccessDeniedException"},
		{"none", topic, "x", "QueueDoesNotExist"},
		{"open", topic, string(make([]byte, 10)), "InvalidMessageContents"},
		{"open", topic, fmt.Sprintf("%02000d", 1), "InvalidParameterValueException"},
	} {
		err := s.Deliver(t.Context(), arns+test.queue, test.topic, test.body, nil)
		if test.code == "" && err == nil {
			continue
		}
		if e := protocol.AsError(err); err == nil || e.Code != test.code || e.Status >= 500 {
			t.Errorf("%+v: %v", test, err)
		}
	}
	if got := s.Counts("open").Sent; got != 1 {
		t.Errorf("%d sent", got)
	}
}

func BenchmarkSendReceiveDelete(b *testing.B) {
	s := newService(b)
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
