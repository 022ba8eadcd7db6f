package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"orderflow/cmd/local/cloud/cloudtest"
	"orderflow/lambdas/api/apitest"
	"orderflow/lambdas/order"
)

func TestListOrders(t *testing.T) {
	s := newShop(t)
	var newestFirst []string
	for i := range 7 {
		id := placed(t, s.h, apitest.Order, "")
		s.store(id, order.Pending, map[string]any{"createdAt": fmt.Sprintf("2026-01-02T03:04:%02d.000Z", i/2)})
		newestFirst = append([]string{id}, newestFirst...)
	}
	other := placed(t, s.h, strings.Replace(apitest.Order, "c-42", "c-43", 1), "")
	s.store(other, order.Pending, nil)

	type page struct {
		Orders []order.Order
		Cursor string
	}
	list := func(query string) (p page) {
		t.Helper()
		decode(t, get(t, s.h, "/orders?"+query), http.StatusOK, &p)
		return p
	}
	all := list("customerId=c-42")
	if len(all.Orders) != 7 || all.Cursor != "" || len(all.Orders[0].Timeline) != 1 || all.Orders[0].Customer.Name == "" {
		t.Fatalf("all: %d orders, cursor %q", len(all.Orders), all.Cursor)
	}
	for i := 1; i < len(all.Orders); i++ {
		if all.Orders[i].CreatedAt.After(all.Orders[i-1].CreatedAt) {
			t.Errorf("order %d is newer than the one before", i)
		}
	}
	seen := map[string]bool{}
	var pages []int
	var firstCursor string
	for cursor := ""; ; {
		p := list("customerId=c-42&limit=3" + cursor)
		pages = append(pages, len(p.Orders))
		for _, o := range p.Orders {
			seen[o.ID] = true
		}
		if p.Cursor == "" {
			break
		}
		if firstCursor == "" {
			firstCursor = p.Cursor
		}
		cursor = "&cursor=" + p.Cursor
	}
	if diff := cmp.Diff([]int{3, 3, 1}, pages); diff != "" || len(seen) != 7 {
		t.Errorf("%d orders in pages of %v", len(seen), pages)
	}
	var p problem
	decode(t, get(t, s.h, "/orders?customerId=c-43&cursor="+firstCursor), http.StatusBadRequest, &p)
	if got := list("customerId=nobody"); len(got.Orders) != 0 {
		t.Errorf("nobody's orders: %v", got)
	}
	if answer := get(t, s.h, "/orders?customerId=nobody"); !strings.Contains(answer.Body, `"orders":[]`) {
		t.Errorf("an empty list is %s", answer.Body)
	}
}

// What a busy table leaves unread is asked for again.
func TestListOrdersUnprocessed(t *testing.T) {
	s := newShop(t)
	for range 3 {
		s.store(placed(t, s.h, apitest.Order, ""), order.Pending, nil)
	}
	h := s.handler(cloudtest.Fault{Action: "BatchGetItem", Times: 1, Status: 200,
		Body: fmt.Sprintf(`{"Responses":{},"UnprocessedKeys":{"orders":{"Keys":[%s]}}}`, keys(s))})
	var p struct{ Orders []order.Order }
	decode(t, get(t, h, "/orders?customerId=c-42"), http.StatusOK, &p)
	if len(p.Orders) != 3 {
		t.Errorf("%d orders", len(p.Orders))
	}
	h = s.handler(cloudtest.Fault{Action: "BatchGetItem", Status: 200, Body: fmt.Sprintf(`{"Responses":{},"UnprocessedKeys":{"orders":{"Keys":[%s]}}}`, keys(s))})
	if answer := get(t, h, "/orders?customerId=c-42"); answer.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("a table that never answers: status %d", answer.StatusCode)
	}
}

// keys are all orders' keys, as DynamoDB writes them.
func keys(s *shop) string {
	var all []string
	for id := range s.Items("orders", "orderId") {
		all = append(all, fmt.Sprintf(`{"orderId":{"S":%q}}`, id))
	}
	return strings.Join(all, ",")
}
