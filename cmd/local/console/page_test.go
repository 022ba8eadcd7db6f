package console

import (
	"testing"
	"time"

	"orderflow/lambdas/order"
	"orderflow/statemachine/chart"
)

func TestDuration(t *testing.T) {
	for _, test := range []struct {
		d    time.Duration
		want string
	}{
		{-1, "–"},
		{0, "0 ms"},
		{999 * time.Millisecond, "999 ms"},
		{1500 * time.Millisecond, "1.50 s"},
		{12_340 * time.Millisecond, "12.3 s"},
		{61 * time.Second, "1 min 01 s"},
		{25*time.Hour + 4*time.Minute, "25 h 04 min"},
	} {
		if got := duration(test.d); got != test.want {
			t.Errorf("%d is %q, want %q", test.d, got, test.want)
		}
	}
}

func TestClock(t *testing.T) {
	now := time.Date(2026, 11, 24, 10, 0, 0, 0, time.Local)
	for at, want := range map[time.Time]string{
		now.Add(-time.Minute):         "09:59:00.000",
		now.AddDate(0, 0, -1):         "23 Nov 10:00:00.000",
		now.AddDate(-1, 0, 0):         "24 Nov 10:00:00.000",
		now.Add(-11 * time.Hour):      "23 Nov 23:00:00.000",
		now.Add(5 * time.Millisecond): "10:00:00.005",
	} {
		if got := clock(at, now); got != want {
			t.Errorf("%v is %q, want %q", at, got, want)
		}
	}
}

func TestMoney(t *testing.T) {
	for _, test := range []struct {
		amount any
		want   string
	}{
		{(*order.Money)(nil), "–"},
		{order.Money{Amount: 1250, Currency: "GBP"}, "£12.50"},
		{&order.Money{Amount: 1250, Currency: "JPY"}, "¥1,250"},
		{order.Money{Amount: 1250, Currency: "KWD"}, "KWD\u00a01.250"},
	} {
		got, err := money(test.amount)
		if err != nil || got != test.want {
			t.Errorf("%v is %q, %v, want %q", test.amount, got, err, test.want)
		}
	}
	if got, err := money(order.Money{Amount: 1, Currency: "no currency"}); err == nil {
		t.Errorf("1 of no currency is %q", got)
	}
}

func TestPretty(t *testing.T) {
	for text, want := range map[string]string{
		`{"a":[1]}`: "{\n  \"a\": [\n    1\n  ]\n}",
		`no JSON`:   `no JSON`,
	} {
		if got := pretty(text); got != want {
			t.Errorf("%s is shown as %q, want %q", text, got, want)
		}
	}
}

// Slanted pieces are curves, right angles are round, and a catch is drawn from
// its end.
func TestPath(t *testing.T) {
	for _, test := range []struct {
		name string
		edge chart.Edge
		want string
	}{
		{"straight", chart.Edge{Points: []chart.Point{{X: 5, Y: 0}, {X: 5, Y: 40}}}, "M5.0 0.0L5.0 40.0"},
		{"slanted", chart.Edge{Points: []chart.Point{{X: 0, Y: 0}, {X: 30, Y: 40}}}, "M0.0 0.0C0.0 20.0 30.0 20.0 30.0 40.0"},
		{"round a corner", chart.Edge{Points: []chart.Point{{X: 0, Y: 0}, {X: 0, Y: 40}, {X: 40, Y: 40}}}, "M0.0 0.0L0.0 32.0Q0.0 40.0 8.0 40.0L40.0 40.0"},
		{"a catch", chart.Edge{Kind: chart.Catch, Points: []chart.Point{{X: 5, Y: 0}, {X: 5, Y: 40}}}, "M5.0 40.0L5.0 0.0"},
	} {
		if got := path(test.edge); got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
}
