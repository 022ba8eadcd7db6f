package stack

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"orderflow/lambdas/order"
)

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
			if typ := string(r.eventType); !slices.Contains(kept[r.requestID], typ) {
				kept[r.requestID] = append(kept[r.requestID], typ)
			}
			if c.goesOn(i) {
				continue
			}
			what = fmt.Sprintf("Analytics kept %s.", strings.Join(kept[r.requestID], ", "))
		} else {
			what, mood = t.reception(c, r, i == len(c.receptions)-1)
			if r.outcome == eventTooLate { // whoever was in time was so before
				rank += 0.1
			}
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

// did tells whether the consumer was in time with an event, maybe by another
// copy of its message.
func (c *found) did(typ order.EventType) bool {
	return slices.ContainsFunc(c.receptions, func(r reception) bool {
		return r.eventType == typ && (r.outcome == eventDone || r.outcome == eventRefused)
	})
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
	key := dealing{c.name, r.eventType}
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
	case t.dealt[key] || r.outcome == eventTooLate && c.did(r.eventType):
		return fmt.Sprintf("%s received %s once more, which changed nothing.", title(c.name), about(r.eventType)), Plain
	}
	t.dealt[key] = true
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
