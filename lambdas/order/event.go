package order

import (
	"encoding/json"
	"fmt"
	"time"
)

// EventType names what an event tells. It travels in the event and again as
// the message attribute "type", on which subscriptions filter.
type EventType string

const (
	InventoryRequested EventType = "inventory.requested"
	ShipmentRequested  EventType = "shipment.requested"
	Placed             EventType = "order.placed"
	OrderConfirmed     EventType = "order.confirmed"
	OrderCancelled     EventType = "order.cancelled" // decided otherwise: see Data.Status
)

// Event is a CloudEvents 1.0 event in JSON, as the state machine publishes it
// to the orders topic. Its golden files are in testdata/events.
// https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md
type Event struct {
	SpecVersion     string    `json:"specversion"`
	ID              string    `json:"id"` // execution name and state: a retried publish repeats it
	Source          string    `json:"source"`
	Type            EventType `json:"type"`
	Subject         string    `json:"subject"` // the order's ID
	Time            time.Time `json:"time"`
	DataContentType string    `json:"datacontenttype"`
	Data            Data      `json:"data"`
}

// Data is what an event carries: ids, lines and decisions, no personal data.
type Data struct {
	OrderID     string       `json:"orderId"`
	Status      Status       `json:"status,omitempty"`
	Lines       []Line       `json:"lines,omitempty"`
	Total       *Money       `json:"total,omitempty"`
	Destination string       `json:"destination,omitempty"` // ISO 3166-1 alpha-2
	Reservation *Reservation `json:"reservation,omitempty"`
	Shipment    *Shipment    `json:"shipment,omitempty"`
	Failure     *Failure     `json:"failure,omitempty"`

	// CreatedAt and DecidedAt are of a decided order: when it arrived, and when
	// its fate was written.
	CreatedAt time.Time `json:"createdAt,omitzero"`
	DecidedAt time.Time `json:"decidedAt,omitzero"`

	// TaskToken answers the state that waits for this request.
	TaskToken string `json:"taskToken,omitempty"`
}

// ParseEvent reads an event from a message body. It accepts members that it
// does not know, as an older consumer must.
func ParseEvent(body []byte) (Event, error) {
	var e Event
	if err := json.Unmarshal(body, &e); err != nil {
		return Event{}, fmt.Errorf("order: event is not CloudEvents JSON: %w", err)
	}
	return e, e.Check()
}

// Check tells what an event lacks that nobody can act without.
func (e Event) Check() error {
	switch {
	case e.SpecVersion != "1.0":
		return fmt.Errorf("order: event specversion %q is not 1.0", e.SpecVersion)
	case e.Type == "":
		return fmt.Errorf("order: event %q has no type", e.ID)
	case e.Data.OrderID == "":
		return fmt.Errorf("order: event %q of type %q names no order", e.ID, e.Type)
	}
	return nil
}
