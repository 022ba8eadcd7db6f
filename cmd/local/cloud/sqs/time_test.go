package sqs_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"orderflow/cmd/local/cloud/sqs"

	"github.com/google/go-cmp/cmp"
)

func TestVisibilityTimeout(t *testing.T) {
	inBubble(t, func(b bench) {
		q := b.create("q", "VisibilityTimeout", "10")
		b.send(q, "a")
		first := b.wants(q, "a")[0]
		b.counts(q, 0, 1, 0)
		time.Sleep(10*time.Second - 1)
		b.wants(q)
		time.Sleep(time.Nanosecond)
		again := b.wants(q, "a")[0]
		if again.MessageId != first.MessageId || again.ReceiptHandle == first.ReceiptHandle {
			b.Errorf("redelivered as %s %s", again.MessageId, again.ReceiptHandle)
		}
		if got := again.Attributes["ApproximateReceiveCount"]; got != "2" {
			b.Errorf("receive count %s", got)
		}
		if again.Attributes["ApproximateFirstReceiveTimestamp"] != first.Attributes["ApproximateFirstReceiveTimestamp"] {
			b.Error("the first receipt moved")
		}

		b.delete(q, first.ReceiptHandle) // no longer the latest: succeeds in vain
		b.counts(q, 0, 1, 0)
		time.Sleep(10 * time.Second)
		b.counts(q, 1, 0, 0)
		b.delete(q, again.ReceiptHandle) // the latest, though visible again
		b.counts(q, 0, 0, 0)
		b.delete(q, again.ReceiptHandle) // repeating it is harmless
		if diff := cmp.Diff(sqs.Counts{Sent: 1, Received: 2, Deleted: 1}, b.s.Counts("q")); diff != "" {
			b.Error(diff)
		}
	})
}

func TestChangeMessageVisibility(t *testing.T) {
	inBubble(t, func(b bench) {
		change := func(url, handle string, seconds int) error {
			_, err := b.s.ChangeMessageVisibility(b.Context(), &sqs.ChangeMessageVisibilityInput{QueueUrl: url, ReceiptHandle: handle, VisibilityTimeout: &seconds})
			return err
		}
		q := b.create("q", "VisibilityTimeout", "10")
		b.send(q, "a")
		m := b.wants(q, "a")[0]
		time.Sleep(8 * time.Second)
		if err := change(q, m.ReceiptHandle, 10); err != nil {
			b.Fatal(err)
		}
		time.Sleep(9 * time.Second)
		b.wants(q)
		if err := change(q, m.ReceiptHandle, 0); err != nil {
			b.Fatal(err)
		}
		late := m.ReceiptHandle
		if err := change(q, late, 5); err != nil { // over already: nothing happens
			b.Fatal(err)
		}
		m = b.wants(q, "a")[0]
		b.wantError(change(q, late, 5), "InvalidParameterValueException")
		b.wantError(change(q, m.ReceiptHandle, 43201), "InvalidParameterValueException")
		time.Sleep(time.Second)
		b.wantError(change(q, m.ReceiptHandle, 43200), "InvalidParameterValueException")
		if err := change(q, m.ReceiptHandle, 43199); err != nil {
			b.Fatal(err)
		}
		b.delete(q, m.ReceiptHandle)
		b.wantError(change(q, m.ReceiptHandle, 1), "InvalidParameterValueException")
	})
}

func TestZeroVisibilityTimeout(t *testing.T) {
	inBubble(t, func(b bench) {
		q := b.create("q", "VisibilityTimeout", "0")
		b.send(q, "a", "b")
		m := b.wants(q, "a", "b")
		b.wants(q, "a", "b")
		b.delete(q, m[0].ReceiptHandle)
		b.counts(q, 2, 0, 0)
	})
}

func TestDelay(t *testing.T) {
	inBubble(t, func(b bench) {
		q := b.create("q", "DelaySeconds", "60")
		b.send(q, "a")
		if _, err := b.s.SendMessage(b.Context(), &sqs.SendMessageInput{QueueUrl: q, MessageBody: "now", DelaySeconds: new(0)}); err != nil {
			b.Fatal(err)
		}
		b.counts(q, 1, 0, 1)
		b.wants(q, "now")
		time.Sleep(time.Minute - 1)
		b.counts(q, 1, 0, 1)
		start := time.Now()
		b.wants(q, "now")
		if m := b.receive(q, 20); len(m) != 1 || m[0].Body != "a" || time.Since(start) != 1 {
			b.Errorf("after %s: %v", time.Since(start), m)
		}
		_, err := b.s.SendMessage(b.Context(), &sqs.SendMessageInput{QueueUrl: q, MessageBody: "a", DelaySeconds: new(901)})
		b.wantError(err, "InvalidParameterValueException")
	})
}

func TestRetention(t *testing.T) {
	inBubble(t, func(b bench) {
		q := b.create("q", "MessageRetentionPeriod", "60", "VisibilityTimeout", "300")
		b.send(q, "a")
		b.wants(q, "a")
		time.Sleep(30 * time.Second)
		b.send(q, "b")
		time.Sleep(30*time.Second - 1)
		b.counts(q, 1, 1, 0)
		time.Sleep(time.Nanosecond)
		b.counts(q, 1, 0, 0) // in flight or not
		time.Sleep(30 * time.Second)
		b.wants(q)
		if got := b.s.Counts("q").Expired; got != 2 {
			b.Errorf("%d expired", got)
		}

		b.send(q, "c")
		if _, err := b.s.SetQueueAttributes(b.Context(), &sqs.SetQueueAttributesInput{QueueUrl: q, Attributes: map[string]string{"MessageRetentionPeriod": "120"}}); err != nil {
			b.Fatal(err)
		}
		time.Sleep(90 * time.Second)
		b.counts(q, 1, 0, 0) // the new period is for old messages too
		time.Sleep(30 * time.Second)
		b.counts(q, 0, 0, 0)
	})
}

func TestDeadLetterQueue(t *testing.T) {
	inBubble(t, func(b bench) {
		dead := b.create("dead", "MessageRetentionPeriod", "100")
		q := b.create("q", "VisibilityTimeout", "10", "RedrivePolicy", redrive("dead", 2))
		b.send(q, "a")
		sent := b.wants(q, "a")[0]
		time.Sleep(10 * time.Second)
		b.wants(q, "a")
		time.Sleep(10 * time.Second)
		b.counts(dead, 0, 0, 0)
		b.wants(q) // this receipt would be one too many
		b.counts(dead, 1, 0, 0)
		m := b.wants(dead, "a")[0]
		if m.MessageId != sent.MessageId {
			b.Errorf("ID %s became %s", sent.MessageId, m.MessageId)
		}
		for name, want := range map[string]string{
			"SentTimestamp": sent.Attributes["SentTimestamp"], "ApproximateReceiveCount": "3",
			"DeadLetterQueueSourceArn": "arn:aws:sqs:us-east-1:000000000000:q",
		} {
			if m.Attributes[name] != want {
				b.Errorf("%s is %q, want %q", name, m.Attributes[name], want)
			}
		}
		_, err := b.s.DeleteMessage(b.Context(), &sqs.DeleteMessageInput{QueueUrl: dead, ReceiptHandle: sent.ReceiptHandle})
		b.wantError(err, "ReceiptHandleIsInvalid") // of another queue
		time.Sleep(79 * time.Second)
		b.counts(dead, 1, 0, 0)
		time.Sleep(time.Second)
		b.counts(dead, 0, 0, 0) // its retention counts from when it was sent
		if got := b.s.Counts("q").DeadLettered; got != 1 {
			b.Errorf("%d dead-lettered", got)
		}
	})
}

// A poll on the dead-letter queue is served by the poll on the source, which
// itself goes on waiting.
func TestDeadLetterWakesPoll(t *testing.T) {
	inBubble(t, func(b bench) {
		dead := b.create("dead")
		q := b.create("q", "VisibilityTimeout", "5", "RedrivePolicy", redrive("dead", 1))
		if _, err := b.s.SetQueueAttributes(b.Context(), &sqs.SetQueueAttributesInput{QueueUrl: dead, Attributes: map[string]string{"RedrivePolicy": redrive("q", 1)}}); err != nil {
			b.Fatal(err)
		}
		got := make(chan string, 3)
		poll := func(name, url string) {
			m := b.receive(url, 20)
			got <- fmt.Sprint(name, len(m), time.Now().Second())
		}
		b.send(q, "a")
		b.wants(q, "a")
		start := time.Now().Second()
		go poll("dead", dead)
		go poll("q", q)
		if first := <-got; first != fmt.Sprint("dead", 1, start+5) {
			b.Error(first)
		}
		b.send(q, "b")
		if second := <-got; second != fmt.Sprint("q", 1, start+5) {
			b.Error(second)
		}
	})
}

func TestRedriveAllowPolicy(t *testing.T) {
	inBubble(t, func(b bench) {
		b.create("dead", "RedriveAllowPolicy", `{"redrivePermission":"byQueue","sourceQueueArns":["arn:aws:sqs:us-east-1:000000000000:a"]}`)
		b.create("a", "RedrivePolicy", redrive("dead", 1))
		for name, policy := range map[string]string{
			"b": redrive("dead", 1), "c": redrive("none", 1), "d": redrive("d", 1), "e": redrive("dead", 1001),
			"f": `{"maxReceiveCount":1}`, "g": `{"deadLetterTargetArn":"x"}`, "h": "{", "i": `{"deadLetterTargetArn":"x","maxReceiveCount":1,"colour":1}`,
		} {
			_, err := b.s.CreateQueue(b.Context(), &sqs.CreateQueueInput{QueueName: name, Attributes: map[string]string{"RedrivePolicy": policy}})
			b.wantError(err, "InvalidParameterValueException")
		}
		for _, policy := range []string{"{", `{"redrivePermission":"byQueue"}`, `{"redrivePermission":"maybe"}`, `{"redrivePermission":"denyAll","sourceQueueArns":["x"]}`} {
			_, err := b.s.CreateQueue(b.Context(), &sqs.CreateQueueInput{QueueName: "z", Attributes: map[string]string{"RedriveAllowPolicy": policy}})
			b.wantError(err, "InvalidAttributeValue")
		}
		b.create("closed", "RedriveAllowPolicy", `{"redrivePermission":"denyAll"}`)
		_, err := b.s.CreateQueue(b.Context(), &sqs.CreateQueueInput{QueueName: "z", Attributes: map[string]string{"RedrivePolicy": redrive("closed", 1)}})
		b.wantError(err, "InvalidParameterValueException")
	})
}

func TestLongPoll(t *testing.T) {
	inBubble(t, func(b bench) {
		q := b.create("q", "ReceiveMessageWaitTimeSeconds", "20", "VisibilityTimeout", "30")
		start := time.Now()
		if m := b.receive(q, 5); len(m) != 0 || time.Since(start) != 5*time.Second {
			b.Errorf("%d messages after %s", len(m), time.Since(start))
		}
		out, err := b.s.ReceiveMessage(b.Context(), &sqs.ReceiveMessageInput{QueueUrl: q})
		if err != nil || len(out.Messages) != 0 || time.Since(start) != 25*time.Second {
			b.Errorf("the queue's own wait time: %v %v after %s", out, err, time.Since(start))
		}
		go func() {
			time.Sleep(3 * time.Second)
			b.send(q, "a")
		}()
		if m := b.receive(q, 20); len(m) != 1 || time.Since(start) != 28*time.Second {
			b.Errorf("%d messages after %s", len(m), time.Since(start))
		}
		for range 2 { // woken by the end of the visibility timeout
			b.receive(q, 20)
		}
		if time.Since(start) != 58*time.Second {
			b.Errorf("after %s", time.Since(start))
		}
	})
}

func TestLongPollsAreServedInTurn(t *testing.T) {
	inBubble(t, func(b bench) {
		q := b.create("q")
		got := make(chan string, 5)
		for i := range 4 {
			go func() {
				out, err := b.s.ReceiveMessage(b.Context(), &sqs.ReceiveMessageInput{QueueUrl: q, WaitTimeSeconds: new(20), MaxNumberOfMessages: new(2)})
				if err != nil {
					b.Error(err)
				}
				for _, m := range out.Messages {
					got <- fmt.Sprint(i, m.Body)
				}
			}()
			synctest.Wait()
		}
		b.send(q, "a", "b")
		_, err := b.s.SendMessageBatch(b.Context(), &sqs.SendMessageBatchInput{QueueUrl: q, Entries: []sqs.SendMessageBatchRequestEntry{
			{Id: "1", MessageBody: "c"}, {Id: "2", MessageBody: "d"}, {Id: "3", MessageBody: "e"}}})
		if err != nil {
			b.Fatal(err)
		}
		seen := map[string]bool{}
		for range 5 {
			seen[<-got] = true
		}
		want := map[string]bool{"0a": true, "1b": true, "2c": true, "2d": true, "3e": true}
		if diff := cmp.Diff(want, seen); diff != "" {
			b.Error(diff)
		}
	})
}

func TestLongPollEnds(t *testing.T) {
	inBubble(t, func(b bench) {
		poll := func(ctx context.Context, url string) chan error {
			done := make(chan error, 1)
			go func() {
				_, err := b.s.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: url, WaitTimeSeconds: new(20)})
				done <- err
			}()
			synctest.Wait()
			return done
		}
		start := time.Now()
		q := b.create("q")
		ctx, cancel := context.WithCancel(b.Context())
		cancelled := poll(ctx, q)
		next := poll(b.Context(), q)
		cancel()
		if err := <-cancelled; !errors.Is(err, context.Canceled) {
			b.Error(err)
		}
		b.send(q, "a") // not lost to the poll that is gone
		if err := <-next; err != nil {
			b.Error(err)
		}
		b.counts(q, 0, 1, 0)

		deleted := poll(b.Context(), q)
		if _, err := b.s.DeleteQueue(b.Context(), &sqs.DeleteQueueInput{QueueUrl: q}); err != nil {
			b.Fatal(err)
		}
		b.wantError(<-deleted, "QueueDoesNotExist")
		_, err := b.s.CreateQueue(b.Context(), &sqs.CreateQueueInput{QueueName: "q"})
		b.wantError(err, "QueueDeletedRecently")

		other := b.create("other")
		closed := poll(b.Context(), other)
		b.s.Close()
		b.wantError(<-closed, "ServiceUnavailable")
		_, err = b.s.ReceiveMessage(b.Context(), &sqs.ReceiveMessageInput{QueueUrl: other})
		b.wantError(err, "ServiceUnavailable")
		if time.Since(start) != 0 {
			b.Errorf("it took %s", time.Since(start))
		}
	})
}

func TestDeletedQueueMayReturn(t *testing.T) {
	inBubble(t, func(b bench) {
		q := b.create("q")
		b.send(q, "a")
		m := b.wants(q, "a")[0]
		if _, err := b.s.DeleteQueue(b.Context(), &sqs.DeleteQueueInput{QueueUrl: q}); err != nil {
			b.Fatal(err)
		}
		time.Sleep(time.Minute)
		b.create("q")
		b.counts(q, 0, 0, 0)
		_, err := b.s.DeleteMessage(b.Context(), &sqs.DeleteMessageInput{QueueUrl: q, ReceiptHandle: m.ReceiptHandle})
		b.wantError(err, "ReceiptHandleIsInvalid")
	})
}

func TestPurge(t *testing.T) {
	inBubble(t, func(b bench) {
		purge := func(url string) error {
			_, err := b.s.PurgeQueue(b.Context(), &sqs.PurgeQueueInput{QueueUrl: url})
			return err
		}
		q := b.create("q")
		b.send(q, "a")
		m := b.wants(q, "a")[0]
		b.send(q, "b")
		if _, err := b.s.SendMessage(b.Context(), &sqs.SendMessageInput{QueueUrl: q, MessageBody: "c", DelaySeconds: new(5)}); err != nil {
			b.Fatal(err)
		}
		b.counts(q, 1, 1, 1)
		if err := purge(q); err != nil {
			b.Fatal(err)
		}
		b.counts(q, 0, 0, 0)
		b.delete(q, m.ReceiptHandle)
		time.Sleep(time.Minute - 1)
		b.wantError(purge(q), "PurgeQueueInProgress")
		time.Sleep(time.Nanosecond)
		if err := purge(q); err != nil {
			b.Error(err)
		}
	})
}

func TestTooManyInFlight(t *testing.T) {
	const limit = 120_000
	inBubble(t, func(b bench) {
		q := b.create("q")
		batch := &sqs.SendMessageBatchInput{QueueUrl: q}
		for i := range 10 {
			batch.Entries = append(batch.Entries, sqs.SendMessageBatchRequestEntry{Id: strconv.Itoa(i), MessageBody: "a"})
		}
		for range limit / 10 {
			if _, err := b.s.SendMessageBatch(b.Context(), batch); err != nil {
				b.Fatal(err)
			}
		}
		b.send(q, "a")
		var last sqs.Message
		for range limit / 10 {
			m := b.receive(q, 0)
			last = m[len(m)-1]
		}
		b.counts(q, 1, limit, 0)
		_, err := b.s.ReceiveMessage(b.Context(), &sqs.ReceiveMessageInput{QueueUrl: q})
		b.wantError(err, "OverLimit")
		start := time.Now()
		go func() {
			time.Sleep(2 * time.Second)
			b.delete(q, last.ReceiptHandle)
		}()
		if m := b.receive(q, 20); len(m) != 1 || time.Since(start) != 2*time.Second {
			b.Errorf("%d messages after %s", len(m), time.Since(start))
		}
	})
}
