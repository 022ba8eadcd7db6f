package main

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"orderflow/lambdas/order"
)

// A product is one line of the catalogue: what an SKU is, costs and weighs,
// and how many are in stock.
type product struct {
	sku, name   string
	unitPrice   int64 // in minor units of currency
	currency    string
	weightGrams int64
	stocked     int64
}

//go:embed catalogue.csv
var sampleCatalogue []byte

// catalogueHeader is a catalogue's first line.
var catalogueHeader = []string{"sku", "name", "unitPrice", "currency", "weightGrams", "stocked"}

// What a column may hold at most. A total is at most as much as the dearest
// unit, so that every sum stays an exact number.
const (
	maxName      = 200
	maxUnitPrice = 1_000_000_000_000
	maxWeight    = 1_000_000_000
	maxStocked   = 1_000_000_000
)

var currencyPattern = regexp.MustCompile(`^[A-Z]{3}$`)

// loadCatalogue reads a CSV file, or the sample when none is named.
func loadCatalogue(file string) ([]product, error) {
	if file == "" {
		return readCatalogue(bytes.NewReader(sampleCatalogue))
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	products, err := readCatalogue(f)
	if e, ok := errors.AsType[*lineError](err); ok {
		return nil, fmt.Errorf("%s:%d: %w", file, e.line, e.err)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return products, nil
}

// lineError is a fault on one line of a file.
type lineError struct {
	line int // from 1
	err  error
}

func (e *lineError) Error() string { return fmt.Sprintf("line %d: %v", e.line, e.err) }
func (e *lineError) Unwrap() error { return e.err }

// readCatalogue reads products in the order of their lines. A fault of a line
// is a *lineError.
func readCatalogue(r io.Reader) ([]product, error) {
	in := csv.NewReader(r)
	in.FieldsPerRecord = -1 // counted below, for the sake of a better message
	header, err := in.Read()
	if errors.Is(err, io.EOF) {
		return nil, &lineError{1, fmt.Errorf("the header %s is missing", strings.Join(catalogueHeader, ","))}
	}
	if err != nil {
		return nil, csvError(err)
	}
	header[0] = strings.TrimPrefix(header[0], "\ufeff") // Excel's byte order mark
	if !slices.Equal(header, catalogueHeader) {
		return nil, &lineError{1, fmt.Errorf("the header is %s, want %s", strings.Join(header, ","), strings.Join(catalogueHeader, ","))}
	}
	var products []product
	lines := map[string]int{} // of each SKU
	for {
		record, err := in.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, csvError(err)
		}
		line, _ := in.FieldPos(0)
		p, err := parseProduct(record)
		if err != nil {
			return nil, &lineError{line, err}
		}
		if first, twice := lines[p.sku]; twice {
			return nil, &lineError{line, fmt.Errorf("sku %q is on line %d already", p.sku, first)}
		}
		lines[p.sku] = line
		products = append(products, p)
	}
	if len(products) == 0 {
		return nil, &lineError{2, errors.New("there is no product below the header")}
	}
	return products, nil
}

func csvError(err error) error {
	if e, ok := errors.AsType[*csv.ParseError](err); ok {
		return &lineError{e.Line, e.Err}
	}
	return err
}

func parseProduct(record []string) (product, error) {
	if len(record) != len(catalogueHeader) {
		return product{}, fmt.Errorf("%d columns, want the %d of the header", len(record), len(catalogueHeader))
	}
	p := product{sku: record[0], name: record[1], currency: record[3]}
	switch {
	case !order.ValidSKU(p.sku):
		return product{}, fmt.Errorf("sku %q is not 1 to 64 letters, digits, dots, dashes or underscores, the first a letter or digit", clip(p.sku))
	case !printable(p.name) || utf8.RuneCountInString(p.name) > maxName:
		return product{}, fmt.Errorf("name %q is not 1 to %d printable characters", clip(p.name), maxName)
	case !currencyPattern.MatchString(p.currency):
		return product{}, fmt.Errorf("currency %q is not an ISO 4217 code such as GBP", clip(p.currency))
	}
	var err error
	if p.unitPrice, err = count("unitPrice", record[2], maxUnitPrice, "minor units: 1250 is 12.50"); err != nil {
		return product{}, err
	}
	if p.weightGrams, err = count("weightGrams", record[4], maxWeight, "grams"); err != nil {
		return product{}, err
	}
	p.stocked, err = count("stocked", record[5], maxStocked, "pieces")
	return p, err
}

func count(column, s string, most int64, unit string) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 || n > most || strings.HasPrefix(s, "+") {
		return 0, fmt.Errorf("%s %q is not a whole number from 0 to %d (%s)", column, clip(s), most, unit)
	}
	return n, nil
}

func printable(s string) bool {
	return strings.TrimSpace(s) != "" && utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}

func clip(s string) string {
	const most = 80
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}

// seed writes the products into the tables of catalogue and stock.
func seed(ctx context.Context, db *dynamodb.Client, catalogueTable, stockTable string, products []product) error {
	const most = 12 // products in one BatchWriteItem, which takes 25 puts
	for batch := range slices.Chunk(products, most) {
		requests := map[string][]types.WriteRequest{}
		for _, p := range batch {
			requests[catalogueTable] = append(requests[catalogueTable], put(p.catalogueItem()))
			requests[stockTable] = append(requests[stockTable], put(p.stockItem()))
		}
		for len(requests) > 0 {
			out, err := db.BatchWriteItem(ctx, &dynamodb.BatchWriteItemInput{RequestItems: requests})
			if err != nil {
				return fmt.Errorf("catalogue: %w", err)
			}
			requests = out.UnprocessedItems
		}
	}
	return nil
}

func put(item map[string]types.AttributeValue) types.WriteRequest {
	return types.WriteRequest{PutRequest: &types.PutRequest{Item: item}}
}

func (p product) catalogueItem() map[string]types.AttributeValue {
	return map[string]types.AttributeValue{
		"sku":         &types.AttributeValueMemberS{Value: p.sku},
		"name":        &types.AttributeValueMemberS{Value: p.name},
		"unitPrice":   number(p.unitPrice),
		"currency":    &types.AttributeValueMemberS{Value: p.currency},
		"weightGrams": number(p.weightGrams),
	}
}

func (p product) stockItem() map[string]types.AttributeValue {
	return map[string]types.AttributeValue{
		"sku":       &types.AttributeValueMemberS{Value: p.sku},
		"stocked":   number(p.stocked),
		"available": number(p.stocked),
		"reserved":  number(0),
		"committed": number(0),
	}
}

func number(n int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)}
}

// inStock are the products of which there is at least one.
func inStock(products []product) iter.Seq[product] {
	return func(yield func(product) bool) {
		for _, p := range products {
			if p.stocked > 0 && !yield(p) {
				return
			}
		}
	}
}
