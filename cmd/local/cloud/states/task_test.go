package states

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"orderflow/cmd/local/cloud/protocol"
)

const timedOut = "TaskTimedOut: Task Timed Out: 'Provided task does not exist anymore'"

func (c *cloud) succeed(token, output string) error {
	_, err := c.Client.SendTaskSuccess(c.t.Context(), &sfn.SendTaskSuccessInput{TaskToken: &token, Output: &output})
	return err
}

func (c *cloud) fail(token, name, cause string) error {
	_, err := c.Client.SendTaskFailure(c.t.Context(), &sfn.SendTaskFailureInput{TaskToken: &token, Error: &name, Cause: &cause})
	return err
}

func (c *cloud) heartbeat(token string) error {
	_, err := c.Client.SendTaskHeartbeat(c.t.Context(), &sfn.SendTaskHeartbeatInput{TaskToken: &token})
	return err
}

const (
	submitted = "ExecutionStarted TaskStateEntered TaskScheduled TaskStarted TaskSubmitted"
	answered  = submitted + " TaskSucceeded TaskStateExited ExecutionSucceeded"
)

func TestTaskToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tokens := make(chan string, 1)
		c := newCloud(t, tokenTopic(tokens), nil)
		machine := c.create("Order", ask)

		arn := c.start(machine, "succeeds", "{}")
		token := <-tokens
		synctest.Wait()
		if err := c.succeed(token, `{"ok":true}`); err != nil {
			t.Fatal(err)
		}
		events := c.history(arn)
		checkTypes(t, events, answered)
		if d := events[2].TaskScheduledEventDetails; *d.ResourceType != "sns" || *d.Resource != "publish.waitForTaskToken" || *d.Region != "us-east-1" || *d.TimeoutInSeconds != 60 {
			t.Errorf("scheduled %+v", d)
		}
		if d := events[5].TaskSucceededEventDetails; *d.Output != `{"ok":true}` {
			t.Errorf("succeeded %+v", d)
		}
		checkError(t, c.succeed(token, `{"ok":true}`), timedOut)
		checkError(t, c.fail(token, "E", "C"), timedOut)
		checkError(t, c.heartbeat(token), timedOut)

		arn = c.start(machine, "fails", "{}")
		token = <-tokens
		synctest.Wait()
		if err := c.fail(token, "OutOfStock", `inventory: sku "MUG" is out of stock`); err != nil {
			t.Fatal(err)
		}
		checkTypes(t, c.history(arn), submitted+" TaskFailed ExecutionFailed")
		if d := c.describe(arn); d.Status != types.ExecutionStatusFailed || *d.Error != "OutOfStock" || *d.Cause != `inventory: sku "MUG" is out of stock` {
			t.Errorf("described %+v", d)
		}
		checkError(t, c.succeed(token, `{}`), timedOut)

		arn = c.start(machine, "times-out", "{}")
		token = <-tokens
		time.Sleep(60 * time.Second)
		synctest.Wait()
		checkError(t, c.succeed(token, `{}`), timedOut)
		checkTypes(t, c.history(arn), submitted+" TaskTimedOut ExecutionFailed")
		if d := c.describe(arn); *d.Error != "States.Timeout" || d.Cause != nil || d.StopDate.Sub(*d.StartDate) != 60*time.Second {
			t.Errorf("described %+v", d)
		}
	})
}

func TestHeartbeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tokens := make(chan string, 1)
		c := newCloud(t, tokenTopic(tokens), nil)
		arn := c.start(c.create("Order", `"First":{"Type":"Task","Resource":"arn:aws:states:::sns:publish.waitForTaskToken",
			"Arguments":{"TopicArn":"arn:aws:sns:us-east-1:000000000000:T","Message":{"token":"{% $states.context.Task.Token %}"}},
			"TimeoutSeconds":600,"HeartbeatSeconds":10,"End":true}`), "x", "{}")
		token := <-tokens
		for range 5 {
			time.Sleep(9 * time.Second)
			if err := c.heartbeat(token); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(10 * time.Second)
		synctest.Wait()
		checkError(t, c.heartbeat(token), timedOut)
		checkTypes(t, c.history(arn), submitted+" TaskTimedOut ExecutionFailed")
		if d := c.describe(arn); d.StopDate.Sub(*d.StartDate) != 55*time.Second {
			t.Errorf("stopped after %v", d.StopDate.Sub(*d.StartDate))
		}
	})
}

// A consumer may answer before the publish that carried the token returns:
// the history has Submitted first all the same, and a second answer is late.
func TestEarlyAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c *cloud
		var again error
		services := map[string]protocol.Actions{"sns": {"Publish": func(_ context.Context, input []byte) (any, error) {
			var in struct{ Message string }
			var message struct{ Token string }
			if err := errors.Join(json.Unmarshal(input, &in), json.Unmarshal([]byte(in.Message), &message)); err != nil {
				return nil, err
			}
			if err := c.heartbeat(message.Token); err != nil {
				return nil, err
			}
			if err := c.succeed(message.Token, `"early"`); err != nil {
				return nil, err
			}
			again = c.fail(message.Token, "Late", "")
			time.Sleep(time.Second)
			return map[string]string{"MessageId": "m"}, nil
		}}}
		c = newCloud(t, services, nil)
		arn := c.start(c.create("Order", ask), "x", "{}")
		if got := c.wait(arn); got != types.ExecutionStatusSucceeded {
			t.Fatalf("status %s", got)
		}
		checkTypes(t, c.history(arn), answered)
		checkError(t, again, timedOut)
		if d := c.describe(arn); *d.Output != `"early"` {
			t.Errorf("output %s", *d.Output)
		}
	})
}

// An answer counts although the call that carried its token failed after all.
func TestEarlyAnswerToFailedCall(t *testing.T) {
	for _, succeeds := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			var c *cloud
			services := tokenTopic(nil)
			services["sns"]["Publish"] = func(_ context.Context, input []byte) (any, error) {
				var in struct{ Message string }
				var message struct{ Token string }
				if err := errors.Join(json.Unmarshal(input, &in), json.Unmarshal([]byte(in.Message), &message)); err != nil {
					return nil, err
				}
				var answer error
				if succeeds {
					answer = c.succeed(message.Token, `"early"`)
				} else {
					answer = c.fail(message.Token, "Refused", "")
				}
				return nil, errors.Join(answer, errors.New("connection reset"))
			}
			c = newCloud(t, services, nil)
			arn := c.start(c.create("Order", ask), "x", "{}")
			c.wait(arn)
			d := c.describe(arn)
			if succeeds && (d.Status != types.ExecutionStatusSucceeded || *d.Output != `"early"`) {
				t.Errorf("described %+v", d)
			}
			if !succeeds && (d.Status != types.ExecutionStatusFailed || *d.Error != "Refused") {
				t.Errorf("described %+v", d)
			}
		})
	}
}

// A branch that fails ends its siblings' waits.
func TestSiblingsToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tokens := make(chan string, 2)
		c := newCloud(t, tokenTopic(tokens), nil)
		branch := func(name string) string {
			return `{"StartAt":"` + name + `","States":{"` + name + ask[len(`"First`):] + `}}`
		}
		arn := c.start(c.create("Order", `"First":{"Type":"Parallel","Branches":[`+branch("A")+`,`+branch("B")+`],"End":true}`), "x", "{}")
		one, two := <-tokens, <-tokens
		synctest.Wait()
		if err := c.fail(one, "Broken", ""); err != nil {
			t.Fatal(err)
		}
		checkError(t, c.succeed(two, "1"), timedOut)
		if d := c.describe(arn); d.Status != types.ExecutionStatusFailed || *d.Error != "Broken" {
			t.Errorf("described %+v", d)
		}
	})
}

func TestRetry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		began := time.Now()
		var at []time.Duration
		services := map[string]protocol.Actions{"sns": {"Publish": func(context.Context, []byte) (any, error) {
			at = append(at, time.Since(began))
			if calls++; calls < 4 {
				return nil, &protocol.Error{Code: "Throttled", Message: "Rate exceeded", Status: 429}
			}
			return map[string]string{"MessageId": "m"}, nil
		}}}
		c := newCloud(t, services, nil)
		arn := c.start(c.create("Order", `"First":{"Type":"Task","Resource":"arn:aws:states:::sns:publish",
			"Arguments":{"TopicArn":"T","Message":"hello"},
			"Retry":[{"ErrorEquals":["SNS.ThrottledException"],"IntervalSeconds":1,"BackoffRate":2,"MaxAttempts":5}],"End":true}`), "x", "{}")
		if got := c.wait(arn); got != types.ExecutionStatusSucceeded {
			t.Fatalf("status %s", got)
		}
		if want := []time.Duration{0, time.Second, 3 * time.Second, 7 * time.Second}; fmt.Sprint(at) != fmt.Sprint(want) {
			t.Errorf("called at %v, want %v", at, want)
		}
		checkTypes(t, c.history(arn), `ExecutionStarted TaskStateEntered TaskScheduled TaskStarted TaskFailed TaskScheduled TaskStarted TaskFailed
			TaskScheduled TaskStarted TaskFailed TaskScheduled TaskStarted TaskSucceeded TaskStateExited ExecutionSucceeded`)
	})
}

// A call that outlives its task's timeout is not heard.
func TestCallAfterTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		services := map[string]protocol.Actions{"sns": {"Publish": func(context.Context, []byte) (any, error) {
			time.Sleep(time.Minute)
			return map[string]string{"MessageId": "m"}, nil
		}}}
		c := newCloud(t, services, nil)
		arn := c.start(c.create("Order", `"First":{"Type":"Task","Resource":"arn:aws:states:::sns:publish",
			"Arguments":{"TopicArn":"T","Message":"hello"},"TimeoutSeconds":5,"Catch":[{"ErrorEquals":["States.Timeout"],"Next":"Sit"}],"End":true},
			"Sit":{"Type":"Wait","Seconds":120,"End":true}`), "x", "{}")
		c.wait(arn)
		checkTypes(t, c.history(arn), `ExecutionStarted TaskStateEntered TaskScheduled TaskStarted TaskTimedOut TaskStateExited
			WaitStateEntered WaitStateExited ExecutionSucceeded`)
	})
}

// Close ends while a call is under way, and records nothing of it.
func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		services := map[string]protocol.Actions{"sns": {"Publish": func(ctx context.Context, _ []byte) (any, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}}}
		c := newCloud(t, services, nil)
		arn := c.start(c.create("Order", ask), "x", "{}")
		waiting := c.start(c.create("Waits", `"First":{"Type":"Wait","Seconds":5,"End":true}`), "x", "{}")
		synctest.Wait()
		c.Close()
		time.Sleep(10 * time.Minute)
		checkTypes(t, c.history(arn), "ExecutionStarted TaskStateEntered TaskScheduled TaskStarted")
		if d := c.describe(waiting); d.Status != types.ExecutionStatusRunning {
			t.Errorf("status %s", d.Status)
		}
	})
}

func TestExecutionLimit(t *testing.T) {
	tokens := make(chan string, 3)
	c := newCloud(t, tokenTopic(tokens), nil)
	c.maxOpen = 2
	machine := c.create("Order", ask)
	c.start(machine, "a", "{}")
	c.start(machine, "b", "{}")
	_, err := c.Client.StartExecution(t.Context(), &sfn.StartExecutionInput{StateMachineArn: &machine, Name: aws.String("c")})
	checkError(t, err, "ExecutionLimitExceeded: The maximum number of running executions has been reached. Running executions must end or be stopped before a new execution can be started.")
	if err := c.succeed(<-tokens, "1"); err != nil {
		t.Fatal(err)
	}
}

// TestClosedLimit: of closed executions the oldest go first.
func TestClosedLimit(t *testing.T) {
	c := newCloud(t, nil, nil)
	c.maxClosed = 2
	machine := c.create("Pass", `"First":{"Type":"Pass","End":true}`)
	var arns []string
	for _, name := range []string{"a", "b", "c"} {
		arns = append(arns, c.start(machine, name, "{}"))
	}
	_, err := c.Client.DescribeExecution(t.Context(), &sfn.DescribeExecutionInput{ExecutionArn: &arns[0]})
	checkError(t, err, "ExecutionDoesNotExist: Execution Does Not Exist: '"+arns[0]+"'")
	for _, arn := range arns[1:] {
		if d := c.describe(arn); d.Status != types.ExecutionStatusSucceeded {
			t.Errorf("%s is %s", arn, d.Status)
		}
	}
}

// Many executions, each answered twice at once, by success and by failure,
// while others read: every one ends once, with one of the two.
func TestConcurrentAnswers(t *testing.T) {
	const n = 200
	tokens := make(chan string, n)
	c := newCloud(t, tokenTopic(tokens), nil)
	machine := c.create("Order", ask)
	var all sync.WaitGroup
	arns := make([]string, n)
	for i := range n {
		all.Go(func() { arns[i] = c.start(machine, fmt.Sprint("x", i), "{}") })
	}
	outcomes := make([]error, 2*n)
	for i := range n {
		all.Go(func() {
			token := <-tokens
			var both sync.WaitGroup
			both.Go(func() { outcomes[2*i] = c.succeed(token, "1") })
			both.Go(func() { outcomes[2*i+1] = c.fail(token, "E", "C") })
			both.Wait()
		})
		all.Go(func() {
			if _, err := c.Client.ListExecutions(t.Context(), &sfn.ListExecutionsInput{StateMachineArn: &machine, StatusFilter: types.ExecutionStatusRunning}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	won := 0
	for _, err := range outcomes {
		if err == nil {
			won++
		} else {
			checkError(t, err, timedOut)
		}
	}
	if won != n {
		t.Errorf("%d answers were taken, want %d", won, n)
	}
	for _, arn := range arns {
		status := c.wait(arn)
		want := submitted + " TaskFailed ExecutionFailed"
		if status == types.ExecutionStatusSucceeded {
			want = answered
		}
		checkTypes(t, c.history(arn), want)
	}
}
