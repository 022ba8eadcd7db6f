package stack

import (
	"fmt"
	"strings"
	"time"

	"github.com/bojanz/currency"

	"orderflow/lambdas/order"
)

// items are what the order is for: 2 × MUG-BLUE, 1 × TEAPOT-4.
func (t *teller) items() string {
	var parts []string
	for _, l := range t.order.Lines {
		parts = append(parts, fmt.Sprintf("%d × %s", l.Quantity, l.SKU))
	}
	if len(parts) == 0 {
		for _, i := range order.Merge(t.order.Items) {
			parts = append(parts, fmt.Sprintf("%d × %s", i.Quantity, i.SKU))
		}
	}
	return strings.Join(parts, ", ")
}

func (t *teller) total() string {
	if t.order.Total == nil {
		return "what is not kept"
	}
	amount, err := currency.NewAmountFromInt64(t.order.Total.Amount, t.order.Total.Currency)
	if err != nil { // a currency that the library does not know
		return fmt.Sprintf("%d %s", t.order.Total.Amount, t.order.Total.Currency)
	}
	return amount.String()
}

// title is a name at the beginning of a sentence.
func title(name string) string {
	if name == "" {
		return ""
	}
	return strings.ToUpper(name[:1]) + name[1:]
}

// clip is an error that fits in a sentence.
func clip(s string) string {
	const most = 160 // characters
	s, _, _ = strings.Cut(s, "\n")
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return strings.TrimSuffix(s, ".")
}

// nth says which time it is, from the second on.
func nth(n int) string {
	words := []string{"", "", " for the second time", " for the third time", " for the fourth time", " for the fifth time"}
	if n < len(words) {
		return words[max(n, 0)]
	}
	return fmt.Sprintf(" for the %dth time", n) // 21st is rarer than a wrong word is bad
}

func times(n int) string {
	if n == 1 {
		return "1 try"
	}
	return fmt.Sprintf("%d tries", n)
}

// spell is a duration as people say it.
func spell(d time.Duration) string {
	switch {
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < 2*time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", int(d.Hours()))
	}
	return fmt.Sprintf("%d days", int(d.Hours()/24))
}
