package attribute

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/cockroachdb/apd/v3"
)

func TestParseNumber(t *testing.T) {
	for _, c := range []struct {
		text, want string
		size       int
	}{
		{"0", "0", 1},
		{"-0", "0", 1},
		{"000", "0", 1},
		{"1", "1", 2},
		{"-1", "-1", 3},
		{"+5", "5", 2},
		{"12", "12", 2},
		{"123", "123", 3},
		{"123456", "123456", 4},
		{"100", "100", 2},
		{"3.14159", "3.14159", 5},
		{"0042.1200", "42.12", 3},
		{".5", "0.5", 2},
		{"5.", "5", 2},
		{"1e2", "100", 2},
		{"1.5E+3", "1500", 2},
		{"12e-4", "0.0012", 2},
		{"1E125", "1" + strings.Repeat("0", 125), 2},
		{"1E-130", "0." + strings.Repeat("0", 129) + "1", 2},
		{"9.9999999999999999999999999999999999999E+125", strings.Repeat("9", 38) + strings.Repeat("0", 88), 20},
		{"12345678901234567890123456789012345678", "12345678901234567890123456789012345678", 20},
	} {
		got, err := ParseNumber(c.text)
		if err != nil || string(got) != c.want {
			t.Errorf("ParseNumber(%q) = %q, %v, want %q", c.text, got, err, c.want)
		}
		if size := got.size(); size != c.size {
			t.Errorf("%q takes %d bytes, want %d", c.text, size, c.size)
		}
	}
}

func TestParseNumberRefuses(t *testing.T) {
	const (
		notNumeric = "The parameter cannot be converted to a numeric value"
		overflow   = "Number overflow. Attempting to store a number with magnitude larger than supported range"
		underflow  = "Number underflow. Attempting to store a number with magnitude smaller than supported range"
		digits     = "Attempting to store more than 38 significant digits in a Number"
	)
	for text, want := range map[string]string{
		"": notNumeric, "abc": notNumeric + ": abc", "1.2.3": notNumeric + ": 1.2.3", " 1": notNumeric + ":  1",
		"0x10": notNumeric + ": 0x10", "1e": notNumeric + ": 1e", "NaN": notNumeric + ": NaN", "Infinity": notNumeric + ": Infinity",
		"--1": notNumeric + ": --1", "1e+-2": notNumeric + ": 1e+-2", ".": notNumeric + ": .", "٣": notNumeric + ": ٣",
		"1e126": overflow, "-1e126": overflow, "1e99999999999": overflow, "1e-131": underflow, "1e-99999999999": underflow,
		"123456789012345678901234567890123456789": digits,
	} {
		_, err := ParseNumber(text)
		if err == nil || err.Error() != "ValidationException: "+want {
			t.Errorf("ParseNumber(%q): %v, want %q", text, err, want)
		}
	}
}

func TestArithmetic(t *testing.T) {
	for _, c := range []struct{ a, b, sum, difference string }{
		{"1", "2", "3", "-1"},
		{"0.1", "0.2", "0.3", "-0.1"},
		{"-5", "5", "0", "-10"},
		{"99999999999999999999999999999999999999", "1", "100000000000000000000000000000000000000", "99999999999999999999999999999999999998"},
		{"1", "0.000000000000000000000000000000000001", "1.000000000000000000000000000000000001", "0.999999999999999999999999999999999999"},
	} {
		sum, err := Number(c.a).Add(Number(c.b))
		if err != nil || string(sum) != c.sum {
			t.Errorf("%s + %s = %s, %v, want %s", c.a, c.b, sum, err, c.sum)
		}
		difference, err := Number(c.a).Sub(Number(c.b))
		if err != nil || string(difference) != c.difference {
			t.Errorf("%s - %s = %s, %v, want %s", c.a, c.b, difference, err, c.difference)
		}
	}
	huge, _ := ParseNumber("9e125")
	if _, err := huge.Add(huge); err == nil || !strings.Contains(err.Error(), "Number overflow") {
		t.Errorf("9e125 + 9e125: %v, want an overflow", err)
	}
	tiny, _ := ParseNumber("1e-130")
	if _, err := huge.Add(tiny); err == nil || !strings.Contains(err.Error(), "38 significant digits") {
		t.Errorf("9e125 + 1e-130: %v, want too many digits", err)
	}
}

// The bytes of encoded keys are in the order of what they encode.
func TestKeyOrder(t *testing.T) {
	numbers := []Number{}
	for _, text := range []string{
		"-1e125", "-100", "-99.5", "-10", "-9.9", "-9", "-1", "-0.1", "-0.01", "-1e-130", "0",
		"1e-130", "0.01", "0.011", "0.1", "1", "1.5", "9", "9.9", "10", "10.01", "99.5", "100", "1e125",
	} {
		n, err := ParseNumber(text)
		if err != nil {
			t.Fatal(err)
		}
		numbers = append(numbers, n)
	}
	checkOrder(t, numbers)
	checkOrder(t, []String{"", "\x00", "\x00\x00", "\x00a", "\x01", "a", "a\x00", "a\x00b", "aa", "b", "é", "🌍"})
	checkOrder(t, []Binary{"", "\x00", "\x00\xff", "\x01", "\xff", "\xff\x00", "\xff\xff"})
}

func checkOrder[V Value](t *testing.T, sorted []V) {
	t.Helper()
	for i := range sorted {
		for j := range sorted {
			// What follows a key must not change where it sorts.
			a := append(AppendKey(nil, sorted[i]), byte(rand.Int()))
			b := append(AppendKey(nil, sorted[j]), byte(rand.Int()))
			if i != j && (bytes.Compare(a, b) < 0) != (i < j) {
				t.Errorf("keys of %v and %v are out of order", sorted[i], sorted[j])
			}
			if order, _ := Compare(sorted[i], sorted[j]); (order < 0) != (i < j) || (order == 0) != (i == j) {
				t.Errorf("Compare(%v, %v) = %d", sorted[i], sorted[j], order)
			}
		}
	}
}

func FuzzNumber(f *testing.F) {
	for _, seed := range []string{"0", "-1", "1.5e3", "0042.1200", "1E125", "1e-130", ".", "1e", "99999999999999999999999999999999999999"} {
		f.Add(seed, "7")
	}
	f.Fuzz(func(t *testing.T, x, y string) {
		a, errA := ParseNumber(x)
		b, errB := ParseNumber(y)
		if errA != nil || errB != nil {
			return
		}
		if again, err := ParseNumber(string(a)); err != nil || again != a {
			t.Fatalf("%q reads as %q, %v", a, again, err)
		}
		wantA, _, err := apd.NewFromString(x)
		wantB, _, err2 := apd.NewFromString(y)
		if err != nil || err2 != nil {
			return // zero with an exponent beyond apd's
		}
		gotA, _, _ := apd.NewFromString(string(a))
		if wantA.Cmp(gotA) != 0 {
			t.Fatalf("%q became %q", x, a)
		}
		want := wantA.Cmp(wantB)
		if got := a.Compare(b); got != want {
			t.Fatalf("%q.Compare(%q) = %d, want %d", a, b, got, want)
		}
		if got := bytes.Compare(AppendKey(nil, a), AppendKey(nil, b)); got != want {
			t.Fatalf("keys of %q and %q compare as %d, want %d", a, b, got, want)
		}
		if size := a.size(); size < 1 || size > 21+1 {
			t.Fatalf("%q takes %d bytes", a, size)
		}
	})
}

func TestSets(t *testing.T) {
	union, ok := Union(NumberSet{"1", "10"}, NumberSet{"2", "10"})
	if !ok || !Equal(union, NumberSet{"1", "2", "10"}) {
		t.Errorf("union is %v", union)
	}
	left, ok := Difference(StringSet{"a", "b"}, StringSet{"b", "c"})
	if !ok || !Equal(left, StringSet{"a"}) {
		t.Errorf("difference is %v", left)
	}
	if none, ok := Difference(BinarySet{"a"}, BinarySet{"a"}); !ok || none != nil {
		t.Errorf("an empty difference is %v", none)
	}
	if _, ok := Union(StringSet{"a"}, NumberSet{"1"}); ok {
		t.Error("sets of two types have a union")
	}
}
