package sqs_test

import (
	"testing"
	"testing/synctest"
	"time"

	"orderflow/cmd/local/cloud/sqs"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

const arns = "arn:aws:sqs:us-east-1:000000000000:"

// dead makes two queues whose messages a dead-letter queue holds: the given
// number from each, in turn.
func (b bench) dead(n int) (a, z, dead string) {
	b.Helper()
	dead = b.create("dead")
	a = b.create("a", "VisibilityTimeout", "0", "RedrivePolicy", redrive("dead", 1))
	z = b.create("z", "VisibilityTimeout", "0", "RedrivePolicy", redrive("dead", 1))
	for range n {
		for _, q := range []string{a, z} {
			b.send(q, q[len(q)-1:])
			b.receive(q, 0)
			b.receive(q, 0)
		}
	}
	b.counts(dead, 2*n, 0, 0)
	return a, z, dead
}

func (b bench) start(in *sqs.StartMessageMoveTaskInput) (handle string) {
	b.Helper()
	out, err := b.s.StartMessageMoveTask(b.Context(), in)
	if err != nil {
		b.Fatal(err)
	}
	return out.TaskHandle
}

func (b bench) wantTask(want sqs.ListMessageMoveTasksResultEntry) {
	b.Helper()
	out, err := b.s.ListMessageMoveTasks(b.Context(), &sqs.ListMessageMoveTasksInput{SourceArn: arns + "dead"})
	if err != nil {
		b.Fatal(err)
	}
	want.SourceArn = arns + "dead"
	if diff := cmp.Diff(want, out.Results[0], cmpopts.IgnoreFields(want, "StartedTimestamp")); diff != "" {
		b.Error(diff)
	}
}

func TestMoveTaskToTheirSources(t *testing.T) {
	inBubble(t, func(b bench) {
		a, z, dead := b.dead(2)
		old := b.receive(dead, 0)
		time.Sleep(30 * time.Second)
		b.start(&sqs.StartMessageMoveTaskInput{SourceArn: arns + "dead"})
		synctest.Wait()
		b.wantTask(sqs.ListMessageMoveTasksResultEntry{
			ApproximateNumberOfMessagesMoved: 4, ApproximateNumberOfMessagesToMove: 4, Status: "COMPLETED",
		})
		b.counts(dead, 0, 0, 0)
		b.wants(z, "z", "z")
		m := b.wants(a, "a", "a")[0]
		if m.MessageId == old[0].MessageId || m.Attributes["SentTimestamp"] == old[0].Attributes["SentTimestamp"] {
			b.Error("a moved message is not a new one")
		}
		if m.Attributes["ApproximateReceiveCount"] != "1" || m.Attributes["DeadLetterQueueSourceArn"] != "" {
			b.Errorf("attributes %v", m.Attributes)
		}
	})
}

func TestMoveTaskAtARate(t *testing.T) {
	inBubble(t, func(b bench) {
		_, _, dead := b.dead(5)
		other := b.create("other")
		in := &sqs.StartMessageMoveTaskInput{SourceArn: arns + "dead", DestinationArn: arns + "other", MaxNumberOfMessagesPerSecond: new(1)}
		handle := b.start(in)
		_, err := b.s.StartMessageMoveTask(b.Context(), in)
		b.wantError(err, "InvalidParameterValueException") // one at a time
		time.Sleep(2*time.Second + time.Second/2)
		b.counts(other, 3, 0, 0)
		b.wantTask(sqs.ListMessageMoveTasksResultEntry{
			ApproximateNumberOfMessagesMoved: 3, ApproximateNumberOfMessagesToMove: 10, MaxNumberOfMessagesPerSecond: 1,
			DestinationArn: arns + "other", Status: "RUNNING", TaskHandle: handle,
		})
		out, err := b.s.CancelMessageMoveTask(b.Context(), &sqs.CancelMessageMoveTaskInput{TaskHandle: handle})
		if err != nil || out.ApproximateNumberOfMessagesMoved != 3 {
			b.Errorf("%v %v", out, err)
		}
		synctest.Wait()
		b.wantTask(sqs.ListMessageMoveTasksResultEntry{
			ApproximateNumberOfMessagesMoved: 3, ApproximateNumberOfMessagesToMove: 10, MaxNumberOfMessagesPerSecond: 1,
			DestinationArn: arns + "other", Status: "CANCELLED",
		})
		b.counts(dead, 7, 0, 0)
		_, err = b.s.CancelMessageMoveTask(b.Context(), &sqs.CancelMessageMoveTaskInput{TaskHandle: handle})
		b.wantError(err, "InvalidParameterValueException")

		b.start(in)
		time.Sleep(time.Second / 2)
		if _, err := b.s.DeleteQueue(b.Context(), &sqs.DeleteQueueInput{QueueUrl: other}); err != nil {
			b.Fatal(err)
		}
		time.Sleep(time.Second)
		b.wantTask(sqs.ListMessageMoveTasksResultEntry{
			ApproximateNumberOfMessagesMoved: 1, ApproximateNumberOfMessagesToMove: 7, MaxNumberOfMessagesPerSecond: 1,
			DestinationArn: arns + "other", Status: "FAILED", FailureReason: "AWS.SimpleQueueService.NonExistentQueue",
		})
	})
}

// A message that was sent to the dead-letter queue has nowhere to return to.
func TestMoveTaskWithoutSource(t *testing.T) {
	inBubble(t, func(b bench) {
		_, _, dead := b.dead(0)
		b.send(dead, "stray")
		b.start(&sqs.StartMessageMoveTaskInput{SourceArn: arns + "dead"})
		synctest.Wait()
		b.wantTask(sqs.ListMessageMoveTasksResultEntry{ApproximateNumberOfMessagesToMove: 1, Status: "FAILED", FailureReason: "CouldNotDetermineMessageSource"})
		b.counts(dead, 1, 0, 0)
	})
}

func TestCloseEndsMoveTask(t *testing.T) {
	inBubble(t, func(b bench) {
		b.dead(5)
		b.start(&sqs.StartMessageMoveTaskInput{SourceArn: arns + "dead", MaxNumberOfMessagesPerSecond: new(1)})
		start := time.Now()
		b.s.Close()
		if time.Since(start) != 0 {
			b.Errorf("it took %s", time.Since(start))
		}
	})
}
