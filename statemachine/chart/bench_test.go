package chart_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"orderflow/statemachine"
	"orderflow/statemachine/chart"
)

func BenchmarkOrder(b *testing.B) { draw(b, statemachine.Definition) }

// BenchmarkPipeline draws 500 states: a line of tasks that all are caught,
// with choices that skip a part and loops that try again.
func BenchmarkPipeline(b *testing.B) {
	const n = 500
	name := func(i int) string { return fmt.Sprintf("Step%d", min(i, n)) }
	states := machine{name(n): machine{"Type": "Succeed"}}
	for i := range n {
		catch := []machine{{"ErrorEquals": []string{"States.ALL"}, "Next": fmt.Sprintf("Cleanup%d", i/50)}}
		switch i % 5 {
		case 3:
			states[name(i)] = machine{"Type": "Choice", "Default": name(i + 1), "Choices": []machine{
				{"Condition": "{% $skip %}", "Next": name(i + 6)}, {"Condition": "{% $again %}", "Next": name(i - 3)},
			}}
		default:
			states[name(i)] = machine{"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Catch": catch, "Next": name(i + 1)}
		}
		states[fmt.Sprintf("Cleanup%d", i/50)] = machine{"Type": "Fail"}
	}
	definition, err := json.Marshal(machine{"StartAt": name(0), "States": states})
	if err != nil {
		b.Fatal(err)
	}
	draw(b, definition)
}

func BenchmarkInvented(b *testing.B) { draw(b, invent(51, 200)) }

func draw(b *testing.B, definition []byte) {
	var c *chart.Chart
	for b.Loop() {
		var err error
		if c, err = chart.Draw(definition); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(c.Nodes)), "nodes/op")
	b.ReportMetric(float64(len(c.Edges)), "edges/op")
}
