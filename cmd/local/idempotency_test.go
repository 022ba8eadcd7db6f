package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"orderflow/lambdas/order"
)

// placedWith posts an order with an Idempotency-Key and wants it accepted.
func (s *shop) placedWith(key string, request orderRequest) (orderID, answer string) {
	s.t.Helper()
	status, body, location := s.call("POST", "/orders", map[string]string{"Idempotency-Key": key}, request)
	orderID, found := strings.CutPrefix(location, "/orders/")
	if status != http.StatusAccepted || !found {
		s.t.Fatalf("POST /orders answers %d, Location %q: %s", status, location, body)
	}
	return orderID, string(body)
}

// replays posts an order again and wants the first answer, and another order
// with the same key refused.
func (s *shop) replays(when, key string, request orderRequest, wantID, wantAnswer string) {
	s.t.Helper()
	if id, answer := s.placedWith(key, request); id != wantID || answer != wantAnswer {
		s.t.Errorf("%s: the same key and body answer\n%s at %s, want\n%s at %s", when, answer, id, wantAnswer, wantID)
	}
	request.ShippingAddress.Line1 += " (back door)"
	if status, answer, _ := s.call("POST", "/orders", map[string]string{"Idempotency-Key": key}, request); status != http.StatusUnprocessableEntity {
		s.t.Errorf("%s: the same key and another body answer %d: %s", when, status, answer)
	}
}

// cancelled posts a cancellation and returns the status of its answer.
func (s *shop) cancelled(orderID string) int {
	s.t.Helper()
	status, _, _ := s.call("POST", "/orders/"+orderID+"/cancel", nil, nil)
	return status
}

// TestIdempotencyKey: whatever becomes of an order, its key never makes a
// second one, and always gives the answer that it gave first.
func TestIdempotencyKey(t *testing.T) {
	inShop(t, "MUG,Blue mug,1250,GBP,350,10\n", func(t *testing.T, s *shop) {
		confirmed, rejected := orderFor("MUG", 1, "GB"), orderFor("MUG", 11, "GB")
		s.consume("InventoryFunction", false)
		confirmedID, confirmedAnswer := s.placedWith("confirmed", confirmed)
		rejectedID, rejectedAnswer := s.placedWith("rejected", rejected)
		s.replays("at once", "confirmed", confirmed, confirmedID, confirmedAnswer)
		s.settle()
		s.replays("while it waits", "confirmed", confirmed, confirmedID, confirmedAnswer)

		cancelledID, cancelledAnswer := s.placedWith("cancelled", confirmed)
		s.settle()
		for range 2 {
			if status := s.cancelled(cancelledID); status != http.StatusAccepted {
				t.Errorf("cancelling a pending order answers %d", status)
			}
		}
		s.replays("cancelled, while it waits", "cancelled", confirmed, cancelledID, cancelledAnswer)
		s.consume("InventoryFunction", true)
		s.pass(time.Minute)

		for _, test := range []struct {
			key, orderID, answer string
			request              orderRequest
			status               order.Status
			cancel               int // what cancelling it now answers
		}{
			{"confirmed", confirmedID, confirmedAnswer, confirmed, order.Confirmed, http.StatusConflict},
			{"rejected", rejectedID, rejectedAnswer, rejected, order.Rejected, http.StatusConflict},
			{"cancelled", cancelledID, cancelledAnswer, confirmed, order.Cancelled, http.StatusAccepted},
		} {
			if status := s.cancelled(test.orderID); status != test.cancel {
				t.Errorf("cancelling a %s order answers %d, want %d", test.key, status, test.cancel)
			}
			s.replays("once it is "+test.key, test.key, test.request, test.orderID, test.answer)
			s.settle()
			if got := s.get(test.orderID).Status; got != test.status {
				t.Errorf("the %s order is %s", test.key, got)
			}
		}
		if orders, shelf := s.count("OrdersTable"), s.stock("MUG"); orders != 3 || shelf != "9/0/1" {
			t.Errorf("three keys made %d orders, shelf %s", orders, shelf)
		}
	})
}

// TestKeysAreTheCustomers: two customers may choose the same key.
func TestKeysAreTheCustomers(t *testing.T) {
	inShop(t, "MUG,Blue mug,1250,GBP,350,10\n", func(t *testing.T, s *shop) {
		mine, theirs := orderFor("MUG", 1, "GB"), orderFor("MUG", 1, "GB")
		theirs.Customer.ID = "c-43"
		myID, _ := s.placedWith("k", mine)
		theirID, _ := s.placedWith("k", theirs)
		s.settle()
		if shelf := s.stock("MUG"); myID == theirID || shelf != "8/0/2" {
			t.Errorf("orders %s and %s, shelf %s", myID, theirID, shelf)
		}
	})
}

// TestDuplicatesAtOnce posts one order twenty times at the same time, three
// keys side by side: each key makes one order, reserved and shipped once.
func TestDuplicatesAtOnce(t *testing.T) {
	const keys, duplicates = 3, 20
	inShop(t, "MUG,Blue mug,1250,GBP,350,10\n", func(t *testing.T, s *shop) {
		ids := make(chan string, keys*duplicates)
		for i := range keys * duplicates {
			go func() {
				id, _ := s.placedWith(fmt.Sprint("k", i%keys), orderFor("MUG", 1, "GB"))
				ids <- id
			}()
		}
		s.pass(time.Minute)
		seen := map[string]int{}
		for range keys * duplicates {
			seen[<-ids]++
		}
		for id, times := range seen {
			if o := s.get(id); times != duplicates || o.Status != order.Confirmed {
				t.Errorf("order %s was answered %d times and is %s", id, times, o.Status)
			}
		}
		if orders, shelf := s.count("OrdersTable"), s.stock("MUG"); len(seen) != keys || orders != keys || shelf != "7/0/3" {
			t.Errorf("%d order IDs, %d orders, shelf %s", len(seen), orders, shelf)
		}
	})
}

// TestCancelAtAnyMoment cancels orders at once, without waiting for anything
// to happen before: whoever wins, an order and all it holds agree.
func TestCancelAtAnyMoment(t *testing.T) {
	const orders = 20
	inShop(t, "MUG,Blue mug,1250,GBP,350,100\n", func(t *testing.T, s *shop) {
		type attempt struct {
			orderID string
			status  int
		}
		attempts := make(chan attempt, orders)
		for range orders {
			go func() {
				id := s.place(orderFor("MUG", 1, "GB"))
				attempts <- attempt{id, s.cancelled(id)}
			}()
		}
		s.pass(time.Hour)
		kept := 0
		for range orders {
			a := <-attempts
			want, reservation, shipment := order.Cancelled, "RELEASED", "CANCELLED"
			if a.status == http.StatusConflict {
				want, reservation, shipment = order.Confirmed, "COMMITTED", "DISPATCHED"
				kept++
			} else if a.status != http.StatusAccepted {
				t.Errorf("cancelling answers %d", a.status)
			}
			got, r, sh := s.get(a.orderID).Status, s.status("ReservationsTable", a.orderID), s.status("ShipmentsTable", a.orderID)
			if got != want || r != reservation || sh != shipment {
				t.Errorf("cancelling answers %d, yet the order is %s, its reservation %s, its shipment %s", a.status, got, r, sh)
			}
		}
		if got, want := s.stock("MUG"), fmt.Sprintf("%d/0/%d", 100-kept, kept); got != want {
			t.Errorf("shelf %s, want %s", got, want)
		}
	})
}

// TestCustomersOrders pages through a customer's orders, newest first. They
// come at odd fractions of a second, the first at none.
func TestCustomersOrders(t *testing.T) {
	inShop(t, "MUG,Blue mug,1250,GBP,350,10\n", func(t *testing.T, s *shop) {
		var newestFirst []string
		for range 7 {
			newestFirst = slices.Insert(newestFirst, 0, s.place(orderFor("MUG", 1, "GB")))
			s.pass(250 * time.Millisecond)
		}
		other := orderFor("MUG", 1, "GB")
		other.Customer.ID = "c-43"
		s.place(other)
		s.pass(time.Second)

		var listed []string
		var sizes []int
		for cursor := ""; ; {
			status, answer, _ := s.call("GET", "/orders?customerId=c-42&limit=3"+cursor, nil, nil)
			var page struct {
				Orders []order.Order
				Cursor string
			}
			if err := json.Unmarshal(answer, &page); err != nil || status != http.StatusOK {
				t.Fatalf("GET /orders answers %d: %s", status, answer)
			}
			sizes = append(sizes, len(page.Orders))
			for _, o := range page.Orders {
				listed = append(listed, o.ID)
			}
			if page.Cursor == "" {
				break
			}
			cursor = "&cursor=" + page.Cursor
		}
		if !slices.Equal(listed, newestFirst) || !slices.Equal(sizes, []int{3, 3, 1}) {
			t.Errorf("pages of %v orders:\n%q\nwant, newest first,\n%q", sizes, listed, newestFirst)
		}
	})
}
