package cli

import (
	"bytes"
	"testing"
	"time"

	"orderflow/lambdas/order"
)

func TestMoney(t *testing.T) {
	for m, want := range map[order.Money]string{
		{Amount: 1250, Currency: "GBP"}: "12.50 GBP", {Amount: 1250, Currency: "JPY"}: "1250 JPY", {Amount: 1250, Currency: "KWD"}: "1.250 KWD",
		{Amount: -5, Currency: "EUR"}: "-0.05 EUR", {Amount: 7, Currency: "NOT"}: "7 NOT", {}: "",
	} {
		if got := money(&m); got != want {
			t.Errorf("%+v is %q, want %q", m, got, want)
		}
	}
	if got := money(nil); got != "" {
		t.Errorf("no money is %q", got)
	}
}

func TestAgo(t *testing.T) {
	p := &program{now: time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)}
	for d, want := range map[time.Duration]string{
		-time.Second: "now", 0: "now", time.Second: "1 s ago", 59 * time.Second: "59 s ago", 90 * time.Second: "1 min ago",
		time.Hour: "1 h ago", 23 * time.Hour: "23 h ago", 24 * time.Hour: p.now.Add(-24 * time.Hour).Local().Format("2006-01-02 15:04"),
	} {
		if got := p.ago(p.now.Add(-d)); got != want {
			t.Errorf("%v before is %q, want %q", d, got, want)
		}
	}
}

func TestOrdinal(t *testing.T) {
	for n, want := range map[int]string{1: "1st", 2: "2nd", 3: "3rd", 4: "4th", 11: "11th", 12: "12th", 13: "13th", 21: "21st", 112: "112th"} {
		if got := ordinal(n); got != want {
			t.Errorf("%d is %q, want %q", n, got, want)
		}
	}
}

// Colours do not move columns, and are left out where there is no terminal.
func TestColours(t *testing.T) {
	for colours, want := range map[bool]string{
		false: "STATUS     ORDER\nCONFIRMED  one\nFAILED     two\n",
		true:  "\x1b[39mSTATUS\x1b[39m     ORDER\n\x1b[32mCONFIRMED\x1b[39m  one\n\x1b[31mFAILED\x1b[39m     two\n",
	} {
		var out bytes.Buffer
		p := &program{stdout: &out, colours: colours}
		err := p.table([]string{p.paint(plain, "STATUS"), "ORDER"}, [][]string{{p.status(order.Confirmed), "one"}, {p.status(order.Failed), "two"}})
		if err != nil || out.String() != want {
			t.Errorf("colours %t: %q, %v", colours, out.String(), err)
		}
	}
	if coloured(&bytes.Buffer{}, func(string) string { return "" }) {
		t.Error("a buffer is a terminal")
	}
}
