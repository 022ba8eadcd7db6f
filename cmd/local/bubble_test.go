package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"orderflow/lambdas/order"
)

// A shop is the whole program, started by its own entry in a synctest bubble,
// on a network and a clock of its own. All that a test learns of it comes
// over HTTP and the AWS SDK.
type shop struct {
	t      *testing.T
	client *http.Client
	aws    aws.Config
}

const (
	shopAPI = "http://127.0.0.1:8080"
	shopAWS = "http://127.0.0.1:4566"
)

// inShop runs a test in a shop that sells the catalogue, started with further
// arguments. When the test is over the program is interrupted, and must end
// cleanly.
func inShop(t *testing.T, catalogue string, test func(t *testing.T, s *shop), args ...string) {
	file := filepath.Join(t.TempDir(), "catalogue.csv")
	if err := os.WriteFile(file, []byte(header+catalogue), 0o600); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		sockets := inMemory()
		ctx, interrupt := context.WithCancel(t.Context())
		var stdout, stderr bytes.Buffer
		exit := make(chan int, 1)
		go func() { exit <- run(ctx, append([]string{"-catalogue", file}, args...), &stdout, &stderr, sockets) }()
		synctest.Wait()

		client := &http.Client{Transport: whole{&http.Transport{DialContext: sockets.dial, MaxIdleConnsPerHost: 100}}}
		test(t, &shop{t: t, client: client, aws: aws.Config{
			Region:       "us-east-1",
			BaseEndpoint: aws.String(shopAWS),
			Credentials:  credentials.NewStaticCredentialsProvider("any", "thing", ""),
			HTTPClient:   client,
		}})

		client.CloseIdleConnections()
		interrupt()
		if code := <-exit; code != exitOK {
			t.Errorf("the program ended with exit code %d, stderr:\n%s", code, stderr.String())
		}
	})
}

// whole reads a request's body before it is sent. The SDK takes a body back as
// soon as the answer's header is there; on a network without any delay the
// transport is then still looking for the body's end, and hangs up.
type whole struct{ *http.Transport }

func (w whole) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		r = r.Clone(r.Context())
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	return w.Transport.RoundTrip(r)
}

// settle waits until nothing happens any more without time passing.
func (s *shop) settle() { synctest.Wait() }

// pass lets virtual time go by.
func (s *shop) pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

func (s *shop) call(method, path string, header map[string]string, body any) (status int, answer []byte, location string) {
	s.t.Helper()
	raw, ok := body.([]byte)
	if !ok && body != nil {
		raw, _ = json.Marshal(body)
	}
	r, err := http.NewRequest(method, shopAPI+path, bytes.NewReader(raw))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	for name, value := range header {
		r.Header.Set(name, value)
	}
	resp, err := s.client.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err = io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return resp.StatusCode, answer, resp.Header.Get("Location")
}

// place posts an order and wants it accepted.
func (s *shop) place(request orderRequest) (orderID string) {
	s.t.Helper()
	status, answer, location := s.call("POST", "/orders", nil, request)
	var placed order.Order
	if err := json.Unmarshal(answer, &placed); err != nil || status != http.StatusAccepted || location != "/orders/"+placed.ID || placed.Status != order.Pending {
		s.t.Fatalf("POST /orders answers %d, Location %q: %s", status, location, answer)
	}
	return placed.ID
}

func (s *shop) get(orderID string) (o order.Order) {
	s.t.Helper()
	status, answer, _ := s.call("GET", "/orders/"+orderID, nil, nil)
	if err := json.Unmarshal(answer, &o); err != nil || status != http.StatusOK {
		s.t.Fatalf("GET /orders/%s answers %d: %s", orderID, status, answer)
	}
	return o
}

// row reads an item as JSON values, nil if there is none.
func (s *shop) row(table string, key map[string]string) (row map[string]any) {
	s.t.Helper()
	in := &dynamodb.GetItemInput{TableName: aws.String("orderflow-" + table), Key: map[string]types.AttributeValue{}, ConsistentRead: aws.Bool(true)}
	for name, value := range key {
		in.Key[name] = &types.AttributeValueMemberS{Value: value}
	}
	out, err := dynamodb.NewFromConfig(s.aws).GetItem(s.t.Context(), in)
	if err != nil {
		s.t.Fatal(err)
	}
	if out.Item == nil {
		return nil
	}
	if err := attributevalue.UnmarshalMap(out.Item, &row); err != nil {
		s.t.Fatal(err)
	}
	return row
}

// count is the number of items in a table.
func (s *shop) count(table string) int {
	s.t.Helper()
	out, err := dynamodb.NewFromConfig(s.aws).Scan(s.t.Context(), &dynamodb.ScanInput{TableName: aws.String("orderflow-" + table), Select: types.SelectCount})
	if err != nil {
		s.t.Fatal(err)
	}
	return int(out.Count)
}

// stock is what stands on a SKU's shelf: available/reserved/committed.
func (s *shop) stock(sku string) string {
	s.t.Helper()
	row := s.row("StockTable", map[string]string{"sku": sku})
	available, reserved, committed := row["available"].(float64), row["reserved"].(float64), row["committed"].(float64)
	if stocked := row["stocked"].(float64); available+reserved+committed != stocked || min(available, reserved, committed) < 0 {
		s.t.Errorf("stock of %s does not add up: %v", sku, row)
	}
	return fmt.Sprintf("%v/%v/%v", available, reserved, committed)
}

func (s *shop) status(table, orderID string) string {
	s.t.Helper()
	status, _ := s.row(table, map[string]string{"orderId": orderID})["status"].(string)
	return status
}

// mails are the subjects of what a customer was sent, oldest first.
func (s *shop) mails(to string) (subjects []string) {
	s.t.Helper()
	resp, err := s.client.Get(shopAWS + "/_local/outbox?to=" + to)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	var outbox struct {
		Messages []struct{ Subject string }
	}
	if err := json.NewDecoder(resp.Body).Decode(&outbox); err != nil {
		s.t.Fatal(err)
	}
	for _, m := range outbox.Messages {
		subjects = append(subjects, m.Subject)
	}
	return subjects
}

// analysed is every event that analytics stored, by order and type.
func (s *shop) analysed() map[string][]order.EventType {
	s.t.Helper()
	found := map[string][]order.EventType{}
	for _, line := range s.storedEvents() {
		e, err := order.ParseEvent(line)
		if err != nil {
			s.t.Fatalf("%s: %v", line, err)
		}
		if e.Data.TaskToken != "" {
			s.t.Errorf("event %s holds a task token", e.ID)
		}
		found[e.Subject] = append(found[e.Subject], e.Type)
	}
	return found
}

// storedEvents are the events that analytics stored, each as JSON.
func (s *shop) storedEvents() (lines [][]byte) {
	s.t.Helper()
	client := s3.NewFromConfig(s.aws, func(o *s3.Options) { o.UsePathStyle = true })
	bucket := aws.String("orderflow-analyticsbucket")
	listed, err := client.ListObjectsV2(s.t.Context(), &s3.ListObjectsV2Input{Bucket: bucket})
	if err != nil {
		s.t.Fatal(err)
	}
	for _, object := range listed.Contents {
		out, err := client.GetObject(s.t.Context(), &s3.GetObjectInput{Bucket: bucket, Key: object.Key})
		if err != nil {
			s.t.Fatal(err)
		}
		content, err := io.ReadAll(out.Body)
		out.Body.Close()
		if err != nil {
			s.t.Fatal(err)
		}
		lines = slices.AppendSeq(lines, bytes.Lines(content))
	}
	return lines
}

// queued is the number of messages in each queue that holds any.
func (s *shop) queued() map[string]string {
	s.t.Helper()
	client := sqs.NewFromConfig(s.aws)
	listed, err := client.ListQueues(s.t.Context(), &sqs.ListQueuesInput{})
	if err != nil {
		s.t.Fatal(err)
	}
	if len(listed.QueueUrls) < 8 {
		s.t.Errorf("there are %d queues, want 8 at least", len(listed.QueueUrls))
	}
	found := map[string]string{}
	for _, url := range listed.QueueUrls {
		out, err := client.GetQueueAttributes(s.t.Context(), &sqs.GetQueueAttributesInput{QueueUrl: &url, AttributeNames: []sqstypes.QueueAttributeName{"All"}})
		if err != nil {
			s.t.Fatal(err)
		}
		visible, hidden, delayed := out.Attributes["ApproximateNumberOfMessages"], out.Attributes["ApproximateNumberOfMessagesNotVisible"], out.Attributes["ApproximateNumberOfMessagesDelayed"]
		if visible != "0" || hidden != "0" || delayed != "0" {
			found[url[strings.LastIndex(url, "/")+1:]] = fmt.Sprintf("%s visible, %s hidden, %s delayed", visible, hidden, delayed)
		}
	}
	return found
}

// consume switches a consumer off or on, as on-call would.
func (s *shop) consume(function string, on bool) {
	s.t.Helper()
	client := lambda.NewFromConfig(s.aws)
	mappings, err := client.ListEventSourceMappings(s.t.Context(), &lambda.ListEventSourceMappingsInput{FunctionName: aws.String("orderflow-" + function)})
	if err != nil || len(mappings.EventSourceMappings) != 1 {
		s.t.Fatalf("mappings of %s: %+v, %v", function, mappings, err)
	}
	if _, err := client.UpdateEventSourceMapping(s.t.Context(), &lambda.UpdateEventSourceMappingInput{UUID: mappings.EventSourceMappings[0].UUID, Enabled: &on}); err != nil {
		s.t.Fatal(err)
	}
	s.settle()
}

func (s *shop) execution(orderID string) string {
	return "arn:aws:states:us-east-1:000000000000:execution:orderflow-OrderStateMachine:" + orderID
}

// told is an execution's history as a story: the status it ended with, and for
// each state in the order of entering it "Name: Type Type …". Branches run at
// once, so only a state's own events have an order.
func (s *shop) told(orderID string) (status string, states []string) {
	s.t.Helper()
	client := sfn.NewFromConfig(s.aws)
	described, err := client.DescribeExecution(s.t.Context(), &sfn.DescribeExecutionInput{ExecutionArn: aws.String(s.execution(orderID))})
	if err != nil {
		s.t.Fatal(err)
	}
	const fanOut = "FanOut" // the definition's only Parallel
	index, of := map[string]int{}, map[int64]string{}
	pages := sfn.NewGetExecutionHistoryPaginator(client, &sfn.GetExecutionHistoryInput{ExecutionArn: aws.String(s.execution(orderID)), MaxResults: 10})
	for next := int64(1); pages.HasMorePages(); {
		page, err := pages.NextPage(s.t.Context())
		if err != nil {
			s.t.Fatal(err)
		}
		for _, e := range page.Events {
			if e.Id != next || e.PreviousEventId >= e.Id {
				s.t.Errorf("event %d, after %d, comes where event %d should", e.Id, e.PreviousEventId, next)
			}
			next++
			name := of[e.PreviousEventId]
			if e.StateEnteredEventDetails != nil {
				name = *e.StateEnteredEventDetails.Name
				index[name] = len(states)
				states = append(states, name+":")
			}
			if strings.HasPrefix(string(e.Type), "ParallelState") {
				name = fanOut // whichever branch its event points at
			}
			of[e.Id] = name
			if i, ok := index[of[e.Id]]; ok {
				states[i] += " " + string(e.Type)
			}
		}
	}
	return string(described.Status), states
}
