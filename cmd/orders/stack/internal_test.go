package stack

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// A consumer that is added to the template is found.
func TestFindConsumers(t *testing.T) {
	got := findConsumers(map[string]string{
		"InventoryQueue": "q1", "InventoryDeadLetterQueue": "d1", "InventoryLogGroup": "l1",
		"LoyaltyQueue": "q2", "LoyaltyDeadLetterQueue": "d2",
		"LostDeadLetterQueue": "d3", "OtherQueue": "q4",
	})
	want := []consumer{{"inventory", "q1", "d1", "l1"}, {"loyalty", "q2", "d2", ""}}
	if !slices.Equal(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func TestAnyOf(t *testing.T) {
	if got := anyOf([]string{"a"}); got != `"a"` {
		t.Error(got)
	}
	if got := anyOf([]string{"a", "b"}); got != `?"a" ?"b"` {
		t.Error(got)
	}
}

// However many IDs are looked for, no pattern is longer than CloudWatch takes.
func TestPatterns(t *testing.T) {
	for _, n := range []int{1, 2, 25, 26, 27, 200} {
		ids := make([]string, n)
		for i := range ids {
			ids[i] = fmt.Sprintf("8f192c2f-21f3-4831-8fbb-%012d", i)
		}
		got := patterns(ids)
		for _, p := range got {
			if len(p) > maxPattern {
				t.Errorf("for %d IDs a pattern has %d bytes", n, len(p))
			}
		}
		for _, id := range ids {
			if !strings.Contains(strings.Join(got, " "), `"`+id+`"`) {
				t.Errorf("of %d IDs %s is not looked for", n, id)
			}
		}
	}
}

func TestSpell(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0 ms", 999 * time.Millisecond: "999 ms", 12 * time.Second: "12 s", 119 * time.Second: "119 s",
		10 * time.Minute: "10 min", 24 * time.Hour: "24 h", 100 * time.Hour: "4 days",
	} {
		if got := spell(d); got != want {
			t.Errorf("%v is %q, want %q", d, got, want)
		}
	}
}

func TestClip(t *testing.T) {
	for s, want := range map[string]string{
		"": "", "short.": "short", "first\nsecond": "first", strings.Repeat("é", 161): strings.Repeat("é", 160) + "…",
	} {
		if got := clip(s); got != want {
			t.Errorf("%q is %q, want %q", s, got, want)
		}
	}
}

func TestBecause(t *testing.T) {
	for _, test := range [][3]string{
		{"Error", "", "Error"}, {"", "cause", "cause"}, {"Error", "cause", "Error: cause"},
		{"InvalidOrder", `{"errorMessage":"validation: no","errorType":"InvalidOrder"}`, "InvalidOrder: validation: no"},
	} {
		if got := because(test[0], test[1]); got != test[2] {
			t.Errorf("%q, want %q", got, test[2])
		}
	}
	if got := reason("OutOfStock: inventory: sku \"A\" is out of stock."); got != `sku "A" is out of stock` {
		t.Error(got)
	}
}

// A cursor is what it was.
func TestCursor(t *testing.T) {
	for _, p := range []position{{}, {Executions: "token"}, {CreatedAt: "2026-01-01T00:00:00.000Z", OrderID: "o"}, {CreatedAt: "2026", OrderID: "o", Customer: "c"}} {
		if got, err := parseCursor(p.cursor()); err != nil || got != p {
			t.Errorf("%+v became %+v, %v", p, got, err)
		}
	}
}

func FuzzParseCursor(f *testing.F) {
	f.Add("")
	f.Add(position{CreatedAt: "2026", OrderID: "o"}.cursor())
	f.Add("eyJlIjoidCJ9")
	f.Fuzz(func(t *testing.T, s string) {
		p, err := parseCursor(s)
		if again, err2 := parseCursor(p.cursor()); err == nil && (err2 != nil || again != p) {
			t.Errorf("%q is %+v, and then %+v, %v", s, p, again, err2)
		}
	})
}
