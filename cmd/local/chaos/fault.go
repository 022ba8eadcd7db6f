package chaos

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"orderflow/cmd/local/cloud/interpose"
	"orderflow/cmd/local/cloud/protocol"
)

// A Fault is a kind of trouble.
type Fault string

const (
	Crash     Fault = "crash"
	Freeze    Fault = "freeze"
	Throttle  Fault = "throttle"
	Fail      Fault = "fail"
	Conflict  Fault = "conflict"
	Lost      Fault = "lost"
	Slow      Fault = "slow"
	Stale     Fault = "stale"
	Duplicate Fault = "duplicate"
	Late      Fault = "late"
	Outage    Fault = "outage"
	Carrier   Fault = "carrier"
	Refuse    Fault = "refuse"
	Stop      Fault = "stop"
	Jump      Fault = "jump"
)

// Meanings says of each fault what it is and what its rate counts by.
var Meanings = map[Fault]string{
	Crash:     "a function dies before or after a call it makes; what it wrote stays",
	Freeze:    "a function stands still at a call until its time is over",
	Throttle:  "a service refuses a call: too many requests",
	Fail:      "a service answers a call with a 5xx",
	Conflict:  "a write to DynamoDB loses to a transaction",
	Lost:      "a call takes effect, but its answer never arrives",
	Slow:      "a call takes up to 15 s more, either way",
	Duplicate: "SNS delivers a message to a queue twice",
	Late:      "SNS cannot reach a queue for up to five minutes, from a delivery on",
	Outage:    "Step Functions cannot reach a service for up to two hours, from a call on",
	Carrier:   "the carrier is away for up to five minutes, from a call on",
	Refuse:    "the carrier refuses an order's parcel, for good",
	Jump:      "nobody gets a turn for longer than an order waits; in simulations alone",
	Stale:     "Step Functions does not know an execution yet that it started within a second",
	Stop:      "a queue is not read for up to five minutes, by the minute",
}

// Faults are all there are, by name.
func Faults() []Fault { return slices.Sorted(maps.Keys(Meanings)) }

// Rates is how likely each fault is, from 0 to 1.
type Rates map[Fault]float64

// Parse reads rates: crash=0.02,duplicate=0.05.
func Parse(s string) (Rates, error) {
	rates := Rates{}
	for part := range strings.SplitSeq(s, ",") {
		name, value, ok := strings.Cut(strings.TrimSpace(part), "=")
		if !ok {
			return nil, fmt.Errorf("chaos: %q is no fault=rate, such as crash=0.02", part)
		}
		rate, err := strconv.ParseFloat(value, 64)
		if err != nil {
			rate = math.NaN()
		}
		if err := check(Fault(name), rate, value); err != nil {
			return nil, err
		}
		rates[Fault(name)] = rate
	}
	return rates, nil
}

// check finds the first fault that there is not, or whose rate is none.
func (r Rates) check() error {
	for _, f := range slices.Sorted(maps.Keys(r)) {
		if err := check(f, r[f], strconv.FormatFloat(r[f], 'g', -1, 64)); err != nil {
			return err
		}
	}
	return nil
}

func check(f Fault, rate float64, text string) error {
	if _, known := Meanings[f]; !known {
		return fmt.Errorf("chaos: there is no fault %q\nthere are %s", f, joined(Faults()))
	}
	if !(rate >= 0 && rate <= 1) { // NaN is not
		return fmt.Errorf("chaos: the rate of %s is %q, not a number from 0 to 1", f, text)
	}
	return nil
}

// any tells whether a fault can happen.
func (r Rates) any() bool {
	for _, rate := range r {
		if rate > 0 {
			return true
		}
	}
	return false
}

// String is what Parse reads.
func (r Rates) String() string {
	var parts []string
	for _, f := range slices.Sorted(maps.Keys(r)) {
		if r[f] > 0 {
			parts = append(parts, fmt.Sprintf("%s=%v", f, r[f]))
		}
	}
	return strings.Join(parts, ",")
}

func joined(faults []Fault) string {
	names := make([]string, len(faults))
	for i, f := range faults {
		names[i] = string(f)
	}
	return strings.Join(names, ", ")
}

const carrier = "carrier"

// unavailable is a 5xx of any service; SDKs and SNS try again.
var unavailable = &protocol.Error{Code: "ServiceUnavailable", Message: "The service is temporarily unavailable.", Status: 503}

// throttled is what a service answers to too many requests.
func throttled(service string) *protocol.Error {
	switch service {
	case "dynamodb":
		return protocol.Errorf("ProvisionedThroughputExceededException", "The level of configured provisioned throughput for the table was exceeded. Consider increasing your provisioning level with the UpdateTable API.")
	case "lambda":
		return &protocol.Error{Code: "TooManyRequestsException", Message: "Rate Exceeded.", Status: 429}
	case "s3":
		return &protocol.Error{Code: "SlowDown", Message: "Please reduce your request rate.", Status: 503}
	case "ses":
		return &protocol.Error{Code: "TooManyRequestsException", Message: "Too many requests.", Status: 429}
	case "sns":
		return &protocol.Error{Code: "ThrottledException", QueryCode: "Throttled", Message: "Rate exceeded", Status: 429}
	case "sqs":
		return &protocol.Error{Code: "RequestThrottled", Message: "Request is throttled.", Status: 403}
	case carrier:
		return &protocol.Error{Code: "TooManyRequests", Message: "too many requests", Status: 429}
	}
	return protocol.Errorf("ThrottlingException", "Rate exceeded")
}

// isWrite tells of a call that a DynamoDB transaction can be in the way of.
func isWrite(c *interpose.Call) bool {
	return c.To == "dynamodb" && (c.Action == "TransactWriteItems" || c.Action == "PutItem" || c.Action == "UpdateItem")
}

// conflict is how DynamoDB refuses a write of an item, or cancels a transaction
// at one of its items, for another transaction's sake.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
func (w *Weather) conflict(c *interpose.Call) error {
	const ongoing = "Transaction is ongoing for the item"
	var transaction struct{ TransactItems []json.RawMessage }
	if json.Unmarshal(c.Input, &transaction) != nil || len(transaction.TransactItems) == 0 {
		return protocol.Errorf("TransactionConflictException", ongoing)
	}
	reasons := make([]map[string]string, len(transaction.TransactItems))
	codes := make([]string, len(reasons))
	for i := range reasons {
		reasons[i], codes[i] = map[string]string{"Code": "None"}, "None"
	}
	i := w.upTo(time.Duration(len(reasons)))
	codes[i] = "TransactionConflict"
	reasons[i] = map[string]string{"Code": codes[i], "Message": ongoing}
	message := "Transaction cancelled, please refer cancellation reasons for specific reasons [" + strings.Join(codes, ", ") + "]"
	return &protocol.Error{Code: "TransactionCanceledException", Message: message, Status: 400,
		Fields: map[string]any{"Message": message, "CancellationReasons": reasons}}
}

// refuses tells whether the carrier will not take an order's parcel. It says
// the same whenever it is asked.
func (w *Weather) refuses(c *interpose.Call) bool {
	rate, _ := w.rate(Refuse)
	if rate == 0 {
		return false
	}
	h := fnv.New64a()
	fmt.Fprintf(h, "%d %s", w.cfg.Seed, c.Path)
	if float64(h.Sum64()%1000) >= rate*1000 {
		return false
	}
	w.cfg.Report(Refuse, c)
	return true
}
