package asl

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"time"
)

// withTask runs f for the thread that waits for a task, if there is one.
func (r *run) withTask(id int64, f func(*thread)) {
	if t := r.x.Top.find(func(t *thread) bool { return t.Task != nil && t.Task.ID == id }); t != nil {
		f(t)
	}
}

// schedule has the Task's resource called.
func (r *run) schedule(t *thread, s *state) move {
	sc := r.scope(t)
	if s.resource.token {
		sc.token = r.token()
	}
	arguments := t.Input
	var f *failure
	if s.arguments != nil {
		arguments, f = sc.render(s.arguments)
	}
	var timeout, heartbeat float64
	if f == nil {
		timeout, f = sc.number(s.timeout, 1, maxSeconds, "integer")
	}
	if f == nil {
		heartbeat, f = sc.number(s.heartbeat, 1, maxSeconds, "integer")
	}
	if f == nil && len(arguments) > MaxPayload {
		f = t.broken(dataLimitError, "The state's arguments exceed the maximum number of bytes service limit.")
	}
	if f != nil {
		return r.fail(t, s, f)
	}

	r.x.Tasks++
	t.Task = &task{ID: r.x.Tasks, Token: sc.token, HeartbeatSeconds: int64(heartbeat)}
	r.recordScheduled(t, s, arguments, s.timeout.set, int64(timeout))
	if !r.running() {
		return move{}
	}
	r.emit(ScheduleTask{
		TaskID: t.Task.ID, State: s.name, Resource: s.resource.arn, Arguments: json.RawMessage(arguments),
		WaitForToken: s.resource.token, Token: sc.token,
	})
	if s.timeout.set {
		t.Task.Timeout = r.setTimer(time.Duration(timeout) * time.Second)
	}
	if s.heartbeat.set {
		t.Task.Heartbeat = r.setTimer(time.Duration(heartbeat) * time.Second)
	}
	return move{}
}

func (r *run) recordScheduled(t *thread, s *state, arguments string, limited bool, timeout int64) {
	var seconds, heartbeat *int64
	if limited {
		seconds = &timeout
	}
	if s.heartbeat.set {
		heartbeat = ptr(t.Task.HeartbeatSeconds)
	}
	if s.resource.lambda {
		r.chain(t, "LambdaFunctionScheduled", &LambdaFunctionScheduledDetails{
			Resource: s.resource.arn, Input: arguments, InputDetails: whole, TimeoutInSeconds: seconds,
		})
		return
	}
	r.chain(t, "TaskScheduled", &TaskScheduledDetails{
		ResourceType: s.resource.service, Resource: s.resource.action, Region: r.x.region(), Parameters: arguments,
		TimeoutInSeconds: seconds, HeartbeatInSeconds: heartbeat,
	})
}

// token makes a task token: long, unguessable and of this execution alone.
func (r *run) token() string {
	var b [48]byte
	copy(b[:], "\x01\x00\x84\x00\x00\x00\x2a\x00\x00\x00\x03")
	for i := 16; i < len(b); i += 8 {
		binary.LittleEndian.PutUint64(b[i:], r.x.random())
	}
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// dropTask stops waiting for a thread's task.
func (r *run) dropTask(t *thread, cancel bool) {
	if t.Task == nil {
		return
	}
	if cancel {
		r.emit(CancelTask{TaskID: t.Task.ID})
	}
	r.clearTimer(&t.Task.Timeout)
	r.clearTimer(&t.Task.Heartbeat)
	t.Task = nil
}

func (r *run) taskStarted(t *thread) {
	s := t.state()
	if s.resource.lambda {
		r.chain(t, "LambdaFunctionStarted", nil)
		return
	}
	r.chain(t, "TaskStarted", &TaskStartedDetails{ResourceType: s.resource.service, Resource: s.resource.action})
}

func (r *run) taskSubmitted(t *thread, output string) {
	s := t.state()
	if !s.resource.token || t.Task.Submitted {
		return
	}
	t.Task.Submitted = true
	r.chain(t, "TaskSubmitted", &TaskSubmittedDetails{
		ResourceType: s.resource.service, Resource: s.resource.action, Output: output, OutputDetails: whole,
	})
}

// taskSucceeded goes on with a result.
func (r *run) taskSucceeded(t *thread, output string) {
	s := t.state()
	if len(output) > MaxPayload {
		who := s.resource.service
		if s.resource.lambda {
			who = s.resource.arn
		}
		r.taskFailed(t, ptr(dataLimitError), ptr(tooLarge(who)))
		return
	}
	if !json.Valid([]byte(output)) {
		r.taskFailed(t, ptr(runtimeError), ptr("The task's result is not JSON."))
		return
	}
	r.dropTask(t, false)
	if s.resource.lambda {
		r.chain(t, "LambdaFunctionSucceeded", &LambdaFunctionSucceededDetails{Output: output, OutputDetails: whole})
	} else {
		r.chain(t, "TaskSucceeded", &TaskSucceededDetails{
			ResourceType: s.resource.service, Resource: s.resource.action, Output: output, OutputDetails: whole,
		})
	}
	r.proceed(t, r.leave(t, s, output, &output))
}

func (r *run) taskFailed(t *thread, name, cause *string) {
	s := t.state()
	r.dropTask(t, false)
	if s.resource.lambda {
		r.chain(t, "LambdaFunctionFailed", &LambdaFunctionFailedDetails{Error: name, Cause: cause})
	} else {
		r.chain(t, "TaskFailed", &TaskFailedDetails{
			ResourceType: s.resource.service, Resource: s.resource.action, Error: name, Cause: cause,
		})
	}
	r.proceed(t, r.fail(t, s, &failure{name: deref(name), noName: name == nil, cause: cause}))
}

// taskTimedOut gives up on a task. A missed heartbeat is recorded as a timeout.
func (r *run) taskTimedOut(t *thread, heartbeat bool) move {
	s := t.state()
	r.dropTask(t, true)
	name := ptr(timeoutError)
	if s.resource.lambda {
		r.chain(t, "LambdaFunctionTimedOut", &LambdaFunctionTimedOutDetails{Error: name})
	} else {
		r.chain(t, "TaskTimedOut", &TaskTimedOutDetails{ResourceType: s.resource.service, Resource: s.resource.action, Error: name})
	}
	return r.fail(t, s, &failure{name: timeoutError, heartbeat: heartbeat})
}

// taskHeartbeat gives the task its full time again.
func (r *run) taskHeartbeat(t *thread) {
	if t.Task.HeartbeatSeconds == 0 {
		return
	}
	r.clearTimer(&t.Task.Heartbeat)
	t.Task.Heartbeat = r.setTimer(time.Duration(t.Task.HeartbeatSeconds) * time.Second)
}
