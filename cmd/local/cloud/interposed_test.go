package cloud

import (
	"context"
	"errors"
	"net/http"
	"syscall"
	"testing"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	ddbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/smithy-go"

	"orderflow/cmd/local/cloud/interpose"
	"orderflow/cmd/local/cloud/protocol"
	snsservice "orderflow/cmd/local/cloud/sns"
)

// inFunction is the context that a function's handler is given.
func inFunction(t *testing.T) context.Context {
	return lambdacontext.NewContext(t.Context(), &lambdacontext.LambdaContext{
		AwsRequestID: "r-1", InvokedFunctionArn: "arn:aws:lambda:us-east-1:000000000000:function:F",
	})
}

// TestInterposedErrors: what is interposed reaches a function's SDK as if the
// service itself had said it, whatever its protocol.
func TestInterposedErrors(t *testing.T) {
	var heard interpose.Call
	refuse := func(_ context.Context, c *interpose.Call, _ func()) error {
		heard = *c
		return protocol.Errorf("TooMuch", "not now")
	}
	c := New(Config{Endpoint: "127.0.0.1:4566", Interposed: interpose.Always(refuse)})
	defer c.Close(t.Context())
	cfg := c.AWSConfig()
	ctx := inFunction(t)
	for _, test := range []struct {
		to, action string
		call       func() error
	}{
		{"dynamodb", "GetItem", func() error {
			_, err := dynamodb.NewFromConfig(cfg).GetItem(ctx, &dynamodb.GetItemInput{TableName: aws.String("t"), Key: map[string]ddbtypes.AttributeValue{}})
			return err
		}},
		{"states", "DescribeExecution", func() error {
			_, err := sfn.NewFromConfig(cfg).DescribeExecution(ctx, &sfn.DescribeExecutionInput{ExecutionArn: aws.String("a")})
			return err
		}},
		{"sns", "POST", func() error {
			_, err := sns.NewFromConfig(cfg).Publish(ctx, &sns.PublishInput{TopicArn: aws.String("t"), Message: aws.String("m")})
			return err
		}},
		{"s3", "GET", func() error {
			_, err := s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true }).GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String("bucket"), Key: aws.String("k")})
			return err
		}},
		{"ses", "GET", func() error {
			_, err := sesv2.NewFromConfig(cfg).GetEmailIdentity(ctx, &sesv2.GetEmailIdentityInput{EmailIdentity: aws.String("a@b.example")})
			return err
		}},
	} {
		err := test.call()
		if e, ok := errors.AsType[smithy.APIError](err); !ok || e.ErrorCode() != "TooMuch" || e.ErrorMessage() != "not now" {
			t.Errorf("%s: the SDK hears %v", test.to, err)
		}
		if heard.From != "F" || !heard.Function || heard.To != test.to || heard.Action != test.action || heard.Activity != "r-1" {
			t.Errorf("%s: the call is told as %+v", test.to, heard)
		}
	}
}

// TestInterposedCalls: a call that is performed and whose answer is lost took
// effect; the SDK tries again. Who is no function is not interposed.
func TestInterposedCalls(t *testing.T) {
	performed := 0
	lose := func(_ context.Context, c *interpose.Call, do func()) error {
		do()
		if performed++; performed == 1 {
			return syscall.ECONNRESET
		}
		if c.Outcome != "ResourceNotFoundException" || len(c.Output) == 0 {
			t.Errorf("the outcome is told as %q, %s", c.Outcome, c.Output)
		}
		return nil
	}
	c := New(Config{Endpoint: "127.0.0.1:4566", Interposed: interpose.Always(lose)})
	defer c.Close(t.Context())
	describe := func(ctx context.Context) error {
		_, err := dynamodb.NewFromConfig(c.AWSConfig()).DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: aws.String("none")})
		return err
	}
	missing := func(err error) bool { _, ok := errors.AsType[*ddbtypes.ResourceNotFoundException](err); return ok }
	if err := describe(inFunction(t)); !missing(err) || performed != 2 {
		t.Errorf("after one lost answer it is performed %d times: %v", performed, err)
	}
	if err := describe(t.Context()); !missing(err) || performed != 2 {
		t.Errorf("a client that is no function is interposed: %v", err)
	}
}

func TestCalled(t *testing.T) {
	for path, want := range map[string]string{"/carrier/shipments/x": "carrier", "/health": "health"} {
		r, err := http.NewRequest(http.MethodPut, "http://127.0.0.1:4566"+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if service, action := called(r); service != want || action != http.MethodPut {
			t.Errorf("%s is %s of %s", path, action, service)
		}
	}
}

// TestNothingInterposed: what might be interposed and is not costs nothing.
func TestNothingInterposed(t *testing.T) {
	deliver := interposedDeliver(func() interpose.Calls { return nil }, func(context.Context, string, string, string, map[string]snsservice.MessageAttributeValue) error {
		return nil
	})
	if n := testing.AllocsPerRun(100, func() {
		if err := deliver(t.Context(), "arn:aws:sqs:us-east-1:000000000000:q", "", "body", nil); err != nil {
			t.Fatal(err)
		}
	}); n > 0 {
		t.Errorf("a delivery that nothing befalls costs %v allocations", n)
	}
}
