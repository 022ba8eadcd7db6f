package states

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"orderflow/statemachine/asl"
)

// Every kind of event, with every field of its details set, comes back as it
// was: a field that the journal forgets fails here.
func TestJournalKeepsEveryField(t *testing.T) {
	c := &compressor{}
	var j journal
	var want []asl.HistoryEvent
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	add := func(typ string, details any) {
		at = at.Add(1234 * time.Millisecond)
		e := asl.HistoryEvent{ID: int64(len(want) + 1), PreviousID: int64(len(want) / 2), Timestamp: at, Type: typ, Details: details}
		want = append(want, e)
		j.append(c, e)
	}
	for i, k := range eventKinds {
		add(k.name, nil)
		if k.details != nil {
			full, empty := k.details(), k.details()
			fill(t, reflect.ValueOf(full).Elem(), i)
			add(k.name, full)
			add(k.name, empty)
			add(k.name, full) // its payload repeats, or does not
			if name := asl.DetailsName(k.name); name == "" {
				t.Errorf("the core knows no details of %s", k.name)
			}
		} else if name := asl.DetailsName(k.name); name != "" {
			t.Errorf("the journal knows no details of %s, the core has %s", k.name, name)
		}
	}
	add("SomethingNew", nil)
	compareJournal(t, c, &j, want)
	j.pack(c)
	compareJournal(t, c, &j, want)
	compareJournal(t, c, new(stored(j.blocks)), want)

	// The next history is written with this one as its dictionary.
	c.learn(&j)
	if len(c.known()) != 1 {
		t.Fatal("a history of this length should have become the dictionary")
	}
	var next journal
	for _, e := range want {
		next.append(c, e)
	}
	next.pack(c)
	compareJournal(t, c, &next, want)
	compareJournal(t, c, &j, want)
}

func compareJournal(t *testing.T, c *compressor, j *journal, want []asl.HistoryEvent) {
	t.Helper()
	got := slices.Collect(j.events(c, 1))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("journal (-want +got):\n%s", diff)
	}
}

// fill sets every field to something else than its zero.
func fill(t *testing.T, v reflect.Value, salt int) {
	t.Helper()
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(t, v.Field(i), salt+i)
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(t, v.Elem(), salt)
	case reflect.String:
		v.SetString(fmt.Sprintf("text %0150d", salt))
	case reflect.Int64:
		v.SetInt(int64(salt + 1))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Map:
		v.Set(reflect.ValueOf(map[string]string{"b": "2", "a": fmt.Sprint(salt)}))
	default:
		t.Fatalf("the details have a %s: teach the journal and this test", v.Kind())
	}
}

// A long history is read back whole, whatever the sizes of its payloads.
func TestJournalOfManyBlocks(t *testing.T) {
	c := &compressor{}
	rnd := rand.New(rand.NewPCG(1, 2))
	var j journal
	var want []asl.HistoryEvent
	for i := range int64(2000) {
		size := rnd.IntN(300)
		if i%500 == 0 {
			size = asl.MaxPayload
		}
		e := asl.HistoryEvent{
			ID: i + 1, PreviousID: i, Timestamp: time.UnixMilli(1e12 + i*7).UTC(), Type: "PassStateEntered",
			Details: &asl.StateEnteredDetails{Name: "Ünïcode", Input: strings.Repeat(string(rune('a'+i%26)), size)},
		}
		want = append(want, e)
		j.append(c, e)
	}
	compareJournal(t, c, &j, want)
	for range 20 {
		compareFrom(t, c, &j, want, rnd.Int64N(2100))
	}
}

func compareFrom(t *testing.T, c *compressor, j *journal, want []asl.HistoryEvent, from int64) {
	t.Helper()
	got := slices.Collect(j.events(c, from))
	want = want[min(max(from-1, 0), int64(len(want))):]
	if slices.EqualFunc(want, got, func(a, b asl.HistoryEvent) bool { return reflect.DeepEqual(a, b) }) {
		return // which cmp would take long to find out
	}
	t.Fatalf("journal from event %d on (-want +got):\n%s", from, cmp.Diff(want, got))
}

// TestJournalFromAnyEvent: wherever one begins to read, and whatever is packed
// by then, one reads the same; and never much that one did not ask for.
func TestJournalFromAnyEvent(t *testing.T) {
	for name, often := range map[string]int{"one by one": 1, "often": 7, "when it is full": 1000} {
		t.Run(name, func(t *testing.T) {
			c := &compressor{}
			var j journal
			var want []asl.HistoryEvent
			for n := 0; len(want) < 3000; n++ {
				for _, e := range orderHistory(n) {
					e.ID = int64(len(want) + 1)
					want = append(want, e)
					j.append(c, e)
					if len(want)%often == 0 {
						j.pack(c)
					}
				}
			}
			for from := int64(0); from < int64(len(want)); from += 97 {
				compareFrom(t, c, &j, want, from)
			}
			kept := stored(j.blocks)
			compareFrom(t, c, &kept, want[:kept.count], kept.count)
			for id := int64(1); id <= j.count; id++ {
				if _, before := j.before(id); id-before > 200 {
					t.Fatalf("to read event %d one begins after event %d", id, before)
				}
			}
		})
	}
}

func FuzzJournal(f *testing.F) {
	f.Add(`{"a":1}`, `{"a":1}`, int64(5), "States.Timeout", true)
	c := &compressor{}
	f.Fuzz(func(t *testing.T, input, output string, n int64, name string, set bool) {
		failed := &asl.TaskFailedDetails{ResourceType: name, Resource: input}
		if set {
			failed.Error, failed.Cause = &name, &output
		}
		want := []asl.HistoryEvent{
			{ID: 1, Timestamp: time.UnixMilli(n % 1e15).UTC(), Type: "ExecutionStarted", Details: &asl.ExecutionStartedDetails{Input: input, RoleARN: name}},
			{ID: 2, PreviousID: n, Timestamp: time.UnixMilli(0).UTC(), Type: "TaskStateEntered", Details: &asl.StateEnteredDetails{Name: name, Input: output}},
			{ID: 3, Timestamp: time.UnixMilli(1).UTC(), Type: "TaskFailed", Details: failed},
		}
		var j journal
		for _, e := range want {
			j.append(c, e)
		}
		if n%2 == 0 {
			j.pack(c)
		}
		compareJournal(t, c, &j, want)
		compareFrom(t, c, &j, want, n%5)
	})
}

// orderHistory is what an order's happy path records, nearly.
func orderHistory(n int) []asl.HistoryEvent {
	id := fmt.Sprintf("019a%04x-7c1e-7f3a-9b2e-%012x", n, n*7919)
	at := time.UnixMilli(1_760_000_000_000 + int64(n)*37).UTC()
	var events []asl.HistoryEvent
	add := func(typ string, previous int64, details any) {
		at = at.Add(time.Duration(n%5) * time.Millisecond)
		events = append(events, asl.HistoryEvent{ID: int64(len(events) + 1), PreviousID: previous, Timestamp: at, Type: typ, Details: details})
	}
	whole := &asl.DataDetails{}
	input := fmt.Sprintf(`{"fingerprint":"%064x","customer":{"id":"c-%d","name":"Ada Lovelace","email":"ada%d@example.com","phone":"+4420%07d"},"items":[{"sku":"MUG-BLUE","quantity":%d},{"sku":"TEE-M","quantity":1}],"shippingAddress":{"name":"Ada Lovelace","line1":"%d Byron St","city":"London","postalCode":"N1 1AA","country":"GB"}}`, n*1234567, n, n, n*31, n%7+1, n%99)
	lines := fmt.Sprintf(`[{"sku":"MUG-BLUE","name":"Blue mug","quantity":%d,"unitPrice":{"amount":1250,"currency":"GBP"},"total":{"amount":%d,"currency":"GBP"},"weightGrams":350},{"sku":"TEE-M","name":"T-shirt, medium","quantity":1,"unitPrice":{"amount":1900,"currency":"GBP"},"total":{"amount":1900,"currency":"GBP"},"weightGrams":180}]`, n%7+1, (n%7+1)*1250)
	total := fmt.Sprintf(`{"amount":%d,"currency":"GBP"}`, (n%7+1)*1250+1900)
	meta := func(api, head string) string {
		return string(withMetadata([]byte(head), apis[api], requestID{uint64(n), int64(len(events))}))
	}
	task := func(state, typ, res, input, parameters, result, output string, assigned map[string]string) {
		p := int64(len(events))
		add("TaskStateEntered", p, &asl.StateEnteredDetails{Name: state, Input: input, InputDetails: whole})
		add("TaskScheduled", p+1, &asl.TaskScheduledDetails{ResourceType: typ, Resource: res, Region: "us-east-1", Parameters: parameters, TimeoutInSeconds: new(int64(30))})
		add("TaskStarted", p+2, &asl.TaskStartedDetails{ResourceType: typ, Resource: res})
		if strings.HasSuffix(res, "Token") {
			add("TaskSubmitted", p+3, &asl.TaskSubmittedDetails{ResourceType: typ, Resource: res, Output: meta("sns", `{"MessageId":"`+id+`"}`), OutputDetails: whole})
		}
		add("TaskSucceeded", int64(len(events)), &asl.TaskSucceededDetails{ResourceType: typ, Resource: res, Output: result, OutputDetails: whole})
		add("TaskStateExited", int64(len(events)), &asl.StateExitedDetails{Name: state, Output: output, OutputDetails: whole, AssignedVariables: assigned})
	}
	quoted := func(s string) string { b, _ := json.Marshal(s); return string(b) }
	add("ExecutionStarted", 0, &asl.ExecutionStartedDetails{Input: input, InputDetails: whole, RoleARN: "arn:aws:iam::000000000000:role/OrderStateMachineRole"})
	priced := `{"orderId":"` + id + `","lines":` + lines + `,"total":` + total + `}`
	task("ValidateOrder", "lambda", "invoke", input,
		`{"FunctionName":"ValidationFunction","Payload":{"orderId":"`+id+`","items":[{"sku":"MUG-BLUE","quantity":2},{"sku":"TEE-M","quantity":1}]}}`,
		meta("sqs", `{"ExecutedVersion":"$LATEST","Payload":`+priced+`,"StatusCode":200}`), priced,
		map[string]string{"orderId": quoted(id), "lines": lines, "total": total})
	task("PersistOrder", "dynamodb", "putItem", priced, `{"TableName":"OrdersTable","Item":{"orderId":{"S":"`+id+`"},"doc":`+input+`,"lines":`+lines+`},"ConditionExpression":"attribute_not_exists(orderId) OR (fingerprint = :fingerprint AND #status = :pending)"}`,
		meta("dynamodb", `{}`), `{"orderId":"`+id+`","status":"PENDING"}`, nil)
	add("ParallelStateEntered", 11, &asl.StateEnteredDetails{Name: "FanOut", Input: `{"orderId":"` + id + `","status":"PENDING"}`, InputDetails: whole})
	add("ParallelStateStarted", 12, nil)
	for _, state := range []string{"ReserveInventory", "ArrangeShipment", "AnnounceOrder"} {
		res := "publish.waitForTaskToken"
		if state == "AnnounceOrder" {
			res = "publish"
		}
		token := fmt.Sprintf("%x", rand.New(rand.NewPCG(uint64(n), 1)).Perm(60))
		result := `{"reservationId":"` + id + `","reservedAt":"2026-03-01T12:00:00.123Z"}`
		task(state, "sns", res, `{"orderId":"`+id+`","status":"PENDING"}`,
			`{"TopicArn":"arn:aws:sns:us-east-1:000000000000:OrdersTopic","Message":{"specversion":"1.0","id":"`+id+"/"+state+`","source":"urn:orderflow:orders","type":"inventory.requested","subject":"`+id+`","time":"2026-03-01T12:00:00.120Z","datacontenttype":"application/json","data":{"orderId":"`+id+`","lines":`+lines+`,"taskToken":"`+token+`"}},"MessageAttributes":{"type":{"DataType":"String","StringValue":"inventory.requested"}}}`,
			result, result, nil)
	}
	add("ParallelStateSucceeded", 30, nil)
	both := `{"reservation":{"reservationId":"` + id + `","reservedAt":"2026-03-01T12:00:00.123Z"},"shipment":{"carrier":"local","trackingNumber":"LC` + id[:8] + `","bookedAt":"2026-03-01T12:00:00.125Z"}}`
	add("ParallelStateExited", 29, &asl.StateExitedDetails{Name: "FanOut", Output: both, OutputDetails: whole})
	task("ConfirmOrder", "dynamodb", "updateItem", both, `{"TableName":"OrdersTable","Key":{"orderId":{"S":"`+id+`"}},"UpdateExpression":"SET #status = :confirmed, reservation = :reservation, shipment = :shipment, decidedAt = :now"}`, meta("dynamodb", `{}`), `{"orderId":"`+id+`","status":"CONFIRMED"}`, nil)
	final := `{"orderId":"` + id + `","status":"CONFIRMED","lines":` + lines + `,"total":` + total + `,"both":` + both + `}`
	task("AnnounceConfirmed", "sns", "publish", `{"orderId":"`+id+`","status":"CONFIRMED"}`, `{"TopicArn":"arn:aws:sns:us-east-1:000000000000:OrdersTopic","Message":{"data":`+final+`}}`, meta("sns", `{"MessageId":"`+id+`"}`), final, nil)
	add("ExecutionSucceeded", int64(len(events)), &asl.ExecutionSucceededDetails{Output: final, OutputDetails: whole})
	return events
}

func BenchmarkJournal(b *testing.B) {
	c := &compressor{}
	histories := make([][]asl.HistoryEvent, 64)
	for i := range histories {
		histories[i] = orderHistory(i + 1)
	}
	raw, packed, events := 0, 0, 0
	var first journal
	for _, e := range orderHistory(1000) {
		first.append(c, e)
	}
	first.pack(c)
	c.learn(&first)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		var j journal
		h := histories[i%len(histories)]
		for _, e := range h {
			j.append(c, e)
		}
		j.pack(c)
		events = len(h)
		packed = 0
		for _, block := range j.blocks {
			packed += cap(block)
		}
	}
	var enc coder
	for i, e := range histories[0] {
		enc.event(&e, int64(i+1))
	}
	raw = len(enc.buf)
	b.ReportMetric(float64(packed), "bytes/history")
	b.ReportMetric(float64(raw), "raw-bytes/history")
	b.ReportMetric(float64(events), "events/history")
}
