package asltest

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"orderflow/statemachine/asl"
)

// A World makes small machines and events up.
type World struct {
	*rand.Rand
	names int
}

// NewWorld gives the same machines and events for the same seed.
func NewWorld(seed uint64) *World { return &World{Rand: rand.New(rand.NewPCG(seed, 0))} }

func (w *World) one(of ...string) string { return of[w.IntN(len(of))] }

func (w *World) Definition() string {
	timeout := w.one(``, ``, `"TimeoutSeconds":20,`)
	return `{"QueryLanguage":"JSONata",` + timeout + w.graph(0) + `}`
}

// graph is a chain of states, in which a Choice may lead back.
func (w *World) graph(depth int) string {
	n := 1 + w.IntN(3)
	first := w.names
	w.names += n
	name := func(i int) string { return fmt.Sprintf("S%d", first+i) }
	var states []string
	for i := range n {
		next := `"End":true`
		if i+1 < n {
			next = `"Next":"` + name(i+1) + `"`
		}
		states = append(states, `"`+name(i)+`":`+w.state(depth, next, name(n-1)))
	}
	return `"StartAt":"` + name(0) + `","States":{` + strings.Join(states, ",") + `}`
}

func (w *World) state(depth int, next, last string) string {
	handled := w.one(``, `"Retry":[{"ErrorEquals":["E","States.Timeout"],"MaxAttempts":2,"JitterStrategy":"FULL"}],`) +
		w.one(``, `"Catch":[{"ErrorEquals":["States.HeartbeatTimeout"],"Next":"`+last+`"},{"ErrorEquals":["States.ALL"],"Next":"`+last+`","Assign":{"v`+fmt.Sprint(depth)+`":"{% $states.errorOutput %}"}}],`)
	kinds := []string{"task", "task", "pass", "wait", "fail", "bad"}
	if depth < 3 {
		kinds = append(kinds, "parallel", "map", "parallel", "map")
	}
	switch w.one(kinds...) {
	case "task":
		return `{"Type":"Task","Resource":"arn:aws:` + w.one("lambda:us-east-1:000000000000:function:f", "states:::lambda:invoke", "states:::sns:publish.waitForTaskToken") + `",` +
			w.one(``, `"TimeoutSeconds":9,`) + w.one(``, `"HeartbeatSeconds":4,`) + handled + next + `}`
	case "wait":
		return `{"Type":"Wait","Seconds":` + w.one("0", "3", "50") + `,` + next + `}`
	case "fail":
		if strings.HasPrefix(next, `"End"`) {
			return `{"Type":"Fail","Error":"` + w.one("E", "F") + `"}`
		}
		return `{"Type":"Choice","Choices":[{"Condition":"{% $random() < 0.8 %}",` + next + `}]}`
	case "bad":
		return `{"Type":"Pass","Output":"{% $random() < 0.7 ? $states.input : $error('x') %}",` + next + `}`
	case "parallel":
		branches := make([]string, 1+w.IntN(3))
		for i := range branches {
			branches[i] = `{` + w.graph(depth+1) + `}`
		}
		return `{"Type":"Parallel","Branches":[` + strings.Join(branches, ",") + `],` + handled + next + `}`
	case "map":
		return `{"Type":"Map","Items":[` + w.one("", "1", "1,2,3") + `],"ItemProcessor":{` + w.graph(depth+1) + `},` +
			w.one(``, `"MaxConcurrency":1,`, `"MaxConcurrency":2,`) + w.one(``, ``, `"ToleratedFailureCount":1,`) + handled + next + `}`
	}
	return `{"Type":"Pass",` + next + `}`
}

// Happen tells the execution of something: mostly of a task that it waits
// for, at times of one that is over or never was.
func (w *World) Happen(p *Play) {
	if w.IntN(4) == 0 {
		p.Advance(time.Duration(w.IntN(5)) * time.Second)
		return
	}
	id := int64(1 + w.IntN(len(p.Tasks)+2))
	result := json.RawMessage(w.one(`1`, `{"a":[1]}`, `"x"`, `null`))
	switch w.IntN(13) {
	case 0, 1:
		p.Step(asl.TaskStarted{TaskID: id})
	case 2, 3:
		p.Step(asl.TaskSubmitted{TaskID: id, Output: result})
	case 4, 5, 6:
		p.Step(asl.TaskSucceeded{TaskID: id, Output: result})
	case 7, 8:
		p.Step(asl.TaskFailed{TaskID: id, Error: given(w.one("E", "F", "States.Timeout", "-"))})
	case 9:
		p.Step(asl.TaskHeartbeat{TaskID: id})
	case 10:
		p.Step(asl.TimerFired{TimerID: int64(1000 + w.IntN(5))})
	case 11:
		if w.IntN(20) == 0 {
			p.Step(asl.Stop{})
		}
	case 12:
		p.Step(asl.Redriven{})
	}
}
