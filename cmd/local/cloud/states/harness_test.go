package states

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/aws/smithy-go"

	"orderflow/cmd/local/cloud/protocol"
)

// A cloud is the service with a topic, a queue, a table and functions that do
// what a test says, and the real SDK in front of it.
type cloud struct {
	*Service
	*sfn.Client
	t testing.TB
}

func newCloud(t testing.TB, services map[string]protocol.Actions, invoke Invoke) *cloud {
	t.Helper()
	s := New(Config{Region: "us-east-1", Account: "000000000000", Services: services, Invoke: invoke})
	t.Cleanup(s.Close)
	return &cloud{s, client(s), t}
}

func client(s *Service) *sfn.Client {
	return sfn.New(sfn.Options{
		Region: "us-east-1", BaseEndpoint: aws.String("http://127.0.0.1:4566"),
		Credentials:      credentials.NewStaticCredentialsProvider("test", "test", ""),
		HTTPClient:       &http.Client{Transport: inProcess{s.Handler()}},
		RetryMaxAttempts: 1,
	})
}

type inProcess struct{ h http.Handler }

func (p inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	p.h.ServeHTTP(w, r)
	return w.Result(), nil
}

// create makes a state machine of states, the first to run being "First".
func (c *cloud) create(name, states string) string {
	c.t.Helper()
	definition := `{"QueryLanguage":"JSONata","StartAt":"First","States":{` + states + `}}`
	out, err := c.Client.CreateStateMachine(c.t.Context(), &sfn.CreateStateMachineInput{
		Name: &name, Definition: &definition, RoleArn: aws.String("arn:aws:iam::000000000000:role/Role"),
	})
	if err != nil {
		c.t.Fatal(err)
	}
	return *out.StateMachineArn
}

func (c *cloud) start(machine, name, input string) string {
	c.t.Helper()
	in := &sfn.StartExecutionInput{StateMachineArn: &machine, Input: &input}
	if name != "" {
		in.Name = &name
	}
	out, err := c.Client.StartExecution(c.t.Context(), in)
	if err != nil {
		c.t.Fatal(err)
	}
	return *out.ExecutionArn
}

func (c *cloud) describe(arn string) *sfn.DescribeExecutionOutput {
	c.t.Helper()
	out, err := c.Client.DescribeExecution(c.t.Context(), &sfn.DescribeExecutionInput{ExecutionArn: &arn})
	if err != nil {
		c.t.Fatal(err)
	}
	return out
}

func (c *cloud) history(arn string) []types.HistoryEvent {
	c.t.Helper()
	out, err := c.Client.GetExecutionHistory(c.t.Context(), &sfn.GetExecutionHistoryInput{ExecutionArn: &arn, MaxResults: 1000})
	if err != nil {
		c.t.Fatal(err)
	}
	return out.Events
}

// wait is until the execution has closed; its status is returned.
func (c *cloud) wait(arn string) types.ExecutionStatus {
	c.t.Helper()
	events, err := c.Watch(c.t.Context(), arn)
	if err != nil {
		c.t.Fatal(err)
	}
	for range events {
	}
	return c.describe(arn).Status
}

func eventTypes(events []types.HistoryEvent) string {
	var names []string
	for _, e := range events {
		names = append(names, string(e.Type))
	}
	return strings.Join(names, " ")
}

func checkTypes(t *testing.T, events []types.HistoryEvent, want string) {
	t.Helper()
	if got := eventTypes(events); got != strings.Join(strings.Fields(want), " ") {
		t.Errorf("events\n got %s\nwant %s", got, strings.Join(strings.Fields(want), " "))
	}
}

// checkError compares "Code: message".
func checkError(t *testing.T, err error, want string) {
	t.Helper()
	e, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		t.Errorf("error %v, want %s", err, want)
		return
	}
	if got := e.ErrorCode() + ": " + e.ErrorMessage(); got != want {
		t.Errorf("error\n got %s\nwant %s", got, want)
	}
}

// tokenTopic is an sns whose Publish hands on the token in {"token": …}.
func tokenTopic(tokens chan<- string) map[string]protocol.Actions {
	return map[string]protocol.Actions{"sns": {"Publish": func(_ context.Context, input []byte) (any, error) {
		var in struct{ Message string }
		var message struct{ Token string }
		if err := json.Unmarshal(input, &in); err != nil {
			return nil, err
		}
		if err := json.Unmarshal([]byte(in.Message), &message); err != nil {
			return nil, err
		}
		tokens <- message.Token
		return map[string]string{"MessageId": "m-1"}, nil
	}}}
}

const (
	pass = `"First":{"Type":"Pass","End":true}`

	ask = `"First":{"Type":"Task","Resource":"arn:aws:states:::sns:publish.waitForTaskToken",
		"Arguments":{"TopicArn":"arn:aws:sns:us-east-1:000000000000:T","Message":{"token":"{% $states.context.Task.Token %}"}},
		"TimeoutSeconds":60,"End":true}`
)
