// Package console shows the running system in a browser, and pokes it: what
// happened to an order and why, execution by execution, as in the Step
// Functions console, and what that does not show: queues, stock, mails, faults.
//
// One file is one page, and templates/NAME.html what it looks like. Each page
// has one URL. It is complete without JavaScript; with it, its live part is
// kept up to date by server-sent events from the same URL (see live.go), and
// links within it replace only that part.
//
// It holds no state of its own: all that it shows, it asks the system for.
//
// static/htmx.min.js and hx-sse.min.js are those of htmx 4.0.1 (npm htmx.org,
// 0BSD), unchanged.
package console

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"hash/fnv"
	"html/template"
	"io/fs"
	"iter"
	"log/slog"
	"net/http"
	"strings"

	"orderflow/cmd/local/cloud/ses"
	"orderflow/cmd/orders/stack"
	"orderflow/statemachine/asl"
)

// Prefix is where the console is served.
const Prefix = "/console"

// Config is what the console looks at.
type Config struct {
	Stack *stack.Stack

	// Watch yields an execution's events as they are recorded, until it has
	// ended.
	Watch func(ctx context.Context, executionARN string) (iter.Seq[asl.HistoryEvent], error)

	// Mails lists those that were sent, so many at most, the newest first.
	Mails func(f ses.Filter, limit int) []ses.Mail

	Faults Faults

	Log *slog.Logger
}

// Console is the http.Handler of all its pages, below Prefix.
type Console struct {
	Config
	pages  map[string]*template.Template
	mux    *http.ServeMux
	assets string // the version of the static files
}

//go:embed templates static
var files embed.FS

// New parses the templates.
func New(c Config) (*Console, error) {
	console := &Console{Config: c, pages: map[string]*template.Template{}, mux: http.NewServeMux()}
	version, err := version(files)
	if err != nil {
		return nil, err
	}
	console.assets = version
	layout, err := template.New("layout").Funcs(console.functions()).ParseFS(files, "templates/layout.html")
	if err != nil {
		return nil, fmt.Errorf("console: %w", err)
	}
	names, err := fs.Glob(files, "templates/*.html")
	if err != nil {
		return nil, fmt.Errorf("console: %w", err)
	}
	for _, name := range names {
		page, err := layout.Clone()
		if err == nil {
			page, err = page.ParseFS(files, name)
		}
		if err != nil {
			return nil, fmt.Errorf("console: %w", err)
		}
		console.pages[strings.TrimSuffix(strings.TrimPrefix(name, "templates/"), ".html")] = page
	}
	console.route()
	return console, nil
}

// route is the list of what there is.
func (c *Console) route() {
	c.mux.Handle("GET /static/", c.static())
	c.mux.Handle("GET /{$}", http.RedirectHandler(Prefix+"/orders", http.StatusFound))
	c.mux.Handle("GET /orders", c.page("orders", c.loadOrders))
	c.mux.HandleFunc("POST /orders", c.placeOrder)
	c.mux.Handle("GET /orders/{id}", c.page("order", c.loadOrder))
	c.mux.HandleFunc("POST /orders/{id}/cancel", c.cancelOrder)
	c.mux.Handle("GET /executions/{machine}/{name}", c.executionPage())
	c.mux.Handle("GET /executions/{machine}/{name}/definition", c.page("raw", c.loadDefinition))
	c.mux.Handle("GET /executions/{machine}/{name}/json", c.page("raw", c.loadJSON))
	c.mux.Handle("GET /queues", c.page("queues", c.loadQueues))
	c.mux.HandleFunc("POST /queues/{consumer}/redrive", c.redrive)
	c.mux.Handle("GET /stock", c.page("stock", c.loadStock))
	c.mux.HandleFunc("POST /stock", c.restock)
	c.mux.Handle("GET /shipments", c.page("shipments", c.loadShipments))
	c.mux.Handle("GET /mail", c.page("mail", c.loadMails))
	c.mux.Handle("GET /mail/{id}", c.page("mail", c.loadMails))
	c.mux.HandleFunc("GET /mail/{id}/html", c.mailHTML)
	c.mux.Handle("GET /analytics", c.page("analytics", c.loadAnalytics))
	c.mux.Handle("GET /faults", c.page("faults", c.loadFaults))
	c.mux.HandleFunc("POST /faults", c.setFaults)
	c.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		c.fail(w, r, errNoPage)
	})
}

// navigation is the pages that every page links to.
var navigation = []choice{
	{Name: "Orders", URL: "orders"},
	{Name: "Queues", URL: "queues"},
	{Name: "Stock", URL: "stock"},
	{Name: "Shipments", URL: "shipments"},
	{Name: "Mail", URL: "mail"},
	{Name: "Analytics", URL: "analytics"},
	{Name: "Faults", URL: "faults"},
}

var errNoPage = errors.New("console: there is no such page")

// ServeHTTP takes the path below Prefix.
func (c *Console) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; frame-src 'self'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	c.mux.ServeHTTP(w, r)
}

// static files never change under one URL, which carries their version.
func (c *Console) static() http.Handler {
	server := http.FileServerFS(files)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/") {
			c.fail(w, r, errNoPage)
			return
		}
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		server.ServeHTTP(w, r)
	})
}

func version(files fs.FS) (string, error) {
	sum := fnv.New64a()
	err := fs.WalkDir(files, "static", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := fs.ReadFile(files, path)
		sum.Write(content)
		return err
	})
	return fmt.Sprintf("%x", sum.Sum64()), err
}
