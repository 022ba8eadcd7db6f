package validation

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"orderflow/lambdas/order"
)

func TestPrice(t *testing.T) {
	gbp := func(amount int64) order.Money { return order.Money{Amount: amount, Currency: "GBP"} }
	products := map[string]product{
		"MUG":   {"Blue mug", gbp(1250), 350},
		"FREE":  {"Leaflet", gbp(0), 5},
		"YACHT": {"Yacht", gbp(maxTotal), 9_000_000},
		"ODD":   {"Everything", gbp(math.MaxInt64), 1},
		"EURO":  {"Baguette", order.Money{Amount: 120, Currency: "EUR"}, 250},
	}
	for _, test := range []struct {
		name  string
		items []order.Item
		want  Priced
		err   error
	}{
		{"two lines", []order.Item{{SKU: "MUG", Quantity: 2}, {SKU: "FREE", Quantity: 1}}, Priced{
			Lines: []order.Line{
				{SKU: "MUG", Name: "Blue mug", Quantity: 2, UnitPrice: gbp(1250), WeightGrams: 350},
				{SKU: "FREE", Name: "Leaflet", Quantity: 1, UnitPrice: gbp(0), WeightGrams: 5},
			},
			Total: gbp(2500),
		}, nil},
		{"the largest total", []order.Item{{SKU: "YACHT", Quantity: 1}}, Priced{
			Lines: []order.Line{{SKU: "YACHT", Name: "Yacht", Quantity: 1, UnitPrice: gbp(maxTotal), WeightGrams: 9_000_000}},
			Total: gbp(maxTotal),
		}, nil},
		{"a total too large", []order.Item{{SKU: "YACHT", Quantity: 1}, {SKU: "MUG", Quantity: 1}}, Priced{},
			order.InvalidOrder{Reason: "the total exceeds 1000000000000 in minor units of GBP"}},
		{"a total of more than 64 bits", []order.Item{{SKU: "ODD", Quantity: 1000}}, Priced{},
			order.InvalidOrder{Reason: "the total exceeds 1000000000000 in minor units of GBP"}},
		{"all unknown skus", []order.Item{{SKU: "CUP", Quantity: 1}, {SKU: "MUG", Quantity: 1}, {SKU: "JUG", Quantity: 1}}, Priced{},
			order.InvalidOrder{Reason: `not in the catalogue: sku "CUP", sku "JUG"`}},
		{"two currencies", []order.Item{{SKU: "MUG", Quantity: 1}, {SKU: "EURO", Quantity: 1}, {SKU: "FREE", Quantity: 1}}, Priced{},
			order.InvalidOrder{Reason: "the items are priced in several currencies: GBP, EUR"}},
		{"a negative quantity", []order.Item{{SKU: "MUG", Quantity: -1}}, Priced{}, order.InvalidOrder{Reason: `the quantity of sku "MUG" is -1`}},
		{"nothing", nil, Priced{}, order.InvalidOrder{Reason: "the order has no items"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := price(test.items, products)
			if err != test.err {
				t.Fatalf("error %v, want %v", err, test.err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("priced (-want +got):\n%s", diff)
			}
		})
	}
}
