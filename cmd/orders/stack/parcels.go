package stack

import (
	"context"
	"fmt"
	"time"

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
	ids := make([]string, len(page.Orders))
	for i, o := range page.Orders {
		ids[i] = o.ID
	}
	found := make(map[string]Parcel, len(ids))
	err = s.rowsOf(ctx, "ShipmentsTable", ids, types.KeysAndAttributes{}, func(item row) error {
		var p Parcel
		if err := unmarshal(item, &p); err != nil {
			return fmt.Errorf("stack: shipment: %w", err)
		}
		found[p.OrderID] = p
		return nil
	})
	if err != nil {
		return nil, "", err
	}
	for _, o := range page.Orders {
		if p := found[o.ID]; p.TrackingNumber != "" { // else it was cancelled before it was booked
			parcels = append(parcels, p)
		}
	}
	return parcels, page.Next, nil
}
