package lambda_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	awslambda "github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambda/messages"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"orderflow/cmd/local/cloud/lambda"
	"orderflow/cmd/local/cloud/protocol"
)

const arn = "arn:aws:lambda:us-east-1:000000000000:function:"

func newService(t testing.TB, cfg lambda.Config) *lambda.Service {
	cfg.Region, cfg.Account = "us-east-1", "000000000000"
	s := lambda.New(cfg)
	t.Cleanup(func() { s.Close(context.Background()) })
	return s
}

// create registers a function whose environments all run handler.
func create(t testing.TB, s *lambda.Service, in lambda.CreateFunctionInput, handler any) {
	t.Helper()
	in.Init = func(string) (awslambda.Handler, error) { return awslambda.NewHandler(handler), nil }
	if _, err := s.CreateFunction(t.Context(), &in); err != nil {
		t.Fatal(err)
	}
}

func invoke(t testing.TB, s *lambda.Service, name, payload string) *lambda.InvokeOutput {
	t.Helper()
	out, err := s.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: name, Payload: []byte(payload)})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func code(err error) string {
	if e, ok := errors.AsType[*protocol.Error](err); ok {
		return e.Code
	}
	return fmt.Sprint(err)
}

type OutOfStock struct{ SKU string }

func (e *OutOfStock) Error() string { return e.SKU + " is out of stock" }

type Refused struct{}

func (Refused) Error() string { return "refused" }

// TestFunctionErrors holds errors and panics to the payload that aws-lambda-go
// would report them by.
func TestFunctionErrors(t *testing.T) {
	tests := map[string]struct {
		handler func() error
		want    messages.InvokeResponse_Error
	}{
		"pointer":   {func() error { return &OutOfStock{"MUG"} }, messages.InvokeResponse_Error{Type: "OutOfStock", Message: "MUG is out of stock"}},
		"value":     {func() error { return Refused{} }, messages.InvokeResponse_Error{Type: "Refused", Message: "refused"}},
		"wrapped":   {func() error { return fmt.Errorf("no: %w", &OutOfStock{"MUG"}) }, messages.InvokeResponse_Error{Type: "wrapError", Message: "no: MUG is out of stock"}},
		"plain":     {func() error { return errors.New("no") }, messages.InvokeResponse_Error{Type: "errorString", Message: "no"}},
		"own shape": {func() error { return messages.InvokeResponse_Error{Type: "Mine", Message: "m"} }, messages.InvokeResponse_Error{Type: "Mine", Message: "m"}},
		"panic":     {func() error { panic("at the disco") }, messages.InvokeResponse_Error{Type: "string", Message: "at the disco"}},
		"panic error": {func() error { panic(&OutOfStock{"MUG"}) },
			messages.InvokeResponse_Error{Type: "OutOfStock", Message: "MUG is out of stock"}},
		"runtime error": {func() error { var s []int; _ = s[len(s)]; return nil },
			messages.InvokeResponse_Error{Type: "boundsError", Message: "runtime error: index out of range [0] with length 0"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := newService(t, lambda.Config{})
			create(t, s, lambda.CreateFunctionInput{FunctionName: "f"}, test.handler)
			out := invoke(t, s, "f", "{}")
			if out.FunctionError != "Unhandled" || out.StatusCode != 200 {
				t.Errorf("FunctionError %q, StatusCode %d", out.FunctionError, out.StatusCode)
			}
			var got messages.InvokeResponse_Error
			if err := json.Unmarshal(out.Payload, &got); err != nil {
				t.Fatal(err)
			}
			if got.Type != test.want.Type || got.Message != test.want.Message {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
			panics := strings.Contains(name, "panic") || name == "runtime error"
			if panics != (len(got.StackTrace) > 0) {
				t.Errorf("stack trace %v", got.StackTrace)
			}
			if panics && !strings.Contains(string(out.Payload), `/cmd/local/cloud/lambda/invoke_test.go"`) {
				t.Errorf("the stack does not name the handler: %s", out.Payload)
			}
			// The next invocation has a live environment.
			if out := invoke(t, s, "f", "{}"); out.FunctionError == "" {
				t.Error("second invocation succeeded")
			}
		})
	}
}

func TestGoexitIsARuntimeExit(t *testing.T) {
	s := newService(t, lambda.Config{})
	create(t, s, lambda.CreateFunctionInput{FunctionName: "f"}, func() error { runtime.Goexit(); return nil })
	out := invoke(t, s, "f", "")
	if !strings.Contains(string(out.Payload), `"errorType":"Runtime.ExitError"`) {
		t.Errorf("payload %s", out.Payload)
	}
}

func TestInvocationContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, lambda.Config{})
		create(t, s, lambda.CreateFunctionInput{FunctionName: "f", Timeout: 7}, func(ctx context.Context) (any, error) {
			lc, _ := lambdacontext.FromContext(ctx)
			deadline, _ := ctx.Deadline()
			return map[string]any{"id": len(lc.AwsRequestID), "arn": lc.InvokedFunctionArn, "left": time.Until(deadline).Seconds(), "title": lc.ClientContext.Client.AppTitle}, nil
		})
		publish(t, s, "f")
		if _, err := s.CreateAlias(t.Context(), &lambda.CreateAliasInput{FunctionName: "f", Name: "live", FunctionVersion: "1"}); err != nil {
			t.Fatal(err)
		}
		out, err := s.Invoke(t.Context(), &lambda.InvokeInput{
			FunctionName:  arn + "f:live",
			ClientContext: base64.StdEncoding.EncodeToString([]byte(`{"client":{"app_title":"shop"}}`)),
		})
		if err != nil {
			t.Fatal(err)
		}
		want := `{"arn":"` + arn + `f:live","id":36,"left":7,"title":"shop"}`
		if string(out.Payload) != want || out.ExecutedVersion != "1" {
			t.Errorf("version %s, payload %s, want %s", out.ExecutedVersion, out.Payload, want)
		}
	})
}

func TestTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, lambda.Config{AccountConcurrency: 1})
		var finished atomic.Bool
		create(t, s, lambda.CreateFunctionInput{FunctionName: "slow", Timeout: 3}, func(ctx context.Context) error {
			<-ctx.Done()
			time.Sleep(time.Minute) // outlives its deadline
			finished.Store(true)
			return nil
		})
		create(t, s, lambda.CreateFunctionInput{FunctionName: "obedient", Timeout: 3}, func(ctx context.Context) error {
			<-ctx.Done()
			return ctx.Err()
		})
		create(t, s, lambda.CreateFunctionInput{FunctionName: "quick"}, func() (string, error) { return "ok", nil })
		for _, name := range []string{"slow", "obedient"} {
			start := time.Now()
			out := invoke(t, s, name, "")
			if took := time.Since(start); took != 3*time.Second {
				t.Errorf("%s: timed out after %v", name, took)
			}
			var got map[string]string
			if err := json.Unmarshal(out.Payload, &got); err != nil {
				t.Fatal(err)
			}
			if got["errorType"] != "Sandbox.Timedout" || !strings.HasPrefix(got["errorMessage"], "RequestId: ") ||
				!strings.HasSuffix(got["errorMessage"], " Error: Task timed out after 3.00 seconds") {
				t.Errorf("%s: payload %s", name, out.Payload)
			}
			// Its execution is free although the handler still runs.
			if out := invoke(t, s, "quick", ""); string(out.Payload) != `"ok"` {
				t.Errorf("quick after %s: %s", name, out.Payload)
			}
		}
		if finished.Load() {
			t.Error("the slow handler had finished")
		}
		s.Close(t.Context())
		if !finished.Load() {
			t.Error("Close did not wait for the handler")
		}
		if _, err := s.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: "quick"}); code(err) != "ServiceException" {
			t.Errorf("after Close: %v", err)
		}
	})
}

func TestCallerHangsUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, lambda.Config{AccountConcurrency: 1})
		ran := false
		create(t, s, lambda.CreateFunctionInput{FunctionName: "f", Timeout: 60}, func(ctx context.Context) error {
			time.Sleep(10 * time.Second)
			ran = ctx.Err() == nil
			return nil
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := s.Invoke(ctx, &lambda.InvokeInput{FunctionName: "f"}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Invoke: %v", err)
		}
		if _, err := s.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: "f"}); code(err) != "TooManyRequestsException" {
			t.Errorf("the function runs on, yet: %v", err)
		}
		s.Close(t.Context())
		if !ran {
			t.Error("the function did not run on")
		}
	})
}

func TestCloseKillsWhenItsContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, lambda.Config{})
		create(t, s, lambda.CreateFunctionInput{FunctionName: "f", Timeout: 900}, func(ctx context.Context) error {
			<-ctx.Done()
			return ctx.Err()
		})
		answer := make(chan *lambda.InvokeOutput)
		go func() {
			out, _ := s.Invoke(context.Background(), &lambda.InvokeInput{FunctionName: "f"})
			answer <- out
		}()
		synctest.Wait()
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		go s.Close(ctx)
		if out := <-answer; out.FunctionError == "" || time.Since(start) != 2*time.Second {
			t.Errorf("after %v: %+v", time.Since(start), out)
		}
	})
}

func TestConcurrency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, lambda.Config{AccountConcurrency: 102})
		nap := func() error { time.Sleep(time.Second); return nil }
		reserved := 2
		create(t, s, lambda.CreateFunctionInput{FunctionName: "reserved", ReservedConcurrentExecutions: &reserved}, nap)
		create(t, s, lambda.CreateFunctionInput{FunctionName: "other"}, nap)

		run := func(name string, n int) map[string]int {
			outcomes := make(chan string, n)
			for range n {
				go func() {
					_, err := s.Invoke(context.Background(), &lambda.InvokeInput{FunctionName: name})
					if e, ok := errors.AsType[*protocol.Error](err); ok {
						outcomes <- fmt.Sprintf("%d %s %s %v", e.Status, e.Code, e.Message, e.Fields["Reason"])
						return
					}
					outcomes <- "ok"
				}()
			}
			count := map[string]int{}
			for range n {
				count[<-outcomes]++
			}
			return count
		}
		got := run("reserved", 5)
		if got["ok"] != 2 || got["429 TooManyRequestsException Rate Exceeded. ReservedFunctionConcurrentInvocationLimitExceeded"] != 3 {
			t.Errorf("reserved: %v", got)
		}
		got = run("other", 110)
		if got["ok"] != 100 || got["429 TooManyRequestsException Rate Exceeded. ConcurrentInvocationLimitExceeded"] != 10 {
			t.Errorf("unreserved: %v", got)
		}
		if _, err := s.PutFunctionConcurrency(t.Context(), &lambda.PutFunctionConcurrencyInput{FunctionName: "other", ReservedConcurrentExecutions: 1}); code(err) != "InvalidParameterValueException" {
			t.Errorf("reserving below the minimum: %v", err)
		}
		if err := s.DeleteFunctionConcurrency(t.Context(), "reserved"); err != nil {
			t.Fatal(err)
		}
		if got = run("reserved", 5); got["ok"] != 5 {
			t.Errorf("no longer reserved: %v", got)
		}
	})
}

func TestPayloadLimits(t *testing.T) {
	s := newService(t, lambda.Config{})
	create(t, s, lambda.CreateFunctionInput{FunctionName: "f"}, func(n int) (string, error) { return strings.Repeat("x", n), nil })
	big := []byte(`"` + strings.Repeat("x", 6291456) + `"`)
	if _, err := s.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: "f", Payload: big}); code(err) != "RequestTooLargeException" {
		t.Errorf("large request: %v", err)
	}
	if _, err := s.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: "f", Payload: big[:1<<20+1], InvocationType: lambda.Event}); code(err) != "RequestTooLargeException" {
		t.Errorf("large event: %v", err)
	}
	out := invoke(t, s, "f", "6291600")
	if !strings.Contains(string(out.Payload), `"errorType":"Function.ResponseSizeTooLarge"`) {
		t.Errorf("large response: %.200s", out.Payload)
	}
}

func TestInitFails(t *testing.T) {
	s := newService(t, lambda.Config{})
	in := &lambda.CreateFunctionInput{FunctionName: "f", Init: func(string) (awslambda.Handler, error) { return nil, errors.New("no STOCK_TABLE") }}
	if _, err := s.CreateFunction(t.Context(), in); err == nil || !strings.Contains(err.Error(), "no STOCK_TABLE") {
		t.Errorf("CreateFunction: %v", err)
	}
}

// TestEnvironmentsAreNotShared runs many invocations at once through handlers
// that aws-lambda-go does not make safe for it.
func TestEnvironmentsAreNotShared(t *testing.T) {
	s := newService(t, lambda.Config{})
	create(t, s, lambda.CreateFunctionInput{FunctionName: "echo"}, func(v string) (string, error) { return v, nil })
	done := make(chan error)
	for i := range 32 {
		go func() {
			for j := range 50 {
				want := fmt.Sprintf("%q", fmt.Sprint(i, "-", j))
				out, err := s.Invoke(context.Background(), &lambda.InvokeInput{FunctionName: "echo", Payload: []byte(want)})
				if err != nil || string(out.Payload) != want {
					done <- fmt.Errorf("%v: want %s, got %+v", err, want, out)
					return
				}
			}
			done <- nil
		}()
	}
	for range 32 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func TestAsynchronous(t *testing.T) {
	tests := map[string]struct {
		failures int
		want     []time.Duration // when it ran
	}{
		"succeeds":     {0, []time.Duration{0}},
		"fails once":   {1, []time.Duration{0, time.Minute}},
		"fails always": {9, []time.Duration{0, time.Minute, 3 * time.Minute}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newService(t, lambda.Config{})
				start := time.Now()
				var got []time.Duration
				create(t, s, lambda.CreateFunctionInput{FunctionName: "f"}, func() error {
					got = append(got, time.Since(start))
					if len(got) <= test.failures {
						return errors.New("no")
					}
					return nil
				})
				out, err := s.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: "f", InvocationType: lambda.Event})
				if err != nil || out.StatusCode != 202 {
					t.Fatalf("%+v, %v", out, err)
				}
				time.Sleep(time.Hour)
				synctest.Wait()
				if fmt.Sprint(got) != fmt.Sprint(test.want) {
					t.Errorf("ran at %v, want %v", got, test.want)
				}
			})
		})
	}
}

func TestAsynchronousThrottled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, lambda.Config{})
		start, none := time.Now(), 0
		var ran time.Duration
		create(t, s, lambda.CreateFunctionInput{FunctionName: "f", ReservedConcurrentExecutions: &none}, func() error {
			ran = time.Since(start)
			return nil
		})
		if _, err := s.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: "f", InvocationType: lambda.Event}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Second)
		if err := s.DeleteFunctionConcurrency(t.Context(), "f"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if ran != 15*time.Second { // 1 + 2 + 4 + 8
			t.Errorf("ran after %v", ran)
		}
	})
}
