package api_test

import (
	"net/http"
	"testing"

	"orderflow/cmd/local/cloud/cloudtest"
	"orderflow/lambdas/api/apitest"
	"orderflow/lambdas/order"
)

func TestCancel(t *testing.T) {
	for _, test := range []struct {
		stored order.Status // "" is not yet
		status int
		want   order.Status
	}{
		{"", http.StatusAccepted, order.Cancelled},
		{order.Pending, http.StatusAccepted, order.Cancelled},
		{order.Cancelled, http.StatusAccepted, order.Cancelled},
		{order.Confirmed, http.StatusConflict, order.Confirmed},
		{order.Rejected, http.StatusConflict, order.Rejected},
		{order.Failed, http.StatusConflict, order.Failed},
	} {
		t.Run("stored "+string(test.stored), func(t *testing.T) {
			s := newShop(t)
			id := placed(t, s.h, apitest.Order, "k")
			if test.stored != "" {
				s.store(id, test.stored, nil)
			}
			for range 2 { // repeating it is harmless
				answer := cancel(t, s.h, id)
				var got struct{ OrderID, Type string }
				decode(t, answer, test.status, &got)
				if test.status == http.StatusAccepted && got.OrderID != id || test.status == http.StatusConflict && got.Type != "urn:orderflow:problem:already-decided" {
					t.Errorf("answer %s", answer.Body)
				}
			}
			var got order.Order
			decode(t, get(t, s.h, "/orders/"+id), http.StatusOK, &got)
			if got.Status != test.want {
				t.Errorf("status %s, want %s", got.Status, test.want)
			}
			if test.stored == "" || test.stored == order.Pending {
				if got.Failure == nil || got.Failure.Code != "CancelledByCustomer" || got.DecidedAt == nil || got.Customer.Email != "ada@example.com" {
					t.Errorf("order %+v", got)
				}
			}
			if again := placed(t, s.h, apitest.Order, "k"); again != id {
				t.Errorf("its key made another order, %s", again)
			}
		})
	}
}

// The state machine stores the order between the looks at its row and at its
// execution, and again before the cancellation could.
func TestCancelMeetsTheFirstWrite(t *testing.T) {
	for _, action := range []string{"UpdateItem", "DescribeExecution"} {
		s := newShop(t)
		id := placed(t, s.h, apitest.Order, "")
		h := s.handler(cloudtest.Fault{Action: action, Times: 1, After: func() { s.store(id, order.Pending, map[string]any{"total": order.Money{Amount: 1, Currency: "GBP"}}) }})
		if answer := cancel(t, h, id); answer.StatusCode != http.StatusAccepted {
			t.Errorf("stored after %s: status %d", action, answer.StatusCode)
		}
		row := s.Items("orders", "orderId")[id]
		if row["status"] != "CANCELLED" || row["total"] == nil {
			t.Errorf("stored after %s: row %v", action, row)
		}
	}
}
