package stack_test

import (
	"errors"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"orderflow/cmd/local/cloud"
	"orderflow/cmd/orders/stack"
	"orderflow/cmd/orders/stack/stacktest"
)

// refusing is a machine on which nobody listens.
type refusing struct{}

func (refusing) Do(r *http.Request) (*http.Response, error) {
	return nil, &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
}

func TestOpenFails(t *testing.T) {
	inShop(t, func(t *testing.T, shop *stacktest.Shop, _ *stack.Stack) {
		other := cloud.New(cloud.Config{Endpoint: "127.0.0.1:4566", APIEndpoint: "127.0.0.1:8080"})
		defer other.Close(t.Context())
		if _, err := other.Deploy(t.Context(), []byte(`{"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}, "Outputs": {"ApiUrl": {"Value": "http://127.0.0.1:8080"}}}`), nil); err != nil {
			t.Fatal(err)
		}
		for _, test := range []struct {
			name   string
			change func(*stack.Config)
			is     error
			says   string
		}{
			{"no region", func(c *stack.Config) { c.AWS.Region = "" }, stack.ErrNoRegion, "no AWS region"},
			{"no such stack", func(c *stack.Config) { c.Name = "shop" }, stack.ErrNoStack, `"shop" in region us-east-1`},
			{"nobody answers", func(c *stack.Config) {
				c.AWS.HTTPClient = refusing{}
				c.AWS.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
			}, stack.ErrUnreachable, "connection refused"},
			{"another stack", func(c *stack.Config) { c.AWS = other.AWSConfig() }, nil, `"orderflow" has no OrderStateMachine: is it orderflow`},
		} {
			config := shop.Config()
			test.change(&config)
			_, err := stack.Open(t.Context(), config)
			if err == nil || test.is != nil && !errors.Is(err, test.is) || !strings.Contains(err.Error(), test.says) {
				t.Errorf("%s: %v", test.name, err)
			}
		}
	})
}
