package reconciliation_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/google/go-cmp/cmp"

	"orderflow/cmd/local/cloud/cloudtest"
	"orderflow/lambdas/order"
	"orderflow/lambdas/reconciliation"
)

const longAgo = "1999-12-31T03:04:05.678Z" // before any bubble begins

// A desk is reconciliation in a cloud, with a state machine whose executions
// run for an hour. Nothing may be on its way for long: its grace is nil.
type desk struct {
	*cloudtest.Cloud
	t         *testing.T
	variables []string
	machine   string // ARN
	published []order.Event
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{Cloud: cloudtest.New(t), t: t}
	for _, table := range []string{"orders", "reservations", "shipments"} {
		d.CreateTable(table, "orderId")
	}
	d.CreateTable("stock", "sku")
	topic, err := sns.NewFromConfig(d.AWSConfig()).CreateTopic(t.Context(), &sns.CreateTopicInput{Name: aws.String("orders")})
	if err != nil {
		t.Fatal(err)
	}
	machine, err := sfn.NewFromConfig(d.AWSConfig()).CreateStateMachine(t.Context(), &sfn.CreateStateMachineInput{
		Name: aws.String("machine"), RoleArn: aws.String(cloudtest.RoleARN),
		Definition: aws.String(`{"QueryLanguage": "JSONata", "StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 3600, "End": true}}}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	d.machine = *machine.StateMachineArn
	d.variables = []string{
		"ORDERS_TABLE", "orders", "RESERVATIONS_TABLE", "reservations", "SHIPMENTS_TABLE", "shipments", "STOCK_TABLE", "stock",
		"ORDERS_TOPIC_ARN", *topic.TopicArn, "STATE_MACHINE_ARN", d.machine, "METRICS_NAMESPACE", "orderflow", "GRACE_SECONDS", "0",
	}
	return d
}

// put writes an order with what is held for it, each "" being no row.
func (d *desk) put(orderID string, status order.Status, reservation, shipment string) {
	d.t.Helper()
	if status != "" {
		row := map[string]any{
			"orderId": orderID, "status": status, "createdAt": longAgo,
			"customer": map[string]any{"name": "Ada"}, "shippingAddress": map[string]any{"name": "Ada"},
			"lines": []order.Line{{SKU: "MUG", Quantity: 2, UnitPrice: order.Money{Amount: 1250, Currency: "GBP"}}},
			"total": order.Money{Amount: 2500, Currency: "GBP"},
		}
		if status.Final() {
			row["decidedAt"] = longAgo
		}
		if status == order.Confirmed {
			row["reservation"] = map[string]any{"reservationId": orderID, "reservedAt": longAgo}
			row["shipment"] = map[string]any{"carrier": "ACME", "trackingNumber": "A-1", "bookedAt": longAgo}
		} else if status.Final() {
			row["failure"] = order.Failure{Code: "OutOfStock", Detail: "none left"}
		}
		d.Put("orders", row)
	}
	if reservation != "" {
		d.Put("reservations", map[string]any{"orderId": orderID, "status": reservation, "reservedAt": longAgo})
	}
	if shipment != "" {
		d.Put("shipments", map[string]any{"orderId": orderID, "status": shipment, "bookedAt": longAgo})
	}
}

func (d *desk) start(orderID string) {
	d.t.Helper()
	_, err := sfn.NewFromConfig(d.AWSConfig()).StartExecution(d.t.Context(), &sfn.StartExecutionInput{StateMachineArn: &d.machine, Name: &orderID})
	if err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) stop(orderID, why string) {
	d.t.Helper()
	in := &sfn.StopExecutionInput{ExecutionArn: aws.String(strings.Replace(d.machine, ":stateMachine:", ":execution:", 1) + ":" + orderID)}
	if why != "" {
		in.Error = &why
	}
	if _, err := sfn.NewFromConfig(d.AWSConfig()).StopExecution(d.t.Context(), in); err != nil {
		d.t.Fatal(err)
	}
}

// run makes a run that meets faults, and keeps what it publishes.
func (d *desk) run(request string, faults ...cloudtest.Fault) reconciliation.Report {
	d.t.Helper()
	return d.runFor(d.t.Context(), request, faults...)
}

func (d *desk) runFor(ctx context.Context, request string, faults ...cloudtest.Fault) (report reconciliation.Report) {
	d.t.Helper()
	d.published = nil
	keep := cloudtest.Fault{Action: "POST", Before: func(form string) { d.published = append(d.published, d.event(form)) }}
	h, err := reconciliation.New(d.Faulty(append(faults, keep)...), cloudtest.Environment(d.variables...))
	if err != nil {
		d.t.Fatal(err)
	}
	out, err := h.Invoke(ctx, []byte(request))
	if err != nil {
		d.t.Fatal(err)
	}
	if err := json.Unmarshal(out, &report); err != nil {
		d.t.Fatal(err)
	}
	return report
}

// event is what a form publishes.
func (d *desk) event(form string) order.Event {
	d.t.Helper()
	values, err := url.ParseQuery(form)
	if err != nil {
		d.t.Fatal(err)
	}
	e, err := order.ParseEvent([]byte(values.Get("Message")))
	if err != nil {
		d.t.Fatal(err)
	}
	if attribute := values.Get("MessageAttributes.entry.1.Value.StringValue"); attribute != string(e.Type) {
		d.t.Errorf("event of type %q has the attribute %q", e.Type, attribute)
	}
	return e
}

func (d *desk) events() (types []string) {
	for _, e := range d.published {
		types = append(types, fmt.Sprintf("%s %s %s", e.ID, e.Type, e.Data.Status))
	}
	slices.Sort(types)
	return types
}

func sorted(r reconciliation.Report) reconciliation.Report {
	slices.SortFunc(r.Found, func(a, b reconciliation.Finding) int { return strings.Compare(a.OrderID+a.SKU, b.OrderID+b.SKU) })
	return r
}

// One order of each kind that should not be, and of each that should.
func TestFindsAndRepairs(t *testing.T) {
	d := newDesk(t)
	for _, running := range []string{"runs", "announcing"} {
		d.start(running)
	}
	for _, stopped := range []string{"stopped", "handled", "lost-cancel"} {
		d.start(stopped)
		d.stop(stopped, map[string]string{"stopped": "Operator"}[stopped])
	}
	d.put("runs", order.Pending, "RESERVED", "")
	d.put("announcing", order.Confirmed, "RESERVED", "BOOKED")
	d.put("fine", order.Confirmed, "COMMITTED", "DISPATCHED")
	d.put("handled", order.Rejected, "RELEASED", "CANCELLED")
	d.put("archived", "", "COMMITTED", "DISPATCHED")
	d.Put("stock", map[string]any{"sku": "MUG", "stocked": 5, "available": 3, "reserved": 1, "committed": 1})

	d.put("stopped", order.Pending, "RESERVED", "BOOKED")
	d.put("never-started", order.Pending, "", "")
	d.put("lost-cancel", order.Failed, "RESERVED", "CANCELLED")
	d.put("lost-confirm", order.Confirmed, "COMMITTED", "BOOKED")
	d.put("orphan", "", "RESERVED", "BOOKED")
	d.put("parcel", "", "", "BOOKED")
	d.put("given", order.Rejected, "COMMITTED", "CANCELLED")
	d.put("taken", order.Confirmed, "RELEASED", "DISPATCHED")
	d.Put("stock", map[string]any{"sku": "POT", "stocked": 5, "available": 5, "reserved": 1, "committed": 0})

	want := reconciliation.Report{
		DryRun: true, Complete: true, Unrepaired: 9,
		Scanned: reconciliation.Scanned{Orders: 10, Reservations: 11, Shipments: 11, Stock: 2},
		Problems: map[reconciliation.Problem]int{
			reconciliation.NeverDecided: 2, reconciliation.NotTakenBack: 1, reconciliation.NotHandedOver: 1, reconciliation.HeldForNoOrder: 2,
			reconciliation.WronglyHandedOver: 1, reconciliation.WronglyTakenBack: 1, reconciliation.Miscounted: 1,
		},
		Found: []reconciliation.Finding{
			{SKU: "POT", Problem: reconciliation.Miscounted, Repair: reconciliation.ByHand},
			{OrderID: "given", Problem: reconciliation.WronglyHandedOver, Repair: reconciliation.ByHand},
			{OrderID: "lost-cancel", Problem: reconciliation.NotTakenBack, Repair: reconciliation.AnnounceCancelled},
			{OrderID: "lost-confirm", Problem: reconciliation.NotHandedOver, Repair: reconciliation.AnnounceConfirmed},
			{OrderID: "never-started", Problem: reconciliation.NeverDecided, Repair: reconciliation.CancelOrder},
			{OrderID: "orphan", Problem: reconciliation.HeldForNoOrder, Repair: reconciliation.AnnounceCancelled},
			{OrderID: "parcel", Problem: reconciliation.HeldForNoOrder, Repair: reconciliation.AnnounceCancelled},
			{OrderID: "stopped", Problem: reconciliation.NeverDecided, Repair: reconciliation.CancelOrder},
			{OrderID: "taken", Problem: reconciliation.WronglyTakenBack, Repair: reconciliation.ByHand},
		},
	}
	before := d.Items("orders", "orderId")
	if diff := cmp.Diff(want, sorted(d.run(`{"dryRun": true}`))); diff != "" {
		t.Errorf("dry run (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(before, d.Items("orders", "orderId")); diff != "" || len(d.published) > 0 {
		t.Errorf("a dry run published %v and changed\n%s", d.events(), diff)
	}

	want.DryRun, want.Repaired, want.Unrepaired = false, 6, 3
	if diff := cmp.Diff(want, sorted(d.run(`{}`))); diff != "" {
		t.Errorf("run (-want +got):\n%s", diff)
	}
	wantEvents := []string{
		"lost-cancel/AnnounceCancelled order.cancelled FAILED",
		"lost-confirm/AnnounceConfirmed order.confirmed CONFIRMED",
		"never-started/AnnounceCancelled order.cancelled FAILED",
		"orphan/AnnounceCancelled order.cancelled FAILED",
		"parcel/AnnounceCancelled order.cancelled FAILED",
		"stopped/AnnounceCancelled order.cancelled FAILED",
	}
	if diff := cmp.Diff(wantEvents, d.events()); diff != "" {
		t.Errorf("published (-want +got):\n%s", diff)
	}
	for id, code := range map[string]string{"stopped": "Operator", "never-started": "ExecutionDoesNotExist"} {
		row := d.Items("orders", "orderId")[id]
		failure, _ := row["failure"].(map[string]any)
		decided, _ := row["decidedAt"].(string)
		if row["status"] != "FAILED" || failure["code"] != code || failure["detail"] == "" || len(decided) != len(longAgo) {
			t.Errorf("%s: %v", id, row)
		}
	}
	for _, e := range d.published {
		if e.Type == order.OrderConfirmed && (len(e.Data.Lines) != 1 || e.Data.Total.Amount != 2500 || e.Data.Shipment.TrackingNumber != "A-1" || e.Data.Reservation.ID != "lost-confirm") {
			t.Errorf("confirmed again with %+v", e.Data)
		}
	}
}

// Between a decision and its announcement a run may die: the next one finds
// what was never announced, also where nothing was held.
func TestDecidedButNotAnnounced(t *testing.T) {
	d := newDesk(t)
	d.put("o1", order.Pending, "", "")
	d.put("o2", order.Confirmed, "RESERVED", "BOOKED")
	refused := cloudtest.Fault{Action: "POST", Times: 1, Status: 400, Body: `<ErrorResponse><Error><Code>AuthorizationError</Code></Error></ErrorResponse>`}
	if r := d.run(`{}`, refused); r.Repaired != 1 || r.Unrepaired != 1 {
		t.Errorf("one of two repairs fails: %+v", r)
	}
	for range 2 {
		if r := d.run(`{}`); r.Repaired != 2 || r.Unrepaired != 0 {
			t.Errorf("then: %+v", r)
		}
	}
	if status := d.Items("orders", "orderId")["o1"]["status"]; status != "FAILED" {
		t.Errorf("o1 is %v", status)
	}
}

// Who decides between the look and the repair wins, and is announced: the
// execution, which would have done that, is over.
func TestDecidedMeanwhile(t *testing.T) {
	for decided, want := range map[order.Status]string{
		order.Cancelled: "[o1/AnnounceCancelled order.cancelled CANCELLED]",
		order.Confirmed: "[o1/AnnounceConfirmed order.confirmed CONFIRMED]",
		order.Failed:    "[]", // by another run
	} {
		d := newDesk(t)
		d.put("o1", order.Pending, "RESERVED", "BOOKED")
		d.run(`{}`, cloudtest.Fault{Action: "UpdateItem", Times: 1, Before: func(string) { d.put("o1", decided, "RESERVED", "BOOKED") }})
		if status := d.Items("orders", "orderId")["o1"]["status"]; status != string(decided) || fmt.Sprint(d.events()) != want {
			t.Errorf("o1 is %v, published %v, want %s and %s", status, d.events(), decided, want)
		}
	}
}

// An order that cannot be judged is left to the next run, and no other.
func TestUnreadableExecution(t *testing.T) {
	d := newDesk(t)
	d.put("o1", order.Pending, "", "")
	d.put("o2", order.Pending, "", "")
	r := d.run(`{}`, cloudtest.Fault{Action: "DescribeExecution", Times: 1, Status: 400, Body: `{"__type":"AccessDeniedException"}`})
	if r.Complete || r.Repaired != 1 {
		t.Errorf("%+v", r)
	}
}

// Step Functions has little to give at a time, and more later.
func TestThrottled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.put("o1", order.Pending, "", "")
		r := d.run(`{}`, cloudtest.Fault{Action: "DescribeExecution", Times: 6, Status: 400, Body: `{"__type":"ThrottlingException"}`})
		if !r.Complete || r.Repaired != 1 {
			t.Errorf("%+v", r)
		}
	})
}

// A table that cannot be read keeps nobody from looking at the others.
func TestUnreadableTable(t *testing.T) {
	d := newDesk(t)
	d.put("o1", order.Pending, "", "")
	d.put("o2", "", "RESERVED", "")
	d.variables[slices.Index(d.variables, "reservations")] = "none"
	if r := d.run(`{}`); r.Complete || r.Repaired != 0 || r.Scanned.Orders != 1 || r.Scanned.Reservations != 0 {
		t.Errorf("%+v", r)
	}
}

func TestUnprocessedKeys(t *testing.T) {
	const again = `{"Responses": {}, "UnprocessedKeys": {"reservations": {"Keys": [{"orderId": {"S": "o1"}}],
		"ProjectionExpression": "orderId, #status", "ExpressionAttributeNames": {"#status": "status"}}}}`
	for name, test := range map[string]struct {
		times    int
		complete bool
	}{"some": {3, true}, "too many": {0, false}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDesk(t)
				d.put("o1", order.Confirmed, "COMMITTED", "DISPATCHED")
				r := d.run(`{}`, cloudtest.Fault{Action: "BatchGetItem", Times: test.times, Status: 200, Body: again})
				if r.Complete != test.complete || len(r.Found) > 0 {
					t.Errorf("%+v", r)
				}
			})
		})
	}
}

// Many are found in batches, told in part and repaired up to a limit: so much
// at once is a backlog, not a loss.
func TestMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		for i := range 1010 {
			d.put(fmt.Sprintf("lost-%d", i), order.Rejected, "", "")
		}
		for i := range 250 {
			d.put(fmt.Sprintf("fine-%d", i), order.Confirmed, "COMMITTED", "DISPATCHED")
		}
		r := d.run(`{}`)
		if !r.Complete || r.Scanned.Orders != 1260 || len(r.Found) != 100 || r.Problems[reconciliation.NotTakenBack] != 1010 || r.Repaired != 1000 || r.Unrepaired != 10 || len(d.published) != 1000 {
			t.Errorf("published %d: complete %v, scanned %+v, found %d, %v, repaired %d, unrepaired %d",
				len(d.published), r.Complete, r.Scanned, len(r.Found), r.Problems, r.Repaired, r.Unrepaired)
		}
	})
}

func TestTimeRunsOut(t *testing.T) {
	d := newDesk(t)
	d.put("o1", order.Pending, "", "")
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if r := d.runFor(ctx, `{}`); r.Complete || r.Repaired+r.Unrepaired > 0 || len(d.published) > 0 {
		t.Errorf("%+v", r)
	}
}

// Nothing personal is asked for, told or logged.
func TestNothingPersonal(t *testing.T) {
	var log bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewJSONHandler(&log, nil)))
	defer slog.SetDefault(before)
	d := newDesk(t)
	d.put("o1", order.Confirmed, "RESERVED", "BOOKED")
	check := func(body string) {
		if !strings.Contains(body, "ProjectionExpression") || strings.Contains(body, "customer") || strings.Contains(body, "shippingAddress") {
			t.Errorf("asks for %s", body)
		}
	}
	scan := func(body string) {
		check(body)
		if !strings.Contains(body, `"Select":"SPECIFIC_ATTRIBUTES"`) {
			t.Errorf("scans for %s", body)
		}
	}
	d.run(`{}`, cloudtest.Fault{Action: "Scan", Before: scan}, cloudtest.Fault{Action: "BatchGetItem", Before: check})
	published, err := json.Marshal(d.published)
	if err != nil {
		t.Fatal(err)
	}
	if text := log.String() + string(published); !strings.Contains(text, `"orderId":"o1"`) || strings.Contains(text, "Ada") {
		t.Error(text)
	}
}

// A misspelt dry run must not be a run.
func TestMisspeltRequest(t *testing.T) {
	d := newDesk(t)
	h, err := reconciliation.New(d.AWSConfig(), cloudtest.Environment(d.variables...))
	if err != nil {
		t.Fatal(err)
	}
	for _, request := range []string{`{"dryrun": true}`, `{"dryRun": "true"}`, `[]`, ``} {
		if out, err := h.Invoke(t.Context(), []byte(request)); err == nil {
			t.Errorf("%s is answered %s", request, out)
		}
	}
}

func TestNewNeedsItsEnvironment(t *testing.T) {
	all := []string{
		"ORDERS_TABLE", "o", "RESERVATIONS_TABLE", "r", "SHIPMENTS_TABLE", "s", "STOCK_TABLE", "k",
		"ORDERS_TOPIC_ARN", "t", "STATE_MACHINE_ARN", "m", "METRICS_NAMESPACE", "n", "GRACE_SECONDS", "900",
	}
	if _, err := reconciliation.New(aws.Config{}, cloudtest.Environment(all...)); err != nil {
		t.Error(err)
	}
	for i := 0; i < len(all); i += 2 {
		without := slices.Delete(slices.Clone(all), i, i+2)
		if _, err := reconciliation.New(aws.Config{}, cloudtest.Environment(without...)); err == nil || !strings.Contains(err.Error(), all[i]+" is not set") {
			t.Errorf("without %s: error %v", all[i], err)
		}
	}
	all[len(all)-1] = "15m"
	if _, err := reconciliation.New(aws.Config{}, cloudtest.Environment(all...)); err == nil || !strings.Contains(err.Error(), `"15m"`) {
		t.Errorf("error %v", err)
	}
}
