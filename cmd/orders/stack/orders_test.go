package stack_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"orderflow/cmd/orders/stack"
	"orderflow/cmd/orders/stack/stacktest"
	"orderflow/lambdas/order"
)

// body is an order as a shop posts it.
func body(customer, name, sku, country string) []byte {
	return fmt.Appendf(nil, `{"customer": {"id": %q, "name": %q, "email": "someone@example.com"},
		"items": [{"sku": %q, "quantity": 1}],
		"shippingAddress": {"name": %[2]q, "line1": "1 Byron St", "city": "London", "postalCode": "N1 1AA", "country": %[4]q}}`,
		customer, name, sku, country)
}

func place(t *testing.T, s *stack.Stack, customer, name, sku, country string) (id string) {
	t.Helper()
	answer, err := s.Place(t.Context(), body(customer, name, sku, country), "")
	if err != nil || answer.Status != http.StatusAccepted || answer.OrderID == "" {
		t.Fatalf("Place: %d %s, %v", answer.Status, answer.Body, err)
	}
	time.Sleep(time.Second) // of virtual time: each order has a time of its own
	synctest.Wait()
	return answer.OrderID
}

func TestPlaceAndCancel(t *testing.T) {
	inShop(t, func(t *testing.T, shop *stacktest.Shop, s *stack.Stack) {
		first, err := s.Place(t.Context(), body("c-42", "Ada", "MUG-BLUE", "GB"), `a"key"\`)
		if err != nil || first.Status != http.StatusAccepted {
			t.Fatalf("%d %s, %v", first.Status, first.Body, err)
		}
		again, err := s.Place(t.Context(), body("c-42", "Ada", "MUG-BLUE", "GB"), `a"key"\`)
		if err != nil || again.OrderID != first.OrderID {
			t.Errorf("the same key places %q and %q, %v", first.OrderID, again.OrderID, err)
		}
		refused, err := s.Place(t.Context(), []byte(`{"items": []}`), "")
		if err != nil || refused.Status != http.StatusBadRequest || refused.OrderID != "" || len(refused.Body) == 0 {
			t.Errorf("an invalid order: %d %q %s, %v", refused.Status, refused.OrderID, refused.Body, err)
		}
		synctest.Wait()
		o, err := s.Order(t.Context(), first.OrderID)
		if err != nil || o.Status != order.Confirmed || o.Customer.Email != "someone@example.com" {
			t.Errorf("Order: %+v, %v", o, err)
		}
		if answer, err := s.Cancel(t.Context(), first.OrderID); err != nil || answer.Status != http.StatusConflict {
			t.Errorf("Cancel of a decided order: %d %s, %v", answer.Status, answer.Body, err)
		}
		if _, err := s.Order(t.Context(), "no/such order"); !errors.Is(err, stack.ErrNoOrder) {
			t.Errorf("Order of none: %v", err)
		}
	})
}

// ids are those of all pages.
func ids(t *testing.T, s *stack.Stack, q stack.Query) (ids []string) {
	t.Helper()
	for {
		page, err := s.Orders(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		if q.Limit > 0 && len(page.Orders) > 2*q.Limit {
			t.Errorf("%d orders on a page of %d", len(page.Orders), q.Limit)
		}
		for _, o := range page.Orders {
			ids = append(ids, o.ID)
		}
		if q.Cursor = page.Next; q.Cursor == "" {
			return ids
		}
	}
}

func TestOrders(t *testing.T) {
	inShop(t, func(t *testing.T, shop *stacktest.Shop, s *stack.Stack) {
		ada1 := place(t, s, "c-42", "Ada", "MUG-BLUE", "GB")
		bob1 := place(t, s, "c-4", "Bob", "MUG-GREEN", "GB")
		ada2 := place(t, s, "c-42", "Ada", "NO-SUCH", "GB")
		bob2 := place(t, s, "c-4", "Bob", "MUG-BLUE", "AQ")
		eve1 := place(t, s, "c-5", "Eve McBlue", "KETTLE-RED", "GB")
		shop.Consume(t.Context(), t, "InventoryFunction", false)
		ada3 := place(t, s, "c-42", "Ada", "MUG-BLUE", "GB")

		for _, test := range []struct {
			name  string
			query stack.Query
			want  []string
		}{
			{"all", stack.Query{}, []string{ada3, eve1, bob2, ada2, bob1, ada1}},
			{"all, by two", stack.Query{Limit: 2}, []string{ada3, eve1, bob2, ada2, bob1, ada1}},
			{"pending", stack.Query{Status: order.Pending}, []string{ada3}},
			{"confirmed", stack.Query{Status: order.Confirmed}, []string{bob1, ada1}},
			{"rejected, one by one", stack.Query{Status: order.Rejected, Limit: 1}, []string{eve1, bob2, ada2}},
			{"failed", stack.Query{Status: order.Failed}, nil},
			{"a whole order ID", stack.Query{Text: ada2}, []string{ada2}},
			{"a whole order ID, of another status", stack.Query{Text: ada2, Status: order.Confirmed}, nil},
			{"an order ID of none", stack.Query{Text: "00000000-0000-7000-8000-000000000000"}, nil},
			{"part of an order ID", stack.Query{Text: ada2[9:]}, []string{ada2}},
			{"a whole customer ID", stack.Query{Text: "c-4", Limit: 1}, []string{bob2, bob1}},
			{"a whole customer ID, confirmed", stack.Query{Text: "c-42", Status: order.Confirmed}, []string{ada1}},
			{"a customer ID in another case", stack.Query{Text: "C-42"}, []string{ada3, ada2, ada1}},
			{"a name or an SKU", stack.Query{Text: " BLUE ", Limit: 1}, []string{ada3, eve1, bob2, ada1}},
			{"an SKU that is not in the catalogue", stack.Query{Text: "no-such"}, []string{ada2}},
			{"rejected, by text", stack.Query{Text: "blue", Status: order.Rejected}, []string{eve1, bob2}},
			{"pending, by text", stack.Query{Text: "blue", Status: order.Pending}, []string{ada3}},
			{"nothing", stack.Query{Text: "nothing"}, nil},
		} {
			if diff := cmp.Diff(test.want, ids(t, s, test.query)); diff != "" {
				t.Errorf("%s: -want +got\n%s", test.name, diff)
			}
		}

		// Orders outlive their executions.
		store(t, shop, 0)
		store(t, shop, 1)
		const old0, old1 = "0198d3c4-7a10-7b6e-9d2f-000000000000", "0198d3c4-7a10-7b6e-9d2f-000000000001"
		for _, test := range []struct {
			query stack.Query
			want  []string
		}{
			{stack.Query{Status: order.Rejected}, []string{old0, eve1, bob2, ada2}},
			{stack.Query{Status: order.Rejected, Limit: 3}, []string{old0, eve1, bob2, ada2}},
			{stack.Query{Text: "ada 1", Limit: 1}, []string{old1}},
			{stack.Query{Text: old1[:8], Limit: 1}, []string{old1, old0}},
			{stack.Query{Text: "c-1"}, []string{old1}},
			{stack.Query{Text: old0}, []string{old0}},
		} {
			got := ids(t, s, test.query)
			slices.Sort(got)
			slices.Sort(test.want)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("%+v: -want +got\n%s", test.query, diff)
			}
		}

		page, err := s.Orders(t.Context(), stack.Query{Text: "c-42", Limit: 1, Status: order.Rejected})
		if err != nil || len(page.Orders) != 1 {
			t.Fatal(page, err)
		}
		o := page.Orders[0]
		if o.ID != ada2 || o.Failure == nil || o.DecidedAt == nil || o.Customer != (stack.Customer{ID: "c-42", Name: "Ada"}) {
			t.Errorf("a rejected order is listed as %+v", o)
		}
		for _, cursor := range []string{"?", "e30", page.Next} {
			if _, err := s.Orders(t.Context(), stack.Query{Cursor: cursor}); !errors.Is(err, stack.ErrCursor) {
				t.Errorf("cursor %q: %v", cursor, err)
			}
		}
	})
}
