package notification

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/currency"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
	"golang.org/x/text/number"

	"orderflow/lambdas/order"
)

// A writer writes amounts of money as in English in a country: £12.50, ¥1,250.
// The library that knows how makes a hundred pieces of an amount; so it is asked
// once for each country and currency, and what it writes is the pattern of all.
type writer struct {
	mu       sync.Mutex
	patterns map[place]pattern
}

type place struct{ country, currency string }

// A pattern is how the library writes an amount of maxDigits ones, and a
// fraction of twos.
type pattern struct {
	before, ones string
	point        string // before the fraction
	twos         int    // digits of the fraction
}

// maxDigits before the point are as many as an amount can have, and more than
// an order's total.
const maxDigits = 13

func (w *writer) write(m order.Money, country string) (string, error) {
	p, err := w.pattern(place{country, m.Currency})
	if err != nil {
		return "", err
	}
	var digits [20]byte
	number := strconv.AppendInt(digits[:0], m.Amount, 10)
	if m.Amount < 0 || len(number) > maxDigits+p.twos {
		return "", fmt.Errorf("notification: amount %d %q is none of an order's", m.Amount, m.Currency)
	}
	return p.write(number), nil
}

func (w *writer) pattern(at place) (pattern, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if p, known := w.patterns[at]; known {
		return p, nil
	}
	p, err := learn(at)
	if err != nil {
		return pattern{}, err
	}
	if w.patterns == nil {
		w.patterns = map[place]pattern{}
	}
	w.patterns[at] = p
	return p, nil
}

func learn(at place) (pattern, error) {
	unit, err := currency.ParseISO(at.currency)
	if err != nil {
		return pattern{}, fmt.Errorf("notification: amounts of currency %q: %w", at.currency, err)
	}
	printer := message.NewPrinter(language.Make("en-" + at.country))
	p := pattern{before: printer.Sprint(currency.Symbol(unit))}
	if last, _ := utf8.DecodeLastRuneInString(p.before); unicode.IsLetter(last) {
		p.before += "\u00a0" // as the CLDR has it between a letter and a digit
	}
	p.ones = printer.Sprint(number.Decimal(1_111_111_111_111))
	p.twos, _ = currency.Standard.Rounding(unit)
	fraction := printer.Sprint(number.Decimal(0.222222, number.Scale(p.twos)))
	if strings.Count(p.ones, "1") != maxDigits || strings.Count(fraction, "2") != p.twos {
		return pattern{}, fmt.Errorf("notification: %q and %q are no patterns for amounts of currency %q", p.ones, fraction, at.currency)
	}
	if p.twos > 0 {
		p.point = fraction[1:strings.IndexByte(fraction, '2')]
	}
	return p, nil
}

// write writes an amount in minor units.
func (p pattern) write(minor []byte) string {
	var b strings.Builder
	b.Grow(len(p.before) + len(p.ones) + len(p.point) + p.twos)
	b.WriteString(p.before)
	major := max(1, len(minor)-p.twos)
	for i := p.last(major); i < len(p.ones); i++ {
		if p.ones[i] != '1' {
			b.WriteByte(p.ones[i])
			continue
		}
		b.WriteByte(digit(minor, major+p.twos))
		major--
	}
	b.WriteString(p.point)
	for left := p.twos; left > 0; left-- {
		b.WriteByte(digit(minor, left))
	}
	return b.String()
}

// last is where the last n ones begin.
func (p pattern) last(n int) int {
	i := len(p.ones)
	for n > 0 {
		i--
		if p.ones[i] == '1' {
			n--
		}
	}
	return i
}

// digit is that at a place of a number, counted from its end: a zero in front
// of all that are written.
func digit(number []byte, fromEnd int) byte {
	if fromEnd > len(number) {
		return '0'
	}
	return number[len(number)-fromEnd]
}
