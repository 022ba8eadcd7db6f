package states

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// What each action answers to what it cannot take: code and sentence.
func TestErrors(t *testing.T) {
	c := newCloud(t, tokenTopic(make(chan string, 1)), nil)
	c.create("M", pass)
	c.start("arn:aws:states:us-east-1:000000000000:stateMachine:M", "done", "{}")
	const (
		machine   = `"stateMachineArn":"arn:aws:states:us-east-1:000000000000:stateMachine:M"`
		execution = `"executionArn":"arn:aws:states:us-east-1:000000000000:execution:M:done"`
		create    = `"roleArn":"arn:aws:iam::000000000000:role/Role",`
	)
	long := strings.Repeat("x", 81)
	big := strings.Repeat("x", 262_145)
	for _, test := range []struct{ action, input, want string }{
		{"CreateStateMachine", `{` + create + `"definition":"{}"}`, "ValidationException: 1 validation error detected: Value at 'name' failed to satisfy constraint: Member must not be null"},
		{"CreateStateMachine", `{` + create + `"name":"a b","definition":"{}"}`, "InvalidName: Invalid Name: 'a b'"},
		{"CreateStateMachine", `{` + create + `"name":"` + long + `","definition":"{}"}`, "ValidationException: 1 validation error detected: Value '" + long + "' at 'name' failed to satisfy constraint: Member must have length less than or equal to 80"},
		{"CreateStateMachine", `{` + create + `"name":"N"}`, "ValidationException: 1 validation error detected: Value at 'definition' failed to satisfy constraint: Member must not be null"},
		{"CreateStateMachine", `{"name":"N","definition":"{}"}`, "ValidationException: 1 validation error detected: Value at 'roleArn' failed to satisfy constraint: Member must not be null"},
		{"CreateStateMachine", `{` + create + `"name":"N","definition":"{}","type":"EXPRESS"}`, `StateMachineTypeNotSupported: state machines of type "EXPRESS" are not supported by the local cloud`},
		{"CreateStateMachine", `{` + create + `"name":"N","definition":"{}","tags":[]}`, `ValidationException: parameter "tags" is not supported by the local cloud`},
		{"CreateStateMachine", `{` + create + `"name":"M","definition":"{}"}`, "StateMachineAlreadyExists: State Machine Already Exists: 'arn:aws:states:us-east-1:000000000000:stateMachine:M'"},
		{"CreateStateMachine", `{` + create + `"name":"N","definition":"{\"QueryLanguage\":\"JSONata\",\"StartAt\":\"Go\",\"States\":{\"Go\":{\"Type\":\"Task\",\"Resource\":\"arn:aws:states:::ecs:runTask\",\"End\":true}}}"}`,
			"InvalidDefinition: Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: The resource provided arn:aws:states:::ecs:runTask is not recognized. The value is not a valid resource ARN, or the resource is not available in this region. at /States/Go/Resource'"},

		{"DescribeStateMachine", `{}`, "ValidationException: 1 validation error detected: Value at 'stateMachineArn' failed to satisfy constraint: Member must not be null"},
		{"DescribeStateMachine", `{"stateMachineArn":"bogus"}`, "InvalidArn: Invalid Arn: 'Invalid ARN prefix: bogus'"},
		{"DescribeStateMachine", `{"stateMachineArn":"arn:aws:sns:us-east-1:000000000000:T"}`, "InvalidArn: Invalid Arn: 'Invalid ARN: arn:aws:sns:us-east-1:000000000000:T'"},
		{"DescribeStateMachine", `{"stateMachineArn":"arn:aws:states:us-east-1:000000000000:execution:M:done"}`, "InvalidArn: Invalid Arn: 'Resource type not valid in this context: execution'"},
		{"DescribeStateMachine", `{"stateMachineArn":"arn:aws:states:us-east-1:000000000000:stateMachine:No"}`, "StateMachineDoesNotExist: State Machine Does Not Exist: 'arn:aws:states:us-east-1:000000000000:stateMachine:No'"},
		{"DescribeStateMachine", `{"stateMachineArn":"arn:aws:states:eu-west-1:000000000000:stateMachine:M"}`, "StateMachineDoesNotExist: State Machine Does Not Exist: 'arn:aws:states:eu-west-1:000000000000:stateMachine:M'"},
		{"ListStateMachines", `{"maxResults":1001}`, "ValidationException: 1 validation error detected: Value '1001' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 1000"},
		{"ListStateMachines", `{"maxResults":-1}`, "ValidationException: 1 validation error detected: Value '-1' at 'maxResults' failed to satisfy constraint: Member must have value greater than or equal to 0"},
		{"ListStateMachines", `{"nextToken":"bogus"}`, "InvalidToken: Invalid Token: 'Invalid token'"},
		{"ListStateMachines", `{"nextToken":""}`, "ValidationException: 1 validation error detected: Value '' at 'nextToken' failed to satisfy constraint: Member must have length greater than or equal to 1"},

		{"StartExecution", `{"stateMachineArn":"arn:aws:states:us-east-1:000000000000:stateMachine:No"}`, "StateMachineDoesNotExist: State Machine Does Not Exist: 'arn:aws:states:us-east-1:000000000000:stateMachine:No'"},
		{"StartExecution", `{` + machine + `,"name":"a/b"}`, "InvalidName: Invalid Name: 'a/b'"},
		{"StartExecution", `{` + machine + `,"name":""}`, "ValidationException: 1 validation error detected: Value '' at 'name' failed to satisfy constraint: Member must have length greater than or equal to 1"},
		{"StartExecution", `{` + machine + `,"name":"done"}`, "ExecutionAlreadyExists: Execution Already Exists: 'arn:aws:states:us-east-1:000000000000:execution:M:done'"},
		{"StartExecution", `{` + machine + `,"input":""}`, "InvalidExecutionInput: Invalid State Machine Execution Input: 'Invalid execution input.'"},
		{"StartExecution", `{` + machine + `,"input":"not json"}`, "InvalidExecutionInput: Invalid State Machine Execution Input: 'Unrecognized token 'not': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')'"},
		{"StartExecution", `{` + machine + `,"input":"{'a':1}"}`, "InvalidExecutionInput: Invalid State Machine Execution Input: 'Unexpected character (''' (code 39)): was expecting double-quote to start field name'"},
		{"StartExecution", `{` + machine + `,"input":"{"}`, "InvalidExecutionInput: Invalid State Machine Execution Input: 'Unexpected end-of-input'"},
		{"StartExecution", `{` + machine + `,"input":"` + big + `"}`, "ValidationException: 1 validation error detected: Value at 'input' failed to satisfy constraint: Member must have length less than or equal to 262144"},
		{"StartExecution", `{` + machine + `,"traceHeader":"x"}`, `ValidationException: parameter "traceHeader" is not supported by the local cloud`},

		{"DescribeExecution", `{"executionArn":"bogus"}`, "InvalidArn: Invalid Arn: 'Invalid ARN prefix: bogus'"},
		{"DescribeExecution", `{"executionArn":"arn:aws:states:us-east-1:000000000000:execution:M:no"}`, "ExecutionDoesNotExist: Execution Does Not Exist: 'arn:aws:states:us-east-1:000000000000:execution:M:no'"},
		{"DescribeStateMachineForExecution", `{"executionArn":"arn:aws:states:us-east-1:000000000000:execution:M:no"}`, "ExecutionDoesNotExist: Execution Does Not Exist: 'arn:aws:states:us-east-1:000000000000:execution:M:no'"},
		{"StopExecution", `{"executionArn":"arn:aws:states:us-east-1:000000000000:execution:M:no"}`, "ExecutionDoesNotExist: Execution Does Not Exist: 'arn:aws:states:us-east-1:000000000000:execution:M:no'"},
		{"StopExecution", `{` + execution + `,"error":"` + big[:257] + `"}`, "ValidationException: 1 validation error detected: Value at 'error' failed to satisfy constraint: Member must have length less than or equal to 256"},
		{"ListExecutions", `{}`, "ValidationException: Must provide a StateMachine ARN or MapRun ARN"},
		{"ListExecutions", `{` + machine + `,"statusFilter":"succeeded"}`, "ValidationException: 1 validation error detected: Value 'succeeded' at 'statusFilter' failed to satisfy constraint: Member must satisfy enum value set: [SUCCEEDED, TIMED_OUT, PENDING_REDRIVE, ABORTED, FAILED, RUNNING]"},
		{"ListExecutions", `{` + machine + `,"nextToken":"NTAgeA"}`, "InvalidToken: Invalid Token: 'Invalid token'"},
		{"ListExecutions", `{"stateMachineArn":"arn:aws:states:us-east-1:000000000000:stateMachine:No"}`, "StateMachineDoesNotExist: State Machine Does Not Exist: 'arn:aws:states:us-east-1:000000000000:stateMachine:No'"},
		{"GetExecutionHistory", `{"executionArn":"arn:aws:states:us-east-1:000000000000:execution:M:no"}`, "ExecutionDoesNotExist: Execution Does Not Exist: 'arn:aws:states:us-east-1:000000000000:execution:M:no'"},
		{"GetExecutionHistory", `{` + execution + `,"maxResults":1001}`, "ValidationException: 1 validation error detected: Value '1001' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 1000"},
		{"GetExecutionHistory", `{` + execution + `,"nextToken":"!"}`, "InvalidToken: Invalid Token: 'Invalid token'"},

		{"SendTaskSuccess", `{"taskToken":"x","fake":"1"}`, `ValidationException: parameter "fake" is not supported by the local cloud`},
		{"SendTaskSuccess", `{"taskToken":"x"}`, "ValidationException: 1 validation error detected: Value at 'output' failed to satisfy constraint: Member must not be null"},
		{"SendTaskSuccess", `{"output":"1"}`, "ValidationException: 1 validation error detected: Value at 'taskToken' failed to satisfy constraint: Member must not be null"},
		{"SendTaskSuccess", `{"taskToken":"x","output":"1"}`, "InvalidToken: Invalid Token: 'Invalid token'"},
		{"SendTaskSuccess", `{"taskToken":"x","output":"oops"}`, "InvalidOutput: Invalid Output: 'Unrecognized token 'oops': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')'"},
		{"SendTaskSuccess", `{"taskToken":"x","output":"` + big + `"}`, "ValidationException: 1 validation error detected: Value at 'output' failed to satisfy constraint: Member must have length less than or equal to 262144"},
		{"SendTaskFailure", `{"taskToken":"x"}`, "InvalidToken: Invalid Token: 'Invalid token'"},
		{"SendTaskFailure", `{"taskToken":"x","cause":"` + big[:32769] + `"}`, "ValidationException: 1 validation error detected: Value at 'cause' failed to satisfy constraint: Member must have length less than or equal to 32768"},
		{"SendTaskHeartbeat", `{"taskToken":""}`, "ValidationException: 1 validation error detected: Value '' at 'taskToken' failed to satisfy constraint: Member must have length greater than or equal to 1"},
		{"SendTaskHeartbeat", `{"taskToken":"x"}`, "InvalidToken: Invalid Token: 'Invalid token'"},
		{"ListExecutions", `{` + machine + `,"statusFilter":"PENDING_REDRIVE"}`, "ValidationException: StatusFilter PENDING_REDRIVE cannot be applied to ListExecutions call with StateMachine ARN"},
		{"ListExecutions", `{` + machine + `,"redriveFilter":"REDRIVEN"}`, "ValidationException: RedriveFilter cannot be applied to ListExecutions call with StateMachine ARN"},
		{"RedriveExecution", `{}`, "ValidationException: 1 validation error detected: Value at 'executionArn' failed to satisfy constraint: Member must not be null"},
		{"RedriveExecution", `{"executionArn":"arn:aws:states:us-east-1:000000000000:express:M:x:y"}`, "InvalidArn: Invalid Arn: 'Resource type not valid in this context: express'"},
		{"RedriveExecution", `{"executionArn":"arn:aws:states:us-east-1:000000000000:execution:M:no"}`, "ExecutionDoesNotExist: Execution Does Not Exist: 'arn:aws:states:us-east-1:000000000000:execution:M:no'"},
		{"RedriveExecution", `{` + execution + `}`, "ExecutionNotRedrivable: Execution arn:aws:states:us-east-1:000000000000:execution:M:done invalid for redrive as: Execution is SUCCEEDED and cannot be redriven"},
		{"RedriveExecution", `{` + execution + `,"clientToken":""}`, "ValidationException: 1 validation error detected: Value '' at 'clientToken' failed to satisfy constraint: Member must have length greater than or equal to 1"},
		{"RedriveExecution", `{` + execution + `,"clientToken":"` + big[:65] + `"}`, "ValidationException: 1 validation error detected: Value '" + big[:65] + "' at 'clientToken' failed to satisfy constraint: Member must have length less than or equal to 64"},
		{"RedriveExecution", `{` + execution + `,"clientToken":"a b"}`, "ValidationException: 1 validation error detected: Value 'a b' at 'clientToken' failed to satisfy constraint: Member must satisfy regular expression pattern: [!-~]+"},
	} {
		_, err := c.Actions().Call(context.Background(), test.action, []byte(test.input))
		if err == nil || err.Error() != test.want {
			t.Errorf("%s %.150s\n got %v\nwant %s", test.action, test.input, err, test.want)
		}
	}
}

// The wire: target prefix, content type, epoch seconds.
func TestWire(t *testing.T) {
	c := newCloud(t, nil, nil)
	c.create("M", pass)
	call := func(action, body string) *httptest.ResponseRecorder {
		r := httptest.NewRequest("POST", "/", strings.NewReader(body))
		r.Header.Set("X-Amz-Target", "AWSStepFunctions."+action)
		w := httptest.NewRecorder()
		c.Handler().ServeHTTP(w, r)
		return w
	}
	w := call("StartExecution", `{"stateMachineArn":"arn:aws:states:us-east-1:000000000000:stateMachine:M","name":"x"}`)
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "application/x-amz-json-1.0" || !strings.Contains(w.Body.String(), `"startDate":1`) {
		t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
	}
	w = call("SendTaskHeartbeat", `{"taskToken":"x"}`)
	if w.Code != http.StatusBadRequest || w.Body.String() != `{"__type":"InvalidToken","message":"Invalid Token: 'Invalid token'"}` {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
