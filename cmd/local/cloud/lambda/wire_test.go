package lambda_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"orderflow/cmd/local/cloud/lambda"
)

// inProcess answers a client's requests by a handler, without a socket.
type inProcess struct{ http.Handler }

func (h inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	if r.Body == nil {
		r.Body = http.NoBody
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result(), nil
}

func client(s *lambda.Service) *sdk.Client {
	return sdk.New(sdk.Options{
		Region:           "us-east-1",
		BaseEndpoint:     aws.String("http://localhost"),
		Credentials:      credentials.NewStaticCredentialsProvider("test", "test", ""),
		HTTPClient:       &http.Client{Transport: inProcess{s.Handler()}},
		RetryMaxAttempts: 1,
	})
}

func TestSDKInvoke(t *testing.T) {
	s := newService(t, lambda.Config{})
	create(t, s, lambda.CreateFunctionInput{FunctionName: "f"}, func(in struct{ SKU string }) (string, error) {
		if in.SKU == "" {
			return "", &OutOfStock{"nothing"}
		}
		return in.SKU, nil
	})
	none := 0
	create(t, s, lambda.CreateFunctionInput{FunctionName: "stopped", ReservedConcurrentExecutions: &none}, func() {})
	c := client(s)

	out, err := c.Invoke(t.Context(), &sdk.InvokeInput{FunctionName: aws.String(arn + "f"), Payload: []byte(`{"SKU":"MUG"}`)})
	if err != nil {
		t.Fatal(err)
	}
	if out.StatusCode != 200 || string(out.Payload) != `"MUG"` || out.FunctionError != nil || aws.ToString(out.ExecutedVersion) != "$LATEST" {
		t.Errorf("%d %s %s", out.StatusCode, out.Payload, aws.ToString(out.FunctionError))
	}
	out, err = c.Invoke(t.Context(), &sdk.InvokeInput{FunctionName: aws.String("f")})
	if err != nil {
		t.Fatal(err)
	}
	if aws.ToString(out.FunctionError) != "Unhandled" || string(out.Payload) != `{"errorMessage":"nothing is out of stock","errorType":"OutOfStock"}` {
		t.Errorf("%s %s", aws.ToString(out.FunctionError), out.Payload)
	}
	for kind, status := range map[types.InvocationType]int32{types.InvocationTypeEvent: 202, types.InvocationTypeDryRun: 204} {
		out, err := c.Invoke(t.Context(), &sdk.InvokeInput{FunctionName: aws.String("f"), InvocationType: kind, Payload: []byte(`{"SKU":"MUG"}`)})
		if err != nil || out.StatusCode != status || len(out.Payload) > 0 {
			t.Errorf("%s: %+v, %v", kind, out, err)
		}
	}

	_, err = c.Invoke(t.Context(), &sdk.InvokeInput{FunctionName: aws.String("absent")})
	if e, ok := errors.AsType[*types.ResourceNotFoundException](err); !ok || e.ErrorMessage() != "Function not found: "+arn+"absent" || aws.ToString(e.Type) != "User" {
		t.Errorf("absent: %v", err)
	}
	_, err = c.Invoke(t.Context(), &sdk.InvokeInput{FunctionName: aws.String("f"), Qualifier: aws.String("live")})
	if e, ok := errors.AsType[*types.ResourceNotFoundException](err); !ok || e.ErrorMessage() != "Function not found: "+arn+"f:live" {
		t.Errorf("no such alias: %v", err)
	}
	_, err = c.Invoke(t.Context(), &sdk.InvokeInput{FunctionName: aws.String("stopped")})
	if e, ok := errors.AsType[*types.TooManyRequestsException](err); !ok || e.Reason != types.ThrottleReasonReservedFunctionConcurrentInvocationLimitExceeded || e.ErrorMessage() != "Rate Exceeded." || e.RetryAfterSeconds == nil {
		t.Errorf("stopped: %v", err)
	}
	_, err = c.Invoke(t.Context(), &sdk.InvokeInput{FunctionName: aws.String("f"), Payload: []byte(`{`)})
	if e, ok := errors.AsType[*types.InvalidRequestContentException](err); !ok || !strings.HasPrefix(e.ErrorMessage(), "Could not parse request body into json: ") {
		t.Errorf("bad JSON: %v", err)
	}
	_, err = c.Invoke(t.Context(), &sdk.InvokeInput{FunctionName: aws.String("f"), LogType: types.LogTypeTail})
	if e, ok := errors.AsType[*types.InvalidParameterValueException](err); !ok || !strings.Contains(e.ErrorMessage(), "LogType") {
		t.Errorf("LogType Tail: %v", err)
	}
	_, err = c.ListLayers(t.Context(), &sdk.ListLayersInput{})
	if e, ok := errors.AsType[smithy.APIError](err); !ok || e.ErrorCode() != "UnknownOperationException" || !strings.Contains(e.ErrorMessage(), "/layers") {
		t.Errorf("ListLayers: %v", err)
	}
}

func TestSDKFunctions(t *testing.T) {
	s := newService(t, lambda.Config{})
	five := 5
	for _, name := range []string{"c", "a", "b"} {
		create(t, s, lambda.CreateFunctionInput{
			FunctionName: name, Runtime: "provided.al2023", Handler: "bootstrap", Role: "arn:aws:iam::000000000000:role/r", Timeout: 10, MemorySize: 256,
			Architectures: []string{"arm64"}, Environment: map[string]string{"TABLE": "t"}, ReservedConcurrentExecutions: &five, Tags: map[string]string{"k": "v"},
		}, func() {})
	}
	c := client(s)
	var names []string
	pages := sdk.NewListFunctionsPaginator(c, &sdk.ListFunctionsInput{MaxItems: aws.Int32(2)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range page.Functions {
			names = append(names, *f.FunctionName)
		}
	}
	if diff := cmp.Diff([]string{"a", "b", "c"}, names); diff != "" {
		t.Error(diff)
	}
	out, err := c.GetFunction(t.Context(), &sdk.GetFunctionInput{FunctionName: aws.String("a")})
	if err != nil {
		t.Fatal(err)
	}
	f := out.Configuration
	if *f.FunctionArn != arn+"a" || f.Runtime != types.RuntimeProvidedal2023 || *f.Timeout != 10 || *f.MemorySize != 256 || f.State != types.StateActive ||
		f.Architectures[0] != types.ArchitectureArm64 || f.Environment.Variables["TABLE"] != "t" || *out.Concurrency.ReservedConcurrentExecutions != 5 || out.Tags["k"] != "v" {
		t.Errorf("%+v", f)
	}
	config, err := c.GetFunctionConfiguration(t.Context(), &sdk.GetFunctionConfigurationInput{FunctionName: aws.String("000000000000:function:a")})
	if err != nil || *config.FunctionName != "a" {
		t.Errorf("GetFunctionConfiguration: %v", err)
	}
	if _, err := c.PutFunctionConcurrency(t.Context(), &sdk.PutFunctionConcurrencyInput{FunctionName: aws.String("a"), ReservedConcurrentExecutions: aws.Int32(0)}); err != nil {
		t.Error(err)
	}
	if _, err := c.PutFunctionConcurrency(t.Context(), &sdk.PutFunctionConcurrencyInput{FunctionName: aws.String("a"), ReservedConcurrentExecutions: aws.Int32(30)}); err != nil {
		t.Error(err)
	}
	settings, err := c.GetAccountSettings(t.Context(), &sdk.GetAccountSettingsInput{})
	if err != nil || settings.AccountLimit.ConcurrentExecutions != 1000 || *settings.AccountLimit.UnreservedConcurrentExecutions != 960 {
		t.Errorf("GetAccountSettings: %d of %d, %v", *settings.AccountLimit.UnreservedConcurrentExecutions, settings.AccountLimit.ConcurrentExecutions, err)
	}
	if _, err := c.DeleteFunctionConcurrency(t.Context(), &sdk.DeleteFunctionConcurrencyInput{FunctionName: aws.String("a")}); err != nil {
		t.Error(err)
	}
	got, err := c.GetFunctionConcurrency(t.Context(), &sdk.GetFunctionConcurrencyInput{FunctionName: aws.String("a")})
	if err != nil || got.ReservedConcurrentExecutions != nil {
		t.Errorf("GetFunctionConcurrency: %+v, %v", got, err)
	}
}

func TestSDKEventSourceMappings(t *testing.T) {
	r := newRig(t)
	r.consume(lambda.CreateFunctionInput{}, ok)
	m := r.mapQueue(lambda.CreateEventSourceMappingInput{ScalingConfig: &lambda.ScalingConfig{MaximumConcurrency: number(4)}, FunctionResponseTypes: []string{"ReportBatchItemFailures"}})
	c := client(r.Service)
	list, err := c.ListEventSourceMappings(t.Context(), &sdk.ListEventSourceMappingsInput{FunctionName: aws.String("f"), EventSourceArn: aws.String(queueARN)})
	if err != nil || len(list.EventSourceMappings) != 1 {
		t.Fatalf("%+v, %v", list, err)
	}
	got := list.EventSourceMappings[0]
	if *got.UUID != m.UUID || *got.FunctionArn != arn+"f" || *got.State != "Enabled" || *got.BatchSize != 10 || *got.ScalingConfig.MaximumConcurrency != 4 || got.LastModified.Year() < 2020 {
		t.Errorf("%+v", got)
	}
	updated, err := c.UpdateEventSourceMapping(t.Context(), &sdk.UpdateEventSourceMappingInput{UUID: got.UUID, Enabled: aws.Bool(false), BatchSize: aws.Int32(5)})
	if err != nil || !strings.HasPrefix(*updated.State, "Disabl") || *updated.BatchSize != 5 {
		t.Errorf("%+v, %v", updated, err)
	}
	one, err := c.GetEventSourceMapping(t.Context(), &sdk.GetEventSourceMappingInput{UUID: got.UUID})
	if err != nil || *one.BatchSize != 5 {
		t.Errorf("%+v, %v", one, err)
	}
	_, err = c.GetEventSourceMapping(t.Context(), &sdk.GetEventSourceMappingInput{UUID: aws.String("none")})
	if e, ok := errors.AsType[*types.ResourceNotFoundException](err); !ok || e.ErrorMessage() != "The resource you requested does not exist." {
		t.Errorf("unknown mapping: %v", err)
	}
	_, err = c.UpdateEventSourceMapping(t.Context(), &sdk.UpdateEventSourceMappingInput{UUID: got.UUID, FilterCriteria: &types.FilterCriteria{}})
	if e, ok := errors.AsType[*types.InvalidParameterValueException](err); !ok || !strings.Contains(e.ErrorMessage(), "FilterCriteria") {
		t.Errorf("FilterCriteria: %v", err)
	}
}
