package console

import (
	"context"
	"net/http"
	"net/url"

	"orderflow/cmd/orders/stack"
)

// shipmentsPage is the parcels of the newest orders.
type shipmentsPage struct {
	Parcels     []stack.Parcel
	First, Next string
}

func (c *Console) loadShipments(ctx context.Context, r *http.Request) (string, any, error) {
	cursor := r.URL.Query().Get("cursor")
	parcels, next, err := c.Stack.Parcels(ctx, cursor)
	p := shipmentsPage{Parcels: parcels}
	if next != "" {
		p.Next = withQuery(Prefix+"/shipments", url.Values{"cursor": {next}})
	}
	if cursor != "" {
		p.First = Prefix + "/shipments"
	}
	return "Shipments", p, err
}
