package stack

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"orderflow/lambdas/order"
	"orderflow/statemachine/asl"
)

// A teller makes sentences of what was found. Each fact is told once, by who
// knows most of it: what a consumer did by its log, or else by its row, or else
// by the answer that the execution got.
type teller struct {
	*findings
	moments []ranked

	published map[order.EventType]float64 // by which event of the history
	dealt     map[dealing]bool            // once a log or a row says so
}

// A dealing is what a consumer does about an event.
type dealing struct {
	consumer string
	event    order.EventType
}

// requestTo is the event that asks a consumer for an answer.
func requestTo(consumer string) order.EventType { return order.EventType(consumer + ".requested") }

// answering is a consumer's dealing with what it is asked.
func answering(consumer string) dealing { return dealing{consumer, requestTo(consumer)} }

// ranked is a moment with its place among those of the same millisecond: the
// ID of the event of the history that it follows.
type ranked struct {
	Moment
	rank float64
}

func (f *findings) story() Story {
	t := &teller{findings: f, published: map[order.EventType]float64{}, dealt: map[dealing]bool{}}
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
	m.At, m.What = m.At.UTC(), strings.ReplaceAll(m.What, "….", "…")
	t.moments = append(t.moments, ranked{m, rank})
}

// findPublications notes by which event of the history what was announced.
func (t *teller) findPublications() {
	if t.journey == nil {
		return
	}
	for _, e := range t.journey.Events {
		if d, ok := e.Details.(*asl.TaskScheduledDetails); ok {
			if typ := publishedType(d.Parameters); typ != "" {
				t.published[typ] = float64(e.ID)
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

// rows tells what consumers keep of the order and no log told.
func (t *teller) rows() {
	if at := t.reservation.ReservedAt; len(t.reservation.Lines) > 0 && !t.dealt[answering("inventory")] {
		t.dealt[answering("inventory")] = true
		t.tell(t.published[order.InventoryRequested]+0.5, Moment{at, "inventory", fmt.Sprintf("Inventory set %s aside.", t.items()), "", Good})
	}
	if at := t.shipment.BookedAt; t.shipment.TrackingNumber != "" && !t.dealt[answering("shipment")] {
		t.dealt[answering("shipment")] = true
		t.tell(t.published[order.ShipmentRequested]+0.5, Moment{at, "shipment", fmt.Sprintf("Shipment %s.", t.deed("shipment", order.ShipmentRequested)), "", Good})
	}
	for _, m := range t.mails {
		if !t.dealt[dealing{"notification", m.EventType}] {
			t.tell(t.published[m.EventType]+0.5, Moment{m.SentAt, "notification", fmt.Sprintf("The customer was told by mail that %s.", t.news(m.EventType)), "mail " + m.MessageID, Good})
		}
	}
}
