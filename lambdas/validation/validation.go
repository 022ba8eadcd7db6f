// Package validation prices an order from the catalogue, or says why it can
// not be priced.
package validation

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"orderflow/lambdas/order"
)

// Request is what the state ValidateOrder asks.
type Request struct {
	OrderID string       `json:"orderId"`
	Items   []order.Item `json:"items"`
}

// Priced is what it is answered.
type Priced struct {
	Lines []order.Line `json:"lines"`
	Total order.Money  `json:"total"`
}

// New makes the handler of the state ValidateOrder. It reads CATALOGUE_TABLE.
// The handler refuses with order.InvalidOrder, unwrapped.
func New(cfg aws.Config, getenv func(string) string) (lambda.Handler, error) {
	c := &catalogue{db: dynamodb.NewFromConfig(cfg), table: getenv("CATALOGUE_TABLE")}
	if c.table == "" {
		return nil, fmt.Errorf("validation: CATALOGUE_TABLE is not set")
	}
	return &handler{c}, nil
}

type handler struct{ catalogue *catalogue }

// Invoke implements lambda.Handler.
func (h *handler) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	var r Request
	if err := json.Unmarshal(payload, &r); err != nil {
		return nil, fmt.Errorf("validation: request: %w", err)
	}
	items := order.Merge(r.Items)
	products, err := h.catalogue.products(ctx, items)
	if err != nil {
		return nil, err
	}
	priced, err := price(items, products)
	if err != nil {
		return nil, err
	}
	return json.Marshal(priced)
}
