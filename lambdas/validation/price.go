package validation

import (
	"fmt"
	"math/bits"
	"slices"
	"strings"

	"orderflow/lambdas/order"
)

// maxTotal is the largest total an order may have, in minor units. It is far
// below 2^53, up to which the state machine's numbers are exact.
const maxTotal = 1_000_000_000_000

// A product is an entry of the catalogue.
type product struct {
	name        string
	unitPrice   order.Money
	weightGrams int
}

// price makes lines of items, and adds them up. It refuses with
// order.InvalidOrder what has no price: an SKU that is not in the catalogue,
// lines in several currencies, a total beyond all reason.
func price(items []order.Item, products map[string]product) (Priced, error) {
	if len(items) == 0 {
		return Priced{}, order.InvalidOrder{Reason: "the order has no items"}
	}
	if unknown := unknownSKUs(items, products); len(unknown) > 0 {
		return Priced{}, order.InvalidOrder{Reason: fmt.Sprintf("not in the catalogue: %s", strings.Join(unknown, ", "))}
	}
	if all := currencies(items, products); len(all) > 1 {
		return Priced{}, order.InvalidOrder{Reason: fmt.Sprintf("the items are priced in several currencies: %s", strings.Join(all, ", "))}
	}
	priced := Priced{Lines: make([]order.Line, len(items))}
	for i, item := range items {
		if item.Quantity < 1 {
			return Priced{}, order.InvalidOrder{Reason: fmt.Sprintf("the quantity of sku %q is %d", item.SKU, item.Quantity)}
		}
		p := products[item.SKU]
		priced.Lines[i] = order.Line{
			SKU:         item.SKU,
			Name:        p.name,
			Quantity:    item.Quantity,
			UnitPrice:   p.unitPrice,
			WeightGrams: p.weightGrams,
		}
		total, ok := add(priced.Total.Amount, p.unitPrice.Amount, item.Quantity)
		if !ok {
			return Priced{}, order.InvalidOrder{Reason: fmt.Sprintf("the total exceeds %d in minor units of %s", int64(maxTotal), p.unitPrice.Currency)}
		}
		priced.Total = order.Money{Amount: total, Currency: p.unitPrice.Currency}
	}
	return priced, nil
}

// unknownSKUs lists what the catalogue does not have, quoted.
func unknownSKUs(items []order.Item, products map[string]product) []string {
	var unknown []string
	for _, item := range items {
		if _, ok := products[item.SKU]; !ok {
			unknown = append(unknown, fmt.Sprintf("sku %q", item.SKU))
		}
	}
	return unknown
}

func currencies(items []order.Item, products map[string]product) []string {
	var all []string
	for _, item := range items {
		if c := products[item.SKU].unitPrice.Currency; !slices.Contains(all, c) {
			all = append(all, c)
		}
	}
	return all
}

// add is total + unit × quantity, none of them negative, if that is at most
// maxTotal.
func add(total, unit int64, quantity int) (_ int64, ok bool) {
	high, low := bits.Mul64(uint64(unit), uint64(quantity))
	if high != 0 || low > maxTotal || total > maxTotal-int64(low) {
		return 0, false
	}
	return total + int64(low), true
}
