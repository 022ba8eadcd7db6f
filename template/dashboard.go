package template

import (
	"slices"
	"strings"

	"orderflow/lambdas/metric"
	"orderflow/lambdas/order"

	"github.com/awslabs/goformation/v7/cloudformation/cloudwatch"
)

const dashboardID = "Dashboard"

// dashboard shows all that exists so far. It is the one resource that one more
// consumer changes: it keeps nothing, and a search by prefix in its place would
// show other stacks' queues too.
//
// Dashboards belong to an account, not to a region, hence the name.
func dashboard(consumers []Consumer, sections []Section) Resource {
	// Text and series have no character that a JSON string escapes, and their
	// ${ID} are filled in where the JSON stands in Fn::Sub.
	body, err := marshal(panels(consumers, sections))
	if err != nil {
		panic("template: dashboard: " + err.Error()) // texts and numbers
	}
	return Resource{ID: dashboardID, Body: cloudwatch.Dashboard{
		DashboardName: new(Sub("${AWS::StackName}-${AWS::Region}")),
		DashboardBody: Sub(string(body)),
	}}
}

// A board is a dashboard's body.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
type board struct {
	Widgets []widget `json:"widgets"`
}

type widget struct {
	Type       string     `json:"type"`
	X          int        `json:"x"`
	Y          int        `json:"y"`
	Width      int        `json:"width"`
	Height     int        `json:"height"`
	Properties properties `json:"properties"`
}

type properties struct {
	Title    string   `json:"title,omitempty"`
	Markdown string   `json:"markdown,omitempty"`
	Alarms   []string `json:"alarms,omitempty"`
	Metrics  []any    `json:"metrics,omitempty"`
	View     string   `json:"view,omitempty"`
	Stacked  bool     `json:"stacked,omitempty"`
	Region   string   `json:"region,omitempty"`
	Period   int      `json:"period,omitempty"`
}

// A board is so many columns wide, and a row so high.
const (
	boardWidth = 24
	rowHeight  = 6
	textHeight = 2
)

// panels is the board, top down as an order goes.
func panels(consumers []Consumer, sections []Section) board {
	dead := named(sections, "DeadLetterQueue")
	queues := slices.DeleteFunc(named(sections, "Queue"), func(id string) bool { return slices.Contains(dead, id) })
	functions, tables := named(sections, "Function"), named(sections, "Table")

	var b board
	b.row(textHeight, text("# ${AWS::StackName}\nOrders, from the API to the four corners of the house. What to do about an alarm: [${"+runbookURL+"}](${"+runbookURL+"}#runbook)."))
	b.row(rowHeight, alarmStates(named(sections, "Alarm")))
	b.row(rowHeight,
		stacked("Orders by outcome", outcomes()...),
		graph("Time to decision (ms)",
			own(metric.TimeToDecision, "", "", "p50"),
			own(metric.TimeToDecision, "", "", "p99")),
		graph("Callback wait (ms)",
			own(metric.CallbackWait, metric.State, "ReserveInventory", "p50"),
			own(metric.CallbackWait, metric.State, "ReserveInventory", "p99"),
			own(metric.CallbackWait, metric.State, "ArrangeShipment", "p50"),
			own(metric.CallbackWait, metric.State, "ArrangeShipment", "p99")),
	)
	b.row(rowHeight,
		graph("API requests", requests("Count", "Sum"), requests("4xx", "Sum"), requests("5xx", "Sum")),
		graph("API latency (ms)", requests("Latency", "p50"), requests("Latency", "p99"), requests("IntegrationLatency", "p99")),
		graph("Executions",
			execution("ExecutionsStarted"), execution("ExecutionsSucceeded"), execution("ExecutionsFailed"),
			execution("ExecutionsTimedOut"), execution("ExecutionsAborted"), execution("ExecutionThrottled")),
	)
	b.row(rowHeight,
		graph("Messages received", each(queues, received)...),
		graph("Messages that wait", each(queues, queued("ApproximateNumberOfMessagesVisible"))...),
		graph("Oldest message (s)", each(queues, queued("ApproximateAgeOfOldestMessage"))...),
		graph("Dead letters", each(dead, queued("ApproximateNumberOfMessagesVisible"))...),
	)
	b.row(rowHeight,
		graph("Messages returned to their queue", perConsumer(consumers, metric.BatchFailures)...),
		graph("Cancellations not taken back", perConsumer(slices.DeleteFunc(slices.Clone(consumers), func(c Consumer) bool { return !c.compensates() }), metric.CompensationFailures)...),
		graph("Topic",
			published("NumberOfMessagesPublished"), published("NumberOfNotificationsFailed"),
			published("NumberOfNotificationsRedrivenToDlq"), published("NumberOfNotificationsFailedToRedriveToDlq")),
	)
	b.row(rowHeight,
		graph("Duration p99 (ms)", each(functions, invoked("Duration", "p99"))...),
		graph("Errors", each(functions, invoked("Errors", "Sum"))...),
		graph("Throttles", each(functions, invoked("Throttles", "Sum"))...),
		graph("Concurrency", each(functions, invoked("ConcurrentExecutions", "Maximum"))...),
	)
	b.row(rowHeight,
		graph("Write units", each(tables, stored("ConsumedWriteCapacityUnits"))...),
		graph("Read units", each(tables, stored("ConsumedReadCapacityUnits"))...),
		graph("Throttled writes and reads", append(each(tables, stored("WriteThrottleEvents")), each(tables, stored("ReadThrottleEvents"))...)...),
		graph("Stock conflicts, refusals, contradictions",
			own(metric.StockConflicts, "", "", "Sum"), own(metric.InvalidOrders, "", "", "Sum"), own(metric.Contradictions, "", "", "Sum")),
	)
	b.row(rowHeight,
		graph("Mails of the account", mailed("Send", "Sum"), mailed("Bounce", "Sum"), mailed("Complaint", "Sum"), mailed("Reject", "Sum")),
		graph("Bounces and complaints of the account, a share of its mails", mailed("Reputation.BounceRate", "Average"), mailed("Reputation.ComplaintRate", "Average")),
	)
	return b
}

// row puts widgets side by side below what is there.
func (b *board) row(height int, widgets ...widget) {
	top := 0
	if n := len(b.Widgets); n > 0 {
		top = b.Widgets[n-1].Y + b.Widgets[n-1].Height
	}
	for i, w := range widgets {
		w.Y, w.Height = top, height
		w.Width = boardWidth / len(widgets)
		w.X = i * w.Width
		b.Widgets = append(b.Widgets, w)
	}
}

func text(markdown string) widget {
	return widget{Type: "text", Properties: properties{Markdown: markdown}}
}

// alarmStates shows up to 100 alarms, which suffices for a dozen consumers more.
func alarmStates(ids []string) widget {
	w := widget{Type: "alarm", Properties: properties{Title: "Alarms"}}
	for _, id := range ids {
		w.Properties.Alarms = append(w.Properties.Alarms, "${"+id+".Arn}")
	}
	return w
}

func graph(title string, all ...series) widget {
	w := widget{Type: "metric", Properties: properties{Title: title, View: "timeSeries", Region: "${AWS::Region}", Period: minute}}
	for _, s := range all {
		w.Properties.Metrics = append(w.Properties.Metrics, s.graphed())
	}
	return w
}

func stacked(title string, all ...series) widget {
	w := graph(title, all...)
	w.Properties.Stacked = true
	return w
}

// graphed is the series as a dashboard has it.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html#CloudWatch-Dashboard-Properties-Metrics-Array-Format
func (s series) graphed() []any {
	row := []any{s.namespace, s.metric}
	if s.dimension != "" {
		row = append(row, s.dimension, s.of)
	}
	return append(row, map[string]any{"stat": s.statistic})
}

// named are the resources of a type, by the suffix that all of it have.
func named(sections []Section, suffix string) []string {
	var ids []string
	for _, s := range sections {
		for _, r := range s.Resources {
			if strings.HasSuffix(r.ID, suffix) {
				ids = append(ids, r.ID)
			}
		}
	}
	return ids
}

func each(ids []string, of func(id string) series) []series {
	var all []series
	for _, id := range ids {
		all = append(all, of(id))
	}
	return all
}

func outcomes() []series {
	var all []series
	for _, status := range []order.Status{order.Confirmed, order.Rejected, order.Cancelled, order.Failed} {
		all = append(all, own(metric.Orders, metric.Outcome, string(status), "Sum"))
	}
	return all
}

func perConsumer(consumers []Consumer, name string) []series {
	var all []series
	for _, c := range consumers {
		all = append(all, own(name, metric.Consumer, c.Name, "Sum"))
	}
	return all
}
