package lambda_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"orderflow/cmd/local/cloud/lambda"
	"orderflow/cmd/local/cloud/sqs"
)

const queueARN = "arn:aws:sqs:us-east-1:000000000000:orders"

// A rig is a queue, a Lambda, and what its function "f" was given.
type rig struct {
	*lambda.Service
	t   testing.TB
	sqs *sqs.Service
	url string

	mu      sync.Mutex
	start   time.Time
	batches [][]string // bodies
	at      []time.Duration
	events  []events.SQSEvent
	running int
	peak    int
}

// newRig makes a queue with a visibility timeout of 60 seconds and a dead
// letter queue after three receives.
func newRig(t testing.TB) *rig {
	q := sqs.New(sqs.Config{Region: "us-east-1", Account: "000000000000", BaseURL: "http://localhost"})
	t.Cleanup(q.Close)
	if _, err := q.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: "dead"}); err != nil {
		t.Fatal(err)
	}
	out, err := q.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: "orders", Attributes: map[string]string{
		"VisibilityTimeout": "60",
		"RedrivePolicy":     `{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:dead","maxReceiveCount":3}`,
	}})
	if err != nil {
		t.Fatal(err)
	}
	return &rig{Service: newService(t, lambda.Config{SQS: q}), t: t, sqs: q, url: out.QueueUrl, start: time.Now()}
}

// consume registers "f", which records its batch and then does as handle says.
func (r *rig) consume(in lambda.CreateFunctionInput, handle func(context.Context, events.SQSEvent) (any, error)) {
	in.FunctionName = "f"
	create(r.t, r.Service, in, func(ctx context.Context, e events.SQSEvent) (any, error) {
		r.mu.Lock()
		var bodies []string
		for _, m := range e.Records {
			bodies = append(bodies, m.Body)
		}
		r.batches = append(r.batches, bodies)
		r.at = append(r.at, time.Since(r.start))
		r.events = append(r.events, e)
		r.running++
		r.peak = max(r.peak, r.running)
		r.mu.Unlock()
		defer func() {
			r.mu.Lock()
			r.running--
			r.mu.Unlock()
		}()
		return handle(ctx, e)
	})
}

func (r *rig) mapQueue(in lambda.CreateEventSourceMappingInput) *lambda.EventSourceMappingConfiguration {
	r.t.Helper()
	in.EventSourceArn = queueARN
	if in.FunctionName == "" {
		in.FunctionName = "f"
	}
	out, err := r.CreateEventSourceMapping(r.t.Context(), &in)
	if err != nil {
		r.t.Fatal(err)
	}
	return out
}

func (r *rig) send(bodies ...string) {
	r.t.Helper()
	for _, body := range bodies {
		if _, err := r.sqs.SendMessage(r.t.Context(), &sqs.SendMessageInput{QueueUrl: r.url, MessageBody: body}); err != nil {
			r.t.Fatal(err)
		}
	}
}

func (r *rig) left() (messages, inFlight string) {
	r.t.Helper()
	out, err := r.sqs.GetQueueAttributes(r.t.Context(), &sqs.GetQueueAttributesInput{QueueUrl: r.url, AttributeNames: []string{"All"}})
	if err != nil {
		r.t.Fatal(err)
	}
	return out.Attributes["ApproximateNumberOfMessages"], out.Attributes["ApproximateNumberOfMessagesNotVisible"]
}

func ok(context.Context, events.SQSEvent) (any, error) { return nil, nil }

func number(n int) *int { return &n }

func numbered(n int) []string {
	var bodies []string
	for i := range n {
		bodies = append(bodies, strconv.Itoa(i))
	}
	return bodies
}

func TestMessageIsDeliveredAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.consume(lambda.CreateFunctionInput{}, ok)
		r.mapQueue(lambda.CreateEventSourceMappingInput{})
		time.Sleep(30 * time.Second)
		r.send("a")
		synctest.Wait()
		if got, want := fmt.Sprint(r.batches, r.at), "[[a]] [30s]"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		if messages, inFlight := r.left(); messages+inFlight != "00" {
			t.Errorf("%s messages, %s in flight", messages, inFlight)
		}
	})
}

// TestEvent compares the event with the one in Lambda's documentation.
func TestEvent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		var raw []byte
		in := lambda.CreateFunctionInput{FunctionName: "f"}
		create(t, r.Service, in, func(_ context.Context, e json.RawMessage) error { raw = e; return nil })
		r.mapQueue(lambda.CreateEventSourceMappingInput{})
		body := "{\"text\":\"line\\n\t\u2028<é>\"}"
		out, err := r.sqs.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: r.url, MessageBody: body,
			MessageAttributes: map[string]sqs.MessageAttributeValue{
				"type":  {DataType: "String", StringValue: "order.placed"},
				"count": {DataType: "Number", StringValue: "7"},
				"bytes": {DataType: "Binary", BinaryValue: []byte{1, 2}},
			}})
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		var got map[string][]map[string]any
		if err := json.Unmarshal(raw, &got); err != nil {
			t.Fatalf("%v: %s", err, raw)
		}
		record := got["Records"][0]
		if len(record["receiptHandle"].(string)) < 10 {
			t.Errorf("receipt handle %v", record["receiptHandle"])
		}
		delete(record, "receiptHandle")
		now := strconv.FormatInt(r.start.UnixMilli(), 10)
		sender := record["attributes"].(map[string]any)["SenderId"]
		want := map[string]any{
			"messageId":  out.MessageId,
			"body":       body,
			"attributes": map[string]any{"ApproximateReceiveCount": "1", "SentTimestamp": now, "SenderId": sender, "ApproximateFirstReceiveTimestamp": now},
			"messageAttributes": map[string]any{
				"type":  map[string]any{"stringValue": "order.placed", "stringListValues": []any{}, "binaryListValues": []any{}, "dataType": "String"},
				"count": map[string]any{"stringValue": "7", "stringListValues": []any{}, "binaryListValues": []any{}, "dataType": "Number"},
				"bytes": map[string]any{"binaryValue": "AQI=", "stringListValues": []any{}, "binaryListValues": []any{}, "dataType": "Binary"},
			},
			"md5OfMessageAttributes": out.MD5OfMessageAttributes,
			"md5OfBody":              out.MD5OfMessageBody,
			"eventSource":            "aws:sqs",
			"eventSourceARN":         queueARN,
			"awsRegion":              "us-east-1",
		}
		if diff := cmp.Diff(want, record); diff != "" {
			t.Errorf("event (-want +got):\n%s", diff)
		}
		var typed events.SQSEvent
		dec := json.NewDecoder(strings.NewReader(string(raw)))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&typed); err != nil {
			t.Error(err)
		}
	})
}

func TestBatchesAndWindows(t *testing.T) {
	tests := map[string]struct {
		mapping lambda.CreateEventSourceMappingInput
		send    map[time.Duration]int
		want    string // sizes and times
	}{
		"no window": {
			lambda.CreateEventSourceMappingInput{},
			map[time.Duration]int{0: 1, time.Second: 1},
			"[1 1] [0s 1s]",
		},
		"window ends": {
			lambda.CreateEventSourceMappingInput{MaximumBatchingWindowInSeconds: 5},
			map[time.Duration]int{time.Second: 1, 3 * time.Second: 2, 7 * time.Second: 1},
			"[3 1] [6s 12s]",
		},
		"batch is full": {
			lambda.CreateEventSourceMappingInput{MaximumBatchingWindowInSeconds: 300, BatchSize: number(3)},
			map[time.Duration]int{time.Second: 1, 3 * time.Second: 2},
			"[3] [3s]",
		},
		"more than one receive": {
			lambda.CreateEventSourceMappingInput{MaximumBatchingWindowInSeconds: 2, BatchSize: number(100)},
			map[time.Duration]int{0: 25},
			"[25] [2s]",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t)
				r.consume(lambda.CreateFunctionInput{}, ok)
				r.mapQueue(test.mapping)
				for second := range 10 {
					r.send(numbered(test.send[time.Duration(second)*time.Second])...)
					time.Sleep(time.Second)
				}
				time.Sleep(5 * time.Minute)
				synctest.Wait()
				var sizes []int
				for _, b := range r.batches {
					sizes = append(sizes, len(b))
				}
				if got := fmt.Sprint(sizes, r.at); got != test.want {
					t.Errorf("got %s, want %s", got, test.want)
				}
			})
		})
	}
}

// TestPartialFailures holds responses to the documented meaning.
func TestPartialFailures(t *testing.T) {
	id := func(ids ...string) func(events.SQSEvent) string {
		return func(e events.SQSEvent) string {
			var items []string
			for _, m := range e.Records {
				if slices.Contains(ids, m.Body) {
					items = append(items, `{"itemIdentifier":"`+m.MessageId+`"}`)
				}
			}
			return `{"batchItemFailures":[` + strings.Join(items, ",") + `]}`
		}
	}
	says := func(s string) func(events.SQSEvent) string { return func(events.SQSEvent) string { return s } }
	tests := map[string]struct {
		response func(events.SQSEvent) string
		off      bool   // no ReportBatchItemFailures
		left     string // bodies that come again
	}{
		"one fails":             {response: id("b"), left: "[b]"},
		"all fail":              {response: id("a", "b", "c"), left: "[a b c]"},
		"empty list":            {response: says(`{"batchItemFailures":[]}`), left: "[]"},
		"null list":             {response: says(`{"batchItemFailures":null}`), left: "[]"},
		"empty object":          {response: says(`{}`), left: "[]"},
		"null":                  {response: says(`null`), left: "[]"},
		"nothing":               {response: says(``), left: "[]"},
		"other members":         {response: says(`{"ok":true}`), left: "[]"},
		"invalid JSON":          {response: says(`{"batchItemFailures":[`), left: "[a b c]"},
		"a string":              {response: says(`"ok"`), left: "[a b c]"},
		"not a list":            {response: says(`{"batchItemFailures":"a"}`), left: "[a b c]"},
		"empty identifier":      {response: says(`{"batchItemFailures":[{"itemIdentifier":""}]}`), left: "[a b c]"},
		"null identifier":       {response: says(`{"batchItemFailures":[{"itemIdentifier":null}]}`), left: "[a b c]"},
		"bad key":               {response: says(`{"batchItemFailures":[{"messageId":"x"}]}`), left: "[a b c]"},
		"unknown identifier":    {response: says(`{"batchItemFailures":[{"itemIdentifier":"x"}]}`), left: "[a b c]"},
		"not asked to look":     {response: id("b"), off: true, left: "[]"},
		"not asked, no JSON":    {response: says(`{`), off: true, left: "[]"},
		"the function fails":    {left: "[a b c]"},
		"it fails, not partial": {off: true, left: "[a b c]"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t)
				first := true
				r.consume(lambda.CreateFunctionInput{}, func(_ context.Context, e events.SQSEvent) (any, error) {
					if !first {
						return nil, nil
					}
					first = false
					if test.response == nil {
						return nil, errors.New("no")
					}
					return strings.NewReader(test.response(e)), nil
				})
				mapping := lambda.CreateEventSourceMappingInput{}
				if !test.off {
					mapping.FunctionResponseTypes = []string{"ReportBatchItemFailures"}
				}
				r.send("a", "b", "c")
				r.mapQueue(mapping)
				time.Sleep(2 * time.Minute)
				synctest.Wait()
				again := []string{}
				for i, b := range r.batches[1:] {
					again = append(again, b...)
					if r.at[i+1] != time.Minute {
						t.Errorf("again after %v", r.at[i+1])
					}
				}
				if fmt.Sprint(again) != test.left {
					t.Errorf("came again: %v, want %s", again, test.left)
				}
				if messages, inFlight := r.left(); messages+inFlight != "00" {
					t.Errorf("%s messages, %s in flight", messages, inFlight)
				}
			})
		})
	}
}

func TestPoisonReachesTheDeadLetterQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.consume(lambda.CreateFunctionInput{Timeout: 10}, func(ctx context.Context, _ events.SQSEvent) (any, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		})
		r.send("poison")
		r.mapQueue(lambda.CreateEventSourceMappingInput{})
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if got := fmt.Sprint(r.at); got != "[0s 1m0s 2m0s]" {
			t.Errorf("ran at %s", got)
		}
		if n := r.sqs.Counts("orders").DeadLettered; n != 1 {
			t.Errorf("%d messages in the dead-letter queue", n)
		}
	})
}

func TestMappingIsRefused(t *testing.T) {
	tests := map[string]struct {
		in   lambda.CreateEventSourceMappingInput
		want string
	}{
		"large batch, no window": {lambda.CreateEventSourceMappingInput{BatchSize: number(11)}, "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10"},
		"batch size":             {lambda.CreateEventSourceMappingInput{BatchSize: number(0)}, "batchSize"},
		"window":                 {lambda.CreateEventSourceMappingInput{MaximumBatchingWindowInSeconds: 301}, "maximumBatchingWindowInSeconds"},
		"response type":          {lambda.CreateEventSourceMappingInput{FunctionResponseTypes: []string{"Other"}}, "functionResponseTypes"},
		"concurrency":            {lambda.CreateEventSourceMappingInput{ScalingConfig: &lambda.ScalingConfig{MaximumConcurrency: number(1)}}, "scalingConfig.maximumConcurrency"},
		"no such queue":          {lambda.CreateEventSourceMappingInput{EventSourceArn: queueARN + "x"}, "does not exist"},
		"not a queue":            {lambda.CreateEventSourceMappingInput{EventSourceArn: "arn:aws:kinesis:us-east-1:000000000000:stream/s"}, "Unrecognized event source"},
		"no such function":       {lambda.CreateEventSourceMappingInput{FunctionName: "g"}, "Function not found: " + arn + "g"},
		"slow function":          {lambda.CreateEventSourceMappingInput{FunctionName: "slow"}, "Queue visibility timeout: 60 seconds is less than Function timeout: 61 seconds"},
	}
	r := newRig(t)
	r.consume(lambda.CreateFunctionInput{}, ok)
	create(t, r.Service, lambda.CreateFunctionInput{FunctionName: "slow", Timeout: 61}, func() {})
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			in := test.in
			if in.EventSourceArn == "" {
				in.EventSourceArn = queueARN
			}
			if in.FunctionName == "" {
				in.FunctionName = "f"
			}
			if _, err := r.CreateEventSourceMapping(t.Context(), &in); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
	r.mapQueue(lambda.CreateEventSourceMappingInput{})
	in := lambda.CreateEventSourceMappingInput{EventSourceArn: queueARN, FunctionName: "f"}
	if _, err := r.CreateEventSourceMapping(t.Context(), &in); code(err) != "ResourceConflictException" {
		t.Errorf("a second mapping: %v", err)
	}
}
