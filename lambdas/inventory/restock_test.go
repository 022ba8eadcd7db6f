package inventory_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"orderflow/cmd/local/cloud/cloudtest"
	"orderflow/lambdas/inventory"
	"orderflow/lambdas/order"
)

func (w *warehouse) shelves(faults ...cloudtest.Fault) inventory.Shelves {
	return inventory.Shelves{DB: dynamodb.NewFromConfig(w.Faulty(faults...)), Table: "stock"}
}

func TestRestock(t *testing.T) {
	add := func(units int64) func(inventory.Shelves) (inventory.Shelf, error) {
		return func(s inventory.Shelves) (inventory.Shelf, error) { return s.Add(t.Context(), "MUG", units) }
	}
	set := func(stocked int64) func(inventory.Shelves) (inventory.Shelf, error) {
		return func(s inventory.Shelves) (inventory.Shelf, error) { return s.Set(t.Context(), "MUG", stocked) }
	}
	// Of MUG 10 are stocked, 3 of them reserved.
	for _, test := range []struct {
		name               string
		do                 func(inventory.Shelves) (inventory.Shelf, error)
		stocked, available int64  // afterwards
		err                string // part of it
	}{
		{"add", add(5), 15, 12, ""},
		{"add nothing", add(0), 10, 7, ""},
		{"take away all that is available", add(-7), 3, 0, ""},
		{"take away more", add(-8), 10, 7, `7 of sku "MUG" are available, fewer than the 8 to take away`},
		{"add too many", add(inventory.MaxStocked - 9), 10, 7, "more than 1000000000"},
		{"add as many as may be", add(inventory.MaxStocked - 10), inventory.MaxStocked, inventory.MaxStocked - 3, ""},
		{"add far too many", add(1 << 62), 10, 7, "more than 1000000000"},
		{"set to more", set(12), 12, 9, ""},
		{"set to the same", set(10), 10, 7, ""},
		{"set to what is reserved", set(3), 3, 0, ""},
		{"set to less than is reserved", set(2), 10, 7, "fewer than the 8 to take away"},
		{"set to nonsense", set(-1), 10, 7, "are not 0 to"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWarehouse(t, nil)
			w.Put("stock", map[string]any{"sku": "MUG", "stocked": 10, "available": 7, "reserved": 3, "committed": 0})
			got, err := test.do(w.shelves())
			if (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) {
				t.Errorf("error %v, want %q", err, test.err)
			}
			want := inventory.Shelf{SKU: "MUG", Stocked: test.stocked, Available: test.available, Reserved: 3}
			if err == nil && got != want {
				t.Errorf("%+v, want %+v", got, want)
			}
			row := w.Items("stock", "sku")["MUG"]
			if row["stocked"] != float64(test.stocked) || row["available"] != float64(test.available) || row["reserved"] != 3.0 {
				t.Errorf("the shelf is %v", row)
			}
		})
	}
}

func TestRestockWhatWasNeverStocked(t *testing.T) {
	w := newWarehouse(t, nil)
	if got, err := w.shelves().Add(t.Context(), "A", 2); err != nil || got != (inventory.Shelf{SKU: "A", Stocked: 2, Available: 2}) {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := w.shelves().Set(t.Context(), "B", 3); err != nil || got != (inventory.Shelf{SKU: "B", Stocked: 3, Available: 3}) {
		t.Errorf("%+v, %v", got, err)
	}
	var short inventory.NotAvailable
	if _, err := w.shelves().Add(t.Context(), "C", -1); !errors.As(err, &short) || short.Available != 0 || short.Units != 1 {
		t.Errorf("taking away what never was: %v", err)
	}
	if row := w.Items("stock", "sku")["C"]; row != nil {
		t.Errorf("a refusal leaves %v", row)
	}
}

// An answer that is lost makes the SDK call again, which counts once.
func TestRestockWhenAnAnswerIsLost(t *testing.T) {
	for name, do := range map[string]func(inventory.Shelves) (inventory.Shelf, error){
		"add": func(s inventory.Shelves) (inventory.Shelf, error) { return s.Add(t.Context(), "MUG", 5) },
		"set": func(s inventory.Shelves) (inventory.Shelf, error) { return s.Set(t.Context(), "MUG", 15) },
	} {
		w := newWarehouse(t, map[string]int{"MUG": 10})
		cfg := w.AWSConfig()
		forgetful := &forgetful{next: cfg.HTTPClient}
		cfg.HTTPClient = forgetful
		got, err := do(inventory.Shelves{DB: dynamodb.NewFromConfig(cfg), Table: "stock"})
		if err != nil || got.Stocked != 15 || got.Available != 15 {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
		if !forgetful.forgot {
			t.Errorf("%s: no answer was lost", name)
		}
	}
}

// forgetful loses the first answer to a write.
type forgetful struct {
	next   aws.HTTPClient
	forgot bool
}

func (f *forgetful) Do(r *http.Request) (*http.Response, error) {
	resp, err := f.next.Do(r)
	if err == nil && !f.forgot && strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".TransactWriteItems") {
		f.forgot = true
		return nil, errors.Join(io.ErrUnexpectedEOF, resp.Body.Close())
	}
	return resp, err
}

// Set counts again when others add meanwhile.
func TestSetMeetsAdd(t *testing.T) {
	w := newWarehouse(t, map[string]int{"MUG": 10})
	meanwhile := cloudtest.Fault{Action: "TransactWriteItems", Times: 2, Before: func(string) {
		if _, err := w.shelves().Add(t.Context(), "MUG", 1); err != nil {
			t.Error(err)
		}
	}}
	got, err := w.shelves(meanwhile).Set(t.Context(), "MUG", 20)
	if err != nil || got.Stocked != 20 || got.Available != 20 {
		t.Errorf("%+v, %v", got, err)
	}
	always := meanwhile
	always.Times = 0
	if _, err := w.shelves(always).Set(t.Context(), "MUG", 5); err == nil || !strings.Contains(err.Error(), "keeps changing") {
		t.Errorf("a count that keeps changing: %v", err)
	}
}

// Operators and orders at once: the shelf adds up after all of them.
func TestRestockWhileOrdersReserve(t *testing.T) {
	w := newWarehouse(t, map[string]int{"MUG": 100})
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			if _, err := w.shelves().Add(t.Context(), "MUG", int64(1-2*(i%2))); err != nil {
				t.Error(err)
			}
		})
		all.Go(func() {
			if failed := cloudtest.Receive(t, w.h, about(t, order.InventoryRequested, string(rune('a'+i)), line("MUG", 2))); failed != "" {
				t.Errorf("order %d failed", i)
			}
		})
	}
	all.Wait()
	if got := w.stock()["MUG"]; got != "84/16/0" {
		t.Errorf("the shelf is %v", got)
	}
}
