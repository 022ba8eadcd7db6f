package states

import (
	"slices"

	"orderflow/statemachine/asl"
)

// step tells x, whose lock is held, what happened, and does what follows.
func (s *Service) step(x *execution, e asl.Event) {
	if x.status == asl.Running {
		s.perform(x, x.machine.parsed.Step(x.state, now(), e))
	}
}

// perform does what the core asks for, in its order. Calls of resources begin
// once the whole step is recorded.
func (s *Service) perform(x *execution, commands []asl.Command) {
	var calls []asl.ScheduleTask
	for _, c := range commands {
		switch c := c.(type) {
		case asl.Record:
			x.journal.append(x.machine.history, c.HistoryEvent)
			for _, w := range x.watchers {
				w.push(c.HistoryEvent)
			}
		case asl.ScheduleTask:
			if c.WaitForToken {
				s.await(x, c)
			}
			calls = append(calls, c)
		case asl.CancelTask:
			// A call under way runs on, as it does in AWS; nobody hears its answer.
			calls = slices.DeleteFunc(calls, func(t asl.ScheduleTask) bool { return t.TaskID == c.TaskID })
			s.endWait(x, c.TaskID)
		case asl.SetTimer:
			s.clearTimer(x, c.TimerID)
			x.timers = append(x.timers, s.timers.set(x, c.TimerID, c.At))
		case asl.ClearTimer:
			s.clearTimer(x, c.TimerID)
		case asl.Complete:
			s.complete(x, c.Status)
			return
		}
	}
	x.calls += len(calls)
	for _, c := range calls {
		if s.step(x, asl.TaskStarted{TaskID: c.TaskID}); x.status != asl.Running {
			return // its history is full
		}
		s.spawn(func() { s.run(x, c) })
	}
	if x.calls == 0 {
		// Nothing happens before somebody answers, or a timer fires.
		x.journal.pack(x.machine.history)
		x.machine.history.learn(&x.journal)
	}
}

func (s *Service) clearTimer(x *execution, id int64) {
	if i := slices.IndexFunc(x.timers, func(t *timer) bool { return t.id == id }); i >= 0 {
		s.timers.clear(x.timers[i])
		x.timers = slices.Delete(x.timers, i, i+1)
	}
}

func (s *Service) timerFired(t *timer) {
	x := t.of
	x.mu.Lock()
	defer x.mu.Unlock()
	// One that was cleared while it fired is not there any more.
	if i := slices.Index(x.timers, t); i >= 0 {
		x.timers = slices.Delete(x.timers, i, i+1)
		s.step(x, asl.TimerFired{TimerID: t.id})
	}
}

// run calls a task's resource and reports what came of it.
func (s *Service) run(x *execution, t asl.ScheduleTask) {
	output, failure := s.call(x, t)
	if s.ctx.Err() != nil {
		return // the service is closing: the call was cut short, it did not fail
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.calls--
	switch {
	case failure != nil:
		if i := x.waitFor(t.TaskID); i >= 0 && x.waits[i].answer != nil {
			s.step(x, x.waits[i].answer) // whoever answered did get the token; the failure is late
		}
		s.endWait(x, t.TaskID)
		s.step(x, asl.TaskFailed{TaskID: t.TaskID, Error: &failure.name, Cause: &failure.cause})
	case t.WaitForToken:
		s.submitted(x, t.TaskID, output)
	default:
		s.step(x, asl.TaskSucceeded{TaskID: t.TaskID, Output: output})
	}
}
