package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/bojanz/currency"

	"orderflow/lambdas/order"
)

// coloured tells whether what is printed may have colours: on a terminal, unless
// told otherwise. https://no-color.org
func coloured(w io.Writer, getenv func(string) string) bool {
	f, ok := w.(*os.File)
	if !ok || getenv("NO_COLOR") != "" || getenv("TERM") == "dumb" {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// A colour is an ANSI escape. All are as long, so that a table's column stays
// straight if each of its cells has one.
type colour string

const (
	plain  colour = "\x1b[39m"
	red    colour = "\x1b[31m"
	green  colour = "\x1b[32m"
	yellow colour = "\x1b[33m"
)

func (p *program) paint(c colour, s string) string {
	if !p.colours {
		return s
	}
	return string(c) + s + string(plain)
}

var statusColours = map[order.Status]colour{
	order.Pending: yellow, order.Confirmed: green, order.Rejected: plain, order.Cancelled: plain, order.Failed: red,
}

func (p *program) status(s order.Status) string { return p.paint(statusColours[s], string(s)) }

// printJSON writes a value as indented JSON.
func (p *program) printJSON(v any) error {
	enc := json.NewEncoder(p.stdout)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// table prints rows under a header, in columns.
func (p *program) table(header []string, rows [][]string) error {
	var b bytes.Buffer
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, row := range append([][]string{header}, rows...) {
		fmt.Fprintln(w, strings.Join(row, "\t"))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for line := range strings.Lines(b.String()) {
		if _, err := fmt.Fprintln(p.stdout, strings.TrimRight(line, " \n")); err != nil {
			return err
		}
	}
	return nil
}

// fields prints names with their values, leaving out those that are "".
func (p *program) fields(fields ...[2]string) error {
	w := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	for _, f := range fields {
		if f[1] != "" {
			fmt.Fprintf(w, "%s\t%s\n", f[0], f[1])
		}
	}
	return w.Flush()
}

// money is an amount with as many digits as its currency has.
func money(m *order.Money) string {
	if m == nil || m.Currency == "" {
		return ""
	}
	amount, err := currency.NewAmountFromInt64(m.Amount, m.Currency)
	if err != nil { // a currency that the library does not know
		return fmt.Sprintf("%d %s", m.Amount, m.Currency)
	}
	return amount.String()
}

// ago is a time as people say it of the recent past.
func (p *program) ago(t time.Time) string {
	switch d := p.now.Sub(t); {
	case t.IsZero():
		return ""
	case d < time.Second:
		return "now"
	case d < time.Minute:
		return fmt.Sprintf("%d s ago", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min ago", int(d.Minutes()))
	case d < 24*time.Hour:
		return fmt.Sprintf("%d h ago", int(d.Hours()))
	}
	return t.Local().Format("2006-01-02 15:04")
}

// at is a time to the millisecond, as it is here.
func at(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Local().Format("2006-01-02 15:04:05.000")
}

// items are what an order is for: 2 × MUG-BLUE, 1 × TEAPOT-4.
func items(o order.Order) string {
	var parts []string
	for _, line := range o.Lines {
		parts = append(parts, fmt.Sprintf("%d × %s", line.Quantity, line.SKU))
	}
	if len(o.Lines) == 0 {
		for _, item := range o.Items {
			parts = append(parts, fmt.Sprintf("%d × %s", item.Quantity, item.SKU))
		}
	}
	return strings.Join(parts, ", ")
}
