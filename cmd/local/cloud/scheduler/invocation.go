package scheduler

import (
	"context"
	"slices"
	"time"

	"orderflow/cmd/local/cloud/iam"
	"orderflow/cmd/local/cloud/interpose"
	"orderflow/cmd/local/cloud/lambda"
)

// How long a refused invocation waits, doubled each time: AWS promises
// exponential backoff, and no figures.
const (
	firstRetryDelay = time.Second
	maxRetryDelay   = 5 * time.Minute
)

// An invocation is one time of a schedule, until Lambda has taken it.
type invocation struct {
	schedule string // ARN
	target   Target
	began    time.Time // when it was due at first
	due      time.Time
	retries  int
}

// run makes each invocation when it is due, until ctx ends.
func (s *Service) run(ctx context.Context) {
	const far = 365 * 24 * time.Hour
	clock := time.NewTimer(far)
	defer clock.Stop()
	for {
		due, left := s.due(time.Now())
		for _, i := range due {
			s.invoke(interpose.As(ctx, "scheduler"), i)
		}
		if len(due) > 0 {
			continue // invoking took time, and may have left a retry
		}
		clock.Reset(min(left, far))
		select {
		case <-ctx.Done():
			return
		case <-clock.C:
		case <-s.wake:
		}
		s.cfg.Turn.Take("scheduler")
	}
}

// due takes out what must be invoked now; else it tells how long the earliest
// has left. Of several times that one schedule has slept through it makes one.
func (s *Service) due(now time.Time) (due []*invocation, left time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	left = 1<<63 - 1
	for _, x := range s.schedules.Ascend("") {
		if x.State != enabled {
			continue
		}
		if at := x.due(); !at.After(now) {
			due = append(due, &invocation{schedule: x.Arn, target: x.Target, began: at, due: at})
			x.skip(now)
		}
		left = min(left, x.due().Sub(now))
	}
	s.retries = slices.DeleteFunc(s.retries, func(i *invocation) bool {
		if i.due.After(now) {
			left = min(left, i.due.Sub(now))
			return false
		}
		due = append(due, i)
		return true
	})
	return due, left
}

// invoke hands an invocation to Lambda, which answers before it is run. One
// that is refused is tried again as its retry policy allows.
func (s *Service) invoke(ctx context.Context, i *invocation) {
	role, err := s.assumeRole(i.target)
	if err == nil {
		_, err = s.cfg.Lambda.Invoke(as(ctx, role), &lambda.InvokeInput{
			FunctionName:   i.target.Arn,
			InvocationType: lambda.Event,
			Payload:        []byte(i.target.Input),
		})
	}
	if err == nil || ctx.Err() != nil {
		return
	}
	policy := i.target.RetryPolicy
	i.due = time.Now().Add(min(firstRetryDelay<<min(i.retries, 30), maxRetryDelay))
	maxAge := time.Duration(*policy.MaximumEventAgeInSeconds) * time.Second
	if i.retries == *policy.MaximumRetryAttempts || i.due.Sub(i.began) > maxAge {
		s.cfg.Log.Error("scheduler: invocation given up", "schedule", i.schedule, "retries", i.retries, "error", err)
		return
	}
	i.retries++
	s.mu.Lock()
	s.retries = append(s.retries, i)
	s.mu.Unlock()
}

// assumeRole takes a target's role on behalf of the schedule's group.
// https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html
func (s *Service) assumeRole(t Target) (*iam.Principal, error) {
	if s.cfg.AssumeRole == nil {
		return nil, nil
	}
	group := "arn:aws:scheduler:" + s.cfg.Region + ":" + s.cfg.Account + ":schedule-group/" + defaultGroup
	return s.cfg.AssumeRole(t.RoleArn, "scheduler", iam.ServicePrincipal("scheduler.amazonaws.com", group, s.cfg.Account))
}

func as(ctx context.Context, role *iam.Principal) context.Context {
	if role == nil {
		return ctx
	}
	return iam.As(ctx, role)
}
