// Package bootstrap is what the capabilities' mains have in common: it starts
// a handler where Lambda has started the process.
package bootstrap

import (
	"log"
	"log/slog"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// Start makes a handler and serves it by Lambda's Runtime API until the
// process ends. What cannot be made ends it at once.
func Start(construct func(cfg aws.Config, getenv func(string) string) (lambda.Handler, error), getenv func(string) string) {
	slog.SetDefault(lambdacontext.NewLogger())
	handler, err := construct(awsConfig(getenv), getenv)
	if err != nil {
		log.Fatal(err)
	}
	lambda.Start(handler)
}

// awsConfig is what config.LoadDefaultConfig finds in the environment that
// Lambda gives a function. That package looks into files, and links the clients
// of all the services that could give credentials besides, each with tables
// that are built before main: a third of a cold start.
//
// The credentials are the execution role's. They are as good as static, for an
// execution environment ends before they do.
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
func awsConfig(getenv func(string) string) aws.Config {
	cfg := aws.Config{
		Region:                      getenv("AWS_REGION"),
		Credentials:                 aws.NewCredentialsCache(credentials.NewStaticCredentialsProvider(getenv("AWS_ACCESS_KEY_ID"), getenv("AWS_SECRET_ACCESS_KEY"), getenv("AWS_SESSION_TOKEN"))),
		HTTPClient:                  awshttp.NewBuildableClient(), // one, so that clients share their connections
		DefaultsMode:                aws.DefaultsModeLegacy,
		AccountIDEndpointMode:       aws.AccountIDEndpointModePreferred,
		RequestMinCompressSizeBytes: 10240,
		RequestChecksumCalculation:  aws.RequestChecksumCalculationWhenSupported,
		ResponseChecksumValidation:  aws.ResponseChecksumValidationWhenSupported,
	}
	if endpoint := getenv("AWS_ENDPOINT_URL"); endpoint != "" { // an emulator's
		cfg.BaseEndpoint = &endpoint
	}
	return cfg
}
