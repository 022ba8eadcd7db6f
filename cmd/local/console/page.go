package console

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/bojanz/currency"

	"orderflow/cmd/orders/stack"
	"orderflow/lambdas/order"
)

// A view is what every template is given.
type view struct {
	Title   string
	Section string // of the navigation
	URL     string // of this page, with its query
	Live    string // where its live part streams from; "": nowhere
	Assets  string // the version of the static files
	Data    any    // the page's own
}

// A loader gathers what a page shows.
type loader func(ctx context.Context, r *http.Request) (title string, data any, err error)

// loadTime bounds how long a page may gather.
const loadTime = 20 * time.Second

// page serves one page, whole or, asked with ?live, as a stream of its live
// part.
func (c *Console) page(name string, load loader) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		render := func(ctx context.Context, block string) ([]byte, error) {
			ctx, cancel := context.WithTimeout(ctx, loadTime)
			defer cancel()
			title, data, err := load(ctx, r)
			if err != nil {
				return nil, err
			}
			return c.render(name, block, c.view(r, title, data))
		}
		if isLive(r) {
			s := stream{w: w, log: c.Log, render: func(ctx context.Context) ([]byte, error) { return render(ctx, "live") }}
			if err := s.follow(r.Context()); err != nil {
				c.fail(w, r, err)
			}
			return
		}
		html, err := render(r.Context(), "layout")
		if err != nil {
			c.fail(w, r, err)
			return
		}
		write(w, http.StatusOK, html)
	})
}

func isLive(r *http.Request) bool { return r.URL.Query().Has("live") }

func (c *Console) view(r *http.Request, title string, data any) view {
	section, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	if section == "executions" {
		section = "orders"
	}
	query := r.URL.Query()
	query.Del("live")
	here := Prefix + r.URL.Path
	v := view{Title: title, Section: section, URL: withQuery(here, query), Assets: c.assets, Data: data}
	query.Set("live", "1")
	v.Live = withQuery(here, query)
	return v
}

func withQuery(path string, query url.Values) string {
	if len(query) == 0 {
		return path
	}
	return path + "?" + query.Encode()
}

// render executes a block of a page's template: "layout" is all of it.
func (c *Console) render(name, block string, v view) ([]byte, error) {
	var b bytes.Buffer
	if err := c.pages[name].ExecuteTemplate(&b, block, v); err != nil {
		return nil, fmt.Errorf("console: page %s: %w", name, err)
	}
	return b.Bytes(), nil
}

// answer is a page as the answer to a form. Its live part is that of the page
// without an answer, which is named as its path is.
func (c *Console) answer(w http.ResponseWriter, r *http.Request, name, title string, status int, data any) {
	page := r.Clone(r.Context())
	page.URL = &url.URL{Path: "/" + name}
	html, err := c.render(name, "layout", c.view(page, title, data))
	if err != nil {
		c.fail(w, r, err)
		return
	}
	write(w, status, html)
}

func write(w http.ResponseWriter, status int, html []byte) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	w.Write(html) // if the reader has gone, nobody is left to tell
}

// A failure is an error as a person reads it.
type failure struct {
	Heading string
	Detail  string
	Hint    string
}

// fail answers with an error page.
func (c *Console) fail(w http.ResponseWriter, r *http.Request, err error) {
	status, f := http.StatusInternalServerError, failure{
		Heading: "This page could not be put together",
		Hint:    "Load it again. If that does not help, the terminal that the program runs in may say more.",
	}
	f.Detail, f.Hint = cutHint(err.Error(), f.Hint)
	switch {
	case errors.Is(err, errNoPage):
		status = http.StatusNotFound
		f = failure{"There is no such page", "The console has no page " + Prefix + r.URL.Path + ".", "Begin with the list of orders."}
	case errors.Is(err, stack.ErrNoOrder):
		status = http.StatusNotFound
		f = failure{"There is no such order", "Nothing is known of what this address names.", "All is kept in memory: an order placed before the program was last started is gone. Begin with the list of orders."}
	case errors.Is(err, stack.ErrNoExecution):
		status = http.StatusNotFound
		f = failure{"There is no such execution", "Nothing is known of what this address names.", "An order's execution starts a moment after the order was placed: load this page again then. All is kept in memory: what ran before the program was last started is gone."}
	case errors.Is(err, stack.ErrCursor):
		status = http.StatusNotFound
		f = failure{"There is no such page of the list", "This address names no place in the list.", "Begin with the newest orders."}
	case errors.Is(err, errForm):
		status = http.StatusBadRequest
		f = failure{"The form could not be read", err.Error(), "Nothing was changed. Go back, and send less."}
	case errors.Is(err, errNoMail):
		status = http.StatusNotFound
		f = failure{"There is no such mail", "Nothing is known of a mail of this ID.", "The outbox keeps the latest 10,000 mails since the program was started."}
	case r.Context().Err() != nil:
		return
	default:
		c.Log.ErrorContext(r.Context(), "console", "path", r.URL.Path, "error", err)
	}
	html, err := c.render("error", "layout", c.view(r, f.Heading, f))
	if err != nil {
		http.Error(w, f.Heading, http.StatusInternalServerError)
		return
	}
	write(w, status, html)
}

// cutHint parts an error's first line from the advice that may follow it.
func cutHint(text, otherwise string) (fact, hint string) {
	fact, hint, _ = strings.Cut(text, "\n")
	return fact, cmp.Or(hint, otherwise)
}

// functions are what templates may call.
func (c *Console) functions() template.FuncMap {
	return template.FuncMap{
		"money": money,
		"ago":   func(t time.Time) template.HTML { return timeElement(t, "data-ago", t.Local().Format("2 Jan 15:04:05")) },
		"until": func(t time.Time) template.HTML {
			return timeElement(t, "data-until", "at "+t.Local().Format("15:04:05"))
		},
		"clock":      func(t time.Time) template.HTML { return timeElement(t, "", t.Local().Format("15:04:05.000")) },
		"duration":   duration,
		"pretty":     pretty,
		"number":     func(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) },
		"lower":      func(s any) string { return strings.ToLower(fmt.Sprint(s)) },
		"prefix":     func() string { return Prefix },
		"navigation": func() []choice { return navigation },
		"execution":  func(orderID string) string { return executionURL(c.Stack.ExecutionARN(orderID)) },
		"deref": func(s *string) string {
			if s == nil {
				return ""
			}
			return *s
		},
	}
}

// money is an amount, of type order.Money or a pointer to it, as its currency
// writes it.
func money(v any) (string, error) {
	var m order.Money
	switch v := v.(type) {
	case order.Money:
		m = v
	case *order.Money:
		if v == nil {
			return "–", nil
		}
		m = *v
	}
	amount, err := currency.NewAmountFromInt64(m.Amount, m.Currency)
	if err != nil {
		return "", fmt.Errorf("%d %s: %w", m.Amount, m.Currency, err)
	}
	return currency.NewFormatter(currency.NewLocale("en")).Format(amount), nil
}

// timeElement is a time that console.js keeps up to date.
func timeElement(t time.Time, attribute, text string) template.HTML {
	if t.IsZero() {
		return "–"
	}
	return template.HTML(fmt.Sprintf(`<time datetime="%s" %s>%s</time>`, t.UTC().Format("2006-01-02T15:04:05.000Z"), attribute, text))
}

// clock is a time of day, with its date unless that is today's.
func clock(t, now time.Time) string {
	t, now = t.Local(), now.Local()
	if t.YearDay() == now.YearDay() && t.Year() == now.Year() {
		return t.Format("15:04:05.000")
	}
	return t.Format("2 Jan 15:04:05.000")
}

// duration is d with three digits at most.
func duration(d time.Duration) string {
	switch {
	case d < 0:
		return "–"
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < 10*time.Second:
		return fmt.Sprintf("%.2f s", d.Seconds())
	case d < time.Minute:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < time.Hour:
		return fmt.Sprintf("%d min %02d s", int(d.Minutes()), int(d.Seconds())%60)
	}
	return fmt.Sprintf("%d h %02d min", int(d.Hours()), int(d.Minutes())%60)
}

// pretty is JSON, indented; anything else as it is.
func pretty(text string) string {
	var b bytes.Buffer
	if json.Indent(&b, []byte(text), "", "  ") != nil {
		return text
	}
	return b.String()
}
