package cloud

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"

	"orderflow/cmd/local/cloud/dynamodb"
	"orderflow/cmd/local/cloud/iam"
	lambdaservice "orderflow/cmd/local/cloud/lambda"
	"orderflow/cmd/local/cloud/logs"
)

const (
	echoFolder = "lambdas/echo/bootstrap"
	passFile   = "statemachine/pass.asl.json"
	pass       = `{"QueryLanguage": "JSONata", "StartAt": "Pass", "States": {"Pass": {"Type": "Pass", "Output": "${Greeting}", "End": true}}}`
)

func newCloud(t *testing.T) *Cloud {
	t.Helper()
	c := New(Config{
		Endpoint:    "127.0.0.1:4566",
		APIEndpoint: "127.0.0.1:8080",
		Functions:   map[string]Function{echoFolder: echo},
		Definitions: map[string][]byte{passFile: []byte(pass)},
	})
	t.Cleanup(func() { c.Close(context.Background()) })
	createAnyRole(t, c)
	return c
}

// createAnyRole makes a role r that any service may take, and that may do
// everything.
func createAnyRole(t *testing.T, c *Cloud) {
	t.Helper()
	if _, err := c.IAM.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: "r", AssumeRolePolicyDocument: anyTrust}); err != nil {
		t.Fatal(err)
	}
	if err := c.IAM.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: "r", PolicyName: "Everything", PolicyDocument: everything}); err != nil {
		t.Fatal(err)
	}
}

// anyRole are the properties of a role that any service may take, and that may
// do everything.
const (
	anyTrust = `{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sts:AssumeRole",
		"Principal": {"Service": ["lambda.amazonaws.com", "states.amazonaws.com", "scheduler.amazonaws.com", "codedeploy.amazonaws.com"]}}}`
	everything = `{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}`
	anyRole    = `{"AssumeRolePolicyDocument": ` + anyTrust + `, "Policies": [{"PolicyName": "Everything", "PolicyDocument": ` + everything + `}]}`
)

// echo answers with the variables that it was told to ask for.
func echo(_ aws.Config, getenv func(string) string) (lambda.Handler, error) {
	if getenv("FAIL") != "" {
		return nil, errors.New("echo: FAIL is set")
	}
	return lambda.NewHandler(func(_ context.Context, names []string) (map[string]string, error) {
		values := map[string]string{}
		for _, name := range names {
			values[name] = getenv(name)
		}
		return values, nil
	}), nil
}

func resource(kind, properties string) string {
	return `{"Transform": "AWS::Serverless-2016-10-31", "Resources": {"It": {"Type": "` + kind + `", "Properties": ` + properties + `}}}`
}

// TestRefusedTemplates: what the cloud cannot honour is refused by name.
func TestRefusedTemplates(t *testing.T) {
	function := func(more string) string {
		return resource("AWS::Serverless::Function", `{"CodeUri": "../lambdas/echo/bootstrap", "Role": "arn:aws:iam::000000000000:role/r"`+more+`}`)
	}
	event := func(kind, properties string) string {
		return function(`, "Events": {"On": {"Type": "` + kind + `", "Properties": ` + properties + `}}`)
	}
	machine := func(more string) string {
		return resource("AWS::StepFunctions::StateMachine", `{"DefinitionS3Location": "../statemachine/pass.asl.json", "RoleArn": "arn:aws:iam::000000000000:role/r"`+more+`}`)
	}
	schedule := func(expression, window, more string) string {
		return resource("AWS::Scheduler::Schedule", `{"ScheduleExpression": "`+expression+`", "FlexibleTimeWindow": `+window+`,
			"Target": {"Arn": "arn:aws:lambda:us-east-1:000000000000:function:f", "RoleArn": "arn:aws:iam::000000000000:role/r", "Input": "{}"`+more+`}}`)
	}
	twice := func(kind, properties string) string {
		one := `{"Type": "` + kind + `", "Properties": ` + properties + `}`
		return `{"Resources": {"A": ` + one + `, "B": ` + one + `}}`
	}
	tests := []struct{ name, template, want string }{
		{"type", resource("AWS::Kinesis::Stream", `{}`), "It: resource type AWS::Kinesis::Stream is not supported"},
		{"attribute", `{"Resources": {"It": {"Type": "AWS::SQS::Queue", "UpdatePolicy": {}}}}`, "It: resource attribute UpdatePolicy is not supported"},

		{"queue property", resource("AWS::SQS::Queue", `{"Colour": "red"}`), "It.Properties.Colour: the property is not supported"},
		{"queue value", resource("AWS::SQS::Queue", `{"VisibilityTimeout": 43201}`), "It: InvalidAttributeValue"},
		{"queue type", resource("AWS::SQS::Queue", `{"VisibilityTimeout": "soon"}`), `It.Properties.VisibilityTimeout: "soon" where an integer is wanted`},
		{"FIFO queue", resource("AWS::SQS::Queue", `{"FifoQueue": true}`), "FIFO"},
		{"queue policy property", resource("AWS::SQS::QueuePolicy", `{"PolicyDocument": {}, "Queues": [], "Name": "x"}`), "It.Properties.Name"},
		{"queue policy of no queue", resource("AWS::SQS::QueuePolicy", `{"PolicyDocument": {}, "Queues": ["http://127.0.0.1:4566/000000000000/none"]}`), "It: "},

		{"table property", resource("AWS::DynamoDB::Table", `{"StreamSpecification": {}}`), "It.Properties.StreamSpecification: the property is not supported"},
		{"table index property", resource("AWS::DynamoDB::Table", `{"GlobalSecondaryIndexes": [{"IndexName": "i", "ContributorInsightsSpecification": {}}]}`), "It.Properties.GlobalSecondaryIndexes[0].ContributorInsightsSpecification"},
		{"table time to live", resource("AWS::DynamoDB::Table", `{"TimeToLiveSpecification": {"Attribute": "at", "Enabled": true}}`), "It.Properties.TimeToLiveSpecification.Attribute"},
		{"table without key", resource("AWS::DynamoDB::Table", `{"BillingMode": "PAY_PER_REQUEST"}`), "It: ValidationException"},

		{"topic property", resource("AWS::SNS::Topic", `{"FifoTopic": true}`), "It.Properties.FifoTopic"},
		{"subscription property", resource("AWS::SNS::Subscription", `{"Protocol": "sqs", "TopicArn": "x", "Region": "x"}`), "It.Properties.Region"},
		{"subscription protocol", `{"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}, "It": {"Type": "AWS::SNS::Subscription", "Properties": {"Protocol": "http", "TopicArn": {"Ref": "Topic"}, "Endpoint": "http://x"}}}}`, "It: InvalidParameter"},

		{"bucket property", resource("AWS::S3::Bucket", `{"ReplicationConfiguration": {}}`), "It.Properties.ReplicationConfiguration"},

		{"function property", function(`, "Layers": []`), "It.Properties.Layers"},
		{"function environment", function(`, "Environment": {"Secrets": {}}`), "It.Properties.Environment.Secrets"},
		{"function logging", function(`, "LoggingConfig": {"LogStream": "x"}`), "It.Properties.LoggingConfig.LogStream"},
		{"function log level", function(`, "LoggingConfig": {"ApplicationLogLevel": "INFO"}`), "It: InvalidParameterValueException: To use LogLevel, you must use JSON LogFormat."},
		{"function without role", resource("AWS::Serverless::Function", `{"CodeUri": "x"}`), "It.Properties.Role: the property is required"},
		{"no such code", resource("AWS::Serverless::Function", `{"CodeUri": "../lambdas/none/bootstrap", "Role": "arn:aws:iam::000000000000:role/r"}`), `It.Properties.CodeUri: there is no handler "lambdas/none/bootstrap"`},
		{"reserved variable", function(`, "Environment": {"Variables": {"AWS_REGION": "x"}}`), "It.Properties.Environment.Variables.AWS_REGION: the variable is reserved"},
		{"handler that cannot start", function(`, "Environment": {"Variables": {"FAIL": "1"}}`), "It: lambda: function \"orderflow-It\" can not start: echo: FAIL is set"},
		{"timeout", function(`, "Timeout": 901`), "It: "},
		{"event type", event("Schedule", `{}`), "It.Properties.Events.On.Type: events of type \"Schedule\" are not supported"},
		{"event property", event("SQS", `{"Queue": "x", "FilterCriteria": {}}`), "It.Properties.Events.On.Properties.FilterCriteria"},
		{"event of no queue", event("SQS", `{"Queue": "arn:aws:sqs:us-east-1:000000000000:none"}`), "It.Properties.Events.On.Properties: "},
		{"route of no API", event("HttpApi", `{"ApiId": "x", "Method": "GET", "Path": "/"}`), `It.Properties.Events.On.Properties.ApiId: there is no HTTP API "x"`},
		{"route without API", event("HttpApi", `{"Method": "GET", "Path": "/"}`), "It.Properties.Events.On.Properties.ApiId: the property is required"},
		{"route with authorizer", event("HttpApi", `{"ApiId": "x", "Method": "GET", "Path": "/", "Auth": {}}`), "It.Properties.Events.On.Properties.Auth"},

		{"API property", resource("AWS::Serverless::HttpApi", `{"Domain": {}}`), "It.Properties.Domain"},
		{"API route setting", resource("AWS::Serverless::HttpApi", `{"DefaultRouteSettings": {"LoggingLevel": "INFO"}}`), "It.Properties.DefaultRouteSettings.LoggingLevel"},
		{"API without its authorizer", resource("AWS::Serverless::HttpApi", `{"Auth": {"DefaultAuthorizer": "Issuer"}}`), `It.Properties.Auth.DefaultAuthorizer: there is no authorizer "Issuer"`},
		{"API without IAM", resource("AWS::Serverless::HttpApi", `{"Auth": {"DefaultAuthorizer": "AWS_IAM"}}`), `It.Properties.Auth.DefaultAuthorizer: there is no authorizer "AWS_IAM"`},
		{"Lambda authorizer", resource("AWS::Serverless::HttpApi", `{"Auth": {"Authorizers": {"L": {"FunctionArn": "x"}}}}`), "It.Properties.Auth.Authorizers.L.FunctionArn: the property is not supported"},
		{"authorizer with scopes", resource("AWS::Serverless::HttpApi", `{"Auth": {"Authorizers": {"L": {"AuthorizationScopes": ["x"]}}}}`), "It.Properties.Auth.Authorizers.L.AuthorizationScopes: the property is not supported"},
		{"issuer out of reach", resource("AWS::Serverless::HttpApi", `{"Auth": {"DefaultAuthorizer": "I", "Authorizers": {"I": {"IdentitySource": "$request.header.Authorization", "JwtConfiguration": {"issuer": "https://id.example", "audience": ["a"]}}}}}`), `authorizer "I": issuer: Get "https://id.example/.well-known/openid-configuration": cloud: issuer "id.example" is out of reach`},
		{"two APIs", `{"Transform": "AWS::Serverless-2016-10-31", "Resources": {"A": {"Type": "AWS::Serverless::HttpApi"}, "B": {"Type": "AWS::Serverless::HttpApi"}}}`, "B: the local cloud serves one HTTP API, which is A"},

		{"no transform", `{"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}, "It": {"Type": "AWS::Serverless::HttpApi"}}}`, "It.Type: AWS::Serverless::HttpApi needs the template's Transform to be AWS::Serverless-2016-10-31"},

		{"queue name twice", twice("AWS::SQS::Queue", `{"QueueName": "one"}`), `is A already: a name is given once`},
		{"topic name twice", twice("AWS::SNS::Topic", `{"TopicName": "one"}`), `is A already: a name is given once`},
		{"role name twice", twice("AWS::IAM::Role", `{"RoleName": "one", `+anyRole[1:]), "B: EntityAlreadyExists: Role with name one already exists."},
		{"log group name twice", twice("AWS::Logs::LogGroup", `{"LogGroupName": "/one"}`), "B: ResourceAlreadyExistsException: The specified log group already exists"},
		{"role property", resource("AWS::IAM::Role", `{"Polices": [], "AssumeRolePolicyDocument": {}}`), "It.Properties.Polices: the property is not supported"},
		{"log group property", resource("AWS::Logs::LogGroup", `{"RetentionInDay": 3}`), "It.Properties.RetentionInDay: the property is not supported"},
		{"log group retention", resource("AWS::Logs::LogGroup", `{"RetentionInDays": 2}`), "It: InvalidParameterException: 1 validation error detected: Value '2' at 'retentionInDays'"},

		{"schedule property", resource("AWS::Scheduler::Schedule", `{"StartDate": "2030-01-01T00:00:00Z"}`), "It.Properties.StartDate: the property is not supported"},
		{"schedule without window", resource("AWS::Scheduler::Schedule", `{"ScheduleExpression": "rate(1 hour)"}`), "It.Properties.FlexibleTimeWindow: the property is required"},
		{"schedule dead letters", schedule("rate(1 hour)", `{"Mode": "OFF"}`, `, "DeadLetterConfig": {}`), "It.Properties.Target.DeadLetterConfig: the property is not supported"},
		{"schedule expression", schedule("cron(0 3 * * ? *)", `{"Mode": "OFF"}`, ""), "It: ValidationException: Schedule expression cron(0 3 * * ? *) is not supported"},
		{"schedule window", schedule("rate(1 hour)", `{"Mode": "FLEXIBLE"}`, ""), "It: ValidationException: MaximumWindowInMinutes"},

		{"machine property", machine(`, "Events": {}`), "It.Properties.Events"},
		{"no such definition", resource("AWS::StepFunctions::StateMachine", `{"DefinitionS3Location": "none.json", "RoleArn": "arn:aws:iam::000000000000:role/r"}`), `It.Properties.DefinitionS3Location: there is no state machine "template/none.json"`},
		{"substitution missing", machine(``), "It.Properties.DefinitionSubstitutions: nothing is given for Greeting"},
		{"substitution too many", machine(`, "DefinitionSubstitutions": {"Greeting": "hi", "Name": "x"}`), "It.Properties.DefinitionSubstitutions: the definition has no Name"},
		{"machine type", machine(`, "StateMachineType": "EXPRESS", "DefinitionSubstitutions": {"Greeting": "hi"}`), "It: StateMachineTypeNotSupported"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := newCloud(t).Deploy(t.Context(), []byte(test.template), nil)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error = %v, want one with %q", err, test.want)
			}
		})
	}
}

// TestValues: Ref and GetAtt mean what CloudFormation documents.
func TestValues(t *testing.T) {
	const template = `{
		"Transform": "AWS::Serverless-2016-10-31",
		"Resources": {
			"Queue": {"Type": "AWS::SQS::Queue"},
			"Topic": {"Type": "AWS::SNS::Topic"},
			"Table": {"Type": "AWS::DynamoDB::Table", "Properties": {"BillingMode": "PAY_PER_REQUEST",
				"AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}], "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}]}},
			"Bucket": {"Type": "AWS::S3::Bucket"},
			"Role": {"Type": "AWS::IAM::Role", "Properties": ` + anyRole + `},
			"Log": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "/aws/x"}},
			"Function": {"Type": "AWS::Serverless::Function", "Properties": {"CodeUri": "../lambdas/echo/bootstrap", "Role": {"Fn::GetAtt": ["Role", "Arn"]}}},
			"Machine": {"Type": "AWS::StepFunctions::StateMachine", "Properties": {"DefinitionS3Location": "../statemachine/pass.asl.json",
				"RoleArn": {"Fn::GetAtt": ["Role", "Arn"]}, "DefinitionSubstitutions": {"Greeting": "hi"}}},
			"Schedule": {"Type": "AWS::Scheduler::Schedule", "Properties": {"ScheduleExpression": "rate(1 hour)", "FlexibleTimeWindow": {"Mode": "OFF"},
				"Target": {"Arn": {"Fn::GetAtt": ["Function", "Arn"]}, "RoleArn": {"Fn::GetAtt": ["Role", "Arn"]}, "Input": "[]"}}},
			"Api": {"Type": "AWS::Serverless::HttpApi"}
		},
		"Outputs": {%s}}`
	values := map[string]string{
		"Queue": "http://127.0.0.1:4566/000000000000/orderflow-Queue", "Queue.Arn": "arn:aws:sqs:us-east-1:000000000000:orderflow-Queue",
		"Queue.QueueName": "orderflow-Queue",
		"Topic":           "arn:aws:sns:us-east-1:000000000000:orderflow-Topic", "Topic.TopicName": "orderflow-Topic",
		"Table": "orderflow-Table", "Table.Arn": "arn:aws:dynamodb:us-east-1:000000000000:table/orderflow-Table",
		"Bucket": "orderflow-bucket", "Bucket.Arn": "arn:aws:s3:::orderflow-bucket",
		"Role": "orderflow-Role", "Role.Arn": "arn:aws:iam::000000000000:role/orderflow-Role",
		"Log": "/aws/x", "Log.Arn": "arn:aws:logs:us-east-1:000000000000:log-group:/aws/x:*",
		"Function": "orderflow-Function", "Function.Arn": "arn:aws:lambda:us-east-1:000000000000:function:orderflow-Function",
		"Machine": "arn:aws:states:us-east-1:000000000000:stateMachine:orderflow-Machine", "Machine.Name": "orderflow-Machine",
		"Schedule": "orderflow-Schedule", "Schedule.Arn": "arn:aws:scheduler:us-east-1:000000000000:schedule/default/orderflow-Schedule",
		"Api": apiID, "Api.ApiEndpoint": "http://127.0.0.1:8080",
	}
	var outputs []string
	for name := range values {
		outputs = append(outputs, fmt.Sprintf(`"%s": {"Value": {"Fn::Sub": "${%s}"}}`, strings.ReplaceAll(name, ".", ""), name))
	}
	slices.Sort(outputs)
	stack, err := newCloud(t).Deploy(t.Context(), fmt.Appendf(nil, template, strings.Join(outputs, ", ")), nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range values {
		if got := stack.Outputs[strings.ReplaceAll(name, ".", "")]; got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
}

// TestTimeToLive: a table's items expire if and by what its template says.
func TestTimeToLive(t *testing.T) {
	for specification, want := range map[string]dynamodb.TimeToLiveDescription{
		``: {TimeToLiveStatus: "DISABLED"},
		`, "TimeToLiveSpecification": {"AttributeName": "at", "Enabled": true}`:  {AttributeName: "at", TimeToLiveStatus: "ENABLED"},
		`, "TimeToLiveSpecification": {"AttributeName": "at", "Enabled": false}`: {TimeToLiveStatus: "DISABLED"},
	} {
		c := newCloud(t)
		_, err := c.Deploy(t.Context(), []byte(resource("AWS::DynamoDB::Table", `{"BillingMode": "PAY_PER_REQUEST",
			"AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}], "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}]`+specification+`}`)), nil)
		if err != nil {
			t.Fatal(err)
		}
		got, err := c.DynamoDB.DescribeTimeToLive(t.Context(), &dynamodb.DescribeTimeToLiveInput{TableName: "orderflow-It"})
		if err != nil {
			t.Fatal(err)
		}
		if got.TimeToLiveDescription != want {
			t.Errorf("%q: %v, want %v", specification, got.TimeToLiveDescription, want)
		}
	}
}

// TestEnvironment: a handler knows the template's variables and Lambda's own,
// and nothing of this machine.
func TestEnvironment(t *testing.T) {
	t.Setenv("HOME_OF_THE_MACHINE", "x")
	c := newCloud(t)
	_, err := c.Deploy(t.Context(), []byte(resource("AWS::Serverless::Function",
		`{"CodeUri": "../lambdas/echo/bootstrap", "Role": "arn:aws:iam::000000000000:role/r", "MemorySize": 256, "Environment": {"Variables": {"TABLE": {"Ref": "AWS::StackName"}}}}`)), nil)
	if err != nil {
		t.Fatal(err)
	}
	out, err := invokeTask(c.Lambda)(t.Context(), "orderflow-It", []byte(`["TABLE", "AWS_REGION", "AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "HOME_OF_THE_MACHINE"]`))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	if err := json.Unmarshal(out.Payload, &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"TABLE": "orderflow", "AWS_REGION": Region, "AWS_LAMBDA_FUNCTION_NAME": "orderflow-It", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256", "HOME_OF_THE_MACHINE": "",
	}
	for name, value := range want {
		if got[name] != value {
			t.Errorf("%s = %q, want %q", name, got[name], value)
		}
	}
}

// TestLogs: a function logs where and what its template says, and the group
// keeps it for as long.
func TestLogs(t *testing.T) {
	c := newCloud(t)
	_, err := c.Deploy(t.Context(), []byte(`{
		"Transform": "AWS::Serverless-2016-10-31",
		"Resources": {
			"Log": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "/aws/lambda/shop/echo", "RetentionInDays": 30}},
			"Function": {"Type": "AWS::Serverless::Function", "Properties": {"CodeUri": "../lambdas/echo/bootstrap", "Role": "arn:aws:iam::000000000000:role/r",
				"LoggingConfig": {"LogGroup": {"Ref": "Log"}, "LogFormat": "JSON", "SystemLogLevel": "DEBUG", "ApplicationLogLevel": "WARN"}}}
		}}`), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := invokeTask(c.Lambda)(t.Context(), "orderflow-Function", []byte(`[]`)); err != nil {
		t.Fatal(err)
	}
	described, err := c.Logs.DescribeLogGroups(t.Context(), &logs.DescribeLogGroupsInput{})
	if err != nil || len(described.LogGroups) != 1 || described.LogGroups[0].LogGroupName != "/aws/lambda/shop/echo" || described.LogGroups[0].RetentionInDays != 30 {
		t.Errorf("groups %+v, %v", described, err)
	}
	found, err := c.Logs.FilterLogEvents(t.Context(), &logs.FilterLogEventsInput{LogGroupName: "/aws/lambda/shop/echo", FilterPattern: `{ $.type = "platform.runtimeDone" && $.record.status = "success" }`})
	if err != nil || len(found.Events) != 1 {
		t.Errorf("found %+v, %v", found, err)
	}
	function, err := c.Lambda.GetFunction(t.Context(), &lambdaservice.GetFunctionInput{FunctionName: "orderflow-Function"})
	want := lambdaservice.LoggingConfig{LogFormat: "JSON", ApplicationLogLevel: "WARN", SystemLogLevel: "DEBUG", LogGroup: "/aws/lambda/shop/echo"}
	if err != nil || function.Configuration.LoggingConfig != want {
		t.Errorf("logging config %+v, %v, want %+v", function, err, want)
	}
}
