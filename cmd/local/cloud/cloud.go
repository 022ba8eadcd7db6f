// Package cloud is AWS for one stack, in this process: it reads the template
// that is deployed, creates what it says in services that keep AWS's
// promises, and serves them all at one endpoint.
//
//	c := cloud.New(cloud.Config{Endpoint: "127.0.0.1:4566", ...})
//	stack, err := c.Deploy(ctx, template, parameters)
//	go http.Serve(aws, c)            // the AWS endpoint
//	go http.Serve(api, c.API())      // the stack's HTTP API
//	defer c.Close(ctx)
//
// A resource type or property that it does not honour is an error that names
// the logical ID, unless it stands in the list of what is knowingly inert at
// home (see Inert).
package cloud

import (
	"context"
	"log/slog"
	"net/http"
	"sync/atomic"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"

	"orderflow/cmd/local/cloud/apigateway"
	"orderflow/cmd/local/cloud/cloudformation"
	"orderflow/cmd/local/cloud/dynamodb"
	"orderflow/cmd/local/cloud/iam"
	"orderflow/cmd/local/cloud/interpose"
	lambdaservice "orderflow/cmd/local/cloud/lambda"
	"orderflow/cmd/local/cloud/logs"
	"orderflow/cmd/local/cloud/protocol"
	"orderflow/cmd/local/cloud/s3"
	"orderflow/cmd/local/cloud/scheduler"
	"orderflow/cmd/local/cloud/ses"
	"orderflow/cmd/local/cloud/sns"
	"orderflow/cmd/local/cloud/sqs"
	"orderflow/cmd/local/cloud/states"
)

// Where the local cloud lies.
const (
	Region  = "us-east-1"
	Account = "000000000000"
)

// A Function makes the handler of a Lambda function. Its client configuration
// reaches this cloud alone, with the credentials of the function's role, and
// getenv knows what the template sets, and what Lambda itself does.
type Function func(cfg aws.Config, getenv func(string) string) (lambda.Handler, error)

// Config is what the cloud is made of, beside the template.
type Config struct {
	// Endpoint is the host and port that clients find the AWS endpoint at,
	// APIEndpoint those of the HTTP API.
	Endpoint, APIEndpoint string

	// Host is where the AWS endpoint was told to listen, a name or an address:
	// its pages are served under that name too.
	Host string

	// Functions are the handlers, by the folder of their code: the template's
	// CodeUri, relative to the module's root.
	Functions map[string]Function

	// Definitions are the state machines, by their file: the template's
	// DefinitionS3Location, relative to the module's root.
	Definitions map[string][]byte

	// Neighbours are what else answers at the endpoint, by path prefix
	// ("/carrier/"), which is cut off.
	Neighbours map[string]http.Handler

	// Issuers are who issues the tokens that the HTTP API may demand, by host.
	Issuers map[string]http.Handler

	// Interposed is what stands between functions and services, and between
	// services; Turn decides which activity goes on next. Nil: as it comes.
	Interposed interpose.Interposed
	Turn       interpose.Turn

	// Log hears of what has no caller to tell.
	Log *slog.Logger
}

// Cloud is one stack in one account. It is the http.Handler of the AWS
// endpoint.
type Cloud struct {
	CloudFormation *cloudformation.Service
	DynamoDB       *dynamodb.Service
	IAM            *iam.Service
	Lambda         *lambdaservice.Service
	Logs           *logs.Service
	S3             *s3.Service
	Scheduler      *scheduler.Service
	SES            *ses.Service
	SNS            *sns.Service
	SQS            *sqs.Service
	States         *states.Service

	gateway   *apigateway.Service
	api       *apigateway.API // nil before Deploy
	config    Config
	client    *transport
	aws       aws.Config
	endpoints map[string]http.Handler // by signing name
	pages     http.Handler
	browsers  http.CrossOriginProtection
	ready     atomic.Bool
}

// New is a cloud without resources.
func New(config Config) *Cloud {
	if config.Log == nil {
		config.Log = slog.New(slog.DiscardHandler)
	}
	base, between := "http://"+config.Endpoint, config.Interposed
	c := &Cloud{config: config}
	c.client = &transport{host: config.Endpoint, handler: c, between: between}
	c.aws = clientConfig(base, c.client)

	c.CloudFormation = cloudformation.New()
	c.IAM = iam.New(iam.Config{Account: Account, Denied: func(e *iam.AccessDenied) { config.Log.Error("iam: access denied", "error", e) }})
	c.DynamoDB = dynamodb.New(dynamodb.Config{Region: Region, Account: Account})
	c.Logs = logs.New(logs.Config{Region: Region, Account: Account})
	c.S3 = s3.New(s3.Config{Region: Region, Account: Account})
	c.SES = ses.New(ses.Config{Region: Region, Account: Account})
	c.SQS = sqs.New(sqs.Config{Region: Region, Account: Account, BaseURL: base, Turn: config.Turn})
	c.SNS = sns.New(sns.Config{Region: Region, Account: Account, BaseURL: base, Deliver: interposedDeliver(between, c.SQS.Deliver), Background: func() bool { return between.Now() != nil }, Log: config.Log})
	c.Lambda = lambdaservice.New(lambdaservice.Config{Region: Region, Account: Account, SQS: authorizedSQS{interposedSQS(between, c.SQS)}, Logs: c.Logs, Turn: config.Turn, Log: config.Log})
	c.Scheduler = scheduler.New(scheduler.Config{Region: Region, Account: Account, Lambda: interposedLambda(between, "scheduler", c.Lambda), AssumeRole: c.IAM.AssumeRole, Turn: config.Turn, Log: config.Log})
	c.States = states.New(states.Config{
		Region:  Region,
		Account: Account,
		Services: map[string]protocol.Actions{
			"dynamodb": interposedActions(between, "dynamodb", c.DynamoDB.Actions()),
			"sns":      interposedActions(between, "sns", c.SNS.Actions()),
			"sqs":      interposedActions(between, "sqs", c.SQS.Actions()),
		},
		Invoke:     invokeTask(interposedLambda(between, "states", c.Lambda)),
		AssumeRole: c.IAM.AssumeRole,
		Turn:       config.Turn,
	})
	c.gateway = apigateway.New(apigateway.Config{
		Region:   Region,
		Account:  Account,
		Lambda:   interposedLambda(between, "apigateway", c.Lambda),
		Identify: c.identify,
		Allow:    c.IAM.Allow,
		Issuers:  &http.Client{Transport: issuers(config.Issuers)},
	})

	c.endpoints = map[string]http.Handler{
		"cloudformation": c.CloudFormation.Handler(),
		"dynamodb":       c.DynamoDB.Handler(),
		"lambda":         c.Lambda.Handler(),
		"logs":           c.Logs.Handler(),
		"s3":             c.S3.Handler(),
		"scheduler":      c.Scheduler.Handler(),
		"ses":            c.SES.Handler(),
		"sns":            c.SNS.Handler(),
		"sqs":            c.SQS.Handler(),
		"states":         c.States.Handler(),
	}
	c.pages = c.pageMux()
	return c
}

// AWSConfig is the configuration of any AWS client in this process: it calls
// the endpoint without a socket, as the account's operator.
func (c *Cloud) AWSConfig() aws.Config { return c.aws }

// HTTPClient calls the endpoint, and nothing else, without a socket.
func (c *Cloud) HTTPClient() *http.Client { return &http.Client{Transport: c.client} }

// APIClient calls the stack's HTTP API, and nothing else, without a socket.
func (c *Cloud) APIClient() *http.Client {
	return &http.Client{Transport: &transport{host: c.config.APIEndpoint, handler: c.API()}}
}

// SetReady says whether orders are accepted, which /health tells.
func (c *Cloud) SetReady(ready bool) { c.ready.Store(ready) }

// Close ends what runs, callers before what they call: invocations may finish
// until ctx ends, executions stay as they are.
func (c *Cloud) Close(ctx context.Context) {
	c.SetReady(false)
	c.Scheduler.Close()
	c.Lambda.Close(ctx)
	c.States.Close()
	c.SNS.Close()
	c.SQS.Close()
	c.DynamoDB.Close(ctx)
}

// invokeTask is Lambda as Step Functions calls it.
func invokeTask(l invoker) states.Invoke {
	return func(ctx context.Context, function string, payload []byte) (*states.Invocation, error) {
		out, err := l.Invoke(ctx, &lambdaservice.InvokeInput{FunctionName: function, Payload: payload})
		if err != nil {
			return nil, err
		}
		return &states.Invocation{Payload: out.Payload, FunctionError: out.FunctionError, ExecutedVersion: out.ExecutedVersion}, nil
	}
}
