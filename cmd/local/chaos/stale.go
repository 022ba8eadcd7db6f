package chaos

import (
	"encoding/json"
	"maps"
	"strings"
	"time"

	"orderflow/cmd/local/cloud/interpose"
	"orderflow/cmd/local/cloud/protocol"
)

// longestStale is how long Step Functions may not know an execution yet that
// it has started.
// https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html
const longestStale = time.Second

// aDay is how long it is remembered that an execution was started, so that
// starting it again does not make it new.
const aDay = 24 * time.Hour

// noteStart remembers when an execution was started.
func (w *Weather) noteStart(c *interpose.Call) {
	var in struct{ Name string }
	if c.Action != "StartExecution" || c.Outcome != "ok" || json.Unmarshal(c.Input, &in) != nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.rates[Stale] == 0 {
		return
	}
	maps.DeleteFunc(w.started, func(_ string, at time.Time) bool { return time.Since(at) > aDay })
	if _, again := w.started[in.Name]; !again {
		w.started[in.Name] = time.Now()
	}
}

// stale is what Step Functions answers about an execution that it does not
// know yet, nil if it does.
func (w *Weather) stale(c *interpose.Call) error {
	var in struct{ ExecutionArn string }
	if c.Action != "DescribeExecution" || json.Unmarshal(c.Input, &in) != nil {
		return nil
	}
	name := in.ExecutionArn[strings.LastIndexByte(in.ExecutionArn, ':')+1:]
	w.mu.Lock()
	at, known := w.started[name]
	w.mu.Unlock()
	if !known || time.Since(at) > longestStale || !w.happens(Stale, c) {
		return nil
	}
	return protocol.Errorf("ExecutionDoesNotExist", "Execution Does Not Exist: '%s'", in.ExecutionArn)
}
