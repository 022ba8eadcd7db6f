package states

import (
	"context"
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"orderflow/cmd/local/cloud/protocol"
)

// task runs one Task state with the given members and returns its execution.
func (c *cloud) task(members string) string {
	c.t.Helper()
	name := regexp.MustCompile(`[^A-Za-z0-9]`).ReplaceAllString(c.t.Name(), "-")
	return c.start(c.create(name[:min(len(name), 80)], `"First":{"Type":"Task",`+members+`,"End":true}`), "x", `{"n":7}`)
}

// What a service is given, and what the task shows of its answer.
func TestIntegrations(t *testing.T) {
	for _, test := range []struct {
		name, members string
		service       string
		action        string
		answer        string
		input         string // what the service got
		output        string // of the task, what differs from call to call as …
	}{
		{
			"PutItem", `"Resource":"arn:aws:states:::dynamodb:putItem","Arguments":{"TableName":"T","Item":{"n":{"N":"{% $string($states.input.n) %}"}}}`,
			"dynamodb", "PutItem", `{}`,
			`{"TableName":"T","Item":{"n":{"N":"7"}}}`,
			`{"SdkHttpMetadata":{"AllHttpHeaders":{"Server":["Server"],"Connection":["keep-alive"],"x-amzn-RequestId":["…"],"x-amz-crc32":["2745614147"],"Content-Length":["2"],"Date":["…"],"Content-Type":["application/x-amz-json-1.0"]},"HttpHeaders":{"Connection":"keep-alive","Content-Length":"2","Content-Type":"application/x-amz-json-1.0","Date":"…","Server":"Server","x-amz-crc32":"2745614147","x-amzn-RequestId":"…"},"HttpStatusCode":200},"SdkResponseMetadata":{"RequestId":"…"}}`,
		},
		{
			"GetItem", `"Resource":"arn:aws:states:::dynamodb:getItem","Arguments":{"TableName":"T","Key":{"id":{"S":"a"}}},"Output":"{% $states.result.Item %}"`,
			"dynamodb", "GetItem", `{"Item":{"id":{"S":"a"}}}`,
			`{"TableName":"T","Key":{"id":{"S":"a"}}}`,
			`{"id":{"S":"a"}}`,
		},
		{
			"PublishObject", `"Resource":"arn:aws:states:::sns:publish","Arguments":{"TopicArn":"T","Message":{"a":"<7>"},"MessageAttributes":{"type":{"DataType":"String","StringValue":"x"}}}`,
			"sns", "Publish", `{"MessageId":"m-1"}`,
			`{"Message":"{\"a\":\"<7>\"}","MessageAttributes":{"type":{"DataType":"String","StringValue":"x"}},"TopicArn":"T"}`,
			`{"MessageId":"m-1","SdkHttpMetadata":{"AllHttpHeaders":{"x-amzn-RequestId":["…"],"connection":["keep-alive"],"Content-Length":["294"],"Date":["…"],"Content-Type":["text/xml"]},"HttpHeaders":{"connection":"keep-alive","Content-Length":"294","Content-Type":"text/xml","Date":"…","x-amzn-RequestId":"…"},"HttpStatusCode":200},"SdkResponseMetadata":{"RequestId":"…"}}`,
		},
		{
			"PublishString", `"Resource":"arn:aws:states:::sns:publish","Arguments":{"TopicArn":"T","Message":"plain"},"Output":"done"`,
			"sns", "Publish", `{"MessageId":"m-1"}`, `{"TopicArn":"T","Message":"plain"}`, `"done"`,
		},
		{
			"SendMessage", `"Resource":"arn:aws:states:::sqs:sendMessage","Arguments":{"QueueUrl":"Q","MessageBody":{"b":[1,2]}}`,
			"sqs", "SendMessage", `{"MD5OfMessageBody":"d","MessageId":"m"}`, `{"MessageBody":"{\"b\":[1,2]}","QueueUrl":"Q"}`,
			`{"MD5OfMessageBody":"d","MessageId":"m","SdkHttpMetadata":{"AllHttpHeaders":{"x-amzn-RequestId":["…"],"connection":["keep-alive"],"Content-Length":["40"],"Date":["…"],"Content-Type":["application/x-amz-json-1.0"]},"HttpHeaders":{"connection":"keep-alive","Content-Length":"40","Content-Type":"application/x-amz-json-1.0","Date":"…","x-amzn-RequestId":"…"},"HttpStatusCode":200},"SdkResponseMetadata":{"RequestId":"…"}}`,
		},
		{
			"Sdk", `"Resource":"arn:aws:states:::aws-sdk:dynamodb:query","Arguments":{"TableName":"T"}`,
			"dynamodb", "Query", `{"Count":0}`, `{"TableName":"T"}`, `{"Count":0}`,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got string
			services := map[string]protocol.Actions{test.service: {test.action: func(_ context.Context, input []byte) (any, error) {
				got = string(input)
				return json.RawMessage(test.answer), nil
			}}}
			c := newCloud(t, services, nil)
			arn := c.task(test.members)
			if status := c.wait(arn); status != types.ExecutionStatusSucceeded {
				t.Fatalf("status %s: %v", status, eventTypes(c.history(arn)))
			}
			if !sameJSON(t, got, test.input) {
				t.Errorf("the service got %s\nwant %s", got, test.input)
			}
			if output := hideVarying(*c.describe(arn).Output); output != test.output {
				t.Errorf("output\n got %s\nwant %s", output, test.output)
			}
		})
	}
}

func sameJSON(t *testing.T, a, b string) bool {
	t.Helper()
	canonical := func(s string) string {
		var v any
		if err := json.Unmarshal([]byte(s), &v); err != nil {
			t.Fatal(err)
		}
		out, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	return canonical(a) == canonical(b)
}

var varying = regexp.MustCompile(`[A-Z2-7]{52}|[0-9a-f]{8}-[0-9a-f-]{27}|\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT|root=1-[0-9a-f]{8}-[0-9a-f]{24};`)

func hideVarying(s string) string { return varying.ReplaceAllString(s, "…") }

// How a service's refusals are named.
func TestIntegrationFailures(t *testing.T) {
	put := `"Resource":"arn:aws:states:::dynamodb:putItem","Arguments":{"TableName":"T"}`
	publish := `"Resource":"arn:aws:states:::sns:publish","Arguments":{"TopicArn":"T","Message":"m"}`
	send := `"Resource":"arn:aws:states:::sqs:sendMessage","Arguments":{"QueueUrl":"T","MessageBody":"m"}`
	for _, test := range []struct {
		name, members string
		err           error
		code, cause   string
	}{
		{"Condition", put, protocol.Errorf("ConditionalCheckFailedException", "The conditional request failed"),
			"DynamoDB.ConditionalCheckFailedException", "The conditional request failed (Service: AmazonDynamoDBv2; Status Code: 400; Error Code: ConditionalCheckFailedException; Request ID: …; Proxy: null)"},
		{"Validation", put, protocol.Errorf("ValidationException", "bad"),
			"DynamoDB.AmazonDynamoDBException", "bad (Service: AmazonDynamoDBv2; Status Code: 400; Error Code: ValidationException; Request ID: …; Proxy: null)"},
		{"Internal", put, &protocol.Error{Code: "InternalServerError", Message: "oops", Status: 500},
			"DynamoDB.InternalServerErrorException", "oops (Service: AmazonDynamoDBv2; Status Code: 500; Error Code: InternalServerError; Request ID: …; Proxy: null)"},
		{"Unreachable", put, context.DeadlineExceeded, "DynamoDB.SdkClientException", "Unable to execute HTTP request: context deadline exceeded"},
		{"NoTopic", publish, &protocol.Error{Code: "NotFound", Message: "Topic does not exist", Status: 404},
			"SNS.NotFoundException", "Topic does not exist (Service: AmazonSNS; Status Code: 404; Error Code: NotFound; Request ID: …; Proxy: null)"},
		{"NoQueue", send, &protocol.Error{Code: "QueueDoesNotExist", QueryCode: "AWS.SimpleQueueService.NonExistentQueue", Message: "The specified queue does not exist.", Status: 400},
			"SQS.QueueDoesNotExistException", "The specified queue does not exist. (Service: AmazonSQS; Status Code: 400; Error Code: AWS.SimpleQueueService.NonExistentQueue; Request ID: …; Proxy: null)"},
		{"NoBody", send, &protocol.Error{Code: "MissingRequiredParameterException", QueryCode: "MissingParameter", Message: "The request must contain the parameter MessageBody.", Status: 400},
			"SQS.AmazonSQSException", "The request must contain the parameter MessageBody. (Service: AmazonSQS; Status Code: 400; Error Code: MissingParameter; Request ID: …; Proxy: null)"},
		{"Sdk", `"Resource":"arn:aws:states:::aws-sdk:dynamodb:putItem","Arguments":{"TableName":"T"}`, protocol.Errorf("ConditionalCheckFailedException", "The conditional request failed"),
			"DynamoDb.ConditionalCheckFailedException", "The conditional request failed (Service: DynamoDb, Status Code: 400, Request ID: …)"},
		{"SdkOther", `"Resource":"arn:aws:states:::aws-sdk:dynamodb:putItem","Arguments":{"TableName":"T"}`, protocol.Errorf("ValidationException", "bad"),
			"DynamoDb.DynamoDbException", "bad (Service: DynamoDb, Status Code: 400, Request ID: …)"},
	} {
		t.Run(test.name, func(t *testing.T) {
			refuse := func(context.Context, []byte) (any, error) { return nil, test.err }
			c := newCloud(t, map[string]protocol.Actions{
				"dynamodb": {"PutItem": refuse}, "sns": {"Publish": refuse}, "sqs": {"SendMessage": refuse},
			}, nil)
			arn := c.task(test.members)
			c.wait(arn)
			events := c.history(arn)
			checkTypes(t, events, "ExecutionStarted TaskStateEntered TaskScheduled TaskStarted TaskFailed ExecutionFailed")
			if d := events[4].TaskFailedEventDetails; *d.Error != test.code || hideVarying(*d.Cause) != test.cause {
				t.Errorf("%s: %s\nwant %s: %s", *d.Error, *d.Cause, test.code, test.cause)
			}
		})
	}
}

func TestLambda(t *testing.T) {
	invoke := `"Resource":"arn:aws:states:::lambda:invoke","Arguments":{"FunctionName":"F","Payload":{"n":"{% $states.input.n %}"}}`
	plain := `"Resource":"arn:aws:lambda:us-east-1:000000000000:function:F"`
	const (
		task     = "ExecutionStarted TaskStateEntered TaskScheduled TaskStarted "
		function = "ExecutionStarted TaskStateEntered LambdaFunctionScheduled LambdaFunctionStarted "
	)
	thrown := &Invocation{Payload: []byte(`{"errorMessage":"no such sku","errorType":"InvalidOrder"}`), FunctionError: "Unhandled"}
	for _, test := range []struct {
		name, members string
		answer        *Invocation
		err           error
		got           string // function and payload
		events        string
		end           string // output, or error and cause
	}{
		{"Invoke", invoke, &Invocation{Payload: []byte(`{"ok":1}`)}, nil, `F {"n":7}`, task + "TaskSucceeded TaskStateExited ExecutionSucceeded",
			`{"ExecutedVersion":"$LATEST","Payload":{"ok":1},"SdkHttpMetadata":{"AllHttpHeaders":{"X-Amz-Executed-Version":["$LATEST"],"x-amzn-Remapped-Content-Length":["0"],"Connection":["keep-alive"],"x-amzn-RequestId":["…"],"Content-Length":["8"],"Date":["…"],"X-Amzn-Trace-Id":["…sampled=0"],"Content-Type":["application/json"]},"HttpHeaders":{"Connection":"keep-alive","Content-Length":"8","Content-Type":"application/json","Date":"…","X-Amz-Executed-Version":"$LATEST","x-amzn-Remapped-Content-Length":"0","x-amzn-RequestId":"…","X-Amzn-Trace-Id":"…sampled=0"},"HttpStatusCode":200},"SdkResponseMetadata":{"RequestId":"…"},"StatusCode":200}`},
		{"InvokeNothing", invoke + `,"Output":"{% $states.result.Payload %}"`, &Invocation{}, nil, `F {"n":7}`, task + "TaskSucceeded TaskStateExited ExecutionSucceeded", `null`},
		{"Qualified", `"Resource":"arn:aws:states:::lambda:invoke","Arguments":{"FunctionName":"F","Qualifier":"live","Payload":1},"Output":"{% $states.result.ExecutedVersion %}"`,
			&Invocation{Payload: []byte(`1`), ExecutedVersion: "3"}, nil, `F:live 1`, task + "TaskSucceeded TaskStateExited ExecutionSucceeded", `"3"`},
		{"Thrown", invoke, thrown, nil, `F {"n":7}`, task + "TaskFailed ExecutionFailed", `InvalidOrder: {"errorMessage":"no such sku","errorType":"InvalidOrder"}`},
		{"Unnamed", invoke, &Invocation{Payload: []byte(`{"errorMessage":"x"}`), FunctionError: "Unhandled"}, nil, `F {"n":7}`, task + "TaskFailed ExecutionFailed",
			`Lambda.Unknown: The cause could not be determined because Lambda did not return an error type. Returned payload: {"errorMessage":"x"}`},
		{"Throttled", invoke, nil, &protocol.Error{Code: "TooManyRequestsException", Message: "Rate Exceeded.", Status: 429}, `F {"n":7}`, task + "TaskFailed ExecutionFailed",
			"Lambda.TooManyRequestsException: Rate Exceeded. (Service: AWSLambda; Status Code: 429; Error Code: TooManyRequestsException; Request ID: …; Proxy: null)"},
		{"Unsupported", strings.Replace(invoke, `"FunctionName"`, `"LogType":"Tail","FunctionName"`, 1), nil, nil, ``, task + "TaskFailed ExecutionFailed",
			`States.Runtime: The Arguments of state 'First' could not be used to start the Task: [parameter "LogType" is not supported by the local cloud]`},
		{"Function", plain, &Invocation{Payload: []byte(`{"ok":1}`)}, nil, `arn:aws:lambda:us-east-1:000000000000:function:F {"n":7}`,
			function + "LambdaFunctionSucceeded TaskStateExited ExecutionSucceeded", `{"ok":1}`},
		{"FunctionThrown", plain, thrown, nil, `arn:aws:lambda:us-east-1:000000000000:function:F {"n":7}`,
			function + "LambdaFunctionFailed ExecutionFailed", `InvalidOrder: {"errorMessage":"no such sku","errorType":"InvalidOrder"}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := ""
			c := newCloud(t, nil, func(_ context.Context, function string, payload []byte) (*Invocation, error) {
				got = function + " " + string(payload)
				return test.answer, test.err
			})
			arn := c.task(test.members)
			c.wait(arn)
			if got != test.got {
				t.Errorf("invoked %q, want %q", got, test.got)
			}
			checkTypes(t, c.history(arn), test.events)
			d := c.describe(arn)
			end := ""
			if d.Status == types.ExecutionStatusSucceeded {
				end = hideVarying(*d.Output)
			} else {
				end = *d.Error + ": " + hideVarying(*d.Cause)
			}
			if end != test.end {
				t.Errorf("ended\n got %s\nwant %s", end, test.end)
			}
		})
	}
}
