package console

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"orderflow/cmd/orders/stack"
)

// stockPage is what is on the shelves.
type stockPage struct {
	Shelves []stack.Shelf
	SKU     string       // that the form begins with
	Done    *stack.Shelf // that was restocked
	Failed  string       // why it was not
}

func (c *Console) loadStock(ctx context.Context, r *http.Request) (string, any, error) {
	shelves, err := c.Stack.Stock(ctx)
	p := stockPage{Shelves: shelves, SKU: r.FormValue("sku")}
	if i := slices.IndexFunc(shelves, func(s stack.Shelf) bool { return s.SKU == p.SKU }); i >= 0 && r.URL.Query().Has("done") {
		p.Done = &shelves[i]
	}
	return "Stock", p, err
}

// restock adds units to a shelf, or sets how many there are.
func (c *Console) restock(w http.ResponseWriter, r *http.Request) {
	if !c.form(w, r) {
		return
	}
	sku := r.PostFormValue("sku")
	units, err := strconv.ParseInt(strings.TrimSpace(r.PostFormValue("units")), 10, 64)
	if err != nil {
		err = fmt.Errorf("%q is no whole number of units", r.PostFormValue("units"))
	}
	if err == nil {
		if r.PostFormValue("do") == "set" {
			_, err = c.Stack.SetStock(r.Context(), sku, units)
		} else {
			_, err = c.Stack.AddStock(r.Context(), sku, units)
		}
	}
	if err == nil {
		http.Redirect(w, r, withQuery(Prefix+"/stock", url.Values{"sku": {sku}, "done": {"1"}}), http.StatusSeeOther)
		return
	}
	failed, _ := cutHint(err.Error(), "")
	title, data, err := c.loadStock(r.Context(), r)
	if err != nil {
		c.fail(w, r, err)
		return
	}
	p := data.(stockPage)
	p.Failed = failed
	c.answer(w, r, "stock", title, http.StatusUnprocessableEntity, p)
}

// plural counts things.
func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}
