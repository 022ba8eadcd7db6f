// Package stacktest has a deployed orderflow for the tests of what operates
// one: the template as it is committed and the real handlers, in a cloud in
// this process.
package stacktest

import (
	"context"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"orderflow/cmd/local/carrier"
	"orderflow/cmd/local/cloud"
	"orderflow/cmd/local/cloud/interpose"
	"orderflow/cmd/local/cloud/lambda"
	"orderflow/cmd/local/cloud/ses"
	"orderflow/cmd/local/cloud/sqs"
	"orderflow/cmd/orders/caller"
	"orderflow/cmd/orders/stack"
	"orderflow/lambdas/analytics"
	"orderflow/lambdas/api"
	"orderflow/lambdas/inventory"
	"orderflow/lambdas/notification"
	"orderflow/lambdas/reconciliation"
	"orderflow/lambdas/shipment"
	"orderflow/lambdas/validation"
	"orderflow/statemachine"
)

const (
	endpoint    = "127.0.0.1:4566"
	apiEndpoint = "127.0.0.1:8080"
	sender      = "orders@orderflow.example"
)

// A Shop is a deployed orderflow. In stock are MUG-BLUE (500), MUG-GREEN (500)
// and LAMP-LAST (1); KETTLE-RED is sold out.
type Shop struct {
	*cloud.Cloud
	Outputs map[string]string
	URL     string // of the AWS endpoint, of a shop on sockets

	faults atomic.Pointer[interpose.Calls]
}

// Befall lets faults befall the calls that functions and services make of each
// other, from now on. Nil: none.
func (s *Shop) Befall(faults interpose.Calls) {
	if faults == nil {
		s.faults.Store(nil)
		return
	}
	s.faults.Store(&faults)
}

func (s *Shop) interposed() interpose.Calls {
	if faults := s.faults.Load(); faults != nil {
		return *faults
	}
	return nil
}

// New is a shop in this process, which its test closes.
func New(ctx context.Context, t testing.TB) *Shop {
	t.Helper()
	return newShop(ctx, t, endpoint, apiEndpoint, nil)
}

// Serve is a shop on sockets of this machine, until the test ends. Parameters
// override the template's.
func Serve(t testing.TB, parameters map[string]string) *Shop {
	t.Helper()
	var listeners [2]net.Listener
	for i := range listeners {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		listeners[i] = l
	}
	s := newShop(t.Context(), t, listeners[0].Addr().String(), listeners[1].Addr().String(), parameters)
	for i, handler := range []http.Handler{s.Cloud, s.API()} {
		server := httptest.NewUnstartedServer(handler)
		if err := server.Listener.Close(); err != nil {
			t.Fatal(err)
		}
		server.Listener = listeners[i]
		server.Start()
		t.Cleanup(server.Close)
	}
	t.Cleanup(func() { s.Close(context.Background()) }) // before the servers: polls end
	s.URL = "http://" + listeners[0].Addr().String()
	return s
}

func newShop(ctx context.Context, t testing.TB, endpoint, apiEndpoint string, parameters map[string]string) *Shop {
	t.Helper()
	template, err := os.ReadFile(filepath.Join(root(), "template", "template.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	s := &Shop{}
	s.Cloud = cloud.New(cloud.Config{
		Endpoint:    endpoint,
		APIEndpoint: apiEndpoint,
		Neighbours:  map[string]http.Handler{"/carrier/": carrier.New()},
		Interposed:  s.interposed,
		Definitions: map[string][]byte{"statemachine/order.asl.json": statemachine.Definition},
		Functions: map[string]cloud.Function{
			"lambdas/analytics/bootstrap":      analytics.New,
			"lambdas/api/bootstrap":            api.New,
			"lambdas/inventory/bootstrap":      inventory.New,
			"lambdas/notification/bootstrap":   notification.New,
			"lambdas/reconciliation/bootstrap": reconciliation.New,
			"lambdas/shipment/bootstrap":       shipment.New,
			"lambdas/validation/bootstrap":     validation.New,
		},
	})
	given := map[string]string{"CarrierUrl": "http://" + endpoint + "/carrier", "SenderEmail": sender, "Stage": "development"}
	maps.Copy(given, parameters)
	deployed, err := s.Deploy(ctx, template, given)
	if err != nil {
		t.Fatal(err)
	}
	s.Outputs = deployed.Outputs
	if _, err := s.SES.CreateEmailIdentity(ctx, &ses.CreateEmailIdentityInput{EmailIdentity: sender}); err != nil {
		t.Fatal(err)
	}
	s.stock(ctx, t)
	return s
}

// root is the module's.
func root() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "..", "..", "..", "..")
}

func (s *Shop) stock(ctx context.Context, t testing.TB) {
	for _, p := range []struct{ sku, name, price, weight, stocked string }{
		{"KETTLE-RED", "Red kettle", "4900", "1300", "0"},
		{"LAMP-LAST", "Reading lamp (the last one)", "5600", "1900", "1"},
		{"MUG-BLUE", "Blue mug", "1250", "350", "500"},
		{"MUG-GREEN", "Green mug", "1250", "350", "500"},
	} {
		s.Put(ctx, t, "CatalogueTable", map[string]types.AttributeValue{
			"sku": str(p.sku), "name": str(p.name), "unitPrice": num(p.price), "currency": str("GBP"), "weightGrams": num(p.weight),
		})
		s.Put(ctx, t, "StockTable", map[string]types.AttributeValue{
			"sku": str(p.sku), "stocked": num(p.stocked), "available": num(p.stocked), "reserved": num("0"), "committed": num("0"),
		})
	}
}

// Put writes a row of a table that the stack tells the name of.
func (s *Shop) Put(ctx context.Context, t testing.TB, output string, row map[string]types.AttributeValue) {
	t.Helper()
	_, err := dynamodb.NewFromConfig(s.AWSConfig()).PutItem(ctx, &dynamodb.PutItemInput{TableName: aws.String(s.Outputs[output]), Item: row})
	if err != nil {
		t.Fatal(err)
	}
}

// Config is how the shop is operated.
func (s *Shop) Config() stack.Config {
	return stack.Config{AWS: s.AWSConfig(), Name: cloud.StackName, HTTP: &http.Client{Transport: caller.Signed(s.AWSConfig(), inProcess{s.API()})}}
}

// Open opens the shop's stack.
func (s *Shop) Open(ctx context.Context, t testing.TB) *stack.Stack {
	t.Helper()
	opened, err := stack.Open(ctx, s.Config())
	if err != nil {
		t.Fatal(err)
	}
	return opened
}

// inProcess calls a handler without a socket.
type inProcess struct{ handler http.Handler }

func (p inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	p.handler.ServeHTTP(w, r)
	return w.Result(), nil
}

func str(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }
func num(n string) types.AttributeValue { return &types.AttributeValueMemberN{Value: n} }

// Peeking is how the shop is operated by who may look into its queues.
func (s *Shop) Peeking() stack.Config {
	config := s.Config()
	config.Peek = func(ctx context.Context, queueURL string) ([]stack.Message, error) {
		peeked, err := s.SQS.Peek(ctx, queueURL, 1000)
		var messages []stack.Message
		for _, m := range peeked {
			messages = append(messages, stack.Message{
				ID: m.MessageID, Body: m.Body, Sent: m.Sent, FirstReceived: m.FirstReceived, Receives: m.Receives, VisibleAt: m.VisibleAt,
			})
		}
		return messages, err
	}
	return config
}

// Consume switches a consumer off or on.
func (s *Shop) Consume(ctx context.Context, t testing.TB, function string, on bool) {
	t.Helper()
	function = cloud.StackName + "-" + function
	mappings, err := s.Lambda.ListEventSourceMappings(ctx, &lambda.ListEventSourceMappingsInput{FunctionName: function})
	if err != nil || len(mappings.EventSourceMappings) != 1 {
		t.Fatal(mappings, err)
	}
	_, err = s.Lambda.UpdateEventSourceMapping(ctx, &lambda.UpdateEventSourceMappingInput{UUID: mappings.EventSourceMappings[0].UUID, Enabled: &on})
	if err != nil {
		t.Fatal(err)
	}
}

// Despair lets a queue give a message up that failed once, a second later.
func (s *Shop) Despair(ctx context.Context, t testing.TB, queue string) {
	t.Helper()
	name := cloud.StackName + "-" + queue
	url, err := s.SQS.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: name})
	if err != nil {
		t.Fatal(err)
	}
	arn := fmt.Sprintf("arn:aws:sqs:%s:%s:%s", cloud.Region, cloud.Account, strings.Replace(name, "Queue", "DeadLetterQueue", 1))
	_, err = s.SQS.SetQueueAttributes(ctx, &sqs.SetQueueAttributesInput{QueueUrl: url.QueueUrl, Attributes: map[string]string{
		"VisibilityTimeout": "1",
		"RedrivePolicy":     fmt.Sprintf(`{"deadLetterTargetArn":%q,"maxReceiveCount":1}`, arn),
	}})
	if err != nil {
		t.Fatal(err)
	}
}

// AwaitMessage waits until a queue holds a message.
func (s *Shop) AwaitMessage(ctx context.Context, t testing.TB, queue string) {
	t.Helper()
	url, err := s.SQS.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: cloud.StackName + "-" + queue})
	if err != nil {
		t.Fatal(err)
	}
	out, err := s.SQS.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: url.QueueUrl, WaitTimeSeconds: new(20), VisibilityTimeout: new(0)})
	if err != nil || len(out.Messages) == 0 {
		t.Fatalf("queue %s holds no message: %v", queue, err)
	}
}

// Stop stops an execution, as an operator may.
func (s *Shop) Stop(ctx context.Context, t testing.TB, executionARN, name, cause string) {
	t.Helper()
	_, err := sfn.NewFromConfig(s.AWSConfig()).StopExecution(ctx, &sfn.StopExecutionInput{ExecutionArn: &executionARN, Error: &name, Cause: &cause})
	if err != nil {
		t.Fatal(err)
	}
}
