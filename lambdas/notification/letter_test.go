package notification

import (
	"strings"
	"testing"

	"orderflow/lambdas/order"
)

var ada = order.Customer{ID: "c-42", Name: "Ada", Email: "ada@example.com"}

func TestLetters(t *testing.T) {
	templates, err := parseTemplates()
	if err != nil {
		t.Fatal(err)
	}
	lines := []order.Line{{SKU: "MUG", Name: "Blue mug", Quantity: 2, UnitPrice: order.Money{Amount: 125000, Currency: "GBP"}}}
	total := &order.Money{Amount: 250000, Currency: "GBP"}
	rejected := func(code string) order.Data {
		return order.Data{OrderID: "o-1", Status: order.Rejected, Failure: &order.Failure{Code: code, Detail: "secret"}}
	}
	for _, test := range []struct {
		name    string
		kind    order.EventType
		data    order.Data
		country string
		subject string
		says    []string
	}{
		{"placed", order.Placed, order.Data{OrderID: "o-1", Status: order.Pending, Lines: lines, Total: total}, "GB",
			"We have your order o-1", []string{"Hello Ada,", "2 × Blue mug, £1,250.00 each", "Total: £2,500.00"}},
		{"confirmed", order.OrderConfirmed, order.Data{OrderID: "o-1", Lines: lines, Total: total, Shipment: &order.Shipment{Carrier: "ACME", TrackingNumber: "A-1"}}, "DE",
			"Your order o-1 is on its way", []string{"ACME", "A-1", "£"}},
		{"cancelled", order.OrderCancelled, order.Data{OrderID: "o-1", Status: order.Cancelled}, "GB",
			"Your order o-1 is cancelled", []string{"as you asked"}},
		{"out of stock", order.OrderCancelled, rejected("OutOfStock"), "GB",
			"Your order o-1 is out of stock", []string{"owe nothing"}},
		{"refused", order.OrderCancelled, rejected("ShipmentRefused"), "GB",
			"Your order o-1 cannot be delivered", []string{"owe nothing"}},
		{"invalid", order.OrderCancelled, rejected("InvalidOrder"), "GB",
			"Your order o-1 could not be accepted", []string{"owe nothing"}},
		{"failed", order.OrderCancelled, order.Data{OrderID: "o-1", Status: order.Failed, Failure: &order.Failure{Code: "States.Timeout", Detail: "secret"}}, "GB",
			"Your order o-1 could not be processed", []string{"our side"}},
		{"yen", order.Placed, order.Data{OrderID: "o-1", Total: &order.Money{Amount: 1250, Currency: "JPY"}}, "JP",
			"We have your order o-1", []string{"¥1,250\n"}},
		{"dinar", order.Placed, order.Data{OrderID: "o-1", Total: &order.Money{Amount: 1250, Currency: "KWD"}}, "KW",
			"We have your order o-1", []string{"KWD\u00a01.250\n"}},
		{"rupees", order.Placed, order.Data{OrderID: "o-1", Total: &order.Money{Amount: 12345678, Currency: "INR"}}, "IN",
			"We have your order o-1", []string{"₹1,23,456.78\n"}},
		{"euros", order.Placed, order.Data{OrderID: "o-1", Total: &order.Money{Amount: 123456, Currency: "EUR"}}, "DE",
			"We have your order o-1", []string{"€1.234,56\n"}},
		{"dollars abroad", order.Placed, order.Data{OrderID: "o-1", Total: &order.Money{Amount: 1250, Currency: "USD"}}, "GB",
			"We have your order o-1", []string{"US$12.50\n"}},
		{"as much as there can be", order.Placed, order.Data{OrderID: "o-1", Total: &order.Money{Amount: 999_999_999_999, Currency: "GBP"}}, "GB",
			"We have your order o-1", []string{"£9,999,999,999.99\n"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			l, err := templates.letter(order.Event{ID: "e", Type: test.kind, Data: test.data}, ada, test.country)
			if err != nil {
				t.Fatal(err)
			}
			if l.to != ada.Email || l.subject != test.subject {
				t.Errorf("to %q, subject %q, want %q", l.to, l.subject, test.subject)
			}
			for _, says := range test.says {
				if !strings.Contains(l.text, says) {
					t.Errorf("does not say %q:\n%s", says, l.text)
				}
			}
			if strings.Contains(l.text, "secret") || strings.Contains(l.text, "States.") {
				t.Errorf("tells what is not the customer's business:\n%s", l.text)
			}
		})
	}
}

func TestLettersRefuse(t *testing.T) {
	templates, err := parseTemplates()
	if err != nil {
		t.Fatal(err)
	}
	placed := order.Event{ID: "e", Type: order.Placed, Data: order.Data{OrderID: "o-1"}}
	for _, address := range []string{"", "ada", "ada@example.com\r\nBcc: eve@example.com", "Ada <ada@example.com>", "ada@example.com,eve@example.com", " ada@example.com"} {
		_, err := templates.letter(placed, order.Customer{Name: "Ada", Email: address}, "GB")
		if err == nil {
			t.Errorf("a letter to %q", address)
		} else if strings.Contains(err.Error(), "eve") || strings.Contains(err.Error(), "ada") {
			t.Errorf("the error repeats the address: %v", err)
		}
	}
	broken := placed
	broken.Data.Total = &order.Money{Amount: 1, Currency: "???"}
	if _, err := templates.letter(broken, ada, "GB"); err == nil {
		t.Error("an amount without a currency is written")
	}
	requested := order.Event{ID: "e", Type: order.InventoryRequested, Data: order.Data{OrderID: "o-1"}}
	if _, err := templates.letter(requested, ada, "GB"); err == nil {
		t.Error("a letter about a request")
	}
	inject := placed
	inject.Data.OrderID = "o-1\r\nBcc: eve@example.com"
	l, err := templates.letter(inject, ada, "GB")
	if err != nil || strings.ContainsAny(l.subject, "\r\n") {
		t.Errorf("subject %q, %v", l.subject, err)
	}
}
