package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	sfntypes "github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"orderflow/lambdas/order"
	"orderflow/template"
)

// running is a program that serves on real sockets.
type running struct {
	api, aws string // URLs, as it printed them
	greeting []string
}

// start runs the program on free ports until the test ends, and then wants it
// to have ended cleanly.
func start(t *testing.T, args ...string) running {
	t.Helper()
	ctx, interrupt := context.WithCancel(context.Background())
	stdout, printed := io.Pipe()
	var stderr bytes.Buffer
	exit := make(chan int, 1)
	go func() {
		code := run(ctx, append(args, "-api", "127.0.0.1:0", "-aws", "127.0.0.1:0"), printed, &stderr, network{net.Listen, new(net.Dialer).DialContext})
		printed.Close()
		exit <- code
	}()
	lines := bufio.NewScanner(stdout)
	var r running
	for lines.Scan() {
		line := lines.Text()
		r.greeting = append(r.greeting, line)
		if address, ok := strings.CutPrefix(line, "  API "); ok {
			r.api = strings.Fields(address)[0]
		}
		if address, ok := strings.CutPrefix(line, "  AWS endpoint "); ok {
			r.aws = strings.Fields(address)[0]
		}
		if strings.Contains(line, "list-executions") {
			break
		}
	}
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		io.Copy(io.Discard, stdout)
	}()
	t.Cleanup(func() {
		interrupt()
		if code := <-exit; code != exitOK || stderr.Len() > 0 {
			t.Errorf("exit %d, stderr:\n%s", code, stderr.String())
		}
		<-drained
	})
	if r.api == "" || r.aws == "" {
		interrupt()
		t.Fatalf("it printed no addresses: %q, stderr %q", r.greeting, stderr.String())
	}
	return r
}

func (r running) config() aws.Config {
	return aws.Config{
		Region:       "us-east-1",
		BaseEndpoint: &r.aws,
		Credentials:  credentials.NewStaticCredentialsProvider("any", "thing", ""),
	}
}

// TestSocketOrder places an order by HTTP and follows it by the AWS SDK: a
// queue of its own waits for the order's last event.
func TestSocketOrder(t *testing.T) {
	r := start(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	queue := r.subscribe(ctx, t, order.OrderConfirmed)

	placed, location := r.place(ctx, t, orderFor("MUG-BLUE", 2, "GB"))
	if location != "/orders/"+placed.ID || placed.Status != order.Pending {
		t.Errorf("placed %+v at %q", placed, location)
	}
	event := r.await(ctx, t, queue)
	if event.Subject != placed.ID {
		t.Fatalf("the event is of order %q, want %q", event.Subject, placed.ID)
	}
	decided := r.get(ctx, t, location)
	if decided.Status != order.Confirmed || decided.Total == nil || decided.Total.Amount != 2500 || decided.Shipment == nil || decided.Reservation == nil {
		t.Errorf("decided: %+v", decided)
	}

	states := sfn.NewFromConfig(r.config())
	machines, err := states.ListStateMachines(ctx, &sfn.ListStateMachinesInput{})
	if err != nil || len(machines.StateMachines) != 1 {
		t.Fatalf("state machines: %+v, %v", machines, err)
	}
	executions, err := states.ListExecutions(ctx, &sfn.ListExecutionsInput{StateMachineArn: machines.StateMachines[0].StateMachineArn})
	if err != nil || len(executions.Executions) != 1 || *executions.Executions[0].Name != placed.ID {
		t.Fatalf("executions: %+v, %v", executions, err)
	}
	history, err := states.GetExecutionHistory(ctx, &sfn.GetExecutionHistoryInput{ExecutionArn: executions.Executions[0].ExecutionArn, MaxResults: 1000})
	if err != nil || len(history.Events) < 20 || history.Events[0].Type != sfntypes.HistoryEventTypeExecutionStarted {
		t.Errorf("history: %d events, %v", len(history.Events), err)
	}
}

// TestSocketServices calls each service once over the wire.
func TestSocketServices(t *testing.T) {
	r := start(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	config := r.config()

	tables, err := dynamodb.NewFromConfig(config).ListTables(ctx, &dynamodb.ListTablesInput{})
	if err != nil || len(tables.TableNames) != 6 {
		t.Errorf("tables: %+v, %v", tables, err)
	}
	item, err := dynamodb.NewFromConfig(config).GetItem(ctx, &dynamodb.GetItemInput{
		TableName: aws.String("orderflow-StockTable"),
		Key:       map[string]dynamodbtypes.AttributeValue{"sku": &dynamodbtypes.AttributeValueMemberS{Value: "LAMP-LAST"}},
	})
	if err != nil {
		t.Error(err)
	} else if n, ok := item.Item["available"].(*dynamodbtypes.AttributeValueMemberN); !ok || n.Value != "1" {
		t.Errorf("stock: %+v", item.Item)
	}
	queues, err := sqs.NewFromConfig(config).ListQueues(ctx, &sqs.ListQueuesInput{})
	if err != nil || len(queues.QueueUrls) != 8 || !strings.HasPrefix(queues.QueueUrls[0], r.aws) {
		t.Errorf("queues: %+v, %v", queues, err)
	}
	subscriptions, err := sns.NewFromConfig(config).ListSubscriptions(ctx, &sns.ListSubscriptionsInput{})
	if err != nil || len(subscriptions.Subscriptions) != 4 {
		t.Errorf("subscriptions: %+v, %v", subscriptions, err)
	}
	functions, err := lambda.NewFromConfig(config).ListFunctions(ctx, &lambda.ListFunctionsInput{})
	if err != nil || len(functions.Functions) != 7 {
		t.Errorf("functions: %+v, %v", functions, err)
	}
	priced, err := lambda.NewFromConfig(config).Invoke(ctx, &lambda.InvokeInput{
		FunctionName: aws.String("orderflow-ValidationFunction"),
		Payload:      []byte(`{"orderId": "o-1", "items": [{"sku": "MUG-BLUE", "quantity": 1}]}`),
	})
	if err != nil || !bytes.Contains(priced.Payload, []byte(`"amount":1250`)) {
		t.Errorf("invocation: %+v, %v", priced, err)
	}
	objects, err := s3.NewFromConfig(config).ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: aws.String("orderflow-analyticsbucket")})
	if err != nil || len(objects.Contents) != 0 {
		t.Errorf("objects: %+v, %v", objects, err)
	}
	health, err := http.Get(r.aws + "/health")
	if err != nil {
		t.Fatal(err)
	}
	defer health.Body.Close()
	if health.StatusCode != http.StatusOK {
		t.Errorf("health: %s", health.Status)
	}
}

// TestSocketGreeting pastes what the program printed into a shell, whoever may
// call.
func TestSocketGreeting(t *testing.T) {
	for mode, wants := range map[template.AuthMode][]string{
		template.None: {`API +http://\S+\n`},
		template.IAM:  {`curl .* --aws-sigv4 aws:amz:us-east-1:execute-api --user local:local`, `API +http://\S+  \(signed requests alone\)`},
		template.JWT:  {`curl .* -H 'Authorization: Bearer [\w-]+\.[\w-]+\.[\w-]+'`, `API +http://\S+  \(tokens of other customers: curl 'http://\S+/issuer/token\?sub=c-43'\)`},
	} {
		t.Run(string(mode), func(t *testing.T) {
			r := start(t, "-auth", string(mode))
			text := strings.Join(r.greeting, "\n")
			if len(r.greeting) > 15 {
				t.Errorf("printed %d lines, want at most 15:\n%s", len(r.greeting), text)
			}
			if !strings.Contains(text, "MUG-BLUE (500)") || strings.Contains(text, "KETTLE-RED") {
				t.Errorf("not what is in stock:\n%s", text)
			}
			for _, want := range wants {
				if !regexp.MustCompile(want).MatchString(text) {
					t.Errorf("does not print %s:\n%s", want, text)
				}
			}
			curl := regexp.MustCompile(`(?m)^ +(curl .*)$`).FindStringSubmatch(text)
			if curl == nil {
				t.Fatalf("no curl line:\n%s", text)
			}
			if _, err := exec.LookPath("curl"); err != nil {
				t.Skip("there is no curl on this machine")
			}
			answer, err := exec.CommandContext(t.Context(), "sh", "-c", curl[1]).Output()
			if err != nil || !bytes.Contains(answer, []byte(" 202 ")) || !bytes.Contains(answer, []byte("/orders/")) {
				t.Errorf("%s\nanswers %v:\n%s", curl[1], err, answer)
			}
		})
	}
}

// subscribe makes a queue that hears of one type of event.
func (r running) subscribe(ctx context.Context, t *testing.T, event order.EventType) (queueURL string) {
	t.Helper()
	queues, topics := sqs.NewFromConfig(r.config()), sns.NewFromConfig(r.config())
	created, err := queues.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: aws.String("watcher"), Attributes: map[string]string{
		"Policy": `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": "*"}]}`,
	}})
	if err != nil {
		t.Fatal(err)
	}
	listed, err := topics.ListTopics(ctx, &sns.ListTopicsInput{})
	if err != nil || len(listed.Topics) != 1 {
		t.Fatalf("topics: %+v, %v", listed, err)
	}
	_, err = topics.Subscribe(ctx, &sns.SubscribeInput{
		TopicArn: listed.Topics[0].TopicArn,
		Protocol: aws.String("sqs"),
		Endpoint: aws.String("arn:aws:sqs:us-east-1:000000000000:watcher"),
		Attributes: map[string]string{
			"RawMessageDelivery": "true",
			"FilterPolicy":       `{"type": ["` + string(event) + `"]}`,
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return *created.QueueUrl
}

// await receives one event from a queue.
func (r running) await(ctx context.Context, t *testing.T, queueURL string) order.Event {
	t.Helper()
	received, err := sqs.NewFromConfig(r.config()).ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
		QueueUrl: &queueURL, WaitTimeSeconds: 20, MessageAttributeNames: []string{"All"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(received.Messages) != 1 {
		t.Fatalf("received %d messages, want 1", len(received.Messages))
	}
	var message sqstypes.Message = received.Messages[0]
	event, err := order.ParseEvent([]byte(*message.Body))
	if err != nil {
		t.Fatal(err)
	}
	return event
}

func (r running) place(ctx context.Context, t *testing.T, request orderRequest) (o order.Order, location string) {
	t.Helper()
	body, err := json.Marshal(request)
	if err != nil {
		t.Fatal(err)
	}
	call, err := http.NewRequestWithContext(ctx, http.MethodPost, r.api+"/orders", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	call.Header.Set("Content-Type", "application/json")
	resp := r.do(t, call, http.StatusAccepted, &o)
	return o, resp.Header.Get("Location")
}

func (r running) get(ctx context.Context, t *testing.T, path string) (o order.Order) {
	t.Helper()
	call, err := http.NewRequestWithContext(ctx, http.MethodGet, r.api+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.do(t, call, http.StatusOK, &o)
	return o
}

func (r running) do(t *testing.T, call *http.Request, status int, answer any) *http.Response {
	t.Helper()
	resp, err := http.DefaultClient.Do(call)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != status {
		t.Fatalf("%s %s: %s %s", call.Method, call.URL, resp.Status, body)
	}
	if err := json.Unmarshal(body, answer); err != nil {
		t.Fatalf("%s %s: %v in %s", call.Method, call.URL, err, body)
	}
	return resp
}
