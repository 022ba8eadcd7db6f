package template

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"orderflow/cmd/local/cloud/cloudformation"

	"github.com/google/go-cmp/cmp"
)

var (
	update = flag.Bool("update", false, "write the golden files anew")
	lose   = flag.String("lose", "", "the logical IDs of stateful resources, with commas, that -update may remove or replace")
)

// released are the stateful resources of what was released last, a line each:
// logical ID, type, and those properties that no update can change.
const released = "testdata/stateful.txt"

// stateful says by type what is lost when CloudFormation removes or replaces a
// resource. A renamed logical ID is both.
var stateful = map[string]string{
	"AWS::ApiGatewayV2::Api":           "the URL that shops know",
	"AWS::DynamoDB::Table":             "its rows, which a retained table keeps where nobody looks",
	"AWS::KMS::Key":                    "whatever is encrypted under it",
	"AWS::Logs::LogGroup":              "its log",
	"AWS::S3::Bucket":                  "its objects, which a retained bucket keeps where nobody looks",
	"AWS::SNS::Topic":                  "the subscriptions of others, and what is on its way",
	"AWS::SQS::Queue":                  "the messages that wait in it",
	"AWS::StepFunctions::StateMachine": "the executions that run, and the history of all",
}

// TestStateful refuses a change that would lose what a released stack keeps.
// A new resource is put on the list with
//
//	go test ./template -run TestStateful -update
//
// One that is to go after all, its data saved or not wanted, takes a second
// flag that names it:
//
//	go test ./template -run TestStateful -update -lose ShipmentsTable,ShipmentQueue
func TestStateful(t *testing.T) {
	now := statefulLines(t, translate(t, New(Consumers(), Auth{})).deployed(t, map[string]string{"CustomerManagedKey": "yes"}))
	raw, err := os.ReadFile(released)
	if err != nil && !*update {
		t.Fatal(err)
	}
	before := strings.Split(strings.TrimSpace(string(raw)), "\n")
	losses, additions := compareStateful(before, now, strings.Split(*lose, ","))
	for _, loss := range losses {
		t.Error(loss)
	}
	switch {
	case t.Failed():
	case *update:
		if err := os.WriteFile(released, []byte(strings.Join(now, "\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	case len(additions) > 0:
		t.Errorf("new, and not in %s yet: %s\n\tgo test ./template -run TestStateful -update", released, strings.Join(additions, ", "))
	}
}

// compareStateful tells what a deployment would lose, but for what may be lost,
// and what it would add, which is what the list of the released must gain. Both
// lists are of lines "ID type properties".
func compareStateful(before, now, mayBeLost []string) (losses, additions []string) {
	parse := func(lines []string) map[string][]string {
		parsed := map[string][]string{}
		for _, line := range lines {
			if fields := strings.SplitN(line, " ", 3); len(fields) == 3 {
				parsed[fields[0]] = fields
			}
		}
		return parsed
	}
	was, is := parse(before), parse(now)
	for _, id := range slices.Sorted(maps.Keys(was)) {
		old, current := was[id], is[id]
		var what string
		switch {
		case current == nil:
			what = "would be removed"
		case old[1] != current[1]:
			what = fmt.Sprintf("would be replaced, for it is now a %s", current[1])
		case old[2] != current[2]:
			what = fmt.Sprintf("would be replaced, for %s is now %s", old[2], current[2])
		default:
			continue
		}
		if slices.Contains(mayBeLost, id) {
			additions = append(additions, id)
			continue
		}
		losses = append(losses, fmt.Sprintf("%s, a %s, %s: with it goes %s.\n"+
			"\tUndo the change. If it is meant, save first what is wanted, and then\n"+
			"\tgo test ./template -run TestStateful -update -lose %s", id, old[1], what, stateful[old[1]], id))
	}
	for _, id := range slices.Sorted(maps.Keys(is)) {
		if was[id] == nil {
			additions = append(additions, id)
		}
	}
	return losses, additions
}

func statefulLines(t *testing.T, resources map[string]cloudformation.Resource) []string {
	t.Helper()
	immutable := immutableProperties(t, slices.Sorted(maps.Keys(stateful)))
	var lines []string
	for id, r := range resources {
		if stateful[r.Type] == "" {
			continue
		}
		properties := map[string]any{}
		for _, name := range immutable[r.Type] {
			if value, ok := r.Properties[name]; ok {
				properties[name] = value
			}
		}
		raw, err := json.Marshal(properties)
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, id+" "+r.Type+" "+string(raw))
	}
	slices.Sort(lines)
	return lines
}

// immutableProperties are those a change of which replaces the resource, by
// CloudFormation's own schemas, which cfn-lint has.
// https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-schema.html
func immutableProperties(t *testing.T, resourceTypes []string) map[string][]string {
	t.Helper()
	const program = `
import json, sys
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER as schemas
result = {}
for name in sys.argv[1:]:
    schema = schemas.get_resource_schema("us-east-1", name).schema
    paths = schema.get("createOnlyProperties", []) + schema.get("conditionalCreateOnlyProperties", [])
    result[name] = sorted({path.split("/")[2] for path in paths})
print(json.dumps(result))`
	out, err := exec.CommandContext(t.Context(), translator, append([]string{"-c", program}, resourceTypes...)...).Output()
	if err != nil {
		t.Fatalf("cfn-lint's schemas: %v", err)
	}
	var properties map[string][]string
	if err := json.Unmarshal(out, &properties); err != nil {
		t.Fatal(err)
	}
	return properties
}

func TestCompareStateful(t *testing.T) {
	before := []string{
		`OrdersTable AWS::DynamoDB::Table {"KeySchema":[{"AttributeName":"orderId","KeyType":"HASH"}]}`,
		`StockQueue AWS::SQS::Queue {"QueueName":"orderflow-StockQueue"}`,
	}
	table, queue := before[0], before[1]
	for _, test := range []struct {
		name      string
		now, lose []string
		losses    []string // what each says
		additions []string
	}{
		{"nothing changes", before, nil, nil, nil},
		{"one more", append([]string{`NewTopic AWS::SNS::Topic {}`}, before...), nil, nil, []string{"NewTopic"}},
		{"one is removed", []string{table}, nil, []string{"StockQueue, a AWS::SQS::Queue, would be removed: with it goes the messages"}, nil},
		{"one is renamed", []string{table, `ShelfQueue AWS::SQS::Queue {"QueueName":"orderflow-StockQueue"}`}, nil,
			[]string{"StockQueue, a AWS::SQS::Queue, would be removed"}, []string{"ShelfQueue"}},
		{"its name changes", []string{table, `StockQueue AWS::SQS::Queue {"QueueName":"shelves"}`}, nil,
			[]string{`would be replaced, for {"QueueName":"orderflow-StockQueue"} is now {"QueueName":"shelves"}`}, nil},
		{"its key changes", []string{`OrdersTable AWS::DynamoDB::Table {"KeySchema":[{"AttributeName":"id","KeyType":"HASH"}]}`, queue}, nil,
			[]string{"-update -lose OrdersTable"}, nil},
		{"its type changes", []string{`OrdersTable AWS::DynamoDB::GlobalTable {}`, queue}, nil, []string{"it is now a AWS::DynamoDB::GlobalTable"}, nil},
		{"both go, one on purpose", nil, []string{"StockQueue"}, []string{"OrdersTable"}, []string{"StockQueue"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			losses, additions := compareStateful(before, test.now, test.lose)
			if diff := cmp.Diff(test.additions, additions); diff != "" {
				t.Error(diff)
			}
			if len(losses) != len(test.losses) {
				t.Fatalf("losses are %q", losses)
			}
			for i, want := range test.losses {
				if !strings.Contains(losses[i], want) {
					t.Errorf("%q does not say %q", losses[i], want)
				}
			}
		})
	}
}
