package lambda_test

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	awslambda "github.com/aws/aws-lambda-go/lambda"

	"orderflow/cmd/local/cloud/lambda"
	"orderflow/cmd/local/cloud/sqs"
)

type bytesHandler func(context.Context, []byte) ([]byte, error)

func (h bytesHandler) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	return h(ctx, payload)
}

func BenchmarkInvoke(b *testing.B) {
	s := newService(b, lambda.Config{})
	s.CreateFunction(b.Context(), &lambda.CreateFunctionInput{FunctionName: "f", Init: func(string) (awslambda.Handler, error) {
		return bytesHandler(func(_ context.Context, p []byte) ([]byte, error) { return p, nil }), nil
	}})
	in := &lambda.InvokeInput{FunctionName: "f", Payload: []byte(`{"orderId":"1"}`)}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Invoke(b.Context(), in); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkEventSourceMapping is a message's way through queue and function.
func BenchmarkEventSourceMapping(b *testing.B) {
	body := strings.Repeat("x", 1000)
	start := func(b *testing.B, done func(int)) func() {
		r := newRig(b)
		create(b, r.Service, lambda.CreateFunctionInput{FunctionName: "f"}, func(e events.SQSEvent) error { done(len(e.Records)); return nil })
		r.mapQueue(lambda.CreateEventSourceMappingInput{})
		return func() {
			if _, err := r.sqs.SendMessage(context.Background(), &sqs.SendMessageInput{QueueUrl: r.url, MessageBody: body}); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.Run("lone", func(b *testing.B) {
		done := make(chan int)
		send := start(b, func(n int) { done <- n })
		b.ReportAllocs()
		for b.Loop() {
			send()
			<-done
		}
	})
	b.Run("stream", func(b *testing.B) {
		var wg sync.WaitGroup
		send := start(b, func(n int) { wg.Add(-n) })
		b.ReportAllocs()
		for b.Loop() {
			wg.Add(1)
			send()
		}
		wg.Wait()
	})
}
