// Package shipment books a parcel with the carrier for an order, and later
// sends it off or calls it back.
package shipment

import (
	"context"
	"fmt"
	"net/http"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"orderflow/lambdas/consumer"
	"orderflow/lambdas/order"
)

// New makes the handler of ShipmentQueue. It reads SHIPMENTS_TABLE,
// ORDERS_TABLE, CARRIER_URL and what consumer.NewLog does, and reaches the
// carrier through cfg.HTTPClient.
func New(cfg aws.Config, getenv func(string) string) (lambda.Handler, error) {
	store := &store{db: dynamodb.NewFromConfig(cfg), shipments: getenv("SHIPMENTS_TABLE"), orders: getenv("ORDERS_TABLE")}
	if store.shipments == "" {
		return nil, fmt.Errorf("shipment: SHIPMENTS_TABLE is not set")
	}
	if store.orders == "" {
		return nil, fmt.Errorf("shipment: ORDERS_TABLE is not set")
	}
	client := cfg.HTTPClient
	if client == nil {
		client = &http.Client{Timeout: carrierTimeout}
	}
	carrier, err := NewHTTPCarrier(getenv("CARRIER_URL"), client)
	if err != nil {
		return nil, err
	}
	log, err := consumer.NewLog("shipment", getenv)
	if err != nil {
		return nil, err
	}
	d := &desk{store, carrier}
	return consumer.Each(log, d.handle, sfn.NewFromConfig(cfg)), nil
}

func (d *desk) handle(ctx context.Context, e order.Event) (any, error) {
	switch e.Type {
	case order.ShipmentRequested:
		answer, err := d.book(ctx, e.Data.OrderID, e.Data.Lines)
		return &answer, err
	case order.OrderConfirmed:
		return nil, d.dispatch(ctx, e.Data.OrderID)
	case order.OrderCancelled:
		return nil, d.cancel(ctx, e.Data.OrderID)
	}
	return nil, fmt.Errorf("shipment: event %q has unexpected type %q", e.ID, e.Type)
}
