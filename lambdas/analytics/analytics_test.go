package analytics_test

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"orderflow/cmd/local/cloud/cloudtest"
	"orderflow/lambdas/analytics"
	"orderflow/lambdas/order"
)

func newHandler(t *testing.T, cfg aws.Config) lambda.Handler {
	t.Helper()
	h, err := analytics.New(cfg, cloudtest.Environment("ANALYTICS_BUCKET", "analytics", "METRICS_NAMESPACE", "orderflow", "STATE_MACHINE_ARN", "arn:aws:states:us-east-1:000000000000:stateMachine:orders"))
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func newBucket(t *testing.T) (*cloudtest.Cloud, *s3.Client) {
	t.Helper()
	c := cloudtest.New(t)
	if err := c.S3.CreateBucket(t.Context(), "analytics"); err != nil {
		t.Fatal(err)
	}
	return c, s3.NewFromConfig(c.AWSConfig())
}

// objects are a bucket's objects by their keys.
func objects(t *testing.T, client *s3.Client) map[string]string {
	t.Helper()
	list, err := client.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: aws.String("analytics")})
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, o := range list.Contents {
		out, err := client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("analytics"), Key: o.Key})
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(out.Body)
		out.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		all[*o.Key] = string(body)
	}
	return all
}

// golden are the bodies of all golden events.
func golden(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("../order/testdata/events/*.json")
	if err != nil || len(files) == 0 {
		t.Fatal("no golden events", err)
	}
	var bodies []string
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		bodies = append(bodies, string(body))
	}
	return bodies
}

func TestABatchIsAnObject(t *testing.T) {
	c, client := newBucket(t)
	h := newHandler(t, c.AWSConfig())
	bodies := append(golden(t), "no event")
	for range 2 { // received again, it changes nothing
		if failed := cloudtest.ReceiveBodies(t, h, bodies...); failed != "5" {
			t.Errorf("failed is %q", failed)
		}
	}
	got := objects(t, client)
	if len(got) != 1 {
		t.Fatalf("%d objects", len(got))
	}
	for key, body := range got {
		if !strings.HasPrefix(key, "events/year=2026/month=01/day=02/hour=03/") {
			t.Errorf("key %s", key)
		}
		if lines := strings.Count(body, "\n"); lines != 5 {
			t.Errorf("%d lines", lines)
		}
	}
}

// What could not be stored comes again, all of it.
func TestABucketThatIsAway(t *testing.T) {
	c, client := newBucket(t)
	h := newHandler(t, c.Faulty(cloudtest.Fault{Action: "PUT", Status: 403, Body: "<Error><Code>AccessDenied</Code></Error>"}))
	if failed := cloudtest.ReceiveBodies(t, h, golden(t)...); failed != "0 1 2 3 4" {
		t.Errorf("failed is %q", failed)
	}
	if got := objects(t, client); len(got) != 0 {
		t.Errorf("objects %v", got)
	}
}

func TestNothingToStore(t *testing.T) {
	c, client := newBucket(t)
	h := newHandler(t, c.AWSConfig())
	if failed := cloudtest.ReceiveBodies(t, h, "no event", "{}"); failed != "0 1" {
		t.Errorf("failed is %q", failed)
	}
	if got := objects(t, client); len(got) != 0 {
		t.Errorf("objects %v", got)
	}
}

func TestEventsOfAnHourLieTogether(t *testing.T) {
	c, client := newBucket(t)
	h := newHandler(t, c.AWSConfig())
	for _, id := range []string{"o1", "o2"} {
		if failed := cloudtest.Receive(t, h, cloudtest.About(t, order.Placed, id)); failed != "" {
			t.Errorf("failed is %q", failed)
		}
	}
	if got := objects(t, client); len(got) != 2 {
		t.Errorf("%d objects of two batches", len(got))
	}
}

func TestNewNeedsItsEnvironment(t *testing.T) {
	_, err := analytics.New(aws.Config{}, cloudtest.Environment())
	if err == nil || !strings.Contains(err.Error(), "ANALYTICS_BUCKET") {
		t.Errorf("error %v", err)
	}
}
