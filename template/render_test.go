package template

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"orderflow/lambdas/order"

	"github.com/awslabs/goformation/v7/cloudformation/dynamodb"
	"github.com/awslabs/goformation/v7/cloudformation/logs"
	"github.com/awslabs/goformation/v7/cloudformation/sns"
	"github.com/awslabs/goformation/v7/cloudformation/sqs"
	"github.com/google/go-cmp/cmp"
)

func TestJSONRefuses(t *testing.T) {
	someTopic := Resource{ID: "SomeTopic", Body: sns.Topic{DisplayName: new("x")}}
	for _, test := range []struct {
		name      string
		resources []Resource
		want      string
	}{
		{"a required list not set", []Resource{{ID: "T", Body: dynamodb.Table{BillingMode: new("PAY_PER_REQUEST")}}},
			"T.Properties.KeySchema is null"},
		{"a required string not set", []Resource{someTopic, {ID: "S", Body: sns.Subscription{TopicArn: Ref("SomeTopic")}}},
			"S.Properties.Protocol is empty"},
		{"an empty list", []Resource{{ID: "P", Body: sqs.QueuePolicy{Queues: []string{}, PolicyDocument: policyDocument{"v", []Statement{Allow("a", "b")}}}}},
			"P.Properties.Queues is an empty list"},
		{"an empty object", []Resource{{ID: "G", Body: logs.LogGroup{}}},
			"G.Properties is an empty object"},
		{"a logical ID twice", []Resource{someTopic, someTopic},
			`logical ID "SomeTopic" is used twice`},
		{"a dash in a logical ID", Consumer{Name: "loyalty-points", Does: "x", Events: []order.EventType{order.Placed}}.resources(),
			`logical ID "Loyalty-pointsSubscription" is not made of letters and digits`},
		{"a consumer that hears of nothing", slices.Concat(key(), topic(), Consumer{Name: "idle", Does: "nothing"}.resources()),
			"IdleSubscription.Properties.FilterPolicy.type is null"},
		{"a consumer that nobody explains", slices.Concat(key(), topic(), Consumer{Name: "idle", Events: []order.EventType{order.Placed}}.resources()),
			"IdleFunction.Properties.Description is empty"},
		{"a parameter's name", []Resource{{ID: stage, Body: someTopic.Body}},
			`logical ID "Stage" is used twice`},
		{"a Ref to nothing", []Resource{{ID: "S", Body: sns.Subscription{Protocol: "sqs", TopicArn: Ref("Nobody")}}},
			`no parameter or resource "Nobody"`},
		{"a GetAtt of nothing", []Resource{{ID: "S", Body: sns.Subscription{Protocol: "sqs", TopicArn: GetAtt("Nobody", "Arn")}}},
			`no parameter or resource "Nobody"`},
		{"a Sub of nothing", []Resource{{ID: "S", Body: sns.Subscription{Protocol: "sqs", TopicArn: Sub("${AWS::Region}${!Kept}${Nobody.Arn}")}}},
			`no parameter or resource "Nobody"`},
		{"a condition that is not", []Resource{{ID: "S", Body: sns.Topic{DisplayName: new(choose("Nobody", "a", "b"))}}},
			`no condition "Nobody"`},
		{"a dependency on nothing", []Resource{{ID: "S", Body: sns.Topic{DisplayName: new("x"), AWSCloudFormationDependsOn: []string{"Nobody"}}}},
			`no parameter or resource "Nobody"`},
		{"an overlay of what is there", []Resource{{ID: "S", Body: with(sns.Topic{DisplayName: new("x")}, map[string]any{"DisplayName": "y"})}},
			"overlay repeats .Properties.DisplayName"},
	} {
		t.Run(test.name, func(t *testing.T) {
			tmpl := &Template{
				Description: "x",
				Parameters:  parameters(),
				Conditions:  conditions(),
				Outputs:     []Output{{"Stage", "x", Ref(stage)}},
			}
			tmpl.section("x", test.resources...)
			_, err := tmpl.JSON()
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error is %v, want one that says %s", err, test.want)
			}
		})
	}
}

// A name and what it hears of are enough for a consumer.
func TestTheSmallestConsumer(t *testing.T) {
	smallest := Consumer{Name: "loyalty", Does: "gives points", Events: []order.EventType{order.OrderConfirmed}}
	if _, ok := render(t, append(Consumers(), smallest)).Resources["LoyaltyFunction"]; !ok {
		t.Error("it has no function")
	}
}

func TestOverlayMergesAtAnyDepth(t *testing.T) {
	merged, err := with(
		sqs.Queue{
			QueueName:     new("q"),
			RedrivePolicy: map[string]any{"maxReceiveCount": 5},
		},
		map[string]any{
			"VisibilityTimeout": Ref("Seconds"),
			"DelaySeconds":      3,
			"RedrivePolicy":     map[string]any{"deadLetterTargetArn": "arn"},
		},
	).MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	v, err := parse(merged)
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(expand(v))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"Type":"AWS::SQS::Queue","Properties":{"DelaySeconds":3,"QueueName":"q",` +
		`"RedrivePolicy":{"deadLetterTargetArn":"arn","maxReceiveCount":5},"VisibilityTimeout":{"Ref":"Seconds"}}}`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Error(diff)
	}
}

func TestIntrinsicsSurviveStrings(t *testing.T) {
	for _, test := range []struct{ encoded, want string }{
		{Ref("A"), `{"Ref":"A"}`},
		{Ref("AWS::Region"), `{"Ref":"AWS::Region"}`},
		{GetAtt("A", "Arn"), `{"Fn::GetAtt":["A","Arn"]}`},
		{Sub(`"quoted" ${A} <&> ü`), `{"Fn::Sub":"\"quoted\" ${A} <&> ü"}`},
		{choose("C", true, 3), `{"Fn::If":["C",true,3]}`},
		{choose("C", Ref("A"), map[string]any{"b": []string{GetAtt("B", "Arn")}}),
			`{"Fn::If":["C",{"Ref":"A"},{"b":[{"Fn::GetAtt":["B","Arn"]}]}]}`},
		{equals(Ref("A"), "x"), `{"Fn::Equals":[{"Ref":"A"},"x"]}`},
		{"plain", `"plain"`},
		{"eyJ", `"eyJ"`},
		{"eyJhIjoxfQ==", `"eyJhIjoxfQ=="`}, // {"a":1} is no intrinsic function
	} {
		got, err := marshal(expand(test.encoded))
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != test.want {
			t.Errorf("got %s, want %s", got, test.want)
		}
	}
}

func TestParseKeepsOrder(t *testing.T) {
	const text = `{"z":[1,2.50,{"b":null,"a":true}],"a":{},"":"<é>"}`
	v, err := parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	got, err := marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != text {
		t.Errorf("got %s, want %s", got, text)
	}
	for _, bad := range []string{"", "{", `{"a"`, `[1,`, `{"a":}`} {
		if _, err := parse([]byte(bad)); err == nil {
			t.Errorf("%q is taken for JSON", bad)
		}
	}
}
