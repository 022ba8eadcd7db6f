package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestAWSCLI drives the running program by the unmodified AWS CLI: every
// command that the README promises, and what is refused. Of the versions on PATH
// the first one does all that, and the others what they may say in another
// protocol: SQS's was another until 2023, and S3's has other checksums.
func TestAWSCLI(t *testing.T) {
	if _, err := exec.LookPath("aws"); err != nil {
		t.Skip("the AWS CLI is not installed: pip install awscli")
	}
	if testing.Short() {
		t.Skip("the AWS CLI takes most of a second for each command")
	}
	t.Parallel()
	for i, installed := range installedCLIs(t) {
		t.Run(installed.version, func(t *testing.T) {
			t.Parallel()
			testCLI(t, installed.path, func(service string) bool { return i == 0 || service == "sqs" || service == "s3api" })
		})
	}
}

func testCLI(t *testing.T, cli string, speaks func(service string) bool) {
	r := start(t)
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute) // t's ends before its parts do
	t.Cleanup(cancel)
	queue := r.subscribe(ctx, t, "order.confirmed")
	placed, _ := r.place(ctx, t, orderFor("MUG-BLUE", 2, "GB"))
	r.await(ctx, t, queue)

	const (
		account   = "000000000000"
		machine   = "arn:aws:states:us-east-1:" + account + ":stateMachine:orderflow-OrderStateMachine"
		topic     = "arn:aws:sns:us-east-1:" + account + ":orderflow-OrdersTopic"
		log       = "/aws/lambda/orderflow/inventory"
		dlq       = "arn:aws:sqs:us-east-1:" + account + ":orderflow-AnalyticsDeadLetterQueue"
		stock     = "orderflow-StockTable"
		catalogue = "orderflow-CatalogueTable" // reconciliation, which runs meanwhile, does not count it
		mug       = `{"sku": {"S": "MUG-BLUE"}}`
		pot       = `{"sku": {"S": "POT"}, "available": {"N": "1"}}`
		potKey    = `{"sku": {"S": "POT"}}`
		noInput   = "--input={}"
		noSuchArn = "arn:aws:states:us-east-1:" + account + ":execution:orderflow-OrderStateMachine:none"
	)
	queueURL := r.aws + "/" + account + "/orderflow-AnalyticsDeadLetterQueue"
	execution := strings.Replace(machine, ":stateMachine:", ":execution:", 1) + ":"
	dir := t.TempDir()
	config := dir + "/config"
	if err := os.WriteFile(config, []byte("[default]\ncli_binary_format = raw-in-base64-out\n"), 0o600); err != nil {
		t.Fatal(err)
	}

	services := map[string][]commandTest{}
	for _, test := range []commandTest{
		{command: []string{"stepfunctions", "list-state-machines"}, want: machine},
		{command: []string{"stepfunctions", "list-executions", "--state-machine-arn", machine, "--status-filter", "SUCCEEDED"}, want: placed.ID},
		{command: []string{"stepfunctions", "list-executions", "--state-machine-arn", machine, "--status-filter", "FAILED"}, want: `"executions": []`},
		{command: []string{"stepfunctions", "describe-execution", "--execution-arn", execution + placed.ID}, want: `"status": "SUCCEEDED"`},
		{command: []string{"stepfunctions", "describe-execution", "--execution-arn", noSuchArn}, want: "ExecutionDoesNotExist", refused: true},
		{command: []string{"stepfunctions", "get-execution-history", "--execution-arn", execution + placed.ID, "--page-size", "10"}, want: "TaskSubmitted"},
		{command: []string{"stepfunctions", "get-execution-history", "--execution-arn", execution + placed.ID, "--reverse-order", "--max-items", "1"}, want: "ExecutionSucceeded"},
		{command: []string{"stepfunctions", "get-execution-history", "--execution-arn", execution + placed.ID, "--no-include-execution-data"}, want: "TaskSubmitted"},
		{command: []string{"stepfunctions", "start-execution", "--state-machine-arn", machine, "--name", "by-hand", noInput}, want: execution + "by-hand"},
		{command: []string{"stepfunctions", "stop-execution", "--execution-arn", execution + "never"}, want: "ExecutionDoesNotExist", refused: true},
		{command: []string{"stepfunctions", "redrive-execution", "--execution-arn", execution + placed.ID}, want: "ExecutionNotRedrivable", refused: true, since23: true},
		{command: []string{"stepfunctions", "send-task-success", "--task-token", "made-up", "--task-output", "{}"}, want: "InvalidToken", refused: true},
		{command: []string{"stepfunctions", "send-task-failure", "--task-token", "made-up"}, want: "InvalidToken", refused: true},
		{command: []string{"stepfunctions", "send-task-heartbeat", "--task-token", "made-up"}, want: "InvalidToken", refused: true},
		{command: []string{"stepfunctions", "list-activities"}, want: "ListActivities", refused: true},

		{command: []string{"sqs", "list-queues", "--queue-name-prefix", "orderflow-Inventory"}, want: "orderflow-InventoryDeadLetterQueue"},
		{command: []string{"sqs", "send-message", "--queue-url", queueURL, "--message-body", "hello"}, want: "MD5OfMessageBody"},
		{command: []string{"sqs", "get-queue-attributes", "--queue-url", queueURL, "--attribute-names", "All"}, want: `"ApproximateNumberOfMessages": "1"`},
		{command: []string{"sqs", "receive-message", "--queue-url", queueURL}, want: `"Body": "hello"`},
		{command: []string{"sqs", "change-message-visibility", "--queue-url", queueURL, "--visibility-timeout", "0", "--receipt-handle", "RECEIPT"}},
		{command: []string{"sqs", "receive-message", "--queue-url", queueURL}, want: `"Body": "hello"`},
		{command: []string{"sqs", "receive-message", "--queue-url", queueURL}}, // it is in flight
		{command: []string{"sqs", "delete-message", "--queue-url", queueURL, "--receipt-handle", "RECEIPT"}},
		{command: []string{"sqs", "send-message-batch", "--queue-url", queueURL, "--entries", `[{"Id": "a", "MessageBody": "typed", "MessageAttributes": {"type": {"DataType": "String", "StringValue": "x"}}}, {"Id": "b", "MessageBody": ""}]`}, want: `"Code": "MissingParameter"`},
		{command: []string{"sqs", "receive-message", "--queue-url", queueURL, "--attribute-names", "All", "--message-attribute-names", "All"}, want: `"StringValue": "x"`},
		{command: []string{"sqs", "purge-queue", "--queue-url", queueURL}},
		{command: []string{"sqs", "start-message-move-task", "--source-arn", dlq}, want: "TaskHandle", since23: true},
		{command: []string{"sqs", "receive-message", "--queue-url", r.aws + "/" + account + "/none"}, want: "NonExistentQueue", refused: true},

		{command: []string{"sns", "list-topics"}, want: topic},
		{command: []string{"sns", "list-subscriptions"}, want: "orderflow-ShipmentQueue"},
		{command: []string{"sns", "tag-resource", "--resource-arn", topic, "--tags", "Key=team,Value=orders"}},
		{command: []string{"sns", "publish", "--topic-arn", topic, "--message", "nobody listens"}, want: "MessageId"},
		{command: []string{"sns", "publish", "--phone-number", "+442079460000", "--message", "hello"}, want: "PhoneNumber", refused: true},

		{command: []string{"lambda", "invoke", "--function-name", "orderflow-ReconciliationFunction", "--payload", `{"dryRun": true}`, dir + "/report"}, want: `"StatusCode": 200`, wrote: `"dryRun":true,"complete":true`},

		{command: []string{"dynamodb", "list-tables"}, want: stock},
		{command: []string{"dynamodb", "describe-table", "--table-name", "orderflow-OrdersTable"}, want: `"IndexName": "customer"`},
		{command: []string{"dynamodb", "get-item", "--table-name", stock, "--key", mug}, want: `"N": "498"`},
		{command: []string{"dynamodb", "put-item", "--table-name", catalogue, "--item", pot}},
		{command: []string{"dynamodb", "update-item", "--table-name", catalogue, "--key", potKey, "--update-expression", "ADD available :n", "--expression-attribute-values", `{":n": {"N": "2"}}`, "--return-values", "ALL_NEW"}, want: `"N": "3"`},
		{command: []string{"dynamodb", "update-item", "--table-name", catalogue, "--key", potKey, "--update-expression", "SET available = :n", "--condition-expression", "available > :n", "--expression-attribute-values", `{":n": {"N": "9"}}`}, want: "ConditionalCheckFailedException", refused: true},
		{command: []string{"dynamodb", "delete-item", "--table-name", catalogue, "--key", potKey, "--return-values", "ALL_OLD"}, want: `"N": "3"`},
		{command: []string{"dynamodb", "scan", "--table-name", stock, "--max-items", "2"}, want: "NextToken"},
		{command: []string{"dynamodb", "query", "--table-name", "orderflow-OrdersTable", "--index-name", "customer", "--key-condition-expression", "customerId = :c", "--expression-attribute-values", `{":c": {"S": "c-42"}}`}, want: placed.ID},
		{command: []string{"dynamodb", "transact-write-items", "--transact-items", `[{"Put": {"TableName": "` + catalogue + `", "Item": ` + pot + `, "ConditionExpression": "attribute_exists(sku)"}}]`}, want: "[ConditionalCheckFailed]", refused: true},
		{command: []string{"dynamodb", "batch-write-item", "--request-items", `{"` + catalogue + `": [{"PutRequest": {"Item": ` + pot + `}}]}`}, want: `"UnprocessedItems": {}`},
		{command: []string{"dynamodb", "get-item", "--table-name", stock, "--key", mug, "--attributes-to-get", "sku"}, want: "AttributesToGet", refused: true},

		{command: []string{"lambda", "list-functions"}, want: "orderflow-NotificationFunction"},
		{command: []string{"lambda", "invoke", "--function-name", "orderflow-ValidationFunction", "--payload", `{"orderId": "x", "items": [{"sku": "MUG-BLUE", "quantity": 1}]}`, dir + "/priced"}, want: `"StatusCode": 200`, wrote: `"amount":1250`},

		// The runbook's, beside those above and below.
		{command: []string{"lambda", "get-account-settings", "--query", "AccountLimit"}, want: `"ConcurrentExecutions": 1000`},
		{command: []string{"lambda", "list-event-source-mappings", "--function-name", "orderflow-InventoryFunction"}, want: `"UUID"`},
		{command: []string{"logs", "filter-log-events", "--log-group-name", log, "--filter-pattern", `?"Task timed out" ?errorType ?panic ?"event failed"`}, want: `"events": []`},
		{command: []string{"sns", "list-subscriptions-by-topic", "--topic-arn", topic}, want: "orderflow-ShipmentQueue"},
		{command: []string{"sesv2", "get-account", "--query", "EnforcementStatus"}, want: "HEALTHY"},

		{command: []string{"logs", "describe-log-groups", "--log-group-name-prefix", "/aws/lambda/"}, want: log},
		{command: []string{"logs", "describe-log-streams", "--log-group-name", log, "--order-by", "LastEventTime", "--descending", "--max-items", "1"}, want: "orderflow-InventoryFunction[1]"},
		{command: []string{"logs", "filter-log-events", "--log-group-name", log, "--filter-pattern", `"` + placed.ID + `"`}, want: "event done"},
		{command: []string{"logs", "filter-log-events", "--log-group-name", log, "--filter-pattern", `{ $.orderId = "` + placed.ID + `" && $.receiveCount = 1 }`}, want: "event received"},
		{command: []string{"logs", "filter-log-events", "--log-group-name", log, "--filter-pattern", "%event%"}, want: "regular expressions in filter patterns are not supported", refused: true},
		{command: []string{"logs", "describe-metric-filters"}, want: "DescribeMetricFilters", refused: true},

		{command: []string{"scheduler", "list-schedules"}, want: "orderflow-ReconciliationRunSchedule"},
		{command: []string{"scheduler", "get-schedule", "--name", "orderflow-ReconciliationRunSchedule"}, want: `"ScheduleExpression": "rate(1 hour)"`},
		{command: []string{"scheduler", "delete-schedule", "--name", "orderflow-ReconciliationRunSchedule"}, want: "DELETE /schedules/orderflow-ReconciliationRunSchedule is not supported", refused: true},

		{command: []string{"cloudformation", "describe-stacks", "--stack-name", "orderflow"}, want: `"OutputKey": "StateMachineArn"`},
		{command: []string{"cloudformation", "describe-stacks", "--stack-name", "none"}, want: "Stack with id none does not exist", refused: true},
		{command: []string{"cloudformation", "list-stack-resources", "--stack-name", "orderflow"}, want: `"PhysicalResourceId": "` + queueURL + `"`},
		{command: []string{"cloudformation", "describe-stack-resource", "--stack-name", "orderflow", "--logical-resource-id", "OrderStateMachine"}, want: machine},
		{command: []string{"cloudformation", "get-template", "--stack-name", "orderflow"}, want: `"Transform": "AWS::Serverless-2016-10-31"`},

		{command: []string{"s3api", "list-objects-v2", "--bucket", "orderflow-analyticsbucket"}, want: "events/"},
		{command: []string{"s3api", "get-bucket-acl", "--bucket", "orderflow-analyticsbucket"}, want: "NotImplemented", refused: true},
	} {
		if service := test.command[0]; speaks(service) {
			services[service] = append(services[service], test)
		}
	}
	for service, tests := range services {
		t.Run(service, func(t *testing.T) {
			t.Parallel()
			receipt := "" // of the message that was received last
			for _, test := range tests {
				name := strings.Join(test.command[:2], " ")
				arguments := append([]string{"--endpoint-url", r.aws, "--output", "json"}, test.command...)
				for i := range arguments {
					arguments[i] = strings.ReplaceAll(arguments[i], "RECEIPT", receipt)
				}
				stdout, stderr, err := runCLI(ctx, cli, config, arguments)
				for test.command[1] == "list-objects-v2" && ctx.Err() == nil && !strings.Contains(stdout, test.want) {
					stdout, stderr, err = runCLI(ctx, cli, config, arguments) // analytics waits for its batch to fill
				}
				if test.since23 && strings.Contains(stderr, "Invalid choice") {
					continue
				}
				if refused := err != nil; refused != test.refused || !strings.Contains(stdout+stderr, test.want) {
					t.Errorf("%s: error %v, want %q in\n%s%s", name, err, test.want, stdout, stderr)
				}
				if file := test.command[len(test.command)-1]; test.wrote != "" {
					if wrote, err := os.ReadFile(file); err != nil || !strings.Contains(string(wrote), test.wrote) {
						t.Errorf("%s wrote %s, %v", name, wrote, err)
					}
				}
				var received struct {
					Messages []struct{ ReceiptHandle string }
				}
				if json.Unmarshal([]byte(stdout), &received) == nil && len(received.Messages) > 0 {
					receipt = received.Messages[0].ReceiptHandle
				}
			}
		})
	}
}

// A commandTest is one command, after those before it of the same service.
type commandTest struct {
	command []string
	want    string // part of the answer, or of the error if refused
	wrote   string // part of the file that is the command's last argument
	refused bool
	since23 bool // older CLIs lack the command
}

// An installation is of the AWS CLI, of a version such as aws-cli/2.9.19.
type installation struct{ path, version string }

// installedCLIs finds those on PATH, one of each version, in its order.
func installedCLIs(t *testing.T) (found []installation) {
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		path, err := exec.LookPath(filepath.Join(dir, "aws"))
		if err != nil {
			continue
		}
		stdout, stderr, err := runCLI(t.Context(), path, os.DevNull, []string{"--version"})
		version, _, ok := strings.Cut(stdout, " ")
		if err != nil || !ok {
			t.Fatalf("%s --version: %v\n%s%s", path, err, stdout, stderr)
		}
		if !slices.ContainsFunc(found, func(i installation) bool { return i.version == version }) {
			found = append(found, installation{path, version})
		}
	}
	return found
}

func runCLI(ctx context.Context, cli, config string, arguments []string) (stdout, stderr string, err error) {
	command := exec.CommandContext(ctx, cli, arguments...)
	command.Env = append(os.Environ(), "AWS_ACCESS_KEY_ID=any", "AWS_SECRET_ACCESS_KEY=thing", "AWS_REGION=us-east-1", "AWS_DEFAULT_REGION=us-east-1",
		"AWS_PAGER=", "AWS_CONFIG_FILE="+config, "AWS_MAX_ATTEMPTS=1")
	var out, errs bytes.Buffer
	command.Stdout, command.Stderr = &out, &errs
	err = command.Run()
	return out.String(), errs.String(), err
}
