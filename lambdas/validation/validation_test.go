package validation_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"

	"orderflow/cmd/local/cloud/cloudtest"
	"orderflow/lambdas/metric"
	"orderflow/lambdas/metric/metrictest"
	"orderflow/lambdas/order"
	"orderflow/lambdas/validation"
)

func newCatalogue(t *testing.T) *cloudtest.Cloud {
	t.Helper()
	c := cloudtest.New(t)
	c.CreateTable("catalogue", "sku")
	c.Put("catalogue", map[string]any{"sku": "MUG", "name": "Blue mug", "unitPrice": 1250, "currency": "GBP", "weightGrams": 350})
	c.Put("catalogue", map[string]any{"sku": "BROKEN", "name": "No price", "currency": "GBP", "weightGrams": 350})
	for i := range 60 {
		c.Put("catalogue", map[string]any{"sku": fmt.Sprintf("SKU-%d", i), "name": "Thing", "unitPrice": i, "currency": "GBP", "weightGrams": 1})
	}
	return c
}

func newHandler(t *testing.T, cfg aws.Config) lambda.Handler {
	t.Helper()
	h, err := validation.New(cfg, cloudtest.Environment("CATALOGUE_TABLE", "catalogue", metric.NamespaceVariable, "orderflow"))
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestPrices(t *testing.T) {
	h := newHandler(t, newCatalogue(t).AWSConfig())
	out, err := h.Invoke(t.Context(), []byte(`{"orderId":"o1","items":[{"sku":"MUG","quantity":2},{"sku":"SKU-7","quantity":1},{"sku":"MUG","quantity":1}]}`))
	if err != nil {
		t.Fatal(err)
	}
	var got, want any
	json.Unmarshal(out, &got)
	json.Unmarshal([]byte(`{"lines":[
		{"sku":"MUG","name":"Blue mug","quantity":3,"unitPrice":{"amount":1250,"currency":"GBP"},"weightGrams":350},
		{"sku":"SKU-7","name":"Thing","quantity":1,"unitPrice":{"amount":7,"currency":"GBP"},"weightGrams":1}],
		"total":{"amount":3757,"currency":"GBP"}}`), &want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("priced (-want +got):\n%s", diff)
	}
}

// The state machine matches the bare type, so nothing may be wrapped around it.
func TestInvalidOrders(t *testing.T) {
	h := newHandler(t, newCatalogue(t).AWSConfig())
	many := make([]order.Item, 101)
	for i := range many {
		many[i] = order.Item{SKU: fmt.Sprintf("X-%d", i), Quantity: 1}
	}
	for name, items := range map[string][]order.Item{
		"unknown":   {{SKU: "MUG", Quantity: 1}, {SKU: "CUP", Quantity: 1}},
		"nothing":   {},
		"no sku":    {{Quantity: 1}},
		"101 items": many,
	} {
		payload, err := json.Marshal(validation.Request{OrderID: "o1", Items: items})
		if err != nil {
			t.Fatal(err)
		}
		_, err = h.Invoke(t.Context(), payload)
		if _, ok := err.(order.InvalidOrder); !ok {
			t.Errorf("%s: error %T %v", name, err, err)
		}
	}
}

func TestABrokenCatalogueIsAFault(t *testing.T) {
	h := newHandler(t, newCatalogue(t).AWSConfig())
	_, err := h.Invoke(t.Context(), []byte(`{"items":[{"sku":"BROKEN","quantity":1}]}`))
	if _, ok := err.(order.InvalidOrder); ok || err == nil || !strings.Contains(err.Error(), `"BROKEN" is incomplete`) {
		t.Errorf("error %v", err)
	}
}

func TestLog(t *testing.T) {
	var log bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewJSONHandler(&log, nil)))
	defer slog.SetDefault(before)
	h := newHandler(t, newCatalogue(t).AWSConfig())
	for _, test := range []struct{ sku, want, not string }{
		{"MUG", `"level":"INFO","msg":"order validated","orderId":"o1",`, "error"},
		{"MUG", `"outcome":"priced"`, "error"},
		{"Lovelace", `"outcome":"invalid"`, "Lovelace"},
		{"BROKEN", `"level":"ERROR","msg":"order not validated","orderId":"o1",`, "outcome"},
	} {
		log.Reset()
		h.Invoke(t.Context(), fmt.Appendf(nil, `{"orderId":"o1","items":[{"sku":%q,"quantity":1}]}`, test.sku))
		metrics, err := metrictest.Read(log.Bytes())
		if answered := test.sku != "BROKEN"; err != nil || answered != (len(metrics) == 1) {
			t.Errorf("%s: tells %v, error %v", test.sku, metrics, err)
		}
		refused := map[string]float64{"Lovelace": 1}[test.sku]
		for _, m := range metrics {
			if m.Name != metric.InvalidOrders || m.Value != refused || len(m.Dimensions) != 0 {
				t.Errorf("%s: tells %v", test.sku, m)
			}
		}
		if text := log.String(); strings.Count(text, "\n") != 1 || !strings.Contains(text, test.want) || strings.Contains(text, test.not) {
			t.Errorf("%s: the log is %s, want %s and not %s", test.sku, text, test.want, test.not)
		}
	}
}

// What a busy table leaves unread is asked for again.
func TestUnprocessedKeys(t *testing.T) {
	c := newCatalogue(t)
	var asked []string
	h := newHandler(t, c.Faulty(
		cloudtest.Fault{Action: "BatchGetItem", Times: 1, Status: 200, Before: func(body string) { asked = append(asked, body) },
			Body: `{"Responses":{"catalogue":[{"sku":{"S":"MUG"},"name":{"S":"Blue mug"},"unitPrice":{"N":"1250"},"currency":{"S":"GBP"},"weightGrams":{"N":"350"}}]},
				"UnprocessedKeys":{"catalogue":{"Keys":[{"sku":{"S":"SKU-7"}}]}}}`},
		cloudtest.Fault{Action: "BatchGetItem", Before: func(body string) { asked = append(asked, body) }},
	))
	out, err := h.Invoke(t.Context(), []byte(`{"items":[{"sku":"MUG","quantity":1},{"sku":"SKU-7","quantity":1}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if len(asked) != 2 || strings.Contains(asked[1], "MUG") || !strings.Contains(string(out), `"amount":1257`) {
		t.Errorf("asked %v, answered %s", asked, out)
	}
	h = newHandler(t, c.Faulty(cloudtest.Fault{Action: "BatchGetItem", Status: 200, Body: `{"UnprocessedKeys":{"catalogue":{"Keys":[{"sku":{"S":"MUG"}}]}}}`}))
	if _, err := h.Invoke(t.Context(), []byte(`{"items":[{"sku":"MUG","quantity":1}]}`)); err == nil || !strings.Contains(err.Error(), "too busy") {
		t.Errorf("a table that never answers: error %v", err)
	}
}

func TestNewNeedsItsEnvironment(t *testing.T) {
	for missing, environment := range map[string]func(string) string{
		"CATALOGUE_TABLE":        cloudtest.Environment(metric.NamespaceVariable, "orderflow"),
		metric.NamespaceVariable: cloudtest.Environment("CATALOGUE_TABLE", "catalogue"),
	} {
		if _, err := validation.New(aws.Config{}, environment); err == nil || !strings.Contains(err.Error(), missing) {
			t.Errorf("%s: error %v", missing, err)
		}
	}
}
