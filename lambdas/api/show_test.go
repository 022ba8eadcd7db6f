package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"orderflow/cmd/local/cloud/cloudtest"
	"orderflow/lambdas/api/apitest"
	"orderflow/lambdas/order"
)

func TestShowOrder(t *testing.T) {
	s := newShop(t)
	id := placed(t, s.h, apitest.Order, "")

	var got order.Order
	decode(t, get(t, s.h, "/orders/"+id), http.StatusOK, &got)
	if got.Status != order.Pending || got.ID != id || len(got.Items) != 1 || got.Customer.Name != "Ada Lovelace" || got.CreatedAt.IsZero() || len(got.Timeline) != 1 {
		t.Errorf("before it is stored: %+v", got)
	}

	s.store(id, order.Confirmed, map[string]any{
		"items":       []any{map[string]any{"sku": "MUG-BLUE", "quantity": 2}},
		"lines":       []order.Line{{SKU: "MUG-BLUE", Name: "Blue mug", Quantity: 2, UnitPrice: order.Money{Amount: 1250, Currency: "GBP"}, WeightGrams: 350}},
		"total":       order.Money{Amount: 2500, Currency: "GBP"},
		"reservation": map[string]any{"reservationId": id, "reservedAt": "2026-01-02T03:04:05.700Z"},
		"shipment":    map[string]any{"carrier": "ACME", "trackingNumber": "A-1", "bookedAt": "2026-01-02T03:04:05.6Z"},
		"decidedAt":   "2026-01-02T03:04:06.000Z",
	})
	answer := get(t, s.h, "/orders/"+id)
	want := fmt.Sprintf(`{"orderId":%q,"status":"CONFIRMED",
		"customer":{"id":"c-42","name":"Ada Lovelace","email":"ada@example.com","phone":"+442079460000"},
		"shippingAddress":{"name":"Ada","line1":"1 Byron St","city":"London","postalCode":"N1 1AA","country":"GB"},
		"lines":[{"sku":"MUG-BLUE","name":"Blue mug","quantity":2,"unitPrice":{"amount":1250,"currency":"GBP"},"weightGrams":350}],
		"total":{"amount":2500,"currency":"GBP"},
		"reservation":{"reservationId":%[1]q,"reservedAt":"2026-01-02T03:04:05.7Z"},
		"shipment":{"carrier":"ACME","trackingNumber":"A-1","bookedAt":"2026-01-02T03:04:05.6Z"},
		"createdAt":"2026-01-02T03:04:05Z","decidedAt":"2026-01-02T03:04:06Z",
		"timeline":[{"status":"PENDING","at":"2026-01-02T03:04:05Z"},{"status":"BOOKED","at":"2026-01-02T03:04:05.6Z"},
			{"status":"RESERVED","at":"2026-01-02T03:04:05.7Z"},{"status":"CONFIRMED","at":"2026-01-02T03:04:06Z"}]}`, id)
	var gotJSON, wantJSON any
	decode(t, answer, http.StatusOK, &gotJSON)
	if err := json.Unmarshal([]byte(want), &wantJSON); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(wantJSON, gotJSON); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
	if answer.Headers["content-type"] != "application/json" || answer.Headers["cache-control"] != "no-store" {
		t.Errorf("headers %v", answer.Headers)
	}
}

// TestUnknownForAMoment: Step Functions may not know yet what it has started.
// Who was told 202 is not told 404; who asks for nothing waits for nothing.
func TestUnknownForAMoment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t)
		unknown := cloudtest.Fault{Action: "DescribeExecution", Times: 4, Status: 400, Body: `{"__type":"ExecutionDoesNotExist","message":"Execution Does Not Exist"}`}
		for _, key := range []string{"", "a-key"} {
			id := placed(t, s.h, apitest.Order, key)
			if answer := get(t, s.handler(unknown), "/orders/"+id); answer.StatusCode != http.StatusOK {
				t.Errorf("with key %q the order is answered %d: %s", key, answer.StatusCode, answer.Body)
			}
		}
		for id, most := range map[string]time.Duration{
			"00dc6acf-ac00-7000-8000-000000000000": 2 * time.Second, // now, by its own account
			uuid.NewSHA1(uuid.Nil, nil).String():   2 * time.Second,
			"00dc6ace-0000-7000-8000-000000000000": 0, // a while ago
			"0fdc6acf-ac00-7000-8000-000000000000": 0, // in years
			uuid.NewString():                       0, // no order's
		} {
			began := time.Now()
			answer := get(t, s.h, "/orders/"+id)
			if took := time.Since(began); answer.StatusCode != http.StatusNotFound || took > most {
				t.Errorf("order %s is answered %d after %v, want 404 within %v", id, answer.StatusCode, took, most)
			}
		}
	})
}

func TestShowNoOrder(t *testing.T) {
	s := newShop(t)
	var p problem
	decode(t, get(t, s.h, "/orders/"+uuid.NewString()), http.StatusNotFound, &p)
	decode(t, cancel(t, s.h, uuid.NewString()), http.StatusNotFound, &p)
	if got := s.Items("orders", "orderId"); len(got) != 0 {
		t.Errorf("orders %v", got)
	}
}

// An execution that an operator stopped before the order was stored has failed.
func TestShowOrderThatWasNeverStored(t *testing.T) {
	s := newShop(t)
	id := placed(t, s.h, apitest.Order, "")
	s.stop(id)
	var got order.Order
	decode(t, get(t, s.h, "/orders/"+id), http.StatusOK, &got)
	if got.Status != order.Failed || got.Failure == nil || got.Failure.Code != string(types.ExecutionStatusAborted) || got.DecidedAt == nil {
		t.Errorf("order %+v", got)
	}
	var p problem
	decode(t, cancel(t, s.h, id), http.StatusConflict, &p)
}

// The order is stored and decided between the looks at its row and at its
// execution.
func TestShowMeetsTheOrdersEnd(t *testing.T) {
	s := newShop(t)
	id := placed(t, s.h, apitest.Order, "")
	h := s.handler(cloudtest.Fault{Action: "GetItem", Times: 1, After: func() {
		s.store(id, order.Confirmed, nil)
		s.stop(id)
	}})
	var got order.Order
	decode(t, get(t, h, "/orders/"+id), http.StatusOK, &got)
	if got.Status != order.Confirmed {
		t.Errorf("status %s", got.Status)
	}
}
