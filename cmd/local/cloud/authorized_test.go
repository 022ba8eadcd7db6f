package cloud

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awslogs "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	sestypes "github.com/aws/aws-sdk-go-v2/service/sesv2/types"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/smithy-go"

	"orderflow/cmd/local/cloud/iam"
	lambdaservice "orderflow/cmd/local/cloud/lambda"
	"orderflow/cmd/local/cloud/ses"
)

// world has one of each resource, and a function with a role of its own.
const world = `{
	"Transform": "AWS::Serverless-2016-10-31",
	"Resources": {
		"Table": {"Type": "AWS::DynamoDB::Table", "Properties": {"BillingMode": "PAY_PER_REQUEST",
			"AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}, {"AttributeName": "customer", "AttributeType": "S"}],
			"KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
			"GlobalSecondaryIndexes": [{"IndexName": "byCustomer", "KeySchema": [{"AttributeName": "customer", "KeyType": "HASH"}], "Projection": {"ProjectionType": "ALL"}}]}},
		"Queue": {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": 60}},
		"DeadLetterQueue": {"Type": "AWS::SQS::Queue"},
		"DeadLetterQueuePolicy": {"Type": "AWS::SQS::QueuePolicy", "Properties": {"Queues": [{"Ref": "DeadLetterQueue"}], "PolicyDocument": {"Version": "2012-10-17", "Statement": {
			"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": {"Fn::GetAtt": ["DeadLetterQueue", "Arn"]},
			"Condition": {"ArnEquals": {"aws:SourceArn": {"Ref": "Topic"}}}}}}},
		"Topic": {"Type": "AWS::SNS::Topic"},
		"Subscription": {"Type": "AWS::SNS::Subscription", "Properties": {"TopicArn": {"Ref": "Topic"}, "Protocol": "sqs", "Endpoint": {"Fn::GetAtt": ["Queue", "Arn"]},
			"RedrivePolicy": {"deadLetterTargetArn": {"Fn::GetAtt": ["DeadLetterQueue", "Arn"]}}}},
		"Bucket": {"Type": "AWS::S3::Bucket"},
		"Log": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "/own"}},
		"Other": {"Type": "AWS::Serverless::Function", "Properties": {"CodeUri": "../lambdas/echo/bootstrap", "Role": "arn:aws:iam::000000000000:role/r"}},
		"Machine": {"Type": "AWS::StepFunctions::StateMachine", "Properties": {"DefinitionS3Location": "../statemachine/pass.asl.json",
			"RoleArn": "arn:aws:iam::000000000000:role/r", "DefinitionSubstitutions": {"Greeting": "hi"}}},
		%s
		"Role": {"Type": "AWS::IAM::Role", "Properties": {
			"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}},
			"Policies": [{"PolicyName": "Allowed", "PolicyDocument": {"Version": "2012-10-17", "Statement": [%s]}}]}},
		"Function": {"Type": "AWS::Serverless::Function", "Properties": {"CodeUri": "../lambdas/spy/bootstrap", "Role": {"Fn::GetAtt": ["Role", "Arn"]},
			"LoggingConfig": {"LogGroup": "/own"}, "Timeout": 10%s}}
	}
}`

// A spied is a cloud with the world in it, and the configuration that its
// function got.
type spied struct {
	*Cloud
	function aws.Config
	log      *bytes.Buffer
}

// deployWorld deploys the world with more resources, a policy of the function's
// role and more of the function's properties.
func deployWorld(t *testing.T, resources, statements, properties string) (*spied, error) {
	t.Helper()
	s := &spied{log: new(bytes.Buffer)}
	log := slog.New(slog.NewTextHandler(s.log, nil))
	s.Cloud = New(Config{
		Endpoint: "127.0.0.1:4566", APIEndpoint: "127.0.0.1:8080", Definitions: map[string][]byte{passFile: []byte(pass)}, Log: log,
		Functions: map[string]Function{
			echoFolder: echo,
			"lambdas/spy/bootstrap": func(cfg aws.Config, _ func(string) string) (lambda.Handler, error) {
				s.function = cfg
				s.function.RetryMaxAttempts = 1
				return lambda.NewHandler(func(context.Context) error { return nil }), nil
			},
		},
	})
	t.Cleanup(func() { s.Close(context.Background()) })
	createAnyRole(t, s.Cloud)
	text := strings.Replace(world, "%s", resources, 1)
	text = strings.Replace(text, "%s", statements, 1)
	_, err := s.Deploy(t.Context(), []byte(strings.Replace(text, "%s", properties, 1)), nil)
	return s, err
}

const (
	session   = "arn:aws:sts::000000000000:assumed-role/orderflow-Role/orderflow-Function"
	tableARN  = "arn:aws:dynamodb:us-east-1:000000000000:table/orderflow-Table"
	topicARN  = "arn:aws:sns:us-east-1:000000000000:orderflow-Topic"
	queueURL  = "http://127.0.0.1:4566/000000000000/orderflow-Queue"
	machine   = "arn:aws:states:us-east-1:000000000000:stateMachine:orderflow-Machine"
	execution = "arn:aws:states:us-east-1:000000000000:execution:orderflow-Machine:x"
)

func idIs(value string) map[string]types.AttributeValue {
	return map[string]types.AttributeValue{"id": &types.AttributeValueMemberS{Value: value}}
}

// TestRefusals: each call that a function's role is not allowed is refused as
// AWS does, and with the permission it is answered.
func TestRefusals(t *testing.T) {
	table := aws.String("orderflow-Table")
	sentence := func(action, resource string) string {
		return "User: " + session + " is not authorized to perform: " + action + " on resource: " + resource + " because no identity-based policy allows the " + action + " action"
	}
	for _, test := range []struct {
		action   string // as IAM names it
		resource string // of the statement that allows it
		call     func(ctx context.Context, cfg aws.Config) error
		code     string
		message  string
		beside   string // the code of what is wrong beside, once it is allowed
	}{
		{"dynamodb:GetItem", tableARN, func(ctx context.Context, cfg aws.Config) error {
			_, err := dynamodb.NewFromConfig(cfg).GetItem(ctx, &dynamodb.GetItemInput{TableName: table, Key: idIs("1")})
			return err
		}, "AccessDeniedException", sentence("dynamodb:GetItem", tableARN), ""},
		{"dynamodb:PutItem", tableARN, func(ctx context.Context, cfg aws.Config) error {
			_, err := dynamodb.NewFromConfig(cfg).PutItem(ctx, &dynamodb.PutItemInput{TableName: table, Item: idIs("1")})
			return err
		}, "AccessDeniedException", sentence("dynamodb:PutItem", tableARN), ""},
		{"dynamodb:BatchGetItem", tableARN, func(ctx context.Context, cfg aws.Config) error {
			_, err := dynamodb.NewFromConfig(cfg).BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{*table: {Keys: []map[string]types.AttributeValue{idIs("1")}}}})
			return err
		}, "AccessDeniedException", sentence("dynamodb:BatchGetItem", tableARN), ""},
		{"dynamodb:Query", tableARN + "/index/byCustomer", func(ctx context.Context, cfg aws.Config) error {
			_, err := dynamodb.NewFromConfig(cfg).Query(ctx, &dynamodb.QueryInput{TableName: table, IndexName: aws.String("byCustomer"), KeyConditionExpression: aws.String("customer = :c"),
				ExpressionAttributeValues: map[string]types.AttributeValue{":c": &types.AttributeValueMemberS{Value: "ada"}}})
			return err
		}, "AccessDeniedException", sentence("dynamodb:Query", tableARN+"/index/byCustomer"), ""},
		{"dynamodb:ConditionCheckItem", tableARN, func(ctx context.Context, cfg aws.Config) error {
			_, err := dynamodb.NewFromConfig(cfg).TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{
				{ConditionCheck: &types.ConditionCheck{TableName: table, Key: idIs("1"), ConditionExpression: aws.String("attribute_not_exists(id)")}},
			}})
			return err
		}, "AccessDeniedException", sentence("dynamodb:ConditionCheckItem", tableARN), ""},
		{"dynamodb:DescribeTable", tableARN, func(ctx context.Context, cfg aws.Config) error {
			_, err := dynamodb.NewFromConfig(cfg).DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: table})
			return err
		}, "AccessDeniedException", sentence("dynamodb:DescribeTable", tableARN), ""},
		{"sns:Publish", topicARN, func(ctx context.Context, cfg aws.Config) error {
			_, err := sns.NewFromConfig(cfg).Publish(ctx, &sns.PublishInput{TopicArn: aws.String(topicARN), Message: aws.String("x")})
			return err
		}, "AuthorizationError", sentence("SNS:Publish", topicARN), ""},
		{"sqs:SendMessage", "arn:aws:sqs:us-east-1:000000000000:orderflow-Queue", func(ctx context.Context, cfg aws.Config) error {
			_, err := sqs.NewFromConfig(cfg).SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: aws.String(queueURL), MessageBody: aws.String("x")})
			return err
		}, "AccessDenied", sentence("sqs:sendmessage", "arn:aws:sqs:us-east-1:000000000000:orderflow-Queue"), ""},
		{"s3:PutObject", "arn:aws:s3:::orderflow-bucket/*", func(ctx context.Context, cfg aws.Config) error {
			_, err := pathStyle(cfg).PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String("orderflow-bucket"), Key: aws.String("a/b"), Body: strings.NewReader("x")})
			return err
		}, "AccessDenied", strings.Replace(sentence("s3:PutObject", "R"), "R ", `"arn:aws:s3:::orderflow-bucket/a/b" `, 1), ""},
		{"s3:GetObject", "arn:aws:s3:::orderflow-bucket/*", func(ctx context.Context, cfg aws.Config) error {
			_, err := pathStyle(cfg).GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String("orderflow-bucket"), Key: aws.String("k")})
			return err
		}, "AccessDenied", strings.Replace(sentence("s3:GetObject", "R"), "R ", `"arn:aws:s3:::orderflow-bucket/k" `, 1), "NoSuchKey"},
		{"s3:ListBucket", "arn:aws:s3:::orderflow-bucket", func(ctx context.Context, cfg aws.Config) error {
			_, err := pathStyle(cfg).ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: aws.String("orderflow-bucket")})
			return err
		}, "AccessDenied", strings.Replace(sentence("s3:ListBucket", "R"), "R ", `"arn:aws:s3:::orderflow-bucket" `, 1), ""},
		{"states:StartExecution", machine, func(ctx context.Context, cfg aws.Config) error {
			_, err := sfn.NewFromConfig(cfg).StartExecution(ctx, &sfn.StartExecutionInput{StateMachineArn: aws.String(machine)})
			return err
		}, "AccessDeniedException", sentence("states:StartExecution", machine), ""},
		{"states:DescribeExecution", "arn:aws:states:us-east-1:000000000000:execution:orderflow-Machine:*", func(ctx context.Context, cfg aws.Config) error {
			_, err := sfn.NewFromConfig(cfg).DescribeExecution(ctx, &sfn.DescribeExecutionInput{ExecutionArn: aws.String(execution)})
			return err
		}, "AccessDeniedException", sentence("states:DescribeExecution", execution), "ExecutionDoesNotExist"},
		{"ses:SendEmail", "arn:aws:ses:us-east-1:000000000000:identity/shop.example", func(ctx context.Context, cfg aws.Config) error {
			_, err := sesv2.NewFromConfig(cfg).SendEmail(ctx, &sesv2.SendEmailInput{
				FromEmailAddress: aws.String("Shop <orders@shop.example>"), Destination: &sestypes.Destination{ToAddresses: []string{"ada@example.com"}},
				Content: &sestypes.EmailContent{Simple: &sestypes.Message{Subject: &sestypes.Content{Data: aws.String("x")}, Body: &sestypes.Body{Text: &sestypes.Content{Data: aws.String("x")}}}},
			})
			return err
		}, "AccessDeniedException", "User `" + session + "' is not authorized to perform `ses:SendEmail' on resource `arn:aws:ses:us-east-1:000000000000:identity/shop.example'", ""},
		{"logs:PutLogEvents", "arn:aws:logs:us-east-1:000000000000:log-group:/own:*", func(ctx context.Context, cfg aws.Config) error {
			_, err := awslogs.NewFromConfig(cfg).PutLogEvents(ctx, &awslogs.PutLogEventsInput{LogGroupName: aws.String("/own"), LogStreamName: aws.String("s"), LogEvents: []logtypes.InputLogEvent{}})
			return err
		}, "AccessDeniedException", sentence("logs:PutLogEvents", "arn:aws:logs:us-east-1:000000000000:log-group:/own:log-stream:s"), "InvalidParameterException"},
		{"lambda:InvokeFunction", "arn:aws:lambda:us-east-1:000000000000:function:orderflow-Other", func(ctx context.Context, cfg aws.Config) error {
			_, err := awslambda.NewFromConfig(cfg).Invoke(ctx, &awslambda.InvokeInput{FunctionName: aws.String("orderflow-Other"), Payload: []byte(`[]`)})
			return err
		}, "AccessDeniedException", sentence("lambda:InvokeFunction", "arn:aws:lambda:us-east-1:000000000000:function:orderflow-Other"), ""},
	} {
		t.Run(test.action, func(t *testing.T) {
			for _, allowed := range []bool{false, true} {
				statement := `{"Effect": "Allow", "Action": ["xray:PutTraceSegments"], "Resource": "*"}`
				if allowed {
					statement = `{"Effect": "Allow", "Action": ["` + test.action + `"], "Resource": ["` + test.resource + `"]}`
				}
				c, err := deployWorld(t, "", statement, "")
				if err != nil {
					t.Fatal(err)
				}
				if _, err := c.SES.CreateEmailIdentity(t.Context(), &ses.CreateEmailIdentityInput{EmailIdentity: "shop.example"}); err != nil {
					t.Fatal(err)
				}
				err = test.call(t.Context(), c.function)
				e, _ := errors.AsType[smithy.APIError](err)
				switch {
				case !allowed && (e == nil || e.ErrorCode() != test.code || e.ErrorMessage() != test.message):
					t.Errorf("%v, want %s: %s", err, test.code, test.message)
				case !allowed && test.action != "ses:SendEmail" && !strings.Contains(c.log.String(), "iam: access denied"):
					t.Errorf("the log says %q", c.log)
				case allowed && test.beside == "" && err != nil, allowed && test.beside != "" && (e == nil || e.ErrorCode() != test.beside):
					t.Errorf("allowed: %v", err)
				}
			}
		})
	}
}

func pathStyle(cfg aws.Config) *s3.Client {
	return s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true })
}

// TestOperator: whoever signs with a key that no service gave may do
// everything, and a role may not do what only operators do.
func TestOperator(t *testing.T) {
	c, err := deployWorld(t, "", `{"Effect": "Allow", "Action": ["*"], "Resource": "*"}`, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"any", "local", "ASIAINVENTEDBYNOBODY"} {
		cfg := c.AWSConfig()
		cfg.Credentials = credentials.NewStaticCredentialsProvider(key, "any", "")
		if _, err := dynamodb.NewFromConfig(cfg).Scan(t.Context(), &dynamodb.ScanInput{TableName: aws.String("orderflow-Table")}); err != nil {
			t.Errorf("%s: %v", key, err)
		}
	}
	_, err = scheduler.NewFromConfig(c.function).ListSchedules(t.Context(), &scheduler.ListSchedulesInput{})
	if e, _ := errors.AsType[smithy.APIError](err); e == nil || e.ErrorCode() != "AccessDeniedException" {
		t.Error(err)
	}
	_, err = awslambda.NewFromConfig(c.function).UpdateAlias(t.Context(), &awslambda.UpdateAliasInput{FunctionName: aws.String("f"), Name: aws.String("invocations")})
	if e, _ := errors.AsType[smithy.APIError](err); e == nil || e.ErrorCode() != "AccessDeniedException" {
		t.Errorf("an alias that is called as invoking is: %v", err)
	}
	key, err := c.function.Credentials.Retrieve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if secret, arn, ok := c.IAM.Identify(key.AccessKeyID); !ok || secret != key.SecretAccessKey || arn != session {
		t.Errorf("%q, %q, %v", secret, arn, ok)
	}
}

// TestFineGrained: conditions of DynamoDB see the items and attributes of a
// request.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
func TestFineGrained(t *testing.T) {
	table := aws.String("orderflow-Table")
	text := func(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }
	get := func(projection *string, ids ...string) func(context.Context, *dynamodb.Client) error {
		return func(ctx context.Context, db *dynamodb.Client) error {
			var keys []map[string]types.AttributeValue
			for _, id := range ids {
				keys = append(keys, idIs(id))
			}
			_, err := db.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{*table: {Keys: keys, ProjectionExpression: projection}}})
			return err
		}
	}
	update := func(expression, condition string) func(context.Context, *dynamodb.Client) error {
		return func(ctx context.Context, db *dynamodb.Client) error {
			_, err := db.UpdateItem(ctx, &dynamodb.UpdateItemInput{
				TableName: table, Key: idIs("a-1"), UpdateExpression: &expression, ConditionExpression: &condition, ReturnValues: types.ReturnValueAllNew,
				ExpressionAttributeNames: map[string]string{"#status": "status"}, ExpressionAttributeValues: map[string]types.AttributeValue{":s": text("x")},
			})
			return err
		}
	}
	query := func(ctx context.Context, db *dynamodb.Client) error {
		_, err := db.Query(ctx, &dynamodb.QueryInput{TableName: table, IndexName: aws.String("byCustomer"), KeyConditionExpression: aws.String("customer = :c"),
			ExpressionAttributeValues: map[string]types.AttributeValue{":c": text("ada")}})
		return err
	}
	transact := func(ctx context.Context, db *dynamodb.Client) error {
		_, err := db.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{{Put: &types.Put{TableName: table, Item: idIs("a-1")}}}})
		return err
	}
	for name, test := range map[string]struct {
		condition string
		call      func(context.Context, *dynamodb.Client) error
		want      bool
	}{
		"all keys":                        {`"ForAllValues:StringLike": {"dynamodb:LeadingKeys": "a-*"}`, get(nil, "a-1", "a-2"), true},
		"one key of others":               {`"ForAllValues:StringLike": {"dynamodb:LeadingKeys": "a-*"}`, get(nil, "a-1", "b-1"), false},
		"the key of an index":             {`"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": "ada"}`, query, true},
		"another key of an index":         {`"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": "bob"}`, query, false},
		"the attributes":                  {`"ForAllValues:StringEquals": {"dynamodb:Attributes": ["id", "status", "placed"]}`, update("SET #status = :s, placed = :s", "attribute_not_exists(id)"), true},
		"one attribute more":              {`"ForAllValues:StringEquals": {"dynamodb:Attributes": ["id", "status"]}`, update("SET #status = :s, placed = :s", "attribute_not_exists(id)"), false},
		"one more in the condition":       {`"ForAllValues:StringEquals": {"dynamodb:Attributes": ["id", "status"]}`, update("SET #status = :s", "attribute_not_exists(id) AND price.amount <> :s"), false},
		"projected":                       {`"ForAllValues:StringEquals": {"dynamodb:Attributes": ["id"]}, "StringEqualsIfExists": {"dynamodb:Select": "SPECIFIC_ATTRIBUTES"}`, get(aws.String("id"), "a-1"), true},
		"all attributes":                  {`"ForAllValues:StringEquals": {"dynamodb:Attributes": ["id"]}, "StringEqualsIfExists": {"dynamodb:Select": "SPECIFIC_ATTRIBUTES"}`, get(nil, "a-1"), false},
		"too much of an index":            {`"StringEqualsIfExists": {"dynamodb:Select": "SPECIFIC_ATTRIBUTES"}`, query, false},
		"what it returns":                 {`"StringEqualsIfExists": {"dynamodb:ReturnValues": ["NONE", "ALL_NEW"]}`, update("SET #status = :s", "attribute_not_exists(id)"), true},
		"too much that it returns":        {`"StringEqualsIfExists": {"dynamodb:ReturnValues": ["NONE"]}`, update("SET #status = :s", "attribute_not_exists(id)"), false},
		"in a transaction":                {`"StringEquals": {"dynamodb:EnclosingOperation": "TransactWriteItems"}`, transact, true},
		"not in a transaction":            {`"StringEquals": {"dynamodb:EnclosingOperation": "TransactWriteItems"}`, update("SET #status = :s", "attribute_not_exists(id)"), false},
		"the function that it comes from": {`"ArnEquals": {"lambda:SourceFunctionArn": "arn:aws:lambda:us-east-1:000000000000:function:orderflow-Function"}`, query, true},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := deployWorld(t, "", `{"Effect": "Allow", "Action": "dynamodb:*", "Resource": ["`+tableARN+`", "`+tableARN+`/index/*"], "Condition": {`+test.condition+`}}`, "")
			if err != nil {
				t.Fatal(err)
			}
			err = test.call(t.Context(), dynamodb.NewFromConfig(c.function))
			e, _ := errors.AsType[smithy.APIError](err)
			if test.want && err != nil || !test.want && (e == nil || e.ErrorCode() != "AccessDeniedException") {
				t.Errorf("%v, want allowed: %v", err, test.want)
			}
		})
	}
}

// TestRefusedAtDeployment: what AWS asks of roles when a resource is made.
func TestRefusedAtDeployment(t *testing.T) {
	const (
		queueARN = `{"Fn::GetAtt": ["Queue", "Arn"]}`
		nothing  = `{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}`
		event    = `, "Events": {"Queue": {"Type": "SQS", "Properties": {"Queue": ` + queueARN + `}}}`
	)
	role := func(service, statements string) string {
		return `"Of": {"Type": "AWS::IAM::Role", "Properties": {
			"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": {"Service": "` + service + `"}, "Action": "sts:AssumeRole",
				"Condition": {"StringEquals": {"aws:SourceAccount": "000000000000"}}}},
			"Policies": [{"PolicyName": "p", "PolicyDocument": {"Version": "2012-10-17", "Statement": [` + statements + `]}}]}}, `
	}
	logged := `"Logged": {"Type": "AWS::StepFunctions::StateMachine", "Properties": {"DefinitionS3Location": "../statemachine/pass.asl.json", "DefinitionSubstitutions": {"Greeting": "hi"},
		"RoleArn": {"Fn::GetAtt": ["Of", "Arn"]}, "LoggingConfiguration": {"Level": "ERROR", "Destinations": [{"CloudWatchLogsLogGroup": {"LogGroupArn": {"Fn::GetAtt": ["Log", "Arn"]}}}]}}}, `
	scheduled := `"Scheduled": {"Type": "AWS::Scheduler::Schedule", "Properties": {"ScheduleExpression": "rate(1 hour)", "FlexibleTimeWindow": {"Mode": "OFF"},
		"Target": {"Arn": {"Fn::GetAtt": ["Other", "Arn"]}, "RoleArn": {"Fn::GetAtt": ["Of", "Arn"]}, "Input": "[]"}}}, `
	for name, test := range map[string]struct {
		resources, statements, properties string
		want                              string // of the error; "" is none
	}{
		"a mapping without ReceiveMessage": {"", nothing, event, "InvalidParameterValueException: The function execution role does not have permissions to call ReceiveMessage on SQS"},
		"a mapping without DeleteMessage": {"", `{"Effect": "Allow", "Action": ["sqs:ReceiveMessage", "sqs:GetQueueAttributes"], "Resource": ` + queueARN + `}`, event,
			"The function execution role does not have permissions to call DeleteMessage on SQS"},
		"a mapping without GetQueueAttributes": {"", `{"Effect": "Allow", "Action": ["sqs:ReceiveMessage", "sqs:DeleteMessage"], "Resource": ` + queueARN + `}`, event,
			"The function execution role does not have permissions to call GetQueueAttributes on SQS"},
		"a mapping": {"", `{"Effect": "Allow", "Action": ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"], "Resource": ` + queueARN + `}`, event, ""},

		"a log without its deliveries":    {role("states.amazonaws.com", nothing) + logged, nothing, "", "Logged: AccessDeniedException: The state machine IAM Role is not authorized to access the Log Destination: User: arn:aws:sts::000000000000:assumed-role/orderflow-Of/orderflow-Logged is not authorized to perform: logs:CreateLogDelivery on resource: *"},
		"a log":                           {role("states.amazonaws.com", `{"Effect": "Allow", "Action": "logs:*", "Resource": "*"}`) + logged, nothing, "", ""},
		"a machine's role for another":    {role("lambda.amazonaws.com", nothing) + logged, nothing, "", "Logged: AccessDeniedException: Neither the global service principal states.amazonaws.com, nor the regional one is authorized to assume the provided role."},
		"a schedule":                      {role("scheduler.amazonaws.com", nothing) + scheduled, nothing, "", ""},
		"a schedule's role for another":   {role("lambda.amazonaws.com", nothing) + scheduled, nothing, "", "Scheduled: ValidationException: The execution role you provide must allow AWS EventBridge Scheduler to assume the role."},
		"a policy that is not understood": {role("states.amazonaws.com", `{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}}`), nothing, "", `Of.Properties.Policies.p: MalformedPolicyDocument: statement 1 of the policy: condition key "aws:SourceIp" is not supported`},
		"a permissions boundary":          {`"Of": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {}, "PermissionsBoundary": "arn:aws:iam::000000000000:policy/b"}}, `, nothing, "", "Of.Properties.PermissionsBoundary: the property is not supported"},
		"a managed policy":                {`"Of": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {}, "ManagedPolicyArns": []}}, `, nothing, "", "Of.Properties.ManagedPolicyArns: the property is not supported"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := deployWorld(t, test.resources, test.statements, test.properties)
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v, want %q", err, test.want)
			}
		})
	}
	c := newCloud(t)
	_, err := c.Deploy(t.Context(), []byte(resource("AWS::Serverless::Function", `{"CodeUri": "../lambdas/echo/bootstrap", "Role": "arn:aws:iam::000000000000:role/none"}`)), nil)
	if err == nil || !strings.Contains(err.Error(), "It.Properties.Role: InvalidParameterValueException: The role defined for the function cannot be assumed by Lambda.") {
		t.Error(err)
	}
}

// TestTracing: a function that is traced needs to be allowed to send traces.
func TestTracing(t *testing.T) {
	c, err := deployWorld(t, "", `{"Effect": "Allow", "Action": "xray:PutTraceSegments", "Resource": "*"}`, "")
	if err != nil {
		t.Fatal(err)
	}
	role, err := c.IAM.AssumeRole("arn:aws:iam::000000000000:role/orderflow-Role", "f", iam.ServicePrincipal("lambda.amazonaws.com", "", Account))
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Lambda.CreateFunction(t.Context(), &lambdaservice.CreateFunctionInput{
		FunctionName: "traced", Principal: role, TracingMode: "Active", Init: func(string) (lambda.Handler, error) { return lambda.NewHandler(func() {}), nil },
	})
	if err == nil || !strings.Contains(err.Error(), "The provided execution role does not have permissions to call PutTelemetryRecords on XRAY") {
		t.Error(err)
	}
}

// TestLostLog: a function that may not log runs, and it is told that its log
// is lost.
func TestLostLog(t *testing.T) {
	for statement, want := range map[string]string{
		`{"Effect": "Allow", "Action": "logs:PutLogEvents", "Resource": "*"}`:                                                      "logs:CreateLogStream",
		`{"Effect": "Allow", "Action": "logs:CreateLogStream", "Resource": "*"}`:                                                   "logs:PutLogEvents",
		`{"Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": {"Fn::GetAtt": ["Log", "Arn"]}}`: "",
	} {
		c, err := deployWorld(t, "", statement, "")
		if err != nil {
			t.Fatal(err)
		}
		out, err := c.Lambda.Invoke(t.Context(), &lambdaservice.InvokeInput{FunctionName: "orderflow-Function"})
		if err != nil || out.FunctionError != "" {
			t.Error(out, err)
		}
		if lost := strings.Contains(c.log.String(), "the function's log is lost"); lost != (want != "") || !strings.Contains(c.log.String(), want) {
			t.Errorf("%s: the log says %q", statement, c.log)
		}
	}
}

// TestQueueRefusesTopic: what a queue's policy does not admit becomes a dead
// letter, and that is told.
func TestQueueRefusesTopic(t *testing.T) {
	c, err := deployWorld(t, "", `{"Effect": "Allow", "Action": "sns:Publish", "Resource": "*"}`, "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sns.NewFromConfig(c.function).Publish(t.Context(), &sns.PublishInput{TopicArn: aws.String(topicARN), Message: aws.String("x")}); err != nil {
		t.Fatal(err)
	}
	if n, dead := c.SQS.Counts("orderflow-Queue").Sent, c.SQS.Counts("orderflow-DeadLetterQueue").Sent; n != 0 || dead != 1 {
		t.Errorf("%d messages, %d dead letters", n, dead)
	}
	want := "User: sns.amazonaws.com is not authorized to perform: sqs:SendMessage on resource: arn:aws:sqs:us-east-1:000000000000:orderflow-Queue because no resource-based policy allows the sqs:SendMessage action"
	if !strings.Contains(c.log.String(), want) {
		t.Errorf("the log says %q", c.log)
	}
}

// TestResourcePolicies: those of topics and buckets deny, and allow, too.
func TestResourcePolicies(t *testing.T) {
	policy := func(kind, of, resource, effect, action string) string {
		return `"Policy": {"Type": "` + kind + `", "Properties": {` + of + `, "PolicyDocument": {"Version": "2012-10-17", "Statement": [
			{"Effect": "` + effect + `", "Principal": {"AWS": {"Fn::GetAtt": ["Role", "Arn"]}}, "Action": "` + action + `", "Resource": ` + resource + `},
			{"Effect": "Deny", "Principal": "*", "Action": "` + action + `", "Resource": ` + resource + `, "Condition": {"Bool": {"aws:SecureTransport": "false"}}}]}}}, `
	}
	topic := func(effect string) string {
		return policy("AWS::SNS::TopicPolicy", `"Topics": [{"Ref": "Topic"}]`, `{"Ref": "Topic"}`, effect, "sns:Publish")
	}
	bucket := func(effect string) string {
		return policy("AWS::S3::BucketPolicy", `"Bucket": {"Ref": "Bucket"}`, `{"Fn::Sub": "${Bucket.Arn}/*"}`, effect, "s3:PutObject")
	}
	const (
		nothing    = `{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}`
		everything = `{"Effect": "Allow", "Action": "*", "Resource": "*"}`
		explicit   = "with an explicit deny in a resource-based policy"
	)
	publish := func(cfg aws.Config) error {
		_, err := sns.NewFromConfig(cfg).Publish(t.Context(), &sns.PublishInput{TopicArn: aws.String(topicARN), Message: aws.String("x")})
		return err
	}
	put := func(cfg aws.Config) error {
		_, err := pathStyle(cfg).PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("orderflow-bucket"), Key: aws.String("k"), Body: strings.NewReader("x")})
		return err
	}
	for name, test := range map[string]struct {
		resources, statements string
		call                  func(aws.Config) error
		want                  string
	}{
		"a topic allows":  {topic("Allow"), nothing, publish, ""},
		"a topic denies":  {topic("Deny"), everything, publish, explicit},
		"a bucket allows": {bucket("Allow"), nothing, put, ""},
		"a bucket denies": {bucket("Deny"), everything, put, explicit},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := deployWorld(t, test.resources, test.statements, "")
			if err != nil {
				t.Fatal(err)
			}
			err = test.call(c.function)
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v, want %q", err, test.want)
			}
		})
	}
}

// TestMachinesRole: a state machine calls with its own role. What that may not
// fails the state, named as Step Functions does.
func TestMachinesRole(t *testing.T) {
	c := newCloud(t)
	_, err := c.Deploy(t.Context(), []byte(`{"Transform": "AWS::Serverless-2016-10-31", "Resources": {
		"Function": {"Type": "AWS::Serverless::Function", "Properties": {"CodeUri": "../lambdas/echo/bootstrap", "Role": "arn:aws:iam::000000000000:role/r"}},
		"Topic": {"Type": "AWS::SNS::Topic"},
		"Role": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": `+anyTrust+`}}}}`), nil)
	if err != nil {
		t.Fatal(err)
	}
	client := sfn.NewFromConfig(c.AWSConfig())
	for name, test := range map[string]struct{ resource, arguments, code, action string }{
		"Lambda":   {"lambda:invoke", `{"FunctionName": "orderflow-Function", "Payload": []}`, "Lambda.AWSLambdaException", "lambda:InvokeFunction on resource: arn:aws:lambda:us-east-1:000000000000:function:orderflow-Function"},
		"DynamoDB": {"dynamodb:getItem", `{"TableName": "none", "Key": {"id": {"S": "1"}}}`, "DynamoDB.AmazonDynamoDBException", "dynamodb:GetItem on resource: arn:aws:dynamodb:us-east-1:000000000000:table/none"},
		"SNS":      {"sns:publish", `{"TopicArn": "` + topicARN + `", "Message": "x"}`, "SNS.AuthorizationErrorException", "SNS:Publish on resource: " + topicARN},
	} {
		t.Run(name, func(t *testing.T) {
			created, err := client.CreateStateMachine(t.Context(), &sfn.CreateStateMachineInput{
				Name: &name, RoleArn: aws.String("arn:aws:iam::000000000000:role/orderflow-Role"),
				Definition: aws.String(`{"QueryLanguage": "JSONata", "StartAt": "Do", "States": {"Do": {"Type": "Task", "End": true, "Resource": "arn:aws:states:::` + test.resource + `", "Arguments": ` + test.arguments + `}}}`),
			})
			if err != nil {
				t.Fatal(err)
			}
			arn := strings.Replace(*created.StateMachineArn, ":stateMachine:", ":execution:", 1) + ":x"
			if _, err := client.StartExecution(t.Context(), &sfn.StartExecutionInput{StateMachineArn: created.StateMachineArn, Name: aws.String("x")}); err != nil {
				t.Fatal(err)
			}
			events, err := c.States.Watch(t.Context(), arn)
			if err != nil {
				t.Fatal(err)
			}
			for range events {
			}
			out, err := client.DescribeExecution(t.Context(), &sfn.DescribeExecutionInput{ExecutionArn: &arn})
			if err != nil || out.Error == nil || *out.Error != test.code || !strings.Contains(*out.Cause, "User: arn:aws:sts::000000000000:assumed-role/orderflow-Role/"+name+" is not authorized to perform: "+test.action) {
				shown, _ := json.Marshal(out)
				t.Errorf("%s, %v", shown, err)
			}
		})
	}
}
