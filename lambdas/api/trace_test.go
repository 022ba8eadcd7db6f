package api_test

import (
	"context"
	"encoding/json"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/config"

	"orderflow/lambdas/api"
	"orderflow/lambdas/api/apitest"
)

// TestMain makes an API function of the tests' program where Lambda runs it, or
// TestTrace in its place.
func TestMain(m *testing.M) {
	if os.Getenv("AWS_LAMBDA_RUNTIME_API") == "" {
		os.Exit(m.Run())
	}
	cfg, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	handler, err := api.New(cfg, os.Getenv)
	if err != nil {
		log.Fatal(err)
	}
	lambda.Start(handler)
}

// TestTrace: an execution continues the trace of the invocation that starts it,
// with no SDK of X-Ray's: Lambda hands the trace to the runtime, which puts it
// where AWS's SDK finds it.
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
func TestTrace(t *testing.T) {
	const trace = "Root=1-67c0ffee-1a2b3c4d5e6f708192a3b4c5;Parent=53995c3f42cd8ad8;Sampled=1"
	event, err := json.Marshal(newRequest(t, "POST", "/orders", map[string]string{"Content-Type": "application/json"}, apitest.Order))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	traces, answers := make(chan string, 1), make(chan string, 1)

	aws := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		traces <- r.Header.Get("X-Amz-Target") + " " + r.Header.Get("X-Amzn-Trace-Id")
		io.WriteString(w, `{"executionArn":"arn:aws:states:eu-west-1:111122223333:execution:orders:o","startDate":1767323045}`)
	}))
	defer aws.Close()
	invocations := make(chan string, 1)
	invocations <- "1"
	runtime := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, "/next") {
			body, _ := io.ReadAll(r.Body)
			answers <- string(body)
			w.WriteHeader(http.StatusAccepted)
			return
		}
		select {
		case id := <-invocations:
			w.Header().Set("Lambda-Runtime-Aws-Request-Id", id)
			w.Header().Set("Lambda-Runtime-Deadline-Ms", "4102444800000")
			w.Header().Set("Lambda-Runtime-Trace-Id", trace)
			w.Write(event)
		case <-ctx.Done(): // as Lambda does, which has no more work for now
		}
	}))
	defer runtime.Close()

	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	function := exec.CommandContext(ctx, program)
	function.Env = []string{
		"AWS_LAMBDA_RUNTIME_API=" + strings.TrimPrefix(runtime.URL, "http://"), "AWS_LAMBDA_FUNCTION_NAME=orders-api",
		"AWS_REGION=eu-west-1", "AWS_ACCESS_KEY_ID=any", "AWS_SECRET_ACCESS_KEY=thing", "AWS_ENDPOINT_URL=" + aws.URL,
		"ORDERS_TABLE=orders", "STATE_MACHINE_ARN=" + stateMachine,
	}
	function.Stderr = t.Output()
	if err := function.Start(); err != nil {
		t.Fatal(err)
	}
	defer function.Wait()
	defer cancel()

	if answer := <-answers; !strings.Contains(answer, `"statusCode":202`) {
		t.Fatalf("the function answers %s", answer)
	}
	if got, want := <-traces, "AWSStepFunctions.StartExecution "+trace; got != want {
		t.Errorf("AWS hears %q, want %q", got, want)
	}
}
