package lambda_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"orderflow/cmd/local/cloud/lambda"
)

func TestScaling(t *testing.T) {
	tests := map[string]struct {
		maximum *int
		want    int
	}{
		"to the limit":  {number(3), 3},
		"at AWS's pace": {nil, 5 + 25}, // five at once, five a second for five seconds
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t)
				r.consume(lambda.CreateFunctionInput{Timeout: 30}, func(context.Context, events.SQSEvent) (any, error) {
					time.Sleep(200 * time.Millisecond)
					return nil, nil
				})
				r.send(numbered(6_000)...)
				r.mapQueue(lambda.CreateEventSourceMappingInput{ScalingConfig: &lambda.ScalingConfig{MaximumConcurrency: test.maximum}})
				time.Sleep(5 * time.Second)
				r.mu.Lock()
				if r.peak < test.want-1 || r.peak > test.want+1 {
					t.Errorf("%d at once, want about %d", r.peak, test.want)
				}
				r.mu.Unlock()
				time.Sleep(10 * time.Minute)
				if messages, inFlight := r.left(); messages+inFlight != "00" {
					t.Errorf("%s messages, %s in flight", messages, inFlight)
				}
			})
		})
	}
}

func TestThrottledMessagesReturn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		none := 0
		r.consume(lambda.CreateFunctionInput{ReservedConcurrentExecutions: &none}, ok)
		r.send("a")
		r.mapQueue(lambda.CreateEventSourceMappingInput{})
		time.Sleep(90 * time.Second)
		if _, err := r.PutFunctionConcurrency(t.Context(), &lambda.PutFunctionConcurrencyInput{FunctionName: "f", ReservedConcurrentExecutions: 2}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if got := fmt.Sprint(r.batches, r.at); got != "[[a]] [1m30s]" {
			t.Errorf("got %s", got)
		}
		if n := r.events[0].Records[0].Attributes["ApproximateReceiveCount"]; n != "2" {
			t.Errorf("received %s times", n)
		}
	})
}

// TestReservedConcurrencyIsShared has more pollers than executions.
func TestReservedConcurrencyIsShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.consume(lambda.CreateFunctionInput{ReservedConcurrentExecutions: number(2)}, func(context.Context, events.SQSEvent) (any, error) {
			time.Sleep(time.Second)
			return nil, nil
		})
		r.send(numbered(100)...)
		r.mapQueue(lambda.CreateEventSourceMappingInput{})
		time.Sleep(30 * time.Second)
		synctest.Wait()
		if r.peak != 2 || len(r.batches) != 10 || r.at[9] != 4*time.Second {
			t.Errorf("%d at once, batches at %v", r.peak, r.at)
		}
	})
}

func TestDisabledMapping(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.consume(lambda.CreateFunctionInput{Timeout: 30}, func(context.Context, events.SQSEvent) (any, error) {
			time.Sleep(10 * time.Second)
			return nil, nil
		})
		m := r.mapQueue(lambda.CreateEventSourceMappingInput{})
		if m.State != "Enabled" {
			t.Errorf("state %s", m.State)
		}
		enable := func(on bool) string {
			m, err := r.UpdateEventSourceMapping(t.Context(), &lambda.UpdateEventSourceMappingInput{UUID: m.UUID, Enabled: &on})
			if err != nil {
				t.Fatal(err)
			}
			return m.State
		}
		r.send("before")
		synctest.Wait()
		if state := enable(false); state != "Disabling" {
			t.Errorf("state %s, while a batch runs", state)
		}
		synctest.Wait()
		r.send("meanwhile")
		time.Sleep(time.Minute)
		synctest.Wait()
		if m, _ := r.GetEventSourceMapping(t.Context(), m.UUID); m.State != "Disabled" {
			t.Errorf("state %s", m.State)
		}
		if got := fmt.Sprint(r.batches); got != "[[before]]" {
			t.Errorf("handled %s", got)
		}
		if messages, inFlight := r.left(); messages+inFlight != "10" {
			t.Errorf("%s messages, %s in flight", messages, inFlight)
		}
		enable(true)
		synctest.Wait()
		if got := fmt.Sprint(r.batches, r.at); got != "[[before] [meanwhile]] [0s 1m0s]" {
			t.Errorf("handled %s", got)
		}
	})
}

func TestCloseWaitsForTheBatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.consume(lambda.CreateFunctionInput{Timeout: 30}, func(context.Context, events.SQSEvent) (any, error) {
			time.Sleep(10 * time.Second)
			return nil, nil
		})
		r.mapQueue(lambda.CreateEventSourceMappingInput{})
		r.send("a")
		synctest.Wait()
		r.Close(t.Context())
		if took := time.Since(r.start); took != 10*time.Second {
			t.Errorf("Close took %v", took)
		}
		if n := r.sqs.Counts("orders").Deleted; n != 1 {
			t.Errorf("%d messages deleted", n)
		}
	})
}

func TestLargeBatchesAreSplit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.consume(lambda.CreateFunctionInput{}, ok)
		body := strings.Repeat("x", 1<<20)
		r.send(slices.Repeat([]string{body}, 10)...)
		r.mapQueue(lambda.CreateEventSourceMappingInput{})
		synctest.Wait()
		var sizes []int
		for _, b := range r.batches {
			sizes = append(sizes, len(b))
		}
		if fmt.Sprint(sizes) != "[5 5]" {
			t.Errorf("batches of %v", sizes)
		}
	})
}
