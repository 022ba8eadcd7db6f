package sqs

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

const (
	maxMoveRate    = 500 // messages per second
	maxListedTasks = 10  // kept for each source
)

// A moveTask moves the messages of a dead-letter queue to another queue, or
// each to the one it came from.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-configure-dead-letter-queue-redrive.html
type moveTask struct {
	id                  string
	source, destination string // ARNs; destination "" is where each came from
	rate                int    // messages per second; 0 is as fast as possible
	status              string
	reason              string // of failure
	started             int64
	toMove, moved       int
	cancel              context.CancelFunc
}

const (
	taskRunning    = "RUNNING"
	taskCompleted  = "COMPLETED"
	taskCancelling = "CANCELLING"
	taskCancelled  = "CANCELLED"
	taskFailed     = "FAILED"
)

func (t *moveTask) active() bool { return t.status == taskRunning || t.status == taskCancelling }

type StartMessageMoveTaskInput struct {
	SourceArn                    string
	DestinationArn               string
	MaxNumberOfMessagesPerSecond *int
}

type StartMessageMoveTaskOutput struct{ TaskHandle string }

// StartMessageMoveTask begins to move the visible messages of a dead-letter
// queue, oldest visible first, until there are none. They arrive as new
// messages, with new IDs and new enqueue times.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html
func (s *Service) StartMessageMoveTask(_ context.Context, in *StartMessageMoveTaskInput) (*StartMessageMoveTaskOutput, error) {
	rate := 0
	if n := in.MaxNumberOfMessagesPerSecond; n != nil {
		if rate = *n; rate < 1 || rate > maxMoveRate {
			return nil, invalidParameter("Value %d for parameter MaxNumberOfMessagesPerSecond is invalid. Reason: You must enter a value that's between 1 and 500.", rate)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.moveSource(in.SourceArn)
	if err != nil {
		return nil, err
	}
	if !s.isDeadLetterQueue(q) {
		return nil, invalidParameter("Source queue must be configured as a Dead Letter Queue.")
	}
	if in.DestinationArn != "" && s.queueOf(in.DestinationArn) == nil {
		return nil, notFound("The resource that you specified for the DestinationArn parameter doesn't exist.")
	}
	if in.DestinationArn == in.SourceArn {
		return nil, invalidParameter("Source queue arn and destination queue arn cannot be the same.")
	}
	if slices.ContainsFunc(s.tasks[q.arn], (*moveTask).active) {
		return nil, invalidParameter("There is already a task running. Only one active task is allowed for a source queue arn at a given time.")
	}
	now := time.Now().UnixNano()
	q.advance(now)
	ctx, cancel := context.WithCancel(s.ctx)
	t := &moveTask{
		id: uuid.NewString(), source: q.arn, destination: in.DestinationArn, rate: rate,
		status: taskRunning, started: now, toMove: q.visible.length, cancel: cancel,
	}
	tasks := append([]*moveTask{t}, s.tasks[q.arn]...)
	s.tasks[q.arn] = tasks[:min(len(tasks), maxListedTasks)]
	s.running.Go(func() { s.move(ctx, t) })
	return &StartMessageMoveTaskOutput{TaskHandle: t.handle()}, nil
}

// moveSource is the queue of a SourceArn.
func (s *Service) moveSource(arn string) (*queue, error) {
	if s.closed {
		return nil, errClosed
	}
	if arn == "" {
		return nil, missingParameter("SourceArn")
	}
	if !strings.HasPrefix(arn, "arn:aws:sqs:") {
		return nil, invalidParameter("You must use this format to specify the SourceArn: arn:<partition>:<service>:<region>:<account-id>:<resource-id>")
	}
	q := s.queueOf(arn)
	if q == nil {
		return nil, notFound("The resource that you specified for the SourceArn parameter doesn't exist.")
	}
	return q, nil
}

func (s *Service) isDeadLetterQueue(q *queue) bool {
	for _, source := range s.queues.Ascend("") {
		if p := source.attributes.redrive; p != nil && p.target == q.arn {
			return true
		}
	}
	return false
}

// move performs a task to its end.
func (s *Service) move(ctx context.Context, t *moveTask) {
	defer t.cancel()
	var tick <-chan time.Time
	if t.rate > 0 {
		ticker := time.NewTicker(time.Second / time.Duration(t.rate))
		defer ticker.Stop()
		tick = ticker.C
	}
	for s.turn.Take("move task", t.id); s.moveNext(ctx, t); s.turn.Take("move task", t.id) {
		if tick == nil {
			continue
		}
		select {
		case <-tick:
		case <-ctx.Done():
		}
	}
}

// moveNext moves one message and tells whether the task goes on.
func (s *Service) moveNext(ctx context.Context, t *moveTask) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if ctx.Err() != nil {
		t.status = taskCancelled
		return false
	}
	now := time.Now().UnixNano()
	source := s.queueOf(t.source)
	if source == nil {
		return t.fail("AWS.SimpleQueueService.NonExistentQueue")
	}
	source.advance(now)
	e := source.visible.first
	if e == nil {
		t.status = taskCompleted
		return false
	}
	old, _ := s.messages.Get(e.key)
	destination := t.destination
	if destination == "" {
		if destination = old.Source; destination == "" {
			return t.fail("CouldNotDetermineMessageSource")
		}
	}
	target := s.queueOf(destination)
	if target == nil {
		return t.fail("AWS.SimpleQueueService.NonExistentQueue")
	}
	source.drop(e)
	m := *old
	m.ID = uuid.NewString()
	m.Enqueued, m.FirstReceived, m.VisibleAt = now, 0, 0
	m.Received, m.Receives = 0, 0
	m.Source = ""
	target.advance(now)
	target.add(&m, now)
	target.settle(now)
	t.moved++
	return true
}

func (t *moveTask) fail(reason string) bool {
	t.status, t.reason = taskFailed, reason
	return false
}

type taskHandle struct {
	TaskID    string `json:"taskId"`
	SourceArn string `json:"sourceArn"`
}

func (t *moveTask) handle() string {
	text, _ := json.Marshal(taskHandle{TaskID: t.id, SourceArn: t.source}) // two strings
	return base64.StdEncoding.EncodeToString(text)
}

type CancelMessageMoveTaskInput struct{ TaskHandle string }

type CancelMessageMoveTaskOutput struct{ ApproximateNumberOfMessagesMoved int64 }

// CancelMessageMoveTask ends a running task; what it moved stays moved.
func (s *Service) CancelMessageMoveTask(_ context.Context, in *CancelMessageMoveTaskInput) (*CancelMessageMoveTaskOutput, error) {
	text, err := base64.StdEncoding.DecodeString(in.TaskHandle)
	var h taskHandle
	if err != nil || strict(text, &h) != nil || h.TaskID == "" {
		return nil, invalidParameter("Value for parameter TaskHandle is invalid.")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.moveSource(h.SourceArn); err != nil {
		return nil, err
	}
	for _, t := range s.tasks[h.SourceArn] {
		if t.id != h.TaskID {
			continue
		}
		if t.status != taskRunning {
			return nil, invalidParameter("Only active tasks can be cancelled.")
		}
		t.status = taskCancelling
		t.cancel()
		return &CancelMessageMoveTaskOutput{ApproximateNumberOfMessagesMoved: int64(t.moved)}, nil
	}
	return nil, notFound("Task does not exist.")
}

type ListMessageMoveTasksInput struct {
	SourceArn  string
	MaxResults *int // 1 to 10, default 1
}

type ListMessageMoveTasksOutput struct {
	Results []ListMessageMoveTasksResultEntry `json:",omitempty"`
}

type ListMessageMoveTasksResultEntry struct {
	ApproximateNumberOfMessagesMoved  int64
	ApproximateNumberOfMessagesToMove int64
	DestinationArn                    string `json:",omitempty"`
	FailureReason                     string `json:",omitempty"`
	MaxNumberOfMessagesPerSecond      int    `json:",omitempty"`
	SourceArn                         string
	StartedTimestamp                  int64 // Unix milliseconds
	Status                            string
	TaskHandle                        string `json:",omitempty"` // while running
}

// ListMessageMoveTasks lists the latest tasks of a source, newest first.
func (s *Service) ListMessageMoveTasks(_ context.Context, in *ListMessageMoveTasksInput) (*ListMessageMoveTasksOutput, error) {
	limit := 1
	if in.MaxResults != nil {
		if limit = *in.MaxResults; limit < 1 || limit > maxListedTasks {
			return nil, invalidParameter("Value %d for parameter MaxResults is invalid. Reason: MaxResults must be an integer between 1 and 10.", limit)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.moveSource(in.SourceArn)
	if err != nil {
		return nil, err
	}
	tasks := s.tasks[q.arn]
	out := new(ListMessageMoveTasksOutput)
	for _, t := range tasks[:min(len(tasks), limit)] {
		e := ListMessageMoveTasksResultEntry{
			ApproximateNumberOfMessagesMoved:  int64(t.moved),
			ApproximateNumberOfMessagesToMove: int64(t.toMove),
			DestinationArn:                    t.destination,
			FailureReason:                     t.reason,
			MaxNumberOfMessagesPerSecond:      t.rate,
			SourceArn:                         t.source,
			StartedTimestamp:                  t.started / int64(time.Millisecond),
			Status:                            t.status,
		}
		if t.status == taskRunning {
			e.TaskHandle = t.handle()
		}
		out.Results = append(out.Results, e)
	}
	return out, nil
}
