package order_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"orderflow/lambdas/order"
)

func TestMerge(t *testing.T) {
	items := []order.Item{{SKU: "B", Quantity: 1}, {SKU: "A", Quantity: 2}, {SKU: "B", Quantity: 3}, {SKU: "C", Quantity: 1}, {SKU: "A", Quantity: 1}}
	got := order.Merge(items)
	want := []order.Item{{SKU: "B", Quantity: 4}, {SKU: "A", Quantity: 3}, {SKU: "C", Quantity: 1}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("merged (-want +got):\n%s", diff)
	}
	if items[0].Quantity != 1 {
		t.Error("the items given were changed")
	}
}

func TestStatusFinal(t *testing.T) {
	for status, want := range map[order.Status]bool{
		"": false, order.Pending: false,
		order.Confirmed: true, order.Rejected: true, order.Cancelled: true, order.Failed: true,
	} {
		if got := status.Final(); got != want {
			t.Errorf("%q is final: %t, want %t", status, got, want)
		}
	}
}

func TestValidSKU(t *testing.T) {
	for sku, want := range map[string]bool{
		"MUG-BLUE": true, "a": true, "1.x_y-Z": true, strings.Repeat("A", 64): true,
		"": false, "-A": false, ".A": false, "A B": false, "A/B": false, "É": false, "A\n": false, strings.Repeat("A", 65): false,
	} {
		if got := order.ValidSKU(sku); got != want {
			t.Errorf("%q is valid: %t, want %t", sku, got, want)
		}
	}
}

// The state machine catches failures by their code, and of a Lambda by the
// type's bare name: they must be one.
func TestFailuresAreNamedAfterTheirTypes(t *testing.T) {
	for _, refusal := range []order.Refusal{order.InvalidOrder{Reason: "x"}, order.OutOfStock{SKU: "x"}, order.ShipmentRefused{Reason: "x"}, order.OrderEnded{}} {
		if got := reflect.TypeOf(refusal).Name(); got != refusal.Code() {
			t.Errorf("type %s has code %s", got, refusal.Code())
		}
		if refusal.Error() == "" {
			t.Errorf("%s says nothing", refusal.Code())
		}
	}
}

// Each kind of event has a golden file, which reads and writes without loss.
func TestGoldenEvents(t *testing.T) {
	for _, kind := range []order.EventType{order.InventoryRequested, order.ShipmentRequested, order.Placed, order.OrderConfirmed, order.OrderCancelled} {
		t.Run(string(kind), func(t *testing.T) {
			golden, err := os.ReadFile(filepath.Join("testdata", "events", string(kind)+".json"))
			if err != nil {
				t.Fatal(err)
			}
			e, err := order.ParseEvent(golden)
			if err != nil {
				t.Fatal(err)
			}
			if e.Type != kind || e.Subject != e.Data.OrderID || !strings.HasPrefix(e.ID, e.Data.OrderID+"/") {
				t.Errorf("event %q of type %q about %q is not what its file says", e.ID, e.Type, e.Subject)
			}
			written, err := json.Marshal(e)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(decode(t, golden), decode(t, written)); diff != "" {
				t.Errorf("written again (-golden +got):\n%s", diff)
			}
		})
	}
}

// Personal data has no place on an event.
func TestEventsHaveNoPersonalData(t *testing.T) {
	personal := map[string]bool{}
	for _, v := range []any{order.Customer{}, order.Address{}} {
		for f := range fields(reflect.TypeOf(v)) {
			personal[f] = true
		}
	}
	delete(personal, "id")
	delete(personal, "name") // of a product, on an event
	delete(personal, "country")
	delete(personal, "region")
	for f := range fields(reflect.TypeFor[order.Event]()) {
		if personal[f] {
			t.Errorf("an event has %q", f)
		}
	}
}

// fields are the JSON names in a struct and all it holds.
func fields(t reflect.Type) map[string]bool {
	names := map[string]bool{}
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || t.PkgPath() == "time" {
		return names
	}
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		names[name] = true
		for inner := range fields(t.Field(i).Type) {
			names[inner] = true
		}
	}
	return names
}

func TestParseEventRefuses(t *testing.T) {
	for name, body := range map[string]string{
		"nothing":         ``,
		"no JSON":         `hello`,
		"an array":        `[]`,
		"no specversion":  `{"id":"i","type":"t","data":{"orderId":"o"}}`,
		"another version": `{"specversion":"0.3","id":"i","type":"t","data":{"orderId":"o"}}`,
		"no type":         `{"specversion":"1.0","id":"i","data":{"orderId":"o"}}`,
		"no order":        `{"specversion":"1.0","id":"i","type":"t","data":{}}`,
		"no data":         `{"specversion":"1.0","id":"i","type":"t"}`,
		"a broken time":   `{"specversion":"1.0","id":"i","type":"t","time":"yesterday","data":{"orderId":"o"}}`,
	} {
		if e, err := order.ParseEvent([]byte(body)); err == nil {
			t.Errorf("%s reads as %+v", name, e)
		} else if !strings.HasPrefix(err.Error(), "order: ") {
			t.Errorf("%s: error %q does not say where", name, err)
		}
	}
}

func FuzzParseEvent(f *testing.F) {
	goldens, err := filepath.Glob(filepath.Join("testdata", "events", "*.json"))
	if err != nil || len(goldens) == 0 {
		f.Fatalf("no golden events: %v", err)
	}
	for _, golden := range goldens {
		body, err := os.ReadFile(golden)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		e, err := order.ParseEvent(body)
		if err != nil {
			return
		}
		if e.Data.OrderID == "" || e.Type == "" {
			t.Errorf("event %+v is accepted", e)
		}
	})
}

func decode(t *testing.T, body []byte) any {
	t.Helper()
	var v any
	if err := json.Unmarshal(body, &v); err != nil {
		t.Fatal(err)
	}
	return v
}
