package scheduler_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"orderflow/cmd/local/cloud/lambda"
	"orderflow/cmd/local/cloud/scheduler"
)

const (
	function = "arn:aws:lambda:us-east-1:000000000000:function:f"
	role     = "arn:aws:iam::000000000000:role/r"
)

// A target takes invocations, but for the first few, and keeps when they came.
type target struct {
	began   time.Time
	refuses int
	got     []string // time since the beginning, and payload
	calls   []string
}

func (t *target) Invoke(_ context.Context, in *lambda.InvokeInput) (*lambda.InvokeOutput, error) {
	at := time.Since(t.began).String()
	t.calls = append(t.calls, at)
	if in.FunctionName != function || in.InvocationType != lambda.Event {
		return nil, errors.New("not for me")
	}
	if t.refuses > 0 {
		t.refuses--
		return nil, errors.New("busy")
	}
	t.got = append(t.got, at+" "+string(in.Payload))
	return &lambda.InvokeOutput{StatusCode: 202}, nil
}

// bubble runs a test with a service of which only the bubble's clock is heard.
func bubble(t *testing.T, test func(t *testing.T, s *scheduler.Service, f *target, log *bytes.Buffer)) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		f := &target{began: time.Now()}
		s := scheduler.New(scheduler.Config{
			Region: "us-east-1", Account: "000000000000", Lambda: f,
			Log: slog.New(slog.NewTextHandler(&log, nil)),
		})
		defer s.Close()
		test(t, s, f, &log)
	})
}

func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

// every is an input that invokes the function at a rate.
func every(rate string) *scheduler.CreateScheduleInput {
	return &scheduler.CreateScheduleInput{
		Name:               "s",
		ScheduleExpression: rate,
		FlexibleTimeWindow: &scheduler.FlexibleTimeWindow{Mode: "OFF"},
		Target:             &scheduler.Target{Arn: function, RoleArn: role, Input: `{"a": 1}`},
	}
}

func create(t *testing.T, s *scheduler.Service, in *scheduler.CreateScheduleInput) {
	t.Helper()
	if _, err := s.CreateSchedule(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	synctest.Wait()
}

// Without a start date the first time is at once.
func TestRate(t *testing.T) {
	bubble(t, func(t *testing.T, s *scheduler.Service, f *target, _ *bytes.Buffer) {
		create(t, s, every("rate(90 minutes)"))
		pass(5 * time.Hour)
		want := []string{`0s {"a": 1}`, `1h30m0s {"a": 1}`, `3h0m0s {"a": 1}`, `4h30m0s {"a": 1}`}
		if diff := cmp.Diff(want, f.got); diff != "" {
			t.Error(diff)
		}
	})
}

// A flexible schedule comes within its window, and keeps to its rate.
func TestFlexibleTimeWindow(t *testing.T) {
	bubble(t, func(t *testing.T, s *scheduler.Service, f *target, _ *bytes.Buffer) {
		in := every("rate(1 hour)")
		in.FlexibleTimeWindow = &scheduler.FlexibleTimeWindow{Mode: "FLEXIBLE", MaximumWindowInMinutes: new(15)}
		create(t, s, in)
		pass(3 * time.Hour)
		if len(f.calls) != 3 {
			t.Fatalf("invoked at %v", f.calls)
		}
		first, _ := time.ParseDuration(f.calls[0])
		if first < 0 || first >= 15*time.Minute {
			t.Errorf("first invoked after %v", first)
		}
		for i, call := range f.calls {
			if want := first + time.Duration(i)*time.Hour; call != want.String() {
				t.Errorf("invoked after %v, want %v", call, want)
			}
		}
	})
}

// A disabled schedule rests; enabled again it goes on in its old rhythm.
func TestDisabled(t *testing.T) {
	bubble(t, func(t *testing.T, s *scheduler.Service, f *target, _ *bytes.Buffer) {
		update := func(rate, state string) {
			t.Helper()
			in := every(rate)
			in.State = state
			if _, err := s.UpdateSchedule(t.Context(), (*scheduler.UpdateScheduleInput)(in)); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		create(t, s, every("rate(1 hour)"))
		update("rate(1 hour)", "DISABLED")
		pass(150 * time.Minute)
		update("rate(1 hour)", "ENABLED")
		pass(time.Hour)
		update("rate(2 days)", "ENABLED")
		pass(71 * time.Hour)
		if want := []string{"0s", "3h0m0s", "3h30m0s", "51h30m0s"}; !slices.Equal(f.calls, want) {
			t.Errorf("invoked at %v, want %v", f.calls, want)
		}
	})
}

// What Lambda refuses is tried again, later and later, as the policy allows.
func TestRetryPolicy(t *testing.T) {
	for name, test := range map[string]struct {
		refuses, attempts, age int
		want                   []string
		givenUp                bool
	}{
		"in the end":  {refuses: 3, attempts: 3, age: 60, want: []string{"0s", "1s", "3s", "7s"}},
		"attempts":    {refuses: 9, attempts: 2, age: 60, want: []string{"0s", "1s", "3s"}, givenUp: true},
		"no attempts": {refuses: 9, attempts: 0, age: 60, want: []string{"0s"}, givenUp: true},
		"age":         {refuses: 9, attempts: 185, age: 60, want: []string{"0s", "1s", "3s", "7s", "15s", "31s"}, givenUp: true},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, s *scheduler.Service, f *target, log *bytes.Buffer) {
				f.refuses = test.refuses
				in := every("rate(1 day)")
				in.Target.RetryPolicy = &scheduler.RetryPolicy{MaximumEventAgeInSeconds: &test.age, MaximumRetryAttempts: &test.attempts}
				create(t, s, in)
				pass(23 * time.Hour)
				if !slices.Equal(f.calls, test.want) {
					t.Errorf("invoked at %v, want %v", f.calls, test.want)
				}
				if givenUp := strings.Contains(log.String(), "given up"); givenUp != test.givenUp {
					t.Errorf("the log says %q", log.String())
				}
			})
		})
	}
}

// Close ends the invocations that wait for a retry, too.
func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &target{refuses: 100}
		s := scheduler.New(scheduler.Config{Lambda: f})
		create(t, s, every("rate(1 minute)"))
		s.Close()
		before := len(f.calls)
		<-time.After(time.Hour)
		if len(f.calls) != before {
			t.Errorf("invoked %d times after it was closed", len(f.calls)-before)
		}
	})
}
