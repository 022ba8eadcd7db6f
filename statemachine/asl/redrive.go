package asl

import "time"

// Redrivable says that a Redriven event lets the execution go on: it ended
// without success, and its history has room for that event and another.
// https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html#redrive-eligibility
func (x *Execution) Redrivable() bool {
	return x.Status != Running && x.Top != nil && x.Events < MaxHistory-1
}

// redriven lets an execution run again that ended without success. What has
// succeeded stays as it is.
func (r *run) redriven() {
	x := r.x
	x.Status = Running
	x.Redrives++
	x.RedriveTime = r.now
	x.RedriveEvent = r.record(x.Events, "ExecutionRedriven", &ExecutionRedrivenDetails{RedriveCount: x.Redrives})
	r.limitExecution()
	r.redrive(x.Top)
}

// limitExecution gives the execution its time, from now on.
func (r *run) limitExecution() {
	if r.machine.timeout > 0 {
		r.x.Timer = r.setTimer(time.Duration(r.machine.timeout) * time.Second)
	}
}

// redrive makes a stopped thread attempt its state again, with all its
// retries, or what failed or was aborted inside of that. No state is entered
// again: what follows points at when it first was.
// https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html#redrive-behavior-states
func (r *run) redrive(t *thread) {
	t.Stopped, t.Retries, t.RetryCount = false, nil, 0
	switch {
	case t.State == "":
		r.begin(t)
	case t.Children == nil:
		t.Previous = t.Event
		r.proceed(t, r.attempt(t, t.state()))
	default:
		t.Started = true
		r.each(t, r.redrive)
	}
}
