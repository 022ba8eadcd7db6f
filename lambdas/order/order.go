// Package order is the vocabulary that every room of orderflow shares: an
// order and its parts, the events told about it, and the ways it can fail.
// It imports the standard library alone.
package order

import "time"

// Status is where an order stands. Every order ends in exactly one status
// other than Pending.
type Status string

const (
	Pending   Status = "PENDING"   // accepted, not decided
	Confirmed Status = "CONFIRMED" // stock reserved and shipment arranged
	Rejected  Status = "REJECTED"  // a business answer: invalid, out of stock, cannot be shipped
	Cancelled Status = "CANCELLED" // the customer cancelled before confirmation
	Failed    Status = "FAILED"    // the system could not decide; compensated
)

// Final reports whether the status never changes again.
func (s Status) Final() bool { return s != Pending && s != "" }

// Money is an amount in the minor unit of an ISO 4217 currency: 1250 GBP is
// twelve pounds fifty.
type Money struct {
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
}

// Item is a line as a customer asks for it: no name, no price.
type Item struct {
	SKU      string `json:"sku"`
	Quantity int    `json:"quantity"`
}

// Line is an item as the catalogue priced it. No two lines of an order share
// a SKU.
type Line struct {
	SKU         string `json:"sku"`
	Name        string `json:"name,omitempty"`
	Quantity    int    `json:"quantity"`
	UnitPrice   Money  `json:"unitPrice,omitzero"`
	WeightGrams int    `json:"weightGrams,omitempty"` // of one unit
}

// Customer is who ordered. Name, Email and Phone are personal data: they stay
// in the order and never ride on an event, a log line or a metric.
type Customer struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Email string `json:"email"`
	Phone string `json:"phone,omitempty"` // E.164
}

// Address is where the order goes. All but Country is personal data.
type Address struct {
	Name       string `json:"name"`
	Line1      string `json:"line1"`
	Line2      string `json:"line2,omitempty"`
	City       string `json:"city"`
	Region     string `json:"region,omitempty"`
	PostalCode string `json:"postalCode,omitempty"`
	Country    string `json:"country"` // ISO 3166-1 alpha-2
}

// Reservation is inventory's answer: the stock is set aside.
type Reservation struct {
	ID         string    `json:"reservationId"`
	ReservedAt time.Time `json:"reservedAt"`
}

// Shipment is the carrier's answer, as shipment passes it on.
type Shipment struct {
	Carrier        string    `json:"carrier"`
	TrackingNumber string    `json:"trackingNumber"`
	BookedAt       time.Time `json:"bookedAt"`
}

// Failure says why an order was not confirmed.
type Failure struct {
	Code   string `json:"code"`   // OutOfStock, States.Timeout, …
	Detail string `json:"detail"` // one sentence for a person
}

// Moment is one entry of an order's timeline.
type Moment struct {
	Status string    `json:"status"`
	At     time.Time `json:"at"`
}

// Order is an order as its owner keeps it and GET /orders/{orderId} shows it.
type Order struct {
	ID              string       `json:"orderId"`
	Status          Status       `json:"status"`
	Customer        Customer     `json:"customer"`
	ShippingAddress Address      `json:"shippingAddress"`
	Items           []Item       `json:"items,omitempty"` // until priced
	Lines           []Line       `json:"lines,omitempty"` // once priced
	Total           *Money       `json:"total,omitempty"`
	Reservation     *Reservation `json:"reservation,omitempty"`
	Shipment        *Shipment    `json:"shipment,omitempty"`
	Failure         *Failure     `json:"failure,omitempty"`
	CreatedAt       time.Time    `json:"createdAt"`
	DecidedAt       *time.Time   `json:"decidedAt,omitempty"`
	Timeline        []Moment     `json:"timeline,omitempty"`
}

// maxSKU is how many characters an SKU may have.
const maxSKU = 64

// ValidSKU reports whether s can name a product: 1 to 64 letters, digits, dots,
// dashes and underscores, of which the first is a letter or digit.
func ValidSKU(s string) bool {
	if s == "" || len(s) > maxSKU {
		return false
	}
	for i, c := range []byte(s) {
		letterOrDigit := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
		if !letterOrDigit && (i == 0 || c != '.' && c != '-' && c != '_') {
			return false
		}
	}
	return true
}

// Merge adds up the items that share a SKU, in the order in which each SKU
// first came, so that no later stage meets one SKU twice.
func Merge(items []Item) []Item {
	if len(items) < 2 {
		return items
	}
	merged := make([]Item, 0, len(items))
	index := make(map[string]int, len(items))
	for _, item := range items {
		i, seen := index[item.SKU]
		if !seen {
			index[item.SKU] = len(merged)
			merged = append(merged, item)
			continue
		}
		merged[i].Quantity += item.Quantity
	}
	return merged
}
