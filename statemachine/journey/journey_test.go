package journey_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"orderflow/statemachine"
	"orderflow/statemachine/asl"
	"orderflow/statemachine/asl/asltest"
	"orderflow/statemachine/journey"
)

var update = flag.Bool("update", false, "rewrite what the tests in testdata expect")

// TestCore tells what the core's own scenarios did.
func TestCore(t *testing.T) {
	files, err := filepath.Glob("../asl/testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".txtar")
		t.Run(name, func(t *testing.T) {
			s := asltest.Perform(t, file)
			j := journey.Read(slices.Values(s.Events))
			check(t, j)
			checkCore(t, j, s.Play)
			checkPlaces(t, j, enclosing(t, s.Section("definition.json")))
			if len(s.Events) > 1000 {
				return
			}
			golden := filepath.Join("testdata", "core", name+".golden")
			if *update {
				if err := os.WriteFile(golden, []byte(render(j)), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got := render(j); got != string(want) {
				t.Errorf("it goes\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// TestJourneys tells of orders, and of machines of other shapes. The files of
// testdata are as asltest wants them, but without a definition.json they are
// about an order, and in their script each line "now" tells the journey so far.
func TestJourneys(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no journeys: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			s := asltest.Scenario{Archive: a}
			definition, input := s.Section("definition.json"), s.Section("input.json")
			if definition == "" {
				definition, input = orderMachine(t), order
			}
			s.Play = asltest.New(t, definition, input)
			j, told := journey.New(), ""
			for line := range strings.Lines(s.Section("script") + "now\n") {
				if line != "now\n" {
					s.Script(shorthand.Replace(line))
					continue
				}
				for _, e := range s.Events[len(j.Events):] {
					j.Add(e)
				}
				check(t, j)
				checkCore(t, j, s.Play)
				checkPlaces(t, j, enclosing(t, definition))
				told += render(j)
			}
			if *update {
				s.SetSection("journey", told)
				if err := os.WriteFile(file, txtar.Format(a), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if want := s.Section("journey"); told != want {
				t.Errorf("it goes\n%s\nwant\n%s", told, want)
			}
		})
	}
}

const (
	order = `{"fingerprint":"fp","customer":{"id":"c-42"},"items":[{"sku":"MUG","quantity":2}],"shippingAddress":{"country":"GB"}}`
	lines = `[{"sku":"MUG","name":"Mug","quantity":2,"unitPrice":{"amount":1250,"currency":"GBP"},"weightGrams":350}]`
)

// shorthand stands in scripts for what tasks answer.
var shorthand = strings.NewReplacer(
	"VALIDATED", `{"Payload":{"lines":`+lines+`,"total":{"amount":2500,"currency":"GBP"}}}`,
	"RESERVED", `{"reservationId":"r","reservedAt":"2026-01-02T03:04:05.5Z"}`,
	"BOOKED", `{"carrier":"ACME","trackingNumber":"ACME-1","bookedAt":"2026-01-02T03:04:05.6Z"}`,
	"PUBLISHED", `{"MessageId":"m"}`,
)

// orderMachine is order.asl.json with its substitutions resolved as SAM does.
func orderMachine(t *testing.T) string {
	t.Helper()
	values := map[string]string{
		statemachine.SubstituteValidationFunction:     "validation",
		statemachine.SubstituteOrdersTable:            "Orders",
		statemachine.SubstituteOrdersTopic:            "arn:aws:sns:us-east-1:000000000000:orders",
		statemachine.SubstituteCallbackTimeoutSeconds: "3600",
	}
	return regexp.MustCompile(`\$\{(\w+)\}`).ReplaceAllStringFunc(string(statemachine.Definition), func(match string) string {
		return values[match[2:len(match)-1]]
	})
}

// render writes a journey down, a visit a line, each within its Parallel or
// Map, and below it what else there is to say.
func render(j *journey.Journey) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s%s%s", j.Status, span(j, j.Started, j.Ended), failure(j.Error, j.Cause))
	if j.Redrives > 0 {
		fmt.Fprintf(&b, ", redriven %d", j.Redrives)
	}
	var own []int64
	for _, e := range j.Events {
		if e.Visit == nil {
			own = append(own, e.ID)
		}
	}
	fmt.Fprintf(&b, ", events %s\n", spell(own))
	renderWithin(&b, j, nil, "  ")
	for _, name := range slices.Sorted(maps.Keys(names(j))) {
		if s := j.State(name); s.Visits > 1 || s.Retries > 0 {
			fmt.Fprintf(&b, "  = %s %s, %d visits, %d retries, %v\n", name, s.Outcome, s.Visits, s.Retries, s.Time)
		}
	}
	for _, v := range j.Now() {
		fmt.Fprintf(&b, "  → %s (%d)\n", v.State, v.ID)
	}
	return b.String()
}

func renderWithin(b *strings.Builder, j *journey.Journey, around *journey.Visit, in string) {
	for _, v := range j.Visits {
		if v.Within != around {
			continue
		}
		branch, retrying := "", ""
		if around != nil {
			branch = fmt.Sprintf("[%d] ", v.Branch)
		}
		if v.Retrying() {
			retrying = ", retrying"
		}
		fmt.Fprintf(b, "%s%s%s %s %s%s%s%s, events %s\n", in, branch, v.State, v.Type, v.Outcome, retrying, span(j, v.Entered, v.Exited), failure(v.Error, v.Cause), spell(v.Events))
		for i, a := range v.Attempts {
			fmt.Fprintf(b, "%s    attempt %d %s%s%s", in, i+1, a.Outcome, span(j, a.Scheduled, a.Ended), failure(a.Error, a.Cause))
			if !a.Submitted.IsZero() {
				fmt.Fprintf(b, ", submitted %v", a.Submitted.Sub(j.Started))
			}
			if a.Result != "" {
				fmt.Fprintf(b, ", result %s", clip(a.Result, 50))
			}
			b.WriteByte('\n')
		}
		if len(v.Variables) > 0 {
			fmt.Fprintf(b, "%s    knows %s\n", in, variables(v.Variables, 12))
		}
		if len(v.Assigned) > 0 {
			fmt.Fprintf(b, "%s    assigns %s\n", in, variables(v.Assigned, 50))
		}
		renderWithin(b, j, v, in+"    ")
	}
}

func names(j *journey.Journey) map[string]bool {
	names := map[string]bool{}
	for _, v := range j.Visits {
		names[v.State] = true
	}
	return names
}

func span(j *journey.Journey, from, to time.Time) string {
	until := ""
	if !to.IsZero() {
		until = to.Sub(j.Started).String()
	}
	return fmt.Sprintf(" %v…%s", from.Sub(j.Started), until)
}

func failure(name, cause *string) string {
	text := ""
	for _, s := range []*string{name, cause} {
		if s != nil {
			text += ": " + clip(*s, 50)
		}
	}
	return text
}

// spell shortens the numbers that follow each other.
func spell(ids []int64) string {
	var parts []string
	for i := 0; i < len(ids); {
		n := 1
		for i+n < len(ids) && ids[i+n] == ids[i]+int64(n) {
			n++
		}
		part := fmt.Sprint(ids[i])
		if n > 1 {
			part += fmt.Sprint("–", ids[i+n-1])
		}
		parts = append(parts, part)
		i += n
	}
	return strings.Join(parts, " ")
}

func variables(all map[string]string, n int) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		parts = append(parts, name+"="+clip(all[name], n))
	}
	return strings.Join(parts, " ")
}

func clip(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}

// BenchmarkRead reads the longest histories that there can be.
func BenchmarkRead(b *testing.B) {
	for _, file := range []string{"limit_history", "limit_history_parallel"} {
		b.Run(file, func(b *testing.B) {
			events := asltest.Perform(b, "../asl/testdata/"+file+".txtar").Events
			b.ReportAllocs()
			for b.Loop() {
				journey.Read(slices.Values(events))
			}
			b.ReportMetric(float64(len(events)), "events")
		})
	}
	b.Run("map", func(b *testing.B) {
		events := iterations(b)
		b.ReportAllocs()
		for b.Loop() {
			journey.Read(slices.Values(events))
		}
		b.ReportMetric(float64(len(events)), "events")
	})
}

// iterations is the history of a Map that has the most iterations at once, in
// each of them a state that waits and one that assigns.
func iterations(b *testing.B) (events []asl.HistoryEvent) {
	m, err := asl.Parse([]byte(`{
		"QueryLanguage": "JSONata", "StartAt": "Each",
		"States": {"Each": {"Type": "Map", "Items": "{% [1..4100] %}", "End": true, "ItemProcessor": {
			"StartAt": "Hold", "States": {
				"Hold": {"Type": "Wait", "Seconds": 1, "Next": "Note"},
				"Note": {"Type": "Pass", "Assign": {"n": "{% $states.input %}"}, "End": true}}}}}
	}`))
	if err != nil {
		b.Fatal(err)
	}
	now := time.Unix(0, 0)
	x, commands := m.Start(asl.Params{Input: []byte(`{}`), Now: now})
	var timers []asl.SetTimer
	for {
		for _, c := range commands {
			switch c := c.(type) {
			case asl.Record:
				events = append(events, c.HistoryEvent)
			case asl.SetTimer:
				timers = append(timers, c)
			}
		}
		if x.Status != asl.Running {
			return events
		}
		commands = m.Step(x, timers[0].At, asl.TimerFired{TimerID: timers[0].TimerID})
		timers = timers[1:]
	}
}

// TestForeign tells what the core does not record, but AWS does or may.
func TestForeign(t *testing.T) {
	name, cause := "SNS.AuthorizationErrorException", "not allowed"
	entered := func(state string) any { return &asl.StateEnteredDetails{Name: state, Input: "{}"} }
	exited := func(state string) any { return &asl.StateExitedDetails{Name: state, Output: "{}"} }
	for _, c := range []struct {
		name   string
		events []asl.HistoryEvent
		want   string
	}{{
		name: "a request that fails before its token is waited for",
		events: []asl.HistoryEvent{
			{ID: 1, Type: "ExecutionStarted"},
			{ID: 2, Type: "TaskStateEntered", Details: entered("Ask")},
			{ID: 3, PreviousID: 2, Type: "TaskScheduled"},
			{ID: 4, PreviousID: 3, Type: "TaskStarted"},
			{ID: 5, PreviousID: 4, Type: "TaskSubmitFailed", Details: &asl.TaskFailedDetails{Error: &name, Cause: &cause}},
		},
		want: `RUNNING 0s…, events 1
  Ask Task running, retrying 0s…: SNS.AuthorizationErrorException: not allowed, events 2–5
      attempt 1 failed 0s…0s: SNS.AuthorizationErrorException: not allowed
  → Ask (2)
`,
	}, {
		name: "an activity, and events of which nobody has heard",
		events: []asl.HistoryEvent{
			{ID: 1, Type: "ExecutionStarted"},
			{ID: 2, Type: "TaskStateEntered", Details: entered("Ask")},
			{ID: 3, PreviousID: 2, Type: "ActivityScheduled"},
			{ID: 4, PreviousID: 3, Type: "ActivityTimedOut"},
			{ID: 5, PreviousID: 4, Type: "ActivityScheduled"},
			{ID: 6, PreviousID: 5, Type: "SomethingHappened"},
			{ID: 7, PreviousID: 6, Type: "ActivitySucceeded"},
			{ID: 8, PreviousID: 7, Type: "TaskStateExited", Details: exited("Ask")},
			{ID: 9, PreviousID: 8, Type: "ExecutionPaused"},
		},
		want: `RUNNING 0s…, events 1 9
  Ask Task succeeded 0s…0s, events 2–8
      attempt 1 failed 0s…0s
      attempt 2 succeeded 0s…0s
  = Ask succeeded, 1 visits, 1 retries, 0s
`,
	}, {
		name: "a history from the middle on",
		events: []asl.HistoryEvent{
			{ID: 20, PreviousID: 18, Type: "TaskSucceeded"},
			{ID: 21, PreviousID: 20, Type: "TaskStateExited", Details: exited("Ask")},
			{ID: 22, PreviousID: 21, Type: "PassStateEntered", Details: entered("Next")},
			{ID: 23, PreviousID: 22, Type: "PassStateExited", Details: exited("Next")},
			{ID: 24, PreviousID: 19, Type: "MapIterationStarted", Details: &asl.MapIterationDetails{Name: "Each", Index: 3}},
			{ID: 25, PreviousID: 24, Type: "WaitStateEntered", Details: entered("Hold")},
			{ID: 26, Type: "ExecutionAborted", Details: &asl.ExecutionAbortedDetails{}},
		},
		want: `ABORTED 0s…0s, events 20–21 24 26
  Next Pass succeeded 0s…0s, events 22–23
  Hold Wait aborted 0s…0s, events 25
`,
	}} {
		t.Run(c.name, func(t *testing.T) {
			for i := range c.events {
				c.events[i].Timestamp = time.Unix(0, 0)
			}
			j := journey.Read(slices.Values(c.events))
			check(t, j)
			if got := render(j); got != c.want {
				t.Errorf("it goes\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

func TestElapsed(t *testing.T) {
	j := journey.New()
	j.Add(asl.HistoryEvent{ID: 1, Type: "ExecutionStarted", Timestamp: time.Unix(100, 0)})
	e := j.Add(asl.HistoryEvent{ID: 2, Type: "ExecutionSucceeded", Timestamp: time.Unix(103, 0)})
	if got := j.Elapsed(e); got != 3*time.Second {
		t.Errorf("after %v", got)
	}
}
