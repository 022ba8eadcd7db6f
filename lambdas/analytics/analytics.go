// Package analytics keeps every event, as objects of JSON lines in a bucket
// that a query engine can read by the hour, and counts the orders that are
// decided.
package analytics

import (
	"bytes"
	"context"
	"fmt"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"orderflow/lambdas/consumer"
	"orderflow/lambdas/metric"
)

// New makes the handler of AnalyticsQueue. It reads ANALYTICS_BUCKET and what
// consumer.NewLog does.
func New(cfg aws.Config, getenv func(string) string) (lambda.Handler, error) {
	bucket := getenv("ANALYTICS_BUCKET")
	if bucket == "" {
		return nil, fmt.Errorf("analytics: ANALYTICS_BUCKET is not set")
	}
	log, err := consumer.NewLog("analytics", getenv)
	if err != nil {
		return nil, err
	}
	client := s3.NewFromConfig(cfg)
	tell := newTeller(getenv(metric.NamespaceVariable))
	return consumer.Whole(log, func(ctx context.Context, batch []consumer.Message) error {
		batch = unique(batch)
		o, err := newObject(batch)
		if err != nil {
			return err
		}
		_, err = client.PutObject(ctx, &s3.PutObjectInput{
			Bucket:      &bucket,
			Key:         &o.key,
			Body:        bytes.NewReader(o.body),
			ContentType: aws.String("application/x-ndjson"),
		})
		if err != nil {
			return fmt.Errorf("analytics: object %q: %w", o.key, err)
		}
		tell.decisions(ctx, batch)
		return nil
	}), nil
}
