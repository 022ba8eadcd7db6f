package main

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"orderflow/statemachine/asl"
)

// What one confirmed order may spend: state transitions are its largest cost
// and the first quota that a surge meets. Whoever raises one of these makes
// every order dearer.
const (
	maxStates     = 8
	maxPublishes  = 4
	maxCallbacks  = 2
	maxWriteUnits = 16 // of a lone order
	maxTableUnits = 4  // of those, to one table: what README.md's quotas divide by

	maxWriteUnitsInFullBatches = 12
)

// spendSystem is a system with stock for a few orders.
func spendSystem(t *testing.T) *system {
	s, err := newSystem(t.Context(), systemConfig{
		api: "127.0.0.1:8080", aws: "127.0.0.1:4566",
		products: []product{{sku: "MUG-BLUE", name: "Blue mug", unitPrice: 1250, currency: "GBP", weightGrams: 350, stocked: 10}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close(context.WithoutCancel(t.Context())) })
	return s
}

// written is how many DynamoDB units were written so far.
func written(s *system) (units float64) {
	for _, table := range tables {
		units += writtenTo(s, table)
	}
	return units
}

var tables = []string{"OrdersTable", "CatalogueTable", "StockTable", "ReservationsTable", "ShipmentsTable", "NotificationsTable"}

// writtenTo is how many of those were written to one table.
func writtenTo(s *system, table string) float64 {
	_, units := s.cloud.DynamoDB.Consumed(s.stack.Outputs[table])
	return units
}

// TestSpend counts what a confirmed order with one line spends.
func TestSpend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := spendSystem(t)
		seeded := written(s)
		if seeded == 0 {
			t.Fatal("stocking the shelves spent no write unit: the meter counts nothing")
		}
		before := map[string]float64{}
		for _, table := range tables {
			before[table] = writtenTo(s, table)
		}

		orderID := post(t, s, 0)
		<-time.After(time.Minute)
		synctest.Wait()

		states, callbacks := 0, 0
		submitted := map[int64]bool{}
		events, err := s.cloud.States.Watch(t.Context(), executionARN(s, orderID))
		if err != nil {
			t.Fatal(err)
		}
		last := ""
		for e := range events {
			last = e.Type
			switch e.Details.(type) {
			case *asl.StateEnteredDetails:
				states++
			case *asl.TaskSubmittedDetails:
				submitted[e.ID] = true
			case *asl.TaskSucceededDetails:
				if submitted[e.PreviousID] {
					callbacks++
				}
			}
		}
		if last != "ExecutionSucceeded" {
			t.Fatalf("the order ended with %s", last)
		}
		publishes := s.cloud.SNS.Published(s.stack.Outputs["TopicArn"])
		units := written(s) - seeded
		most := 0.0
		for _, table := range tables {
			most = max(most, writtenTo(s, table)-before[table])
		}
		t.Logf("a confirmed order enters %d states, publishes %d times, is called back %d times, writes %v units", states, publishes, callbacks, units)
		for _, spent := range []struct {
			what       string
			count, max float64
		}{
			{"states", float64(states), maxStates},
			{"publishes", float64(publishes), maxPublishes},
			{"callbacks", float64(callbacks), maxCallbacks},
			{"DynamoDB write units", units, maxWriteUnits},
			{"DynamoDB write units on one table", most, maxTableUnits},
		} {
			if spent.count == 0 || spent.count > spent.max {
				t.Errorf("a confirmed order spends %v %s, at most %v are allowed", spent.count, spent.what, spent.max)
			}
		}
	})
}

// TestSpendInFullBatches counts what each of ten orders for one SKU writes when
// inventory gets their requests in one batch, and their confirmations in
// another. In between the orders wait for shipment.
func TestSpendInFullBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := spendSystem(t)
		pass := func() {
			<-time.After(time.Minute)
			synctest.Wait()
		}
		seeded := written(s)
		consume(t, s, "InventoryFunction", false)
		consume(t, s, "ShipmentFunction", false)
		const orders = 10
		for range orders {
			post(t, s, 0)
		}
		pass()
		consume(t, s, "InventoryFunction", true)
		pass()
		consume(t, s, "InventoryFunction", false)
		consume(t, s, "ShipmentFunction", true)
		pass()
		consume(t, s, "InventoryFunction", true)
		pass()

		stock, err := dynamodb.NewFromConfig(s.cloud.AWSConfig()).GetItem(t.Context(), &dynamodb.GetItemInput{
			TableName: aws.String(s.stack.Outputs["StockTable"]),
			Key:       map[string]types.AttributeValue{"sku": &types.AttributeValueMemberS{Value: "MUG-BLUE"}},
		})
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := stock.Item["committed"].(*types.AttributeValueMemberN); !ok || got.Value != "10" {
			t.Fatalf("not every order was confirmed: stock %v", stock.Item)
		}
		units := (written(s) - seeded) / orders
		t.Logf("in full batches a confirmed order writes %v units", units)
		if units > maxWriteUnitsInFullBatches {
			t.Errorf("in full batches a confirmed order writes %v units, at most %v are allowed", units, maxWriteUnitsInFullBatches)
		}
	})
}
