package reconciliation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"

	"orderflow/lambdas/order"
)

// A workshop makes repairs. Each can be made twice, or at once with another:
// the write is conditional, and consumers know an event again by its ID and by
// what they hold.
type workshop struct {
	tables *tables
	sns    *sns.Client
	topic  string // ARN
}

// make makes a repair. A decision is announced after it is written: what dies
// in between is found again, by the tombstones that are missing.
func (w *workshop) make(ctx context.Context, repair Repair, f file) error {
	now := time.Now().UTC().Truncate(time.Millisecond)
	switch repair {
	case CancelOrder:
		f.order.Status, f.order.Failure = order.Failed, &f.execution.failure
		err := w.tables.fail(ctx, f.order.ID, f.execution.failure, now)
		if errors.Is(err, errDecided) {
			return w.announceDecision(ctx, f.order.ID, now)
		}
		if err != nil {
			return err
		}
		return w.publish(ctx, cancelledEvent(f.order, now))
	case AnnounceCancelled:
		if f.order.Status == "" { // no row: nobody but the execution knows why
			f.order.Status, f.order.Failure = order.Failed, &f.execution.failure
		}
		return w.publish(ctx, cancelledEvent(f.order, now))
	case AnnounceConfirmed:
		return w.publish(ctx, confirmedEvent(f.order, now))
	}
	return fmt.Errorf("reconciliation: %q is no repair", repair)
}

// announceDecision announces what somebody else has just decided: a customer,
// as a rule, whose cancellation nobody announces now that the execution is over.
func (w *workshop) announceDecision(ctx context.Context, orderID string, now time.Time) error {
	f, err := w.tables.file(ctx, orderID)
	if err != nil {
		return err
	}
	switch f.order.Status {
	case order.Failed: // by another run, which announces it
		return nil
	case order.Confirmed:
		return w.publish(ctx, confirmedEvent(f.order, now))
	}
	return w.publish(ctx, cancelledEvent(f.order, now))
}

// cancelledEvent is what the state AnnounceCancelled publishes.
func cancelledEvent(o order.Order, at time.Time) order.Event {
	return event(o.ID, order.OrderCancelled, AnnounceCancelled, at, order.Data{
		OrderID:   o.ID,
		Status:    o.Status,
		Failure:   o.Failure,
		CreatedAt: o.CreatedAt,
		DecidedAt: decidedAt(o, at),
	})
}

// confirmedEvent is what the state AnnounceConfirmed publishes.
func confirmedEvent(o order.Order, at time.Time) order.Event {
	return event(o.ID, order.OrderConfirmed, AnnounceConfirmed, at, order.Data{
		OrderID:     o.ID,
		Status:      o.Status,
		Lines:       o.Lines,
		Total:       o.Total,
		Reservation: o.Reservation,
		Shipment:    o.Shipment,
		CreatedAt:   o.CreatedAt,
		DecidedAt:   decidedAt(o, at),
	})
}

// decidedAt is when an order was decided: by this very run, if never before.
func decidedAt(o order.Order, now time.Time) time.Time {
	if o.DecidedAt == nil {
		return now
	}
	return *o.DecidedAt
}

// event has the ID that the state gives it.
func event(orderID string, kind order.EventType, state Repair, at time.Time, data order.Data) order.Event {
	return order.Event{
		SpecVersion:     "1.0",
		ID:              orderID + "/" + string(state),
		Source:          "urn:orderflow:orders",
		Type:            kind,
		Subject:         orderID,
		Time:            at,
		DataContentType: "application/json",
		Data:            data,
	}
}

func (w *workshop) publish(ctx context.Context, e order.Event) error {
	message, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("reconciliation: event %q: %w", e.ID, err)
	}
	_, err = w.sns.Publish(ctx, &sns.PublishInput{
		TopicArn: &w.topic,
		Message:  aws.String(string(message)),
		MessageAttributes: map[string]types.MessageAttributeValue{
			"type": {DataType: aws.String("String"), StringValue: aws.String(string(e.Type))},
		},
	})
	if err != nil {
		return fmt.Errorf("reconciliation: event %q: %w", e.ID, err)
	}
	return nil
}
