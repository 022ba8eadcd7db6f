package notification

import (
	"embed"
	"fmt"
	"strings"
	"text/template"
	"unicode"

	"orderflow/lambdas/order"
)

//go:embed mail/*.txt
var mails embed.FS

// templates are the mails, by the file names in mail. The first line of each
// is the subject, and the text follows an empty one.
type templates struct {
	t     *template.Template
	money *writer
}

func parseTemplates() (templates, error) {
	t, err := template.New("").Option("missingkey=error").ParseFS(mails, "mail/*.txt")
	if err != nil {
		return templates{}, fmt.Errorf("notification: mails: %w", err)
	}
	return templates{t, &writer{}}, nil
}

// A letter is a mail ready to be sent.
type letter struct {
	orderID, to, subject, text string
}

// content is what a mail speaks of.
type content struct {
	OrderID        string
	Name           string
	Lines          []any // each a line, which text/template need not copy
	Total          string
	Carrier        string
	TrackingNumber string
}

// line is an order's line with its price written out.
type line struct {
	Quantity  int
	Name      string
	UnitPrice string
}

// letter writes the mail that tells a customer about an event. Money is
// written as in English in the country that the order goes to.
func (t templates) letter(e order.Event, c order.Customer, country string) (*letter, error) {
	if !isAddress(c.Email) {
		return nil, fmt.Errorf("notification: order %q: the customer's mail address is malformed", e.Data.OrderID)
	}
	file, err := file(e)
	if err != nil {
		return nil, err
	}
	about := content{OrderID: e.Data.OrderID, Name: c.Name, Lines: make([]any, len(e.Data.Lines))}
	for i, l := range e.Data.Lines {
		price, err := t.money.write(l.UnitPrice, country)
		if err != nil {
			return nil, err
		}
		about.Lines[i] = line{Quantity: l.Quantity, Name: l.Name, UnitPrice: price}
	}
	if e.Data.Total != nil {
		if about.Total, err = t.money.write(*e.Data.Total, country); err != nil {
			return nil, err
		}
	}
	if e.Data.Shipment != nil {
		about.Carrier, about.TrackingNumber = e.Data.Shipment.Carrier, e.Data.Shipment.TrackingNumber
	}
	var out strings.Builder
	out.Grow(usualLength)
	if err := t.t.ExecuteTemplate(&out, file, about); err != nil {
		return nil, fmt.Errorf("notification: mail: %w", err)
	}
	subject, text, _ := strings.Cut(out.String(), "\n\n")
	return &letter{orderID: e.Data.OrderID, to: c.Email, subject: oneLine(subject), text: text}, nil
}

// usualLength of a mail, in bytes, is that of a few lines.
const usualLength = 1024

// file names the mail that tells about an event.
func file(e order.Event) (string, error) {
	switch e.Type {
	case order.Placed:
		return "placed.txt", nil
	case order.OrderConfirmed:
		return "confirmed.txt", nil
	case order.OrderCancelled:
		return cancelledFile(e.Data), nil
	}
	return "", fmt.Errorf("notification: event %q has unexpected type %q", e.ID, e.Type)
}

func cancelledFile(d order.Data) string {
	switch {
	case d.Status == order.Cancelled:
		return "cancelled.txt"
	case d.Status == order.Rejected && d.Failure != nil:
		switch d.Failure.Code {
		case order.OutOfStock{}.Code():
			return "out-of-stock.txt"
		case order.ShipmentRefused{}.Code():
			return "shipment-refused.txt"
		}
		return "invalid.txt"
	}
	return "failed.txt"
}

// isAddress tells of an address that can stand in a header: it is one address,
// in one line, and without a name. The API takes no others.
func isAddress(email string) bool {
	local, domain, _ := strings.Cut(email, "@")
	return isAtoms(local) && isAtoms(domain)
}

// isAtoms tells of what RFC 5322 calls a dot-atom.
// https://www.rfc-editor.org/rfc/rfc5322#section-3.2.3
func isAtoms(s string) bool {
	special := func(c rune) bool {
		letterOrDigit := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
		return !letterOrDigit && !strings.ContainsRune("!#$%&'*+-/=?^_`{|}~.", c)
	}
	return s != "" && !strings.ContainsFunc(s, special)
}

// oneLine keeps what would begin another header out of one.
func oneLine(s string) string {
	if !strings.ContainsFunc(s, unicode.IsControl) {
		return s
	}
	return strings.Join(strings.Fields(s), " ")
}
