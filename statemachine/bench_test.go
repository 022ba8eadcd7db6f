package statemachine_test

import (
	"encoding/json"
	"testing"
	"time"

	"orderflow/statemachine/asl"
)

// BenchmarkConfirmedOrder is the core's share of an order that goes well: 8
// states, every event of its history, and that history as JSON.
func BenchmarkConfirmedOrder(b *testing.B) {
	m := machine(b)
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	results := map[string]json.RawMessage{}
	for state, answers := range confirmed() {
		results[state] = json.RawMessage(answers[0].result)
	}
	params := asl.Params{
		ExecutionARN:  "arn:aws:states:us-east-1:000000000000:execution:orders:" + orderID,
		ExecutionName: orderID, StateMachineName: "orders", Input: json.RawMessage(input), Now: start, Seed: 7,
	}
	events := 0
	for b.Loop() {
		events = 0
		var tasks []asl.ScheduleTask
		follow := func(commands []asl.Command) {
			for _, c := range commands {
				switch c := c.(type) {
				case asl.Record:
					events++
				case asl.ScheduleTask:
					tasks = append(tasks, c)
				}
			}
		}
		x, commands := m.Start(params)
		follow(commands)
		for i := 0; i < len(tasks); i++ {
			task := tasks[i]
			follow(m.Step(x, start, asl.TaskStarted{TaskID: task.TaskID}))
			if task.WaitForToken {
				follow(m.Step(x, start, asl.TaskSubmitted{TaskID: task.TaskID, Output: json.RawMessage(published)}))
			}
			follow(m.Step(x, start, asl.TaskSucceeded{TaskID: task.TaskID, Output: results[task.State]}))
		}
		if x.Status != asl.Succeeded {
			b.Fatalf("the order ends %s", x.Status)
		}
	}
	b.ReportMetric(float64(events), "events/op")
}

// BenchmarkWaitingExecution is what it costs to store an order that waits for
// inventory and shipment, and to take it up again.
func BenchmarkWaitingExecution(b *testing.B) {
	m := machine(b)
	x, commands := m.Start(asl.Params{ExecutionName: orderID, Input: json.RawMessage(input), Now: time.Unix(0, 0), Seed: 7})
	for _, result := range []string{validated, `{}`} {
		for _, c := range commands {
			if task, ok := c.(asl.ScheduleTask); ok {
				commands = m.Step(x, time.Unix(0, 0), asl.TaskSucceeded{TaskID: task.TaskID, Output: json.RawMessage(result)})
				break
			}
		}
	}
	var stored []byte
	for b.Loop() {
		stored, _ = json.Marshal(x)
		if err := json.Unmarshal(stored, new(asl.Execution)); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(stored)), "bytes/execution")
}
