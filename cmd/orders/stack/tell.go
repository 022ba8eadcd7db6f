package stack

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/bojanz/currency"

	"orderflow/lambdas/order"
	"orderflow/statemachine/asl"
	"orderflow/statemachine/journey"
)

// A teller makes sentences of what was found. Each fact is told once, by who
// knows most of it: what a consumer did by its log, or else by its row, or else
// by the answer that the execution got.
type teller struct {
	*findings
	moments []ranked

	published map[order.EventType]float64 // by which event of the history
	heard     map[string]bool             // consumer and event type, once it is dealt with
}

// ranked is a moment with its place among those of the same millisecond: the
// ID of the event of the history that it follows.
type ranked struct {
	Moment
	rank float64
}

func (f *findings) story() Story {
	t := &teller{findings: f, published: map[order.EventType]float64{}, heard: map[string]bool{}}
	t.findPublications()
	t.requests()
	for _, c := range f.consumers {
		t.consumer(c)
	}
	t.rows()
	t.execution()
	slices.SortStableFunc(t.moments, func(a, b ranked) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.rank, b.rank))
	})
	story := Story{Order: f.order, Journey: f.journey, Headline: t.headline()}
	for _, m := range t.moments {
		story.Moments = append(story.Moments, m.Moment)
	}
	return story
}

func (t *teller) tell(rank float64, m Moment) {
	m.At = m.At.UTC()
	t.moments = append(t.moments, ranked{m, rank})
}

// findPublications notes by which event of the history what was announced.
func (t *teller) findPublications() {
	if t.journey == nil {
		return
	}
	for _, e := range t.journey.Events {
		switch e.Type {
		case "TaskSubmitted", "TaskSucceeded":
			for _, a := range e.Visit.Attempts {
				if typ := publishedType(a.Arguments); typ != "" && t.published[typ] == 0 {
					t.published[typ] = float64(e.ID)
				}
			}
		}
	}
}

// publishedType is the event type in the arguments of a publish, or "".
func publishedType(arguments string) order.EventType {
	var publish struct {
		MessageAttributes struct {
			Type struct{ StringValue string } `json:"type"`
		}
	}
	if json.Unmarshal([]byte(arguments), &publish) != nil {
		return "" // not a publish
	}
	return order.EventType(publish.MessageAttributes.Type.StringValue)
}

// requests tells what was asked of the API. Who only looks changes nothing.
func (t *teller) requests() {
	posted, wasCancelled := false, false
	for _, l := range t.api {
		detail := "request " + l.RequestID
		switch l.Route {
		case "POST /orders":
			what, at := fmt.Sprintf("The shop's order arrived; the API answered %d.", l.Status), t.order.CreatedAt
			if posted { // the line before was written when the order was on its way already
				what, at = fmt.Sprintf("The shop sent the order again; the API answered %d, and it counts once.", l.Status), l.At
			}
			posted = true
			t.tell(0, Moment{at, "API", what, detail, Plain})
		case "POST /orders/{orderId}/cancel":
			what := cancelled(l.Status)
			if wasCancelled && l.Status == http.StatusAccepted {
				what = "The customer cancelled the order again, which changed nothing."
			}
			wasCancelled = wasCancelled || l.Status == http.StatusAccepted
			t.tell(0, Moment{l.At, "customer", what, detail, Plain})
		}
	}
	if !posted {
		t.tell(0, Moment{t.order.CreatedAt, "API", "The shop's order arrived.", "", Plain})
	}
}

func cancelled(status int) string {
	switch status {
	case http.StatusAccepted:
		return "The customer cancelled the order."
	case http.StatusConflict:
		return "The customer wanted to cancel the order, too late: it was decided."
	}
	return fmt.Sprintf("The customer wanted to cancel the order; the API answered %d.", status)
}

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
	if consumer == "" || t.heard[consumer+" "+consumer+".requested"] {
		return ""
	}
	return fmt.Sprintf("%s %s.", title(consumer), t.deed(consumer, order.EventType(consumer+".requested")))
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
	v, consumer := e.Visit, consumerOf(e.Visit)
	switch {
	case name == "States.Timeout" && consumer != "":
		return fmt.Sprintf("%s had not answered after %s, and was no longer waited for.", title(consumer), spell(e.Timestamp.Sub(v.Attempts[try-1].Scheduled))), Bad
	case consumer != "" && t.heard[consumer+" "+consumer+".requested"]:
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

// because is an error with its cause; that of a Lambda function is JSON.
func because(name, cause string) string {
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

// consumer tells what a consumer did with the messages about the order.
func (t *teller) consumer(c found) {
	kept := map[string][]string{} // what analytics kept, by invocation
	for i, r := range c.receptions {
		if c.redriven(i) {
			t.tell(t.published[r.eventType]+0.5, Moment{r.sent, "operator", fmt.Sprintf("The message was sent back to %s's queue.", c.name), "message " + r.messageID, Plain})
		}
		rank, at := t.published[r.eventType]+0.5, r.ended
		if at.IsZero() {
			at = r.at
		}
		what, mood, detail := "", Plain, "request "+r.requestID
		if c.name == "analytics" && r.outcome == eventDone {
			kept[r.requestID] = append(kept[r.requestID], string(r.eventType))
			if c.goesOn(i) {
				continue
			}
			what = fmt.Sprintf("Analytics kept %s.", strings.Join(kept[r.requestID], ", "))
		} else {
			what, mood = t.reception(c, r, i == len(c.receptions)-1)
			detail += ", message " + r.messageID
		}
		t.tell(rank, Moment{at, c.name, what, detail, mood})
	}
	for _, p := range c.places {
		if p.dead {
			what := fmt.Sprintf("%s was given up after %s, and lies in the dead-letter queue.", title(about(p.event)), times(c.received(p)))
			t.tell(t.published[p.event]+0.6, Moment{c.gaveUp(p), c.name, what, "message " + p.ID, Bad})
		}
	}
}

// goesOn tells whether more of the same batch was done.
func (c *found) goesOn(i int) bool {
	return slices.ContainsFunc(c.receptions[i+1:], func(r reception) bool {
		return r.requestID == c.receptions[i].requestID && r.outcome == eventDone
	})
}

// redriven tells whether a reception is the first of a message that was sent
// after another about the same event had failed.
func (c *found) redriven(i int) bool {
	r, failed := c.receptions[i], false
	for _, before := range c.receptions[:i] {
		if before.messageID == r.messageID {
			return false
		}
		if before.eventType == r.eventType && before.because != "" && before.at.Before(r.sent) {
			failed = true
		}
	}
	return failed
}

// gaveUp is when a dead letter was last tried, as far as is known.
func (c *found) gaveUp(p placed) time.Time {
	at := p.Sent
	for _, r := range c.receptions {
		if r.messageID == p.ID {
			at = r.at
			if r.ended.After(at) {
				at = r.ended
			}
		}
	}
	return at
}

// received is how often a consumer received a message: a dead letter's count
// goes on when it is looked at.
func (c *found) received(p placed) int {
	n := 0
	for _, r := range c.receptions {
		if r.messageID == p.ID {
			n = max(n, r.count)
		}
	}
	if n == 0 {
		return p.Receives
	}
	return n
}

// reception tells one time that a consumer received a message.
func (t *teller) reception(c found, r reception, last bool) (string, Mood) {
	key := c.name + " " + string(r.eventType)
	received := fmt.Sprintf("%s received %s%s", title(c.name), about(r.eventType), nth(r.count))
	switch {
	case r.because != "" && r.outcome != "":
		return fmt.Sprintf("%s and failed: %s.", received, clip(r.because)), Bad
	case r.because != "":
		return fmt.Sprintf("%s and did not finish: %s.", received, r.because), Bad
	case r.outcome == "" && last && t.now.Sub(r.at) < longest:
		return received + " and is working on it.", Waiting
	case r.outcome == "":
		return received + "; what became of it is not known.", Plain
	case t.heard[key]:
		return fmt.Sprintf("%s received %s once more, which changed nothing.", title(c.name), about(r.eventType)), Plain
	}
	t.heard[key] = true
	mood := Good
	if r.eventType == order.OrderCancelled {
		mood = Plain
	}
	switch {
	case r.outcome == eventRefused:
		return t.refused(c.name, received)
	case r.outcome == eventTooLate:
		return received + ", too late: nobody waited for the answer any more.", Plain
	case c.name == "notification" && r.count <= 1:
		return fmt.Sprintf("The customer was told by mail that %s.", t.news(r.eventType)), mood
	}
	return fmt.Sprintf("%s and %s.", received, t.deed(c.name, r.eventType)), mood
}

// longest is how long a function may work on a message.
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-timeout.html
const longest = 15 * time.Minute

// refused says why a consumer refused a request, as the execution was told.
func (t *teller) refused(consumer, received string) (string, Mood) {
	name, cause := "", ""
	if t.journey != nil {
		for _, v := range t.journey.Visits {
			if consumerOf(v) == consumer && v.Error != nil {
				name, cause = *v.Error, aws.ToString(v.Cause)
			}
		}
	}
	if name == (order.OrderEnded{}).Code() {
		return received + ", too late: the order was decided.", Plain
	}
	why := reason(because(name, cause))
	if why == "" && t.order.Failure != nil {
		why = reason(t.order.Failure.Detail)
	}
	return fmt.Sprintf("%s and refused it%s.", received, colon(clip(why))), Bad
}

// about names what a message is about.
func about(typ order.EventType) string {
	switch typ {
	case order.InventoryRequested, order.ShipmentRequested:
		return "the request"
	case order.Placed:
		return "the news that the order has arrived"
	case order.OrderConfirmed:
		return "the confirmation"
	case order.OrderCancelled:
		return "the cancellation"
	}
	return string(typ)
}

// deed is what a consumer does with an event.
func (t *teller) deed(consumer string, typ order.EventType) string {
	switch consumer + " " + string(typ) {
	case "inventory inventory.requested":
		return fmt.Sprintf("set %s aside", t.items())
	case "inventory order.confirmed":
		return fmt.Sprintf("handed %s over", t.items())
	case "inventory order.cancelled":
		if len(t.reservation.Lines) == 0 {
			return "had nothing set aside to put back"
		}
		return fmt.Sprintf("put %s back", t.items())
	case "shipment shipment.requested":
		if t.shipment.TrackingNumber == "" {
			return "booked a parcel"
		}
		return fmt.Sprintf("booked a parcel with %s, %s", t.shipment.Carrier, t.shipment.TrackingNumber)
	case "shipment order.confirmed":
		return "sent the parcel off"
	case "shipment order.cancelled":
		if t.shipment.TrackingNumber == "" {
			return "had no parcel to call back"
		}
		return "called the parcel back"
	case "analytics " + string(typ):
		return "kept it"
	case "notification " + string(typ):
		return "told the customer by mail that " + t.news(typ)
	}
	return "dealt with it"
}

// news is what a customer is told.
func (t *teller) news(typ order.EventType) string {
	switch typ {
	case order.Placed:
		return "the order has arrived"
	case order.OrderConfirmed:
		return "the order is confirmed"
	case order.OrderCancelled:
		switch t.order.Status {
		case order.Rejected:
			return "the order is rejected"
		case order.Cancelled:
			return "the order is cancelled"
		}
		return "the order has failed"
	}
	return string(typ)
}

// rows tells what consumers keep of the order and no log told.
func (t *teller) rows() {
	if at := t.reservation.ReservedAt; len(t.reservation.Lines) > 0 && !t.heard["inventory inventory.requested"] {
		t.heard["inventory inventory.requested"] = true
		t.tell(t.published[order.InventoryRequested]+0.5, Moment{at, "inventory", fmt.Sprintf("Inventory set %s aside.", t.items()), "", Good})
	}
	if at := t.shipment.BookedAt; t.shipment.TrackingNumber != "" && !t.heard["shipment shipment.requested"] {
		t.heard["shipment shipment.requested"] = true
		t.tell(t.published[order.ShipmentRequested]+0.5, Moment{at, "shipment", fmt.Sprintf("Shipment %s.", t.deed("shipment", order.ShipmentRequested)), "", Good})
	}
	for _, m := range t.mails {
		if !t.heard["notification "+string(m.EventType)] {
			t.tell(t.published[m.EventType]+0.5, Moment{m.SentAt, "notification", fmt.Sprintf("The customer was told by mail that %s.", t.news(m.EventType)), "mail " + m.MessageID, Good})
		}
	}
}

// items are what the order is for: 2 × MUG-BLUE, 1 × TEAPOT-4.
func (t *teller) items() string {
	var parts []string
	for _, l := range t.order.Lines {
		parts = append(parts, fmt.Sprintf("%d × %s", l.Quantity, l.SKU))
	}
	if len(parts) == 0 {
		for _, i := range order.Merge(t.order.Items) {
			parts = append(parts, fmt.Sprintf("%d × %s", i.Quantity, i.SKU))
		}
	}
	return strings.Join(parts, ", ")
}

func (t *teller) total() string {
	if t.order.Total == nil {
		return "what is not kept"
	}
	amount, err := currency.NewAmountFromInt64(t.order.Total.Amount, t.order.Total.Currency)
	if err != nil { // a currency that the library does not know
		return fmt.Sprintf("%d %s", t.order.Total.Amount, t.order.Total.Currency)
	}
	return amount.String()
}

// title is a name at the beginning of a sentence.
func title(name string) string {
	if name == "" {
		return ""
	}
	return strings.ToUpper(name[:1]) + name[1:]
}

// clip is an error that fits in a sentence.
func clip(s string) string {
	const most = 160 // characters
	s, _, _ = strings.Cut(s, "\n")
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return strings.TrimSuffix(s, ".")
}

// nth says which time it is, from the second on.
func nth(n int) string {
	words := []string{"", "", " for the second time", " for the third time", " for the fourth time", " for the fifth time"}
	if n < len(words) {
		return words[max(n, 0)]
	}
	return fmt.Sprintf(" for the %dth time", n) // 21st is rarer than a wrong word is bad
}

func times(n int) string {
	if n == 1 {
		return "1 try"
	}
	return fmt.Sprintf("%d tries", n)
}

// spell is a duration as people say it.
func spell(d time.Duration) string {
	switch {
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < 2*time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", int(d.Hours()))
	}
	return fmt.Sprintf("%d days", int(d.Hours()/24))
}
