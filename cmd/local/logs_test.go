package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"orderflow/cmd/local/cloud/interpose"
	"orderflow/cmd/local/cloud/lambda"
	"orderflow/lambdas/order"
)

// keepLogs lets the clouds of a test keep what functions log, as run does.
func keepLogs(t *testing.T) {
	before := slog.Default()
	t.Cleanup(func() { slog.SetDefault(before) })
	slog.SetDefault(slog.New(lambda.NewLogHandler(slog.DiscardHandler)))
}

// A logLine is what tests look at of a function's log.
type logLine struct {
	Message, OrderID, Type, MessageID, RequestID string
	ReceiveCount                                 int
	SentAt                                       time.Time
}

// logLines are the lines of a function's log that match a pattern.
func (s *shop) logLines(function, pattern string) []string {
	return s.linesOf("/aws/lambda/orderflow/"+function, pattern)
}

// linesOf are the lines of a log group that match a pattern, "" being all.
func (s *shop) linesOf(group, pattern string) (lines []string) {
	s.t.Helper()
	pages := cloudwatchlogs.NewFilterLogEventsPaginator(cloudwatchlogs.NewFromConfig(s.aws), &cloudwatchlogs.FilterLogEventsInput{
		LogGroupName: &group, FilterPattern: &pattern,
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(s.t.Context())
		if err != nil {
			s.t.Fatal(err)
		}
		for _, e := range page.Events {
			lines = append(lines, *e.Message)
		}
	}
	return lines
}

// aboutOrder are the lines of a function's log about an order.
func (s *shop) aboutOrder(function, orderID string) (lines []logLine) {
	s.t.Helper()
	for _, text := range s.logLines(function, fmt.Sprintf("%q", orderID)) {
		var line logLine
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			s.t.Fatalf("line %s: %v", text, err)
		}
		if line.OrderID != orderID {
			s.t.Errorf("line %s is not about order %s", text, orderID)
		}
		lines = append(lines, line)
	}
	return lines
}

// TestLogs: for an order the logs tell, by CloudWatch Logs' own API, which
// invocation received which message and what became of it; and nothing
// personal.
func TestLogs(t *testing.T) {
	inShop(t, "MUG,Blue mug,1250,GBP,350,10\n", func(t *testing.T, s *shop) {
		began := time.Now()
		id := s.place(orderFor("MUG", 1, "GB"))
		s.pass(time.Minute)

		for function, events := range map[string][]order.EventType{
			"inventory":    {order.InventoryRequested, order.OrderConfirmed},
			"shipment":     {order.ShipmentRequested, order.OrderConfirmed},
			"notification": {order.Placed, order.OrderConfirmed},
			"analytics":    {order.InventoryRequested, order.ShipmentRequested, order.Placed, order.OrderConfirmed},
		} {
			received := map[string]logLine{} // by message ID
			done := map[order.EventType]bool{}
			for _, line := range s.aboutOrder(function, id) {
				switch line.Message {
				case "event received":
					if line.ReceiveCount != 1 || line.SentAt.Before(began) || line.SentAt.After(time.Now()) {
						t.Errorf("%s: %+v", function, line)
					}
					received[line.MessageID] = line
				case "event done":
					r := received[line.MessageID]
					if r.RequestID == "" || r.RequestID != line.RequestID || r.Type != line.Type || line.ReceiveCount != 1 {
						t.Errorf("%s: done %+v, received %+v", function, line, r)
					}
					done[order.EventType(line.Type)] = true
				case "order decided":
					if function != "analytics" || line.Type != string(order.OrderConfirmed) {
						t.Errorf("%s: %+v", function, line)
					}
				default:
					t.Errorf("%s: %+v", function, line)
				}
			}
			for _, e := range events {
				if !done[e] {
					t.Errorf("%s: no line says that %s is done", function, e)
				}
			}
			if len(received) != len(events) || len(done) != len(events) {
				t.Errorf("%s: received %v, done %v, want %v", function, received, done, events)
			}
		}
		for function, message := range map[string]string{"api": "request answered", "validation": "order validated"} {
			if lines := s.aboutOrder(function, id); len(lines) != 1 || lines[0].Message != message {
				t.Errorf("%s: %+v", function, lines)
			}
		}
		for _, function := range []string{"api", "validation", "inventory", "shipment", "notification", "analytics"} {
			for _, line := range s.logLines(function, "") {
				for _, personal := range []string{"Ada", "ada@example.com", "Byron"} {
					if strings.Contains(line, personal) {
						t.Errorf("%s logs %q: %s", function, personal, line)
					}
				}
			}
			if reports := s.logLines(function, `{ $.type = "platform.report" && $.record.status = "success" }`); len(reports) == 0 {
				t.Errorf("%s: no report of an invocation", function)
			}
		}
	})
}

// TestLogOfACrash: a function that died in the midst of a message leaves its
// receipt, and the next receipt of it counts on.
func TestLogOfACrash(t *testing.T) {
	var crashed atomic.Bool
	crash := func(_ context.Context, c *interpose.Call, do func()) error {
		if c.From == "orderflow-InventoryFunction" && c.To == "dynamodb" && !crashed.Swap(true) {
			runtime.Goexit()
		}
		do()
		return nil
	}
	inWeather(t, crash, func(t *testing.T, s *shop) {
		keepLogs(t)
		id := s.place(orderFor("MUG", 1, "GB"))
		s.pass(time.Hour)
		s.wants(id, order.Confirmed, "COMMITTED", "DISPATCHED")

		lines := s.aboutOrder("inventory", id)
		if len(lines) > 0 { // what comes next may be received before this is done
			first := lines[0].MessageID
			lines = slices.DeleteFunc(lines, func(l logLine) bool { return l.MessageID != first })
		}
		if len(lines) < 3 {
			t.Fatalf("lines %+v", lines)
		}
		first, second, done := lines[0], lines[1], lines[2]
		if first.Message != "event received" || first.ReceiveCount != 1 {
			t.Errorf("first %+v", first)
		}
		if second.Message != "event received" || second.ReceiveCount != 2 || second.MessageID != first.MessageID || second.RequestID == first.RequestID || !second.SentAt.Equal(first.SentAt) {
			t.Errorf("after %+v comes %+v", first, second)
		}
		if done.Message != "event done" || done.ReceiveCount != 2 || done.MessageID != first.MessageID || done.RequestID != second.RequestID {
			t.Errorf("after %+v comes %+v", second, done)
		}
		reports := s.logLines("inventory", fmt.Sprintf(`{ $.type = "platform.report" && $.record.requestId = %q }`, first.RequestID))
		if len(reports) != 1 || !strings.Contains(reports[0], `"status":"error","errorType":"Runtime.ExitError"`) {
			t.Errorf("reports of the first invocation: %s", reports)
		}
	})
}
