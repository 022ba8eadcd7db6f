package stack

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"orderflow/lambdas/order"
)

type row = map[string]types.AttributeValue

// batchSize is how many keys one BatchGetItem takes.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
const batchSize = 100

// maxReads bounds how often rows are asked for while the table is too busy.
const maxReads = 5

// listed is what a list shows of an order's row, and what it is searched by.
var listed = struct {
	projection string
	names      map[string]string
}{
	"orderId, #status, customer.id, customer.#name, #lines, #items, #total, createdAt, decidedAt, failure",
	map[string]string{"#status": "status", "#name": "name", "#lines": "lines", "#items": "items", "#total": "total"},
}

// stored reads orders' rows as far as a list shows them, by ID. Those that
// have none are missing.
func (s *Stack) stored(ctx context.Context, orderIDs []string) (map[string]order.Order, error) {
	found := make(map[string]order.Order, len(orderIDs))
	wanted := types.KeysAndAttributes{ConsistentRead: aws.Bool(true), ProjectionExpression: &listed.projection, ExpressionAttributeNames: listed.names}
	err := s.rowsOf(ctx, "OrdersTable", orderIDs, wanted, func(item row) error {
		o, err := parseOrder(item)
		found[o.ID] = o
		return err
	})
	return found, err
}

// rowsOf reads what is wanted of the rows that orders have in a table.
func (s *Stack) rowsOf(ctx context.Context, logicalID string, orderIDs []string, wanted types.KeysAndAttributes, each func(row) error) error {
	for ids := range slices.Chunk(orderIDs, batchSize) {
		wanted.Keys = make([]row, len(ids))
		for i, id := range ids {
			wanted.Keys[i] = orderKey(id)
		}
		if err := s.batch(ctx, logicalID, wanted, each); err != nil {
			return err
		}
	}
	return nil
}

func (s *Stack) batch(ctx context.Context, logicalID string, wanted types.KeysAndAttributes, each func(row) error) error {
	table := *s.table(logicalID)
	for range maxReads {
		out, err := s.db.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{table: wanted}})
		if err != nil {
			return fmt.Errorf("stack: %s: %w", logicalID, err)
		}
		for _, item := range out.Responses[table] {
			if err := each(item); err != nil {
				return err
			}
		}
		if wanted.Keys = out.UnprocessedKeys[table].Keys; len(wanted.Keys) == 0 {
			return nil
		}
	}
	return fmt.Errorf("stack: %s is too busy to be read", logicalID)
}

// row reads one of a table's, nil if there is none.
func (s *Stack) row(ctx context.Context, logicalID string, key row) (row, error) {
	out, err := s.db.GetItem(ctx, &dynamodb.GetItemInput{TableName: s.table(logicalID), Key: key, ConsistentRead: aws.Bool(true)})
	if err != nil {
		return nil, fmt.Errorf("stack: %s: %w", logicalID, err)
	}
	return out.Item, nil
}

// rows are all of a small table's.
func (s *Stack) rows(ctx context.Context, logicalID string) (rows []row, err error) {
	pages := dynamodb.NewScanPaginator(s.db, &dynamodb.ScanInput{TableName: s.table(logicalID), ConsistentRead: aws.Bool(true)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("stack: %s: %w", logicalID, err)
		}
		rows = append(rows, page.Items...)
	}
	return rows, nil
}

func parseOrder(item row) (order.Order, error) {
	var o order.Order
	if err := unmarshal(item, &o); err != nil {
		return order.Order{}, fmt.Errorf("stack: row of order %q: %w", text(item["orderId"]), err)
	}
	return o, nil
}

// unmarshal reads a row into what has JSON's tags.
func unmarshal(item row, into any) error {
	return attributevalue.UnmarshalMapWithOptions(item, into, func(o *attributevalue.DecoderOptions) { o.TagKey = "json" })
}

func orderKey(orderID string) row { return row{"orderId": str(orderID)} }

func str(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

func text(v types.AttributeValue) string {
	if s, ok := v.(*types.AttributeValueMemberS); ok {
		return s.Value
	}
	return ""
}
