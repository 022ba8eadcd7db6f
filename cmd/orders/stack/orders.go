package stack

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"orderflow/lambdas/order"
)

// A Query selects orders, newest first. Zero: all whose execution is still
// kept, which is at least 90 days after its end.
type Query struct {
	Status order.Status
	Text   string // in the order's ID, customer's ID or name, or a SKU; case does not matter
	Limit  int    // of a page; 0: 50, at most 1000
	Cursor string // Page.Next of the page before; "": the first page
}

// A Page of orders.
type Page struct {
	Orders []Summary
	Next   string // Cursor of the next page; "": this was the last
}

// A Summary is an order in a list.
type Summary struct {
	ID        string         `json:"orderId"`
	Status    order.Status   `json:"status"`
	Customer  Customer       `json:"customer"`
	Total     *order.Money   `json:"total,omitempty"` // nil until it is priced
	CreatedAt time.Time      `json:"createdAt"`
	DecidedAt *time.Time     `json:"decidedAt,omitempty"`
	Failure   *order.Failure `json:"failure,omitempty"`
	Now       []string       `json:"now,omitempty"` // the states that it is in, while it is PENDING; of a page's first 100
}

// A Customer is as much of one as an operator needs.
type Customer struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// ErrCursor is the error of a cursor that no page of the same query gave, or
// that is more than a day old.
var ErrCursor = errors.New("stack: the cursor does not belong to this list")

const (
	defaultLimit = 50
	maxLimit     = 1000 // of ListExecutions
)

// Orders lists them. A page may hold fewer than its limit, or up to twice as
// many, and another follow.
//
// A Text that is the whole of an order's or a customer's ID finds those alone,
// which is cheap. Any other Text, and any Status but PENDING, is looked for
// among the newest orders, and if those do not fill a page in the whole table:
// some 0.13 DynamoDB read units an order of 1 kB, at AWS about a second for
// every 10,000.
//
// Error: ErrCursor.
func (s *Stack) Orders(ctx context.Context, q Query) (Page, error) {
	if q.Limit <= 0 {
		q.Limit = defaultLimit
	}
	q.Limit = min(q.Limit, maxLimit)
	q.Text = strings.TrimSpace(q.Text)
	from, err := parseCursor(q.Cursor)
	if err != nil {
		return Page{}, err
	}
	switch {
	case q.Status == order.Pending || q.Status == "" && q.Text == "":
		return s.latest(ctx, q, from)
	case q.Text != "" && q.Cursor == "":
		if page, found, err := s.exact(ctx, q); found || err != nil {
			return page, err
		}
	case from.Customer != "":
		return s.customers(ctx, q, from)
	}
	return s.search(ctx, q, from)
}

// A position is where a page ended: at an order, or where ListExecutions says.
type position struct {
	Executions string `json:"e,omitempty"` // ListExecutions' token
	CreatedAt  string `json:"t,omitempty"` // as the table has it
	OrderID    string `json:"o,omitempty"`
	Customer   string `json:"c,omitempty"` // whose index it is in; "": none's
}

func (p position) cursor() string {
	if p == (position{}) {
		return ""
	}
	text, err := json.Marshal(p)
	if err != nil { // strings can be encoded
		panic(err)
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

func parseCursor(s string) (p position, err error) {
	if s == "" {
		return p, nil
	}
	text, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || json.Unmarshal(text, &p) != nil || p == (position{}) {
		return p, ErrCursor
	}
	return p, nil
}

// summary is what a list tells of an order.
func summary(o order.Order) Summary {
	return Summary{
		ID:        o.ID,
		Status:    o.Status,
		Customer:  Customer{o.Customer.ID, o.Customer.Name},
		Total:     o.Total,
		CreatedAt: o.CreatedAt,
		DecidedAt: o.DecidedAt,
		Failure:   o.Failure,
	}
}

// matches tells whether an order is one that the query selects.
func (q Query) matches(o order.Order) bool {
	if q.Status != "" && o.Status != q.Status {
		return false
	}
	words := []string{o.ID, o.Customer.ID, o.Customer.Name}
	for _, line := range o.Lines {
		words = append(words, line.SKU)
	}
	for _, item := range o.Items {
		words = append(words, item.SKU)
	}
	return q.finds(words)
}

// finds tells whether the text, if there is one, is in one of the words.
func (q Query) finds(words []string) bool {
	text := strings.ToLower(q.Text)
	return slices.ContainsFunc(words, func(word string) bool { return strings.Contains(strings.ToLower(word), text) })
}
