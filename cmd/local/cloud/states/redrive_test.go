package states

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"orderflow/cmd/local/cloud/protocol"
)

func (c *cloud) redrive(arn, token string) (time.Time, error) {
	out, err := c.Client.RedriveExecution(c.t.Context(), &sfn.RedriveExecutionInput{ExecutionArn: &arn, ClientToken: &token})
	if err != nil {
		return time.Time{}, err
	}
	return *out.RedriveDate, nil
}

// anyToken is a client token that no other redrive comes with.
func anyToken() string { return fmt.Sprint(time.Now().UnixNano()) }

// notRedrivenBecause checks that a redrive is refused, and announced to be.
func (c *cloud) notRedrivenBecause(t *testing.T, arn, reason string) {
	t.Helper()
	_, err := c.redrive(arn, anyToken())
	checkError(t, err, "ExecutionNotRedrivable: Execution "+arn+" invalid for redrive as: "+reason)
	if d := c.describe(arn); d.RedriveStatus != types.ExecutionRedriveStatusNotRedrivable || aws.ToString(d.RedriveStatusReason) != reason {
		t.Errorf("described as %s because %q, want %q", d.RedriveStatus, aws.ToString(d.RedriveStatusReason), reason)
	}
}

// chain writes a history as id<previousEventId Type, an event a line.
func chain(events []types.HistoryEvent) string {
	var b strings.Builder
	for _, e := range events {
		fmt.Fprintf(&b, "%d<%d %s\n", e.Id, e.PreviousEventId, e.Type)
	}
	return b.String()
}

const (
	running   = "Execution is RUNNING and cannot be redriven"
	succeeded = "Execution is SUCCEEDED and cannot be redriven"
)

// An execution fails, is redriven, fails again, is redriven again and
// succeeds: what every action says of it meanwhile. AWS answers so, recorded
// in radkawar/stackd, testdata/aws/stepfunctions/redrive_execution.json.
func TestRedriveExecution(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tokens := make(chan string, 1)
		c := newCloud(t, tokenTopic(tokens), nil)
		machine := c.create("Order", `"First":{"Type":"Pass","Assign":{"kept":"{% $states.input.n %}"},"Next":"Ask"},`+
			strings.Replace(ask, `"First"`, `"Ask"`, 1)[:strings.Index(ask, `"End"`)-2]+
			`"Output":{"kept":"{% $kept %}","redrives":"{% $states.context.Execution.RedriveCount %}","at":"{% $states.context.Execution.RedriveTime %}"},"End":true}`)
		began := time.Now()
		arn := c.start(machine, "x", `{"n":41}`)
		next := func() string {
			token := <-tokens
			synctest.Wait()
			time.Sleep(time.Second)
			return token
		}
		first := next()
		c.start(machine, "later", `{"n":1}`)
		next()
		c.notRedrivenBecause(t, arn, running)
		if err := c.fail(first, "Boom", "one"); err != nil {
			t.Fatal(err)
		}
		if d := c.describe(arn); d.Status != types.ExecutionStatusFailed || d.RedriveStatus != types.ExecutionRedriveStatusRedrivable ||
			d.RedriveStatusReason != nil || *d.RedriveCount != 0 || d.RedriveDate != nil {
			t.Errorf("failed: %+v", d)
		}

		a, err := c.redrive(arn, "A")
		if err != nil || !a.Equal(time.Now()) {
			t.Fatalf("redriven at %v, %v", a, err)
		}
		second := next()
		if again, err := c.redrive(arn, "A"); err != nil || !again.Equal(a) {
			t.Errorf("repeated while it runs: %v, %v", again, err)
		}
		_, err = c.redrive(arn, "B")
		checkError(t, err, "ExecutionNotRedrivable: Execution "+arn+" invalid for redrive as: "+running)
		if d := c.describe(arn); d.Status != types.ExecutionStatusRunning || !d.StartDate.Equal(began) || d.StopDate != nil || d.Error != nil || d.Cause != nil ||
			*d.RedriveCount != 1 || !d.RedriveDate.Equal(a) || *d.RedriveStatusReason != running {
			t.Errorf("redriven: %+v", d)
		}
		checkError(t, c.succeed(first, "1"), timedOut)
		list := func(status types.ExecutionStatus) (seen []string) {
			out, err := c.Client.ListExecutions(t.Context(), &sfn.ListExecutionsInput{StateMachineArn: &machine, StatusFilter: status})
			if err != nil {
				t.Fatal(err)
			}
			for _, x := range out.Executions {
				if (x.RedriveDate != nil) != (*x.RedriveCount > 0) || x.RedriveDate != nil && x.RedriveDate.Before(a) {
					t.Errorf("listed %+v", x)
				}
				seen = append(seen, fmt.Sprint(*x.Name, " ", x.Status, " ", *x.RedriveCount))
			}
			return seen
		}
		if got := fmt.Sprint(list(types.ExecutionStatusRunning), list(types.ExecutionStatusFailed), list("")); got != "[later RUNNING 0 x RUNNING 1] [] [later RUNNING 0 x RUNNING 1]" {
			t.Errorf("listed %s", got)
		}
		started := &sfn.StartExecutionInput{StateMachineArn: &machine, Name: aws.String("x"), Input: aws.String(`{"n":41}`)}
		if out, err := c.Client.StartExecution(t.Context(), started); err != nil || !out.StartDate.Equal(began) {
			t.Errorf("started again: %+v, %v", out, err)
		}
		started.Input = aws.String("{}")
		_, err = c.Client.StartExecution(t.Context(), started)
		checkError(t, err, "ExecutionAlreadyExists: Execution Already Exists: '"+arn+"'")

		if err := c.fail(second, "Boom", "two"); err != nil {
			t.Fatal(err)
		}
		if again, err := c.redrive(arn, "A"); err != nil || !again.Equal(a) {
			t.Errorf("repeated after the failure: %v, %v", again, err)
		}
		if d := c.describe(arn); d.Status != types.ExecutionStatusFailed || *d.Cause != "two" || *d.RedriveCount != 1 {
			t.Errorf("failed again: %+v", d)
		}
		b, err := c.redrive(arn, "B")
		if err != nil {
			t.Fatal(err)
		}
		if again, err := c.redrive(arn, "A"); err != nil || !again.Equal(a) {
			t.Errorf("the first token during the second redrive: %v, %v", again, err)
		}
		if err := c.succeed(next(), `{}`); err != nil {
			t.Fatal(err)
		}
		if again, err := c.redrive(arn, "B"); err != nil || !again.Equal(b) {
			t.Errorf("repeated after the success: %v, %v", again, err)
		}
		c.notRedrivenBecause(t, arn, succeeded)
		want := fmt.Sprintf(`{"kept":41,"redrives":2,"at":"%s"}`, b.UTC().Format(time.RFC3339))
		if d := c.describe(arn); *d.Output != want || d.Error != nil || d.Cause != nil || *d.RedriveCount != 2 || !d.RedriveDate.Equal(b) {
			t.Errorf("succeeded: %+v, output %s", d, aws.ToString(d.Output))
		}
		if got := fmt.Sprint(list(types.ExecutionStatusSucceeded)); got != "[x SUCCEEDED 2]" {
			t.Errorf("listed %s", got)
		}
		events := c.history(arn)
		if got, want := chain(events), `1<0 ExecutionStarted
2<0 PassStateEntered
3<2 PassStateExited
4<3 TaskStateEntered
5<4 TaskScheduled
6<5 TaskStarted
7<6 TaskSubmitted
8<7 TaskFailed
9<8 ExecutionFailed
10<9 ExecutionRedriven
11<4 TaskScheduled
12<11 TaskStarted
13<12 TaskSubmitted
14<13 TaskFailed
15<14 ExecutionFailed
16<15 ExecutionRedriven
17<4 TaskScheduled
18<17 TaskStarted
19<18 TaskSubmitted
20<19 TaskSucceeded
21<20 TaskStateExited
22<21 ExecutionSucceeded
`; got != want {
			t.Errorf("history\n%s\nwant\n%s", got, want)
		}
		if e := events[15]; *e.ExecutionRedrivenEventDetails.RedriveCount != 2 || !e.Timestamp.Equal(b) {
			t.Errorf("the second redrive: %+v", e)
		}
	})
}

// A client token is honoured for 15 minutes, and among the latest ten.
func TestRedriveTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(t, nil, nil)
		arn := c.start(c.create("Order", `"First":{"Type":"Fail"}`), "x", "{}")
		count := func() int32 { return *c.describe(arn).RedriveCount }
		redrive := func(token string, want int32) {
			t.Helper()
			if _, err := c.redrive(arn, token); err != nil || count() != want {
				t.Errorf("redriven by %s: %v, %d times, want %d", token, err, count(), want)
			}
		}
		for i := range int32(11) {
			redrive(fmt.Sprint("t", i), i+1)
		}
		redrive("t1", 11)
		redrive("t0", 12)
		time.Sleep(tokenPeriod - time.Millisecond)
		redrive("t10", 12)
		time.Sleep(time.Millisecond)
		redrive("t10", 13)
	})
}

func TestRedriveLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(t, nil, nil)
		c.maxOpen = 1
		machine := c.create("Order", `"First":{"Type":"Choice","Choices":[
			{"Condition":"{% $states.input = 'wait' %}","Next":"Wait"},
			{"Condition":"{% $states.input = 'fail' %}","Next":"Fail"}],"Default":"Loop"},
			"Wait":{"Type":"Wait","Seconds":100,"End":true},"Fail":{"Type":"Fail"},"Loop":{"Type":"Pass","Next":"First"}`)
		c.notRedrivenBecause(t, c.start(machine, "full", `"loop"`), "Execution history event limit exceeded")

		arn := c.start(machine, "stopped", `"wait"`)
		stop := func() {
			t.Helper()
			if _, err := c.Client.StopExecution(t.Context(), &sfn.StopExecutionInput{ExecutionArn: &arn}); err != nil {
				t.Fatal(err)
			}
		}
		stop()
		other := c.start(machine, "other", `"wait"`)
		_, err := c.redrive(arn, "A")
		checkError(t, err, "ExecutionLimitExceeded: The maximum number of running executions has been reached. Running executions must end or be stopped before a new execution can be started.")
		c.wait(other)

		time.Sleep(redrivablePeriod - 100*time.Second)
		if _, err := c.redrive(arn, "B"); err != nil {
			t.Errorf("after 14 days: %v", err)
		}
		stop()
		time.Sleep(redrivablePeriod + time.Millisecond)
		c.notRedrivenBecause(t, arn, "Execution redrivable period exceeded")

		long := c.start(machine, "long", `"fail"`)
		for time.Since(*c.describe(long).StartDate) <= maxOpenTime {
			if _, err := c.redrive(long, anyToken()); err != nil {
				t.Fatal(err)
			}
			time.Sleep(10 * 24 * time.Hour)
		}
		c.notRedrivenBecause(t, long, "Execution has exceeded the max execution time")
	})
}

// An execution that runs again is kept until 90 days after its last end, and
// counts as closed only once it has closed.
func TestRedriveRetention(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(t, nil, nil)
		c.maxClosed = 2
		machine := c.create("Order", `"First":{"Type":"Wait","Seconds":1000,"Next":"Done"},"Done":{"Type":"Succeed"}`)
		var arns []string
		for i := range 3 {
			arns = append(arns, c.start(machine, fmt.Sprint("x", i), "{}"))
		}
		stop := func(arn string) {
			if _, err := c.Client.StopExecution(t.Context(), &sfn.StopExecutionInput{ExecutionArn: &arn}); err != nil {
				t.Fatal(err)
			}
		}
		stop(arns[0])
		stop(arns[1])
		if _, err := c.redrive(arns[0], "A"); err != nil {
			t.Fatal(err)
		}
		stop(arns[2])
		if got := c.describe(arns[1]).Status; got != types.ExecutionStatusAborted {
			t.Errorf("the second is %s", got)
		}
		if got := c.wait(arns[0]); got != types.ExecutionStatusSucceeded {
			t.Errorf("the first has %s", got)
		}
		_, err := c.Client.DescribeExecution(t.Context(), &sfn.DescribeExecutionInput{ExecutionArn: &arns[1]})
		checkError(t, err, "ExecutionDoesNotExist: Execution Does Not Exist: '"+arns[1]+"'")
		time.Sleep(Retention - time.Second)
		c.describe(arns[0])
		time.Sleep(time.Second)
		_, err = c.redrive(arns[0], "B")
		checkError(t, err, "ExecutionDoesNotExist: Execution Does Not Exist: '"+arns[0]+"'")
		if n := c.Service.listing.tree.Len() + c.Service.closed.Len() + len(c.Service.open) + len(c.Service.expiry); n != 0 {
			t.Errorf("%d entries are left", n)
		}
	})
}

// Of many redrives at once, one goes on.
func TestRedriveConcurrently(t *testing.T) {
	c := newCloud(t, nil, nil)
	arn := c.start(c.create("Order", `"First":{"Type":"Wait","Seconds":1000,"End":true}`), "x", "{}")
	if _, err := c.Client.StopExecution(t.Context(), &sfn.StopExecutionInput{ExecutionArn: &arn}); err != nil {
		t.Fatal(err)
	}
	var redriven, refused sync.Map
	var calls sync.WaitGroup
	for i := range 20 {
		calls.Go(func() {
			if _, err := c.redrive(arn, fmt.Sprint("t", i)); err == nil {
				redriven.Store(i, true)
			} else {
				refused.Store(i, err)
			}
		})
	}
	calls.Wait()
	n := 0
	redriven.Range(func(any, any) bool { n++; return true })
	refused.Range(func(_, err any) bool {
		checkError(t, err.(error), "ExecutionNotRedrivable: Execution "+arn+" invalid for redrive as: "+running)
		return true
	})
	if n != 1 {
		t.Errorf("%d were redriven", n)
	}
	checkTypes(t, c.history(arn), "ExecutionStarted WaitStateEntered ExecutionAborted ExecutionRedriven")
}

// orders is orderCloud with a topic that can be out of order.
type orders struct {
	*cloud
	machine string
	mu      sync.Mutex
	broken  func(event string) bool // type of the event that cannot be published
}

func newOrders(t *testing.T, answer func(state string) bool) *orders {
	c, machine := orderCloud(t, answer)
	o := &orders{cloud: c, machine: machine}
	sns := c.cfg.Services["sns"]
	publish := sns["Publish"]
	sns["Publish"] = func(ctx context.Context, input []byte) (any, error) {
		o.mu.Lock()
		broken := o.broken
		o.mu.Unlock()
		if broken != nil && broken(eventType(input)) {
			return nil, protocol.Errorf("InternalFailure", "the topic is out of order")
		}
		return publish(ctx, input)
	}
	return o
}

func eventType(input []byte) string {
	_, rest, _ := strings.Cut(string(input), `"StringValue":"`)
	event, _, _ := strings.Cut(rest, `"`)
	return event
}

func (o *orders) breaks(broken func(event string) bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.broken = broken
}

// since are the types of the events since the execution was last redriven.
func (o *orders) since(arn string) string {
	all := eventTypes(o.history(arn))
	return all[strings.LastIndex(all, "ExecutionRedriven"):]
}

func (o *orders) recover(t *testing.T, arn, want string) {
	t.Helper()
	if _, err := o.redrive(arn, anyToken()); err != nil {
		t.Fatal(err)
	}
	o.wait(arn)
	if got, want := o.since(arn), strings.Join(strings.Fields(want), " "); got != want {
		t.Errorf("since the redrive\n got %s\nwant %s", got, want)
	}
}

// An announcement that nobody could publish is published by a redrive; the
// decision before it is not taken again.
func TestRedriveAnnouncement(t *testing.T) {
	for _, test := range []struct {
		event, want string
		also        string // an event that cannot be published for a time
	}{
		{event: "order.confirmed", want: `ExecutionRedriven TaskScheduled TaskStarted TaskSucceeded TaskStateExited ExecutionSucceeded`},
		{event: "order.cancelled", also: "inventory.requested", want: `ExecutionRedriven TaskScheduled TaskStarted TaskSucceeded TaskStateExited
			ChoiceStateEntered ChoiceStateExited FailStateEntered ExecutionFailed`},
	} {
		t.Run(test.event, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := newOrders(t, func(string) bool { return true })
				o.breaks(func(event string) bool { return event == test.event || event == test.also })
				arn := o.startOrder(o.machine, 1)
				if got := o.wait(arn); got != types.ExecutionStatusFailed {
					t.Fatalf("status %s", got)
				}
				o.breaks(nil)
				o.recover(t, arn, test.want)
			})
		})
	}
}

// An order that ended in OrderFailed fails there again.
func TestRedriveOrderFailed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOrders(t, func(string) bool { return true })
		o.breaks(func(event string) bool { return event == "shipment.requested" })
		arn := o.startOrder(o.machine, 1)
		if got := o.wait(arn); got != types.ExecutionStatusFailed {
			t.Fatalf("status %s", got)
		}
		before := o.describe(arn)
		o.breaks(nil)
		o.recover(t, arn, "ExecutionRedriven ExecutionFailed")
		if d := o.describe(arn); *d.Error != *before.Error || *d.Cause != *before.Cause {
			t.Errorf("failed by %s %s, before by %s %s", *d.Error, *d.Cause, *before.Error, *before.Cause)
		}
	})
}

// An order stopped while it waits for inventory asks inventory again, with a
// new token, and nobody else.
func TestRedriveStoppedOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := true
		o := newOrders(t, func(state string) bool { return state != "ReserveInventory" || !slow })
		arn := o.startOrder(o.machine, 1)
		synctest.Wait()
		if _, err := o.Client.StopExecution(t.Context(), &sfn.StopExecutionInput{ExecutionArn: &arn}); err != nil {
			t.Fatal(err)
		}
		slow = false
		time.Sleep(time.Hour)
		o.recover(t, arn, `ExecutionRedriven TaskScheduled TaskStarted TaskSubmitted TaskSucceeded TaskStateExited
			ParallelStateSucceeded ParallelStateExited
			TaskStateEntered TaskScheduled TaskStarted TaskSucceeded TaskStateExited
			TaskStateEntered TaskScheduled TaskStarted TaskSucceeded TaskStateExited ExecutionSucceeded`)
		if d := o.describe(arn); d.Status != types.ExecutionStatusSucceeded || !strings.Contains(*d.Output, `"status":"CONFIRMED"`) {
			t.Errorf("described %+v", d)
		}
	})
}
