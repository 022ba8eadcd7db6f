package jsonata

import (
	"math"
	"time"

	"github.com/xiatechs/jsonata-go/jlib"
	"github.com/xiatechs/jsonata-go/jtypes"
)

// instant is how JSONata writes a time unless it is given a picture.
const instant = "2006-01-02T15:04:05.000Z07:00"

func now(c *call) (any, error) {
	return format(c.ev.env.Now.UnixMilli(), c, 0)
}

func millis(c *call) (any, error) { return float64(c.ev.env.Now.UnixMilli()), nil }

func fromMillis(c *call) (any, error) {
	return onNumber(c, func(x float64) (any, error) {
		if math.Abs(x) > 8.64e15 {
			return nil, failed("D3110", "The argument of the fromMillis function is out of range: %v", x)
		}
		return format(int64(x), c, 1)
	})
}

// format writes a time by the picture and time zone at arguments i and i+1.
func format(ms int64, c *call, i int) (any, error) {
	var picture, zone string
	var err error
	if c.given(i) {
		if picture, err = c.string(i); err != nil {
			return nil, err
		}
	}
	if c.given(i + 1) {
		if zone, err = c.string(i + 1); err != nil {
			return nil, err
		}
	}
	if picture == "" && zone == "" {
		return time.UnixMilli(ms).UTC().Format(instant), nil
	}
	s, err := jlib.FromMillis(ms, jtypes.NewOptionalString(picture), jtypes.NewOptionalString(zone))
	if err != nil {
		return nil, failed("D3135", "%v", err)
	}
	return s, nil
}

// isoLayouts are the forms of ISO 8601 that $toMillis reads without a picture.
var isoLayouts = []string{
	"2006-01-02T15:04:05.999999999Z07:00",
	"2006-01-02T15:04:05.999999999Z0700",
	"2006-01-02T15:04:05.999999999",
	"2006-01-02T15:04Z07:00",
	"2006-01-02T15:04",
	"2006-01-02",
	"2006-01",
	"2006",
}

func toMillis(c *call) (any, error) {
	return onString(c, func(s string) (any, error) {
		if c.given(1) {
			picture, err := c.string(1)
			if err != nil {
				return nil, err
			}
			ms, err := jlib.ToMillis(s, jtypes.NewOptionalString(picture), jtypes.OptionalString{})
			if err != nil {
				return nil, failed("D3136", "%v", err)
			}
			return float64(ms), nil
		}
		for _, layout := range isoLayouts {
			if t, err := time.Parse(layout, s); err == nil {
				return float64(t.UnixMilli()), nil
			}
		}
		return nil, failed("D3110", "The argument of the toMillis function must be an ISO 8601 formatted timestamp. Given %s", quoted(s))
	})
}
