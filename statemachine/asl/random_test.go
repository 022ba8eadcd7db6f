package asl_test

import (
	"testing"

	"orderflow/statemachine/asl"
	"orderflow/statemachine/asl/asltest"
)

// Small random machines, told random events in a random order: whatever
// happens, the rules that a play checks hold, and the history is well formed.
func FuzzStep(f *testing.F) {
	for seed := range uint64(100) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		w := asltest.NewWorld(seed)
		definition := w.Definition()
		defer func() {
			if t.Failed() {
				t.Log(definition)
			}
		}()
		p := asltest.New(t, definition, `{"n":[1,{"a":2},"c"]}`)
		for range 60 {
			w.Happen(p)
		}
		p.Step(asl.Stop{}) // if it has not ended by now
		if p.End == nil {
			t.Errorf("the execution does not end:\n%s", p.History())
		}
	})
}
