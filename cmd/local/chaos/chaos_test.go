package chaos_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"orderflow/cmd/local/chaos"
	"orderflow/cmd/local/cloud/interpose"
	"orderflow/cmd/local/cloud/lambda"
	"orderflow/cmd/local/cloud/protocol"
)

func TestParse(t *testing.T) {
	got, err := chaos.Parse("crash=0.02, duplicate=1,late=0")
	want := chaos.Rates{chaos.Crash: 0.02, chaos.Duplicate: 1, chaos.Late: 0}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if got.String() != "crash=0.02,duplicate=1" {
		t.Errorf("written again it is %q", got)
	}
	for text, want := range map[string]string{
		"":           `chaos: "" is no fault=rate`,
		"crash":      `chaos: "crash" is no fault=rate`,
		"crsh=0.1":   `chaos: there is no fault "crsh"`,
		"crash=1.1":  `chaos: the rate of crash is "1.1"`,
		"crash=-1":   `chaos: the rate of crash is "-1"`,
		"crash=NaN":  `chaos: the rate of crash is "NaN"`,
		"crash=":     `chaos: the rate of crash is ""`,
		"crash=0.1,": `chaos: "" is no fault=rate`,
	} {
		if _, err := chaos.Parse(text); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: error %v, want %s…", text, err, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("crash=0.02,duplicate=0.05")
	f.Add("crash=1e-3, late=0x1p-2")
	f.Fuzz(func(t *testing.T, text string) {
		rates, err := chaos.Parse(text)
		if err != nil || rates.String() == "" {
			return
		}
		again, err := chaos.Parse(rates.String())
		if err != nil || again.String() != rates.String() {
			t.Errorf("%q reads as %s, which reads as %s, %v", text, rates, again, err)
		}
	})
}

// What becomes of a call that is certain to be struck by one fault: how often
// it is performed, and what the caller hears.
func TestFaults(t *testing.T) {
	function := interpose.Call{From: "F", Function: true, To: "dynamodb", Action: "TransactWriteItems", Input: []byte(`{"TransactItems":[{},{}]}`)}
	write := interpose.Call{From: "states", To: "dynamodb", Action: "UpdateItem", Input: []byte(`{"TableName":"t"}`)}
	delivery := interpose.Call{From: "sns", To: "Q", Action: "SendMessage"}
	states := interpose.Call{From: "states", To: "sns", Action: "Publish"}
	booking := interpose.Call{From: "F", Function: true, To: "carrier", Action: "PUT"}
	const gone = "its goroutine has ended"
	for _, test := range []struct {
		fault chaos.Fault
		call  interpose.Call
		times int
		err   string
	}{
		{chaos.Crash, function, 0, gone},
		{chaos.Crash, states, 1, ""},
		{chaos.Freeze, function, 0, gone},
		{chaos.Freeze, booking, 1, ""},
		{chaos.Throttle, function, 0, "ProvisionedThroughputExceededException"},
		{chaos.Throttle, states, 0, "ThrottledException"},
		{chaos.Throttle, delivery, 1, ""},
		{chaos.Fail, function, 0, "ServiceUnavailable"},
		{chaos.Conflict, function, 0, "TransactionConflict"},
		{chaos.Conflict, write, 0, "TransactionConflictException"},
		{chaos.Conflict, states, 1, ""},
		{chaos.Lost, function, 1, "connection reset by peer"},
		{chaos.Lost, delivery, 1, "connection reset by peer"},
		{chaos.Slow, function, 1, ""},
		{chaos.Duplicate, delivery, 2, ""},
		{chaos.Duplicate, function, 1, ""},
		{chaos.Late, delivery, 0, "ServiceUnavailable"},
		{chaos.Late, states, 1, ""},
		{chaos.Outage, states, 0, "ServiceUnavailable"},
		{chaos.Outage, function, 1, ""},
		{chaos.Carrier, booking, 0, "ServiceUnavailable"},
		{chaos.Refuse, booking, 0, "Refused"},
		{chaos.Refuse, function, 1, ""},
	} {
		t.Run(fmt.Sprintf("%s/%s to %s", test.fault, test.call.From, test.call.To), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				weather := chaos.New(chaos.Config{Rates: chaos.Rates{test.fault: 1}})
				times, heard := befall(t, weather, test.call)
				if times != test.times || !strings.Contains(heard, test.err) || test.err == "" && heard != "" {
					t.Errorf("it is performed %d times and hears %q, want %d and %q", times, heard, test.times, test.err)
				}
				weather.Calm()
				if times, heard := befall(t, weather, test.call); test.fault != chaos.Refuse && (times != 1 || heard != "") {
					t.Errorf("after the storm it is performed %d times and hears %q", times, heard)
				}
			})
		})
	}
}

// befall makes a call, and tells how often it was performed and what the
// caller heard.
func befall(t *testing.T, weather *chaos.Weather, call interpose.Call) (times int, heard string) {
	heard = "its goroutine has ended"
	done := make(chan struct{})
	go func() {
		defer close(done)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		err := weather.Calls(ctx, &call, func() { times++ })
		heard = ""
		if e, ok := errors.AsType[*protocol.Error](err); ok {
			heard = e.Error()
		} else if err != nil {
			heard = err.Error()
		}
	}()
	<-done
	return times, heard
}

// TestStale: an execution may be unknown at first, and is not for long.
func TestStale(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		weather := chaos.New(chaos.Config{Rates: chaos.Rates{chaos.Stale: 1}})
		start := interpose.Call{From: "F", Function: true, To: "states", Action: "StartExecution", Input: []byte(`{"name": "x"}`), Outcome: "ok"}
		describe := func(name, want string) {
			t.Helper()
			c := interpose.Call{From: "F", Function: true, To: "states", Action: "DescribeExecution", Input: []byte(`{"executionArn": "arn:aws:states:execution:M:` + name + `"}`)}
			if _, heard := befall(t, weather, c); !strings.HasPrefix(heard, want) || want == "" && heard != "" {
				t.Errorf("of execution %s one hears %q, want %q", name, heard, want)
			}
		}
		befall(t, weather, start)
		describe("x", "ExecutionDoesNotExist")
		describe("older", "")
		time.Sleep(2 * time.Second)
		befall(t, weather, start) // once more
		describe("x", "")
		time.Sleep(2 * time.Second)
		describe("x", "")
	})
}

// TestFreeze: the environment stands still until its function's time is over.
func TestFreeze(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		befall(t, chaos.New(chaos.Config{Rates: chaos.Rates{chaos.Freeze: 1}}), interpose.Call{From: "F", Function: true, To: "s3", Action: "PUT"})
		if took := time.Since(began); took <= time.Minute {
			t.Errorf("a function with a minute to go stood still for %v", took)
		}
	})
}

// TestRates: a fault is as frequent as its rate says, and a seed draws the
// same every time.
func TestRates(t *testing.T) {
	draw := func(seed uint64) (hits []int) {
		weather := chaos.New(chaos.Config{Rates: chaos.Rates{chaos.Lost: 0.1}, Seed: seed})
		for i := range 10_000 {
			if err := weather.Calls(t.Context(), &interpose.Call{From: "states", To: "sns"}, func() {}); err != nil {
				hits = append(hits, i)
			}
		}
		return hits
	}
	hits := draw(1)
	if n := len(hits); n < 900 || n > 1100 {
		t.Errorf("a rate of 0.1 strikes %d of 10,000 calls", n)
	}
	if !slices.Equal(draw(1), hits) || slices.Equal(draw(2), hits) {
		t.Error("it is not the seed that decides")
	}
}

type mappings map[string]bool // enabled, by UUID

func (m mappings) ListEventSourceMappings(context.Context, *lambda.ListEventSourceMappingsInput) (*lambda.ListEventSourceMappingsOutput, error) {
	out := &lambda.ListEventSourceMappingsOutput{}
	for id := range m {
		out.EventSourceMappings = append(out.EventSourceMappings, &lambda.EventSourceMappingConfiguration{UUID: id, FunctionArn: id})
	}
	return out, nil
}

func (m mappings) UpdateEventSourceMapping(_ context.Context, in *lambda.UpdateEventSourceMappingInput) (*lambda.EventSourceMappingConfiguration, error) {
	m[in.UUID] = *in.Enabled
	return nil, nil
}

// TestStopConsumers: consumers are stopped now and then, and none for good.
func TestStopConsumers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stops := 0
		weather := chaos.New(chaos.Config{
			Rates:  chaos.Rates{chaos.Stop: 0.5},
			Report: func(chaos.Fault, *interpose.Call) { stops++ },
		})
		m := mappings{"a": true, "b": true}
		ctx, cancel := context.WithTimeout(t.Context(), 8*time.Hour)
		defer cancel()
		if err := weather.StopConsumers(ctx, m); err != nil {
			t.Fatal(err)
		}
		if stops < 50 || !m["a"] || !m["b"] {
			t.Errorf("in eight hours consumers were stopped %d times, and in the end %v are at work", stops, m)
		}
	})
}

// TestSetRates: faults are switched on and off under way, and the same rates
// draw the same again.
func TestSetRates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		weather := chaos.New(chaos.Config{Seed: 7})
		set := func(rates chaos.Rates) {
			t.Helper()
			if err := weather.SetRates(rates); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(rates, weather.Rates()); diff != "" {
				t.Errorf("(-set +told):\n%s", diff)
			}
		}
		draw := func() (hits []int) {
			for i := range 1000 {
				if err := weather.Calls(t.Context(), &interpose.Call{From: "states", To: "sns"}, func() {}); err != nil {
					hits = append(hits, i)
				}
			}
			return hits
		}
		calm := func() {
			t.Helper()
			if hits := draw(); weather.Interposed() != nil || hits != nil {
				t.Errorf("%d faults happen without a rate", len(hits))
			}
		}
		calm()
		set(chaos.Rates{chaos.Lost: 0.1})
		hits := draw()
		if weather.Interposed() == nil || len(hits) < 50 || slices.Equal(draw(), hits) {
			t.Errorf("at first %d faults happen, and then the same", len(hits))
		}
		set(chaos.Rates{chaos.Lost: 0.1})
		if !slices.Equal(draw(), hits) {
			t.Error("the same rates draw otherwise when they are set again")
		}
		set(chaos.Rates{chaos.Outage: 1})
		draw()
		set(chaos.Rates{chaos.Outage: 0})
		calm()
		set(chaos.Rates{chaos.Outage: 0.001}) // whoever was away is back
		if hits := draw(); len(hits) > 0 && hits[0] == 0 {
			t.Error("an outage outlasts its rate")
		}
		if weather.Seed() != 7 {
			t.Errorf("seed %d, want 7", weather.Seed())
		}
	})
}

func TestSetRatesRefuses(t *testing.T) {
	weather := chaos.New(chaos.Config{Rates: chaos.Rates{chaos.Lost: 0.1}})
	for want, rates := range map[string]chaos.Rates{
		`chaos: the rate of crash is "1.1", not a number from 0 to 1`:     {chaos.Crash: 1.1},
		`chaos: the rate of crash is "-0.1", not a number from 0 to 1`:    {chaos.Crash: -0.1},
		`chaos: the rate of crash is "NaN", not a number from 0 to 1`:     {chaos.Crash: math.NaN()},
		`chaos: the rate of crash is "+Inf", not a number from 0 to 1`:    {chaos.Crash: math.Inf(1)},
		`chaos: there is no fault "crsh"`:                                 {"crsh": 0.1},
		`chaos: jump is for simulations, which have a clock of their own`: {chaos.Jump: 0.1},
	} {
		if err := weather.SetRates(rates); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v: error %v, want %s", rates, err, want)
		}
	}
	if diff := cmp.Diff(chaos.Rates{chaos.Lost: 0.1}, weather.Rates()); diff != "" {
		t.Errorf("what is refused changes the rates (-want +got):\n%s", diff)
	}
}

// TestSetRatesUnderWay: rates are set while calls are made.
func TestSetRatesUnderWay(t *testing.T) {
	weather := chaos.New(chaos.Config{})
	var calling sync.WaitGroup
	for range 4 {
		calling.Go(func() {
			for range 1000 {
				if calls := weather.Interposed(); calls != nil {
					calls(t.Context(), &interpose.Call{From: "states", To: "sns"}, func() {}) // lost or not
				}
				weather.Rates()
			}
		})
	}
	for i := range 100 {
		if err := weather.SetRates(chaos.Rates{chaos.Lost: float64(i%2) / 2}); err != nil {
			t.Error(err)
		}
	}
	calling.Wait()
}

// TestStopConsumersFollowsRates: a consumer that is stopped is started as soon
// as the rates change, and none is stopped without a rate.
func TestStopConsumersFollowsRates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stops := 0
		weather := chaos.New(chaos.Config{Report: func(chaos.Fault, *interpose.Call) { stops++ }})
		m := mappings{"a": true}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- weather.StopConsumers(ctx, m) }()
		wants := func(working bool, stopped int) {
			t.Helper()
			synctest.Wait()
			if m["a"] != working || stops != stopped {
				t.Errorf("it works: %t, having been stopped %d times; want %t, %d", m["a"], stops, working, stopped)
			}
		}
		time.Sleep(time.Hour)
		wants(true, 0)
		for i := range 3 {
			if err := weather.SetRates(chaos.Rates{chaos.Stop: 1}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Minute)
			wants(false, i+1)
			if err := weather.SetRates(nil); err != nil {
				t.Fatal(err)
			}
			wants(true, i+1)
			time.Sleep(time.Hour)
			wants(true, i+1)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}
