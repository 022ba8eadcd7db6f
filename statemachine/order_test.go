package statemachine_test

import (
	"encoding/json"
	"os"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"orderflow/lambdas/order"
	"orderflow/statemachine"
	"orderflow/statemachine/asl"
)

const (
	orderID = "0199aa3c-7b1e-7c4e-9d65-3f0f5b1e2a10"
	topic   = "arn:aws:sns:us-east-1:000000000000:orders"

	input     = `{"fingerprint":"fp","customer":{"id":"c-42","name":"Ada Ünïcode","email":"ada@example.com"},"items":[{"sku":"MUG-BLUE","quantity":2}],"shippingAddress":{"name":"Ada","line1":"1 Byron St","city":"London","postalCode":"N1 1AA","country":"GB"}}`
	lines     = `[{"sku":"MUG-BLUE","name":"Blue mug","quantity":2,"unitPrice":{"amount":1250,"currency":"GBP"},"weightGrams":350}]`
	total     = `{"amount":2500,"currency":"GBP"}`
	validated = `{"ExecutedVersion":"$LATEST","Payload":{"lines":` + lines + `,"total":` + total + `},"StatusCode":200}`
	reserved  = `{"reservationId":"` + orderID + `","reservedAt":"2026-01-02T03:04:05.5Z"}`
	booked    = `{"carrier":"ACME","trackingNumber":"ACME-000001","bookedAt":"2026-01-02T03:04:05.6Z"}`
	published = `{"MessageId":"m","SdkHttpMetadata":{"HttpStatusCode":200}}`
	condition = "The conditional request failed (Service: AmazonDynamoDBv2; Status Code: 400; Error Code: ConditionalCheckFailedException; Request ID: r; Proxy: null)"
)

// definition is order.asl.json with its substitutions resolved as SAM does.
func definition(t testing.TB) []byte {
	values := map[string]string{
		statemachine.SubstituteValidationFunction:     "validation",
		statemachine.SubstituteOrdersTable:            "Orders",
		statemachine.SubstituteOrdersTopic:            topic,
		statemachine.SubstituteCallbackTimeoutSeconds: "3600",
	}
	return regexp.MustCompile(`\$\{(\w+)\}`).ReplaceAllFunc(statemachine.Definition, func(match []byte) []byte {
		name := string(match[2 : len(match)-1])
		value, ok := values[name]
		if !ok {
			t.Fatalf("order.asl.json wants %q, which no constant names", name)
		}
		return []byte(value)
	})
}

func machine(t testing.TB) *asl.Machine {
	t.Helper()
	m, err := asl.Parse(definition(t))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// An answer is what a state's task comes to, once; the next attempt takes the
// state's next answer.
type answer struct {
	result       string // JSON
	error, cause string
	nameless     bool // a failure without error and cause, which SendTaskFailure may leave out
	never        bool // no answer: the task times out
}

// A journey is one order's way through the machine.
type journey struct {
	t       *testing.T
	m       *asl.Machine
	x       *asl.Execution
	now     time.Time
	timers  map[int64]time.Time
	answers map[string][]answer

	entered  []string
	calls    map[string][]json.RawMessage // state → arguments of each attempt
	tokens   map[string]string
	messages []json.RawMessage
	end      *asl.Complete
}

// confirmed are the answers of an order that goes well.
func confirmed() map[string][]answer {
	return map[string][]answer{
		"ValidateOrder":     {{result: validated}},
		"PersistOrder":      {{result: `{}`}},
		"ReserveInventory":  {{result: reserved}},
		"ArrangeShipment":   {{result: booked}},
		"AnnounceOrder":     {{result: published}},
		"ConfirmOrder":      {{result: `{}`}},
		"AnnounceConfirmed": {{result: published}},
		"CancelOrder":       {{result: `{}`}},
		"AnnounceCancelled": {{result: published}},
	}
}

func but(state string, answers ...answer) map[string][]answer {
	all := confirmed()
	all[state] = answers
	return all
}

func travel(t *testing.T, answers map[string][]answer) *journey {
	t.Helper()
	return travelOn(t, machine(t), answers)
}

func travelOn(t *testing.T, m *asl.Machine, answers map[string][]answer) *journey {
	t.Helper()
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	j := &journey{t: t, m: m, now: start, timers: map[int64]time.Time{}, answers: answers, calls: map[string][]json.RawMessage{}, tokens: map[string]string{}}
	x, commands := j.m.Start(asl.Params{
		ExecutionARN:  "arn:aws:states:us-east-1:000000000000:execution:orders:" + orderID,
		ExecutionName: orderID, StateMachineName: "orders", Input: json.RawMessage(input), Now: start, Seed: 7,
	})
	j.x = x
	for queue := commands; j.end == nil; {
		events := j.follow(queue)
		queue = nil
		for _, e := range events {
			queue = append(queue, j.m.Step(j.x, j.now, e)...)
		}
		if len(events) == 0 && j.end == nil {
			queue = j.nextTimer()
		}
	}
	return j
}

func (j *journey) follow(commands []asl.Command) (events []asl.Event) {
	for _, c := range commands {
		switch c := c.(type) {
		case asl.Record:
			if d, ok := c.Details.(*asl.StateEnteredDetails); ok {
				j.entered = append(j.entered, d.Name)
			}
		case asl.SetTimer:
			j.timers[c.TimerID] = c.At
		case asl.ClearTimer:
			delete(j.timers, c.TimerID)
		case asl.ScheduleTask:
			events = append(events, j.answer(c)...)
		case asl.Complete:
			j.end = &c
		}
	}
	return events
}

func (j *journey) answer(c asl.ScheduleTask) []asl.Event {
	j.calls[c.State] = append(j.calls[c.State], c.Arguments)
	j.tokens[c.State] = c.Token
	if strings.Contains(c.Resource, "sns:publish") {
		var arguments struct{ Message json.RawMessage }
		if err := json.Unmarshal(c.Arguments, &arguments); err != nil {
			j.t.Fatal(err)
		}
		j.messages = append(j.messages, arguments.Message)
	}
	if len(j.answers[c.State]) == 0 {
		j.t.Fatalf("%s is called once more than expected, with %s; entered so far %s", c.State, c.Arguments, j.entered)
	}
	a := j.answers[c.State][0]
	j.answers[c.State] = j.answers[c.State][1:]
	events := []asl.Event{asl.TaskStarted{TaskID: c.TaskID}}
	if c.WaitForToken {
		events = append(events, asl.TaskSubmitted{TaskID: c.TaskID, Output: json.RawMessage(published)})
	}
	switch {
	case a.never:
	case a.nameless:
		events = append(events, asl.TaskFailed{TaskID: c.TaskID})
	case a.error != "" && a.cause == "":
		events = append(events, asl.TaskFailed{TaskID: c.TaskID, Error: &a.error})
	case a.error != "":
		events = append(events, asl.TaskFailed{TaskID: c.TaskID, Error: &a.error, Cause: &a.cause})
	default:
		events = append(events, asl.TaskSucceeded{TaskID: c.TaskID, Output: json.RawMessage(a.result)})
	}
	return events
}

func (j *journey) nextTimer() []asl.Command {
	id := int64(0)
	for timer, at := range j.timers {
		if id == 0 || at.Before(j.timers[id]) {
			id = timer
		}
	}
	if id == 0 {
		j.t.Fatalf("nothing is left to happen; entered so far %s", j.entered)
	}
	j.now = j.timers[id]
	delete(j.timers, id)
	return j.m.Step(j.x, j.now, asl.TimerFired{TimerID: id})
}

func equalJSON(t *testing.T, what string, got []byte, want string) {
	t.Helper()
	var g, w any
	if err := json.Unmarshal(got, &g); err != nil {
		t.Fatalf("%s: %v in %s", what, err, got)
	}
	if err := json.Unmarshal([]byte(want), &w); err != nil {
		t.Fatalf("%s: %v in %s", what, err, want)
	}
	if !reflect.DeepEqual(g, w) {
		t.Errorf("%s is\n%s\nwant\n%s", what, got, want)
	}
}

func TestOutcomes(t *testing.T) {
	outOfStock := answer{error: "OutOfStock", cause: `inventory: sku "MUG-BLUE" is out of stock`}
	taken := answer{error: "DynamoDB.ConditionalCheckFailedException", cause: condition}
	fault := answer{error: "SNS.InternalErrorException", cause: "try again"}
	cancelled := answer{result: `{"Item":{"status":{"S":"CANCELLED"},"failure":{"M":{"code":{"S":"Cancelled"},"detail":{"S":"the customer cancelled"}}},"decidedAt":{"S":"2026-01-02T03:04:05Z"}}}`}
	alreadyConfirmed := answer{result: `{"Item":{"status":{"S":"CONFIRMED"},"decidedAt":{"S":"2026-01-02T03:04:04Z"}}}`}

	lostConfirmation := but("ConfirmOrder", answer{error: "DynamoDB.AmazonDynamoDBException", cause: "timeout"}, taken)
	lostConfirmation["ReadDecision"] = []answer{alreadyConfirmed}
	race := but("ConfirmOrder", taken)
	race["ReadDecision"] = []answer{cancelled}
	rejectedThenCancelled := but("ReserveInventory", outOfStock)
	rejectedThenCancelled["CancelOrder"] = []answer{taken}
	rejectedThenCancelled["ReadDecision"] = []answer{cancelled}
	cancelledBeforePersist := but("PersistOrder", taken)
	cancelledBeforePersist["ReadDecision"] = []answer{cancelled}
	bothSlow := but("ReserveInventory", answer{never: true})

	for _, c := range []struct {
		name    string
		answers map[string][]answer
		entered string
		status  asl.Status
		output  string // JSON, when it succeeds
		failure string // error and cause, when it does not
	}{{
		name: "confirmed", answers: confirmed(),
		entered: "ValidateOrder PersistOrder FanOut ReserveInventory ArrangeShipment AnnounceOrder ConfirmOrder AnnounceConfirmed",
		status:  asl.Succeeded,
		output:  `{"orderId":"` + orderID + `","status":"CONFIRMED","lines":` + lines + `,"total":` + total + `,"reservation":` + reserved + `,"shipment":` + booked + `,"createdAt":"2026-01-02T03:04:05Z","decidedAt":"2026-01-02T03:04:05Z"}`,
	}, {
		name: "confirmed, the announcement retried", answers: but("AnnounceConfirmed", fault, fault, answer{result: published}),
		entered: "ValidateOrder PersistOrder FanOut ReserveInventory ArrangeShipment AnnounceOrder ConfirmOrder AnnounceConfirmed",
		status:  asl.Succeeded,
		output:  `{"orderId":"` + orderID + `","status":"CONFIRMED","lines":` + lines + `,"total":` + total + `,"reservation":` + reserved + `,"shipment":` + booked + `,"createdAt":"2026-01-02T03:04:05Z","decidedAt":"2026-01-02T03:04:05Z"}`,
	}, {
		name: "invalid", answers: but("ValidateOrder", answer{error: "InvalidOrder", cause: `{"errorMessage":"validation: sku \"X\" is unknown","errorType":"InvalidOrder"}`}),
		entered: "ValidateOrder CancelOrder AnnounceCancelled HowItEnded OrderDecided",
		status:  asl.Succeeded,
		output:  `{"orderId":"` + orderID + `","status":"REJECTED","failure":{"code":"InvalidOrder","detail":"validation: sku \"X\" is unknown"},"createdAt":"2026-01-02T03:04:05Z"}`,
	}, {
		name: "out of stock", answers: but("ReserveInventory", outOfStock),
		entered: "ValidateOrder PersistOrder FanOut ReserveInventory ArrangeShipment AnnounceOrder CancelOrder AnnounceCancelled HowItEnded OrderDecided",
		status:  asl.Succeeded,
		output:  `{"orderId":"` + orderID + `","status":"REJECTED","failure":{"code":"OutOfStock","detail":"inventory: sku \"MUG-BLUE\" is out of stock"},"createdAt":"2026-01-02T03:04:05Z"}`,
	}, {
		name: "refused by the carrier", answers: but("ArrangeShipment", answer{error: "ShipmentRefused", cause: "shipment: no parcels to AQ"}),
		entered: "ValidateOrder PersistOrder FanOut ReserveInventory ArrangeShipment AnnounceOrder CancelOrder AnnounceCancelled HowItEnded OrderDecided",
		status:  asl.Succeeded,
		output:  `{"orderId":"` + orderID + `","status":"REJECTED","failure":{"code":"ShipmentRefused","detail":"shipment: no parcels to AQ"},"createdAt":"2026-01-02T03:04:05Z"}`,
	}, {
		name: "the customer cancelled first", answers: race,
		entered: "ValidateOrder PersistOrder FanOut ReserveInventory ArrangeShipment AnnounceOrder ConfirmOrder ReadDecision WhoDecided AnnounceCancelled HowItEnded OrderDecided",
		status:  asl.Succeeded,
		output:  `{"orderId":"` + orderID + `","status":"CANCELLED","failure":{"code":"Cancelled","detail":"the customer cancelled"},"createdAt":"2026-01-02T03:04:05Z"}`,
	}, {
		name: "out of stock, but the customer cancelled first", answers: rejectedThenCancelled,
		entered: "ValidateOrder PersistOrder FanOut ReserveInventory ArrangeShipment AnnounceOrder CancelOrder ReadDecision WhoDecided AnnounceCancelled HowItEnded OrderDecided",
		status:  asl.Succeeded,
		output:  `{"orderId":"` + orderID + `","status":"CANCELLED","failure":{"code":"Cancelled","detail":"the customer cancelled"},"createdAt":"2026-01-02T03:04:05Z"}`,
	}, {
		name: "cancelled before it was stored", answers: cancelledBeforePersist,
		entered: "ValidateOrder PersistOrder ReadDecision WhoDecided AnnounceCancelled HowItEnded OrderDecided",
		status:  asl.Succeeded,
		output:  `{"orderId":"` + orderID + `","status":"CANCELLED","failure":{"code":"Cancelled","detail":"the customer cancelled"},"createdAt":"2026-01-02T03:04:05Z"}`,
	}, {
		name: "no answer in time", answers: bothSlow,
		entered: "ValidateOrder PersistOrder FanOut ReserveInventory ArrangeShipment AnnounceOrder CancelOrder AnnounceCancelled HowItEnded OrderFailed",
		status:  asl.Failed,
		failure: "States.Timeout: inventory or shipment could not answer",
	}, {
		name: "out of stock, says somebody without a word", answers: but("ReserveInventory", answer{error: "OutOfStock"}),
		entered: "ValidateOrder PersistOrder FanOut ReserveInventory ArrangeShipment AnnounceOrder CancelOrder AnnounceCancelled HowItEnded OrderDecided",
		status:  asl.Succeeded,
		output:  `{"orderId":"` + orderID + `","status":"REJECTED","failure":{"code":"OutOfStock","detail":"no reason was given"},"createdAt":"2026-01-02T03:04:05Z"}`,
	}, {
		name: "a failure without a name", answers: but("ArrangeShipment", repeat(answer{nameless: true}, 21)...),
		entered: "ValidateOrder PersistOrder FanOut ReserveInventory ArrangeShipment AnnounceOrder CancelOrder AnnounceCancelled HowItEnded OrderFailed",
		status:  asl.Failed,
		failure: "States.TaskFailed: inventory or shipment could not answer",
	}, {
		name: "a panic in validation", answers: but("ValidateOrder", repeat(answer{error: "panicError", cause: "boom"}, 21)...),
		entered: "ValidateOrder CancelOrder AnnounceCancelled HowItEnded OrderFailed",
		status:  asl.Failed,
		failure: "panicError: the order could not be validated",
	}, {
		name: "the confirmation was stored, its answer lost", answers: lostConfirmation,
		entered: "ValidateOrder PersistOrder FanOut ReserveInventory ArrangeShipment AnnounceOrder ConfirmOrder ReadDecision WhoDecided AnnounceConfirmed",
		status:  asl.Succeeded,
		output:  `{"orderId":"` + orderID + `","status":"CONFIRMED","lines":` + lines + `,"total":` + total + `,"reservation":` + reserved + `,"shipment":` + booked + `,"createdAt":"2026-01-02T03:04:05Z","decidedAt":"2026-01-02T03:04:04Z"}`,
	}} {
		t.Run(c.name, func(t *testing.T) {
			j := travel(t, c.answers)
			if got := strings.Join(j.entered, " "); got != c.entered {
				t.Errorf("enters\n%s\nwant\n%s", got, c.entered)
			}
			if j.end.Status != c.status {
				t.Fatalf("ends %s, want %s", j.end.Status, c.status)
			}
			if c.output != "" {
				equalJSON(t, "output", j.end.Output, c.output)
			} else if got := *j.end.Error + ": " + *j.end.Cause; got != c.failure {
				t.Errorf("fails with %q, want %q", got, c.failure)
			}
		})
	}
}

// TestSurgeDelays: a service that refuses calls for their rate, for a quarter
// of an hour and more, delays an order and does not decide it.
func TestSurgeDelays(t *testing.T) {
	for state, throttled := range map[string]string{
		"ValidateOrder":     "Lambda.TooManyRequestsException",
		"PersistOrder":      "DynamoDB.ThrottlingException",
		"ReserveInventory":  "SNS.ThrottledException",
		"ArrangeShipment":   "SNS.ThrottledException",
		"AnnounceOrder":     "SNS.ThrottledException",
		"ConfirmOrder":      "DynamoDB.ProvisionedThroughputExceededException",
		"AnnounceConfirmed": "SNS.ThrottledException",
	} {
		answers := confirmed()
		answers[state] = append(repeat(answer{error: throttled, cause: "Rate exceeded"}, 18), answers[state]...)
		j := travel(t, answers)
		if j.end.Status != asl.Succeeded || j.entered[len(j.entered)-1] != "AnnounceConfirmed" {
			t.Errorf("%s, throttled, ends %s by %s", state, j.end.Status, j.entered)
		}
	}
}

func repeat(a answer, n int) []answer {
	all := make([]answer, n)
	for i := range all {
		all[i] = a
	}
	return all
}

// TestMachineIsShared has many goroutines drive executions of one machine.
func TestMachineIsShared(t *testing.T) {
	m := machine(t)
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			for range 10 {
				if j := travelOn(t, m, confirmed()); j.end.Status != asl.Succeeded {
					t.Errorf("ends %s", j.end.Status)
				}
				travelOn(t, m, but("ReserveInventory", answer{error: "OutOfStock", cause: "none"}))
			}
		})
	}
	wait.Wait()
}

func TestHappyPathEntersFewStates(t *testing.T) {
	if j := travel(t, confirmed()); len(j.entered) > 8 {
		t.Errorf("a confirmed order enters %d states, more than 8: %s", len(j.entered), j.entered)
	}
}

// TestEvents holds what the machine publishes to the golden files that the
// consumers read.
func TestEvents(t *testing.T) {
	happy := travel(t, confirmed())
	sad := travel(t, but("ReserveInventory", answer{error: "OutOfStock", cause: `inventory: sku "MUG-BLUE" is out of stock`}))
	seen := map[order.EventType]bool{}
	for _, j := range []*journey{happy, sad} {
		for _, message := range j.messages {
			e, err := order.ParseEvent(message)
			if err != nil {
				t.Fatal(err)
			}
			if seen[e.Type] {
				continue
			}
			seen[e.Type] = true
			golden, err := os.ReadFile("../lambdas/order/testdata/events/" + string(e.Type) + ".json")
			if err != nil {
				t.Fatal(err)
			}
			want := string(golden)
			if e.Data.TaskToken != "" {
				state := strings.TrimPrefix(e.ID, orderID+"/")
				if e.Data.TaskToken != j.tokens[state] {
					t.Errorf("%s carries token %q, want %q", e.Type, e.Data.TaskToken, j.tokens[state])
				}
				want = strings.Replace(want, "AQCEAAAAKgAAAAMAAAAA-example-task-token", e.Data.TaskToken, 1)
			}
			equalJSON(t, string(e.Type), message, want)
		}
	}
	for _, want := range []order.EventType{order.InventoryRequested, order.ShipmentRequested, order.Placed, order.OrderConfirmed, order.OrderCancelled} {
		if !seen[want] {
			t.Errorf("%s is never published", want)
		}
	}
}

// TestMessageAttribute: subscriptions filter on the attribute type, which
// must say what the event says.
func TestMessageAttribute(t *testing.T) {
	for _, j := range []*journey{travel(t, confirmed()), travel(t, but("ArrangeShipment", answer{error: "ShipmentRefused", cause: "no"}))} {
		for state, calls := range j.calls {
			for _, call := range calls {
				var publish struct {
					TopicArn          string
					Message           struct{ Type string }
					MessageAttributes map[string]struct{ DataType, StringValue string }
				}
				if err := json.Unmarshal(call, &publish); err != nil {
					t.Fatal(err)
				}
				if publish.TopicArn == "" {
					continue
				}
				if a := publish.MessageAttributes["type"]; a.DataType != "String" || a.StringValue != publish.Message.Type || publish.TopicArn != topic {
					t.Errorf("%s publishes %s", state, call)
				}
			}
		}
	}
}

// TestItem: the order as PersistOrder and CancelOrder write it to DynamoDB.
func TestItem(t *testing.T) {
	j := travel(t, confirmed())
	var put struct{ Item, ExpressionAttributeValues json.RawMessage }
	if err := json.Unmarshal(j.calls["PersistOrder"][0], &put); err != nil {
		t.Fatal(err)
	}
	equalJSON(t, "item", put.Item, `{
		"orderId": {"S": "`+orderID+`"}, "status": {"S": "PENDING"}, "customerId": {"S": "c-42"},
		"customer": {"M": {"id": {"S": "c-42"}, "name": {"S": "Ada Ünïcode"}, "email": {"S": "ada@example.com"}}},
		"shippingAddress": {"M": {"name": {"S": "Ada"}, "line1": {"S": "1 Byron St"}, "city": {"S": "London"}, "postalCode": {"S": "N1 1AA"}, "country": {"S": "GB"}}},
		"lines": {"L": [{"M": {"sku": {"S": "MUG-BLUE"}, "name": {"S": "Blue mug"}, "quantity": {"N": "2"}, "unitPrice": {"M": {"amount": {"N": "1250"}, "currency": {"S": "GBP"}}}, "weightGrams": {"N": "350"}}}]},
		"total": {"M": {"amount": {"N": "2500"}, "currency": {"S": "GBP"}}},
		"createdAt": {"S": "2026-01-02T03:04:05.000Z"}, "fingerprint": {"S": "fp"}}`)

	j = travel(t, but("ReserveInventory", answer{error: "OutOfStock", cause: "none"}))
	if err := json.Unmarshal(j.calls["CancelOrder"][0], &put); err != nil {
		t.Fatal(err)
	}
	equalJSON(t, "values", put.ExpressionAttributeValues, `{
		":pending": {"S": "PENDING"}, ":status": {"S": "REJECTED"}, ":now": {"S": "2026-01-02T03:04:05Z"},
		":failure": {"M": {"code": {"S": "OutOfStock"}, "detail": {"S": "none"}}},
		":customerId": {"S": "c-42"},
		":customer": {"M": {"id": {"S": "c-42"}, "name": {"S": "Ada Ünïcode"}, "email": {"S": "ada@example.com"}}},
		":shippingAddress": {"M": {"name": {"S": "Ada"}, "line1": {"S": "1 Byron St"}, "city": {"S": "London"}, "postalCode": {"S": "N1 1AA"}, "country": {"S": "GB"}}},
		":items": {"L": [{"M": {"sku": {"S": "MUG-BLUE"}, "quantity": {"N": "2"}}}]},
		":createdAt": {"S": "2026-01-02T03:04:05.000Z"}, ":fingerprint": {"S": "fp"}}`)
}
