package main

import (
	"maps"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"orderflow/cmd/local/chaos"
	"orderflow/cmd/local/cloud/sqs"
)

// TestSwitchingFaults: faults are switched on and off while the system runs.
// Queues hurry meanwhile, and are then as the template has them.
func TestSwitchingFaults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := newSystem(t.Context(), systemConfig{
			api: "127.0.0.1:8080", aws: "127.0.0.1:4566",
			products: []product{{sku: "MUG-BLUE", name: "Blue mug", unitPrice: 1250, currency: "GBP", weightGrams: 350, stocked: 1000}},
		})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close(t.Context())
		set := func(rates chaos.Rates) {
			t.Helper()
			if err := s.setRates(t.Context(), rates); err != nil {
				t.Fatal(err)
			}
		}
		// order places one, and tells whether a write failed until its end.
		order := func(meanwhile func()) (failed bool) {
			t.Helper()
			events, err := s.cloud.States.Watch(t.Context(), executionARN(s, post(t, s, 0)))
			if err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			meanwhile()
			for e := range events {
				failed = failed || e.Type == "TaskFailed"
			}
			return failed
		}
		nothing := func() {}

		template := visibilities(t, s)
		if template["orderflow-InventoryQueue"] != "360" {
			t.Errorf("the template's visibility timeouts are %v", template)
		}
		if order(nothing) {
			t.Error("a write fails without faults")
		}
		for range 2 {
			set(chaos.Rates{chaos.Lost: 0.5})
			set(chaos.Rates{chaos.Conflict: 1})
			for queue, timeout := range visibilities(t, s) {
				if timeout != "15" {
					t.Errorf("amid faults the visibility timeout of %s is %s", queue, timeout)
				}
			}
			if err := s.setRates(t.Context(), chaos.Rates{"none": 1}); err == nil {
				t.Error("a fault that there is not can be switched on")
			}
			if !order(func() { set(chaos.Rates{chaos.Conflict: 0}) }) {
				t.Error("no write fails amid faults")
			}
			if now := visibilities(t, s); !maps.Equal(now, template) {
				t.Errorf("after all faults the visibility timeouts are %v, and were %v", now, template)
			}
			began := time.Now()
			if failed := order(nothing); failed || time.Since(began) > time.Second {
				t.Errorf("after all faults an order takes %v, a write fails: %t", time.Since(began), failed)
			}
		}
	})
}

// visibilities are the queues' visibility timeouts, by name.
func visibilities(t *testing.T, s *system) map[string]string {
	t.Helper()
	queues, err := s.cloud.SQS.ListQueues(t.Context(), &sqs.ListQueuesInput{})
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, url := range queues.QueueUrls {
		out, err := s.cloud.SQS.GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{QueueUrl: url, AttributeNames: []string{visibilityTimeout}})
		if err != nil {
			t.Fatal(err)
		}
		found[url[strings.LastIndexByte(url, '/')+1:]] = out.Attributes[visibilityTimeout]
	}
	return found
}
