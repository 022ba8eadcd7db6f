package journey_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"orderflow/statemachine/asl"
	"orderflow/statemachine/asl/asltest"
	"orderflow/statemachine/journey"
)

// FuzzRead has the core run random machines in a random world. What it knows of
// itself, the journey must know from its history alone, event by event.
func FuzzRead(f *testing.F) {
	for seed := range uint64(40) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		w := asltest.NewWorld(seed)
		definition := w.Definition()
		p := asltest.New(t, definition, `{"n":[1,{"a":2},"c"]}`)
		defer func() {
			if t.Failed() {
				t.Logf("%s\n%s", definition, p.History())
			}
		}()
		around := enclosing(t, definition)
		j := journey.New()
		told := 0
		for range 60 {
			for _, e := range p.Events[told:] {
				j.Add(e)
			}
			told = len(p.Events)
			check(t, j)
			checkCore(t, j, p)
			checkPlaces(t, j, around)
			if t.Failed() {
				return
			}
			w.Happen(p)
		}
	})
}

// check holds for the journey of every execution.
func check(t *testing.T, j *journey.Journey) {
	t.Helper()
	checkEvents(t, j)
	for _, v := range j.Visits {
		if running := v.Outcome == journey.Running; running != v.Exited.IsZero() {
			t.Errorf("%s is %s and exited at %v", v.State, v.Outcome, v.Exited)
		} else if !running && v.Exited.Before(v.Entered) {
			t.Errorf("%s is left %v before it is entered", v.State, v.Entered.Sub(v.Exited))
		}
		for i, a := range v.Attempts {
			if running := a.Outcome == journey.Running; running != a.Ended.IsZero() || running && i < len(v.Attempts)-1 {
				t.Errorf("attempt %d at %s is %s and ended at %v", i, v.State, a.Outcome, a.Ended)
			} else if !running && a.Ended.Before(a.Scheduled) {
				t.Errorf("attempt %d at %s ends before it begins", i, v.State)
			}
			if a.Outcome == journey.Running && v.Outcome != journey.Running {
				t.Errorf("attempt %d at %s runs, which is %s", i, v.State, v.Outcome)
			}
		}
	}
	if j.Status != asl.Running && len(j.Now()) > 0 {
		t.Errorf("%s, and yet %d visits run", j.Status, len(j.Now()))
	}
}

// checkEvents holds for any events.
func checkEvents(t *testing.T, j *journey.Journey) {
	t.Helper()
	mine := map[int64]*journey.Visit{}
	for i, v := range j.Visits {
		if i > 0 && v.ID <= j.Visits[i-1].ID {
			t.Errorf("%s, entered by event %d, comes after event %d", v.State, v.ID, j.Visits[i-1].ID)
		}
		if v.Within != nil && v.Within.ID >= v.ID {
			t.Errorf("%s lies within %s, which was entered after it", v.State, v.Within.State)
		}
		if !slices.Contains(v.Events, v.ID) {
			t.Errorf("%s has events %d without the one that entered it", v.State, v.Events)
		}
		for _, id := range v.Events {
			if other := mine[id]; other != nil {
				t.Errorf("event %d is one of %s and of %s", id, other.State, v.State)
			}
			mine[id] = v
		}
	}
	for _, e := range j.Events {
		if e.Visit != mine[e.ID] {
			t.Errorf("event %d, %s, belongs to %+v, but not among its events", e.ID, e.Type, e.Visit)
		}
		delete(mine, e.ID)
	}
	if len(mine) > 0 {
		t.Errorf("visits have events that the execution has not: %v", mine)
	}
}

// A thread is what a test needs of the core's.
type thread struct {
	State     string
	Event     int64
	Stopped   bool
	Task      *struct{ Submitted bool }
	Timer     int64
	Children  []*thread
	Variables map[string]struct{ JSON string }
	Item      *struct{ Index int64 }
}

// checkCore compares a journey with the execution that it is told of.
func checkCore(t *testing.T, j *journey.Journey, p *asltest.Play) {
	t.Helper()
	x := p.Execution
	if j.Status != x.Status || j.Redrives != x.Redrives || j.Input != x.Input {
		t.Errorf("it is %s after %d redrives, want %s after %d", j.Status, j.Redrives, x.Status, x.Redrives)
	}
	if p.End != nil && p.End.Status == asl.Succeeded && j.Output != string(p.End.Output) {
		t.Errorf("it puts out %s, want %s", j.Output, p.End.Output)
	}
	if j.Ended.IsZero() != (p.End == nil) {
		t.Errorf("it ended at %v", j.Ended)
	}
	text, err := json.Marshal(x)
	if err != nil {
		t.Fatal(err)
	}
	var core struct{ Top *thread }
	if err := json.Unmarshal(text, &core); err != nil {
		t.Fatal(err)
	}
	want := map[int64]bool{}
	if x.Status == asl.Running {
		visits := map[int64]*journey.Visit{}
		for _, v := range j.Visits {
			visits[v.ID] = v
		}
		core.Top.visit(t, visits, nil, want, unsure(j))
	}
	got := map[int64]bool{}
	for _, v := range j.Now() {
		got[v.ID] = true
	}
	if !maps.Equal(got, want) && !unsure(j) {
		t.Errorf("running are the states entered by the events %v, want %v", slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)))
	}
}

// unsure says that something runs of which nothing was recorded since the
// latest redrive: it may have been reached, or another have failed before.
func unsure(j *journey.Journey) bool {
	redriven := int64(0)
	for _, e := range j.Events {
		if e.Type == "ExecutionRedriven" {
			redriven = e.ID
		}
	}
	return slices.ContainsFunc(j.Now(), func(v *journey.Visit) bool { return v.Events[len(v.Events)-1] < redriven })
}

// visit compares the thread's state and what is inside of it, and collects the
// innermost that run.
func (th *thread) visit(t *testing.T, visits map[int64]*journey.Visit, scope map[string]string, running map[int64]bool, unsure bool) {
	t.Helper()
	if th == nil || th.State == "" {
		return
	}
	v := visits[th.Event]
	if v == nil || v.State != th.State {
		t.Errorf("state %s, entered by event %d, is no visit", th.State, th.Event)
		return
	}
	variables := maps.Clone(scope)
	for name, value := range th.Variables {
		if variables == nil {
			variables = map[string]string{}
		}
		variables[name] = value.JSON
	}
	if !maps.Equal(v.Variables, variables) {
		t.Errorf("%s has variables %v, want %v", v.State, v.Variables, variables)
	}
	if th.Item != nil && v.Branch != th.Item.Index {
		t.Errorf("%s is in iteration %d, want %d", v.State, v.Branch, th.Item.Index)
	}
	if th.Stopped {
		if v.Outcome != journey.Failed && v.Outcome != journey.Aborted && !unsure {
			t.Errorf("%s is stopped, and %s", v.State, v.Outcome)
		}
		return
	}
	if v.Outcome != journey.Running {
		t.Errorf("%s runs, and is %s", v.State, v.Outcome)
	}
	if v.Type == "Task" {
		if waits := th.Timer != 0; v.Retrying() != waits {
			t.Errorf("%s is retrying: %t, want %t", v.State, v.Retrying(), waits)
		}
		if th.Task != nil && v.Attempts[len(v.Attempts)-1].Submitted.IsZero() == th.Task.Submitted {
			t.Errorf("%s is submitted: %t", v.State, th.Task.Submitted)
		}
	}
	before := len(running)
	for _, child := range th.Children {
		child.visit(t, visits, variables, running, unsure)
	}
	if len(running) == before {
		running[v.ID] = true
	}
}

// enclosing is the state around each state of a definition, "" for none.
func enclosing(t *testing.T, definition string) map[string]string {
	type graph struct {
		States map[string]struct {
			Branches      []json.RawMessage
			ItemProcessor json.RawMessage
		}
	}
	around := map[string]string{}
	var walk func(text []byte, within string)
	walk = func(text []byte, within string) {
		var g graph
		if err := json.Unmarshal(text, &g); err != nil {
			t.Fatal(err)
		}
		for name, s := range g.States {
			around[name] = within
			for _, branch := range s.Branches {
				walk(branch, name)
			}
			if s.ItemProcessor != nil {
				walk(s.ItemProcessor, name)
			}
		}
	}
	walk([]byte(definition), "")
	return around
}

// checkPlaces holds what the history does not say by name to the definition,
// and what it does to the event that says it.
func checkPlaces(t *testing.T, j *journey.Journey, around map[string]string) {
	t.Helper()
	for _, v := range j.Visits {
		within := ""
		if v.Within != nil {
			within = v.Within.State
		}
		if within != around[v.State] {
			t.Errorf("%s lies within %q, want %q", v.State, within, around[v.State])
		}
	}
	for _, e := range j.Events {
		var name string
		switch d := e.Details.(type) {
		case *asl.StateEnteredDetails:
			name = d.Name
		case *asl.StateExitedDetails:
			name = d.Name
		case *asl.MapIterationDetails:
			name = d.Name
		case *asl.EvaluationFailedDetails:
			name = d.State
		}
		switch {
		case name != "" && (e.Visit == nil || e.Visit.State != name):
			t.Errorf("event %d, %s of %s, belongs to %+v", e.ID, e.Type, name, e.Visit)
		case (len(e.Type) > 9 && e.Type[:9] == "Execution") != (e.Visit == nil):
			t.Errorf("event %d, %s, belongs to %+v", e.ID, e.Type, e.Visit)
		}
	}
}

// FuzzAdd tells events in no order that makes sense, of all types that AWS has
// and some that it has not.
func FuzzAdd(f *testing.F) {
	for seed := range uint64(50) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		r := rand.New(rand.NewPCG(seed, 0))
		eventTypes := []string{"", "State", "StateEntered", "TaskStateTeleported", "ParallelState", "MapIteration", "Executed"}
		for _, typ := range types.HistoryEventType("").Values() {
			eventTypes = append(eventTypes, string(typ))
		}
		few := []string{"ParallelStateEntered", "ParallelStateStarted", "MapStateEntered", "MapStateStarted", "MapIterationStarted",
			"MapIterationFailed", "MapIterationAborted", "TaskStateEntered", "TaskFailed", "TaskStateAborted", "ExecutionRedriven"}
		now := time.Unix(0, 0)
		j := journey.New()
		for id := int64(1); id < 400; id++ {
			if r.IntN(50) == 0 {
				id += int64(r.IntN(5))
			}
			now = now.Add(time.Duration(r.IntN(2)) * time.Second)
			e := asl.HistoryEvent{ID: id, PreviousID: max(0, id-int64(r.IntN(9))), Timestamp: now, Type: eventTypes[r.IntN(len(eventTypes))]}
			if r.IntN(2) == 0 {
				e.Type = few[r.IntN(len(few))]
			}
			of := e.Type
			if r.IntN(30) == 0 {
				of = eventTypes[r.IntN(len(eventTypes))]
			}
			e.Details = details(t, of, fmt.Sprint("S", r.IntN(4)), r.IntN(3))
			j.Add(e)
			j.Now()
			j.State("S1")
		}
		checkEvents(t, j)
	})
}

// details are those of a type of event, about a state and an iteration.
func details(t *testing.T, typ, state string, index int) any {
	var e asl.HistoryEvent
	if asl.DetailsName(typ) == "" {
		return nil
	}
	text := fmt.Sprintf(`{"type":%q,"details":{"name":%q,"state":%q,"index":%d,"assignedVariables":{%q:"1"}}}`, typ, state, state, index, state)
	if err := json.Unmarshal([]byte(text), &e); err != nil {
		t.Fatal(err)
	}
	return e.Details
}

// TestTwice tells events again: they change nothing.
func TestTwice(t *testing.T) {
	w := asltest.NewWorld(3)
	p := asltest.New(t, w.Definition(), `{}`)
	for range 60 {
		w.Happen(p)
	}
	once := journey.Read(slices.Values(p.Events))
	again := journey.Read(slices.Values(p.Events))
	for _, e := range p.Events {
		again.Add(e)
	}
	if len(once.Events) < 10 || !reflect.DeepEqual(once, again) {
		t.Errorf("after %d events, the same events make\n%+v\nof\n%+v", len(once.Events), again, once)
	}
}
