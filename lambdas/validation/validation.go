// Package validation prices an order from the catalogue, or says why it can
// not be priced.
package validation

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"orderflow/lambdas/metric"
	"orderflow/lambdas/order"
)

// Request is what the state ValidateOrder asks.
type Request struct {
	OrderID   string       `json:"orderId"`
	Execution string       `json:"execution"` // its ARN
	Items     []order.Item `json:"items"`
}

// Priced is what it is answered.
type Priced struct {
	Lines []order.Line `json:"lines"`
	Total order.Money  `json:"total"`
}

// New makes the handler of the state ValidateOrder. It reads CATALOGUE_TABLE and
// METRICS_NAMESPACE.
// The handler refuses with order.InvalidOrder, unwrapped.
func New(cfg aws.Config, getenv func(string) string) (lambda.Handler, error) {
	c := &catalogue{db: dynamodb.NewFromConfig(cfg), table: getenv("CATALOGUE_TABLE")}
	if c.table == "" {
		return nil, fmt.Errorf("validation: CATALOGUE_TABLE is not set")
	}
	namespace := getenv(metric.NamespaceVariable)
	if namespace == "" {
		return nil, fmt.Errorf("validation: %s is not set", metric.NamespaceVariable)
	}
	return &handler{c, metric.Embed(namespace, metric.InvalidOrders)}, nil
}

type handler struct {
	catalogue *catalogue
	refused   metric.Embedded
}

// Invoke implements lambda.Handler.
func (h *handler) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	var r Request
	if err := json.Unmarshal(payload, &r); err != nil {
		return nil, fmt.Errorf("validation: request: %w", err)
	}
	start := time.Now()
	priced, err := h.price(ctx, order.Merge(r.Items))
	h.report(ctx, r, start, err)
	if err != nil {
		return nil, err
	}
	return json.Marshal(priced)
}

func (h *handler) price(ctx context.Context, items []order.Item) (Priced, error) {
	products, err := h.catalogue.products(ctx, items)
	if err != nil {
		return Priced{}, err
	}
	return price(items, products)
}

// report says in the log how it went. Why an order is invalid is not said:
// that is free text about what a customer wrote.
func (h *handler) report(ctx context.Context, r Request, start time.Time, err error) {
	log, took := order.Logger(r.OrderID, r.Execution), slog.Duration("took", time.Since(start))
	switch err.(type) {
	case nil:
		log.LogAttrs(ctx, slog.LevelInfo, "order validated", took, slog.String("outcome", "priced"),
			slog.Int(metric.InvalidOrders, 0), h.refused.Attr()) // so that the alarm has what to take from Errors
	case order.InvalidOrder:
		log.LogAttrs(ctx, slog.LevelInfo, "order validated", took, slog.String("outcome", "invalid"),
			slog.Int(metric.InvalidOrders, 1), h.refused.Attr())
	default:
		log.LogAttrs(ctx, slog.LevelError, "order not validated", took, slog.Any("error", err),
			slog.String("next", "the state machine tries again for half an hour: if the error is about a row of the catalogue, correct it"))
	}
}
