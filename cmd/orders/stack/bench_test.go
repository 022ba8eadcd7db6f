package stack_test

import (
	"context"
	"fmt"
	"runtime/debug"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"

	"orderflow/cmd/orders/stack"
	"orderflow/cmd/orders/stack/stacktest"
	"orderflow/lambdas/order"
)

// BenchmarkOrders measures a page while 10,000 orders are stored, of which 100
// wait for inventory:
//
//	go test ./cmd/orders/stack -run '^$' -bench Orders
func BenchmarkOrders(b *testing.B) {
	const orders, pending = 10_000, 100
	debug.SetGCPercent(400) // as cmd/local does
	shop := stacktest.New(b.Context(), b)
	defer shop.Close(context.Background())
	s := shop.Open(b.Context(), b)
	for i := range orders - pending {
		store(b, shop, i)
	}
	shop.Consume(b.Context(), b, "InventoryFunction", false)
	for i := range pending {
		if answer, err := s.Place(b.Context(), body(fmt.Sprintf("c-%d", i), "Ada", "MUG-BLUE", "GB"), ""); err != nil || answer.OrderID == "" {
			b.Fatalf("%d %s, %v", answer.Status, answer.Body, err)
		}
	}
	time.Sleep(time.Second) // until they wait

	for _, bench := range []struct {
		name  string
		query stack.Query
	}{
		{"all", stack.Query{}},
		{"pending", stack.Query{Status: order.Pending}},
		{"confirmed", stack.Query{Status: order.Confirmed}},
		{"rejected", stack.Query{Status: order.Rejected}},
		{"customer", stack.Query{Text: "c-77"}},
		{"rare text", stack.Query{Text: "Ada 99"}},
		{"common text", stack.Query{Text: "mug"}},
	} {
		b.Run(bench.name, func(b *testing.B) {
			b.ReportAllocs()
			cpu := cpuTime()
			for b.Loop() {
				if _, err := s.Orders(b.Context(), bench.query); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64((cpuTime()-cpu).Microseconds())/float64(b.N)/1000, "cpu-ms/page")
		})
	}
}

// store puts the row of a decided order, one in ten of them rejected, as its
// execution leaves it.
func store(b testing.TB, shop *stacktest.Shop, i int) {
	created := time.Date(1999, 1, 1, 0, 0, i, 0, time.UTC) // before any execution, also in a bubble
	decided := created.Add(time.Second)
	line := order.Line{SKU: "MUG-BLUE", Name: "Blue mug", Quantity: 1, UnitPrice: order.Money{Amount: 1250, Currency: "GBP"}, WeightGrams: 350}
	o := order.Order{
		ID:              fmt.Sprintf("0198d3c4-7a10-7b6e-9d2f-%012d", i),
		Status:          order.Confirmed,
		Customer:        order.Customer{ID: fmt.Sprintf("c-%d", i%500), Name: fmt.Sprintf("Ada %d", i), Email: "ada@example.com"},
		ShippingAddress: order.Address{Name: "Ada", Line1: "1 Byron St", City: "London", PostalCode: "N1 1AA", Country: "GB"},
		Lines:           []order.Line{line},
		Total:           &line.UnitPrice,
		Reservation:     &order.Reservation{ID: "0198d3c4-7a10-7b6e-9d2f-000000000000", ReservedAt: created},
		Shipment:        &order.Shipment{Carrier: "ACME", TrackingNumber: "AC000000042GB", BookedAt: created},
		CreatedAt:       created,
		DecidedAt:       &decided,
	}
	if i%10 == 0 {
		o.Status, o.Reservation, o.Shipment = order.Rejected, nil, nil
		o.Failure = &order.Failure{Code: "ShipmentRefused", Detail: "shipment: nobody lives there"}
	}
	row, err := attributevalue.MarshalMapWithOptions(struct {
		order.Order
		CustomerID  string `json:"customerId"`
		Fingerprint string `json:"fingerprint"`
	}{o, o.Customer.ID, "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"},
		func(e *attributevalue.EncoderOptions) { e.TagKey = "json" })
	if err != nil {
		b.Fatal(err)
	}
	shop.Put(b.Context(), b, "OrdersTable", row)
}

func cpuTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err) // only a wrong argument could cause it
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
