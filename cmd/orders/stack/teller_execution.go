package stack

import (
	"encoding/json"
	"fmt"
	"strings"

	"orderflow/statemachine/asl"
	"orderflow/statemachine/journey"
)

// execution tells what the state machine did.
func (t *teller) execution() {
	if t.journey == nil {
		return
	}
	tries := map[*journey.Visit]int{}
	published := map[*journey.Visit]journey.Event{}
	for _, e := range t.journey.Events {
		if strings.HasSuffix(e.Type, "Scheduled") {
			tries[e.Visit]++
		}
		if d, ok := e.Details.(*asl.TaskScheduledDetails); ok && publishedType(d.Parameters) != "" {
			published[e.Visit] = e
		}
		what, mood := t.event(e, tries[e.Visit])
		if what == "" {
			continue
		}
		who := "execution"
		if e.Visit != nil {
			who = e.Visit.State
		}
		at := e
		if p, ok := published[e.Visit]; ok && (e.Type == "TaskSubmitted" || e.Visit.Outcome == journey.Succeeded && strings.HasSuffix(e.Type, "StateExited")) {
			at = p // who heard of it may have acted before SNS answered
		}
		t.tell(float64(at.ID), Moment{at.Timestamp, who, what, t.detail(e, tries[e.Visit]), mood})
	}
}

// detail is where an engineer finds an event: in the history, and in the log of
// the function that it is about.
func (t *teller) detail(e journey.Event, try int) string {
	detail := fmt.Sprintf("event %d", e.ID)
	if e.Visit == nil || e.Visit.State != "ValidateOrder" || try == 0 {
		return detail
	}
	began := e.Visit.Attempts[try-1].Scheduled
	for _, l := range t.validation {
		if !l.At.Before(began) && !l.At.After(e.Timestamp) {
			return detail + ", request " + l.RequestID
		}
	}
	return detail
}

// event says what an event of the history means, "" if that is told elsewhere
// or goes without saying. try counts the attempts at its state so far.
func (t *teller) event(e journey.Event, try int) (string, Mood) {
	switch e.Type {
	case "ExecutionRedriven":
		return "An operator redrove the execution: it went on where it had failed.", Plain
	case "ExecutionFailed":
		return "The execution ended as failed, which raises the alarm.", Bad
	case "ExecutionTimedOut":
		return "The execution was out of time.", Bad
	case "ExecutionAborted":
		return "The execution was stopped" + colon(FailureOf(e.HistoryEvent)) + ".", Bad
	case "TaskSubmitted":
		return t.asked(e.Visit), Plain
	}
	switch {
	case e.Visit == nil:
		return "", Plain
	case strings.HasSuffix(e.Type, "StateAborted"):
		if consumer := consumerOf(e.Visit); consumer != "" && e.Visit.Outcome == journey.Aborted {
			return fmt.Sprintf("The wait for %s was given up.", consumer), Plain
		}
	case e.Type == "TaskSucceeded":
		return t.answered(e.Visit), Good
	case strings.HasSuffix(e.Type, "StateExited") && e.Visit.Outcome == journey.Succeeded:
		return t.done(e.Visit)
	case failed(e.HistoryEvent):
		return t.failed(e, try)
	}
	return "", Plain
}

// asked says what a state wants from a consumer.
func (t *teller) asked(v *journey.Visit) string {
	switch consumerOf(v) {
	case "":
		return ""
	case "inventory":
		return fmt.Sprintf("Inventory was asked to set %s aside.", t.items())
	case "shipment":
		return fmt.Sprintf("Shipment was asked to book a parcel to %s.", t.order.ShippingAddress.Country)
	}
	return fmt.Sprintf("%s was asked, and its answer is waited for.", title(consumerOf(v)))
}

// answered says that a consumer answered, unless its log said so.
func (t *teller) answered(v *journey.Visit) string {
	consumer := consumerOf(v)
	if consumer == "" || t.dealt[answering(consumer)] {
		return ""
	}
	return fmt.Sprintf("%s %s.", title(consumer), t.deed(consumer, requestTo(consumer)))
}

// consumerOf is the consumer whose answer a state waits for, or waited; "" if
// it waits for none.
func consumerOf(v *journey.Visit) string {
	if v == nil || len(v.Attempts) == 0 {
		return ""
	}
	last := v.Attempts[len(v.Attempts)-1]
	if last.Submitted.IsZero() {
		return ""
	}
	consumer, _ := strings.CutSuffix(string(publishedType(last.Arguments)), ".requested")
	return consumer
}

// done says what a state has brought about.
func (t *teller) done(v *journey.Visit) (string, Mood) {
	switch v.State {
	case "ValidateOrder":
		return fmt.Sprintf("The order was checked against the catalogue, and costs %s.", t.total()), Plain
	case "PersistOrder":
		return "The order was stored, PENDING.", Plain
	case "AnnounceOrder":
		return "It was announced that the order has arrived.", Plain
	case "ConfirmOrder":
		return "The order was CONFIRMED.", Good
	case "AnnounceConfirmed":
		return "The confirmation was announced.", Plain
	case "CancelOrder":
		return fmt.Sprintf("The order was decided: %s.", t.order.Status), Bad
	case "ReadDecision":
		return fmt.Sprintf("What others had decided meanwhile was read: %s.", t.order.Status), Plain
	case "AnnounceCancelled":
		return "It was announced that the order will not happen, so that what was done for it is taken back.", Plain
	}
	if v.Type != "Task" || consumerOf(v) != "" {
		return "", Plain
	}
	return fmt.Sprintf("%s was done.", v.State), Plain
}

// failed says what went wrong at a state, unless a consumer's log said so.
func (t *teller) failed(e journey.Event, try int) (string, Mood) {
	name, cause := failureOf(e.HistoryEvent)
	because := clip(because(name, cause))
	v, consumer := e.Visit, ""
	if try > 0 && !v.Attempts[try-1].Submitted.IsZero() { // or else it was never asked
		consumer = consumerOf(v)
	}
	switch {
	case name == "States.Timeout" && consumer != "":
		return fmt.Sprintf("%s had not answered after %s, and was no longer waited for.", title(consumer), spell(e.Timestamp.Sub(v.Attempts[try-1].Scheduled))), Bad
	case consumer != "" && t.dealt[answering(consumer)]:
		return "", Plain // the refusal
	case consumer != "":
		return fmt.Sprintf("%s refused: %s.", title(consumer), reason(because)), Bad
	case name == "InvalidOrder":
		return fmt.Sprintf("The order is invalid: %s.", reason(because)), Bad
	case name == "DynamoDB.ConditionalCheckFailedException":
		return "Somebody else had decided the order first.", Plain
	case try < len(v.Attempts):
		return fmt.Sprintf("%s failed, and was tried again: %s.", v.State, because), Bad
	case v.Retrying():
		return fmt.Sprintf("%s failed, and will be tried again: %s.", v.State, because), Bad
	}
	return fmt.Sprintf("%s failed: %s.", v.State, because), Bad
}

// failed tells whether an event of a state is a failure.
func failed(e asl.HistoryEvent) bool {
	switch e.Type {
	case "TaskFailed", "TaskTimedOut", "LambdaFunctionFailed", "LambdaFunctionTimedOut", "TaskStartFailed", "TaskSubmitFailed", "EvaluationFailed":
		return true
	}
	return false
}

// FailureOf is the error and cause of an event of a history, "" if it has none.
func FailureOf(e asl.HistoryEvent) string { return clip(because(failureOf(e))) }

func failureOf(e asl.HistoryEvent) (name, cause string) {
	text, err := json.Marshal(e.Details)
	if err != nil {
		return "", ""
	}
	var failed struct{ Error, Cause string }
	if json.Unmarshal(text, &failed) != nil {
		return "", ""
	}
	return failed.Error, failed.Cause
}

// because is an error with its cause. That of a Lambda function is JSON; that of
// a service ends with what only its support can read.
func because(name, cause string) string {
	cause, _, _ = strings.Cut(cause, " (Service: ")
	var thrown struct {
		Message string `json:"errorMessage"`
	}
	if json.Unmarshal([]byte(cause), &thrown) == nil && thrown.Message != "" {
		cause = thrown.Message
	}
	switch {
	case cause == "":
		return name
	case name == "":
		return cause
	}
	return name + ": " + cause
}

// reason is a refusal without the names that programs know it by.
func reason(s string) string {
	for _, prefix := range []string{"OutOfStock: ", "ShipmentRefused: ", "InvalidOrder: ", "validation: ", "inventory: ", "shipment: "} {
		s = strings.TrimPrefix(s, prefix)
	}
	return strings.TrimSuffix(s, ".")
}

func colon(s string) string {
	if s == "" {
		return ""
	}
	return ": " + s
}
