package sqs_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"orderflow/cmd/local/cloud/sqs"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// TestPeek: messages are read in whatever state they are, and stay in it.
func TestPeek(t *testing.T) {
	inBubble(t, func(b bench) {
		dlq := b.create("dlq")
		q := b.create("q", "VisibilityTimeout", "10", "RedrivePolicy", redrive("dlq", 2))
		start := time.Now()
		peek := func(url string, limit int, want ...sqs.Peeked) {
			b.Helper()
			got, err := b.s.Peek(b.Context(), url, limit)
			if err != nil {
				b.Fatal(err)
			}
			if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(sqs.Peeked{}, "MessageID")); diff != "" {
				b.Errorf("after %v: -want +got\n%s", time.Since(start), diff)
			}
		}
		peek(q, 10)

		typed := map[string]sqs.MessageAttributeValue{"type": {DataType: "String", StringValue: "x"}}
		sent, err := b.s.SendMessage(b.Context(), &sqs.SendMessageInput{QueueUrl: q, MessageBody: "a", MessageAttributes: typed})
		if err != nil {
			b.Fatal(err)
		}
		b.wants(q, "a")
		time.Sleep(time.Second)
		if _, err := b.s.SendMessage(b.Context(), &sqs.SendMessageInput{QueueUrl: q, MessageBody: "b", DelaySeconds: new(5)}); err != nil {
			b.Fatal(err)
		}
		b.send(q, "c")
		flying := sqs.Peeked{Body: "a", Attributes: typed, Sent: start, FirstReceived: start, Receives: 1, VisibleAt: start.Add(10 * time.Second), InFlight: true}
		delayed := sqs.Peeked{Body: "b", Sent: start.Add(time.Second), VisibleAt: start.Add(6 * time.Second)}
		visible := sqs.Peeked{Body: "c", Sent: start.Add(time.Second)}
		for range 2 { // it changes nothing
			peek(q, 10, flying, delayed, visible)
			peek(q, 2, flying, delayed)
			peek(q, 0)
			b.counts(q, 1, 1, 1)
		}
		if first, _ := b.s.Peek(b.Context(), q, 1); first[0].MessageID != sent.MessageId {
			b.Errorf("peeked at message %s, sent was %s", first[0].MessageID, sent.MessageId)
		}

		time.Sleep(9 * time.Second)
		flying.VisibleAt, flying.InFlight, delayed.VisibleAt = time.Time{}, false, time.Time{}
		peek(q, 10, flying, delayed, visible)

		b.wants(q, "c", "b", "a")
		time.Sleep(10 * time.Second)
		b.wants(q, "b", "c") // a is a dead letter now
		flying.Receives = 2
		peek(dlq, 10, flying)

		_, err = b.s.Peek(b.Context(), baseURL+"/000000000000/none", 10)
		b.wantError(err, "QueueDoesNotExist")
	})
}

// TestPeekLeavesPolls: whoever waits for a message gets it when it is due,
// though somebody looked meanwhile.
func TestPeekLeavesPolls(t *testing.T) {
	inBubble(t, func(b bench) {
		q := b.create("q", "DelaySeconds", "5")
		b.send(q, "a")
		got := make(chan []sqs.Message)
		go func() { got <- b.receive(q, 20) }()
		time.Sleep(4 * time.Second)
		if _, err := b.s.Peek(b.Context(), q, 1); err != nil {
			b.Fatal(err)
		}
		began := time.Now()
		if messages := <-got; len(messages) != 1 || time.Since(began) != time.Second {
			b.Errorf("%d messages after %v", len(messages), time.Since(began))
		}
	})
}

// TestPeekIsBounded: a look at a few messages costs as much in a long queue as
// in a short one.
func TestPeekIsBounded(t *testing.T) {
	s := newService(t)
	cost := func(messages int) float64 {
		q := filled(t, s, messages)
		return testing.AllocsPerRun(10, func() {
			if got, err := s.Peek(context.Background(), q, 50); err != nil || len(got) != 50 {
				t.Fatal(len(got), err)
			}
		})
	}
	if few, many := cost(1_000), cost(100_000); many > few {
		t.Errorf("50 of 1,000 messages cost %v allocations, of 100,000 %v", few, many)
	}
}

func BenchmarkPeek(b *testing.B) {
	for _, messages := range []int{1_000, 100_000} {
		b.Run(fmt.Sprint(messages), func(b *testing.B) {
			s := newService(b)
			q := filled(b, s, messages)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.Peek(b.Context(), q, 50); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func filled(t testing.TB, s *sqs.Service, messages int) (url string) {
	t.Helper()
	q, err := s.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: fmt.Sprint("q", messages)})
	if err != nil {
		t.Fatal(err)
	}
	for range messages {
		if _, err := s.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: q.QueueUrl, MessageBody: "x"}); err != nil {
			t.Fatal(err)
		}
	}
	return q.QueueUrl
}
