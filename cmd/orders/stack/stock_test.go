package stack_test

import (
	"errors"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"orderflow/cmd/orders/stack"
	"orderflow/cmd/orders/stack/stacktest"
	"orderflow/lambdas/inventory"
	"orderflow/lambdas/order"
)

func inShop(t *testing.T, test func(t *testing.T, shop *stacktest.Shop, s *stack.Stack)) {
	synctest.Test(t, func(t *testing.T) {
		shop := stacktest.New(t.Context(), t)
		defer shop.Close(t.Context())
		test(t, shop, shop.Open(t.Context(), t))
	})
}

func TestStock(t *testing.T) {
	inShop(t, func(t *testing.T, shop *stacktest.Shop, s *stack.Stack) {
		shelf := func(sku, name string, price int64, grams int, n ...int64) stack.Shelf {
			return stack.Shelf{SKU: sku, Name: name, UnitPrice: order.Money{Amount: price, Currency: "GBP"}, WeightGrams: grams, Stocked: n[0], Available: n[1], Reserved: n[2], Committed: n[3]}
		}
		got, err := s.Stock(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		want := []stack.Shelf{
			shelf("KETTLE-RED", "Red kettle", 4900, 1300, 0, 0, 0, 0),
			shelf("LAMP-LAST", "Reading lamp (the last one)", 5600, 1900, 1, 1, 0, 0),
			shelf("MUG-BLUE", "Blue mug", 1250, 350, 500, 500, 0, 0),
			shelf("MUG-GREEN", "Green mug", 1250, 350, 500, 500, 0, 0),
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("Stock: -want +got\n%s", diff)
		}
		if got, err := s.AddStock(t.Context(), "KETTLE-RED", 3); err != nil || got != shelf("KETTLE-RED", "Red kettle", 4900, 1300, 3, 3, 0, 0) {
			t.Errorf("AddStock: %+v, %v", got, err)
		}
		if got, err := s.SetStock(t.Context(), "MUG-BLUE", 12); err != nil || got != shelf("MUG-BLUE", "Blue mug", 1250, 350, 12, 12, 0, 0) {
			t.Errorf("SetStock: %+v, %v", got, err)
		}
		if _, err := s.AddStock(t.Context(), "LAMP-LAST", -2); !errors.As(err, new(inventory.NotAvailable)) {
			t.Errorf("taking away more than there is: %v", err)
		}
		for _, sku := range []string{"NO-SUCH", "no such", ""} {
			if _, err := s.AddStock(t.Context(), sku, 1); !errors.Is(err, stack.ErrNoSKU) {
				t.Errorf("AddStock of %q: %v", sku, err)
			}
		}
	})
}
