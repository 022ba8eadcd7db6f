package states

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
)

const role = "arn:aws:iam::000000000000:role/Role"

func TestStateMachine(t *testing.T) {
	c := newCloud(t, nil, nil)
	arn := c.create("Order", pass)
	if want := "arn:aws:states:us-east-1:000000000000:stateMachine:Order"; arn != want {
		t.Errorf("arn %s, want %s", arn, want)
	}
	if again := c.create("Order", pass); again != arn {
		t.Errorf("created again as %s", again)
	}
	c.create("Another", pass)
	d, err := c.Client.DescribeStateMachine(t.Context(), &sfn.DescribeStateMachineInput{StateMachineArn: &arn})
	if err != nil {
		t.Fatal(err)
	}
	if *d.Name != "Order" || d.Status != types.StateMachineStatusActive || d.Type != types.StateMachineTypeStandard ||
		*d.RoleArn != role || !strings.Contains(*d.Definition, pass) || d.LoggingConfiguration.Level != types.LogLevelOff ||
		d.TracingConfiguration.Enabled || time.Since(*d.CreationDate) > time.Minute {
		t.Errorf("described %+v", d)
	}
	var names []string
	pages := sfn.NewListStateMachinesPaginator(c.Client, &sfn.ListStateMachinesInput{MaxResults: 1})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range page.StateMachines {
			names = append(names, *m.Name)
		}
	}
	if want := []string{"Another", "Order"}; !slices.Equal(names, want) {
		t.Errorf("listed %q, want %q", names, want)
	}
	v, err := c.Client.ValidateStateMachineDefinition(t.Context(), &sfn.ValidateStateMachineDefinitionInput{Definition: d.Definition})
	if err != nil || v.Result != types.ValidateStateMachineDefinitionResultCodeOk {
		t.Errorf("validated %+v, %v", v, err)
	}
	v, err = c.Client.ValidateStateMachineDefinition(t.Context(), &sfn.ValidateStateMachineDefinitionInput{Definition: aws.String("{}")})
	if err != nil || v.Result != types.ValidateStateMachineDefinitionResultCodeFail || len(v.Diagnostics) == 0 {
		t.Errorf("validated {} %+v, %v", v, err)
	}
}

func TestExecution(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(t, nil, nil)
		machine := c.create("Order", `"First":{"Type":"Wait","Seconds":10,"Output":{"n":"{% $states.input.n + 1 %}"},"End":true}`)
		began := time.Now()
		arn := c.start(machine, "one", `{"n": 41}`)
		if want := "arn:aws:states:us-east-1:000000000000:execution:Order:one"; arn != want {
			t.Errorf("arn %s, want %s", arn, want)
		}
		d := c.describe(arn)
		if d.Status != types.ExecutionStatusRunning || d.StopDate != nil || d.Output != nil || *d.Input != `{"n": 41}` ||
			*d.Name != "one" || *d.StateMachineArn != machine || !d.StartDate.Equal(began) || !d.InputDetails.Included ||
			d.RedriveStatus != types.ExecutionRedriveStatusNotRedrivable {
			t.Errorf("running: %+v", d)
		}
		if got := c.wait(arn); got != types.ExecutionStatusSucceeded {
			t.Fatalf("status %s", got)
		}
		if d = c.describe(arn); *d.Output != `{"n":42}` || !d.StopDate.Equal(began.Add(10*time.Second)) || !d.OutputDetails.Included ||
			*d.RedriveStatusReason != "Execution is SUCCEEDED and cannot be redriven" {
			t.Errorf("succeeded: %+v, output %s", d, *d.Output)
		}
		m, err := c.Client.DescribeStateMachineForExecution(t.Context(), &sfn.DescribeStateMachineForExecutionInput{ExecutionArn: &arn})
		if err != nil || *m.StateMachineArn != machine || *m.Name != "Order" {
			t.Errorf("its state machine: %+v, %v", m, err)
		}
		if unnamed := c.start(machine, "", "{}"); len(unnamed) != len(arn)-len("one")+36 {
			t.Errorf("an execution without a name is %s, want a UUID", unnamed)
		}
	})
}

// A repeated start is the first one while that runs, and refused ever after,
// until the name is free again.
func TestStartExecutionIdempotent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(t, nil, nil)
		machine := c.create("Order", `"First":{"Type":"Wait","Seconds":10,"End":true}`)
		start := func(input string) (*sfn.StartExecutionOutput, error) {
			return c.Client.StartExecution(t.Context(), &sfn.StartExecutionInput{StateMachineArn: &machine, Name: aws.String("x"), Input: &input})
		}
		first, err := start(`{"a":1}`)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		again, err := start(`{"a":1}`)
		if err != nil || *again.ExecutionArn != *first.ExecutionArn || !again.StartDate.Equal(*first.StartDate) {
			t.Errorf("again: %+v, %v", again, err)
		}
		exists := "ExecutionAlreadyExists: Execution Already Exists: '" + *first.ExecutionArn + "'"
		_, err = start(`{"a":2}`)
		checkError(t, err, exists)
		c.wait(*first.ExecutionArn)
		_, err = start(`{"a":1}`)
		checkError(t, err, exists)

		time.Sleep(Retention - 2*time.Second)
		_, err = start(`{"a":1}`)
		checkError(t, err, exists)
		time.Sleep(2 * time.Second)
		if _, err = start(`{"a":3}`); err != nil {
			t.Errorf("after 90 days: %v", err)
		}
	})
}

// Nothing of an execution is left after its retention.
func TestRetention(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tokens := make(chan string, 1)
		c := newCloud(t, tokenTopic(tokens), nil)
		machine := c.create("Order", ask)
		arn := c.start(machine, "x", "{}")
		token := <-tokens
		synctest.Wait()
		if _, err := c.Client.SendTaskSuccess(t.Context(), &sfn.SendTaskSuccessInput{TaskToken: &token, Output: aws.String("1")}); err != nil {
			t.Fatal(err)
		}
		_, err := c.Client.SendTaskHeartbeat(t.Context(), &sfn.SendTaskHeartbeatInput{TaskToken: &token})
		checkError(t, err, "TaskTimedOut: Task Timed Out: 'Provided task does not exist anymore'")
		time.Sleep(Retention)
		_, err = c.Client.GetExecutionHistory(t.Context(), &sfn.GetExecutionHistoryInput{ExecutionArn: &arn})
		checkError(t, err, "ExecutionDoesNotExist: Execution Does Not Exist: '"+arn+"'")
		_, err = c.Client.SendTaskHeartbeat(t.Context(), &sfn.SendTaskHeartbeatInput{TaskToken: &token})
		checkError(t, err, "InvalidToken: Invalid Token: 'Invalid token'")
		if n := c.Service.listing.tree.Len() + len(c.Service.tokens.byHash) + c.Service.closed.Len() + len(c.Service.open) + len(c.Service.expiry); n != 0 {
			t.Errorf("%d entries are left", n)
		}
	})
}

func TestListExecutions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(t, nil, nil)
		machine := c.create("Order", `"First":{"Type":"Choice","Choices":[{"Condition":"{% $states.input = 0 %}","Next":"Stay"},{"Condition":"{% $states.input = 1 %}","Next":"Bad"}],"Default":"Good"},
			"Stay":{"Type":"Wait","Seconds":1000,"Next":"Good"},"Good":{"Type":"Succeed"},"Bad":{"Type":"Fail","Error":"Broken"}`)
		c.start(c.create("Other", pass), "unrelated", "{}")
		for i := range 30 {
			c.start(machine, fmt.Sprintf("x%02d", i), fmt.Sprint(i%3))
			time.Sleep(time.Second)
		}
		if _, err := c.Client.StopExecution(t.Context(), &sfn.StopExecutionInput{ExecutionArn: aws.String("arn:aws:states:us-east-1:000000000000:execution:Order:x27")}); err != nil {
			t.Fatal(err)
		}
		list := func(status types.ExecutionStatus, size int32) (names []string) {
			pages := sfn.NewListExecutionsPaginator(c.Client, &sfn.ListExecutionsInput{StateMachineArn: &machine, StatusFilter: status, MaxResults: size})
			for pages.HasMorePages() {
				page, err := pages.NextPage(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				for _, x := range page.Executions {
					if status != "" && x.Status != status || (x.StopDate == nil) != (x.Status == types.ExecutionStatusRunning) || *x.StateMachineArn != machine {
						t.Errorf("listed %+v", x)
					}
					names = append(names, *x.Name)
				}
			}
			return names
		}
		want := func(keep func(int) bool) (names []string) {
			for i := 29; i >= 0; i-- {
				if keep(i) {
					names = append(names, fmt.Sprintf("x%02d", i))
				}
			}
			return names
		}
		for status, keep := range map[types.ExecutionStatus]func(int) bool{
			"":                             func(int) bool { return true },
			types.ExecutionStatusRunning:   func(i int) bool { return i%3 == 0 && i != 27 },
			types.ExecutionStatusFailed:    func(i int) bool { return i%3 == 1 },
			types.ExecutionStatusSucceeded: func(i int) bool { return i%3 == 2 },
			types.ExecutionStatusAborted:   func(i int) bool { return i == 27 },
			types.ExecutionStatusTimedOut:  func(int) bool { return false },
		} {
			for _, size := range []int32{0, 1, 3, 7, 30, 1000} {
				if got := list(status, size); !slices.Equal(got, want(keep)) {
					t.Errorf("%s, %d a page: %v, want %v", status, size, got, want(keep))
				}
			}
		}
	})
}

func TestGetExecutionHistory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(t, nil, nil)
		machine := c.create("Order", `"First":{"Type":"Pass","Assign":{"v":"{% $states.input %}"},"Output":{"out":1},"Next":"Second"},"Second":{"Type":"Wait","Seconds":5,"End":true}`)
		arn := c.start(machine, "x", `{"in":1}`)
		checkTypes(t, c.history(arn), "ExecutionStarted PassStateEntered PassStateExited WaitStateEntered")
		c.wait(arn)
		all := c.history(arn)
		checkTypes(t, all, "ExecutionStarted PassStateEntered PassStateExited WaitStateEntered WaitStateExited ExecutionSucceeded")
		if e := all[0]; *e.ExecutionStartedEventDetails.Input != `{"in":1}` || *e.ExecutionStartedEventDetails.RoleArn != role || e.PreviousEventId != 0 || e.Id != 1 {
			t.Errorf("first event %+v", e)
		}
		if e := all[5]; *e.ExecutionSucceededEventDetails.Output != `{"out":1}` || e.PreviousEventId != 5 || e.Timestamp.Sub(*all[0].Timestamp) != 5*time.Second {
			t.Errorf("last event %+v", e)
		}
		for _, reverse := range []bool{false, true} {
			for _, size := range []int32{0, 1, 2, 3, 5, 6, 1000} {
				var ids []int64
				pages := sfn.NewGetExecutionHistoryPaginator(c.Client, &sfn.GetExecutionHistoryInput{ExecutionArn: &arn, MaxResults: size, ReverseOrder: reverse})
				n := 0
				for ; pages.HasMorePages(); n++ {
					page, err := pages.NextPage(t.Context())
					if err != nil {
						t.Fatal(err)
					}
					for _, e := range page.Events {
						ids = append(ids, e.Id)
					}
				}
				want := []int64{1, 2, 3, 4, 5, 6}
				if reverse {
					slices.Reverse(want)
				}
				if !slices.Equal(ids, want) {
					t.Errorf("reverse %t, %d a page: %v", reverse, size, ids)
				}
				if size > 0 && n != (6+int(size)-1)/int(size) {
					t.Errorf("%d a page: %d pages", size, n)
				}
			}
		}
		out, err := c.Client.GetExecutionHistory(t.Context(), &sfn.GetExecutionHistoryInput{ExecutionArn: &arn, IncludeExecutionData: aws.Bool(false)})
		if err != nil {
			t.Fatal(err)
		}
		started, exited := out.Events[0].ExecutionStartedEventDetails, out.Events[2].StateExitedEventDetails
		if started.Input != nil || *started.RoleArn != role || exited.Output != nil || *exited.Name != "First" || exited.AssignedVariables != nil {
			t.Errorf("without data: %+v, %+v", started, exited)
		}
	})
}

func TestStopExecution(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tokens := make(chan string, 1)
		c := newCloud(t, tokenTopic(tokens), nil)
		arn := c.start(c.create("Order", ask), "x", "{}")
		token := <-tokens
		synctest.Wait()
		time.Sleep(3 * time.Second)
		stop := &sfn.StopExecutionInput{ExecutionArn: &arn, Error: aws.String("Enough"), Cause: aws.String("said so")}
		out, err := c.Client.StopExecution(t.Context(), stop)
		if err != nil || !out.StopDate.Equal(time.Now()) {
			t.Errorf("stopped %+v, %v", out, err)
		}
		if d := c.describe(arn); d.Status != types.ExecutionStatusAborted || *d.Error != "Enough" || *d.Cause != "said so" || !d.StopDate.Equal(*out.StopDate) {
			t.Errorf("described %+v", d)
		}
		events := c.history(arn)
		checkTypes(t, events, "ExecutionStarted TaskStateEntered TaskScheduled TaskStarted TaskSubmitted ExecutionAborted")
		if last := events[5]; last.PreviousEventId != 0 || *last.ExecutionAbortedEventDetails.Cause != "said so" {
			t.Errorf("last event %+v", last)
		}
		_, err = c.Client.SendTaskSuccess(t.Context(), &sfn.SendTaskSuccessInput{TaskToken: &token, Output: aws.String("1")})
		checkError(t, err, "TaskTimedOut: Task Timed Out: 'Provided task does not exist anymore'")
		time.Sleep(time.Second)
		again, err := c.Client.StopExecution(t.Context(), stop)
		if err != nil || !again.StopDate.Equal(*out.StopDate) {
			t.Errorf("stopped again %+v, %v", again, err)
		}
	})
}

// An execution over its TimeoutSeconds is described without an error, as AWS
// does; its history names one.
func TestExecutionTimedOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(t, nil, nil)
		out, err := c.Client.CreateStateMachine(t.Context(), &sfn.CreateStateMachineInput{
			Name: aws.String("Order"), RoleArn: aws.String(role),
			Definition: aws.String(`{"QueryLanguage":"JSONata","TimeoutSeconds":7,"StartAt":"First","States":{"First":{"Type":"Wait","Seconds":50,"End":true}}}`),
		})
		if err != nil {
			t.Fatal(err)
		}
		arn := c.start(*out.StateMachineArn, "x", "{}")
		if status := c.wait(arn); status != types.ExecutionStatusTimedOut {
			t.Fatalf("status %s", status)
		}
		if d := c.describe(arn); d.Error != nil || d.Cause != nil || d.StopDate.Sub(*d.StartDate) != 7*time.Second || d.RedriveStatus != types.ExecutionRedriveStatusRedrivable {
			t.Errorf("described %+v", d)
		}
		events := c.history(arn)
		checkTypes(t, events, "ExecutionStarted WaitStateEntered ExecutionTimedOut")
		if e := events[2]; e.PreviousEventId != 0 || *e.ExecutionTimedOutEventDetails.Error != "States.Timeout" || e.ExecutionTimedOutEventDetails.Cause != nil {
			t.Errorf("last event %+v", e)
		}
	})
}

// Watch yields what GetExecutionHistory has, as it happens.
func TestWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(t, nil, nil)
		arn := c.start(c.create("Order", `"First":{"Type":"Wait","Seconds":5,"Next":"Second"},"Second":{"Type":"Wait","Seconds":7,"End":true}`), "x", "{}")
		began := time.Now()
		events, err := c.Watch(t.Context(), arn)
		if err != nil {
			t.Fatal(err)
		}
		var seen []string
		for e := range events {
			seen = append(seen, fmt.Sprintf("%v %s", time.Since(began), e.Type))
		}
		want := []string{"0s ExecutionStarted", "0s WaitStateEntered", "5s WaitStateExited", "5s WaitStateEntered", "12s WaitStateExited", "12s ExecutionSucceeded"}
		if !slices.Equal(seen, want) {
			t.Errorf("seen %q\nwant %q", seen, want)
		}
		n := 0
		for range events {
			n++
		}
		if n != 6 {
			t.Errorf("watched again: %d events", n)
		}
		if _, err := c.Watch(t.Context(), arn+"y"); err == nil {
			t.Error("watching no execution")
		}
	})
}
