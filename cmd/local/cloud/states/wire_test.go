package states

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// What the AWS CLI reads, byte for byte: epoch seconds, member names, and no
// member that AWS leaves out.
func TestHistoryWire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tokens := make(chan string, 1)
		c := newCloud(t, tokenTopic(tokens), nil)
		arn := c.start(c.create("Order", strings.Replace(ask, `"End":true`, `"Assign":{"why":"{% $states.result %}"},"Catch":[{"ErrorEquals":["States.ALL"],"Next":"Sit"}],"Next":"Sit"`, 1)+
			`,"Sit":{"Type":"Wait","Seconds":9,"End":true}`), "x", `{"in":"a"}`)
		token := <-tokens
		synctest.Wait()
		time.Sleep(1500 * time.Millisecond)
		c.post("SendTaskFailure", `{"taskToken":"`+token+`"}`)
		c.post("StopExecution", `{"executionArn":"`+arn+`"}`)
		got := strings.ReplaceAll(c.post("GetExecutionHistory", `{"executionArn":"`+arn+`"}`), token, "TOKEN")
		for _, want := range []string{
			`{"events":[{"id":1,"previousEventId":0,"timestamp":946684800,"type":"ExecutionStarted","executionStartedEventDetails":{"input":"{\"in\":\"a\"}","inputDetails":{"truncated":false},"roleArn":"arn:aws:iam::000000000000:role/Role"}}`,
			`{"id":2,"previousEventId":0,"timestamp":946684800,"type":"TaskStateEntered","stateEnteredEventDetails":{"name":"First","input":"{\"in\":\"a\"}","inputDetails":{"truncated":false}}}`,
			`{"id":3,"previousEventId":2,"timestamp":946684800,"type":"TaskScheduled","taskScheduledEventDetails":{"resourceType":"sns","resource":"publish.waitForTaskToken","region":"us-east-1","parameters":"{\"TopicArn\":\"arn:aws:sns:us-east-1:000000000000:T\",\"Message\":{\"token\":\"TOKEN\"}}","timeoutInSeconds":60}}`,
			`{"id":4,"previousEventId":3,"timestamp":946684800,"type":"TaskStarted","taskStartedEventDetails":{"resourceType":"sns","resource":"publish.waitForTaskToken"}}`,
			`{"id":5,"previousEventId":4,"timestamp":946684800,"type":"TaskSubmitted","taskSubmittedEventDetails":{"resourceType":"sns","resource":"publish.waitForTaskToken","output":"{\"MessageId\":\"m-1\",\"SdkHttpMetadata\"`,
			`{"id":6,"previousEventId":5,"timestamp":946684801.5,"type":"TaskFailed","taskFailedEventDetails":{"resourceType":"sns","resource":"publish.waitForTaskToken"}}`,
			`{"id":7,"previousEventId":6,"timestamp":946684801.5,"type":"TaskStateExited","stateExitedEventDetails":{"name":"First","output":"{\"Error\":null,\"Cause\":null}","outputDetails":{"truncated":false}}}`,
			`{"id":8,"previousEventId":7,"timestamp":946684801.5,"type":"WaitStateEntered",`,
			`{"id":9,"previousEventId":0,"timestamp":946684801.5,"type":"ExecutionAborted","executionAbortedEventDetails":{}}]}`,
		} {
			if !strings.Contains(got, want) {
				t.Errorf("the history lacks\n%s\n%s", want, got)
			}
		}
		bare := c.post("GetExecutionHistory", `{"executionArn":"`+arn+`","includeExecutionData":false,"reverseOrder":true,"maxResults":1000}`)
		for _, data := range []string{"input", "output", "parameters", "truncated", token} {
			if strings.Contains(bare, data) {
				t.Errorf("without data there is %s:\n%s", data, bare)
			}
		}
		if !strings.HasPrefix(bare, `{"events":[{"id":9,`) || !strings.Contains(bare, `"stateEnteredEventDetails":{"name":"First"}`) {
			t.Errorf("reversed, without data:\n%s", bare)
		}
		if d := c.post("DescribeExecution", `{"executionArn":"`+arn+`"}`); !strings.Contains(d, `"inputDetails":{"included":true},"redriveCount":0,"redriveStatus":"REDRIVABLE"}`) {
			t.Errorf("described as\n%s", d)
		}
	})
}

// post sends what the AWS CLI sends and gives the answer's body.
func (c *cloud) post(action, body string) string {
	c.t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-amz-json-1.0")
	r.Header.Set("X-Amz-Target", "AWSStepFunctions."+action)
	w := httptest.NewRecorder()
	c.Service.Handler().ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		c.t.Fatalf("%s: %d %s", action, w.Code, w.Body)
	}
	return strings.TrimSpace(w.Body.String())
}
