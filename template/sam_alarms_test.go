package template

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"orderflow/cmd/local/cloud/cloudformation"
	"orderflow/lambdas/metric"
	"orderflow/statemachine"

	"github.com/google/go-cmp/cmp"
)

// What on-call is told and shown, and how much goes on at once, of one
// translation, for each takes a second.
func TestOnCall(t *testing.T) {
	whole := translate(t, New(Consumers(), Auth{}))
	for name, test := range map[string]func(*testing.T, translated){
		"everything has its alarms":         everythingHasItsAlarms,
		"alarms can be acted on":            alarmsCanBeActedOn,
		"reconciliation is missed":          reconciliationIsMissed,
		"the dashboard shows everything":    theDashboardShowsEverything,
		"the dashboard only gains":          theDashboardOnlyGains,
		"concurrency is reserved by choice": concurrencyIsReserved,
	} {
		t.Run(name, func(t *testing.T) { test(t, whole) })
	}
}

const stackNamespace = "orderflow" // of deployed

// told are the metrics that there are, by namespace, each with the dimension
// that one thing's are found by.
var told = map[string]map[string]string{
	// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-metrics.html
	"AWS/ApiGateway": {"4xx": "ApiId", "5xx": "ApiId", "Count": "ApiId", "IntegrationLatency": "ApiId", "Latency": "ApiId"},
	// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html
	"AWS/DynamoDB": {
		"ConsumedReadCapacityUnits": "TableName", "ConsumedWriteCapacityUnits": "TableName",
		"ReadThrottleEvents": "TableName", "WriteThrottleEvents": "TableName",
	},
	// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
	"AWS/Lambda": {"ConcurrentExecutions": "FunctionName", "Duration": "FunctionName", "Errors": "FunctionName", "Throttles": "FunctionName"},
	// https://docs.aws.amazon.com/ses/latest/dg/reputationdashboard-cloudwatch-alarm.html
	"AWS/SES": {"Bounce": "", "Complaint": "", "Reject": "", "Reputation.BounceRate": "", "Reputation.ComplaintRate": "", "Send": ""},
	// https://docs.aws.amazon.com/sns/latest/dg/sns-monitoring-using-cloudwatch.html
	"AWS/SNS": {
		"NumberOfMessagesPublished": "TopicName", "NumberOfNotificationsFailed": "TopicName",
		"NumberOfNotificationsFailedToRedriveToDlq": "TopicName", "NumberOfNotificationsRedrivenToDlq": "TopicName",
	},
	// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
	"AWS/SQS": {"ApproximateAgeOfOldestMessage": "QueueName", "ApproximateNumberOfMessagesVisible": "QueueName", "NumberOfMessagesReceived": "QueueName"},
	// https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html
	"AWS/States": {
		"ExecutionsAborted": "StateMachineArn", "ExecutionsFailed": "StateMachineArn", "ExecutionsStarted": "StateMachineArn",
		"ExecutionsSucceeded": "StateMachineArn", "ExecutionsTimedOut": "StateMachineArn", "ExecutionThrottled": "StateMachineArn",
	},
	stackNamespace: {
		metric.BatchFailures: metric.Consumer, metric.CallbackWait: metric.State, metric.CompensationFailures: metric.Consumer,
		metric.Contradictions: "", metric.InvalidOrders: "", metric.Orders: metric.Outcome, metric.StockConflicts: "", metric.TimeToDecision: "",
	},
}

// things are what a dimension may name, by dimension.
func things(resources map[string]cloudformation.Resource) map[string][]string {
	things := map[string][]string{
		"": {""},
		// What our own metrics are told by.
		metric.Outcome: {"CONFIRMED", "REJECTED", "CANCELLED", "FAILED"},
	}
	for _, m := range regexp.MustCompile(`"(\w+)": \{\s+"Comment"`).FindAllStringSubmatch(string(statemachine.Definition), -1) {
		things[metric.State] = append(things[metric.State], m[1])
	}
	for _, c := range Consumers() {
		things[metric.Consumer] = append(things[metric.Consumer], c.Name)
	}
	named := map[string]struct{ dimension, attribute string }{
		"AWS::ApiGatewayV2::Api":           {"ApiId", ""},
		"AWS::DynamoDB::Table":             {"TableName", ""},
		"AWS::Lambda::Function":            {"FunctionName", ""},
		"AWS::SNS::Topic":                  {"TopicName", ".TopicName"},
		"AWS::SQS::Queue":                  {"QueueName", ".QueueName"},
		"AWS::StepFunctions::StateMachine": {"StateMachineArn", ""},
	}
	for id, r := range resources {
		if n, ok := named[r.Type]; ok {
			things[n.dimension] = append(things[n.dimension], id+n.attribute)
		}
	}
	return things
}

// A measured is a metric as an alarm or a dashboard asks for it.
type measured struct{ namespace, name, dimension, of, statistic string }

// check says whether there is such a metric of such a thing.
func (m measured) check(t *testing.T, where string, things map[string][]string) {
	t.Helper()
	dimension, ok := told[m.namespace][m.name]
	if !ok || dimension != m.dimension {
		t.Errorf("%s asks for %+v, which nobody tells", where, m)
	}
	if !slices.Contains(things[m.dimension], m.of) {
		t.Errorf("%s asks for %+v, which is not there", where, m)
	}
	if !regexp.MustCompile(`^(Sum|Average|Maximum|SampleCount|p[0-9]{2})$`).MatchString(m.statistic) {
		t.Errorf("%s asks for the statistic %q", where, m.statistic)
	}
	if ratio := strings.HasPrefix(m.statistic, "p"); ratio != slices.Contains([]string{
		"Latency", "IntegrationLatency", "Duration", metric.TimeToDecision, metric.CallbackWait,
	}, m.name) {
		t.Errorf("%s asks for %s of %s: percentiles are for times alone", where, m.statistic, m.name)
	}
}

func metricOf(t *testing.T, properties map[string]any) measured {
	t.Helper()
	m := measured{namespace: properties["Namespace"].(string), name: properties["MetricName"].(string)}
	if properties["Dimensions"] != nil {
		if n := len(properties["Dimensions"].([]any)); n != 1 {
			t.Errorf("%s has %d dimensions", m.name, n)
		}
		m.dimension, m.of = at(t, properties, "Dimensions", "0", "Name").(string), at(t, properties, "Dimensions", "0", "Value").(string)
	}
	return m
}

// watchedBy are the metrics that an alarm watches.
func watchedBy(t *testing.T, id string, properties map[string]any) []measured {
	t.Helper()
	queries, ok := properties["Metrics"].([]any)
	if !ok {
		m := metricOf(t, properties)
		statistic, plain := properties["Statistic"].(string)
		extended, percentile := properties["ExtendedStatistic"].(string)
		if plain == percentile || strings.HasPrefix(statistic, "p") {
			t.Errorf("%s: statistic %q, extended statistic %q", id, statistic, extended)
		}
		m.statistic = statistic + extended
		return []measured{m}
	}
	var all []measured
	for i, q := range queries {
		stat, ok := q.(map[string]any)["MetricStat"].(map[string]any)
		if returned := q.(map[string]any)["ReturnData"]; returned != (i == len(queries)-1) || ok == (i == len(queries)-1) {
			t.Errorf("%s: the last query alone is watched, and an expression", id)
		}
		if ok {
			m := metricOf(t, stat["Metric"].(map[string]any))
			m.statistic = stat["Stat"].(string)
			all = append(all, m)
		}
	}
	return all
}

func alarmsOf(resources map[string]cloudformation.Resource) map[string]map[string]any {
	all := map[string]map[string]any{}
	for id, r := range resources {
		if r.Type == "AWS::CloudWatch::Alarm" {
			all[id] = r.Properties
		}
	}
	return all
}

// Whatever can fail has its alarm, and each watches what is there.
func everythingHasItsAlarms(t *testing.T, translated translated) {
	resources := translated.deployed(t, nil)
	things := things(resources)
	watched := map[measured]string{}
	for id, properties := range alarmsOf(resources) {
		for _, m := range watchedBy(t, id, properties) {
			m.check(t, id, things)
			if !strings.HasSuffix(id, "CanaryAlarm") {
				watched[m] = id
			}
		}
	}

	want := map[measured]string{
		{"AWS/States", "ExecutionsFailed", "StateMachineArn", orderStateMachine, "Sum"}:                          "OrderStateMachineFailuresAlarm",
		{"AWS/States", "ExecutionsTimedOut", "StateMachineArn", orderStateMachine, "Sum"}:                        "OrderStateMachineTimeoutsAlarm",
		{"AWS/States", "ExecutionThrottled", "StateMachineArn", orderStateMachine, "Sum"}:                        "OrderStateMachineThrottlesAlarm",
		{"AWS/ApiGateway", "5xx", "ApiId", ordersAPI, "Sum"}:                                                     "OrdersApiFaultsAlarm",
		{"AWS/ApiGateway", "Count", "ApiId", ordersAPI, "Sum"}:                                                   "OrdersApiFaultsAlarm",
		{"AWS/ApiGateway", "Latency", "ApiId", ordersAPI, "p99"}:                                                 "OrdersApiLatencyAlarm",
		{stackNamespace, metric.InvalidOrders, "", "", "Sum"}:                                                    "ValidationErrorsAlarm",
		{stackNamespace, metric.TimeToDecision, "", "", "p99"}:                                                   "TimeToDecisionAlarm",
		{stackNamespace, metric.Contradictions, "", "", "Sum"}:                                                   "ContradictionsAlarm",
		{stackNamespace, metric.Contradictions, "", "", "SampleCount"}:                                           "ReconciliationRunsAlarm",
		{stackNamespace, metric.CompensationFailures, metric.Consumer, "inventory", "Sum"}:                       "InventoryCompensationAlarm",
		{stackNamespace, metric.CompensationFailures, metric.Consumer, "shipment", "Sum"}:                        "ShipmentCompensationAlarm",
		{"AWS/SNS", "NumberOfNotificationsFailedToRedriveToDlq", "TopicName", ordersTopic + ".TopicName", "Sum"}: "OrdersTopicLossAlarm",
		{"AWS/SES", "Reputation.BounceRate", "", "", "Average"}:                                                  "MailBouncesAlarm",
	}
	for id, r := range resources {
		switch r.Type {
		case "AWS::Lambda::Function":
			capability := strings.TrimSuffix(id, "Function")
			want[measured{"AWS/Lambda", "Errors", "FunctionName", id, "Sum"}] = capability + "ErrorsAlarm"
			want[measured{"AWS/Lambda", "Throttles", "FunctionName", id, "Sum"}] = capability + "ThrottlesAlarm"
		case "AWS::SQS::Queue":
			if r.Properties["RedrivePolicy"] != nil {
				want[measured{"AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", id + ".QueueName", "Maximum"}] = id + "AgeAlarm"
				consumer := strings.TrimSuffix(id, "Queue")
				want[measured{"AWS/SQS", "NumberOfMessagesReceived", "QueueName", id + ".QueueName", "Sum"}] = consumer + "BatchFailuresAlarm"
				want[measured{stackNamespace, metric.BatchFailures, metric.Consumer, strings.ToLower(consumer), "Sum"}] = consumer + "BatchFailuresAlarm"
			} else {
				want[measured{"AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", id + ".QueueName", "Maximum"}] = id + "Alarm"
			}
		}
	}
	if diff := cmp.Diff(want, watched, cmp.AllowUnexported(measured{})); diff != "" {
		t.Error(diff)
	}
}

// An alarm says what it is and leads to the runbook, whatever there is to say
// about data that is missing, and CloudWatch takes it.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
func alarmsCanBeActedOn(t *testing.T, translated translated) {
	const runbook = "https://wiki.shop.example/orderflow/README"
	longest := runbook + strings.Repeat("x", 300-len(runbook))
	anchors := runbookAnchors(t)
	unread := maps.Clone(anchors)
	for id, properties := range alarmsOf(translated.deployed(t, map[string]string{"RunbookUrl": longest})) {
		description := properties["AlarmDescription"].(string)
		if len(description) > 1024 {
			t.Errorf("%s: the description has %d characters, 1024 are allowed", id, len(description))
		}
		prose, anchor, _ := strings.Cut(description, " "+longest+"#")
		if _, ok := anchors[anchor]; !ok {
			t.Errorf("%s links to section %q, which README.md's runbook has not", id, anchor)
		}
		delete(unread, anchor)
		if strings.Count(prose, ". ") < 1 || !strings.HasSuffix(prose, ".") {
			t.Errorf("%s does not say what it means and what to do: %q", id, prose)
		}
		if !slices.Contains([]any{"breaching", "notBreaching", "ignore", "missing"}, properties["TreatMissingData"]) {
			t.Errorf("%s: missing data is %v", id, properties["TreatMissingData"])
		}
		breaching, of := number(t, properties["DatapointsToAlarm"]), number(t, properties["EvaluationPeriods"])
		if breaching < 1 || breaching > of {
			t.Errorf("%s goes off after %v of %v", id, breaching, of)
		}
		for _, period := range periodsOf(properties) {
			span := number(t, period) * of
			if number(t, period) < 3600 && span > 86_400 || span > 604_800 {
				t.Errorf("%s looks back %v s, more than CloudWatch does", id, span)
			}
		}
		for _, actions := range []string{"AlarmActions", "OKActions"} {
			if properties[actions] != nil {
				t.Errorf("%s has %s, though there is no topic: %v", id, actions, properties[actions])
			}
		}
	}
	for _, heading := range unread {
		t.Errorf("no alarm leads to section %q of README.md's runbook", heading)
	}

	const topic = "arn:aws:sns:us-east-1:111122223333:on-call"
	for id, properties := range alarmsOf(translated.deployed(t, map[string]string{"AlarmTopicArn": topic})) {
		want := any([]any{topic})
		if strings.HasSuffix(id, "CanaryAlarm") {
			want = nil // a deployment listens to it
		}
		for _, actions := range []string{"AlarmActions", "OKActions"} {
			if diff := cmp.Diff(want, properties[actions]); diff != "" {
				t.Errorf("%s: %s: %s", id, actions, diff)
			}
		}
	}
}

// runbookAnchors are the sections below Runbook in README.md, as GitHub links
// to them.
func runbookAnchors(t *testing.T) map[string]string {
	t.Helper()
	anchors := map[string]string{}
	for _, m := range regexp.MustCompile(`(?m)^### (.+)$`).FindAllStringSubmatch(section(t, "Runbook"), -1) {
		slug := regexp.MustCompile(`[^a-z0-9 -]`).ReplaceAllString(strings.ToLower(m[1]), "")
		anchors[strings.ReplaceAll(slug, " ", "-")] = m[1]
	}
	if len(anchors) == 0 {
		t.Fatal("README.md has no runbook")
	}
	return anchors
}

func periodsOf(properties map[string]any) []any {
	if properties["Period"] != nil {
		return []any{properties["Period"]}
	}
	var all []any
	for _, q := range properties["Metrics"].([]any) {
		if stat, ok := q.(map[string]any)["MetricStat"].(map[string]any); ok {
			all = append(all, stat["Period"])
		}
	}
	return all
}

func number(t *testing.T, v any) float64 {
	t.Helper()
	n, err := strconv.ParseFloat(fmt.Sprint(v), 64)
	if err != nil {
		t.Fatalf("%v is no number", v)
	}
	return n
}

// Reconciliation that does not run is told after two hours, and after two days
// if it runs daily.
func reconciliationIsMissed(t *testing.T, translated translated) {
	for rate, want := range map[string]float64{"rate(1 hour)": 3600, "rate(1 day)": 86_400, "rate(5 minutes)": 86_400} {
		missed := alarmsOf(translated.deployed(t, map[string]string{"ReconciliationSchedule": rate}))["ReconciliationRunsAlarm"]
		if got := number(t, missed["Period"]); got != want {
			t.Errorf("%s: the period is %v s, want %v", rate, got, want)
		}
		if missed["TreatMissingData"] != "breaching" || missed["ComparisonOperator"] != "LessThanThreshold" || number(t, missed["Threshold"]) != 1 {
			t.Errorf("%s: silence is no alarm: %v", rate, missed)
		}
	}
}

type deployedBoard struct {
	Widgets []struct {
		Type                string
		X, Y, Width, Height int
		Properties          struct {
			Title, Markdown, Region, View string
			Alarms                        []string
			Metrics                       [][]any
			Period                        int
		}
	}
}

func boardOf(t *testing.T, resources map[string]cloudformation.Resource) (b deployedBoard) {
	t.Helper()
	d := resources[dashboardID]
	if name := d.Properties["DashboardName"]; name != "orderflow-us-east-1" {
		t.Errorf("the dashboard is called %v", name)
	}
	if err := json.Unmarshal([]byte(d.Properties["DashboardBody"].(string)), &b); err != nil {
		t.Fatal(err)
	}
	return b
}

// The dashboard shows what is there, all of it, side by side.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
func theDashboardShowsEverything(t *testing.T, translated translated) {
	resources := translated.deployed(t, nil)
	things := things(resources)
	b := boardOf(t, resources)

	taken := map[[2]int]string{}
	shown := map[string]map[string]bool{}
	var states []string
	for i, w := range b.Widgets {
		name := w.Properties.Title + w.Properties.Markdown
		if w.Width < 1 || w.Height < 1 || w.X < 0 || w.X+w.Width > 24 {
			t.Errorf("widget %d, %s, does not fit into 24 columns", i, name)
		}
		for x := w.X; x < w.X+w.Width; x++ {
			for y := w.Y; y < w.Y+w.Height; y++ {
				if taken[[2]int{x, y}] != "" {
					t.Fatalf("%s covers %s", name, taken[[2]int{x, y}])
				}
				taken[[2]int{x, y}] = name
			}
		}
		switch w.Type {
		case "text":
			if !strings.Contains(name, "#runbook") {
				t.Errorf("the text does not lead to the runbook: %s", name)
			}
		case "alarm":
			states = append(states, w.Properties.Alarms...)
		case "metric":
			if n := len(w.Properties.Metrics); n < 1 || n > 500 {
				t.Errorf("%s shows %d metrics, 500 are allowed", name, n)
			}
			if w.Properties.Region != "us-east-1" || w.Properties.Period != 60 || w.Properties.View != "timeSeries" || w.Properties.Title == "" {
				t.Errorf("widget %d is incomplete: %+v", i, w)
			}
			for _, row := range w.Properties.Metrics {
				m := measured{namespace: row[0].(string), name: row[1].(string), statistic: row[len(row)-1].(map[string]any)["stat"].(string)}
				if len(row) == 5 {
					m.dimension, m.of = row[2].(string), row[3].(string)
				} else if len(row) != 3 {
					t.Errorf("%s: %v", name, row)
				}
				m.check(t, name, things)
				if shown[m.name] == nil {
					shown[m.name] = map[string]bool{}
				}
				shown[m.name][m.of] = true
			}
		default:
			t.Errorf("widget %d is a %q", i, w.Type)
		}
	}

	for namespace, metrics := range told {
		for name, dimension := range metrics {
			if name == "ApproximateAgeOfOldestMessage" || name == "NumberOfMessagesReceived" || name == metric.CallbackWait || name == metric.CompensationFailures {
				continue // of live queues, of states that wait and of those that compensate
			}
			for _, thing := range things[dimension] {
				if !shown[name][thing] {
					t.Errorf("%s %s of %q is not shown", namespace, name, thing)
				}
			}
		}
	}
	if diff := cmp.Diff(
		map[string]bool{"InventoryQueue.QueueName": true, "ShipmentQueue.QueueName": true, "NotificationQueue.QueueName": true, "AnalyticsQueue.QueueName": true},
		shown["ApproximateAgeOfOldestMessage"]); diff != "" {
		t.Errorf("ages: %s", diff)
	}
	if diff := cmp.Diff(shown["ApproximateAgeOfOldestMessage"], shown["NumberOfMessagesReceived"]); diff != "" {
		t.Errorf("messages received, beside ages: %s", diff)
	}
	if diff := cmp.Diff(map[string]bool{"ReserveInventory": true, "ArrangeShipment": true}, shown[metric.CallbackWait]); diff != "" {
		t.Errorf("waits: %s", diff)
	}
	if diff := cmp.Diff(map[string]bool{"inventory": true, "shipment": true}, shown[metric.CompensationFailures]); diff != "" {
		t.Errorf("compensations: %s", diff)
	}

	var want []string
	for id := range alarmsOf(resources) {
		want = append(want, id+".Arn")
	}
	slices.Sort(want)
	slices.Sort(states)
	if diff := cmp.Diff(want, states); diff != "" {
		t.Errorf("alarms shown: %s", diff)
	}
	if len(states) > 100 {
		t.Errorf("%d alarms are shown, 100 are allowed", len(states))
	}
}

// One more consumer changes the dashboard, and takes nothing off it.
func theDashboardOnlyGains(t *testing.T, translated translated) {
	loyalty := Consumer{Name: "loyalty", Does: "gives points", Events: Consumers()[0].Events}
	shown := func(resources map[string]cloudformation.Resource) []string {
		var shown []string
		for _, w := range boardOf(t, resources).Widgets {
			for _, row := range w.Properties.Metrics {
				shown = append(shown, fmt.Sprintf("%s: %q", w.Properties.Title, row))
			}
			shown = append(shown, w.Properties.Alarms...)
		}
		return shown
	}
	before := shown(translated.deployed(t, nil))
	after := shown(translate(t, New(append(Consumers(), loyalty), Auth{})).deployed(t, nil))
	for _, row := range before {
		if !slices.Contains(after, row) {
			t.Errorf("%s is gone", row)
		}
	}
	for _, name := range []string{"LoyaltyQueue.QueueName", "LoyaltyDeadLetterQueue.QueueName", "LoyaltyFunction", `"loyalty"`, "LoyaltyQueueAgeAlarm.Arn"} {
		if !slices.ContainsFunc(after, func(row string) bool { return strings.Contains(row, name) }) {
			t.Errorf("%s is not shown", name)
		}
	}
}

// A consumer works on so many batches at once, and has that to itself if
// concurrency is reserved.
func concurrencyIsReserved(t *testing.T, translated translated) {
	defaults := translated.deployed(t, nil)
	reserved := translated.deployed(t, map[string]string{"ReserveConcurrency": "yes", "ApiConcurrency": "77", "ShipmentConcurrency": "7"})

	want := map[string]float64{
		"ApiFunction": 77, "ValidationFunction": 77,
		"InventoryFunction": 50, "ShipmentFunction": 7, "NotificationFunction": 50, "AnalyticsFunction": 50,
	}
	got := map[string]float64{}
	for id, r := range reserved {
		if n, ok := r.Properties["ReservedConcurrentExecutions"]; ok {
			got[id] = number(t, n)
		}
		if r.Type == "AWS::Lambda::EventSourceMapping" {
			function := strings.TrimSuffix(id, "Queue")
			if n := number(t, at(t, r.Properties, "ScalingConfig", "MaximumConcurrency")); n != want[function] {
				t.Errorf("%s works on %v batches at once, and %s has reserved %v", id, n, function, want[function])
			}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("reserved: %s", diff)
	}

	// By default nothing is taken from the account; a lone answer of yes leaves
	// 100 of its 1,000, as Lambda demands.
	for id, r := range defaults {
		if n, ok := r.Properties["ReservedConcurrentExecutions"]; ok {
			t.Errorf("%s reserves %v unasked", id, n)
		}
	}
	total := 0.0
	for _, r := range translated.deployed(t, map[string]string{"ReserveConcurrency": "yes"}) {
		if n, ok := r.Properties["ReservedConcurrentExecutions"]; ok {
			total += number(t, n)
		}
	}
	if total != 400 {
		t.Errorf("%v are reserved in all, README.md says 400", total)
	}
}
