package notification

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

// A store keeps which customers were told what, and reads who they are.
type store struct {
	db                    *dynamodb.Client
	notifications, orders string // table names
}

// known is what the tables hold about an order and one of its events.
type known struct {
	customer order.Customer
	country  string // that it goes to
	notified bool
}

// read reads an order's customer, and whether one of its events has been told,
// with one call.
func (s *store) read(ctx context.Context, orderID string, told order.EventType) (known, error) {
	request := map[string]types.KeysAndAttributes{
		s.orders: {
			Keys:                     []map[string]types.AttributeValue{{"orderId": str(orderID)}},
			ConsistentRead:           aws.Bool(true),
			ProjectionExpression:     aws.String("customer, shippingAddress.#country"),
			ExpressionAttributeNames: map[string]string{"#country": "country"},
		},
		s.notifications: {
			Keys:                 []map[string]types.AttributeValue{{"orderId": str(orderID), "eventType": str(string(told))}},
			ConsistentRead:       aws.Bool(true),
			ProjectionExpression: aws.String("orderId"), // that it is there is enough
		},
	}
	out, err := s.db.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: request})
	if err != nil {
		return known{}, fmt.Errorf("notification: order %q: %w", orderID, err)
	}
	if len(out.UnprocessedKeys) > 0 {
		return known{}, fmt.Errorf("notification: order %q: the tables are too busy to be read", orderID)
	}
	orders := out.Responses[s.orders]
	if len(orders) == 0 {
		return known{}, fmt.Errorf("notification: order %q does not exist", orderID)
	}
	var stored order.Order
	err = attributevalue.UnmarshalMapWithOptions(orders[0], &stored, func(o *attributevalue.DecoderOptions) { o.TagKey = "json" })
	if err != nil {
		return known{}, fmt.Errorf("notification: row of order %q is malformed", orderID)
	}
	return known{
		customer: stored.Customer,
		country:  stored.ShippingAddress.Country,
		notified: len(out.Responses[s.notifications]) > 0,
	}, nil
}

// putNotified keeps that a mail was sent. One kept by another receipt of the
// same event stands. It is kept for as long as a copy of the event can come.
func (s *store) putNotified(ctx context.Context, orderID string, told order.EventType, messageID string) error {
	now := time.Now()
	_, err := s.db.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: &s.notifications,
		Item: map[string]types.AttributeValue{
			"orderId":       str(orderID),
			"eventType":     str(string(told)),
			"sentAt":        str(now.UTC().Format(time.RFC3339Nano)),
			"messageId":     str(messageID),
			order.ExpiresAt: &types.AttributeValueMemberN{Value: strconv.FormatInt(now.Add(order.TombstoneLife).Unix(), 10)},
		},
		ConditionExpression: aws.String("attribute_not_exists(orderId)"),
	})
	if _, ok := errors.AsType[*types.ConditionalCheckFailedException](err); ok {
		return nil
	}
	if err != nil {
		return fmt.Errorf("notification: order %q: %w", orderID, err)
	}
	return nil
}

func str(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }
