package template

import (
	"encoding/json"
	"strings"
	"testing"

	"orderflow/cmd/local/cloud/cloudformation"

	"github.com/google/go-cmp/cmp"
)

// TestTraced: X-Ray follows an order from the function behind the API, for HTTP
// APIs know no X-Ray, through the state machine and the topic to whoever hears
// of it. (Queues hand a trace on without being asked.)
// https://docs.aws.amazon.com/xray/latest/devguide/xray-services-apigateway.html
func TestTraced(t *testing.T) {
	traced := map[string]int{}
	for id, r := range translate(t, New(Consumers(), Auth{})).deployed(t, nil) {
		var want string
		switch r.Type {
		case "AWS::Lambda::Function":
			want = `{"TracingConfig":{"Mode":"Active"}}`
		case "AWS::StepFunctions::StateMachine":
			want = `{"TracingConfiguration":{"Enabled":true}}`
		case "AWS::SNS::Topic":
			want = `{"TracingConfig":"Active"}`
		default:
			continue
		}
		if r.Type == "AWS::SNS::Topic" && id != ordersTopic {
			continue // no order passes there
		}
		traced[r.Type]++
		if got := only(t, r, "TracingConfig", "TracingConfiguration"); got != want {
			t.Errorf("%s has %s, want %s", id, got, want)
		}
	}
	if traced["AWS::Lambda::Function"] != 7 || traced["AWS::StepFunctions::StateMachine"] != 1 || traced["AWS::SNS::Topic"] != 1 {
		t.Errorf("traced are %v, want seven functions, a state machine and a topic", traced)
	}
}

// TestTopicMayTrace: a topic's segments are lost unless X-Ray's own policy lets
// that topic, and no other, send them.
func TestTopicMayTrace(t *testing.T) {
	resources := translate(t, New(Consumers(), Auth{})).deployed(t, nil)
	text, _ := resources[ordersTopic+"TracingPolicy"].Properties["PolicyDocument"].(string)
	var document struct{ Statement []statement }
	if err := json.Unmarshal([]byte(text), &document); err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	want := []statement{{
		Effect:    "Allow",
		Principal: map[string]any{"Service": "sns.amazonaws.com"},
		Action:    list{"xray:PutTraceSegments", "xray:GetSamplingRules", "xray:GetSamplingTargets"},
		Resource:  list{"*"},
		Condition: map[string]map[string]list{
			"StringEquals": {"aws:SourceAccount": {"111122223333"}},
			"StringLike":   {"aws:SourceArn": {ordersTopic}},
		},
	}}
	if diff := cmp.Diff(want, document.Statement); diff != "" {
		t.Error(diff)
	}
}

// TestLogged: every function logs JSON, at the level that metrics are told at,
// to a group of its own that is of the stack.
func TestLogged(t *testing.T) {
	resources := translate(t, New(Consumers(), Auth{})).deployed(t, nil)
	groups := map[string]string{}
	for id, r := range resources {
		if r.Type != "AWS::Lambda::Function" {
			continue
		}
		config, ok := r.Properties["LoggingConfig"].(map[string]any)
		if !ok || config["LogFormat"] != "JSON" {
			t.Errorf("%s logs by %v", id, r.Properties["LoggingConfig"])
			continue
		}
		if level := config["ApplicationLogLevel"]; level != nil && level != "INFO" {
			t.Errorf("%s keeps lines from level %v on: its metrics are told at INFO", id, level)
		}
		group, _ := config["LogGroup"].(string)
		if resources[group].Type != "AWS::Logs::LogGroup" || groups[group] != "" {
			t.Errorf("%s logs to %q, as does %q", id, group, groups[group])
		}
		groups[group] = id
	}
	if len(groups) != 7 {
		t.Errorf("%d functions have a log: %v", len(groups), groups)
	}
}

// TestMetricsNamespace: who tells metrics knows the stack's name for them, and
// who names executions the state machine.
func TestMetricsNamespace(t *testing.T) {
	resources := translate(t, New(Consumers(), Auth{})).deployed(t, nil)
	for _, c := range []struct {
		id                    string
		metrics, stateMachine bool
	}{
		{"ApiFunction", false, true},
		{"ValidationFunction", true, false}, // is told its execution, for the state machine needs it first
		{"InventoryFunction", true, true},
		{"ShipmentFunction", true, true},
		{"NotificationFunction", true, true},
		{"AnalyticsFunction", true, true},
		{reconciliationFunction, true, true},
	} {
		environment, _ := resources[c.id].Properties["Environment"].(map[string]any)
		variables, _ := environment["Variables"].(map[string]any)
		namespace, stateMachine := variables["METRICS_NAMESPACE"], variables["STATE_MACHINE_ARN"]
		if want := any("orderflow"); c.metrics && namespace != want || !c.metrics && namespace != nil {
			t.Errorf("%s tells metrics in %v", c.id, namespace)
		}
		if name, _ := stateMachine.(string); strings.HasPrefix(name, orderStateMachine) != c.stateMachine {
			t.Errorf("%s knows state machine %v", c.id, stateMachine)
		}
	}
}

// only is a resource's properties of these names, as JSON.
func only(t *testing.T, r cloudformation.Resource, names ...string) string {
	t.Helper()
	some := map[string]any{}
	for _, name := range names {
		if value, ok := r.Properties[name]; ok {
			some[name] = value
		}
	}
	raw, err := json.Marshal(some)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}
