// Package asltest drives executions of the core in tests.
package asltest

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"orderflow/statemachine/asl"
)

// A Play is an execution whose world is a script. It fails its test when the
// core breaks a rule that holds for every execution.
type Play struct {
	Machine      *asl.Machine
	Execution    *asl.Execution
	Started, Now time.Time
	Events       []asl.HistoryEvent
	Tasks        []asl.ScheduleTask
	End          *asl.Complete // nil while it runs

	t      testing.TB
	timers map[int64]time.Time
	log    strings.Builder
}

// A Scenario is a txtar file played to its end.
type Scenario struct {
	*txtar.Archive
	*Play
}

// Perform plays a file. Of its sections it reads
//
//	definition.json  a state machine
//	input.json       the execution's input; {} if left out
//	script           what happens, a line each
//
// and the script's lines are
//
//	started STATE            submitted STATE JSON     succeeded STATE JSON
//	failed STATE ERROR CAUSE heartbeat STATE          ok STATE JSON
//	advance DURATION         stop ERROR CAUSE         redrive
//
// ok is started, submitted if a token is waited for, and succeeded. #3 stands
// for the task with that ID, even a late one. A - is an error or cause that is
// not given. advance fires the timers on its way.
func Perform(t testing.TB, file string) Scenario {
	t.Helper()
	a, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	s := Scenario{Archive: a}
	s.Play = New(t, s.Section("definition.json"), s.Section("input.json"))
	s.Play.Script(s.Section("script"))
	return s
}

// Section is one of the file's, "" if it has none of that name.
func (s Scenario) Section(name string) string {
	for _, f := range s.Files {
		if f.Name == name {
			return string(f.Data)
		}
	}
	return ""
}

// SetSection replaces a section, or adds it.
func (s Scenario) SetSection(name, data string) {
	for i := range s.Files {
		if s.Files[i].Name == name {
			s.Files[i].Data = []byte(data)
			return
		}
	}
	s.Files = append(s.Files, txtar.File{Name: name, Data: []byte(data)})
}

// New starts an execution; input "" is {}.
func New(t testing.TB, definition, input string) *Play {
	t.Helper()
	m, err := asl.Parse([]byte(definition))
	if err != nil {
		t.Fatal(err)
	}
	if strings.TrimSpace(input) == "" {
		input = "{}"
	}
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	p := &Play{t: t, Machine: m, Started: start, Now: start, timers: map[int64]time.Time{}}
	x, commands := m.Start(asl.Params{
		ExecutionARN:  "arn:aws:states:us-east-1:000000000000:execution:machine:run",
		ExecutionName: "run", RoleARN: "arn:aws:iam::000000000000:role/machine",
		StateMachineARN:  "arn:aws:states:us-east-1:000000000000:stateMachine:machine",
		StateMachineName: "machine",
		Input:            json.RawMessage(strings.TrimSpace(input)), Now: start, Seed: 1,
	})
	p.Execution = x
	p.follow(commands)
	return p
}

// Script performs lines, of which those with a # in front are comments.
func (p *Play) Script(script string) {
	p.t.Helper()
	for line := range strings.Lines(script) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			p.perform(line)
		}
	}
}

// Step steps the execution and a copy that went through JSON: both must do
// the same.
func (p *Play) Step(e asl.Event) {
	p.t.Helper()
	copied := roundTrip(p.t, p.Execution)
	commands := p.Machine.Step(p.Execution, p.Now, e)
	same := p.Machine.Step(copied, p.Now, e)
	if !reflect.DeepEqual(commands, same) {
		p.t.Fatalf("after %T %+v, the unmarshalled execution goes on with\n%+v\nnot with\n%+v", e, e, same, commands)
	}
	if a, b := marshal(p.t, p.Execution), marshal(p.t, copied); a != b {
		p.t.Fatalf("after %T, the unmarshalled execution is\n%s\nnot\n%s", e, b, a)
	}
	p.follow(commands)
}

func roundTrip(t testing.TB, x *asl.Execution) *asl.Execution {
	t.Helper()
	copied := new(asl.Execution)
	if err := json.Unmarshal([]byte(marshal(t, x)), copied); err != nil {
		t.Fatal(err)
	}
	return copied
}

func marshal(t testing.TB, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func (p *Play) follow(commands []asl.Command) {
	p.t.Helper()
	for i, c := range commands {
		switch c := c.(type) {
		case asl.Record:
			p.Events = append(p.Events, c.HistoryEvent)
			if c.Type == "ExecutionRedriven" {
				p.End = nil
			}
			if c.ID > 1000 && c.ID < asl.MaxHistory-100 {
				continue // the middle of a history that fills up
			}
			p.checkRecord(c.HistoryEvent)
			fmt.Fprintf(&p.log, "%d<%d%s %s", c.ID, c.PreviousID, p.elapsed(p.Now), c.Type)
			if c.Details != nil {
				fmt.Fprintf(&p.log, " %s", details(p.t, c.Details))
			}
			p.log.WriteByte('\n')
		case asl.ScheduleTask:
			p.Tasks = append(p.Tasks, c)
			fmt.Fprintf(&p.log, "  → task %d %s %s", c.TaskID, c.State, c.Resource)
			if c.WaitForToken != (c.Token != "") {
				p.t.Errorf("task %d: waits for a token: %t, token %q", c.TaskID, c.WaitForToken, c.Token)
			}
			p.log.WriteByte('\n')
		case asl.CancelTask:
			fmt.Fprintf(&p.log, "  → cancel task %d\n", c.TaskID)
		case asl.SetTimer:
			p.timers[c.TimerID] = c.At
			fmt.Fprintf(&p.log, "  → timer %d%s\n", c.TimerID, p.elapsed(c.At))
		case asl.ClearTimer:
			if _, ok := p.timers[c.TimerID]; !ok {
				p.t.Errorf("timer %d is cleared, but not set", c.TimerID)
			}
			delete(p.timers, c.TimerID)
			fmt.Fprintf(&p.log, "  → clear timer %d\n", c.TimerID)
		case asl.Complete:
			p.End = &c
			if i != len(commands)-1 {
				p.t.Errorf("%v follows the end", commands[i+1:])
			}
			if len(p.timers) > 0 {
				p.t.Errorf("timers %v are left at the end", p.timers)
			}
		}
	}
}

// checkRecord holds for every event of every history.
func (p *Play) checkRecord(e asl.HistoryEvent) {
	if e.ID != int64(len(p.Events)) {
		p.t.Errorf("event %d has ID %d", len(p.Events), e.ID)
	}
	if e.Type == "" {
		p.t.Errorf("event %d has no type", e.ID)
	}
	if e.PreviousID < 0 || e.PreviousID >= e.ID {
		p.t.Errorf("event %d points at %d", e.ID, e.PreviousID)
	}
	if !e.Timestamp.Equal(p.Now) {
		p.t.Errorf("event %d is from %v, not %v", e.ID, e.Timestamp, p.Now)
	}
	if (asl.DetailsName(e.Type) != "") != (e.Details != nil) {
		p.t.Errorf("event %d of type %s has details %v", e.ID, e.Type, e.Details)
	}
	var again asl.HistoryEvent
	if err := json.Unmarshal([]byte(marshal(p.t, e)), &again); err != nil {
		p.t.Errorf("event %d: %v", e.ID, err)
	} else if again.Timestamp = e.Timestamp; !reflect.DeepEqual(again, e) {
		p.t.Errorf("event %d is %+v, after a round trip %+v", e.ID, e, again)
	}
}

func (p *Play) elapsed(at time.Time) string {
	if at.Equal(p.Started) {
		return ""
	}
	return " +" + at.Sub(p.Started).String()
}

// details writes JSON with its inner JSON texts as JSON, which reads better,
// and without the whole payloads' {"truncated":false}.
func details(t testing.TB, v any) string {
	var members map[string]json.RawMessage
	if err := json.Unmarshal([]byte(marshal(t, v)), &members); err != nil {
		t.Fatal(err)
	}
	var names []string
	for name, value := range members {
		var text string
		switch {
		case strings.HasSuffix(name, "Details"):
			if string(value) != `{"truncated":false}` {
				t.Errorf("%s is %s", name, value)
			}
			delete(members, name)
			continue
		case name == "input" || name == "output" || name == "parameters":
			if err := json.Unmarshal(value, &text); err != nil || !json.Valid([]byte(text)) {
				t.Errorf("%s is no JSON text: %s", name, value)
			}
			if len(text) > 500 {
				text = `"` + strconv.Itoa(len(text)) + ` bytes"`
			}
			members[name] = json.RawMessage(text)
		}
		names = append(names, name)
	}
	slices.Sort(names)
	var b strings.Builder
	for i, name := range names {
		b.WriteString([]string{", ", ""}[btoi(i == 0)] + name + " " + string(members[name]))
	}
	return "{" + b.String() + "}"
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (p *Play) perform(line string) {
	p.t.Helper()
	verb, rest, _ := strings.Cut(line, " ")
	switch verb {
	case "advance":
		d, err := time.ParseDuration(rest)
		if err != nil {
			p.t.Fatal(err)
		}
		p.Advance(d)
		return
	case "stop":
		name, cause, _ := strings.Cut(rest, " ")
		p.Step(asl.Stop{Error: given(name), Cause: given(cause)})
		return
	case "redrive":
		p.Step(asl.Redriven{})
		return
	}
	who, data, _ := strings.Cut(rest, " ")
	if data == "BIG" { // a JSON string just over the limit
		data = `"` + strings.Repeat("x", asl.MaxPayload-1) + `"`
	}
	task := p.task(who)
	switch verb {
	case "started":
		p.Step(asl.TaskStarted{TaskID: task.TaskID})
	case "submitted":
		p.Step(asl.TaskSubmitted{TaskID: task.TaskID, Output: json.RawMessage(data)})
	case "succeeded":
		p.Step(asl.TaskSucceeded{TaskID: task.TaskID, Output: json.RawMessage(data)})
	case "failed":
		name, cause, _ := strings.Cut(data, " ")
		p.Step(asl.TaskFailed{TaskID: task.TaskID, Error: given(name), Cause: given(cause)})
	case "heartbeat":
		p.Step(asl.TaskHeartbeat{TaskID: task.TaskID})
	case "ok":
		p.Step(asl.TaskStarted{TaskID: task.TaskID})
		if task.WaitForToken {
			p.Step(asl.TaskSubmitted{TaskID: task.TaskID, Output: json.RawMessage(`{"MessageId":"m"}`)})
		}
		p.Step(asl.TaskSucceeded{TaskID: task.TaskID, Output: json.RawMessage(data)})
	default:
		p.t.Fatalf("script: %q is not understood", line)
	}
}

func given(s string) *string {
	if s == "-" || s == "" {
		return nil
	}
	return &s
}

// task is the latest task of a state, or the one with an ID.
func (p *Play) task(who string) asl.ScheduleTask {
	p.t.Helper()
	for _, task := range slices.Backward(p.Tasks) {
		if task.State == who || "#"+strconv.FormatInt(task.TaskID, 10) == who {
			return task
		}
	}
	p.t.Fatalf("script: no task %s; history so far:\n%s", who, p.log.String())
	return asl.ScheduleTask{}
}

// Advance lets time pass, firing timers when they are due.
func (p *Play) Advance(d time.Duration) {
	p.t.Helper()
	until := p.Now.Add(d)
	for {
		id, at := int64(0), until
		for timer, due := range p.timers {
			if due.Before(at) || due.Equal(at) && (id == 0 || timer < id) {
				id, at = timer, due
			}
		}
		if id == 0 {
			break
		}
		p.Now = at
		delete(p.timers, id)
		p.Step(asl.TimerFired{TimerID: id})
	}
	p.Now = until
}

// History is the log, as id<previousEventId Type {details}, of which a very long one shows the ends.
func (p *Play) History() string {
	lines := strings.SplitAfter(p.log.String(), "\n")
	if len(lines) < 1000 {
		return p.log.String()
	}
	return strings.Join(lines[:10], "") + "…\n" + strings.Join(lines[len(lines)-10:], "")
}

func (p *Play) Outcome() string {
	if p.End == nil {
		return string(asl.Running)
	}
	out := string(p.End.Status)
	if p.End.Status == asl.Succeeded {
		output := string(p.End.Output)
		if len(output) > 500 {
			output = strconv.Itoa(len(output)) + " bytes"
		}
		return out + " " + output
	}
	for _, s := range []*string{p.End.Error, p.End.Cause} {
		if s == nil {
			out += " -"
		} else {
			out += " " + *s
		}
	}
	return out
}
