package stack

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"reflect"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"orderflow/cmd/local/cloud/protocol"
	"orderflow/cmd/local/cloud/states"
	"orderflow/statemachine/asl"
)

// TestEvent writes every type of event that AWS has as the local cloud does,
// with every member of its details, and reads it with the SDK.
func TestEvent(t *testing.T) {
	var want []asl.HistoryEvent
	for i, typ := range types.HistoryEventType("").Values() {
		e := asl.HistoryEvent{
			ID: int64(i) + 1, PreviousID: int64(i), Type: string(typ),
			Timestamp: time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC),
		}
		if asl.DetailsName(e.Type) != "" {
			e.Details = filled(t, e.Type)
		}
		want = append(want, e)
	}
	handler := protocol.JSON("1.0", protocol.Actions{
		"GetExecutionHistory": func(context.Context, []byte) (any, error) {
			out := &states.GetExecutionHistoryOutput{}
			for _, e := range want {
				out.Events = append(out.Events, states.HistoryEvent{HistoryEvent: e})
			}
			return out, nil
		},
	})
	checkEvents(t, readHistory(t, handler, "any"), want)
}

// filled is a type's details without a zero member.
func filled(t *testing.T, typ string) any {
	t.Helper()
	var e asl.HistoryEvent
	if err := json.Unmarshal([]byte(`{"type":"`+typ+`","details":{}}`), &e); err != nil {
		t.Fatal(err)
	}
	fill(t, reflect.ValueOf(e.Details).Elem())
	return e.Details
}

func fill(t *testing.T, v reflect.Value) {
	t.Helper()
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(t, v.Field(i))
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(t, v.Elem())
	case reflect.Map:
		v.Set(reflect.ValueOf(map[string]string{"name": `{"a":1}`}))
	case reflect.String:
		v.SetString(`<"é">`)
	case reflect.Int64:
		v.SetInt(7)
	case reflect.Bool:
		v.SetBool(true)
	default:
		t.Fatalf("a detail is of type %v", v.Type())
	}
}

// TestEventWithoutDetails: a member that AWS leaves out stays out.
func TestEventWithoutDetails(t *testing.T) {
	for _, c := range []struct {
		name    string
		event   types.HistoryEvent
		details any
	}{
		{"none", types.HistoryEvent{Type: "TaskStateEntered"}, nil},
		{"none, and none known", types.HistoryEvent{Type: "TaskTeleported"}, nil},
		{"none that the core knows", types.HistoryEvent{
			Type: "ActivityFailed", ActivityFailedEventDetails: &types.ActivityFailedEventDetails{Error: aws.String("E")},
		}, nil},
		{"empty", types.HistoryEvent{
			Type: "ExecutionAborted", ExecutionAbortedEventDetails: &types.ExecutionAbortedEventDetails{},
		}, &asl.ExecutionAbortedDetails{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := event(c.event)
			if err != nil {
				t.Fatal(err)
			}
			if want := (asl.HistoryEvent{Type: string(c.event.Type), Details: c.details}); !reflect.DeepEqual(got, want) {
				t.Errorf("is %+v, want %+v", got, want)
			}
		})
	}
}

// TestEventsOfAnExecution holds what the SDK reads of an execution in the local
// cloud to what the core recorded of it.
func TestEventsOfAnExecution(t *testing.T) {
	s := states.New(states.Config{Region: "us-east-1", Account: "000000000000"})
	defer s.Close()
	client := sfnClient(s.Handler())
	machine, err := client.CreateStateMachine(t.Context(), &sfn.CreateStateMachineInput{
		Name: aws.String("machine"), RoleArn: aws.String("arn:aws:iam::000000000000:role/Role"),
		Definition: aws.String(`{
			"QueryLanguage": "JSONata", "StartAt": "Each",
			"States": {
				"Each": {"Type": "Map", "Items": [1, 2], "ItemProcessor": {"StartAt": "One", "States": {
					"One": {"Type": "Pass", "Assign": {"n": "{% $states.input %}"}, "End": true}}}, "Next": "Bad"},
				"Bad": {"Type": "Pass", "Output": "{% $error('no') %}", "End": true}
			}
		}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	execution, err := client.StartExecution(t.Context(), &sfn.StartExecutionInput{StateMachineArn: machine.StateMachineArn})
	if err != nil {
		t.Fatal(err)
	}
	recorded, err := s.Watch(t.Context(), *execution.ExecutionArn)
	if err != nil {
		t.Fatal(err)
	}
	var want []asl.HistoryEvent
	for e := range recorded {
		e.Timestamp = e.Timestamp.UTC().Truncate(time.Millisecond)
		want = append(want, e)
	}
	if last := want[len(want)-1].Type; last != "ExecutionFailed" {
		t.Fatalf("ends with %s", last)
	}
	checkEvents(t, readHistory(t, s.Handler(), *execution.ExecutionArn), want)
}

func checkEvents(t *testing.T, got, want []asl.HistoryEvent) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d events, want %d", len(got), len(want))
	}
	for i := range want {
		if !reflect.DeepEqual(got[i], want[i]) {
			t.Errorf("%s: event\n%+v with %+v\nwant\n%+v with %+v", want[i].Type, got[i], got[i].Details, want[i], want[i].Details)
		}
	}
}

// readHistory is what the SDK reads, converted.
func readHistory(t *testing.T, h http.Handler, executionARN string) []asl.HistoryEvent {
	t.Helper()
	out, err := sfnClient(h).GetExecutionHistory(t.Context(), &sfn.GetExecutionHistoryInput{ExecutionArn: &executionARN, MaxResults: 1000})
	if err != nil {
		t.Fatal(err)
	}
	events := make([]asl.HistoryEvent, len(out.Events))
	for i, e := range out.Events {
		if events[i], err = event(e); err != nil {
			t.Fatal(err)
		}
	}
	return events
}

// sfnClient reaches a handler without a socket.
func sfnClient(h http.Handler) *sfn.Client {
	return sfn.New(sfn.Options{
		Region: "us-east-1", BaseEndpoint: aws.String("http://127.0.0.1:4566"),
		Credentials: credentials.NewStaticCredentialsProvider("any", "any", ""),
		HTTPClient:  &http.Client{Transport: inProcess{h}}, RetryMaxAttempts: 1,
	})
}

type inProcess struct{ http.Handler }

func (p inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	p.ServeHTTP(w, r)
	return w.Result(), nil
}
