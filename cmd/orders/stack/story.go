package stack

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"golang.org/x/sync/errgroup"

	"orderflow/lambdas/order"
	"orderflow/statemachine/journey"
)

// A Moment is one sentence of an order's story.
type Moment struct {
	At     time.Time `json:"at"`
	Who    string    `json:"who"`              // API, execution, customer, a state or a consumer
	What   string    `json:"what"`             // a plain sentence
	Detail string    `json:"detail,omitempty"` // what an engineer looks up: request ID, message ID
	Mood   Mood      `json:"mood"`
}

// A Mood is how a moment feels to who waits for the order.
type Mood string

const (
	Plain   Mood = "plain"
	Good    Mood = "good"
	Waiting Mood = "waiting"
	Bad     Mood = "bad"
)

// A Story is where an order is and why, across everything that deals with it.
// Of the customer it knows no more than ID, name and country.
type Story struct {
	Order    order.Order      `json:"order"`
	Journey  *journey.Journey `json:"-"`        // nil where its execution is no longer kept
	Headline string           `json:"headline"` // where it is now and why, in a sentence or two
	Moments  []Moment         `json:"moments"`  // by time
}

// Story tells an order's, from its row, its execution, the logs of all that
// dealt with it, and what consumers keep of it. What is no longer kept is
// missing. Error: ErrNoOrder.
func (s *Stack) Story(ctx context.Context, id string) (Story, error) {
	f, err := s.find(ctx, id)
	if err != nil {
		return Story{}, err
	}
	return f.story(), nil
}

// findings are what is known of an order.
type findings struct {
	now     time.Time
	order   order.Order
	journey *journey.Journey // nil: no longer kept

	api, validation []line
	consumers       []found

	reservation reservation
	shipment    shipment
	mails       []mail
}

// found is what is known of an order at a consumer.
type found struct {
	consumer
	receptions []reception
	queue      Depth
	letters    Depth
	peeked     bool     // places are all there are
	places     []placed // where messages about the order are now
}

// placed is a message about the order that lies in a consumer's queue.
type placed struct {
	Message
	event order.EventType
	dead  bool // it lies in the dead-letter queue
}

// What consumers keep of an order. A row that is not there is zero.
type (
	reservation struct {
		Status     string       `json:"status"` // RESERVED, COMMITTED, RELEASED
		Lines      []order.Item `json:"lines"`
		ReservedAt time.Time    `json:"reservedAt"`
	}
	shipment struct {
		Status         string    `json:"status"` // BOOKED, DISPATCHED, CANCELLED
		Carrier        string    `json:"carrier"`
		TrackingNumber string    `json:"trackingNumber"`
		BookedAt       time.Time `json:"bookedAt"`
	}
	mail struct {
		EventType order.EventType `json:"eventType"`
		SentAt    time.Time       `json:"sentAt"`
		MessageID string          `json:"messageId"` // SES's
	}
)

// skew is how far the clock of whoever logs may be behind the state machine's.
const skew = 2 * time.Second

// find looks an order up everywhere at once. Error: ErrNoOrder.
func (s *Stack) find(ctx context.Context, id string) (*findings, error) {
	f := &findings{now: time.Now(), consumers: make([]found, len(s.consumers))}
	var err error
	if f.order, err = s.read(ctx, id); err != nil {
		return nil, err
	}
	from := f.order.CreatedAt.Add(-skew)
	calls, ctx := errgroup.WithContext(ctx)
	calls.Go(func() (err error) {
		f.journey, err = s.journey(ctx, s.ExecutionARN(id), true)
		if errors.Is(err, ErrNoExecution) {
			f.journey, err = nil, nil
		}
		return err
	})
	calls.Go(func() (err error) { f.api, err = s.lines(ctx, s.resources["ApiLogGroup"], from, id); return err })
	calls.Go(func() (err error) {
		f.validation, err = s.lines(ctx, s.resources["ValidationLogGroup"], from, id)
		return err
	})
	calls.Go(func() error { return s.readInto(ctx, "ReservationsTable", id, &f.reservation) })
	calls.Go(func() error { return s.readInto(ctx, "ShipmentsTable", id, &f.shipment) })
	calls.Go(func() (err error) { f.mails, err = s.mails(ctx, id); return err })
	for i, c := range s.consumers {
		calls.Go(func() (err error) { f.consumers[i], err = s.findAt(ctx, c, id, from); return err })
	}
	if err := calls.Wait(); err != nil {
		return nil, err
	}
	return f, nil
}

// read is an order as far as a story needs it. Error: ErrNoOrder.
func (s *Stack) read(ctx context.Context, id string) (order.Order, error) {
	item, err := s.row(ctx, "OrdersTable", orderKey(id))
	if err != nil {
		return order.Order{}, err
	}
	var o order.Order
	if len(item) > 0 {
		o, err = parseOrder(item)
	} else {
		o, err = s.unstored(ctx, id)
	}
	if err != nil {
		return order.Order{}, err
	}
	if len(o.Lines) > 0 {
		o.Items = nil // the lines say it all
	}
	o.Customer = order.Customer{ID: o.Customer.ID, Name: o.Customer.Name}
	o.ShippingAddress = order.Address{Country: o.ShippingAddress.Country}
	return o, nil
}

func (s *Stack) readInto(ctx context.Context, logicalID, orderID string, into any) error {
	item, err := s.row(ctx, logicalID, orderKey(orderID))
	if err != nil || len(item) == 0 {
		return err
	}
	if err := unmarshal(item, into); err != nil {
		return fmt.Errorf("stack: %s: order %q: %w", logicalID, orderID, err)
	}
	return nil
}

func (s *Stack) mails(ctx context.Context, orderID string) (mails []mail, err error) {
	out, err := s.db.Query(ctx, &dynamodb.QueryInput{
		TableName:                 s.table("NotificationsTable"),
		KeyConditionExpression:    new("orderId = :order"),
		ExpressionAttributeValues: row{":order": str(orderID)},
	})
	if err != nil {
		return nil, fmt.Errorf("stack: mails of order %q: %w", orderID, err)
	}
	for _, item := range out.Items {
		var m mail
		if err := unmarshal(item, &m); err != nil {
			return nil, fmt.Errorf("stack: mail of order %q: %w", orderID, err)
		}
		mails = append(mails, m)
	}
	return mails, nil
}

// findAt looks an order up at a consumer.
func (s *Stack) findAt(ctx context.Context, c consumer, id string, from time.Time) (found, error) {
	f := found{consumer: c, peeked: s.config.Peek != nil}
	lines, err := s.lines(ctx, c.logGroup, from, id)
	if err != nil {
		return f, err
	}
	f.receptions = receptions(lines)
	silent := silentRequests(f.receptions)
	endings, err := s.lines(ctx, c.logGroup, from, silent...)
	if err != nil {
		return f, err
	}
	endReceptions(f.receptions, endings)
	if f.queue, err = s.depth(ctx, c.queueURL); err != nil {
		return f, err
	}
	if f.letters, err = s.depth(ctx, c.deadLetterURL); err != nil {
		return f, err
	}
	f.place(id, false, f.queue.Messages)
	f.place(id, true, f.letters.Messages)
	if !f.peeked && f.letters.Visible > 0 && f.stuck() {
		letters, err := s.look(ctx, c.deadLetterURL)
		if err != nil {
			return f, err
		}
		f.place(id, true, letters)
	}
	return f, nil
}

// place notes the messages that are about an order.
func (f *found) place(orderID string, dead bool, messages []Message) {
	for _, m := range messages {
		if e, err := order.ParseEvent([]byte(m.Body)); err == nil && e.Data.OrderID == orderID {
			f.places = append(f.places, placed{m, e.Type, dead})
		}
	}
}

// stuck tells whether a message was last received in vain.
func (f *found) stuck() bool {
	last := map[string]reception{}
	for _, r := range f.receptions {
		last[r.messageID] = r
	}
	for _, r := range last {
		if r.because != "" {
			return true
		}
	}
	return false
}

// A reception is one time that a consumer received a message about the order.
type reception struct {
	sent      time.Time // the message, to its queue; zero where nobody says
	at, ended time.Time // ended is zero while nothing is known of its end
	messageID string
	requestID string
	eventType order.EventType
	count     int    // how often the message had been received, this time included
	outcome   string // the message of the line that told it; "": none did
	because   string // why it failed; "": it did not, or nobody knows
}

// Outcomes that lambdas/consumer logs.
const (
	eventDone    = "event done"
	eventRefused = "event refused"
	eventTooLate = "event done for a wait that has ended"
)

// receptions are what a consumer's log tells, by time.
func receptions(lines []line) (all []reception) {
	type key struct{ messageID, requestID string }
	index := map[key]int{}
	for _, l := range lines {
		if l.MessageID == "" {
			continue
		}
		k := key{l.MessageID, l.RequestID}
		i, known := index[k]
		if !known {
			i = len(all)
			index[k] = i
			all = append(all, reception{at: l.At, messageID: l.MessageID, requestID: l.RequestID, eventType: order.EventType(l.Type), count: l.ReceiveCount})
		}
		if l.received() {
			all[i].sent = l.SentAt
			continue
		}
		all[i].ended, all[i].outcome = l.At, l.Message
		if l.failed() {
			all[i].because = l.Error
		}
	}
	return all
}

// silentRequests are the invocations that said no more than that they began.
func silentRequests(receptions []reception) (ids []string) {
	for _, r := range receptions {
		if r.ended.IsZero() && r.requestID != "" && !slices.Contains(ids, r.requestID) {
			ids = append(ids, r.requestID)
		}
	}
	return ids
}

// endReceptions ends those that Lambda says something of.
func endReceptions(receptions []reception, lines []line) {
	for _, l := range lines {
		because := l.ending()
		if because == "" {
			continue
		}
		for i := range receptions {
			if r := &receptions[i]; r.requestID == l.invocation() && r.outcome == "" {
				r.ended, r.because = l.At, because
			}
		}
	}
}
