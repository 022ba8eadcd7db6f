package cli

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/spf13/cobra"

	"orderflow/cmd/orders/caller"
	"orderflow/cmd/orders/stack"
)

const (
	defaultStack  = "orderflow"
	localEndpoint = "http://127.0.0.1:4566"
	localRegion   = "us-east-1"
)

// A target is where the stack is: at home, unless a flag names what only AWS
// has, so that no environment variable makes a command act on production.
type target struct {
	stack, region, profile string
	endpoint               string
	tokenFile              string
	local                  bool
	aws                    bool // one of the first three was given
}

func (t *target) flags(root *cobra.Command) {
	f := root.PersistentFlags()
	f.StringVar(&t.stack, "stack", defaultStack, "the CloudFormation stack on AWS")
	f.StringVar(&t.region, "region", "", "AWS region (default: the profile's)")
	f.StringVar(&t.profile, "profile", "", "AWS profile")
	f.BoolVar(&t.local, "local", false, "the local cloud at "+localEndpoint+", the default")
	f.StringVar(&t.endpoint, "endpoint", localEndpoint, "the local cloud at another `URL`")
	f.StringVar(&t.tokenFile, "token-file", "", "call the API as the customer whose token this `file` holds (default: sign, as the AWS CLI would)")
	root.MarkFlagFilename("token-file")
	for _, local := range []string{"local", "endpoint"} {
		for _, remote := range []string{"stack", "region", "profile"} {
			root.MarkFlagsMutuallyExclusive(local, remote)
		}
	}
}

// choose tells from the flags that were given where the stack is.
func (t *target) choose(c *cobra.Command) {
	for _, name := range []string{"stack", "region", "profile"} {
		t.aws = t.aws || c.Flags().Changed(name)
	}
}

// String names the target for people.
func (t *target) String() string {
	if t.aws {
		return "AWS"
	}
	return t.endpoint
}

func (t *target) open(ctx context.Context) (*stack.Stack, error) {
	cfg, err := t.config(ctx)
	if err != nil {
		return nil, err
	}
	config := stack.Config{AWS: cfg, Name: t.stack}
	if t.tokenFile != "" {
		token, err := t.token() // once: the file may be a pipe
		if err != nil {
			return nil, fmt.Errorf("orders: --token-file: %w", err)
		}
		config.HTTP = &http.Client{Transport: caller.Bearing(func(context.Context) (string, error) { return token, nil }, http.DefaultTransport)}
	}
	return stack.Open(ctx, config)
}

// token is what the file holds: what a shell's arguments hold, others see.
func (t *target) token() (string, error) {
	text, err := os.ReadFile(t.tokenFile)
	if err != nil {
		return "", err
	}
	token := strings.TrimSpace(string(text))
	if token == "" || strings.ContainsFunc(token, func(c rune) bool { return c <= ' ' || c > '~' }) {
		return "", fmt.Errorf("%s holds no token", t.tokenFile)
	}
	return token, nil
}

func (t *target) config(ctx context.Context) (aws.Config, error) {
	if t.aws {
		cfg, err := config.LoadDefaultConfig(ctx, config.WithRegion(t.region), config.WithSharedConfigProfile(t.profile))
		if err != nil {
			return aws.Config{}, fmt.Errorf("orders: %w", err)
		}
		return cfg, nil
	}
	endpoint, err := url.Parse(t.endpoint)
	if err != nil || endpoint.Scheme != "http" && endpoint.Scheme != "https" || endpoint.Host == "" {
		return aws.Config{}, fmt.Errorf("orders: --endpoint %q is no URL such as %s", t.endpoint, localEndpoint)
	}
	return aws.Config{
		Region:       localRegion,
		BaseEndpoint: &t.endpoint,
		Credentials:  credentials.NewStaticCredentialsProvider("local", "local", ""),
		Retryer: func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) { o.MaxBackoff = 100 * time.Millisecond })
		},
	}, nil
}
