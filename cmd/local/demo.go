package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/google/uuid"

	"orderflow/cmd/local/carrier"
	"orderflow/lambdas/order"
)

// An orderRequest is what a shop posts.
type orderRequest struct {
	Customer        order.Customer `json:"customer"`
	Items           []order.Item   `json:"items"`
	ShippingAddress order.Address  `json:"shippingAddress"`
}

func orderFor(sku string, quantity int, country string) orderRequest {
	return orderRequest{
		Customer:        order.Customer{ID: somebody, Name: "Ada", Email: "ada@example.com"},
		Items:           []order.Item{{SKU: sku, Quantity: quantity}},
		ShippingAddress: order.Address{Name: "Ada", Line1: "1 Byron St", City: "London", PostalCode: "N1 1AA", Country: country},
	}
}

// maxQuantity is the most of one SKU that an order may ask for.
const maxQuantity = 1000

// demonstrate places an order for each kind of outcome, one after the other,
// and tells its journey as it happens.
func demonstrate(ctx context.Context, s *system, sockets network, w io.Writer) {
	transport := &http.Transport{DialContext: sockets.dial}
	defer transport.CloseIdleConnections()
	d := &demo{
		system: s,
		out:    w,
		client: &http.Client{Transport: s.asSomebody(transport)},
	}
	plenty := mostPlentiful(s.products)
	scarce := slices.MinFunc(s.products, func(a, b product) int { return int(a.stocked - b.stocked) })
	for _, one := range []struct {
		kind    string
		request orderRequest
	}{
		{"One that is confirmed", orderFor(plenty.sku, 1, "GB")},
		{"One for more than is in stock", orderFor(scarce.sku, int(min(scarce.stocked+1, maxQuantity)), "GB")},
		{"One that the carrier refuses", orderFor(plenty.sku, 1, carrier.Refused)},
		{"One that is invalid", orderFor("NO-SUCH-SKU", 1, "GB")},
	} {
		item := one.request.Items[0]
		fmt.Fprintf(w, "\n%s: %d × %s to %s\n", one.kind, item.Quantity, item.SKU, one.request.ShippingAddress.Country)
		err := d.follow(ctx, one.request)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			fmt.Fprintf(w, "  could not be followed: %v\n", err)
		}
	}
	fmt.Fprintln(w, "\nStill serving.")
}

type demo struct {
	system *system
	out    io.Writer
	client *http.Client
}

// follow places an order and tells its journey until it is decided.
func (d *demo) follow(ctx context.Context, request orderRequest) error {
	began := time.Now()
	placed, err := d.place(ctx, request)
	if err != nil {
		return err
	}
	t := newTeller(d.out, began)
	t.tell(began, "POST /orders", fmt.Sprintf("answers 202 within %d ms: order %s is %s", time.Since(began).Milliseconds()+1, placed.ID, placed.Status))
	execution := order.ExecutionsOf(d.system.stack.Outputs["StateMachineArn"]).ARN(placed.ID)
	events, err := d.system.cloud.States.Watch(ctx, execution)
	if err != nil {
		return err
	}
	for e := range events {
		t.event(e)
	}
	decided, err := d.show(ctx, placed.ID)
	if err != nil {
		return err
	}
	t.tell(time.Now(), "GET /orders/{id}", "answers "+outcome(decided))
	return nil
}

func (d *demo) place(ctx context.Context, request orderRequest) (order.Order, error) {
	body, err := json.Marshal(request)
	if err != nil {
		return order.Order{}, err
	}
	return d.call(ctx, http.MethodPost, "/orders", body, http.StatusAccepted)
}

// maxTries is how often a request is made that is answered with a fault, a
// second apart. Its Idempotency-Key sees to it that it counts once.
const maxTries = 10

func (d *demo) show(ctx context.Context, orderID string) (order.Order, error) {
	return d.call(ctx, http.MethodGet, "/orders/"+orderID, nil, http.StatusOK)
}

func (d *demo) call(ctx context.Context, method, path string, body []byte, want int) (order.Order, error) {
	key := uuid.NewString()
	for tries := 1; ; tries++ {
		status, o, err := d.try(ctx, method, path, key, body, want)
		if status < http.StatusInternalServerError || tries == maxTries {
			return o, err
		}
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
			return o, err
		}
	}
}

func (d *demo) try(ctx context.Context, method, path, key string, body []byte, want int) (status int, o order.Order, _ error) {
	r, err := http.NewRequestWithContext(ctx, method, "http://"+d.system.api+path, bytes.NewReader(body))
	if err != nil {
		return 0, o, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Idempotency-Key", key)
	resp, err := d.client.Do(r)
	if err != nil {
		return 0, o, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return 0, o, err
	}
	if resp.StatusCode != want {
		return resp.StatusCode, o, fmt.Errorf("%s %s answers %s: %s", method, path, resp.Status, answer)
	}
	return resp.StatusCode, o, json.Unmarshal(answer, &o)
}

func outcome(o order.Order) string {
	switch {
	case o.Shipment != nil:
		return fmt.Sprintf("%s, tracking number %s of %s", o.Status, o.Shipment.TrackingNumber, o.Shipment.Carrier)
	case o.Failure != nil:
		return fmt.Sprintf("%s for %s: %s", o.Status, o.Failure.Code, o.Failure.Detail)
	}
	return string(o.Status)
}
