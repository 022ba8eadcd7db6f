package notification

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"orderflow/lambdas/order"
)

// A store keeps which customers were told what, and reads who they are.
type store struct {
	db                    *dynamodb.Client
	notifications, orders string // table names
}

// What is the same in all calls.
var (
	keyAlone           = aws.String("orderId")
	isNew              = aws.String("attribute_not_exists(orderId)")
	customerAndCountry = aws.String("customer, shippingAddress.#country")
	countryName        = map[string]string{"#country": "country"}
)

// known is what the tables hold about an order and one of its events.
type known struct {
	customer order.Customer
	country  string // that it goes to
	notified bool
}

// A key is that of an event that a customer is told of.
type key struct {
	orderID  string
	id, told types.AttributeValue // as the table has them
}

func keyOf(e order.Event) key { return key{e.Data.OrderID, str(e.Data.OrderID), str(string(e.Type))} }

// read reads an order's customer, and whether one of its events has been told,
// with one call.
func (s *store) read(ctx context.Context, k key) (known, error) {
	request := map[string]types.KeysAndAttributes{
		s.orders: {
			Keys:                     []map[string]types.AttributeValue{{"orderId": k.id}},
			ConsistentRead:           aws.Bool(true),
			ProjectionExpression:     customerAndCountry,
			ExpressionAttributeNames: countryName,
		},
		s.notifications: {
			Keys:                 []map[string]types.AttributeValue{{"orderId": k.id, "eventType": k.told}},
			ConsistentRead:       aws.Bool(true),
			ProjectionExpression: keyAlone, // that it is there is enough
		},
	}
	out, err := s.db.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: request})
	if err != nil {
		return known{}, fmt.Errorf("notification: order %q: %w", k.orderID, err)
	}
	if len(out.UnprocessedKeys) > 0 {
		return known{}, fmt.Errorf("notification: order %q: the tables are too busy to be read", k.orderID)
	}
	orders := out.Responses[s.orders]
	if len(orders) == 0 {
		return known{}, fmt.Errorf("notification: order %q does not exist", k.orderID)
	}
	customer, ok1 := orders[0]["customer"].(*types.AttributeValueMemberM)
	address, ok2 := orders[0]["shippingAddress"].(*types.AttributeValueMemberM)
	if !ok1 || !ok2 {
		return known{}, fmt.Errorf("notification: row of order %q is malformed", k.orderID)
	}
	return known{
		customer: order.Customer{Name: text(customer.Value["name"]), Email: text(customer.Value["email"])},
		country:  text(address.Value["country"]),
		notified: len(out.Responses[s.notifications]) > 0,
	}, nil
}

// text is a string's value, "" of what is none.
func text(v types.AttributeValue) string {
	if s, ok := v.(*types.AttributeValueMemberS); ok {
		return s.Value
	}
	return ""
}

// putNotified keeps that a mail was sent. One kept by another receipt of the
// same event stands. It is kept for as long as a copy of the event can come.
func (s *store) putNotified(ctx context.Context, k key, messageID string) error {
	now := time.Now()
	_, err := s.db.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: &s.notifications,
		Item: map[string]types.AttributeValue{
			"orderId":   k.id,
			"eventType": k.told,
			"sentAt":    str(now.UTC().Format(time.RFC3339Nano)),
			"messageId": str(messageID),

			order.ExpiresAt: &types.AttributeValueMemberN{Value: strconv.FormatInt(now.Add(order.TombstoneLife).Unix(), 10)},
		},
		ConditionExpression: isNew,
	})
	if _, ok := errors.AsType[*types.ConditionalCheckFailedException](err); ok {
		return nil
	}
	if err != nil {
		return fmt.Errorf("notification: order %q: %w", k.orderID, err)
	}
	return nil
}

func str(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }
