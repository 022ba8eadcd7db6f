package inventory

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"orderflow/lambdas/metric"
	"orderflow/lambdas/order"
)

// A store keeps reservations, and with each of its transactions what they take
// from stock: for every SKU available + reserved + committed = stocked, always.
type store struct {
	db                  *dynamodb.Client
	stock, reservations string // table names

	conflicts *metric.Embedded // nil: nobody counts them
}

// unexpected is the error of a write that met a reservation in another state.
type unexpected struct{ reservation }

func (e unexpected) Error() string {
	return fmt.Sprintf("inventory: reservation of order %q is %s", e.orderID, e.state)
}

// A move takes stock from one count to another, and never below zero.
type move struct{ update, condition string }

var (
	setAside = &move{"SET available = available - :quantity, reserved = reserved + :quantity", "available >= :quantity"}
	handOver = &move{"SET reserved = reserved - :quantity, committed = committed + :quantity", "reserved >= :quantity"}
	putBack  = &move{"SET reserved = reserved - :quantity, available = available + :quantity", "reserved >= :quantity"}
)

// Of reservations' writes, what is the same in all of them.
var (
	isNew      = aws.String("attribute_not_exists(orderId)")
	isReserved = aws.String("#status = :reserved")
	setStatus  = aws.String("SET #status = :state")
	statusName = map[string]string{"#status": "status"}
)

// reserve writes reservations and takes their items from what is available, in
// one transaction. Errors: unexpected when an order has one already,
// order.OutOfStock for the first item that is short or not stocked at all.
func (s *store) reserve(ctx context.Context, rs ...reservation) error {
	items := itemsOf(rs)
	writes := make([]types.TransactWriteItem, 0, len(rs)+len(items))
	for _, r := range rs {
		writes = append(writes, types.TransactWriteItem{Put: &types.Put{
			TableName:                           &s.reservations,
			Item:                                row(r),
			ConditionExpression:                 isNew,
			ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
		}})
	}
	failures, err := s.transact(ctx, len(rs), s.appendMoves(writes, items, setAside))
	if err != nil || failures == nil {
		return err
	}
	for i := range rs {
		if failures[i] != nil {
			return foundInstead(failures[i].Item)
		}
	}
	return order.OutOfStock{SKU: short(items, failures[len(rs):])}
}

// settle turns RESERVED reservations into COMMITTED or RELEASED ones and moves
// their stock accordingly, in one transaction. Errors: unexpected when one is
// not RESERVED.
func (s *store) settle(ctx context.Context, to state, rs ...reservation) error {
	move := handOver
	if to == released {
		move = putBack
	}
	items := itemsOf(rs)
	writes := make([]types.TransactWriteItem, 0, len(rs)+len(items))
	for _, r := range rs {
		writes = append(writes, types.TransactWriteItem{Update: &types.Update{
			TableName:                &s.reservations,
			Key:                      map[string]types.AttributeValue{"orderId": str(r.orderID)},
			UpdateExpression:         setStatus,
			ConditionExpression:      isReserved,
			ExpressionAttributeNames: statusName,
			ExpressionAttributeValues: map[string]types.AttributeValue{
				":state":    statuses[to],
				":reserved": statuses[reserved],
			},
			ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
		}})
	}
	failures, err := s.transact(ctx, len(rs), s.appendMoves(writes, items, move))
	if err != nil || failures == nil {
		return err
	}
	for i, r := range rs {
		switch failed := failures[i]; {
		case failed == nil:
		case len(failed.Item) == 0:
			return fmt.Errorf("inventory: order %q has no reservation", r.orderID)
		default:
			return foundInstead(failed.Item)
		}
	}
	return fmt.Errorf("inventory: fewer of sku %q are reserved than its orders hold", short(items, failures[len(rs):]))
}

// short is the first SKU of which there is not enough.
func short(items []order.Item, failures []*types.CancellationReason) string {
	i := slices.IndexFunc(failures, func(failed *types.CancellationReason) bool { return failed != nil })
	return items[i].SKU
}

// itemsOf is what reservations take in all: one item for each SKU.
func itemsOf(rs []reservation) []order.Item {
	if len(rs) == 1 {
		return rs[0].items
	}
	var items []order.Item
	for _, r := range rs {
		items = append(items, r.items...)
	}
	return order.Merge(items)
}

// appendMoves adds the stock's share of a transaction, one write for each item.
func (s *store) appendMoves(writes []types.TransactWriteItem, items []order.Item, move *move) []types.TransactWriteItem {
	for _, item := range items {
		writes = append(writes, types.TransactWriteItem{Update: &types.Update{
			TableName:           &s.stock,
			Key:                 map[string]types.AttributeValue{"sku": str(item.SKU)},
			UpdateExpression:    &move.update,
			ConditionExpression: &move.condition,
			ExpressionAttributeValues: map[string]types.AttributeValue{
				":quantity": num(item.Quantity),
			},
		}})
	}
	return writes
}

// transact performs all writes or none. For a transaction whose conditions do
// not hold it returns one entry a write, nil where the condition held. The
// first writes are those of reservations.
func (s *store) transact(ctx context.Context, reservations int, writes []types.TransactWriteItem) (failures []*types.CancellationReason, err error) {
	conflicts := 0
	err = insist(ctx, func() error {
		_, err := s.db.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: writes})
		if cancelled, ok := errors.AsType[*types.TransactionCanceledException](err); ok {
			if inConflict(cancelled, reservations) {
				conflicts++
			}
			failures, err = failedConditions(cancelled, reservations, len(writes))
			return err
		}
		if err != nil {
			return fmt.Errorf("inventory: transaction: %w", err)
		}
		return nil
	})
	if conflicts > 0 {
		s.tellConflicts(ctx, conflicts)
	}
	return failures, err
}

// tellConflicts says how often others wrote the same stock at the same time.
func (s *store) tellConflicts(ctx context.Context, conflicts int) {
	if s.conflicts == nil {
		return
	}
	order.LoggerOf(ctx).LogAttrs(ctx, slog.LevelInfo, "stock was contended", slog.Int(metric.StockConflicts, conflicts), s.conflicts.Attr())
}

// inConflict tells whether a transaction met another one on its stock. The
// first writes are those of reservations.
func inConflict(cancelled *types.TransactionCanceledException, reservations int) bool {
	for i, reason := range cancelled.CancellationReasons {
		if i >= reservations && aws.ToString(reason.Code) == "TransactionConflict" {
			return true
		}
	}
	return false
}

// contended is the error of a write that lost to a transaction, or that the
// table was too busy for.
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
// transaction holds a reservation, the rest tells nothing: stock may be short
// because of this very order.
func failedConditions(cancelled *types.TransactionCanceledException, reservations, writes int) ([]*types.CancellationReason, error) {
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
			if i < reservations {
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

// putTombstone marks an order that has no reservation as one that never will,
// for as long as a request may come.
// Errors: unexpected when it has one.
func (s *store) putTombstone(ctx context.Context, orderID string, at time.Time) error {
	item := row(reservation{orderID: orderID, state: released, at: at})
	item[order.ExpiresAt] = num(int(at.Add(order.TombstoneLife).Unix()))
	return insist(ctx, func() error {
		_, err := s.db.PutItem(ctx, &dynamodb.PutItemInput{
			TableName:                           &s.reservations,
			Item:                                item,
			ConditionExpression:                 isNew,
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
		"status":     statuses[r.state],
		"lines":      &types.AttributeValueMemberL{Value: lines},
		"reservedAt": str(r.at.Format(time.RFC3339Nano)),
	}
}

// statuses are the states as rows have them.
var statuses = map[state]types.AttributeValue{
	reserved:  str(string(reserved)),
	committed: str(string(committed)),
	released:  str(string(released)),
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
