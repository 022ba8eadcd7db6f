package api_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"orderflow/cmd/local/cloud/cloudtest"
	"orderflow/lambdas/api"
	"orderflow/lambdas/order"
)

const (
	stateMachine = "arn:aws:states:us-east-1:000000000000:stateMachine:orders"
	executionOf  = "arn:aws:states:us-east-1:000000000000:execution:orders:"
)

// A shop is the API with its table and a state machine in a cloud. The state
// machine only waits: a test plays what else it does.
type shop struct {
	*cloudtest.Cloud
	t   testing.TB
	h   lambda.Handler
	sfn *sfn.Client
}

func newShop(t testing.TB) *shop {
	t.Helper()
	s := &shop{Cloud: cloudtest.New(t), t: t}
	s.sfn = sfn.NewFromConfig(s.AWSConfig())
	attribute := func(name string) dynamodbtypes.AttributeDefinition {
		return dynamodbtypes.AttributeDefinition{AttributeName: &name, AttributeType: dynamodbtypes.ScalarAttributeTypeS}
	}
	key := func(name string, kind dynamodbtypes.KeyType) dynamodbtypes.KeySchemaElement {
		return dynamodbtypes.KeySchemaElement{AttributeName: &name, KeyType: kind}
	}
	_, err := dynamodb.NewFromConfig(s.AWSConfig()).CreateTable(t.Context(), &dynamodb.CreateTableInput{
		TableName:            aws.String("orders"),
		BillingMode:          dynamodbtypes.BillingModePayPerRequest,
		AttributeDefinitions: []dynamodbtypes.AttributeDefinition{attribute("orderId"), attribute("customerId"), attribute("createdAt")},
		KeySchema:            []dynamodbtypes.KeySchemaElement{key("orderId", dynamodbtypes.KeyTypeHash)},
		GlobalSecondaryIndexes: []dynamodbtypes.GlobalSecondaryIndex{{
			IndexName:  aws.String("customer"),
			KeySchema:  []dynamodbtypes.KeySchemaElement{key("customerId", dynamodbtypes.KeyTypeHash), key("createdAt", dynamodbtypes.KeyTypeRange)},
			Projection: &dynamodbtypes.Projection{ProjectionType: dynamodbtypes.ProjectionTypeKeysOnly},
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.sfn.CreateStateMachine(t.Context(), &sfn.CreateStateMachineInput{
		Name:       aws.String("orders"),
		RoleArn:    aws.String(cloudtest.RoleARN),
		Definition: aws.String(`{"QueryLanguage":"JSONata","StartAt":"Wait","States":{"Wait":{"Type":"Wait","Seconds":86400,"End":true}}}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	s.h = s.handler()
	return s
}

// handler is the API, meeting faults on its way to the cloud.
func (s *shop) handler(faults ...cloudtest.Fault) lambda.Handler {
	s.t.Helper()
	return s.serving("", faults...)
}

// serving is the API for these callers.
func (s *shop) serving(callers string, faults ...cloudtest.Fault) lambda.Handler {
	s.t.Helper()
	h, err := api.New(s.Faulty(faults...), cloudtest.Environment("ORDERS_TABLE", "orders", "STATE_MACHINE_ARN", stateMachine, "CALLERS", callers))
	if err != nil {
		s.t.Fatal(err)
	}
	return h
}

// post places an order, with an Idempotency-Key or "".
func post(t testing.TB, h lambda.Handler, body, key string) events.APIGatewayV2HTTPResponse {
	t.Helper()
	header := map[string]string{"Content-Type": "application/json; charset=UTF-8"}
	if key != "" {
		header["Idempotency-Key"] = key
	}
	return serve(t, h, newRequest(t, http.MethodPost, "/orders", header, body))
}

// placed places an order and returns its ID.
func placed(t testing.TB, h lambda.Handler, body, key string) string {
	t.Helper()
	answer := post(t, h, body, key)
	var got struct{ OrderID, Status string }
	decode(t, answer, http.StatusAccepted, &got)
	if got.Status != "PENDING" || answer.Headers["location"] != "/orders/"+got.OrderID {
		t.Errorf("answer %s, location %q", answer.Body, answer.Headers["location"])
	}
	return got.OrderID
}

func get(t testing.TB, h lambda.Handler, target string) events.APIGatewayV2HTTPResponse {
	t.Helper()
	return serve(t, h, newRequest(t, http.MethodGet, target, nil, ""))
}

func cancel(t testing.TB, h lambda.Handler, orderID string) events.APIGatewayV2HTTPResponse {
	t.Helper()
	return serve(t, h, newRequest(t, http.MethodPost, "/orders/"+orderID+"/cancel", nil, ""))
}

func decode(t testing.TB, answer events.APIGatewayV2HTTPResponse, status int, v any) {
	t.Helper()
	if answer.StatusCode != status {
		t.Fatalf("status %d, want %d: %s", answer.StatusCode, status, answer.Body)
	}
	if err := json.Unmarshal([]byte(answer.Body), v); err != nil {
		t.Fatal(err)
	}
}

// stop ends an order's execution as an operator would.
func (s *shop) stop(orderID string) {
	s.t.Helper()
	_, err := s.sfn.StopExecution(s.t.Context(), &sfn.StopExecutionInput{ExecutionArn: aws.String(executionOf + orderID)})
	if err != nil {
		s.t.Fatal(err)
	}
}

// input is what an order's execution was started with.
func (s *shop) input(orderID string) string {
	s.t.Helper()
	out, err := s.sfn.DescribeExecution(s.t.Context(), &sfn.DescribeExecutionInput{ExecutionArn: aws.String(executionOf + orderID)})
	if err != nil {
		s.t.Fatal(err)
	}
	return *out.Input
}

// store writes an order's row as the state machine would.
func (s *shop) store(orderID string, status order.Status, more map[string]any) {
	s.t.Helper()
	var input map[string]any
	if err := json.Unmarshal([]byte(s.input(orderID)), &input); err != nil {
		s.t.Fatal(err)
	}
	row := map[string]any{
		"orderId": orderID, "status": status, "customerId": input["customer"].(map[string]any)["id"],
		"customer": input["customer"], "shippingAddress": input["shippingAddress"], "fingerprint": input["fingerprint"],
		"createdAt": "2026-01-02T03:04:05.000Z",
	}
	maps.Copy(row, more)
	s.Put("orders", row)
}

func (s *shop) executions() int {
	s.t.Helper()
	out, err := s.sfn.ListExecutions(s.t.Context(), &sfn.ListExecutionsInput{StateMachineArn: aws.String(stateMachine)})
	if err != nil {
		s.t.Fatal(err)
	}
	return len(out.Executions)
}
