package inventory

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Shelves are the stock as its operator fills it, while orders take from it.
type Shelves struct {
	DB    *dynamodb.Client
	Table string
}

// A Shelf is what there is of a SKU: available + reserved + committed =
// stocked.
type Shelf struct {
	SKU       string `dynamodbav:"sku"`
	Stocked   int64  `dynamodbav:"stocked"`
	Available int64  `dynamodbav:"available"`
	Reserved  int64  `dynamodbav:"reserved"`
	Committed int64  `dynamodbav:"committed"`
}

// MaxStocked is how many units of a SKU may be stocked.
const MaxStocked = 1_000_000_000

// NotAvailable is the error of taking away more units than are available.
type NotAvailable struct {
	Shelf
	Units int64 // that were to be taken away
}

func (e NotAvailable) Error() string {
	return fmt.Sprintf("inventory: %d of sku %q are available, fewer than the %d to take away", e.Available, e.SKU, e.Units)
}

// Add adds units to what is stocked and available, or takes away as many when
// negative. A SKU that has no shelf gets one. Error: NotAvailable.
func (s Shelves) Add(ctx context.Context, sku string, units int64) (Shelf, error) {
	if units < -MaxStocked || units > MaxStocked {
		return Shelf{}, fmt.Errorf("inventory: %d units of sku %q are more than %d", units, sku, MaxStocked)
	}
	return s.add(ctx, sku, units, nil)
}

// maxRecounts is how often Set starts over because others added units.
const maxRecounts = 5

// Set makes the units stocked so many in all, by adding or taking away what is
// missing or too much. A SKU that has no shelf gets one. Error: NotAvailable.
func (s Shelves) Set(ctx context.Context, sku string, stocked int64) (Shelf, error) {
	if stocked < 0 || stocked > MaxStocked {
		return Shelf{}, fmt.Errorf("inventory: %d units of sku %q are not 0 to %d", stocked, sku, MaxStocked)
	}
	for range maxRecounts {
		counted, err := s.get(ctx, sku)
		if err != nil {
			return Shelf{}, err
		}
		shelf, err := s.add(ctx, sku, stocked-counted.Stocked, &counted)
		if !errors.Is(err, errRecounted) {
			return shelf, err
		}
	}
	return Shelf{}, fmt.Errorf("inventory: stock of sku %q keeps changing", sku)
}

// get reads a shelf; a SKU that has none has nothing.
func (s Shelves) get(ctx context.Context, sku string) (Shelf, error) {
	out, err := s.DB.GetItem(ctx, &dynamodb.GetItemInput{
		TableName:      &s.Table,
		Key:            map[string]types.AttributeValue{"sku": str(sku)},
		ConsistentRead: aws.Bool(true),
	})
	if err != nil {
		return Shelf{}, fmt.Errorf("inventory: stock of sku %q: %w", sku, err)
	}
	return parseShelf(sku, out.Item)
}

// errRecounted is the error of a write that met another count than was read.
var errRecounted = errors.New("inventory: stock was counted anew")

// add writes both counts that change, at once. Given what was counted, it does
// so only if as many units are stocked still.
//
// It is a transaction of one write, for the SDK makes a call again whose answer
// was lost: a transaction counts once, by its token, and an update twice.
func (s Shelves) add(ctx context.Context, sku string, units int64, counted *Shelf) (Shelf, error) {
	condition := "stocked <= :most AND available >= :taken"
	values := map[string]types.AttributeValue{
		":units": long(units), ":none": long(0), ":most": long(MaxStocked - units), ":taken": long(max(-units, 0)),
	}
	if counted != nil {
		condition += " AND stocked = :counted"
		values[":counted"] = long(counted.Stocked)
	}
	if units >= 0 && (counted == nil || counted.Stocked == 0) {
		condition = "attribute_not_exists(sku) OR " + condition
	}
	writes := []types.TransactWriteItem{{Update: &types.Update{
		TableName: &s.Table,
		Key:       map[string]types.AttributeValue{"sku": str(sku)},
		UpdateExpression: aws.String("SET stocked = if_not_exists(stocked, :none) + :units, available = if_not_exists(available, :none) + :units, " +
			"reserved = if_not_exists(reserved, :none), committed = if_not_exists(committed, :none)"),
		ConditionExpression:                 &condition,
		ExpressionAttributeValues:           values,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}}}
	store := store{db: s.DB, stock: s.Table}
	failures, err := store.transact(ctx, 0, writes)
	if err != nil {
		return Shelf{}, fmt.Errorf("inventory: stock of sku %q: %w", sku, err)
	}
	if failures != nil {
		return Shelf{}, notAdded(sku, units, counted, failures[0].Item)
	}
	return s.get(ctx, sku)
}

// notAdded tells why units were not added, from what was found instead.
func notAdded(sku string, units int64, counted *Shelf, item map[string]types.AttributeValue) error {
	found, err := parseShelf(sku, item)
	switch {
	case err != nil:
		return err
	case counted != nil && found.Stocked != counted.Stocked:
		return errRecounted
	case found.Stocked+units > MaxStocked:
		return fmt.Errorf("inventory: %d of sku %q are stocked: with %d more they would be more than %d", found.Stocked, sku, units, MaxStocked)
	}
	return NotAvailable{found, -units}
}

func parseShelf(sku string, item map[string]types.AttributeValue) (Shelf, error) {
	shelf := Shelf{SKU: sku}
	if err := attributevalue.UnmarshalMap(item, &shelf); err != nil {
		return Shelf{}, fmt.Errorf("inventory: stock of sku %q: %w", sku, err)
	}
	return shelf, nil
}

func long(n int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)}
}
