package cloud

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	client "github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

const stackTemplate = `{
	"Transform": "AWS::Serverless-2016-10-31",
	"Description": "A shop's <orders>",
	"Parameters": {
		"Colours": {"Type": "CommaDelimitedList", "Default": "red, green"},
		"Password": {"Type": "String", "NoEcho": true, "Default": "secret"},
		"Seconds": {"Type": "Number", "Default": 30},
		"Stage": {"Type": "String", "Default": "production"}
	},
	"Resources": {
		"Api": {"Type": "AWS::Serverless::HttpApi"},
		"Bucket": {"Type": "AWS::S3::Bucket"},
		"Consumer": {"Type": "AWS::Serverless::Function", "Properties": {"CodeUri": "../lambdas/echo/bootstrap", "Role": {"Fn::GetAtt": ["Role", "Arn"]}, "Events": {
			"Call": {"Type": "HttpApi", "Properties": {"ApiId": {"Ref": "Api"}, "Method": "GET", "Path": "/"}},
			"Messages": {"Type": "SQS", "Properties": {"Queue": {"Fn::GetAtt": ["Queue", "Arn"]}}}}}},
		"Log": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "/shop"}},
		"Machine": {"Type": "AWS::StepFunctions::StateMachine", "Properties": {"DefinitionS3Location": "../statemachine/pass.asl.json",
			"RoleArn": {"Fn::GetAtt": ["Role", "Arn"]}, "DefinitionSubstitutions": {"Greeting": "hi"}}},
		"Queue": {"Type": "AWS::SQS::Queue"},
		"Role": {"Type": "AWS::IAM::Role", "Properties": ` + anyRole + `},
		"Table": {"Type": "AWS::DynamoDB::Table", "Properties": {"BillingMode": "PAY_PER_REQUEST",
			"AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}], "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}]}},
		"Topic": {"Type": "AWS::SNS::Topic"}
	},
	"Outputs": {
		"Queue": {"Description": "Where messages wait", "Value": {"Ref": "Queue"}},
		"Stage": {"Value": {"Ref": "Stage"}}
	}
}`

const stackID = "arn:aws:cloudformation:us-east-1:000000000000:stack/orderflow/00000000-0000-0000-0000-000000000000"

// TestStacks: the stack is told of as CloudFormation would.
func TestStacks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(t)
		defer c.Close(t.Context())
		began := time.Now().UTC()
		if _, err := c.Deploy(t.Context(), []byte(stackTemplate), map[string]string{"Stage": "test"}); err != nil {
			t.Fatal(err)
		}
		sdk := client.NewFromConfig(c.AWSConfig())
		want := []types.Stack{{
			StackId:         aws.String(stackID),
			StackName:       aws.String("orderflow"),
			Description:     aws.String("A shop's <orders>"),
			CreationTime:    &began,
			StackStatus:     types.StackStatusCreateComplete,
			DisableRollback: aws.Bool(false),
			Parameters: []types.Parameter{
				{ParameterKey: aws.String("Colours"), ParameterValue: aws.String("red, green")},
				{ParameterKey: aws.String("Password"), ParameterValue: aws.String("****")},
				{ParameterKey: aws.String("Seconds"), ParameterValue: aws.String("30")},
				{ParameterKey: aws.String("Stage"), ParameterValue: aws.String("test")},
			},
			Outputs: []types.Output{
				{OutputKey: aws.String("Queue"), OutputValue: aws.String("http://127.0.0.1:4566/000000000000/orderflow-Queue"), Description: aws.String("Where messages wait")},
				{OutputKey: aws.String("Stage"), OutputValue: aws.String("test")},
			},
		}}
		for _, name := range []string{"", "orderflow", stackID} {
			in := &client.DescribeStacksInput{}
			if name != "" {
				in.StackName = &name
			}
			out, err := sdk.DescribeStacks(t.Context(), in)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, out.Stacks, cmpopts.IgnoreUnexported(types.Stack{}, types.Parameter{}, types.Output{})); diff != "" {
				t.Errorf("DescribeStacks of %q: -want +got\n%s", name, diff)
			}
		}
		got, err := sdk.GetTemplate(t.Context(), &client.GetTemplateInput{StackName: aws.String("orderflow"), TemplateStage: types.TemplateStageOriginal})
		if err != nil || aws.ToString(got.TemplateBody) != stackTemplate {
			t.Errorf("GetTemplate answers %v, %v", got, err)
		}
	})
}

// TestStackResources: each action that tells of resources names them as AWS
// does.
func TestStackResources(t *testing.T) {
	c := newCloud(t)
	if _, err := c.Deploy(t.Context(), []byte(stackTemplate), nil); err != nil {
		t.Fatal(err)
	}
	sdk := client.NewFromConfig(c.AWSConfig())
	const uuid = "UUID"
	want := []string{
		"Api AWS::ApiGatewayV2::Api " + apiID,
		"Bucket AWS::S3::Bucket orderflow-bucket",
		"Consumer AWS::Lambda::Function orderflow-Consumer",
		"ConsumerMessages AWS::Lambda::EventSourceMapping " + uuid,
		"Log AWS::Logs::LogGroup /shop",
		"Machine AWS::StepFunctions::StateMachine arn:aws:states:us-east-1:000000000000:stateMachine:orderflow-Machine",
		"Queue AWS::SQS::Queue http://127.0.0.1:4566/000000000000/orderflow-Queue",
		"Role AWS::IAM::Role orderflow-Role",
		"Table AWS::DynamoDB::Table orderflow-Table",
		"Topic AWS::SNS::Topic arn:aws:sns:us-east-1:000000000000:orderflow-Topic",
	}
	anyUUID := regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)
	line := func(id, kind, physical *string, status types.ResourceStatus, at *time.Time) string {
		if status != types.ResourceStatusCreateComplete || at == nil || time.Since(*at) > time.Minute {
			t.Errorf("%s is %s since %v", *id, status, at)
		}
		return *id + " " + *kind + " " + anyUUID.ReplaceAllString(*physical, uuid)
	}

	listed, err := sdk.ListStackResources(t.Context(), &client.ListStackResourcesInput{StackName: aws.String("orderflow")})
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, r := range listed.StackResourceSummaries {
		lines = append(lines, line(r.LogicalResourceId, r.ResourceType, r.PhysicalResourceId, r.ResourceStatus, r.LastUpdatedTimestamp))
	}
	if diff := cmp.Diff(want, lines); diff != "" || listed.NextToken != nil {
		t.Errorf("ListStackResources: next %v, -want +got\n%s", listed.NextToken, diff)
	}

	for name, test := range map[string]struct {
		in   client.DescribeStackResourcesInput
		want []string
	}{
		"a stack's":             {client.DescribeStackResourcesInput{StackName: aws.String(stackID)}, want},
		"a physical resource's": {client.DescribeStackResourcesInput{PhysicalResourceId: aws.String("orderflow-Table")}, want},
		"one":                   {client.DescribeStackResourcesInput{StackName: aws.String("orderflow"), LogicalResourceId: aws.String("Api")}, want[:1]},
	} {
		out, err := sdk.DescribeStackResources(t.Context(), &test.in)
		if err != nil {
			t.Fatal(err)
		}
		var lines []string
		for _, r := range out.StackResources {
			lines = append(lines, line(r.LogicalResourceId, r.ResourceType, r.PhysicalResourceId, r.ResourceStatus, r.Timestamp))
			if aws.ToString(r.StackName) != "orderflow" || aws.ToString(r.StackId) != stackID {
				t.Errorf("%s belongs to %s, %s", *r.LogicalResourceId, aws.ToString(r.StackName), aws.ToString(r.StackId))
			}
		}
		if diff := cmp.Diff(test.want, lines); diff != "" {
			t.Errorf("DescribeStackResources, %s: -want +got\n%s", name, diff)
		}
	}

	one, err := sdk.DescribeStackResource(t.Context(), &client.DescribeStackResourceInput{StackName: aws.String("orderflow"), LogicalResourceId: aws.String("Queue")})
	if err != nil {
		t.Fatal(err)
	}
	r := one.StackResourceDetail
	if got := line(r.LogicalResourceId, r.ResourceType, r.PhysicalResourceId, r.ResourceStatus, r.LastUpdatedTimestamp); got != want[6] {
		t.Errorf("DescribeStackResource: %s, want %s", got, want[6])
	}
}

// TestManyStackResources: a hundred are listed on a page, and described.
func TestManyStackResources(t *testing.T) {
	const many = 250
	var groups []string
	for i := range many {
		groups = append(groups, fmt.Sprintf(`"Log%d": {"Type": "AWS::Logs::LogGroup", "Properties": {}}`, i))
	}
	c := newCloud(t)
	if _, err := c.Deploy(t.Context(), []byte(`{"Resources": {`+strings.Join(groups, ", ")+`}}`), nil); err != nil {
		t.Fatal(err)
	}
	sdk := client.NewFromConfig(c.AWSConfig())
	seen, sizes := map[string]bool{}, []int{}
	pages := client.NewListStackResourcesPaginator(sdk, &client.ListStackResourcesInput{StackName: aws.String("orderflow")})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		sizes = append(sizes, len(page.StackResourceSummaries))
		for _, r := range page.StackResourceSummaries {
			seen[*r.LogicalResourceId] = true
		}
	}
	if diff := cmp.Diff([]int{100, 100, 50}, sizes); diff != "" || len(seen) != many {
		t.Errorf("%d resources are listed, on pages of: -want +got\n%s", len(seen), diff)
	}
	out, err := sdk.DescribeStackResources(t.Context(), &client.DescribeStackResourcesInput{StackName: aws.String("orderflow")})
	if err != nil || len(out.StackResources) != 100 {
		t.Errorf("%d resources are described, %v", len(out.StackResources), err)
	}
}

// TestNoSuchStack: what does not exist is refused in AWS's words.
func TestNoSuchStack(t *testing.T) {
	c := newCloud(t)
	if _, err := c.Deploy(t.Context(), []byte(stackTemplate), nil); err != nil {
		t.Fatal(err)
	}
	sdk := client.NewFromConfig(c.AWSConfig())
	ctx, none, shop := t.Context(), aws.String("none"), aws.String("orderflow")
	for want, call := range map[string]func() error{
		"Stack with id none does not exist": func() error {
			_, err := sdk.DescribeStacks(ctx, &client.DescribeStacksInput{StackName: none})
			return err
		},
		"Resource none does not exist for stack orderflow": func() error {
			_, err := sdk.DescribeStackResource(ctx, &client.DescribeStackResourceInput{StackName: shop, LogicalResourceId: none})
			return err
		},
		"Stack for none does not exist": func() error {
			_, err := sdk.DescribeStackResources(ctx, &client.DescribeStackResourcesInput{PhysicalResourceId: none})
			return err
		},
		"You must specify either StackName or PhysicalResourceId, but not both.": func() error {
			_, err := sdk.DescribeStackResources(ctx, &client.DescribeStackResourcesInput{})
			return err
		},
		"template stage \"Processed\" is not supported by the local cloud: ask for Original": func() error {
			_, err := sdk.GetTemplate(ctx, &client.GetTemplateInput{StackName: shop, TemplateStage: types.TemplateStageProcessed})
			return err
		},
		"1 validation error detected: Value null at 'stackName' failed to satisfy constraint: Member must not be null": func() error {
			_, err := sdk.GetTemplate(ctx, &client.GetTemplateInput{})
			return err
		},
	} {
		err := call()
		var refused smithy.APIError
		if !errors.As(err, &refused) || refused.ErrorCode() != "ValidationError" || refused.ErrorMessage() != want {
			t.Errorf("%v, want ValidationError: %s", err, want)
		}
	}
	_, err := sdk.DeleteStack(ctx, &client.DeleteStackInput{StackName: shop})
	if err == nil || !strings.Contains(err.Error(), `action "DeleteStack" is not supported by the local cloud`) {
		t.Errorf("DeleteStack: %v", err)
	}
}
