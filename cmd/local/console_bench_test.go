package main

import (
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/sfn"
)

// BenchmarkConsole measures the console's pages while 10,000 orders are stored,
// and that of an execution of 2,000 events:
//
//	go test ./cmd/local -run '^$' -bench Console -timeout 1h
func BenchmarkConsole(b *testing.B) {
	const orders = 10_000
	s := benchSystem(b)
	if err := s.openConsole(b.Context()); err != nil {
		b.Fatal(err)
	}
	var first atomic.Int64
	load(b, s, orders, 32, &first)
	id := post(b, s, orders+1)
	long := runLong(b, sfn.NewFromConfig(s.cloud.AWSConfig()), 500)

	const execution = "/executions/orderflow-OrderStateMachine/"
	for _, page := range []struct{ name, path string }{
		{"orders", "/orders"},
		{"confirmed orders", "/orders?status=CONFIRMED"},
		{"failed orders", "/orders?status=FAILED"},
		{"a customer's orders", "/orders?text=c-77"},
		{"a text's orders", "/orders?text=ada"},
		{"an order", "/orders/" + id},
		{"an execution", execution + id + "?state=ReserveInventory"},
		{"a long execution", "/executions/long/" + long + "?state=Each"},
		{"queues", "/queues"},
		{"stock", "/stock"},
		{"shipments", "/shipments"},
		{"mail", "/mail"},
		{"analytics", "/analytics"},
	} {
		b.Run(page.name, func(b *testing.B) {
			b.ReportAllocs()
			cpu := cpuTime()
			for b.Loop() {
				w := httptest.NewRecorder()
				s.console.ServeHTTP(w, httptest.NewRequest("GET", page.path, nil))
				if w.Code != http.StatusOK {
					b.Fatalf("%d\n%s", w.Code, w.Body)
				}
			}
			b.ReportMetric(float64((cpuTime()-cpu).Microseconds())/float64(b.N)/1000, "cpu-ms/page")
		})
	}
}
