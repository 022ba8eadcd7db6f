package jsonata

import (
	"math"
	"regexp"
	"strconv"
	"strings"

	"github.com/xiatechs/jsonata-go/jlib/jxpath"
)

var numeral = regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?([Ee][-+]?[0-9]+)?$`)

func numberOf(c *call) (any, error) {
	switch v := c.args[0].(type) {
	case undefined:
		return Undefined, nil
	case float64, int64:
		return v, nil
	case bool:
		if v {
			return 1.0, nil
		}
		return 0.0, nil
	case string:
		if numeral.MatchString(v) {
			if x, err := Decode(v); err == nil {
				return x, nil
			}
			if x, err := strconv.ParseFloat(v, 64); err == nil { // 01 is no JSON
				return x, nil
			}
		}
		if len(v) > 2 && v[0] == '0' && strings.IndexByte("xXoObB", v[1]) >= 0 && !strings.Contains(v, "_") {
			if n, err := strconv.ParseInt(v, 0, 64); err == nil {
				return exact(n), nil
			}
		}
		return nil, failed("D3030", "Unable to cast value to a number: %s", quoted(v))
	}
	return nil, c.mismatch(0)
}

// onNumber runs a function of one number; nothing gives nothing.
func onNumber(c *call, f func(x float64) (any, error)) (any, error) {
	if c.args[0] == Undefined {
		return Undefined, nil
	}
	x, err := c.number(0)
	if err != nil {
		return nil, err
	}
	return f(x)
}

func abs(c *call) (any, error) {
	return onNumber(c, func(x float64) (any, error) { return math.Abs(x), nil })
}

func floor(c *call) (any, error) {
	return onNumber(c, func(x float64) (any, error) { return math.Floor(x), nil })
}

func ceil(c *call) (any, error) {
	return onNumber(c, func(x float64) (any, error) { return math.Ceil(x), nil })
}

// round rounds half to even, in decimal notation: 4.525 to two places is 4.52.
func round(c *call) (any, error) {
	return onNumber(c, func(x float64) (any, error) {
		precision := 0
		if c.given(1) {
			p, err := c.number(1)
			if err != nil {
				return nil, err
			}
			precision = int(p)
		}
		shifted := math.RoundToEven(shift(x, precision))
		result := shift(shifted, -precision)
		if result == 0 {
			return 0.0, nil
		}
		return result, nil
	})
}

// shift moves the decimal point without the error of a multiplication.
func shift(x float64, places int) float64 {
	if places == 0 {
		return x
	}
	mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(x, 'e', -1, 64), "e")
	e, _ := strconv.Atoi(exponent)
	moved, err := strconv.ParseFloat(mantissa+"e"+strconv.Itoa(e+places), 64)
	if err != nil {
		return x
	}
	return moved
}

func power(c *call) (any, error) {
	return onNumber(c, func(x float64) (any, error) {
		y, err := c.number(1)
		if err != nil {
			return nil, err
		}
		result := math.Pow(x, y)
		if math.IsInf(result, 0) || math.IsNaN(result) {
			return nil, failed("D3061", "The power function has resulted in a value that cannot be represented as a JSON number: base=%v, exponent=%v", x, y)
		}
		return result, nil
	})
}

func sqrt(c *call) (any, error) {
	return onNumber(c, func(x float64) (any, error) {
		if x < 0 {
			return nil, failed("D3060", "The sqrt function cannot be applied to a negative number: %v", x)
		}
		return math.Sqrt(x), nil
	})
}

func formatBase(c *call) (any, error) {
	return onNumber(c, func(x float64) (any, error) {
		radix := 10.0
		if c.given(1) {
			var err error
			if radix, err = c.number(1); err != nil {
				return nil, err
			}
			radix = math.RoundToEven(radix)
		}
		if radix < 2 || radix > 36 {
			return nil, failed("D3100", "The radix of the formatBase function must be between 2 and 36. It was given %v", radix)
		}
		return strconv.FormatInt(int64(math.RoundToEven(x)), int(radix)), nil
	})
}

func formatNumber(c *call) (any, error) {
	return onNumber(c, func(x float64) (any, error) {
		picture, err := c.string(1)
		if err != nil {
			return nil, err
		}
		format := jxpath.NewDecimalFormat()
		if c.given(2) {
			options, err := c.object(2)
			if err != nil {
				return nil, err
			}
			for i := range options.Len() {
				name, v := options.At(i)
				if err := setFormat(&format, name, v); err != nil {
					return nil, err
				}
			}
		}
		formatted, err := jxpath.FormatNumber(x, picture, format)
		if err != nil {
			return nil, failed("D3086", "%v", err)
		}
		return formatted, nil
	})
}

func setFormat(format *jxpath.DecimalFormat, name string, v any) error {
	s, ok := v.(string)
	if !ok || s == "" {
		return failed("T0410", "Argument 3 of function \"formatNumber\" does not match function signature")
	}
	r := []rune(s)[0]
	switch name {
	case "decimal-separator":
		format.DecimalSeparator = r
	case "grouping-separator":
		format.GroupSeparator = r
	case "exponent-separator":
		format.ExponentSeparator = r
	case "infinity":
		format.Infinity = s
	case "minus-sign":
		format.MinusSign = r
	case "NaN":
		format.NaN = s
	case "percent":
		format.Percent = s
	case "per-mille":
		format.PerMille = s
	case "zero-digit":
		format.ZeroDigit = r
	case "digit":
		format.OptionalDigit = r
	case "pattern-separator":
		format.PatternSeparator = r
	}
	return nil
}

// onNumbers runs a function of a list of numbers; nothing gives nothing.
func onNumbers(c *call, f func(list []float64) any) (any, error) {
	if c.args[0] == Undefined {
		return Undefined, nil
	}
	list := items(c.args[0])
	all := make([]float64, len(list))
	for i, item := range list {
		x, ok := number(item)
		if !ok {
			return nil, failed("T0412", "Argument 1 of function \"%s\" must be an array of numbers", c.fn.name)
		}
		all[i] = x
	}
	return f(all), nil
}

func sum(c *call) (any, error) {
	return onNumbers(c, func(list []float64) any {
		total := 0.0
		for _, x := range list {
			total += x
		}
		return total
	})
}

func average(c *call) (any, error) {
	return onNumbers(c, func(list []float64) any {
		if len(list) == 0 {
			return Undefined
		}
		total := 0.0
		for _, x := range list {
			total += x
		}
		return total / float64(len(list))
	})
}

func maximum(c *call) (any, error) { return extreme(c, math.Max) }
func minimum(c *call) (any, error) { return extreme(c, math.Min) }

func extreme(c *call, better func(a, b float64) float64) (any, error) {
	return onNumbers(c, func(list []float64) any {
		if len(list) == 0 {
			return Undefined
		}
		best := list[0]
		for _, x := range list {
			best = better(best, x)
		}
		return best
	})
}
