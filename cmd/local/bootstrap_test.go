package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambda/messages"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/aws"
	lambdaclient "github.com/aws/aws-sdk-go-v2/service/lambda"

	"orderflow/cmd/local/cloud"
	"orderflow/lambdas/order"
	"orderflow/lambdas/reconciliation"
	"orderflow/lambdas/validation"
)

var (
	artifacts = flag.String("artifacts", "", "a folder of sam build, whose executables are tested in place of ones for this machine")
	emulator  = flag.String("emulator", "", "the program that runs them, such as qemu-aarch64-static")
)

// TestBootstraps runs the executables themselves, as Lambda does: each in a
// process that knows the environment of its function in the template and
// nothing else, and that asks the Runtime API for events. What they call is the
// local cloud, on a socket. An order goes through all of them.
func TestBootstraps(t *testing.T) {
	if testing.Short() {
		t.Skip("executables are built and started")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	api, endpoint := listenAnywhere(t), listenAnywhere(t)
	r := running{api: "http://" + api.Addr().String(), aws: "http://" + endpoint.Addr().String()}
	house := &processes{t: t, folder: cmp.Or(*artifacts, build(ctx, t)), cloud: r, replies: make(chan reply, 100)}
	s, err := newSystem(ctx, systemConfig{
		api: api.Addr().String(), aws: endpoint.Addr().String(),
		products:  []product{{sku: "MUG-BLUE", name: "Blue mug", unitPrice: 1250, currency: "GBP", weightGrams: 350, stocked: 10}},
		functions: house.functions(),
	})
	if err != nil {
		t.Fatal(err)
	}
	serving, stop := context.WithCancel(ctx)
	served := make(chan error, 1)
	go func() { served <- s.serve(serving, api, endpoint, func(context.Context) {}) }()
	defer func() {
		stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	}()

	confirmed := r.subscribe(ctx, t, order.OrderConfirmed)
	placed, _ := r.place(ctx, t, orderFor("MUG-BLUE", 2, "GB"))
	if decided := r.await(ctx, t, confirmed); decided.Subject != placed.ID {
		t.Errorf("order %q is confirmed, want %q", decided.Subject, placed.ID)
	}
	service := lambdaclient.NewFromConfig(r.config())
	if _, err := service.Invoke(ctx, &lambdaclient.InvokeInput{FunctionName: aws.String("orderflow-ReconciliationFunction"), Payload: []byte(`{"dryRun": true}`)}); err != nil {
		t.Error(err)
	}
	answers := house.await(ctx, len(functions()))

	var accepted events.APIGatewayV2HTTPResponse
	read(t, answers["orderflow-ApiFunction"], &accepted)
	if accepted.StatusCode != http.StatusAccepted || accepted.Headers["location"] != "/orders/"+placed.ID {
		t.Errorf("api answers %+v", accepted)
	}
	var priced validation.Priced
	read(t, answers["orderflow-ValidationFunction"], &priced)
	if len(priced.Lines) != 1 || priced.Lines[0].UnitPrice.Amount != 1250 || priced.Total.Amount != 2500 {
		t.Errorf("validation answers %+v", priced)
	}
	for _, consumer := range []string{"Analytics", "Inventory", "Notification", "Shipment"} {
		if got := string(answers["orderflow-"+consumer+"Function"].answer); got != `{"batchItemFailures":[]}` {
			t.Errorf("%s answers %s", consumer, got)
		}
	}
	var report reconciliation.Report
	read(t, answers["orderflow-ReconciliationFunction"], &report)
	if !report.DryRun || !report.Complete || report.Scanned.Orders != 1 || len(report.Found) != 0 {
		t.Errorf("reconciliation answers %+v", report)
	}

	// Of an error the state machine knows the bare type.
	refused, err := service.Invoke(ctx, &lambdaclient.InvokeInput{
		FunctionName: aws.String("orderflow-ValidationFunction"),
		Payload:      []byte(`{"orderId": "o-2", "items": [{"sku": "NONE", "quantity": 1}]}`),
	})
	if err != nil || refused.FunctionError == nil {
		t.Fatalf("validation of what is not sold: %+v, %v", refused, err)
	}
	var told messages.InvokeResponse_Error
	if err := json.Unmarshal(refused.Payload, &told); err != nil || told.Type != "InvalidOrder" || !strings.Contains(told.Message, "NONE") {
		t.Errorf("validation's error is %s, %v", refused.Payload, err)
	}
}

// read decodes an answer.
func read(t *testing.T, o reply, into any) {
	t.Helper()
	if o.failed {
		t.Errorf("%s failed: %s", o.function, o.answer)
	} else if err := json.Unmarshal(o.answer, into); err != nil {
		t.Errorf("%s answers %s: %v", o.function, o.answer, err)
	}
}

func listenAnywhere(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// build makes the executables for this machine, as sam build does for Lambda's:
// bootstrap in a folder for each function.
func build(ctx context.Context, t *testing.T) (folder string) {
	t.Helper()
	if *artifacts != "" {
		return ""
	}
	if _, err := exec.LookPath("make"); err != nil {
		t.Skip("make is not installed")
	}
	folder = t.TempDir()
	for code := range functions() {
		id := logicalID(code)
		command := exec.CommandContext(ctx, "make", "--silent", "--directory", filepath.Join("../..", code), "--makefile", "../../Makefile",
			"GOOS="+runtime.GOOS, "GOARCH="+runtime.GOARCH, "build-"+id)
		command.Env = append(os.Environ(), "ARTIFACTS_DIR="+filepath.Join(folder, id))
		if output, err := command.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", command, err, output)
		}
	}
	return folder
}

// logicalID is the function's whose code is in a folder such as
// lambdas/api/bootstrap.
func logicalID(code string) string {
	capability := filepath.Base(filepath.Dir(code))
	return strings.ToUpper(capability[:1]) + capability[1:] + "Function"
}

// processes run a system's functions.
type processes struct {
	t       *testing.T
	folder  string // of executables
	cloud   running
	replies chan reply
}

// A reply is what a process posted of one invocation.
type reply struct {
	function, requestID string
	answer              []byte
	failed              bool // it was posted as an error
}

func (p *processes) functions() map[string]cloud.Function {
	all := map[string]cloud.Function{}
	for code := range functions() {
		executable := filepath.Join(p.folder, logicalID(code), "bootstrap")
		all[code] = func(_ aws.Config, getenv func(string) string) (lambda.Handler, error) {
			return &process{house: p, executable: executable, getenv: getenv}, nil
		}
	}
	return all
}

// await collects the first reply of so many functions.
func (p *processes) await(ctx context.Context, many int) map[string]reply {
	p.t.Helper()
	first := map[string]reply{}
	for len(first) < many {
		select {
		case o := <-p.replies:
			if _, known := first[o.function]; !known {
				first[o.function] = o
			}
		case <-ctx.Done():
			p.t.Fatalf("only %d of %d functions answer: %v", len(first), many, first)
		}
	}
	return first
}

// A process is an execution environment with the Runtime API that it asks. It
// is started by its first invocation, when the function is there to be read.
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
type process struct {
	house      *processes
	executable string
	getenv     func(string) string

	started bool
	next    chan invocation
	posted  chan reply
	ended   chan struct{} // closed when err is known
	err     error
}

type invocation struct {
	requestID, arn string
	deadline       time.Time
	event          []byte
}

// Invoke implements lambda.Handler: the local cloud asks one thing at a time.
func (p *process) Invoke(ctx context.Context, event []byte) ([]byte, error) {
	if !p.started {
		if err := p.start(ctx); err != nil {
			return nil, err
		}
		p.started = true
	}
	about, _ := lambdacontext.FromContext(ctx)
	deadline, _ := ctx.Deadline()
	select {
	case p.next <- invocation{about.AwsRequestID, about.InvokedFunctionArn, deadline, event}:
	case <-p.ended:
		return nil, p.err
	}
	select {
	case o := <-p.posted:
		if o.requestID != about.AwsRequestID {
			return nil, fmt.Errorf("request %q is answered, not %q", o.requestID, about.AwsRequestID)
		}
		p.house.replies <- o
		if !o.failed {
			return o.answer, nil
		}
		var told messages.InvokeResponse_Error
		if err := json.Unmarshal(o.answer, &told); err != nil {
			return nil, err
		}
		return nil, told
	case <-p.ended:
		return nil, p.err
	}
}

// start runs the executable until the test is over.
func (p *process) start(ctx context.Context) error {
	t := p.house.t
	p.next, p.posted, p.ended = make(chan invocation), make(chan reply), make(chan struct{})
	api := httptest.NewServer(p.runtimeAPI())
	environment, err := p.environment(ctx, strings.TrimPrefix(api.URL, "http://"))
	if err != nil {
		api.Close()
		return err
	}
	command := exec.Command(p.executable)
	if *emulator != "" {
		command = exec.Command(*emulator, p.executable)
	}
	command.Env = environment
	var log bytes.Buffer
	command.Stdout, command.Stderr = &log, &log
	if err := command.Start(); err != nil {
		api.Close()
		return err
	}
	go func() {
		defer close(p.ended)
		p.err = fmt.Errorf("%s: %w", command, cmp.Or(command.Wait(), errors.New("it ended")))
	}()
	t.Cleanup(func() {
		command.Process.Kill()
		<-p.ended
		api.Close()
		if t.Failed() {
			t.Logf("%s wrote:\n%s", p.getenv("AWS_LAMBDA_FUNCTION_NAME"), log.Bytes())
		}
	})
	return nil
}

// environment is the template's for this function, what Lambda adds, and where
// the local cloud is; nothing of this process.
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
func (p *process) environment(ctx context.Context, runtimeAPI string) ([]string, error) {
	function := p.getenv("AWS_LAMBDA_FUNCTION_NAME")
	deployed, err := lambdaclient.NewFromConfig(p.house.cloud.config()).GetFunctionConfiguration(ctx, &lambdaclient.GetFunctionConfigurationInput{FunctionName: &function})
	if err != nil {
		return nil, err
	}
	environment := []string{
		"AWS_LAMBDA_RUNTIME_API=" + runtimeAPI,
		"AWS_ENDPOINT_URL=" + p.house.cloud.aws,
		"AWS_ACCESS_KEY_ID=any", "AWS_SECRET_ACCESS_KEY=thing", "AWS_SESSION_TOKEN=temporary",
		"AWS_LAMBDA_LOG_FORMAT=JSON", "LANG=en_US.UTF-8", "PATH=/usr/local/bin:/usr/bin/:/bin:/opt/bin",
	}
	for _, name := range []string{
		"AWS_DEFAULT_REGION", "AWS_EXECUTION_ENV", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_VERSION",
		"AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_REGION", "TZ", "_HANDLER",
	} {
		environment = append(environment, name+"="+p.getenv(name))
	}
	if deployed.Environment != nil {
		for name, value := range deployed.Environment.Variables {
			environment = append(environment, name+"="+value)
		}
	}
	return environment, nil
}

func (p *process) runtimeAPI() http.Handler {
	api := http.NewServeMux()
	api.HandleFunc("GET /2018-06-01/runtime/invocation/next", func(w http.ResponseWriter, r *http.Request) {
		select {
		case i := <-p.next:
			header := w.Header()
			header.Set("Content-Type", "application/json")
			header.Set("Lambda-Runtime-Aws-Request-Id", i.requestID)
			header.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(i.deadline.UnixMilli(), 10))
			header.Set("Lambda-Runtime-Invoked-Function-Arn", i.arn)
			header.Set("Lambda-Runtime-Trace-Id", "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=1")
			w.Write(i.event)
		case <-r.Context().Done():
		}
	})
	post := func(failed bool) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
			w.WriteHeader(http.StatusAccepted)
			select {
			case p.posted <- reply{p.getenv("AWS_LAMBDA_FUNCTION_NAME"), r.PathValue("id"), body, failed}:
			case <-r.Context().Done():
			}
		}
	}
	api.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/response", post(false))
	api.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/error", post(true))
	return api
}
