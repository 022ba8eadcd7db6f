package sqs_test

import (
	"strings"
	"testing"

	"orderflow/cmd/local/cloud/sqs"
)

// What queues hold is bounded, and counted down to nothing again however the
// messages go.
func TestMaxBytes(t *testing.T) {
	s := sqs.New(sqs.Config{Region: "us-east-1", Account: "000000000000", BaseURL: baseURL, MaxBytes: 10})
	t.Cleanup(s.Close)
	var queues []string
	for _, name := range []string{"a", "b"} {
		q, err := s.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: name})
		if err != nil {
			t.Fatal(err)
		}
		queues = append(queues, q.QueueUrl)
	}
	send := func(queue, body string) error {
		_, err := s.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: queue, MessageBody: body})
		return err
	}
	for round := range 3 {
		for _, q := range queues {
			if err := send(q, "12345"); err != nil {
				t.Fatalf("round %d: %v", round, err)
			}
		}
		if err := send(queues[0], "1"); err == nil || !strings.HasPrefix(err.Error(), "OverLimit: The queues hold 10 bytes") {
			t.Errorf("round %d: error %v, want OverLimit", round, err)
		}
		out, err := s.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: queues[0]})
		if err != nil || len(out.Messages) != 1 {
			t.Fatal(out, err)
		}
		if _, err := s.DeleteMessage(t.Context(), &sqs.DeleteMessageInput{QueueUrl: queues[0], ReceiptHandle: out.Messages[0].ReceiptHandle}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.DeleteQueue(t.Context(), &sqs.DeleteQueueInput{QueueUrl: queues[1]}); err != nil {
			t.Fatal(err)
		}
		q, err := s.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: "b" + strings.Repeat("b", round) + "2"})
		if err != nil {
			t.Fatal(err)
		}
		queues[1] = q.QueueUrl
	}
}
