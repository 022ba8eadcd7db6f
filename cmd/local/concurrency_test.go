package main

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// TestReservedConcurrency: by parameter, functions have their concurrency to
// themselves, and orders are confirmed as ever.
func TestReservedConcurrency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := newSystem(t.Context(), systemConfig{
			api: "127.0.0.1:8080", aws: "127.0.0.1:4566",
			products:   []product{{sku: "MUG-BLUE", name: "Blue mug", unitPrice: 1250, currency: "GBP", weightGrams: 350, stocked: 10}},
			parameters: map[string]string{"ReserveConcurrency": "yes", "ShipmentConcurrency": "7"},
		})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close(context.WithoutCancel(t.Context()))
		account, err := s.cloud.Lambda.GetAccountSettings(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if left := account.AccountLimit.UnreservedConcurrentExecutions; left != 1000-2*100-3*50-7 {
			t.Errorf("%d invocations at once are left to others", left)
		}
		shipment, err := s.cloud.Lambda.GetFunctionConcurrency(t.Context(), "orderflow-ShipmentFunction")
		if err != nil || shipment.ReservedConcurrentExecutions == nil || *shipment.ReservedConcurrentExecutions != 7 {
			t.Errorf("shipment: %+v, %v", shipment, err)
		}

		orderID := post(t, s, 0)
		<-time.After(time.Minute)
		synctest.Wait()
		events, err := s.cloud.States.Watch(t.Context(), executionARN(s, orderID))
		if err != nil {
			t.Fatal(err)
		}
		last := ""
		for e := range events {
			last = e.Type
		}
		if last != "ExecutionSucceeded" {
			t.Errorf("the order ended with %s", last)
		}
	})
}
