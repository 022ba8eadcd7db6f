package shipment

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"orderflow/lambdas/order"
)

// A store keeps shipments, and reads the orders they are for.
type store struct {
	db                *dynamodb.Client
	shipments, orders string // table names
}

// What is the same in all calls.
var (
	isNew            = aws.String("attribute_not_exists(orderId)")
	isBooked         = aws.String("#status = :booked")
	setStatus        = aws.String("SET #status = :to")
	parcelAttributes = aws.String("#status, carrier, trackingNumber, bookedAt")
	statusAndAddress = aws.String("#status, shippingAddress")
	statusName       = map[string]string{"#status": "status"}

	statuses = map[state]types.AttributeValue{
		booked:     str(string(booked)),
		dispatched: str(string(dispatched)),
		cancelled:  str(string(cancelled)),
	}
)

// known is what the tables hold about an order.
type known struct {
	status   order.Status
	address  order.Address
	state    state // "" while nothing is booked
	shipment order.Shipment
}

// unexpected is the error of a write that met a shipment in another state.
type unexpected struct {
	orderID  string
	state    state
	shipment order.Shipment
}

func (e unexpected) Error() string {
	return fmt.Sprintf("shipment: shipment of order %q is %s", e.orderID, e.state)
}

// read reads an order and its shipment with one call.
func (s *store) read(ctx context.Context, orderID string) (known, error) {
	key := []map[string]types.AttributeValue{{"orderId": str(orderID)}}
	request := map[string]types.KeysAndAttributes{
		s.shipments: {Keys: key, ConsistentRead: aws.Bool(true),
			ProjectionExpression:     parcelAttributes,
			ExpressionAttributeNames: statusName,
		},
		s.orders: {Keys: key, ConsistentRead: aws.Bool(true),
			ProjectionExpression:     statusAndAddress,
			ExpressionAttributeNames: statusName,
		},
	}
	out, err := s.db.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: request})
	if err != nil {
		return known{}, fmt.Errorf("shipment: order %q: %w", orderID, err)
	}
	if len(out.UnprocessedKeys) > 0 {
		return known{}, fmt.Errorf("shipment: order %q: the tables are too busy to be read", orderID)
	}
	if len(out.Responses[s.orders]) == 0 {
		return known{}, fmt.Errorf("shipment: order %q does not exist", orderID)
	}
	var k known
	k.status, k.address, err = parseOrder(out.Responses[s.orders][0])
	if err != nil {
		return known{}, err
	}
	if rows := out.Responses[s.shipments]; len(rows) > 0 {
		k.state, k.shipment, err = parse(rows[0])
	}
	return k, err
}

// putBooked stores a new booking. Errors: unexpected when the order has one
// already, or a tombstone.
func (s *store) putBooked(ctx context.Context, orderID string, shipment order.Shipment) error {
	return s.putNew(ctx, orderID, map[string]types.AttributeValue{
		"orderId":        str(orderID),
		"status":         statuses[booked],
		"carrier":        str(shipment.Carrier),
		"trackingNumber": str(shipment.TrackingNumber),
		"bookedAt":       str(shipment.BookedAt.Format(time.RFC3339Nano)),
	})
}

// putTombstone marks an order that has no shipment as one that never will, for
// as long as a request may come.
// Errors: unexpected when it has one, or a tombstone.
func (s *store) putTombstone(ctx context.Context, orderID string, at time.Time) error {
	return s.putNew(ctx, orderID, map[string]types.AttributeValue{
		"orderId":       str(orderID),
		"status":        statuses[cancelled],
		"cancelledAt":   str(at.Format(time.RFC3339Nano)),
		order.ExpiresAt: num(at.Add(order.TombstoneLife).Unix()),
	})
}

func (s *store) putNew(ctx context.Context, orderID string, item map[string]types.AttributeValue) error {
	_, err := s.db.PutItem(ctx, &dynamodb.PutItemInput{
		TableName:                           &s.shipments,
		Item:                                item,
		ConditionExpression:                 isNew,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	return written(orderID, err)
}

// advance turns a BOOKED shipment into another state. Errors: unexpected when
// it is not BOOKED.
func (s *store) advance(ctx context.Context, orderID string, to state) error {
	_, err := s.db.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName:                &s.shipments,
		Key:                      map[string]types.AttributeValue{"orderId": str(orderID)},
		UpdateExpression:         setStatus,
		ConditionExpression:      isBooked,
		ExpressionAttributeNames: statusName,
		ExpressionAttributeValues: map[string]types.AttributeValue{
			":to":     statuses[to],
			":booked": statuses[booked],
		},
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	return written(orderID, err)
}

// written tells a write that met another state from one that failed.
func written(orderID string, err error) error {
	if err == nil {
		return nil
	}
	failed, ok := errors.AsType[*types.ConditionalCheckFailedException](err)
	if !ok {
		return fmt.Errorf("shipment: shipment of order %q: %w", orderID, err)
	}
	if len(failed.Item) == 0 {
		return fmt.Errorf("shipment: order %q has no shipment", orderID)
	}
	state, shipment, err := parse(failed.Item)
	if err != nil {
		return err
	}
	return unexpected{orderID, state, shipment}
}

func parse(item map[string]types.AttributeValue) (state, order.Shipment, error) {
	var stored struct {
		Status         string    `dynamodbav:"status"`
		Carrier        string    `dynamodbav:"carrier"`
		TrackingNumber string    `dynamodbav:"trackingNumber"`
		BookedAt       time.Time `dynamodbav:"bookedAt"`
	}
	if err := attributevalue.UnmarshalMap(item, &stored); err != nil {
		return "", order.Shipment{}, fmt.Errorf("shipment: shipment row: %w", err)
	}
	return state(stored.Status), order.Shipment{
		Carrier:        stored.Carrier,
		TrackingNumber: stored.TrackingNumber,
		BookedAt:       stored.BookedAt,
	}, nil
}

func parseOrder(item map[string]types.AttributeValue) (order.Status, order.Address, error) {
	address, ok := item["shippingAddress"].(*types.AttributeValueMemberM)
	if !ok {
		return "", order.Address{}, errors.New("shipment: order row has no shippingAddress")
	}
	return order.Status(text(item["status"])), order.Address{
		Name:       text(address.Value["name"]),
		Line1:      text(address.Value["line1"]),
		Line2:      text(address.Value["line2"]),
		City:       text(address.Value["city"]),
		Region:     text(address.Value["region"]),
		PostalCode: text(address.Value["postalCode"]),
		Country:    text(address.Value["country"]),
	}, nil
}

// text is a string's value, "" of what is none.
func text(v types.AttributeValue) string {
	if s, ok := v.(*types.AttributeValueMemberS); ok {
		return s.Value
	}
	return ""
}

func str(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }
func num(n int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)}
}
