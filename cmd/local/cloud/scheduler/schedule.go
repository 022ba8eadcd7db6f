package scheduler

import (
	"cmp"
	"context"
	"encoding/json"
	"hash/fnv"
	"net/http"
	"regexp"
	"strings"
	"time"
)

// What is assumed when nothing is said.
// https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule.html
const (
	defaultGroup         = "default"
	defaultTimezone      = "UTC"
	defaultEventAge      = 86400 // seconds
	defaultRetryAttempts = 185

	enabled  = "ENABLED"
	disabled = "DISABLED"
	off      = "OFF"
	flexible = "FLEXIBLE"
	none     = "NONE"
)

// CreateScheduleInput describes a schedule.
// https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html
type CreateScheduleInput struct {
	Name                       string
	GroupName                  string
	Description                string
	ScheduleExpression         string
	ScheduleExpressionTimezone string
	FlexibleTimeWindow         *FlexibleTimeWindow
	State                      string
	ActionAfterCompletion      string
	Target                     *Target

	// ClientToken makes a repeated creation one. Updates can be repeated anyway.
	ClientToken string
}

// FlexibleTimeWindow says how long after its time a schedule may be invoked.
type FlexibleTimeWindow struct {
	Mode                   string
	MaximumWindowInMinutes *int `json:",omitempty"`
}

// Target is the function that is invoked, by a role that may.
type Target struct {
	Arn         string
	RoleArn     string
	Input       string
	RetryPolicy *RetryPolicy
}

// RetryPolicy says how often and how long an invocation that Lambda refuses is
// tried again.
type RetryPolicy struct {
	MaximumEventAgeInSeconds *int
	MaximumRetryAttempts     *int
}

// CreateScheduleOutput names the schedule.
type CreateScheduleOutput struct{ ScheduleArn string }

// UpdateScheduleInput replaces all of a schedule: what it leaves out gets its
// default.
type UpdateScheduleInput CreateScheduleInput

// UpdateScheduleOutput names the schedule.
type UpdateScheduleOutput struct{ ScheduleArn string }

// GetScheduleInput names a schedule.
type GetScheduleInput struct{ Name, GroupName string }

// GetScheduleOutput is a schedule as the API reports it.
type GetScheduleOutput struct {
	ActionAfterCompletion      string
	Arn                        string
	CreationDate               Timestamp
	Description                string `json:",omitempty"`
	FlexibleTimeWindow         FlexibleTimeWindow
	GroupName                  string
	LastModificationDate       Timestamp
	Name                       string
	ScheduleExpression         string
	ScheduleExpressionTimezone string
	State                      string
	Target                     Target
}

// A schedule is what is invoked, and when next. The service's mutex guards it.
type schedule struct {
	GetScheduleOutput
	token    string        // of its creation
	interval time.Duration // between its times
	delay    time.Duration // within the flexible window, after each of its times
	next     time.Time
}

// CreateSchedule begins a schedule. Without a start date its first time is at
// once.
func (s *Service) CreateSchedule(_ context.Context, in *CreateScheduleInput) (*CreateScheduleOutput, error) {
	created, err := s.parse(in)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if other, ok := s.schedules.Get(in.Name); ok {
		if in.ClientToken != "" && in.ClientToken == other.token {
			return &CreateScheduleOutput{other.Arn}, nil
		}
		return nil, refusal("ConflictException", http.StatusConflict, "Schedule %s already exists.", in.Name)
	}
	s.put(created)
	return &CreateScheduleOutput{created.Arn}, nil
}

// UpdateSchedule replaces a schedule. Its times stay as they were, unless the
// expression changes: then they count from now on. What it missed while it was
// disabled it has missed.
// https://docs.aws.amazon.com/scheduler/latest/APIReference/API_UpdateSchedule.html
func (s *Service) UpdateSchedule(_ context.Context, in *UpdateScheduleInput) (*UpdateScheduleOutput, error) {
	updated, err := s.parse((*CreateScheduleInput)(in))
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	was, ok := s.schedules.Get(in.Name)
	if !ok {
		return nil, errNoSchedule(in.Name)
	}
	now := updated.next
	updated.CreationDate, updated.token = was.CreationDate, was.token
	if updated.interval == was.interval {
		updated.next = was.next
	}
	if was.State == disabled {
		updated.skip(now)
	}
	s.put(updated)
	return &UpdateScheduleOutput{updated.Arn}, nil
}

// GetSchedule reports one schedule.
func (s *Service) GetSchedule(_ context.Context, in *GetScheduleInput) (*GetScheduleOutput, error) {
	if err := checkGroup(in.GroupName); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	found, ok := s.schedules.Get(in.Name)
	if !ok {
		return nil, errNoSchedule(in.Name)
	}
	return &found.GetScheduleOutput, nil
}

func errNoSchedule(name string) error {
	return refusal("ResourceNotFoundException", http.StatusNotFound, "Schedule %s does not exist.", name)
}

// ListSchedulesInput selects schedules and pages through them.
type ListSchedulesInput struct {
	GroupName  string
	NamePrefix string
	State      string
	MaxResults int // 0 being 100
	NextToken  string
}

// ListSchedulesOutput is a page of schedules, by name.
type ListSchedulesOutput struct {
	NextToken string `json:",omitempty"`
	Schedules []ScheduleSummary
}

// ScheduleSummary is a schedule in a list.
type ScheduleSummary struct {
	Arn                  string
	CreationDate         Timestamp
	GroupName            string
	LastModificationDate Timestamp
	Name                 string
	State                string
	Target               TargetSummary
}

// TargetSummary is a target in a list.
type TargetSummary struct{ Arn string }

// ListSchedules reports the schedules in order of their names.
func (s *Service) ListSchedules(_ context.Context, in *ListSchedulesInput) (*ListSchedulesOutput, error) {
	if err := checkGroup(in.GroupName); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	out := &ListSchedulesOutput{Schedules: []ScheduleSummary{}}
	for name, x := range s.schedules.Ascend(max(in.NamePrefix, in.NextToken)) {
		if !strings.HasPrefix(name, in.NamePrefix) {
			break
		}
		if in.State != "" && x.State != in.State {
			continue
		}
		if len(out.Schedules) == cmp.Or(in.MaxResults, maxResults) {
			out.NextToken = name
			break
		}
		out.Schedules = append(out.Schedules, ScheduleSummary{
			x.Arn, x.CreationDate, x.GroupName, x.LastModificationDate, x.Name, x.State, TargetSummary{x.Target.Arn},
		})
	}
	return out, nil
}

// maxResults is the largest page, and the default.
const maxResults = 100

func (s *Service) put(x *schedule) {
	s.schedules.Put(x.Name, x)
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// skip leaves out the times whose invocation was due before now.
func (x *schedule) skip(now time.Time) {
	if late := now.Sub(x.due()); late >= 0 {
		x.next = x.next.Add((late/x.interval + 1) * x.interval)
	}
}

func (x *schedule) due() time.Time { return x.next.Add(x.delay) }

var (
	scheduleName = regexp.MustCompile(`^[0-9a-zA-Z-_.]{1,64}$`)
	roleARN      = regexp.MustCompile(`^arn:aws(-[a-z]+)?:iam::\d{12}:role/[\w+=,.@/-]+$`)
)

// parse is the schedule that in describes, beginning now.
func (s *Service) parse(in *CreateScheduleInput) (*schedule, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	if _, err := s.assumeRole(*in.Target); err != nil {
		return nil, invalid("The execution role you provide must allow AWS EventBridge Scheduler to assume the role.")
	}
	interval, err := parseRate(in.ScheduleExpression)
	if err != nil {
		return nil, err
	}
	policy, err := retryPolicy(in.Target.RetryPolicy)
	if err != nil {
		return nil, err
	}
	now := time.Now().UTC().Round(0).Truncate(time.Millisecond)
	x := &schedule{token: in.ClientToken, interval: interval, next: now, GetScheduleOutput: GetScheduleOutput{
		ActionAfterCompletion:      none,
		Arn:                        "arn:aws:scheduler:" + s.cfg.Region + ":" + s.cfg.Account + ":schedule/" + defaultGroup + "/" + in.Name,
		CreationDate:               Timestamp(now),
		Description:                in.Description,
		FlexibleTimeWindow:         *in.FlexibleTimeWindow,
		GroupName:                  defaultGroup,
		LastModificationDate:       Timestamp(now),
		Name:                       in.Name,
		ScheduleExpression:         in.ScheduleExpression,
		ScheduleExpressionTimezone: defaultTimezone,
		State:                      cmp.Or(in.State, enabled),
		Target:                     Target{Arn: in.Target.Arn, RoleArn: in.Target.RoleArn, Input: in.Target.Input, RetryPolicy: policy},
	}}
	x.delay = x.FlexibleTimeWindow.delay(x.Arn)
	return x, nil
}

func (in *CreateScheduleInput) check() error {
	switch {
	case !scheduleName.MatchString(in.Name):
		return constraint(in.Name, "name", "Member must satisfy regular expression pattern: "+scheduleName.String())
	case in.ScheduleExpression == "":
		return missing("scheduleExpression")
	case in.FlexibleTimeWindow == nil:
		return missing("flexibleTimeWindow")
	case in.Target == nil:
		return missing("target")
	case len(in.Description) > 512:
		return constraint(in.Description, "description", "Member must have length less than or equal to 512")
	case in.State != "" && in.State != enabled && in.State != disabled:
		return constraint(in.State, "state", "Member must satisfy enum value set: [ENABLED, DISABLED]")
	case in.ScheduleExpressionTimezone != "" && in.ScheduleExpressionTimezone != defaultTimezone:
		return invalid("Time zone %s is not supported by the local cloud: a rate is the same in all.", in.ScheduleExpressionTimezone)
	case in.ActionAfterCompletion != "" && in.ActionAfterCompletion != none:
		return invalid("ActionAfterCompletion %s is not supported by the local cloud: a rate never completes.", in.ActionAfterCompletion)
	}
	if err := checkGroup(in.GroupName); err != nil {
		return err
	}
	if err := in.FlexibleTimeWindow.check(); err != nil {
		return err
	}
	return in.Target.check()
}

func checkGroup(name string) error {
	if name == "" || name == defaultGroup {
		return nil
	}
	return refusal("ResourceNotFoundException", http.StatusNotFound, "Schedule group %s does not exist.", name)
}

// check demands a window of a flexible schedule, and none of another.
// https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-flexible-time-windows.html
func (w *FlexibleTimeWindow) check() error {
	switch minutes := w.MaximumWindowInMinutes; {
	case w.Mode != off && w.Mode != flexible:
		return constraint(w.Mode, "flexibleTimeWindow.mode", "Member must satisfy enum value set: [OFF, FLEXIBLE]")
	case (w.Mode == flexible) != (minutes != nil):
		return invalid("MaximumWindowInMinutes must be given with mode FLEXIBLE, and not with OFF.")
	case minutes != nil && (*minutes < 1 || *minutes > 1440):
		return invalid("MaximumWindowInMinutes must be between 1 and 1440.")
	}
	return nil
}

// delay is where in its window a schedule is invoked: AWS leaves it open, here
// it is the same each time, but not for every schedule.
func (w *FlexibleTimeWindow) delay(arn string) time.Duration {
	if w.Mode == off {
		return 0
	}
	hash := fnv.New32a()
	hash.Write([]byte(arn)) // never fails
	window := uint32(*w.MaximumWindowInMinutes * 60)
	return time.Duration(hash.Sum32()%window) * time.Second
}

func (t *Target) check() error {
	switch {
	case !strings.HasPrefix(t.Arn, "arn:aws:lambda:"):
		return invalid("Target %s is not supported by the local cloud: it invokes Lambda functions alone.", t.Arn)
	case !roleARN.MatchString(t.RoleArn):
		return constraint(t.RoleArn, "target.roleArn", "Member must satisfy regular expression pattern: "+roleARN.String())
	case t.Input == "":
		return invalid("A target without Input is not supported by the local cloud: it makes up no notification.")
	case strings.Contains(t.Input, "<aws.scheduler."):
		return invalid("Context attributes in Input are not supported by the local cloud.")
	case !json.Valid([]byte(t.Input)):
		return invalid("The Input of a Lambda target must be well-formed JSON.")
	}
	return nil
}

func retryPolicy(given *RetryPolicy) (*RetryPolicy, error) {
	policy := RetryPolicy{new(defaultEventAge), new(defaultRetryAttempts)}
	if given != nil {
		policy.MaximumEventAgeInSeconds = cmp.Or(given.MaximumEventAgeInSeconds, policy.MaximumEventAgeInSeconds)
		policy.MaximumRetryAttempts = cmp.Or(given.MaximumRetryAttempts, policy.MaximumRetryAttempts)
	}
	if age := *policy.MaximumEventAgeInSeconds; age < 60 || age > 86400 {
		return nil, invalid("MaximumEventAgeInSeconds must be between 60 and 86400.")
	}
	if attempts := *policy.MaximumRetryAttempts; attempts < 0 || attempts > 185 {
		return nil, invalid("MaximumRetryAttempts must be between 0 and 185.")
	}
	return &policy, nil
}
