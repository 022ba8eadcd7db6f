package sqs_test

import (
	"errors"
	"fmt"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"orderflow/cmd/local/cloud/protocol"
	"orderflow/cmd/local/cloud/sqs"

	"github.com/google/go-cmp/cmp"
)

// A bench is a service in a bubble, with the calls that its tests make.
type bench struct {
	*testing.T
	s *sqs.Service
}

// inBubble runs a test in a bubble, where time passes only when all wait.
func inBubble(t *testing.T, test func(b bench)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := sqs.New(sqs.Config{Region: "us-east-1", Account: "000000000000", BaseURL: baseURL})
		defer s.Close()
		test(bench{t, s})
	})
}

func (b bench) create(name string, attributes ...string) (url string) {
	b.Helper()
	set := map[string]string{}
	for i := 0; i < len(attributes); i += 2 {
		set[attributes[i]] = attributes[i+1]
	}
	out, err := b.s.CreateQueue(b.Context(), &sqs.CreateQueueInput{QueueName: name, Attributes: set})
	if err != nil {
		b.Fatal(err)
	}
	return out.QueueUrl
}

func (b bench) send(url string, bodies ...string) {
	b.Helper()
	for _, body := range bodies {
		if _, err := b.s.SendMessage(b.Context(), &sqs.SendMessageInput{QueueUrl: url, MessageBody: body}); err != nil {
			b.Fatal(err)
		}
	}
}

func (b bench) receive(url string, wait int) []sqs.Message {
	b.Helper()
	out, err := b.s.ReceiveMessage(b.Context(), &sqs.ReceiveMessageInput{
		QueueUrl: url, MaxNumberOfMessages: new(10), WaitTimeSeconds: &wait, MessageSystemAttributeNames: []string{"All"},
	})
	if err != nil {
		b.Fatal(err)
	}
	return out.Messages
}

// wants receives, without waiting, and checks the bodies.
func (b bench) wants(url string, bodies ...string) []sqs.Message {
	b.Helper()
	messages := b.receive(url, 0)
	var got []string
	for _, m := range messages {
		got = append(got, m.Body)
	}
	if diff := cmp.Diff(bodies, got); diff != "" {
		b.Fatalf("at %s: %s", time.Now().Format(time.TimeOnly), diff)
	}
	return messages
}

func (b bench) delete(url, handle string) {
	b.Helper()
	if _, err := b.s.DeleteMessage(b.Context(), &sqs.DeleteMessageInput{QueueUrl: url, ReceiptHandle: handle}); err != nil {
		b.Fatal(err)
	}
}

// counts checks how many messages are visible, in flight and delayed.
func (b bench) counts(url string, visible, inFlight, delayed int) {
	b.Helper()
	out, err := b.s.GetQueueAttributes(b.Context(), &sqs.GetQueueAttributesInput{QueueUrl: url, AttributeNames: []string{"All"}})
	if err != nil {
		b.Fatal(err)
	}
	got := fmt.Sprint(out.Attributes["ApproximateNumberOfMessages"], " ", out.Attributes["ApproximateNumberOfMessagesNotVisible"], " ", out.Attributes["ApproximateNumberOfMessagesDelayed"])
	if want := fmt.Sprint(visible, inFlight, delayed); got != want {
		b.Fatalf("visible, in flight, delayed: %s, want %s", got, want)
	}
}

func (b bench) wantError(err error, code string) {
	b.Helper()
	if e, ok := errors.AsType[*protocol.Error](err); !ok || e.Code != code {
		b.Fatalf("got %v, want %s", err, code)
	}
}

func redrive(deadLetters string, maxReceives int) string {
	return `{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:` + deadLetters + `","maxReceiveCount":"` + strconv.Itoa(maxReceives) + `"}`
}
