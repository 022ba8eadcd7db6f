package api

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"orderflow/lambdas/api/apitest"
	"orderflow/lambdas/order"
)

func TestParseOrder(t *testing.T) {
	const address = `"shippingAddress": {"name": "Ада 👩‍💻 O'Hara", "line1": "1 Byron St <Flat \"2\" & 3>", "line2": "c/o 株式会社", "city": "São Paulo", "region": "SP", "postalCode": "01000-000", "country": "BR"}}`
	got, err := parseOrder([]byte(`{"customer": {"name": "Ада", "id": "c:42", "email": "o'hara+shop@example.co.uk"},
		"items": [{"sku": "B", "quantity": 1}, {"quantity": 1000, "sku": "A_1.x-2"}, {"sku": "B", "quantity": 999}],` + address))
	if err != nil {
		t.Fatal(err)
	}
	want := asked{
		Customer: order.Customer{ID: "c:42", Name: "Ада", Email: "o'hara+shop@example.co.uk"},
		Items:    []order.Item{{SKU: "B", Quantity: 1000}, {SKU: "A_1.x-2", Quantity: 1000}},
		ShippingAddress: order.Address{
			Name: "Ада 👩‍💻 O'Hara", Line1: `1 Byron St <Flat "2" & 3>`, Line2: "c/o 株式会社", City: "São Paulo",
			Region: "SP", PostalCode: "01000-000", Country: "BR",
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
}

func TestDomains(t *testing.T) {
	long := strings.Repeat("a", 63)
	for _, domain := range []string{"example.com", "a.bc", "1.example.co.uk", "a-b.x1", "xn--bcher-kva.example", long + "." + long} {
		if !isDomain(domain) {
			t.Errorf("%q is no domain", domain)
		}
	}
	for _, other := range []string{"", "com", "example.c", "example.1c", "192.0.2.1", "-a.com", "a-.com", "a.com-", "a..com", ".com", "a.com.", "a_b.com", "bücher.example", "a b.com", long + "a.com", "a." + long + "a"} {
		if isDomain(other) {
			t.Errorf("%q is a domain", other)
		}
	}
}

func TestMediaTypes(t *testing.T) {
	for _, accepted := range []string{"application/json", "application/json; charset=utf-8", `APPLICATION/JSON;charset="UTF-8"`, "application/json; v=1"} {
		if err := wantJSON(headers{ContentType: accepted}); err != nil {
			t.Errorf("%s: %v", accepted, err)
		}
	}
}

func TestBodyOfExactly64KiB(t *testing.T) {
	body := apitest.Order + strings.Repeat(" ", 64<<10-len(apitest.Order))
	if _, err := jsonBody(request{Headers: headers{ContentType: "application/json"}, Body: body}); err != nil {
		t.Error(err)
	}
}

// The same order has the same fingerprint however its request was written.
func TestFingerprint(t *testing.T) {
	parse := func(body string) *input {
		a, err := parseOrder([]byte(body))
		if err != nil {
			t.Fatal(err)
		}
		in, err := newInput(a)
		if err != nil {
			t.Fatal(err)
		}
		return in
	}
	base := parse(apitest.Order)
	same := parse(strings.NewReplacer("\n", "", "\t", " ", `"London"`, `"\u004condon"`,
		`[{"sku": "MUG-BLUE", "quantity": 2}]`, `[{"quantity":1,"sku":"MUG-BLUE"},{"sku":"MUG-BLUE","quantity":1}]`).Replace(apitest.Order))
	if diff := cmp.Diff(base, same, cmp.AllowUnexported(input{})); diff != "" {
		t.Errorf("the same order differs (-one +other):\n%s", diff)
	}
	if other := parse(strings.Replace(apitest.Order, `"quantity": 2`, `"quantity": 3`, 1)); other.Fingerprint == base.Fingerprint {
		t.Error("another order has the same fingerprint")
	}
}

func TestIdempotencyKey(t *testing.T) {
	for raw, want := range map[string]string{
		`8e03978e-40d5-43e8-bc93-6894a57f9324`:   "8e03978e-40d5-43e8-bc93-6894a57f9324",
		`"8e03978e-40d5-43e8-bc93-6894a57f9324"`: "8e03978e-40d5-43e8-bc93-6894a57f9324",
		`"a\"b\\c,d"`:                            `a"b\c,d`,
		strings.Repeat("k", 255):                 strings.Repeat("k", 255),
	} {
		got, err := idempotencyKey(&raw)
		if err != nil || got != want {
			t.Errorf("key %s: %q, %v, want %q", raw, got, err, want)
		}
	}
	if got, err := idempotencyKey(nil); got != "" || err != nil {
		t.Errorf("no key: %q, %v", got, err)
	}
}

func TestKeyedOrderID(t *testing.T) {
	if got := keyedOrderID("c-42", "k"); got != "8e564f41-d76e-5b5f-a235-418f5cdfaceb" {
		t.Errorf("the order of a key has become %s", got)
	}
	ids := map[string]bool{keyedOrderID("c-4", "2k"): true, keyedOrderID("c-42", "k"): true, keyedOrderID("c-42", "K"): true}
	if len(ids) != 3 {
		t.Error("different keys make one order")
	}
}

func TestCursor(t *testing.T) {
	at := position{CreatedAt: "2026-01-02T03:04:05.000Z", OrderID: "0199aa3c-7b1e-7c4e-9d65-3f0f5b1e2a10"}
	c := cursor(at, "c-42")
	if got, ok := parseCursor(c, "c-42"); !ok || got != at {
		t.Errorf("a cursor reads as %v, %t", got, ok)
	}
	if _, ok := parseCursor(c, "c-43"); ok {
		t.Error("another customer's cursor is taken")
	}
	for i := range c {
		tampered := c[:i] + string(c[i]^1) + c[i+1:]
		if _, ok := parseCursor(tampered, "c-42"); ok {
			t.Errorf("the cursor %s is taken", tampered)
		}
	}
}

func FuzzParseOrder(f *testing.F) {
	f.Add([]byte(apitest.Order))
	for _, m := range apitest.MalformedRequests() {
		if len(m.Body) < 4<<10 {
			f.Add([]byte(m.Body))
		}
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		a, err := parseOrder(body)
		if err != nil {
			if p, ok := err.(problem); !ok || p.Status != 400 || len(p.Errors) == 0 {
				t.Fatalf("error %v is no list of violations", err)
			}
			return
		}
		if len(a.Items) < 1 || len(a.Items) > maxSKUs {
			t.Fatalf("%d items", len(a.Items))
		}
		var plain asked // as Go's own decoding has it
		if err := json.Unmarshal(body, &plain); err != nil {
			t.Fatal(err)
		}
		plain.Items = order.Merge(plain.Items)
		if diff := cmp.Diff(plain, a); diff != "" {
			t.Fatalf("reads otherwise than Go does (-Go +got):\n%s", diff)
		}
		canonical, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		again, err := parseOrder(canonical)
		if err != nil {
			t.Fatalf("its own form %s is malformed: %v", canonical, err)
		}
		if diff := cmp.Diff(a, again); diff != "" {
			t.Fatalf("its own form reads otherwise (-want +got):\n%s", diff)
		}
	})
}

func FuzzParseCursor(f *testing.F) {
	f.Add(cursor(position{"2026-01-02T03:04:05.000Z", "o"}, "c-42"), "c-42")
	f.Fuzz(func(t *testing.T, s, customerID string) {
		if at, ok := parseCursor(s, customerID); ok && cursor(at, customerID) == "" {
			t.Errorf("cursor %q", s)
		}
	})
}

func BenchmarkParseOrder(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := parseOrder([]byte(apitest.Order)); err != nil {
			b.Fatal(err)
		}
	}
}
