package console_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"orderflow/lambdas/order"
)

// BenchmarkPages measures how long a page takes while 10,000 orders are stored,
// and that of an execution of 2,000 events:
//
//	go test ./cmd/local/console -run '^$' -bench Pages
func BenchmarkPages(b *testing.B) {
	const orders, clients = 10_000, 32
	r := startNoisily(b, new(bytes.Buffer))
	var running sync.WaitGroup
	for client := range clients {
		running.Go(func() {
			for i := client; i < orders; i += clients {
				sku := []string{"MUG-BLUE", "MUG-GREEN", "TEAPOT-4", "BOTTLE-1L"}[i%4]
				r.place(b, order.Customer{ID: fmt.Sprintf("c-%d", i), Name: "Ada"}, sku, 1, "GB")
			}
		})
	}
	running.Wait()
	id := r.place(b, order.Customer{ID: "c-42", Name: "Ada"}, "BOTTLE-1L", 1, "GB")
	long := runLong(b, sfn.NewFromConfig(r.config()), 500)
	for bytes.Contains(get(b, r.aws+"/console/orders?status=PENDING"), []byte("<tr id")) {
		time.Sleep(time.Second)
	}

	const execution = "/executions/orderflow-OrderStateMachine/"
	for _, page := range []struct{ name, path string }{
		{"orders", "/orders"},
		{"confirmed orders", "/orders?status=CONFIRMED"},
		{"failed orders", "/orders?status=FAILED"},
		{"a customer's orders", "/orders?text=c-77"},
		{"a name's orders", "/orders?text=ada"},
		{"an order", "/orders/" + id},
		{"an execution", execution + id + "?state=ReserveInventory"},
		{"a long execution", long + "?state=Each"},
		{"queues", "/queues"},
		{"stock", "/stock"},
		{"shipments", "/shipments"},
		{"mail", "/mail"},
		{"analytics", "/analytics"},
	} {
		b.Run(page.name, func(b *testing.B) {
			for b.Loop() {
				get(b, r.aws+"/console"+page.path)
			}
		})
	}
}

func get(b *testing.B, url string) []byte {
	resp, err := http.Get(url)
	if err != nil {
		b.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		b.Fatalf("%s: %s, %v\n%s", url, resp.Status, err, body)
	}
	return body
}
