package chart_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
)

// A machine is a definition, and its parts.
type machine = map[string]any

// An inventor makes machines up.
type inventor struct {
	*rand.Rand
	names int
}

func invent(seed uint64, states int) []byte {
	v := &inventor{Rand: rand.New(rand.NewPCG(seed, 0))}
	text, err := json.Marshal(v.scope(0, 1+v.IntN(states)))
	if err != nil {
		panic(err)
	}
	return text
}

// name is a new one, long or short.
func (v *inventor) name() string {
	v.names++
	return fmt.Sprintf("S%d%s", v.names, strings.Repeat("ö", v.IntN(4)*v.IntN(20)))
}

// scope has states that mostly lead to the next one, at times elsewhere, some
// of which nothing leads to.
func (v *inventor) scope(depth, n int) machine {
	names := make([]string, n)
	for i := range names {
		names[i] = v.name()
	}
	states := machine{}
	for i, name := range names {
		states[name] = v.state(depth, i, names)
	}
	return machine{"StartAt": names[0], "States": states}
}

func (v *inventor) state(depth, i int, names []string) machine {
	anywhere := func() string { return names[v.IntN(len(names))] }
	s := machine{}
	kind := v.IntN(12)
	switch {
	case kind < 3:
		rules := make([]machine, 1+v.IntN(5))
		for j := range rules {
			rules[j] = machine{"Condition": "{% " + strings.Repeat("$x ", 1+v.IntN(12)) + "%}", "Next": anywhere()}
		}
		s["Type"], s["Choices"] = "Choice", rules
		if v.IntN(2) == 0 {
			s["Default"] = names[min(i+1, len(names)-1)]
		}
		return s
	case kind == 3:
		s["Type"] = []string{"Succeed", "Fail"}[v.IntN(2)]
		return s
	case kind < 6 && depth < 3:
		branches := make([]machine, 1+v.IntN(3))
		for j := range branches {
			branches[j] = v.scope(depth+1, 1+v.IntN(5))
		}
		if kind == 4 {
			s["Type"], s["ItemProcessor"] = "Map", branches[0]
		} else {
			s["Type"], s["Branches"] = "Parallel", branches
		}
	default:
		s["Type"], s["Resource"] = "Task", "arn:aws:states:::lambda:invoke"
	}
	switch {
	case v.IntN(10) == 0:
		s["Next"] = anywhere()
	case i+1 < len(names):
		s["Next"] = names[i+1]
	default:
		s["End"] = true
	}
	catchers := make([]machine, v.IntN(2)*v.IntN(4))
	for j := range catchers {
		catchers[j] = machine{"ErrorEquals": []string{"States.ALL", strings.Repeat("Error", 1+v.IntN(6))}[:1+v.IntN(2)], "Next": anywhere()}
	}
	if v.IntN(2) == 0 && len(catchers) > 0 {
		catchers[0]["Next"] = names[len(names)-1] // where many end up
	}
	s["Catch"] = catchers
	return s
}
