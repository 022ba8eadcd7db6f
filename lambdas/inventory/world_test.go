package inventory_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"

	"orderflow/cmd/local/cloud/cloudtest"
	"orderflow/cmd/local/cloud/protocol"
	"orderflow/lambdas/order"
)

// A world deals inventory the events of random orders: in any order, many in
// flight at once, some twice, over a network that loses answers and to tables
// that are contended. It plays the state machine's part: what it sends next
// depends on the first answer.
type world struct {
	*warehouse
	h         lambda.Handler
	batchSize int

	mu     sync.Mutex
	random *rand.Rand
	queue  []order.Event
	tries  int // how many more messages are received
	orders map[string]*customerOrder
}

// A customerOrder is what the world knows of an order.
type customerOrder struct {
	lines  []order.Line
	fate   string // confirm or cancel, once it is answered; timeout: cancelled before
	answer string // the first one: the reservation, or the error's name
}

func newWorld(t *testing.T, seed uint64, batchSize, orders int, stock map[string]int) *world {
	w := &world{warehouse: newWarehouse(t, stock), batchSize: batchSize, random: rand.New(rand.NewPCG(seed, 1)), tries: 50 * orders, orders: map[string]*customerOrder{}}
	cfg := w.AWSConfig()
	cfg.HTTPClient = unreliable{w, cfg.HTTPClient}
	w.h = w.handler(cfg)
	for i := range orders {
		id := fmt.Sprintf("o%d", i)
		o := &customerOrder{fate: []string{"confirm", "confirm", "cancel", "timeout"}[w.random.IntN(4)]}
		for _, sku := range []string{"A", "B", "C"}[w.random.IntN(3):] {
			o.lines = append(o.lines, line(sku, 1+w.random.IntN(3)))
		}
		w.orders[id] = o
		w.send(order.InventoryRequested, id)
		if o.fate == "timeout" {
			w.send(order.OrderCancelled, id)
		}
	}
	return w
}

func (w *world) send(kind order.EventType, id string) {
	e := about(w.t, kind, id, w.orders[id].lines...)
	if kind == order.InventoryRequested {
		e.Data.TaskToken = id
	}
	w.queue = append(w.queue, e)
}

// run consumes the queue in a number of pollers until it is empty.
func (w *world) run(pollers int) {
	var running sync.WaitGroup
	for range pollers {
		running.Go(func() {
			for batch := w.receive(); len(batch) > 0; batch = w.receive() {
				failed := strings.Fields(cloudtest.Receive(w.t, w.h, batch...))
				w.mu.Lock()
				for i, e := range batch {
					if slices.Contains(failed, fmt.Sprint(i)) || w.random.IntN(5) == 0 {
						w.queue = append(w.queue, e)
					}
				}
				w.mu.Unlock()
			}
		})
	}
	running.Wait()
}

func (w *world) receive() (batch []order.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.tries -= w.batchSize; w.tries < 0 {
		w.t.Errorf("%d events go round for ever", len(w.queue))
		return nil
	}
	for range min(w.batchSize, len(w.queue)) {
		i := w.random.IntN(len(w.queue))
		batch = append(batch, w.queue[i])
		w.queue = slices.Delete(w.queue, i, i+1)
	}
	return batch
}

// hear is the waiting state: it goes by the first answer.
func (w *world) hear(body []byte) {
	var answer struct{ TaskToken, Output, Error string }
	if err := json.Unmarshal(body, &answer); err != nil {
		w.t.Error(err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	o := w.orders[answer.TaskToken]
	switch said := answer.Output + answer.Error; {
	case o.answer == "":
		o.answer = said
		if answer.Error != "" || o.fate == "cancel" {
			w.send(order.OrderCancelled, answer.TaskToken)
		} else if o.fate == "confirm" {
			w.send(order.OrderConfirmed, answer.TaskToken)
		}
	case answer.Output != "" && strings.HasPrefix(o.answer, "{") && o.answer != said:
		w.t.Errorf("order %s is told %s, before %s", answer.TaskToken, said, o.answer)
	}
}

// unreliable is the network of a world.
type unreliable struct {
	*world
	next aws.HTTPClient
}

func (u unreliable) Do(r *http.Request) (*http.Response, error) {
	_, action, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	body, err := protocol.ReadBody(r)
	if err != nil {
		return nil, err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	u.mu.Lock()
	luck := u.random.IntN(20)
	u.mu.Unlock()
	switch {
	case luck == 0:
		return nil, io.ErrUnexpectedEOF // the call is lost
	case luck == 1 && action == "TransactWriteItems":
		return reply(r, 400, cancelled(slices.Repeat([]string{"TransactionConflict"}, strings.Count(string(body), `"TableName"`))...)), nil
	case strings.HasPrefix(action, "SendTask"):
		u.hear(body)
		return reply(r, 200, "{}"), nil
	}
	resp, err := u.next.Do(r)
	if err == nil && luck == 2 {
		resp.Body.Close()
		return nil, io.ErrUnexpectedEOF // the answer is lost
	}
	return resp, err
}

func reply(r *http.Request, status int, body string) *http.Response {
	return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {"application/x-amz-json-1.0"}}, Body: io.NopCloser(strings.NewReader(body)), Request: r}
}

// check wants every order settled as it had to be, and the stock to say so.
func (w *world) check() (settled map[string]string) {
	w.t.Helper()
	states, committed := w.states(), map[string]int{}
	for id, o := range w.orders {
		want := "RELEASED"
		if o.fate == "confirm" && o.answer != "OutOfStock" {
			want = "COMMITTED"
			for _, l := range o.lines {
				committed[l.SKU] += l.Quantity
			}
		}
		if states[id] != want {
			w.t.Errorf("order %s, to %s and told %s, is %s, want %s", id, o.fate, o.answer, states[id], want)
		}
	}
	for sku, item := range w.Items("stock", "sku") {
		if item["reserved"].(float64) != 0 || int(item["committed"].(float64)) != committed[sku] {
			w.t.Errorf("sku %s: %v, its orders took %d", sku, item, committed[sku])
		}
	}
	w.stock()
	return states
}

// Where there is enough for all, it makes no difference in which batches, and
// how many at once, the events come.
func TestBatchesMakeNoDifference(t *testing.T) {
	for seed := range uint64(4) {
		var want map[string]string
		for _, batchSize := range []int{1, 4, 10} {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, seed, batchSize, 30, map[string]int{"A": 1000, "B": 1000, "C": 1000})
				w.run(3)
				got := w.check()
				if want == nil {
					want = got
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("seed %d: one by one (-) and in batches of %d (+):\n%s", seed, batchSize, diff)
				}
			})
		}
	}
}

// Where there is not, who comes first is chance, and the books balance.
func TestBatchesOfScarceStock(t *testing.T) {
	for seed := range uint64(4) {
		for _, batchSize := range []int{1, 10} {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, seed, batchSize, 30, map[string]int{"A": 8, "B": 15, "C": 20})
				w.run(3)
				w.check()
				short := 0
				for _, o := range w.orders {
					if o.answer == "OutOfStock" {
						short++
					}
				}
				if short == 0 || short == len(w.orders) {
					t.Errorf("seed %d: %d orders are refused for lack of stock", seed, short)
				}
			})
		}
	}
}
