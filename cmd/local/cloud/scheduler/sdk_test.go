package scheduler_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/scheduler"
	"github.com/aws/aws-sdk-go-v2/service/scheduler/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"orderflow/cmd/local/cloud/lambda"
	"orderflow/cmd/local/cloud/scheduler"
)

// inProcess answers a client's requests by a handler, without a socket.
type inProcess struct{ http.Handler }

func (h inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	if r.Body == nil {
		r.Body = http.NoBody
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result(), nil
}

// nobody takes every invocation.
type nobody struct{}

func (nobody) Invoke(context.Context, *lambda.InvokeInput) (*lambda.InvokeOutput, error) {
	return &lambda.InvokeOutput{StatusCode: 202}, nil
}

func newClient(t *testing.T) *sdk.Client {
	t.Helper()
	s := scheduler.New(scheduler.Config{Region: "us-east-1", Account: "000000000000", Lambda: nobody{}})
	t.Cleanup(s.Close)
	return sdk.New(sdk.Options{
		Region:           "us-east-1",
		BaseEndpoint:     aws.String("http://localhost"),
		Credentials:      credentials.NewStaticCredentialsProvider("test", "test", ""),
		HTTPClient:       &http.Client{Transport: inProcess{s.Handler()}},
		RetryMaxAttempts: 1,
	})
}

func hourly(name string) *sdk.CreateScheduleInput {
	return &sdk.CreateScheduleInput{
		Name:               &name,
		ScheduleExpression: aws.String("rate(1 hour)"),
		FlexibleTimeWindow: &types.FlexibleTimeWindow{Mode: types.FlexibleTimeWindowModeFlexible, MaximumWindowInMinutes: aws.Int32(15)},
		Target: &types.Target{
			Arn: aws.String(function), RoleArn: aws.String(role), Input: aws.String(`{}`),
			RetryPolicy: &types.RetryPolicy{MaximumRetryAttempts: aws.Int32(0)},
		},
	}
}

// What a client writes it reads back, with what was left out at its default;
// and what it reads it can write again, disabled.
func TestSDK(t *testing.T) {
	c := newClient(t)
	created, err := c.CreateSchedule(t.Context(), hourly("nightly-1"))
	if err != nil {
		t.Fatal(err)
	}
	const arn = "arn:aws:scheduler:us-east-1:000000000000:schedule/default/nightly-1"
	if *created.ScheduleArn != arn {
		t.Errorf("ARN %s", *created.ScheduleArn)
	}
	got, err := c.GetSchedule(t.Context(), &sdk.GetScheduleInput{Name: aws.String("nightly-1")})
	if err != nil {
		t.Fatal(err)
	}
	if time.Since(*got.CreationDate) > time.Minute || *got.GroupName != "default" || *got.ScheduleExpressionTimezone != "UTC" ||
		got.State != types.ScheduleStateEnabled || *got.Target.RetryPolicy.MaximumRetryAttempts != 0 ||
		*got.Target.RetryPolicy.MaximumEventAgeInSeconds != 86400 || *got.FlexibleTimeWindow.MaximumWindowInMinutes != 15 {
		t.Errorf("%+v", got)
	}
	_, err = c.UpdateSchedule(t.Context(), &sdk.UpdateScheduleInput{
		Name: got.Name, GroupName: got.GroupName, ActionAfterCompletion: got.ActionAfterCompletion, Description: aws.String("rests"),
		ScheduleExpression: got.ScheduleExpression, ScheduleExpressionTimezone: got.ScheduleExpressionTimezone,
		FlexibleTimeWindow: got.FlexibleTimeWindow, Target: got.Target, State: types.ScheduleStateDisabled,
	})
	if err != nil {
		t.Fatal(err)
	}
	again, err := c.GetSchedule(t.Context(), &sdk.GetScheduleInput{Name: aws.String("nightly-1"), GroupName: aws.String("default")})
	if err != nil || again.State != types.ScheduleStateDisabled || *again.Description != "rests" || !again.CreationDate.Equal(*got.CreationDate) {
		t.Errorf("%+v, %v", again, err)
	}
}

func TestSDKList(t *testing.T) {
	c := newClient(t)
	for _, name := range []string{"b-2", "a-1", "b-1", "c-1"} {
		in := hourly(name)
		if name == "b-2" {
			in.State = types.ScheduleStateDisabled
		}
		if _, err := c.CreateSchedule(t.Context(), in); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		in   sdk.ListSchedulesInput
		want string
	}{
		{sdk.ListSchedulesInput{}, "a-1 b-1 b-2 c-1"},
		{sdk.ListSchedulesInput{MaxResults: aws.Int32(2)}, "a-1 b-1 | b-2 c-1"},
		{sdk.ListSchedulesInput{NamePrefix: aws.String("b-"), MaxResults: aws.Int32(1)}, "b-1 | b-2"},
		{sdk.ListSchedulesInput{State: types.ScheduleStateDisabled}, "b-2"},
		{sdk.ListSchedulesInput{GroupName: aws.String("default"), NamePrefix: aws.String("d")}, ""},
	} {
		var listed []string
		for pages := sdk.NewListSchedulesPaginator(c, &test.in); pages.HasMorePages(); {
			page, err := pages.NextPage(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, s := range page.Schedules {
				names = append(names, *s.Name)
			}
			listed = append(listed, strings.Join(names, " "))
		}
		if diff := cmp.Diff(test.want, strings.Join(listed, " | ")); diff != "" {
			t.Error(diff)
		}
	}
}

// A creation repeated with its token, as a retry does, makes one schedule.
func TestClientToken(t *testing.T) {
	c := newClient(t)
	in := hourly("s")
	in.ClientToken = aws.String("token")
	for range 2 {
		if _, err := c.CreateSchedule(t.Context(), in); err != nil {
			t.Fatal(err)
		}
	}
}

func TestRefused(t *testing.T) {
	c := newClient(t)
	if _, err := c.CreateSchedule(t.Context(), hourly("taken")); err != nil {
		t.Fatal(err)
	}
	with := func(change func(*sdk.CreateScheduleInput)) error {
		in := hourly("s")
		change(in)
		_, err := c.CreateSchedule(t.Context(), in)
		return err
	}
	rate := func(expression string) error {
		return with(func(in *sdk.CreateScheduleInput) { in.ScheduleExpression = &expression })
	}
	_, unknown := c.GetSchedule(t.Context(), &sdk.GetScheduleInput{Name: aws.String("none")})
	_, noGroup := c.ListSchedules(t.Context(), &sdk.ListSchedulesInput{GroupName: aws.String("mine")})
	_, unsupported := c.DeleteSchedule(t.Context(), &sdk.DeleteScheduleInput{Name: aws.String("taken")})
	for name, test := range map[string]struct {
		err        error
		code, says string
	}{
		"seconds":        {rate("rate(10 seconds)"), "ValidationException", "Invalid Schedule Expression rate(10 seconds)."},
		"zero":           {rate("rate(0 minutes)"), "ValidationException", "Invalid Schedule Expression"},
		"negative":       {rate("rate(-10 minutes)"), "ValidationException", "Invalid Schedule Expression"},
		"no unit":        {rate("rate(10)"), "ValidationException", "Invalid Schedule Expression"},
		"spaces":         {rate("rate( 10 minutes )"), "ValidationException", "Invalid Schedule Expression"},
		"words":          {rate("hourly"), "ValidationException", "Invalid Schedule Expression"},
		"cron":           {rate("cron(0 3 * * ? *)"), "ValidationException", "not supported by the local cloud"},
		"at":             {rate("at(2030-01-01T00:00:00)"), "ValidationException", "not supported by the local cloud"},
		"taken":          {with(func(in *sdk.CreateScheduleInput) { in.Name = aws.String("taken") }), "ConflictException", "Schedule taken already exists."},
		"name":           {with(func(in *sdk.CreateScheduleInput) { in.Name = aws.String("a b") }), "ValidationException", "'name'"},
		"state":          {with(func(in *sdk.CreateScheduleInput) { in.State = "PAUSED" }), "ValidationException", "'state'"},
		"group":          {with(func(in *sdk.CreateScheduleInput) { in.GroupName = aws.String("mine") }), "ResourceNotFoundException", "Schedule group mine"},
		"time zone":      {with(func(in *sdk.CreateScheduleInput) { in.ScheduleExpressionTimezone = aws.String("Asia/Tokyo") }), "ValidationException", "Asia/Tokyo"},
		"start":          {with(func(in *sdk.CreateScheduleInput) { in.StartDate = aws.Time(time.Now()) }), "ValidationException", "StartDate"},
		"completion":     {with(func(in *sdk.CreateScheduleInput) { in.ActionAfterCompletion = "DELETE" }), "ValidationException", "DELETE"},
		"window missing": {with(func(in *sdk.CreateScheduleInput) { in.FlexibleTimeWindow.MaximumWindowInMinutes = nil }), "ValidationException", "MaximumWindowInMinutes"},
		"window mode":    {with(func(in *sdk.CreateScheduleInput) { in.FlexibleTimeWindow.Mode = "LATER" }), "ValidationException", "flexibleTimeWindow.mode"},
		"window off":     {with(func(in *sdk.CreateScheduleInput) { in.FlexibleTimeWindow.Mode = "OFF" }), "ValidationException", "not with OFF"},
		"window size":    {with(func(in *sdk.CreateScheduleInput) { in.FlexibleTimeWindow.MaximumWindowInMinutes = aws.Int32(1441) }), "ValidationException", "1440"},
		"target":         {with(func(in *sdk.CreateScheduleInput) { in.Target.Arn = aws.String("arn:aws:sqs:us-east-1:000000000000:q") }), "ValidationException", "Lambda functions alone"},
		"role":           {with(func(in *sdk.CreateScheduleInput) { in.Target.RoleArn = aws.String("r") }), "ValidationException", "target.roleArn"},
		"no input":       {with(func(in *sdk.CreateScheduleInput) { in.Target.Input = nil }), "ValidationException", "without Input"},
		"input":          {with(func(in *sdk.CreateScheduleInput) { in.Target.Input = aws.String("{") }), "ValidationException", "well-formed JSON"},
		"attribute":      {with(func(in *sdk.CreateScheduleInput) { in.Target.Input = aws.String(`"<aws.scheduler.attempt-number>"`) }), "ValidationException", "Context attributes"},
		"dead letters":   {with(func(in *sdk.CreateScheduleInput) { in.Target.DeadLetterConfig = &types.DeadLetterConfig{} }), "ValidationException", "DeadLetterConfig"},
		"retries":        {with(func(in *sdk.CreateScheduleInput) { in.Target.RetryPolicy.MaximumRetryAttempts = aws.Int32(186) }), "ValidationException", "185"},
		"age":            {with(func(in *sdk.CreateScheduleInput) { in.Target.RetryPolicy.MaximumEventAgeInSeconds = aws.Int32(59) }), "ValidationException", "between 60"},
		"unknown":        {unknown, "ResourceNotFoundException", "Schedule none does not exist."},
		"list group":     {noGroup, "ResourceNotFoundException", "Schedule group mine does not exist."},
		"action":         {unsupported, "UnknownOperationException", "DELETE /schedules/taken"},
	} {
		refusal, ok := errors.AsType[smithy.APIError](test.err)
		if !ok || refusal.ErrorCode() != test.code || !strings.Contains(refusal.ErrorMessage(), test.says) {
			t.Errorf("%s: error %v, want %s with %q", name, test.err, test.code, test.says)
		}
	}
}

// Every unit, in the singular and in the plural.
func TestRates(t *testing.T) {
	c := newClient(t)
	for _, expression := range []string{"rate(1 minute)", "rate(1 minutes)", "rate(5 minute)", "rate(2 hours)", "rate(1 hour)", "rate(365 days)", "rate(1 day)"} {
		in := hourly(strings.NewReplacer("(", "-", " ", "-", ")", "").Replace(expression))
		in.ScheduleExpression = &expression
		if _, err := c.CreateSchedule(t.Context(), in); err != nil {
			t.Errorf("%s: %v", expression, err)
		}
	}
}
