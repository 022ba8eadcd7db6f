package stack

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"orderflow/lambdas/order"
	"orderflow/statemachine/asl"
	"orderflow/statemachine/journey"
)

// headline says where the order is now and why.
func (t *teller) headline() string {
	var sentences []string
	switch t.order.Status {
	case order.Pending:
		return t.pending()
	case order.Confirmed:
		sentences = append(sentences, t.confirmed())
	case order.Cancelled:
		sentences = append(sentences, "Cancelled: the customer cancelled the order before it was confirmed.")
	case order.Rejected:
		sentences = append(sentences, "Rejected"+colon(t.failure())+".")
	case order.Failed:
		sentences = append(sentences, "Failed"+colon(t.failure())+".")
	}
	return strings.Join(append(sentences, t.loose()...), " ")
}

func (t *teller) confirmed() string {
	s := fmt.Sprintf("Confirmed: %s", t.items())
	switch t.shipment.Status {
	case "DISPATCHED":
		s += fmt.Sprintf(" went off with %s as %s", t.shipment.Carrier, t.shipment.TrackingNumber)
	case "BOOKED":
		s += fmt.Sprintf(" will go off with %s as %s", t.shipment.Carrier, t.shipment.TrackingNumber)
	}
	return s + "."
}

// failure is why the order was not confirmed.
func (t *teller) failure() string {
	if t.order.Failure == nil {
		return ""
	}
	if t.order.Failure.Code == "States.Timeout" && t.journey != nil {
		for _, v := range t.journey.Visits {
			if consumer := consumerOf(v); consumer != "" && v.Error != nil && *v.Error == "States.Timeout" {
				return fmt.Sprintf("%s did not answer within %s", consumer, spell(v.Took(t.now)))
			}
		}
	}
	detail := reason(t.order.Failure.Detail)
	if t.order.Status == order.Failed {
		return fmt.Sprintf("%s (%s)", detail, t.order.Failure.Code)
	}
	return detail
}

// loose are the ends that a decided order has still to be tied up at.
func (t *teller) loose() (sentences []string) {
	if t.journey != nil && t.journey.Status != asl.Running && t.journey.Status != asl.Succeeded && t.order.Status != order.Failed {
		sentences = append(sentences, fmt.Sprintf("But its execution ended as %s before all were told: redrive it.", t.journey.Status))
	}
	if t.journey != nil && t.journey.Status == asl.Running {
		for _, v := range t.journey.Now() {
			sentences = append(sentences, t.where(v))
		}
	}
	for _, c := range t.consumers {
		for _, p := range c.places {
			if !p.over() {
				sentences = append(sentences, t.whereIs(c, p))
			}
		}
		sentences = append(sentences, c.inVain()...)
	}
	return sentences
}

// inVain tells of messages about a decided order that were last received in
// vain, where nobody can look for them in the queues.
func (c *found) inVain() (sentences []string) {
	last := map[order.EventType]reception{}
	for _, r := range c.receptions {
		last[r.eventType] = r
	}
	for _, typ := range []order.EventType{order.Placed, order.OrderConfirmed, order.OrderCancelled} {
		r := last[typ]
		placed := slices.ContainsFunc(c.places, func(p placed) bool { return p.event == typ })
		if r.because != "" && !placed && !c.peeked {
			sentences = append(sentences, fmt.Sprintf("%s is not through with %s: it was received %s, the last time in vain: %s.", title(c.name), about(typ), often(r.count), clip(r.because)))
		}
	}
	return sentences
}

// over tells of a message about a decided order whether nothing depends on it
// any more: it is a request, or analytics' copy of one.
func (p placed) over() bool { return strings.HasSuffix(string(p.event), ".requested") }

// pending says what a pending order waits for.
func (t *teller) pending() string {
	if t.journey == nil || t.journey.Status != asl.Running {
		ended := "is no longer kept"
		if t.journey != nil {
			ended = fmt.Sprintf("has ended as %s", t.journey.Status)
		}
		return fmt.Sprintf("Undecided, though its execution %s: reconciliation decides it within the hour.", ended)
	}
	var sentences []string
	for _, v := range t.journey.Now() {
		sentences = append(sentences, t.where(v))
	}
	if len(sentences) == 0 {
		return "On its way: its execution is between two states."
	}
	return strings.Join(sentences, " ")
}

// where says what a state is at.
func (t *teller) where(v *journey.Visit) string {
	since := spell(v.Took(t.now))
	if consumer := consumerOf(v); consumer != "" {
		return fmt.Sprintf("Waiting for %s since %s: %s.", consumer, since, t.message(consumer, requestTo(consumer)))
	}
	if v.Retrying() {
		because := because(aws.ToString(v.Error), aws.ToString(v.Cause))
		return fmt.Sprintf("%s has failed %s and will be tried again: %s.", v.State, often(len(v.Attempts)), clip(because))
	}
	return fmt.Sprintf("In %s since %s.", v.State, since)
}

// message says where the message is that a consumer should answer.
func (t *teller) message(consumer string, typ order.EventType) string {
	for _, c := range t.consumers {
		if c.name != consumer {
			continue
		}
		for _, p := range c.places {
			if p.event == typ {
				return t.place(c, p)
			}
		}
		var last *reception
		for i, r := range c.receptions {
			if r.eventType == typ {
				last = &c.receptions[i]
			}
		}
		switch {
		case last != nil && last.because != "":
			return fmt.Sprintf("it received the request %s, the last time in vain: %s", often(last.count), clip(last.because))
		case last != nil && last.outcome == "":
			return fmt.Sprintf("it received the request %s ago and works on it", spell(t.now.Sub(last.at)))
		case last != nil:
			return "it has dealt with the request, and the answer is on its way"
		case c.peeked:
			return "the message has not reached its queue yet"
		}
		return fmt.Sprintf("it has not received the request yet; %s wait in its queue, %d are being worked on", messages(c.queue.Visible), c.queue.InFlight)
	}
	return "there is no such consumer"
}

// whereIs is a sentence about a message that was not dealt with.
func (t *teller) whereIs(c found, p placed) string {
	return fmt.Sprintf("%s is not through with %s: %s.", title(c.name), about(p.event), t.place(c, p))
}

// place says where a message is, and what comes next.
func (t *teller) place(c found, p placed) string {
	because := ""
	working := false
	for _, r := range c.receptions {
		if r.messageID == p.ID {
			because, working = clip(r.because), r.ended.IsZero() && t.now.Sub(r.at) < longest
		}
	}
	switch {
	case p.dead:
		return fmt.Sprintf("the message was received %s in vain and lies in %s's dead-letter queue%s", often(c.received(p)), c.name, colon(because))
	case p.Receives == 0 && p.VisibleAt.After(t.now):
		return fmt.Sprintf("the message is in %s's queue and can be received in %s", c.name, spell(p.VisibleAt.Sub(t.now)))
	case p.Receives == 0:
		return fmt.Sprintf("the message is in %s's queue since %s and was not received yet", c.name, spell(t.now.Sub(p.Sent)))
	case p.VisibleAt.After(t.now) && working:
		return fmt.Sprintf("%s received the message %s and works on it; if it does not finish, the next try is in %s", c.name, often(p.Receives), spell(p.VisibleAt.Sub(t.now)))
	case p.VisibleAt.After(t.now):
		return fmt.Sprintf("the message is in %s's queue, received %s, next try in %s%s", c.name, often(p.Receives), spell(p.VisibleAt.Sub(t.now)), colon(because))
	}
	return fmt.Sprintf("the message is in %s's queue, received %s, and can be received again at any time%s", c.name, often(p.Receives), colon(because))
}

func often(n int) string {
	switch n {
	case 1:
		return "once"
	case 2:
		return "twice"
	}
	return fmt.Sprintf("%d times", n)
}

func messages(n int) string {
	if n == 1 {
		return "1 message"
	}
	return fmt.Sprintf("%d messages", n)
}
