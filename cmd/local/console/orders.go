package console

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"orderflow/cmd/local/carrier"
	"orderflow/cmd/orders/stack"
	"orderflow/lambdas/order"
)

// ordersPage is the list of orders, with a form that places one.
type ordersPage struct {
	Statuses []choice // filters
	Status   order.Status
	Text     string
	Orders   []stack.Summary
	Next     string // the page after this one; "": there is none
	First    string // the first page, from any other; "": this is it
	Filtered bool
	Form     orderForm
}

// A choice is one of several links.
type choice struct {
	Name, URL string
	Chosen    bool
}

// An orderForm is what a person edits and sends.
type orderForm struct {
	Presets []choice
	Preset  string
	Body    string
	Key     string // its Idempotency-Key: sending it again places nothing again
	Answer  *stack.Answer
	Problem *problem // of an Answer that refuses
}

// A problem is one of RFC 9457, with the API's list of violations.
type problem struct {
	Title  string `json:"title"`
	Detail string `json:"detail"`
	Errors []struct {
		Pointer string `json:"pointer"`
		Detail  string `json:"detail"`
	} `json:"errors"`
}

var statuses = []order.Status{order.Pending, order.Confirmed, order.Rejected, order.Cancelled, order.Failed}

func (c *Console) loadOrders(ctx context.Context, r *http.Request) (string, any, error) {
	p, err := c.ordersPage(ctx, r.URL.Query())
	if err != nil {
		return "", nil, err
	}
	if !isLive(r) {
		p.Form, err = c.orderForm(ctx, r.URL.Query().Get("preset"))
	}
	return "Orders", p, err
}

func (c *Console) ordersPage(ctx context.Context, query url.Values) (*ordersPage, error) {
	p := &ordersPage{Status: order.Status(query.Get("status")), Text: searchText(query)}
	if !slices.Contains(statuses, p.Status) {
		p.Status = ""
	}
	page, err := c.Stack.Orders(ctx, stack.Query{Status: p.Status, Text: p.Text, Cursor: query.Get("cursor")})
	if err != nil {
		return nil, err
	}
	p.Orders, p.Filtered = page.Orders, p.Status != "" || p.Text != ""

	filters := url.Values{}
	for name, value := range map[string]string{"status": string(p.Status), "text": p.Text} {
		if value != "" {
			filters.Set(name, value)
		}
	}
	if query.Get("cursor") != "" {
		p.First = withQuery(Prefix+"/orders", filters)
	}
	if page.Next != "" {
		p.Next = withQuery(Prefix+"/orders", with(filters, "cursor", page.Next))
	}
	p.Statuses = append(p.Statuses, choice{"All", withQuery(Prefix+"/orders", without(filters, "status")), p.Status == ""})
	for _, s := range statuses {
		name := string(s[:1]) + strings.ToLower(string(s[1:]))
		p.Statuses = append(p.Statuses, choice{name, withQuery(Prefix+"/orders", with(filters, "status", string(s))), p.Status == s})
	}
	return p, nil
}

// searchText is what is searched for: no longer than the field that asks, for
// DynamoDB takes no key of any length.
func searchText(query url.Values) string {
	const most = 100 // runes
	text := []rune(strings.TrimSpace(query.Get("text")))
	return string(text[:min(len(text), most)])
}

func with(v url.Values, name, value string) url.Values {
	v = without(v, name)
	v.Set(name, value)
	return v
}

func without(v url.Values, name string) url.Values {
	other := url.Values{}
	for n, values := range v {
		if n != name {
			other[n] = values
		}
	}
	return other
}

// Samples of orders, by what becomes of them.
const (
	valid      = "valid"
	outOfStock = "out of stock"
	refused    = "refused"
	unknownSKU = "unknown SKU"
	invalid    = "invalid"
)

// presets in the order of the form: what is decided by inventory, shipment,
// validation, and by the API at once.
var presets = []string{valid, outOfStock, refused, unknownSKU, invalid}

// maxQuantity is the most of one SKU that the API takes.
const maxQuantity = 1000

func (c *Console) orderForm(ctx context.Context, preset string) (orderForm, error) {
	shelves, err := c.Stack.Stock(ctx)
	if err != nil {
		return orderForm{}, err
	}
	samples := map[string]sample{
		valid:      {SKU: "MUG-BLUE", Quantity: 1, Country: "GB"},
		outOfStock: {SKU: "MUG-BLUE", Quantity: maxQuantity, Country: "GB"},
	}
	if len(shelves) > 0 {
		plenty := slices.MaxFunc(shelves, func(a, b stack.Shelf) int { return int(a.Available - b.Available) })
		scarce := slices.MinFunc(shelves, func(a, b stack.Shelf) int { return int(a.Available - b.Available) })
		samples[valid] = sample{SKU: plenty.SKU, Quantity: 1, Country: "GB"}
		samples[outOfStock] = sample{SKU: scarce.SKU, Quantity: min(scarce.Available+1, maxQuantity), Country: "GB"}
	}
	samples[refused] = sample{SKU: samples[valid].SKU, Quantity: 1, Country: carrier.Refused}
	samples[unknownSKU] = sample{SKU: "NO-SUCH-SKU", Quantity: 1, Country: "GB"}
	samples[invalid] = sample{SKU: samples[valid].SKU, Quantity: 0, Country: "Great Britain"}

	if _, ok := samples[preset]; !ok {
		preset = valid
	}
	form := orderForm{Preset: preset, Body: samples[preset].json(), Key: uuid.NewString()}
	for _, name := range presets {
		form.Presets = append(form.Presets, choice{name, withQuery(Prefix+"/orders", url.Values{"preset": {name}}) + "#place", name == preset})
	}
	return form, nil
}

// A sample is what differs between the samples.
type sample struct {
	SKU      string
	Quantity int64
	Country  string
}

func (s sample) json() string {
	return fmt.Sprintf(`{
  "customer": {"id": "c-42", "name": "Ada", "email": "ada@example.com"},
  "items": [{"sku": %q, "quantity": %d}],
  "shippingAddress": {
    "name": "Ada", "line1": "1 Byron St", "city": "London",
    "postalCode": "N1 1AA", "country": %q
  }
}`, s.SKU, s.Quantity, s.Country)
}

// maxForm bounds a form, in bytes: the API takes 64 KiB, and as a form they may
// be three times as long.
const maxForm = 256 << 10

var errForm = errors.New("console: the form cannot be read")

// form reads what is posted. If it cannot, it answers so.
func (c *Console) form(w http.ResponseWriter, r *http.Request) bool {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		c.fail(w, r, fmt.Errorf("%w: %w", errForm, err))
		return false
	}
	return true
}

// placeOrder sends the form's order to the API, and shows its answer.
func (c *Console) placeOrder(w http.ResponseWriter, r *http.Request) {
	if !c.form(w, r) {
		return
	}
	body, key := r.PostFormValue("body"), r.PostFormValue("key")
	answer, err := c.Stack.Place(r.Context(), []byte(body), key)
	if err != nil {
		c.fail(w, r, err)
		return
	}
	p, err := c.ordersPage(r.Context(), url.Values{})
	if err == nil {
		p.Form, err = c.orderForm(r.Context(), r.PostFormValue("preset"))
	}
	if err != nil {
		c.fail(w, r, err)
		return
	}
	p.Form.Body, p.Form.Answer = body, &answer
	if answer.OrderID == "" {
		p.Form.Key = key // nothing was placed: what is sent next is the same order, mended
		p.Form.Problem = &problem{}
		if json.Unmarshal(answer.Body, p.Form.Problem) != nil {
			p.Form.Problem.Detail = string(answer.Body)
		}
	}
	c.answer(w, r, "orders", "Orders", http.StatusOK, p)
}

// cancelOrder asks the API to, as the customer would, and shows the order.
func (c *Console) cancelOrder(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	answer, err := c.Stack.Cancel(r.Context(), id)
	if err != nil {
		c.fail(w, r, err)
		return
	}
	query := url.Values{}
	if answer.Status != http.StatusAccepted {
		query.Set("cancel", strconv.Itoa(answer.Status))
	}
	http.Redirect(w, r, withQuery(Prefix+"/orders/"+url.PathEscape(id), query), http.StatusSeeOther)
}
