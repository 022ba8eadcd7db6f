package notification

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"math"
	"net/mail"
	"strings"
	"text/template"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/currency"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
	"golang.org/x/text/number"

	"orderflow/lambdas/order"
)

//go:embed mail/*.txt
var mails embed.FS

// templates are the mails, by the file names in mail. The first line of each
// is the subject, and the text follows an empty one.
type templates struct{ t *template.Template }

func parseTemplates() (templates, error) {
	t, err := template.New("").Option("missingkey=error").ParseFS(mails, "mail/*.txt")
	if err != nil {
		return templates{}, fmt.Errorf("notification: mails: %w", err)
	}
	return templates{t}, nil
}

// A letter is a mail ready to be sent.
type letter struct {
	orderID, to, subject, text string
}

// content is what a mail speaks of.
type content struct {
	OrderID        string
	Name           string
	Lines          []line
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
func (t templates) letter(e order.Event, c order.Customer, country string) (letter, error) {
	to, err := recipient(c.Email)
	if err != nil {
		return letter{}, fmt.Errorf("notification: order %q: %w", e.Data.OrderID, err)
	}
	file, err := file(e)
	if err != nil {
		return letter{}, err
	}
	about := content{OrderID: e.Data.OrderID, Name: c.Name}
	printer := message.NewPrinter(language.Make("en-" + country))
	for _, l := range e.Data.Lines {
		price, err := money(printer, l.UnitPrice)
		if err != nil {
			return letter{}, err
		}
		about.Lines = append(about.Lines, line{Quantity: l.Quantity, Name: l.Name, UnitPrice: price})
	}
	if e.Data.Total != nil {
		if about.Total, err = money(printer, *e.Data.Total); err != nil {
			return letter{}, err
		}
	}
	if e.Data.Shipment != nil {
		about.Carrier, about.TrackingNumber = e.Data.Shipment.Carrier, e.Data.Shipment.TrackingNumber
	}
	var out bytes.Buffer
	if err := t.t.ExecuteTemplate(&out, file, about); err != nil {
		return letter{}, fmt.Errorf("notification: mail: %w", err)
	}
	subject, text, _ := strings.Cut(out.String(), "\n\n")
	return letter{orderID: e.Data.OrderID, to: to, subject: oneLine(subject), text: text}, nil
}

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

// recipient is an address that can stand in a header: it is one address, and
// in one line. The error does not repeat it.
func recipient(email string) (string, error) {
	parsed, err := mail.ParseAddress(email)
	if err != nil || parsed.Address != email || oneLine(email) != email {
		return "", errors.New("the customer's mail address is malformed")
	}
	return email, nil
}

// oneLine keeps what would begin another header out of one.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// money writes an amount out: £12.50, ¥1,250, KWD 1.250.
func money(p *message.Printer, m order.Money) (string, error) {
	unit, err := currency.ParseISO(m.Currency)
	if err != nil {
		return "", fmt.Errorf("notification: amount %d %q: %w", m.Amount, m.Currency, err)
	}
	digits, _ := currency.Standard.Rounding(unit)
	symbol := p.Sprint(currency.Symbol(unit))
	if last, _ := utf8.DecodeLastRuneInString(symbol); unicode.IsLetter(last) {
		symbol += "\u00a0" // as the CLDR has it between a letter and a digit
	}
	major := float64(m.Amount) / math.Pow10(digits) // to the digit, for no amount is near 2^53
	return symbol + p.Sprint(number.Decimal(major, number.Scale(digits))), nil
}
