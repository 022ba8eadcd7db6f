package cloud

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/aws"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/google/go-cmp/cmp"

	lambdaservice "orderflow/cmd/local/cloud/lambda"
)

// callLater waits, and then calls the function that the template gives it.
const callLater = `{"QueryLanguage": "JSONata", "StartAt": "Wait", "States": {
	"Wait": {"Type": "Wait", "Seconds": 60, "Next": "Call"},
	"Call": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Arguments": {"FunctionName": "${Function}"},
		"Output": "{% 'release 1: ' & $states.result.Payload & ' ' & $states.result.ExecutedVersion %}", "End": true}}}`

const released = `{"Transform": "AWS::Serverless-2016-10-31", "Resources": {
	"Role": {"Type": "AWS::IAM::Role", "Properties": ` + anyRole + `},
	"Fun": {"Type": "AWS::Serverless::Function", "Properties": {"CodeUri": "../lambdas/echo/bootstrap", "Role": {"Fn::GetAtt": ["Role", "Arn"]},
		"AutoPublishAlias": "live", "AutoPublishAliasAllProperties": true, "VersionDescription": "first",
		"DeploymentPreference": {"Type": "AllAtOnce", "Alarms": [{"Ref": "Alarm"}], "Role": {"Fn::GetAtt": ["Role", "Arn"]}}}},
	"Alarm": {"Type": "AWS::CloudWatch::Alarm", "Properties": {"AlarmName": {"Fn::Sub": "${Fun}-errors"}}},
	"Machine": {"Type": "AWS::StepFunctions::StateMachine", "Properties": {"DefinitionS3Location": "../statemachine/later.asl.json",
		"RoleArn": {"Fn::GetAtt": ["Role", "Arn"]}, "DefinitionSubstitutions": {"Function": {"Ref": "Fun.Version"}}}},
	"Version": {"Type": "AWS::StepFunctions::StateMachineVersion", "Properties": {
		"StateMachineArn": {"Ref": "Machine"}, "StateMachineRevisionId": {"Fn::GetAtt": ["Machine", "StateMachineRevisionId"]}}},
	"Alias": {"Type": "AWS::StepFunctions::StateMachineAlias", "Properties": {"Name": "live",
		"DeploymentPreference": {"Type": "ALL_AT_ONCE", "StateMachineVersionArn": {"Ref": "Version"}}}}},
	"Outputs": {"Alias": {"Value": {"Ref": "Alias"}}, "Function": {"Value": {"Ref": "Fun.Alias"}}}}`

// tells is a handler that tells its release, and what it was told of itself.
func tells(release string) Function {
	return func(_ aws.Config, getenv func(string) string) (lambda.Handler, error) {
		return lambda.NewHandler(func(ctx context.Context) (string, error) {
			lc, _ := lambdacontext.FromContext(ctx)
			return release + " " + getenv("AWS_LAMBDA_FUNCTION_VERSION") + " " + lc.InvokedFunctionArn[strings.LastIndexByte(lc.InvokedFunctionArn, ':')+1:], nil
		}), nil
	}
}

// An execution that waits while another release takes over goes on with the
// definition and with the function that it began with; the next one has the new
// ones, and so has one that is started by the alias's name alone.
func TestReleaseWhileAnExecutionWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := New(Config{
			Endpoint: "127.0.0.1:4566", APIEndpoint: "127.0.0.1:8080",
			Functions:   map[string]Function{echoFolder: tells("old")},
			Definitions: map[string][]byte{"statemachine/later.asl.json": []byte(callLater)},
		})
		defer c.Close(context.Background())
		stack, err := c.Deploy(t.Context(), []byte(released), nil)
		if err != nil {
			t.Fatal(err)
		}
		states, functions := sfn.NewFromConfig(c.AWSConfig()), awslambda.NewFromConfig(c.AWSConfig())
		alias, function := stack.Outputs["Alias"], strings.TrimSuffix(stack.Outputs["Function"], ":live")
		machine := strings.TrimSuffix(alias, ":live")
		start := func() *string {
			t.Helper()
			x, err := states.StartExecution(t.Context(), &sfn.StartExecutionInput{StateMachineArn: &alias})
			if err != nil {
				t.Fatal(err)
			}
			return x.ExecutionArn
		}
		old := start()
		synctest.Wait()

		// What CloudFormation does with the next release.
		next := func(string) (lambda.Handler, error) {
			return tells("new")(aws.Config{}, func(string) string { return "2" })
		}
		if err := c.Lambda.UpdateFunctionCode(t.Context(), &lambdaservice.UpdateFunctionCodeInput{FunctionName: function, Init: next}); err != nil {
			t.Fatal(err)
		}
		version, err := functions.PublishVersion(t.Context(), &awslambda.PublishVersionInput{FunctionName: &function})
		if err != nil {
			t.Fatal(err)
		}
		definition := strings.ReplaceAll(strings.ReplaceAll(callLater, "release 1", "release 2"), "${Function}", *version.FunctionArn)
		updated, err := states.UpdateStateMachine(t.Context(), &sfn.UpdateStateMachineInput{StateMachineArn: &machine, Definition: &definition, Publish: true})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := states.UpdateStateMachineAlias(t.Context(), &sfn.UpdateStateMachineAliasInput{StateMachineAliasArn: &alias, RoutingConfiguration: []types.RoutingConfigurationListItem{
			{StateMachineVersionArn: updated.StateMachineVersionArn, Weight: 100},
		}}); err != nil {
			t.Fatal(err)
		}
		if _, err := functions.UpdateAlias(t.Context(), &awslambda.UpdateAliasInput{FunctionName: &function, Name: aws.String("live"), FunctionVersion: version.Version}); err != nil {
			t.Fatal(err)
		}
		recent := start()

		time.Sleep(2 * time.Minute)
		synctest.Wait()
		type told struct{ Output, Version, Alias string }
		tell := func(arn *string) told {
			t.Helper()
			d, err := states.DescribeExecution(t.Context(), &sfn.DescribeExecutionInput{ExecutionArn: arn})
			if err != nil {
				t.Fatal(err)
			}
			var output string
			if err := json.Unmarshal([]byte(aws.ToString(d.Output)), &output); err != nil {
				t.Errorf("%s: %v", *arn, err)
			}
			return told{output, strings.TrimPrefix(aws.ToString(d.StateMachineVersionArn), machine), strings.TrimPrefix(aws.ToString(d.StateMachineAliasArn), machine)}
		}
		if diff := cmp.Diff(told{"release 1: old 1 1 1", ":1", ":live"}, tell(old)); diff != "" {
			t.Errorf("the one that waited: %s", diff)
		}
		if diff := cmp.Diff(told{"release 2: new 2 2 2", ":2", ":live"}, tell(recent)); diff != "" {
			t.Errorf("the one after it: %s", diff)
		}
	})
}

// What SAM makes beside functions is told as part of the stack.
func TestVersionsAndAliasesAreOfTheStack(t *testing.T) {
	c := New(Config{
		Endpoint: "127.0.0.1:4566", APIEndpoint: "127.0.0.1:8080",
		Functions:   map[string]Function{echoFolder: tells("old")},
		Definitions: map[string][]byte{"statemachine/later.asl.json": []byte(callLater)},
	})
	defer c.Close(context.Background())
	stack, err := c.Deploy(t.Context(), []byte(released), nil)
	if err != nil {
		t.Fatal(err)
	}
	const function, machine = "arn:aws:lambda:us-east-1:000000000000:function:orderflow-Fun", "arn:aws:states:us-east-1:000000000000:stateMachine:orderflow-Machine"
	want := map[string]string{
		"Alarm AWS::CloudWatch::Alarm":                                 "orderflow-Fun-errors",
		"FunDeploymentGroup AWS::CodeDeploy::DeploymentGroup":          "orderflow-FunDeploymentGroup",
		"ServerlessDeploymentApplication AWS::CodeDeploy::Application": "orderflow-ServerlessDeploymentApplication",
		"Fun AWS::Lambda::Function":                                    "orderflow-Fun",
		"FunVersion AWS::Lambda::Version":                              function + ":1",
		"FunAliaslive AWS::Lambda::Alias":                              function + ":live",
		"Machine AWS::StepFunctions::StateMachine":                     machine,
		"Version AWS::StepFunctions::StateMachineVersion":              machine + ":1",
		"Alias AWS::StepFunctions::StateMachineAlias":                  machine + ":live",
	}
	got := map[string]string{}
	for _, r := range stack.Resources {
		if r.LogicalID == "Role" {
			continue
		}
		id := r.LogicalID
		if strings.HasPrefix(id, "FunVersion") && len(id) == len("FunVersion")+10 {
			id = "FunVersion"
		}
		got[id+" "+r.Type] = r.PhysicalID
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]string{"Alias": machine + ":live", "Function": function + ":live"}, stack.Outputs); diff != "" {
		t.Error(diff)
	}
}
