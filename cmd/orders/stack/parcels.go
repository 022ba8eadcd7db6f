package stack

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// A Parcel is the shipment of an order.
type Parcel struct {
	OrderID        string    `json:"orderId"`
	Status         string    `json:"status"` // BOOKED, DISPATCHED, CANCELLED
	Carrier        string    `json:"carrier,omitempty"`
	TrackingNumber string    `json:"trackingNumber,omitempty"`
	BookedAt       time.Time `json:"bookedAt,omitzero"`
}

// Parcels are those of the newest orders; cursor and next as in Orders. An
// order that was never shipped has none.
func (s *Stack) Parcels(ctx context.Context, cursor string) (parcels []Parcel, next string, err error) {
	page, err := s.Orders(ctx, Query{Cursor: cursor})
	if err != nil || len(page.Orders) == 0 {
		return nil, "", err
	}
	found := map[string]Parcel{}
	for _, o := range page.Orders {
		found[o.ID] = Parcel{}
	}
	if err := s.parcels(ctx, found); err != nil {
		return nil, "", err
	}
	for _, o := range page.Orders {
		if p := found[o.ID]; p.TrackingNumber != "" { // else it was cancelled before it was booked
			parcels = append(parcels, p)
		}
	}
	return parcels, page.Next, nil
}

// parcels fills in those that there are, by order ID.
func (s *Stack) parcels(ctx context.Context, found map[string]Parcel) error {
	table := *s.table("ShipmentsTable")
	keys := make([]row, 0, len(found))
	for id := range found {
		keys = append(keys, orderKey(id))
	}
	for range maxReads {
		out, err := s.db.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{table: {Keys: keys}}})
		if err != nil {
			return fmt.Errorf("stack: shipments: %w", err)
		}
		for _, item := range out.Responses[table] {
			var p Parcel
			if err := unmarshal(item, &p); err != nil {
				return fmt.Errorf("stack: shipment: %w", err)
			}
			found[p.OrderID] = p
		}
		if keys = out.UnprocessedKeys[table].Keys; len(keys) == 0 {
			return nil
		}
	}
	return fmt.Errorf("stack: shipments: the table is too busy to be read")
}
