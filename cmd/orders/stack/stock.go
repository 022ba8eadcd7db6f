package stack

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"golang.org/x/sync/errgroup"

	"orderflow/lambdas/inventory"
	"orderflow/lambdas/order"
)

// A Shelf is a SKU's stock.
type Shelf struct {
	SKU         string      `json:"sku"`
	Name        string      `json:"name,omitempty"`
	UnitPrice   order.Money `json:"unitPrice,omitzero"`
	WeightGrams int         `json:"weightGrams,omitempty"`
	Stocked     int64       `json:"stocked"`
	Available   int64       `json:"available"`
	Reserved    int64       `json:"reserved"`
	Committed   int64       `json:"committed"`
}

// ErrNoSKU is the error of stocking what is neither stocked nor in the
// catalogue: nobody could order it.
var ErrNoSKU = errors.New("stack: sku is not in the catalogue, which it has to be put into first")

// Stock is every SKU's that is in the catalogue or in stock, by SKU.
func (s *Stack) Stock(ctx context.Context) ([]Shelf, error) {
	var products, shelves []row
	reads, ctx := errgroup.WithContext(ctx)
	reads.Go(func() (err error) { products, err = s.rows(ctx, "CatalogueTable"); return err })
	reads.Go(func() (err error) { shelves, err = s.rows(ctx, "StockTable"); return err })
	if err := reads.Wait(); err != nil {
		return nil, err
	}
	stock := map[string]Shelf{}
	for _, item := range products {
		shelf, err := parseProduct(item)
		if err != nil {
			return nil, err
		}
		stock[shelf.SKU] = shelf
	}
	for _, item := range shelves {
		shelf := stock[text(item["sku"])]
		if err := shelf.count(item); err != nil {
			return nil, err
		}
		stock[shelf.SKU] = shelf
	}
	var sorted []Shelf
	for _, sku := range slices.Sorted(maps.Keys(stock)) {
		sorted = append(sorted, stock[sku])
	}
	return sorted, nil
}

// parseProduct is a row of the catalogue as a shelf with nothing on it.
func parseProduct(item row) (Shelf, error) {
	var product struct {
		SKU         string `json:"sku"`
		Name        string `json:"name"`
		UnitPrice   int64  `json:"unitPrice"` // in minor units
		Currency    string `json:"currency"`
		WeightGrams int    `json:"weightGrams"`
	}
	if err := unmarshal(item, &product); err != nil {
		return Shelf{}, fmt.Errorf("stack: catalogue row of sku %q: %w", text(item["sku"]), err)
	}
	return Shelf{
		SKU:         product.SKU,
		Name:        product.Name,
		UnitPrice:   order.Money{Amount: product.UnitPrice, Currency: product.Currency},
		WeightGrams: product.WeightGrams,
	}, nil
}

// count reads a row of stock.
func (s *Shelf) count(item row) error {
	if err := unmarshal(item, s); err != nil {
		return fmt.Errorf("stack: stock row of sku %q: %w", text(item["sku"]), err)
	}
	return nil
}

// AddStock adds units, or takes away as many of the available when negative.
// Errors: ErrNoSKU, inventory.NotAvailable.
func (s *Stack) AddStock(ctx context.Context, sku string, units int64) (Shelf, error) {
	return s.restock(ctx, sku, func(shelves inventory.Shelves) (inventory.Shelf, error) { return shelves.Add(ctx, sku, units) })
}

// SetStock makes the units stocked so many in all, whatever is reserved or
// committed of them. Errors: ErrNoSKU, inventory.NotAvailable.
func (s *Stack) SetStock(ctx context.Context, sku string, stocked int64) (Shelf, error) {
	return s.restock(ctx, sku, func(shelves inventory.Shelves) (inventory.Shelf, error) { return shelves.Set(ctx, sku, stocked) })
}

// restock lets inventory, whose the stock is, change a SKU's.
func (s *Stack) restock(ctx context.Context, sku string, change func(inventory.Shelves) (inventory.Shelf, error)) (Shelf, error) {
	shelf, err := s.product(ctx, sku)
	if err != nil {
		return Shelf{}, err
	}
	changed, err := change(inventory.Shelves{DB: s.db, Table: *s.table("StockTable")})
	if err != nil {
		return Shelf{}, err
	}
	shelf.Stocked, shelf.Available, shelf.Reserved, shelf.Committed = changed.Stocked, changed.Available, changed.Reserved, changed.Committed
	return shelf, nil
}

// product is a SKU that may be stocked, for it is in the catalogue or is
// stocked already. Error: ErrNoSKU.
func (s *Stack) product(ctx context.Context, sku string) (Shelf, error) {
	unknown := fmt.Errorf("%w: %q", ErrNoSKU, sku)
	if !order.ValidSKU(sku) {
		return Shelf{}, unknown
	}
	item, err := s.row(ctx, "CatalogueTable", row{"sku": str(sku)})
	if err != nil {
		return Shelf{}, err
	}
	if len(item) > 0 {
		return parseProduct(item)
	}
	if item, err = s.row(ctx, "StockTable", row{"sku": str(sku)}); err == nil && len(item) == 0 {
		err = unknown
	}
	return Shelf{SKU: sku}, err
}
