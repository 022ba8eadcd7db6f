package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"orderflow/cmd/local/cloud/lambda"
	"orderflow/lambdas/order"
	"orderflow/statemachine/asl"
)

// benchSystem is a system in real time with stock enough for any benchmark,
// spread over as many SKUs as a small shop has.
func benchSystem(b *testing.B) *system {
	relaxGC()
	slog.SetDefault(slog.New(lambda.NewLogHandler(slog.DiscardHandler))) // as in run
	products := make([]product, 100)
	for i := range products {
		products[i] = product{sku: benchSKU(i), name: "Mug", unitPrice: 1250, currency: "GBP", weightGrams: 350, stocked: 1_000_000_000}
	}
	s, err := newSystem(b.Context(), systemConfig{api: "127.0.0.1:8080", aws: "127.0.0.1:4566", products: products})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close(context.Background()) })
	return s
}

func benchSKU(i int) string {
	if i == 0 {
		return "MUG-BLUE"
	}
	return fmt.Sprintf("MUG-%d", i)
}

func orderBody(i int) string {
	request := orderFor(benchSKU(i%100), 1, "GB")
	request.Customer.ID = fmt.Sprintf("c-%d", i)
	body, err := json.Marshal(request)
	if err != nil {
		panic(err) // strings and numbers alone
	}
	return string(body)
}

func executionARN(s *system, orderID string) string {
	return order.ExecutionsOf(s.stack.Outputs["StateMachineArn"]).ARN(orderID)
}

// placeAndWait posts an order and returns when its execution has ended, which
// is after it was CONFIRMED and announced.
func placeAndWait(tb testing.TB, s *system, i int) {
	events, err := s.cloud.States.Watch(tb.Context(), executionARN(s, post(tb, s, i)))
	if err != nil {
		tb.Error(err)
		return
	}
	last := ""
	for e := range events {
		last = e.Type
	}
	if last != "ExecutionSucceeded" {
		tb.Errorf("order %d ended with %s", i, last)
	}
}

func post(tb testing.TB, s *system, i int) (orderID string) {
	w, r := httptest.NewRecorder(), httptest.NewRequest("POST", "/orders", strings.NewReader(orderBody(i)))
	r.Header.Set("Content-Type", "application/json")
	s.API().ServeHTTP(w, r)
	if w.Code != 202 {
		tb.Errorf("POST /orders answers %d: %s", w.Code, w.Body)
	}
	return strings.TrimPrefix(w.Header().Get("Location"), "/orders/")
}

// consume switches a consumer off or on.
func consume(tb testing.TB, s *system, function string, on bool) {
	function = "orderflow-" + function
	mappings, err := s.cloud.Lambda.ListEventSourceMappings(tb.Context(), &lambda.ListEventSourceMappingsInput{FunctionName: function})
	if err != nil || len(mappings.EventSourceMappings) != 1 {
		tb.Fatal(mappings, err)
	}
	if _, err := s.cloud.Lambda.UpdateEventSourceMapping(tb.Context(), &lambda.UpdateEventSourceMappingInput{UUID: mappings.EventSourceMappings[0].UUID, Enabled: &on}); err != nil {
		tb.Fatal(err)
	}
}

// load places n orders from a number of clients, each waiting for one order
// before it places the next, and returns how long each order took.
func load(tb testing.TB, s *system, n, clients int, first *atomic.Int64) []time.Duration {
	took := make([]time.Duration, n)
	var next atomic.Int64
	var running sync.WaitGroup
	for range clients {
		running.Go(func() {
			for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
				began := time.Now()
				placeAndWait(tb, s, int(first.Add(1)))
				took[i] = time.Since(began)
			}
		})
	}
	running.Wait()
	slices.Sort(took)
	return took
}

func cpuTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err) // only a wrong argument could cause it
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // what the first one's finalizers let go
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// BenchmarkOrders measures orders from POST to the end of their executions:
//
//	go test ./cmd/local -run '^$' -bench Orders -benchtime 5000x
//
// An order includes its share of all four consumers.
func BenchmarkOrders(b *testing.B) {
	for _, clients := range []int{1, 32} {
		b.Run(fmt.Sprintf("clients=%d", clients), func(b *testing.B) {
			s := benchSystem(b)
			var placed atomic.Int64
			load(b, s, 200, clients, &placed) // caches and pools fill
			before := heap()
			b.ReportAllocs()
			cpu, began := cpuTime(), time.Now()
			b.ResetTimer()
			took := load(b, s, b.N, clients, &placed)
			b.StopTimer()
			elapsed, cpu := time.Since(began), cpuTime()-cpu
			b.ReportMetric(float64(b.N)/elapsed.Seconds(), "orders/s")
			b.ReportMetric(float64(cpu.Microseconds())/float64(b.N), "cpu-µs/order")
			b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
			b.ReportMetric((float64(heap())-float64(before))/float64(b.N), "retained-B/order")
		})
	}
}

// BenchmarkSDKCall measures what an AWS call costs before it reaches any
// service: the yardstick for the rest, of which an order makes 16.
func BenchmarkSDKCall(b *testing.B) {
	db := dynamodb.NewFromConfig(aws.Config{
		Region:       "us-east-1",
		BaseEndpoint: aws.String(shopAWS),
		Credentials:  credentials.NewStaticCredentialsProvider("any", "thing", ""),
		HTTPClient:   nobody{},
	})
	in := &dynamodb.GetItemInput{TableName: aws.String("orders"), Key: map[string]types.AttributeValue{"orderId": &types.AttributeValueMemberS{Value: "1"}}}
	relaxGC()
	b.ReportAllocs()
	cpu := cpuTime()
	for b.Loop() {
		if _, err := db.GetItem(b.Context(), in); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64((cpuTime()-cpu).Microseconds())/float64(b.N), "cpu-µs/call")
}

// nobody answers every request with {}.
type nobody struct{}

func (nobody) Do(r *http.Request) (*http.Response, error) {
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("{}")), Request: r}, nil
}

// BenchmarkStored measures an order while others, many or few, are stored:
//
//	go test ./cmd/local -run '^$' -bench Stored -benchtime 2000x -timeout 1h
func BenchmarkStored(b *testing.B) {
	s := benchSystem(b)
	var placed atomic.Int64
	for _, stored := range []int64{1_000, 10_000, 100_000} {
		b.Run(fmt.Sprintf("stored=%d", stored), func(b *testing.B) {
			if more := stored - placed.Load(); more > 0 {
				load(b, s, int(more), 32, &placed)
			}
			b.ResetTimer()
			cpu := cpuTime()
			load(b, s, b.N, 32, &placed)
			b.ReportMetric(float64((cpuTime()-cpu).Microseconds())/float64(b.N), "cpu-µs/order")
		})
	}
}

// BenchmarkWaiting measures what an execution retains while it waits for
// inventory, its message and the order included.
//
//	go test ./cmd/local -run '^$' -bench Waiting -benchtime 5000x
func BenchmarkWaiting(b *testing.B) {
	s := benchSystem(b)
	consume(b, s, "InventoryFunction", false)
	before := heap()
	var waiting sync.WaitGroup
	b.ResetTimer()
	for i := range b.N {
		events, err := s.cloud.States.Watch(b.Context(), executionARN(s, post(b, s, i)))
		if err != nil {
			b.Fatal(err)
		}
		waiting.Go(func() { // until the two other branches are done
			exited := 0
			for e := range events {
				if d, ok := e.Details.(*asl.StateExitedDetails); ok && (d.Name == "ArrangeShipment" || d.Name == "AnnounceOrder") {
					if exited++; exited == 2 {
						return
					}
				}
			}
		})
	}
	waiting.Wait()
	b.StopTimer()
	b.ReportMetric((float64(heap())-float64(before))/float64(b.N), "retained-B/execution")
}
