package notification

import (
	"math"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/currency"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
	"golang.org/x/text/number"

	"orderflow/lambdas/order"
)

// What is written is what the library would write, in every country.
func TestMoney(t *testing.T) {
	w := &writer{}
	units := map[string]currency.Unit{}
	for _, code := range []string{"GBP", "USD", "EUR", "JPY", "INR", "KWD", "CHF", "CLF", "BRL", "ZAR", "XAF", "SEK"} {
		units[code] = currency.MustParseISO(code)
	}
	for a := 'A'; a <= 'Z'; a++ {
		for b := 'A'; b <= 'Z'; b++ {
			country := string([]rune{a, b})
			printer := message.NewPrinter(language.Make("en-" + country))
			for code, unit := range units {
				for _, minor := range []int64{0, 1, 10, 99, 100, 1250, 12345, 999999, 1234567, 123456789, 1_000_000_000_000} {
					got, err := w.write(order.Money{Amount: minor, Currency: code}, country)
					if want := plainly(printer, unit, minor); err != nil || got != want {
						t.Fatalf("%d %s in %s: %q, error %v, want %q", minor, code, country, got, err, want)
					}
				}
			}
		}
	}
}

// plainly asks the library for the one amount.
func plainly(p *message.Printer, unit currency.Unit, minor int64) string {
	digits, _ := currency.Standard.Rounding(unit)
	symbol := p.Sprint(currency.Symbol(unit))
	if last, _ := utf8.DecodeLastRuneInString(symbol); unicode.IsLetter(last) {
		symbol += "\u00a0"
	}
	return symbol + p.Sprint(number.Decimal(float64(minor)/math.Pow10(digits), number.Scale(digits)))
}

func TestNoMoney(t *testing.T) {
	for _, m := range []order.Money{{Amount: 1, Currency: "XXQ"}, {Amount: 1}, {Amount: -1, Currency: "GBP"}, {Amount: 1 << 62, Currency: "GBP"}} {
		if got, err := (&writer{}).write(m, "GB"); err == nil {
			t.Errorf("%+v is written %q", m, got)
		}
	}
}
