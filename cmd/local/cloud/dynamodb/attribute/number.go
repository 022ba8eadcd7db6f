package attribute

import (
	"cmp"
	"math"
	"strings"

	"github.com/cockroachdb/apd/v3"

	"orderflow/cmd/local/cloud/protocol"
)

// Number is a decimal of up to 38 significant digits in the one form that
// DynamoDB answers with: no exponent, no superfluous zeros. Equal numbers are
// equal strings.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html#HowItWorks.DataTypes.Number
type Number string

const (
	maxDigits   = 38
	maxExponent = 125
	minExponent = -130
)

// ParseNumber reads a number as a client may write it.
func ParseNumber(text string) (Number, error) {
	if isCanonicalInteger(text) {
		return Number(text), nil
	}
	d, ok := parseDecimal(text)
	switch {
	case text == "":
		return "", Invalid("The parameter cannot be converted to a numeric value")
	case !ok:
		return "", Invalid("The parameter cannot be converted to a numeric value: %s", text)
	}
	return d.number()
}

// isCanonicalInteger is the fast path: most numbers need no rewriting.
func isCanonicalInteger(text string) bool {
	digits := strings.TrimPrefix(text, "-")
	if len(digits) == 0 || len(digits) > maxDigits {
		return false
	}
	if digits[0] == '0' {
		return text == "0"
	}
	for i := range len(digits) {
		if digits[i] < '0' || digits[i] > '9' {
			return false
		}
	}
	return true
}

// A decimal is ±d.ddd × 10^exp, its digits without leading or trailing zeros;
// zero has none.
type decimal struct {
	negative bool
	digits   string
	exp      int
}

func parseDecimal(text string) (d decimal, ok bool) {
	rest := text
	if rest != "" && (rest[0] == '-' || rest[0] == '+') {
		d.negative = rest[0] == '-'
		rest = rest[1:]
	}
	mantissa, exponent := rest, 0
	if i := strings.IndexAny(rest, "eE"); i >= 0 {
		mantissa = rest[:i]
		if exponent, ok = parseExponent(rest[i+1:]); !ok {
			return d, false
		}
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits := whole + fraction
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return d, false
	}
	significant := strings.TrimLeft(digits, "0")
	d.exp = len(whole) - 1 - (len(digits) - len(significant)) + exponent
	d.digits = strings.TrimRight(significant, "0")
	if d.digits == "" {
		return decimal{}, true
	}
	return d, true
}

func parseExponent(text string) (n int, ok bool) {
	digits := strings.TrimLeft(text, "+-")
	if digits == "" || len(text)-len(digits) > 1 {
		return 0, false
	}
	for _, c := range []byte(digits) {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = min(n*10+int(c-'0'), math.MaxInt32)
	}
	if text[0] == '-' {
		n = -n
	}
	return n, true
}

// number checks d against DynamoDB's range and writes it out.
func (d decimal) number() (Number, error) {
	if d.digits == "" {
		return "0", nil
	}
	switch {
	case d.exp > maxExponent:
		return "", Invalid("Number overflow. Attempting to store a number with magnitude larger than supported range")
	case d.exp < minExponent:
		return "", Invalid("Number underflow. Attempting to store a number with magnitude smaller than supported range")
	case len(d.digits) > maxDigits:
		return "", Invalid("Attempting to store more than 38 significant digits in a Number")
	}
	var b strings.Builder
	if d.negative {
		b.WriteByte('-')
	}
	switch n := len(d.digits); {
	case d.exp < 0:
		b.WriteString("0.")
		b.WriteString(strings.Repeat("0", -d.exp-1))
		b.WriteString(d.digits)
	case d.exp >= n-1:
		b.WriteString(d.digits)
		b.WriteString(strings.Repeat("0", d.exp-n+1))
	default:
		b.WriteString(d.digits[:d.exp+1])
		b.WriteByte('.')
		b.WriteString(d.digits[d.exp+1:])
	}
	return Number(b.String()), nil
}

func (n Number) decimal() decimal {
	d, _ := parseDecimal(string(n))
	return d
}

// Compare orders numbers by their value.
func (n Number) Compare(m Number) int {
	if n == m {
		return 0
	}
	a, b := n.decimal(), m.decimal()
	if c := cmp.Compare(a.sign(), b.sign()); c != 0 {
		return c
	}
	c := cmp.Or(cmp.Compare(a.exp, b.exp), strings.Compare(a.digits, b.digits))
	return c * a.sign()
}

func (d decimal) sign() int {
	switch {
	case d.digits == "":
		return 0
	case d.negative:
		return -1
	}
	return 1
}

// Add is n + m. A sum that needs more than 38 digits is refused, as DynamoDB
// refuses it.
func (n Number) Add(m Number) (Number, error) { return n.arithmetic(m, (*apd.Context).Add) }

// Sub is n - m, in Add's range.
func (n Number) Sub(m Number) (Number, error) { return n.arithmetic(m, (*apd.Context).Sub) }

func (n Number) arithmetic(m Number, op func(c *apd.Context, d, x, y *apd.Decimal) (apd.Condition, error)) (Number, error) {
	x, _, err := apd.NewFromString(string(n))
	if err != nil {
		return "", err
	}
	y, _, err := apd.NewFromString(string(m))
	if err != nil {
		return "", err
	}
	// Wide enough for any two numbers to be added exactly.
	exact := apd.BaseContext.WithPrecision(maxExponent - minExponent + 2*maxDigits)
	var sum apd.Decimal
	if _, err := op(exact, &sum, x, y); err != nil {
		return "", err
	}
	return ParseNumber(sum.Text('f'))
}

// size is the number's bytes as DynamoDB stores it: an exponent, a byte for
// each pair of decimal digits counted from the decimal point, and a byte for a
// minus sign.
func (n Number) size() int {
	d := n.decimal()
	if d.digits == "" {
		return 1
	}
	size := 1 + (d.exp >> 1) - ((d.exp - len(d.digits) + 1) >> 1) + 1
	if d.negative {
		size++
	}
	return size
}

// Invalid is a ValidationException with the given sentence.
func Invalid(format string, args ...any) *protocol.Error {
	return protocol.Errorf("ValidationException", format, args...)
}
