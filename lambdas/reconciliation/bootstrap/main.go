// Command bootstrap is the reconciliation Lambda.
package main

import (
	"context"
	"log"
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/config"

	"orderflow/lambdas/reconciliation"
)

func main() {
	slog.SetDefault(lambdacontext.NewLogger())
	cfg, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	handler, err := reconciliation.New(cfg, os.Getenv)
	if err != nil {
		log.Fatal(err)
	}
	lambda.Start(handler)
}
