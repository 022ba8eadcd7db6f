package validation

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"orderflow/lambdas/order"
)

// maxKeys is how many items one BatchGetItem may ask for.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
const maxKeys = 100

// maxReads bounds how often one order's products are asked for while the table
// is too busy to give them all. After that the state machine tries again, with
// ever longer pauses.
const maxReads = 3

// A catalogue says what there is to buy.
type catalogue struct {
	db    *dynamodb.Client
	table string
}

// products reads what the catalogue has of the items, by SKU. No two items
// share a SKU.
func (c *catalogue) products(ctx context.Context, items []order.Item) (map[string]product, error) {
	if len(items) > maxKeys {
		return nil, order.InvalidOrder{Reason: fmt.Sprintf("the order has %d different items, more than %d", len(items), maxKeys)}
	}
	keys := make([]map[string]types.AttributeValue, 0, len(items))
	for _, item := range items {
		if item.SKU == "" {
			return nil, order.InvalidOrder{Reason: "an item has no sku"}
		}
		keys = append(keys, map[string]types.AttributeValue{"sku": &types.AttributeValueMemberS{Value: item.SKU}})
	}
	products := make(map[string]product, len(items))
	for reads := 0; len(keys) > 0; reads++ {
		if reads == maxReads {
			return nil, fmt.Errorf("validation: catalogue is too busy: %d of %d products unread", len(keys), len(items))
		}
		out, err := c.db.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{
			RequestItems: map[string]types.KeysAndAttributes{c.table: {
				Keys:                     keys,
				ProjectionExpression:     aws.String("sku, #name, unitPrice, currency, weightGrams"), // there may be more, such as what it cost
				ExpressionAttributeNames: map[string]string{"#name": "name"},
			}},
		})
		if err != nil {
			return nil, fmt.Errorf("validation: catalogue: %w", err)
		}
		for _, row := range out.Responses[c.table] {
			sku, p, err := parse(row)
			if err != nil {
				return nil, err
			}
			products[sku] = p
		}
		keys = out.UnprocessedKeys[c.table].Keys
	}
	return products, nil
}

func parse(row map[string]types.AttributeValue) (sku string, _ product, _ error) {
	var stored struct {
		SKU       string `dynamodbav:"sku"`
		Name      string `dynamodbav:"name"`
		UnitPrice *int64 `dynamodbav:"unitPrice"`
		Currency  string `dynamodbav:"currency"`
		Weight    int    `dynamodbav:"weightGrams"`
	}
	if err := attributevalue.UnmarshalMap(row, &stored); err != nil {
		return "", product{}, fmt.Errorf("validation: catalogue row: %w", err)
	}
	if stored.UnitPrice == nil || *stored.UnitPrice < 0 || stored.Currency == "" || stored.Weight < 0 {
		return "", product{}, fmt.Errorf("validation: catalogue row of sku %q is incomplete", stored.SKU)
	}
	return stored.SKU, product{
		name:        stored.Name,
		unitPrice:   order.Money{Amount: *stored.UnitPrice, Currency: stored.Currency},
		weightGrams: stored.Weight,
	}, nil
}
