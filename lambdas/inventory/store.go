package inventory

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"orderflow/lambdas/order"
)

// A store keeps reservations, and with each of its transactions what they take
// from stock: for every SKU available + reserved + committed = stocked, always.
type store struct {
	db                  *dynamodb.Client
	stock, reservations string // table names
}

// unexpected is the error of a write that met a reservation in another state.
type unexpected struct{ reservation }

func (e unexpected) Error() string {
	return fmt.Sprintf("inventory: reservation of order %q is %s", e.orderID, e.state)
}

// Stock moves from one count to another, and never below zero.
const (
	setAside = "SET available = available - :quantity, reserved = reserved + :quantity"
	handOver = "SET reserved = reserved - :quantity, committed = committed + :quantity"
	putBack  = "SET reserved = reserved - :quantity, available = available + :quantity"

	enoughAvailable = "available >= :quantity"
	enoughReserved  = "reserved >= :quantity"
)

// reserve writes a reservation and takes its items from what is available, in
// one transaction. Errors: unexpected when the order has one already,
// order.OutOfStock for the first item that is short or not stocked at all.
func (s *store) reserve(ctx context.Context, r reservation) error {
	writes := make([]types.TransactWriteItem, 0, 1+len(r.items))
	writes = append(writes, types.TransactWriteItem{Put: &types.Put{
		TableName:                           &s.reservations,
		Item:                                row(r),
		ConditionExpression:                 aws.String("attribute_not_exists(orderId)"),
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}})
	failures, err := s.transact(ctx, s.appendMoves(writes, r.items, setAside, enoughAvailable))
	if err != nil || failures == nil {
		return err
	}
	if failures[0] != nil {
		return foundInstead(failures[0].Item)
	}
	for i, item := range r.items {
		if failures[1+i] != nil {
			return order.OutOfStock{SKU: item.SKU}
		}
	}
	return nil
}

// settle turns a RESERVED reservation into r.state and moves its stock
// accordingly, in one transaction. Errors: unexpected when it is not RESERVED.
func (s *store) settle(ctx context.Context, r reservation) error {
	move := handOver
	if r.state == released {
		move = putBack
	}
	writes := make([]types.TransactWriteItem, 0, 1+len(r.items))
	writes = append(writes, types.TransactWriteItem{Update: &types.Update{
		TableName:                &s.reservations,
		Key:                      map[string]types.AttributeValue{"orderId": str(r.orderID)},
		UpdateExpression:         aws.String("SET #status = :state"),
		ConditionExpression:      aws.String("#status = :reserved"),
		ExpressionAttributeNames: map[string]string{"#status": "status"},
		ExpressionAttributeValues: map[string]types.AttributeValue{
			":state":    str(string(r.state)),
			":reserved": str(string(reserved)),
		},
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}})
	failures, err := s.transact(ctx, s.appendMoves(writes, r.items, move, enoughReserved))
	if err != nil || failures == nil {
		return err
	}
	if failed := failures[0]; failed != nil {
		if len(failed.Item) == 0 {
			return fmt.Errorf("inventory: order %q has no reservation", r.orderID)
		}
		return foundInstead(failed.Item)
	}
	return fmt.Errorf("inventory: stock holds less than order %q reserved", r.orderID)
}

// appendMoves adds the stock's share of a transaction, one write for each item.
func (s *store) appendMoves(writes []types.TransactWriteItem, items []order.Item, move, enough string) []types.TransactWriteItem {
	for _, item := range items {
		writes = append(writes, types.TransactWriteItem{Update: &types.Update{
			TableName:           &s.stock,
			Key:                 map[string]types.AttributeValue{"sku": str(item.SKU)},
			UpdateExpression:    &move,
			ConditionExpression: &enough,
			ExpressionAttributeValues: map[string]types.AttributeValue{
				":quantity": num(item.Quantity),
			},
		}})
	}
	return writes
}

// transact performs all writes or none. For a transaction whose conditions do
// not hold it returns one entry a write, nil where the condition held.
func (s *store) transact(ctx context.Context, writes []types.TransactWriteItem) (failures []*types.CancellationReason, err error) {
	err = insist(ctx, func() error {
		_, err := s.db.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: writes})
		if cancelled, ok := errors.AsType[*types.TransactionCanceledException](err); ok {
			failures, err = failedConditions(cancelled, len(writes))
			return err
		}
		if err != nil {
			return fmt.Errorf("inventory: transaction: %w", err)
		}
		return nil
	})
	return failures, err
}

// contended is the error of a write that lost to a transaction.
type contended struct{ error }

// Another transaction on the same items cancels a write; under a run on one
// SKU that is common, and worth a few tries before the message goes round.
const (
	maxAttempts = 8
	firstDelay  = 10 * time.Millisecond
)

// insist tries a write until it is not contended.
func insist(ctx context.Context, write func() error) error {
	delay := firstDelay
	for attempt := 1; ; attempt++ {
		err := write()
		if _, ok := errors.AsType[contended](err); !ok || attempt == maxAttempts {
			return err
		}
		if err := sleepWithin(ctx, delay); err != nil {
			return fmt.Errorf("inventory: transaction: %w", err)
		}
		delay *= 2
	}
}

// failedConditions reads why a transaction was cancelled. While another
// transaction holds the first write, the reservation, the rest tells nothing:
// stock may be short because of this very order.
func failedConditions(cancelled *types.TransactionCanceledException, writes int) ([]*types.CancellationReason, error) {
	fault := fmt.Errorf("inventory: transaction: %w", cancelled)
	if len(cancelled.CancellationReasons) != writes {
		return nil, fault
	}
	failures := make([]*types.CancellationReason, writes)
	failed, lost := false, false
	for i := range cancelled.CancellationReasons {
		reason := &cancelled.CancellationReasons[i]
		switch aws.ToString(reason.Code) {
		case "", "None":
		case "ConditionalCheckFailed":
			failures[i], failed = reason, true
		case "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded":
			if i == 0 {
				return nil, contended{fault}
			}
			lost = true
		default:
			return nil, fault
		}
	}
	switch {
	case failed:
		return failures, nil
	case lost:
		return nil, contended{fault}
	}
	return nil, fault
}

// sleepWithin sleeps for a random part of d. The dice are crypto/rand's, which
// testing/cryptotest can load.
func sleepWithin(ctx context.Context, d time.Duration) error {
	part, err := rand.Int(rand.Reader, big.NewInt(int64(d)))
	if err != nil {
		return err
	}
	timer := time.NewTimer(time.Duration(part.Int64()))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// putTombstone marks an order that has no reservation as one that never will.
// Errors: unexpected when it has one.
func (s *store) putTombstone(ctx context.Context, orderID string, at time.Time) error {
	return insist(ctx, func() error {
		_, err := s.db.PutItem(ctx, &dynamodb.PutItemInput{
			TableName:                           &s.reservations,
			Item:                                row(reservation{orderID: orderID, state: released, at: at}),
			ConditionExpression:                 aws.String("attribute_not_exists(orderId)"),
			ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
		})
		if failed, ok := errors.AsType[*types.ConditionalCheckFailedException](err); ok {
			return foundInstead(failed.Item)
		}
		if err == nil {
			return nil
		}
		fault := fmt.Errorf("inventory: tombstone of order %q: %w", orderID, err)
		if _, ok := errors.AsType[*types.TransactionConflictException](err); ok {
			return contended{fault}
		}
		return fault
	})
}

func foundInstead(item map[string]types.AttributeValue) error {
	r, err := parse(item)
	if err != nil {
		return err
	}
	return unexpected{r}
}

func row(r reservation) map[string]types.AttributeValue {
	lines := make([]types.AttributeValue, len(r.items))
	for i, item := range r.items {
		lines[i] = &types.AttributeValueMemberM{Value: map[string]types.AttributeValue{
			"sku":      str(item.SKU),
			"quantity": num(item.Quantity),
		}}
	}
	return map[string]types.AttributeValue{
		"orderId":    str(r.orderID),
		"status":     str(string(r.state)),
		"lines":      &types.AttributeValueMemberL{Value: lines},
		"reservedAt": str(r.at.Format(time.RFC3339Nano)),
	}
}

// A storedReservation is a reservation's row as attributevalue reads it.
type storedReservation struct {
	OrderID string `dynamodbav:"orderId"`
	Status  string `dynamodbav:"status"`
	Lines   []struct {
		SKU      string `dynamodbav:"sku"`
		Quantity int    `dynamodbav:"quantity"`
	} `dynamodbav:"lines"`
	ReservedAt time.Time `dynamodbav:"reservedAt"`
}

func parse(item map[string]types.AttributeValue) (reservation, error) {
	var stored storedReservation
	if err := attributevalue.UnmarshalMap(item, &stored); err != nil {
		return reservation{}, fmt.Errorf("inventory: reservation row: %w", err)
	}
	if stored.OrderID == "" {
		return reservation{}, errors.New("inventory: reservation row names no order")
	}
	r := reservation{orderID: stored.OrderID, state: state(stored.Status), at: stored.ReservedAt}
	for _, line := range stored.Lines {
		r.items = append(r.items, order.Item{SKU: line.SKU, Quantity: line.Quantity})
	}
	return r, nil
}

func str(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }
func num(n int) types.AttributeValue    { return &types.AttributeValueMemberN{Value: strconv.Itoa(n)} }
