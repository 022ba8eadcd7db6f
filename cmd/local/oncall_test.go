package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"orderflow/cmd/local/cloud/interpose"
	"orderflow/cmd/local/cloud/protocol"
	"orderflow/lambdas/metric/metrictest"
	"orderflow/lambdas/order"
	"orderflow/template"
)

// aboutNone are the lines that are about no order: about a run of
// reconciliation, several orders at once, or what names none.
var aboutNone = map[string]bool{
	"message is no event": true,
	"reconciliation done": true,
	"request answered":    true, // a list, or refused before it was an order
	"stock was contended": true, // by a batch
}

// TestWhatOnCallSees: whatever happens to orders, each line about one names it
// and its execution, all the metrics are told that dashboard and alarms ask
// for, with the dimensions that they ask by and by CloudWatch's rules, and no
// line, event or metric has anything personal.
func TestWhatOnCallSees(t *testing.T) {
	var deaf, contended, away atomic.Bool
	weather := func(_ context.Context, c *interpose.Call, do func()) error {
		switch {
		case (c.From == "orderflow-InventoryFunction" || c.From == "orderflow-AnalyticsFunction") && away.Load():
			return io.ErrUnexpectedEOF
		case c.From == "orderflow-ShipmentFunction" && c.To == "carrier" && c.Action == "DELETE" && !deaf.Swap(true):
			return io.ErrUnexpectedEOF
		case c.From == "orderflow-InventoryFunction" && c.Action == "TransactWriteItems" && !contended.Swap(true):
			err := protocol.Errorf("TransactionCanceledException", "Transaction cancelled, please refer cancellation reasons for specific reasons")
			reasons := slices.Repeat([]any{map[string]any{"Code": "None"}}, strings.Count(string(c.Input), `"TableName"`))
			reasons[len(reasons)-1] = map[string]any{"Code": "TransactionConflict"} // a write of stock, after those of reservations
			err.Fields = map[string]any{"CancellationReasons": reasons}
			return err
		}
		do()
		return nil
	}
	inWeather(t, weather, func(t *testing.T, s *shop) {
		keepLogs(t)
		orders := s.everyKind()
		s.call("GET", "/orders?customerId=c-personal", nil, nil)
		s.call("POST", "/orders", nil, map[string]any{"customer": map[string]any{"name": "Augusta"}})
		for _, body := range []string{"Augusta", `{"id":"x","customer":{"name":"Augusta"}}`} {
			_, err := sqs.NewFromConfig(s.aws).SendMessage(t.Context(), &sqs.SendMessageInput{
				QueueUrl: aws.String(shopAWS + "/000000000000/orderflow-NotificationQueue"), MessageBody: &body,
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		away.Store(true)
		orders = append(orders, s.place(personalOrder(1, "AQ")))
		s.pass(5 * time.Minute)
		away.Store(false)
		s.pass(3 * time.Hour)
		s.reconcile(`{}`)

		told := map[string]bool{}
		for _, group := range s.logGroups() {
			for _, text := range s.linesOf(group, "") {
				s.impersonal(group, text)
				s.namesItsOrder(group, text, orders)
				metrics, err := metrictest.Read([]byte(text))
				if err != nil {
					t.Errorf("%s: %v in %s", group, err, text)
				}
				for _, m := range metrics {
					told[fmt.Sprintf("%s: %s %s %v %s", path.Base(group), m.Namespace, m.Name, m.Dimensions, m.Unit)] = true
				}
			}
		}
		want := []string{
			"analytics: orderflow BatchFailures map[Consumer:analytics] Count",
			"analytics: orderflow CompensationFailures map[Consumer:analytics] Count",
			"analytics: orderflow Orders map[Outcome:CANCELLED] Count",
			"analytics: orderflow Orders map[Outcome:CONFIRMED] Count",
			"analytics: orderflow Orders map[Outcome:FAILED] Count",
			"analytics: orderflow Orders map[Outcome:REJECTED] Count",
			"analytics: orderflow TimeToDecision map[] Milliseconds",
			"inventory: orderflow BatchFailures map[Consumer:inventory] Count",
			"inventory: orderflow CallbackWait map[State:ReserveInventory] Milliseconds",
			"inventory: orderflow CompensationFailures map[Consumer:inventory] Count",
			"inventory: orderflow StockConflicts map[] Count",
			"notification: orderflow BatchFailures map[Consumer:notification] Count",
			"reconciliation: orderflow Contradictions map[] Count",
			"shipment: orderflow BatchFailures map[Consumer:shipment] Count",
			"shipment: orderflow CallbackWait map[State:ArrangeShipment] Milliseconds",
			"shipment: orderflow CompensationFailures map[Consumer:shipment] Count",
			"validation: orderflow InvalidOrders map[] Count",
		}
		if got := slices.Sorted(maps.Keys(told)); !slices.Equal(got, want) {
			t.Errorf("metrics told are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		asked := ownMetrics(t)
		if asked["orderflow InvalidOrders map[]"] == "" || asked["orderflow BatchFailures map[Consumer:inventory]"] == "" {
			t.Errorf("alarms and the dashboard ask for %v", asked)
		}
		for metric, by := range asked {
			if !slices.ContainsFunc(want, func(told string) bool { return strings.Contains(told, ": "+metric+" ") }) {
				t.Errorf("%s asks for %s, which nobody tells", by, metric)
			}
		}
		for _, event := range s.storedEvents() {
			s.impersonal("the topic", string(event))
		}
	})
}

// personal is whatever somebody's order holds of them, in words that occur
// nowhere else, nor by chance in an ID or a time.
var personal = []string{"Augusta", "Lovelace", "ada.augusta", "2079460000", "Byronweg", "Hinterhaus", "Grossschreibheim", "Buchstabien", "QX9 8ZJ"}

func personalOrder(quantity int, country string) orderRequest {
	return orderRequest{
		Customer: order.Customer{ID: "c-personal", Name: "Augusta Lovelace", Email: "ada.augusta@example.com", Phone: "+442079460000"},
		Items:    []order.Item{{SKU: "MUG", Quantity: quantity}},
		ShippingAddress: order.Address{
			Name: "Augusta Lovelace", Line1: "1 Byronweg", Line2: "Hinterhaus", City: "Grossschreibheim",
			Region: "Buchstabien", PostalCode: "QX9 8ZJ", Country: country,
		},
	}
}

// everyKind places an order for each way in which one can end, and returns
// their IDs.
func (s *shop) everyKind() (orders []string) {
	s.t.Helper()
	orders = append(orders, s.place(personalOrder(1, "GB")), s.place(personalOrder(11, "GB")), s.place(personalOrder(1, "AQ")))
	s.pass(time.Hour)

	unknown := personalOrder(1, "GB")
	unknown.Items[0].SKU = "NOTHING"
	orders = append(orders, s.place(unknown))

	s.consume("InventoryFunction", false)
	cancelled, failed := s.place(personalOrder(1, "GB")), s.place(personalOrder(1, "GB"))
	s.settle()
	if status, answer, _ := s.call("POST", "/orders/"+cancelled+"/cancel", nil, nil); status != 202 {
		s.t.Errorf("cancelling answers %d: %s", status, answer)
	}
	s.pass(3 * time.Hour) // longer than an order waits
	s.consume("InventoryFunction", true)
	return append(orders, cancelled, failed)
}

// ownMetrics are the metrics of the stack's own namespace that its alarms and its
// dashboard ask for, each as the line that tells of it begins, with who asks.
func ownMetrics(t *testing.T) map[string]string {
	t.Helper()
	rendered, err := template.New(template.Consumers(), template.Auth{}).JSON()
	if err != nil {
		t.Fatal(err)
	}
	asked := map[string]string{}
	ask := func(by, namespace, name string, dimensions map[string]string) {
		if namespace == "orderflow" {
			asked[fmt.Sprintf("%s %s %v", namespace, name, dimensions)] = by
		}
	}
	type watched struct {
		Namespace, MetricName string
		Dimensions            []struct{ Name, Value string }
	}
	for id, r := range resolved(t, rendered) {
		switch r.Type {
		case "AWS::CloudWatch::Alarm":
			var alarm struct {
				watched
				Metrics []struct{ MetricStat struct{ Metric watched } }
			}
			remarshal(t, r.Properties, &alarm)
			all := []watched{alarm.watched}
			for _, query := range alarm.Metrics {
				all = append(all, query.MetricStat.Metric)
			}
			for _, w := range all {
				dimensions := map[string]string{}
				for _, d := range w.Dimensions {
					dimensions[d.Name] = d.Value
				}
				ask(id, w.Namespace, w.MetricName, dimensions)
			}
		case "AWS::CloudWatch::Dashboard":
			var board struct {
				Widgets []struct {
					Properties struct{ Metrics [][]any }
				}
			}
			if err := json.Unmarshal([]byte(r.Properties["DashboardBody"].(string)), &board); err != nil {
				t.Fatal(err)
			}
			for _, w := range board.Widgets {
				for _, row := range w.Properties.Metrics { // namespace, name, dimensions, options
					dimensions := map[string]string{}
					for i := 2; i+1 < len(row); i += 2 {
						dimensions[row[i].(string)] = row[i+1].(string)
					}
					ask(id, row[0].(string), row[1].(string), dimensions)
				}
			}
		}
	}
	return asked
}

func remarshal(t *testing.T, from, to any) {
	t.Helper()
	raw, err := json.Marshal(from)
	if err == nil {
		err = json.Unmarshal(raw, to)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func (s *shop) logGroups() (groups []string) {
	s.t.Helper()
	out, err := cloudwatchlogs.NewFromConfig(s.aws).DescribeLogGroups(s.t.Context(), &cloudwatchlogs.DescribeLogGroupsInput{})
	if err != nil {
		s.t.Fatal(err)
	}
	for _, g := range out.LogGroups {
		groups = append(groups, *g.LogGroupName)
	}
	if len(groups) < 7 {
		s.t.Errorf("only %d log groups: %v", len(groups), groups)
	}
	return groups
}

// impersonal fails the test if a text tells of a person.
func (s *shop) impersonal(where, text string) {
	s.t.Helper()
	for _, word := range personal {
		if strings.Contains(strings.ToLower(text), strings.ToLower(word)) {
			s.t.Errorf("%s tells %q: %s", where, word, text)
		}
	}
}

// namesItsOrder fails the test if a line that a function wrote is about an
// order and does not name it with its execution, or if it does not say what to
// do about an error.
func (s *shop) namesItsOrder(group, text string, orders []string) {
	s.t.Helper()
	var line struct{ Level, Message, OrderID, Execution, Next string }
	if err := json.Unmarshal([]byte(text), &line); err != nil {
		s.t.Fatalf("%s: %s: %v", group, text, err)
	}
	switch {
	case line.Level == "": // Lambda's own
	case strings.HasPrefix(line.Message, `{"errorMessage":`): // its library's, of whatever error is answered
	case line.OrderID != "" && (line.Execution != s.execution(line.OrderID) || !slices.Contains(orders, line.OrderID)):
		s.t.Errorf("%s: execution %q of order %q in %s", group, line.Execution, line.OrderID, text)
	case line.Message == "batch goes on one by one": // may say for whose sake, and each of its orders has lines of its own
	case line.OrderID == "" && (!aboutNone[line.Message] || slices.ContainsFunc(orders, func(id string) bool { return strings.Contains(text, id) })):
		s.t.Errorf("%s: about which order is %s", group, text)
	}
	if line.Level == "ERROR" && line.Next == "" {
		s.t.Errorf("%s: what is to be done about %s", group, text)
	}
}
