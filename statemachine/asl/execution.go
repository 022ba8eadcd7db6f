package asl

import (
	"strings"
	"time"

	"orderflow/statemachine/asl/jsonata"
)

// An Execution is one run of a machine: a plain value that can be marshalled
// between any two steps, and that then goes on as if it never had been. Only
// one goroutine at a time may step it.
type Execution struct {
	ARN              string    `json:"arn"`
	Name             string    `json:"name"`
	RoleARN          string    `json:"roleArn"`
	StateMachineARN  string    `json:"stateMachineArn"`
	StateMachineName string    `json:"stateMachineName"`
	Input            string    `json:"input"` // JSON text
	StartTime        time.Time `json:"startTime"`
	Status           Status    `json:"status"`

	Events int64 `json:"events"` // in the history so far; the latest one's ID

	Seed   uint64  `json:"seed"`
	Draws  uint64  `json:"draws"`           // random numbers taken so far
	Tasks  int64   `json:"tasks"`           // task IDs given out so far
	Timers int64   `json:"timers"`          // timer IDs given out so far
	Timer  int64   `json:"timer,omitempty"` // ends the whole execution
	Top    *thread `json:"top,omitempty"`   // nil once succeeded; a redrive goes on with it

	Redrives     int64     `json:"redrives,omitempty"`
	RedriveTime  time.Time `json:"redriveTime,omitzero"`   // of the latest
	RedriveEvent int64     `json:"redriveEvent,omitempty"` // of the latest

	machine *Machine // to whose states the threads point; nil after unmarshalling
}

// A thread walks one graph: the machine's own, a branch's or an iteration's.
// It stands in one state, waiting for a task, a timer or its children.
type thread struct {
	State    string    `json:"state"`
	Entered  time.Time `json:"entered"`
	Event    int64     `json:"event"`    // of entering the state
	Before   int64     `json:"before"`   // what that event points at
	Previous int64     `json:"previous"` // the latest event on this thread's chain

	Input      string    `json:"input"` // JSON text
	Retries    []int64   `json:"retries,omitempty"`
	RetryCount int64     `json:"retryCount,omitempty"`
	Variables  variables `json:"variables,omitempty"`

	Stopped bool `json:"stopped,omitempty"` // failed or aborted: only a redrive goes on

	Task  *task `json:"task,omitempty"`
	Timer int64 `json:"timer,omitempty"` // of a Wait, or until the next attempt

	// Of a state that runs other states inside.
	Started  bool      `json:"started,omitempty"`
	Children []*thread `json:"children,omitempty"` // nil: not begun, or ended; one that is nil has succeeded
	Results  []string  `json:"results,omitempty"`  // JSON texts
	Map      *mapping  `json:"map,omitempty"`

	Item *item `json:"item,omitempty"` // of a Map's iteration

	graph  *graph
	parent *thread
	index  int // among the parent's children
}

// A task is a call that somebody else performs.
type task struct {
	ID               int64  `json:"id"`
	Timeout          int64  `json:"timeout,omitempty"`   // a timer
	Heartbeat        int64  `json:"heartbeat,omitempty"` // a timer
	HeartbeatSeconds int64  `json:"heartbeatSeconds,omitempty"`
	Token            string `json:"token,omitempty"`
	Submitted        bool   `json:"submitted,omitempty"`
}

// An item is what a Map's iteration works on.
type item struct {
	Index int64  `json:"index"`
	Key   string `json:"key,omitempty"` // when the items are an object's members
	Keyed bool   `json:"keyed,omitempty"`
	Value string `json:"value"` // JSON text
}

// variables are values as JSON text.
type variables map[string]*variable

type variable struct {
	JSON string `json:"json"`
	text *jsonata.Text
}

func (v *variable) value() *jsonata.Text {
	if v.text == nil {
		v.text = jsonata.NewText(v.JSON)
	}
	return v.text
}

// state is where the thread stands; nil before it begins.
func (t *thread) state() *state { return t.graph.states[t.State] }

// clear forgets what ran inside of a state.
func (t *thread) clear() { t.Children, t.Results, t.Map = nil, nil, nil }

// link points every thread at its graph and its parent.
func (x *Execution) link(m *Machine) {
	if x.machine == m || x.Top == nil {
		return
	}
	x.machine = m
	x.Top.link(m.top, nil, 0)
}

func (t *thread) link(g *graph, parent *thread, index int) {
	t.graph, t.parent, t.index = g, parent, index
	s := t.state()
	for i, child := range t.Children {
		switch {
		case child == nil:
		case s.kind == mapState:
			child.link(s.branches[0], t, i)
		default:
			child.link(s.branches[i], t, i)
		}
	}
}

// find is the thread for which a condition holds, or nil.
func (t *thread) find(is func(*thread) bool) *thread {
	if t == nil || is(t) {
		return t
	}
	for _, child := range t.Children {
		if found := child.find(is); found != nil {
			return found
		}
	}
	return nil
}

// region is the part of an ARN.
func (x *Execution) region() string {
	parts := strings.SplitN(x.ARN, ":", 5)
	if len(parts) < 5 {
		return ""
	}
	return parts[3]
}

// random gives the next number of the execution's own sequence (splitmix64).
func (x *Execution) random() uint64 {
	x.Draws++
	z := x.Seed + x.Draws*0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
