package sns_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"orderflow/cmd/local/cloud/protocol"
	"orderflow/cmd/local/cloud/sns"
	"orderflow/cmd/local/cloud/sqs"
)

// A fault of the queue is no matter of the publisher: the delivery is tried
// again, four times at once, then for 23 days, then it is a dead letter.
func TestRetries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var tries []time.Duration
		var dead string
		start := time.Now()
		s := sns.New(sns.Config{Region: "us-east-1", Account: "000000000000", Deliver: func(_ context.Context, queue, _, body string, _ map[string]sns.MessageAttributeValue) error {
			mu.Lock()
			defer mu.Unlock()
			if strings.HasSuffix(queue, ":dead") {
				dead = body
				return nil
			}
			tries = append(tries, time.Since(start))
			return errors.New("the queue is on fire")
		}})
		defer s.Close()
		topic, err := s.CreateTopic(t.Context(), &sns.CreateTopicInput{Name: "OrdersTopic"})
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.Subscribe(t.Context(), &sns.SubscribeInput{TopicArn: topic.TopicArn, Protocol: "sqs", Endpoint: queueARNs + "q",
			Attributes: map[string]string{"RawMessageDelivery": "true", "RedrivePolicy": `{"deadLetterTargetArn":"` + queueARNs + `dead"}`}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Publish(t.Context(), &sns.PublishInput{TopicArn: topic.TopicArn, Message: "m"}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(24 * time.Hour * 24)
		mu.Lock()
		defer mu.Unlock()
		if len(tries) != 1+100_015 || dead != "m" {
			t.Errorf("%d tries, then %q", len(tries), dead)
		}
		for i, want := range []time.Duration{0, 0, 0, 0, 1, 2, 3, 5, 9, 17, 33, 53} {
			if tries[i] != want*time.Second {
				t.Errorf("try %d after %s, want %d s", i, tries[i], want)
			}
		}
		if last := tries[len(tries)-1]; last.Round(24*time.Hour) != 23*24*time.Hour {
			t.Errorf("the last after %s", last)
		}
	})
}

func TestRetryUntilItWorks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		tries, refused := 0, 0
		s := sns.New(sns.Config{Region: "us-east-1", Account: "000000000000", Deliver: func(_ context.Context, queue, _, body string, _ map[string]sns.MessageAttributeValue) error {
			mu.Lock()
			defer mu.Unlock()
			switch tries++; {
			case queue == queueARNs+"refuses":
				refused++
				return protocol.Errorf("AccessDenied", "no")
			case tries < 8:
				return &protocol.Error{Code: "ServiceUnavailable", Status: 503}
			}
			return nil
		}})
		topic, err := s.CreateTopic(t.Context(), &sns.CreateTopicInput{Name: "OrdersTopic"})
		if err != nil {
			t.Fatal(err)
		}
		for _, queue := range []string{"q", "refuses"} {
			if _, err := s.Subscribe(t.Context(), &sns.SubscribeInput{TopicArn: topic.TopicArn, Protocol: "sqs", Endpoint: queueARNs + queue}); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := s.Publish(t.Context(), &sns.PublishInput{TopicArn: topic.TopicArn, Message: "m"}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		mu.Lock()
		if tries != 8 || refused != 1 {
			t.Errorf("%d tries, %d refused", tries, refused)
		}
		tries = -1000 // faults for a while
		mu.Unlock()
		if _, err := s.Publish(t.Context(), &sns.PublishInput{TopicArn: topic.TopicArn, Message: "m"}); err != nil {
			t.Fatal(err)
		}
		s.Close() // does not wait for days
		_, err = s.Publish(t.Context(), &sns.PublishInput{TopicArn: topic.TopicArn, Message: "m"})
		if e := protocol.AsError(err); e.Code != "ServiceUnavailable" {
			t.Error(err)
		}
	})
}

// Step Functions' sns:publish comes by name and JSON, all members as in AWS.
func TestActionsCall(t *testing.T) {
	c := newCloud(t)
	c.queue("q")
	c.subscribe("q", "RawMessageDelivery", "true")
	out, err := c.topics.Actions().Call(t.Context(), "Publish", []byte(`{"TopicArn":"`+topicARN+`","Message":"{\"a\":1}","MessageAttributes":{"type":{"DataType":"String","StringValue":"order.placed"},"b":{"DataType":"Binary","BinaryValue":"AgME"}}}`))
	if err != nil {
		t.Fatal(err)
	}
	var answer struct{ MessageId string }
	if err := json.Unmarshal(out, &answer); err != nil || answer.MessageId == "" {
		t.Errorf("%s %v", out, err)
	}
	if got := c.received("q"); len(got) != 1 || got[0].Body != `{"a":1}` || got[0].MessageAttributes["type"].StringValue != "order.placed" {
		t.Errorf("%+v", got)
	}
	_, err = c.topics.Actions().Call(t.Context(), "Publish", []byte(`{"TopicArn":"x","Message":"m","Colour":"blue"}`))
	if e := protocol.AsError(err); e.Code != "ValidationException" {
		t.Error(err)
	}
}

// Publishing, subscribing and unsubscribing may happen all at once.
func TestConcurrency(t *testing.T) {
	c := newCloud(t)
	for _, queue := range []string{"a", "b"} {
		c.queue(queue)
	}
	c.subscribe("a")
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				if _, err := c.topics.Publish(t.Context(), &sns.PublishInput{TopicArn: topicARN, Message: "m"}); err != nil {
					t.Error(err)
				}
			}
		})
		wg.Go(func() {
			for range 20 {
				out, err := c.topics.Subscribe(t.Context(), &sns.SubscribeInput{TopicArn: topicARN, Protocol: "sqs", Endpoint: queueARNs + "b"})
				if err != nil {
					t.Error(err)
					return
				}
				// Somebody else may have ended it meanwhile.
				_, err = c.topics.SetSubscriptionAttributes(t.Context(), &sns.SetSubscriptionAttributesInput{SubscriptionArn: out.SubscriptionArn, AttributeName: "RawMessageDelivery", AttributeValue: "true"})
				if err != nil && protocol.AsError(err).Code != "NotFound" {
					t.Error(err)
				}
				if _, err := c.topics.Unsubscribe(t.Context(), &sns.UnsubscribeInput{SubscriptionArn: out.SubscriptionArn}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if sent, published := c.queues.Counts("a").Sent, c.topics.Published(topicARN); sent != 400 || published != 400 {
		t.Errorf("%d sent, %d published", sent, published)
	}
}

// BenchmarkPublish fans out to four queues whose filter policies all let the
// message pass.
func BenchmarkPublish(b *testing.B) {
	c := newCloud(b)
	for queue, filter := range map[string]string{
		"inventory":    `{"type":["inventory.requested","order.confirmed","order.cancelled"]}`,
		"shipment":     `{"type":["shipment.requested","order.confirmed","order.cancelled"]}`,
		"notification": `{"type":["order.placed","order.confirmed","order.cancelled"]}`,
		"analytics":    `{"type":["order.placed","order.confirmed","order.cancelled","inventory.requested","shipment.requested"]}`,
	} {
		c.queue(queue)
		c.subscribe(queue, "RawMessageDelivery", "true", "FilterPolicy", filter)
	}
	in := &sns.PublishInput{
		TopicArn:          topicARN,
		Message:           `{"specversion":"1.0","id":"a/b","type":"order.confirmed","data":{"orderId":"0190","lines":[{"sku":"MUG-BLUE","quantity":2}]}}`,
		MessageAttributes: map[string]sns.MessageAttributeValue{"type": {DataType: "String", StringValue: "order.confirmed"}},
	}
	b.ReportAllocs()
	for n := 1; b.Loop(); n++ {
		if _, err := c.topics.Publish(context.Background(), in); err != nil {
			b.Fatal(err)
		}
		if n%1000 == 0 {
			b.StopTimer()
			for _, queue := range []string{"inventory", "shipment", "notification", "analytics"} {
				c.drain(queue)
			}
			b.StartTimer()
		}
	}
}

// drain receives and deletes what is in a queue.
func (c cloud) drain(queue string) {
	c.Helper()
	url := baseURL + "/000000000000/" + queue
	for messages := c.received(queue); len(messages) > 0; messages = c.received(queue) {
		for _, m := range messages {
			if _, err := c.queues.DeleteMessage(c.Context(), &sqs.DeleteMessageInput{QueueUrl: url, ReceiptHandle: m.ReceiptHandle}); err != nil {
				c.Fatal(err)
			}
		}
	}
}

// TestLost: a message that a queue refuses, with nowhere else to go, is told of.
func TestLost(t *testing.T) {
	for _, test := range []struct {
		name, redrive string
		refuses       []string
		lost          bool
	}{
		{name: "no dead-letter queue", refuses: []string{queueARNs + "q"}, lost: true},
		{name: "dead-letter queue", redrive: queueARNs + "dead", refuses: []string{queueARNs + "q"}},
		{name: "both refuse", redrive: queueARNs + "dead", refuses: []string{queueARNs + "q", queueARNs + "dead"}, lost: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			var log strings.Builder
			s := sns.New(sns.Config{Region: "us-east-1", Account: "000000000000", Log: slog.New(slog.NewTextHandler(&log, nil)),
				Deliver: func(_ context.Context, queue, _, _ string, _ map[string]sns.MessageAttributeValue) error {
					if slices.Contains(test.refuses, queue) {
						return protocol.Errorf("AccessDenied", "Access to the resource %s is denied.", queue)
					}
					return nil
				}})
			defer s.Close()
			topic, err := s.CreateTopic(t.Context(), &sns.CreateTopicInput{Name: "t"})
			if err != nil {
				t.Fatal(err)
			}
			attributes := map[string]string{"RawMessageDelivery": "true"}
			if test.redrive != "" {
				attributes["RedrivePolicy"] = `{"deadLetterTargetArn":"` + test.redrive + `"}`
			}
			if _, err := s.Subscribe(t.Context(), &sns.SubscribeInput{TopicArn: topic.TopicArn, Protocol: "sqs", Endpoint: queueARNs + "q", Attributes: attributes}); err != nil {
				t.Fatal(err)
			}
			if _, err := s.Publish(t.Context(), &sns.PublishInput{TopicArn: topic.TopicArn, Message: "secret"}); err != nil {
				t.Fatal(err)
			}
			if told := strings.Contains(log.String(), "a message is lost") && strings.Contains(log.String(), "is denied"); told != test.lost || strings.Contains(log.String(), "secret") {
				t.Errorf("lost is %v, the log is %q", test.lost, log.String())
			}
		})
	}
}
