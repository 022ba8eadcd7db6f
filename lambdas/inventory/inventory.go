// Package inventory sets stock aside for an order, and later hands it over or
// puts it back.
package inventory

import (
	"context"
	"fmt"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"orderflow/lambdas/consumer"
	"orderflow/lambdas/metric"
	"orderflow/lambdas/order"
)

// New makes the handler of InventoryQueue. It reads STOCK_TABLE,
// RESERVATIONS_TABLE and what consumer.NewLog does.
func New(cfg aws.Config, getenv func(string) string) (lambda.Handler, error) {
	store := &store{db: dynamodb.NewFromConfig(cfg), stock: getenv("STOCK_TABLE"), reservations: getenv("RESERVATIONS_TABLE")}
	if store.stock == "" {
		return nil, fmt.Errorf("inventory: STOCK_TABLE is not set")
	}
	if store.reservations == "" {
		return nil, fmt.Errorf("inventory: RESERVATIONS_TABLE is not set")
	}
	log, err := consumer.NewLog("inventory", getenv)
	if err != nil {
		return nil, err
	}
	store.conflicts = new(metric.Embed(getenv(metric.NamespaceVariable), metric.StockConflicts))
	w := &warehouse{store}
	return consumer.Together(log, w.together, w.handle, sfn.NewFromConfig(cfg)), nil
}

func (w *warehouse) handle(ctx context.Context, e order.Event) (any, error) {
	switch e.Type {
	case order.InventoryRequested:
		answer, err := w.reserve(ctx, e.Data.OrderID, e.Data.Lines)
		return &answer, err
	case order.OrderConfirmed:
		return nil, w.commit(ctx, e.Data.OrderID, e.Data.Lines)
	case order.OrderCancelled:
		return nil, w.release(ctx, e.Data.OrderID)
	}
	return nil, fmt.Errorf("inventory: event %q has unexpected type %q", e.ID, e.Type)
}
