package api

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"orderflow/lambdas/order"
)

// orders is the table of orders. The state machine writes its rows too, in the
// same layout.
type orders struct {
	db    *dynamodb.Client
	table string
}

var (
	errNoRow     = errors.New("api: order has no row")
	errRowExists = errors.New("api: order has a row")
)

// timeFormat is that of the state machine's times; the index sorts by it.
const timeFormat = "2006-01-02T15:04:05.000Z"

// get reads an order.
func (t *orders) get(ctx context.Context, orderID string) (_ order.Order, exists bool, _ error) {
	out, err := t.db.GetItem(ctx, &dynamodb.GetItemInput{
		TableName:      &t.table,
		Key:            key(orderID),
		ConsistentRead: aws.Bool(true),
	})
	if err != nil {
		return order.Order{}, false, fmt.Errorf("api: order %q: %w", orderID, err)
	}
	if len(out.Item) == 0 {
		return order.Order{}, false, nil
	}
	o, err := parseRow(out.Item)
	return o, true, err
}

// fingerprint reads what an order looked like when it was placed.
func (t *orders) fingerprint(ctx context.Context, orderID string) (_ string, exists bool, _ error) {
	out, err := t.db.GetItem(ctx, &dynamodb.GetItemInput{
		TableName:            &t.table,
		Key:                  key(orderID),
		ConsistentRead:       aws.Bool(true),
		ProjectionExpression: aws.String("fingerprint"),
	})
	if err != nil {
		return "", false, fmt.Errorf("api: order %q: %w", orderID, err)
	}
	value, ok := out.Item["fingerprint"].(*types.AttributeValueMemberS)
	if !ok {
		return "", false, nil
	}
	return value.Value, true, nil
}

// cancel turns a pending order into a cancelled one, and returns the status
// that the order has then, whoever gave it. Errors: errNoRow, also of an order
// that is not the caller's.
func (t *orders) cancel(ctx context.Context, by caller, orderID string, at time.Time) (order.Status, error) {
	update := &dynamodb.UpdateItemInput{
		TableName:                &t.table,
		Key:                      key(orderID),
		UpdateExpression:         aws.String("SET #status = :cancelled, failure = :failure, decidedAt = :now"),
		ConditionExpression:      aws.String("#status = :pending"),
		ExpressionAttributeNames: map[string]string{"#status": "status"},
		ExpressionAttributeValues: map[string]types.AttributeValue{
			":cancelled": str(string(order.Cancelled)),
			":pending":   str(string(order.Pending)),
			":failure":   failureRow(cancelledByCustomer),
			":now":       str(at.Format(timeFormat)),
		},
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}
	if !by.everybody {
		update.ConditionExpression = aws.String("#status = :pending AND customerId = :customer")
		update.ExpressionAttributeValues[":customer"] = str(by.customerID)
	}
	_, err := t.db.UpdateItem(ctx, update)
	if err == nil {
		return order.Cancelled, nil
	}
	failed, ok := errors.AsType[*types.ConditionalCheckFailedException](err)
	if !ok {
		return "", fmt.Errorf("api: cancellation of order %q: %w", orderID, err)
	}
	status, ok := failed.Item["status"].(*types.AttributeValueMemberS)
	if !ok || !by.actsFor(text(failed.Item["customerId"])) {
		return "", errNoRow
	}
	return order.Status(status.Value), nil
}

// putNew stores an order that has no row. Errors: errRowExists.
func (t *orders) putNew(ctx context.Context, o order.Order, fingerprint string) error {
	item := map[string]types.AttributeValue{
		"orderId":     str(o.ID),
		"status":      str(string(o.Status)),
		"customerId":  str(o.Customer.ID),
		"createdAt":   str(o.CreatedAt.Format(timeFormat)),
		"fingerprint": str(fingerprint),
	}
	if o.DecidedAt != nil {
		item["decidedAt"] = str(o.DecidedAt.Format(timeFormat))
	}
	if o.Failure != nil {
		item["failure"] = failureRow(*o.Failure)
	}
	for name, part := range map[string]any{"customer": o.Customer, "shippingAddress": o.ShippingAddress, "items": o.Items} {
		value, err := attributevalue.MarshalWithOptions(part, func(e *attributevalue.EncoderOptions) { e.TagKey = "json" })
		if err != nil {
			return fmt.Errorf("api: order %q: %w", o.ID, err)
		}
		item[name] = value
	}
	_, err := t.db.PutItem(ctx, &dynamodb.PutItemInput{
		TableName:           &t.table,
		Item:                item,
		ConditionExpression: aws.String("attribute_not_exists(orderId)"),
	})
	if _, ok := errors.AsType[*types.ConditionalCheckFailedException](err); ok {
		return errRowExists
	}
	if err != nil {
		return fmt.Errorf("api: order %q: %w", o.ID, err)
	}
	return nil
}

func failureRow(f order.Failure) types.AttributeValue {
	return &types.AttributeValueMemberM{Value: map[string]types.AttributeValue{
		"code":   str(f.Code),
		"detail": str(f.Detail),
	}}
}

func parseRow(item map[string]types.AttributeValue) (order.Order, error) {
	var o order.Order
	err := attributevalue.UnmarshalMapWithOptions(item, &o, func(d *attributevalue.DecoderOptions) { d.TagKey = "json" })
	if err != nil {
		return order.Order{}, fmt.Errorf("api: order row: %w", err)
	}
	if len(o.Lines) > 0 {
		o.Items = nil // the lines say it all
	}
	return o, nil
}

func key(orderID string) map[string]types.AttributeValue {
	return map[string]types.AttributeValue{"orderId": str(orderID)}
}

func str(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }
