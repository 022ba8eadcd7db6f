package reconciliation

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

// tables are what is looked through. No attribute with personal data is ever
// read, nor an index made for this: it would make every order dearer.
type tables struct {
	db                                     *dynamodb.Client
	orders, reservations, shipments, stock string // table names
}

type row = map[string]types.AttributeValue

// parts is into how many parts a table is cut, each with a scan of its own.
const parts = 16

// timeFormat sorts as text does, to the second: other writers of the tables
// give their times more or fewer digits after it.
const timeFormat = "2006-01-02T15:04:05Z"

// What is the same in all calls.
var (
	allParts     = aws.Int32(parts)
	orderColumns = aws.String("orderId, #status, decidedAt")
	idColumn     = aws.String("orderId")
	idAndStatus  = aws.String("orderId, #status")
	stockColumns = aws.String("sku, stocked, available, reserved, committed")
	placedBefore = aws.String("createdAt < :before")
	heldBefore   = aws.String("#status = :status AND #since < :before")

	statusName       = map[string]string{"#status": "status"}
	reservationNames = map[string]string{"#status": "status", "#since": "reservedAt"}
	shipmentNames    = map[string]string{"#status": "status", "#since": "bookedAt"}
)

// ordersScan is of the orders placed before a time: their IDs, statuses and when
// they were decided.
func (t *tables) ordersScan(before types.AttributeValue) dynamodb.ScanInput {
	return dynamodb.ScanInput{
		TableName:                 &t.orders,
		ProjectionExpression:      orderColumns,
		FilterExpression:          placedBefore,
		ExpressionAttributeNames:  statusName,
		ExpressionAttributeValues: row{":before": before},
	}
}

// reservationsScan is of the orders for which stock has been set aside since
// before a time.
func (t *tables) reservationsScan(before types.AttributeValue) dynamodb.ScanInput {
	return heldScan(&t.reservations, reservationNames, reserved, before)
}

// shipmentsScan is of the orders whose parcel has been booked since before a
// time.
func (t *tables) shipmentsScan(before types.AttributeValue) dynamodb.ScanInput {
	return heldScan(&t.shipments, shipmentNames, booked, before)
}

func heldScan(table *string, names map[string]string, status string, before types.AttributeValue) dynamodb.ScanInput {
	return dynamodb.ScanInput{
		TableName:                 table,
		ProjectionExpression:      idColumn,
		FilterExpression:          heldBefore,
		ExpressionAttributeNames:  names,
		ExpressionAttributeValues: row{":status": str(status), ":before": before},
	}
}

// stockScan is of every shelf.
func (t *tables) stockScan() dynamodb.ScanInput {
	return dynamodb.ScanInput{TableName: &t.stock, ProjectionExpression: stockColumns}
}

// scan reads one part of a table page by page, so that a page is the most that
// is in memory. Of a page the filter let through rows, and left out the rest of
// scanned. An error of page ends the scan.
func (t *tables) scan(ctx context.Context, in *dynamodb.ScanInput, part *int32, page func(rows []row, scanned int) error) error {
	in.Segment, in.TotalSegments, in.ExclusiveStartKey = part, allParts, nil
	in.Select = types.SelectSpecificAttributes // the role demands it, and DynamoDB need not tell IAM what is not said
	for {
		out, err := t.db.Scan(ctx, in)
		if err != nil {
			return fmt.Errorf("reconciliation: table %q: %w", *in.TableName, err)
		}
		if err := page(out.Items, int(out.ScannedCount)); err != nil {
			return err
		}
		if in.ExclusiveStartKey = out.LastEvaluatedKey; len(in.ExclusiveStartKey) == 0 {
			return nil
		}
	}
}

// batchSize is how many keys one BatchGetItem takes.
const batchSize = 100

// keysOf are the keys of the rows that other tables have about the orders of a
// batch.
func keysOf(batch []row) []row {
	keys := make([]row, len(batch))
	for i, r := range batch {
		keys[i] = row{"orderId": r["orderId"]}
	}
	return keys
}

// statuses reads the statuses of at most batchSize orders' rows in a table, as
// they were a moment ago: that halves the price, and what looks suspicious is
// read again.
func (t *tables) statuses(ctx context.Context, table string, keys []row) (map[string]string, error) {
	read, err := t.read(ctx, map[string]types.KeysAndAttributes{table: {
		Keys:                     keys,
		ProjectionExpression:     idAndStatus,
		ExpressionAttributeNames: statusName,
	}})
	if err != nil {
		return nil, err
	}
	statuses := make(map[string]string, len(keys))
	for _, r := range read[table] {
		statuses[text(r, "orderId")] = text(r, "status")
	}
	return statuses, nil
}

// file reads all rows of one order, as they are now.
func (t *tables) file(ctx context.Context, orderID string) (file, error) {
	statusOf := types.KeysAndAttributes{
		Keys:                     []row{{"orderId": str(orderID)}},
		ConsistentRead:           aws.Bool(true),
		ProjectionExpression:     aws.String("#status"),
		ExpressionAttributeNames: map[string]string{"#status": "status"},
	}
	decisionOf := statusOf
	decisionOf.ProjectionExpression = aws.String("orderId, #status, #lines, #total, reservation, shipment, failure, createdAt, decidedAt")
	decisionOf.ExpressionAttributeNames = map[string]string{"#status": "status", "#lines": "lines", "#total": "total"}
	read, err := t.read(ctx, map[string]types.KeysAndAttributes{t.orders: decisionOf, t.reservations: statusOf, t.shipments: statusOf})
	if err != nil {
		return file{}, err
	}
	f := file{order: order.Order{ID: orderID}}
	if rows := read[t.orders]; len(rows) > 0 {
		err = attributevalue.UnmarshalMapWithOptions(rows[0], &f.order, func(o *attributevalue.DecoderOptions) { o.TagKey = "json" })
	}
	if err != nil {
		return file{}, fmt.Errorf("reconciliation: row of order %q: %w", orderID, err)
	}
	if rows := read[t.reservations]; len(rows) > 0 {
		f.reservation = text(rows[0], "status")
	}
	if rows := read[t.shipments]; len(rows) > 0 {
		f.shipment = text(rows[0], "status")
	}
	return f, nil
}

// Tables that are too busy leave keys unread, which are asked for again.
const (
	maxReads  = 6
	firstWait = 100 * time.Millisecond
)

// read reads rows by their keys, until every key has had its answer.
func (t *tables) read(ctx context.Context, request map[string]types.KeysAndAttributes) (map[string][]row, error) {
	found := map[string][]row{}
	wait := firstWait
	for range maxReads {
		out, err := t.db.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: request})
		if err != nil {
			return nil, fmt.Errorf("reconciliation: rows: %w", err)
		}
		for table, rows := range out.Responses {
			found[table] = append(found[table], rows...)
		}
		if len(out.UnprocessedKeys) == 0 {
			return found, nil
		}
		request = out.UnprocessedKeys
		if err := sleep(ctx, wait); err != nil {
			return nil, fmt.Errorf("reconciliation: rows: %w", err)
		}
		wait *= 2
	}
	return nil, errors.New("reconciliation: the tables are too busy to be read; the next run tries again")
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// fail decides that a pending order failed, as the state CancelOrder does.
// Errors: errDecided when somebody decided first.
func (t *tables) fail(ctx context.Context, orderID string, why order.Failure, at time.Time) error {
	_, err := t.db.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName:                &t.orders,
		Key:                      row{"orderId": str(orderID)},
		UpdateExpression:         aws.String("SET #status = :failed, failure = :failure, decidedAt = :now"),
		ConditionExpression:      aws.String("#status = :pending"),
		ExpressionAttributeNames: map[string]string{"#status": "status"},
		ExpressionAttributeValues: row{
			":failed":  str(string(order.Failed)),
			":pending": str(string(order.Pending)),
			":failure": &types.AttributeValueMemberM{Value: row{"code": str(why.Code), "detail": str(why.Detail)}},
			":now":     str(at.UTC().Format("2006-01-02T15:04:05.000Z")),
		},
	})
	if _, ok := errors.AsType[*types.ConditionalCheckFailedException](err); ok {
		return errDecided
	}
	if err != nil {
		return fmt.Errorf("reconciliation: order %q: %w", orderID, err)
	}
	return nil
}

var errDecided = errors.New("reconciliation: the order is decided")

func str(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

func text(r row, name string) string {
	value, _ := r[name].(*types.AttributeValueMemberS)
	if value == nil {
		return ""
	}
	return value.Value
}
