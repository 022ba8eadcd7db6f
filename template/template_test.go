package template

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// rendered is a template as read back from its JSON.
type rendered struct {
	Parameters map[string]json.RawMessage
	Conditions map[string]json.RawMessage
	Resources  map[string]resource
	Outputs    map[string]json.RawMessage
}

type resource struct {
	Type       string
	DependsOn  []string
	Properties map[string]any
	raw        string
}

func (r *resource) UnmarshalJSON(raw []byte) error {
	type plain resource
	r.raw = string(raw)
	return json.Unmarshal(raw, (*plain)(r))
}

func render(t *testing.T, consumers []Consumer) rendered {
	t.Helper()
	raw, err := New(consumers, Auth{}).JSON()
	if err != nil {
		t.Fatal(err)
	}
	var r rendered
	if err := json.Unmarshal(raw, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// at follows names, and "0" into a list, down a decoded value.
func at(t *testing.T, v any, path ...string) any {
	t.Helper()
	for _, step := range path {
		if list, ok := v.([]any); ok && step == "0" && len(list) > 0 {
			v = list[0]
			continue
		}
		o, ok := v.(map[string]any)
		if !ok || o[step] == nil {
			t.Fatalf("no %s in %v", strings.Join(path, "."), v)
		}
		v = o[step]
	}
	return v
}

func TestRenderingIsDeterministic(t *testing.T) {
	first, err := New(Consumers(), Auth{}).JSON()
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		again, err := New(Consumers(), Auth{}).JSON()
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(first, again) {
			t.Fatal("two renderings differ:\n" + cmp.Diff(string(first), string(again)))
		}
	}
}

func TestSectionsAreInCloudFormationsOrder(t *testing.T) {
	whole, err := New(Consumers(), Auth{}).tree()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range whole {
		got = append(got, m.name)
	}
	want := []string{"AWSTemplateFormatVersion", "Transform", "Description", "Metadata", "Parameters", "Conditions", "Resources", "Outputs"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestEveryResourceIsNamedAfterItsType(t *testing.T) {
	suffixes := map[string]string{
		"AWS::CloudWatch::Alarm":                  "Alarm",
		"AWS::CloudWatch::Dashboard":              "Dashboard",
		"AWS::DynamoDB::Table":                    "Table",
		"AWS::IAM::Role":                          "Role",
		"AWS::KMS::Alias":                         "KeyAlias",
		"AWS::KMS::Key":                           "Key",
		"AWS::Logs::LogGroup":                     "LogGroup",
		"AWS::S3::Bucket":                         "Bucket",
		"AWS::S3::BucketPolicy":                   "BucketPolicy",
		"AWS::SNS::TopicPolicy":                   "TopicPolicy",
		"AWS::SNS::Subscription":                  "Subscription",
		"AWS::SNS::Topic":                         "Topic",
		"AWS::SQS::Queue":                         "Queue",
		"AWS::SQS::QueuePolicy":                   "QueuePolicy",
		"AWS::Scheduler::Schedule":                "Schedule",
		"AWS::Serverless::Function":               "Function",
		"AWS::Serverless::HttpApi":                "Api",
		"AWS::XRay::ResourcePolicy":               "TracingPolicy",
		"AWS::StepFunctions::StateMachine":        "StateMachine",
		"AWS::StepFunctions::StateMachineAlias":   "StateMachineAlias",
		"AWS::StepFunctions::StateMachineVersion": "StateMachineVersion",
	}
	logicalID := regexp.MustCompile(`^[A-Z][A-Za-z]+$`)
	for id, r := range render(t, Consumers()).Resources {
		suffix, ok := suffixes[r.Type]
		if !ok {
			t.Errorf("%s is a %s, which has no naming rule yet", id, r.Type)
		}
		if !logicalID.MatchString(id) || !strings.HasSuffix(id, suffix) {
			t.Errorf("%s is a %s and should end in %s", id, r.Type, suffix)
		}
	}
}

func TestEveryParameterIsExplained(t *testing.T) {
	for _, g := range New(Consumers(), Auth{}).Parameters {
		for _, p := range g.Parameters {
			if p.Description == "" || p.Label == "" {
				t.Errorf("%s: description %q, label %q", p.ID, p.Description, p.Label)
			}
			if len(p.AllowedPattern) > 0 && p.ConstraintDescription == "" {
				t.Errorf("%s has a pattern that nothing explains", p.ID)
			}
		}
	}
}

func TestParameterPatterns(t *testing.T) {
	patterns := map[string]string{}
	for _, g := range parameters() {
		for _, p := range g.Parameters {
			patterns[p.ID] = p.AllowedPattern
		}
	}
	for _, test := range []struct {
		parameter, value string
		want             bool
	}{
		{carrierURL, "https://carrier.example.com", true},
		{carrierURL, "https://carrier.example.com/v2/api", true},
		{carrierURL, "http://127.0.0.1:4566/carrier", true},
		{carrierURL, "http://[::1]:4566/carrier", true},
		{carrierURL, "http://localhost:4566/carrier", true},
		{carrierURL, "http://carrier.example.com", false},            // addresses in the clear
		{carrierURL, "https://me:secret@carrier.example.com", false}, // which everybody could read
		{carrierURL, "http://me:secret@localhost", false},
		{carrierURL, "https://carrier.example.com/", false},
		{carrierURL, "https://carrier.example.com?x=1", false},
		{carrierURL, "carrier.example.com", false},
		{carrierURL, "ftp://carrier.example.com", false},
		{carrierURL, "", false},
		{senderEmail, "orders@example.com", true},
		{senderEmail, "orders+eu@shop.example.com", true},
		{senderEmail, "Shop <orders@example.com>", false},
		{senderEmail, "orders@example", false},
		{senderEmail, "example.com", false},
		{reconciliationRate, "rate(1 hour)", true},
		{reconciliationRate, "rate(15 minutes)", true},
		{reconciliationRate, "rate(1 day)", true},
		{reconciliationRate, "rate(999 minutes)", true},
		{reconciliationRate, "rate(24 hours)", true},
		{reconciliationRate, "rate(25 hours)", false},
		{reconciliationRate, "rate(2 days)", false},
		{alarmTopicARN, "none", true},
		{alarmTopicARN, "arn:aws:sns:eu-west-1:111122223333:on-call", true},
		{alarmTopicARN, "arn:aws-cn:sns:cn-north-1:111122223333:on_call", true},
		{alarmTopicARN, "", false},
		{alarmTopicARN, "on-call", false},
		{alarmTopicARN, "arn:aws:sns:eu-west-1:111122223333:on-call.fifo", false}, // alarms take no FIFO topic
		{alarmTopicARN, "arn:aws:sqs:eu-west-1:111122223333:on-call", false},
		{runbookURL, "README.md", true},
		{runbookURL, "https://wiki.shop.example/orderflow/README", true},
		{runbookURL, "https://wiki.shop.example/a b", false},
		{runbookURL, "https://wiki.shop.example/README#runbook", false},
		{reconciliationRate, "rate(1 hours)", false},
		{reconciliationRate, "rate(2 hour)", false},
		{reconciliationRate, "rate(0 minutes)", false},
		{reconciliationRate, "rate(10 seconds)", false},
		{reconciliationRate, "cron(0 3 * * ? *)", false},
		{corsAllowOrigin, "", true},
		{corsAllowOrigin, "*", true},
		{corsAllowOrigin, "https://shop.example.com", true},
		{corsAllowOrigin, "http://localhost:3000", true},
		{corsAllowOrigin, "https://shop.example.com/", false},
		{corsAllowOrigin, "shop.example.com", false},
		{corsAllowOrigin, "https://a.example,https://b.example", false},
		{corsAllowOrigin, "https://*.example.com", false},
		{permissionsBoundary, "", true},
		{permissionsBoundary, "arn:aws:iam::111122223333:policy/teams/bound", true},
		{permissionsBoundary, "arn:aws-us-gov:iam::aws:policy/PowerUserAccess", true},
		{permissionsBoundary, "bound", false},
		{permissionsBoundary, "arn:aws:iam::111122223333:role/bound", false},
	} {
		// CloudFormation matches the whole value.
		got := regexp.MustCompile(`^(?:` + patterns[test.parameter] + `)$`).MatchString(test.value)
		if got != test.want {
			t.Errorf("%s %q: allowed is %v, want %v", test.parameter, test.value, got, test.want)
		}
	}
}

func TestOutputs(t *testing.T) {
	outputs := render(t, Consumers()).Outputs
	for _, id := range []string{"ApiUrl", "StateMachineArn", "StateMachineConsoleUrl", "TopicArn", ordersTable, "StockTable", catalogueTable, "InventoryDeadLetterQueue", "ReconciliationFunction"} {
		if _, ok := outputs[id]; !ok {
			t.Errorf("no output %s", id)
		}
	}
}

func TestEnvironments(t *testing.T) {
	ref := func(id string) any { return map[string]any{"Ref": id} }
	want := map[string]map[string]any{
		"ApiFunction":          {"ORDERS_TABLE": ref("OrdersTable"), "STATE_MACHINE_ARN": ref("OrderStateMachineAlias")},
		"ValidationFunction":   {"CATALOGUE_TABLE": ref("CatalogueTable")},
		"InventoryFunction":    {"STOCK_TABLE": ref("StockTable"), "RESERVATIONS_TABLE": ref("ReservationsTable")},
		"ShipmentFunction":     {"SHIPMENTS_TABLE": ref("ShipmentsTable"), "ORDERS_TABLE": ref("OrdersTable"), "CARRIER_URL": ref("CarrierUrl")},
		"NotificationFunction": {"NOTIFICATIONS_TABLE": ref("NotificationsTable"), "ORDERS_TABLE": ref("OrdersTable"), "SENDER": ref("SenderEmail")},
		"AnalyticsFunction":    {"ANALYTICS_BUCKET": ref("AnalyticsBucket")},
		"ReconciliationFunction": {
			"ORDERS_TABLE": ref("OrdersTable"), "RESERVATIONS_TABLE": ref("ReservationsTable"), "SHIPMENTS_TABLE": ref("ShipmentsTable"), "STOCK_TABLE": ref("StockTable"),
			"ORDERS_TOPIC_ARN": ref("OrdersTopic"), "STATE_MACHINE_ARN": ref("OrderStateMachine"), "GRACE_SECONDS": "900",
		},
	}
	for id := range want {
		if id != "ApiFunction" { // it tells no metrics
			want[id]["METRICS_NAMESPACE"] = ref("AWS::StackName")
		}
		if id != "ApiFunction" && id != "ValidationFunction" {
			want[id]["STATE_MACHINE_ARN"] = ref("OrderStateMachine")
		}
	}
	got := map[string]map[string]any{}
	for id, r := range render(t, Consumers()).Resources {
		if r.Type == "AWS::Serverless::Function" {
			got[id] = at(t, r.Properties, "Environment", "Variables").(map[string]any)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestTablesHaveTheirKeys(t *testing.T) {
	want := map[string]string{
		"OrdersTable":        "orderId; customer: customerId createdAt",
		"CatalogueTable":     "sku",
		"StockTable":         "sku",
		"ReservationsTable":  "orderId",
		"ShipmentsTable":     "orderId",
		"NotificationsTable": "orderId eventType",
	}
	got := map[string]string{}
	for id, r := range render(t, Consumers()).Resources {
		if r.Type != "AWS::DynamoDB::Table" {
			continue
		}
		keys := keysOf(t, r.Properties)
		if indexes, ok := r.Properties["GlobalSecondaryIndexes"]; ok {
			index := at(t, indexes, "0").(map[string]any)
			keys += fmt.Sprintf("; %s: %s", index["IndexName"], keysOf(t, index))
		}
		got[id] = keys
		declared := at(t, r.Properties, "AttributeDefinitions").([]any)
		if names := strings.Fields(regexp.MustCompile(`; \w+:`).ReplaceAllString(keys, "")); len(declared) != len(names) {
			t.Errorf("%s declares %d attributes, its keys are %v", id, len(declared), names)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func keysOf(t *testing.T, v any) string {
	t.Helper()
	var names []string
	for _, key := range at(t, v, "KeySchema").([]any) {
		names = append(names, at(t, key, "AttributeName").(string))
	}
	return strings.Join(names, " ")
}

func TestFunctionsAreBuiltFromTheirBootstrap(t *testing.T) {
	var built []string
	for id, r := range render(t, Consumers()).Resources {
		if r.Type != "AWS::Serverless::Function" {
			continue
		}
		capability := strings.ToLower(strings.TrimSuffix(id, "Function"))
		built = append(built, capability)
		for name, want := range map[string]any{
			"CodeUri": "../lambdas/" + capability + "/bootstrap",
			"Runtime": "provided.al2023",
			"Handler": "bootstrap",
		} {
			if got := r.Properties[name]; got != want {
				t.Errorf("%s.%s is %v, want %v", id, name, got, want)
			}
		}
		if !strings.Contains(r.raw, `"BuildMethod":"makefile"`) || !strings.Contains(r.raw, `"Architectures":["arm64"]`) {
			t.Errorf("%s is not built by the Makefile for arm64", id)
		}
	}
	slices.Sort(built)
	if diff := cmp.Diff([]string{"analytics", "api", "inventory", "notification", "reconciliation", "shipment", "validation"}, built); diff != "" {
		t.Error(diff)
	}
}

// The access log must say nothing about who called, or with which query.
func TestAccessLogHoldsNoPersonalData(t *testing.T) {
	var format map[string]string
	if err := json.Unmarshal([]byte(accessLogFormat()), &format); err != nil {
		t.Fatal(err)
	}
	for name, variable := range format {
		for _, personal := range []string{"identity", "authorizer", "path", "query", "header", "domain"} {
			if strings.Contains(strings.ToLower(variable), personal) {
				t.Errorf("%s logs %s", name, variable)
			}
		}
	}
	if len(format) == 0 {
		t.Error("nothing is logged")
	}
}

func TestResourcesKeepTheOrderOfTheTableOfContents(t *testing.T) {
	tmpl := New(Consumers(), Auth{})
	whole, err := tmpl.tree()
	if err != nil {
		t.Fatal(err)
	}
	resources, _ := whole.get("Resources")
	var want, got []string
	for _, s := range tmpl.Sections {
		for _, r := range s.Resources {
			want = append(want, r.ID)
		}
	}
	for _, m := range resources.(object) {
		got = append(got, m.name)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
