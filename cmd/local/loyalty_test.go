package main

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"

	"orderflow/cmd/local/cloud"
	"orderflow/lambdas/consumer"
	"orderflow/lambdas/order"
	"orderflow/template"
)

// TestFifthConsumer: one more entry in the template's list, and the local
// cloud delivers to it. (That the template only gains by it is tested there.)
func TestFifthConsumer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var points []string
		loyalty := func(_ aws.Config, getenv func(string) string) (lambda.Handler, error) {
			log, err := consumer.NewLog("loyalty", getenv)
			if err != nil {
				return nil, err
			}
			return consumer.Each(log, func(_ context.Context, e order.Event) (any, error) {
				mu.Lock()
				defer mu.Unlock()
				points = append(points, getenv("REASON")+" "+string(e.Type)+" "+e.Subject)
				return nil, nil
			}, nil), nil
		}
		s, err := newSystem(t.Context(), systemConfig{
			api: "127.0.0.1:8080", aws: "127.0.0.1:4566",
			products: []product{{sku: "MUG-BLUE", name: "Blue mug", unitPrice: 1250, currency: "GBP", weightGrams: 350, stocked: 10}},
			consumers: append(template.Consumers(), template.Consumer{
				Name:        "loyalty",
				Does:        "gives points for what is confirmed",
				Events:      []order.EventType{order.OrderConfirmed},
				Environment: map[string]string{"REASON": "loyal"},
			}),
			functions: map[string]cloud.Function{"lambdas/loyalty/bootstrap": loyalty},
		})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close(context.WithoutCancel(t.Context()))

		orderID := post(t, s, 0)
		<-time.After(time.Minute)
		synctest.Wait()

		mu.Lock()
		defer mu.Unlock()
		want := "loyal order.confirmed " + orderID
		if len(points) != 1 || points[0] != want {
			t.Errorf("loyalty heard %q, want %q", points, want)
		}
	})
}
