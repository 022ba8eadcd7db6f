package scheduler

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// rateExpression takes each unit in the singular and in the plural whatever the
// value, as the API does, unlike the rules of EventBridge proper. What AWS
// makes of more than six digits nobody says.
// https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html
var rateExpression = regexp.MustCompile(`^rate\(([1-9]\d{0,5}) (minute|hour|day)s?\)$`)

var units = map[string]time.Duration{"minute": time.Minute, "hour": time.Hour, "day": 24 * time.Hour}

// parseRate is the interval of a rate expression.
func parseRate(expression string) (time.Duration, error) {
	for _, kind := range []string{"cron(", "at("} {
		if strings.HasPrefix(expression, kind) {
			return 0, invalid("Schedule expression %s is not supported by the local cloud: it knows rate(value unit) alone.", expression)
		}
	}
	m := rateExpression.FindStringSubmatch(expression)
	if m == nil {
		return 0, invalid("Invalid Schedule Expression %s.", expression)
	}
	value, err := strconv.Atoi(m[1])
	if err != nil {
		return 0, err // the expression has digits alone
	}
	return time.Duration(value) * units[m[2]], nil
}
