// Package lambdas_test holds the handlers to what they may allocate.
package lambdas_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/smithy-go/middleware"

	"orderflow/lambdas/analytics"
	"orderflow/lambdas/api"
	"orderflow/lambdas/inventory"
	"orderflow/lambdas/notification"
	"orderflow/lambdas/order"
	"orderflow/lambdas/reconciliation"
	"orderflow/lambdas/shipment"
	"orderflow/lambdas/validation"
)

// maxExtra is how many allocations a handler may make beyond those of the bare
// SDK calls that it makes with inputs made beforehand. (Shipment's call of the
// carrier, which has no SDK, counts as one of its calls, as bare as net/http
// makes it.)
const maxExtra = 60

// runs are how many events an average is taken of.
const runs = 500

// A job is one event that a handler is given.
type job struct {
	name    string
	new     func(aws.Config, func(string) string) (lambda.Handler, error)
	payload string
	answers map[string]string // what AWS answers, by API action, or by HTTP method
}

// BenchmarkExtraAllocations shows for each handler what it allocates for one
// event, its lines of the log included, and how much of that is not the SDK's.
func BenchmarkExtraAllocations(b *testing.B) {
	for _, j := range jobs(b) {
		b.Run(j.name, func(b *testing.B) {
			handle := j.handle(b)
			for b.Loop() {
				handle()
			}
			handled, bare := j.allocations(b)
			b.ReportMetric(handled, "handler-allocs/op")
			b.ReportMetric(bare, "sdk-allocs/op")
			b.ReportMetric(handled-bare, "extra-allocs/op")
		})
	}
}

// allocations are how many one event takes, and how many the bare SDK calls do
// that it leads to.
func (j job) allocations(tb testing.TB) (handled, bare float64) {
	calls := j.calls(tb)
	return testing.AllocsPerRun(runs, j.handle(tb)), testing.AllocsPerRun(runs, calls)
}

// handle hands the job's event to its handler, every time about another order.
func (j job) handle(tb testing.TB) func() {
	handler, ctx := j.handler(tb, j.config()), invocation(tb)
	payloads := make([][]byte, runs)
	for i := range payloads {
		payloads[i] = []byte(strings.ReplaceAll(j.payload, orderID, fmt.Sprintf("%s%04d", orderID[:len(orderID)-4], i)))
	}
	i := 0
	return func() {
		i++
		out, err := handler.Invoke(ctx, payloads[i%runs])
		if err != nil || bytes.Contains(out, []byte("itemIdentifier")) || bytes.Contains(out, []byte(`"statusCode":5`)) || bytes.Contains(out, []byte(`"statusCode":4`)) {
			tb.Fatalf("%s answers %s, error %v", j.name, out, err)
		}
	}
}

// calls makes the SDK calls that the job's handler makes, with the very inputs,
// and the carrier's HTTP calls.
func (j job) calls(tb testing.TB) func() {
	var inputs []any
	recording := j.config()
	recording.HTTPClient = recorder{recording.HTTPClient, func(r request) { inputs = append(inputs, r) }}
	recording.APIOptions = append(recording.APIOptions, func(s *middleware.Stack) error {
		return s.Initialize.Add(middleware.InitializeMiddlewareFunc("record", func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
			inputs = append(inputs, snapshot(in.Parameters))
			return next.HandleInitialize(ctx, in)
		}), middleware.Before)
	})
	if _, err := j.handler(tb, recording).Invoke(invocation(tb), []byte(j.payload)); err != nil {
		tb.Fatal(err)
	}
	if len(inputs) == 0 {
		tb.Fatalf("%s makes no SDK calls", j.name)
	}
	cfg, ctx := j.config(), invocation(tb)
	clients := clients{dynamodb.NewFromConfig(cfg), s3.NewFromConfig(cfg), sesv2.NewFromConfig(cfg), sfn.NewFromConfig(cfg)}
	return func() {
		for _, in := range inputs {
			if r, ok := in.(request); ok {
				if err := r.send(ctx, cfg.HTTPClient); err != nil {
					tb.Fatalf("%s: %v", j.name, err)
				}
				continue
			}
			if err := clients.call(ctx, in); err != nil {
				tb.Fatalf("%s: %T: %v", j.name, in, err)
			}
		}
	}
}

// snapshot is an input that its caller may use for the next call.
func snapshot(in any) any {
	if scan, ok := in.(*dynamodb.ScanInput); ok {
		copied := *scan
		copied.Segment = aws.Int32(*scan.Segment)
		return &copied
	}
	return in
}

// A request is a call of the carrier's.
type request struct {
	method, url string
	body        []byte
}

// recorder notes the requests that are not made by the SDK.
type recorder struct {
	next aws.HTTPClient
	note func(request)
}

func (r recorder) Do(req *http.Request) (*http.Response, error) {
	if req.URL.Host == "carrier.example" {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return nil, err
		}
		r.note(request{req.Method, req.URL.String(), body})
	}
	return r.next.Do(req)
}

func (r request) send(ctx context.Context, client aws.HTTPClient) error {
	req, err := http.NewRequestWithContext(ctx, r.method, r.url, bytes.NewReader(r.body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, err = io.ReadAll(resp.Body)
	return err
}

type clients struct {
	dynamodb *dynamodb.Client
	s3       *s3.Client
	ses      *sesv2.Client
	sfn      *sfn.Client
}

func (c clients) call(ctx context.Context, in any) (err error) {
	switch in := in.(type) {
	case *dynamodb.BatchGetItemInput:
		_, err = c.dynamodb.BatchGetItem(ctx, in)
	case *dynamodb.GetItemInput:
		_, err = c.dynamodb.GetItem(ctx, in)
	case *dynamodb.PutItemInput:
		_, err = c.dynamodb.PutItem(ctx, in)
	case *dynamodb.QueryInput:
		_, err = c.dynamodb.Query(ctx, in)
	case *dynamodb.ScanInput:
		_, err = c.dynamodb.Scan(ctx, in)
	case *dynamodb.TransactWriteItemsInput:
		in.ClientRequestToken = nil // the SDK's, of the last call
		_, err = c.dynamodb.TransactWriteItems(ctx, in)
	case *dynamodb.UpdateItemInput:
		_, err = c.dynamodb.UpdateItem(ctx, in)
	case *s3.PutObjectInput:
		if _, err := in.Body.(io.Seeker).Seek(0, io.SeekStart); err != nil {
			return err
		}
		_, err = c.s3.PutObject(ctx, in)
	case *sesv2.SendEmailInput:
		_, err = c.ses.SendEmail(ctx, in)
	case *sfn.SendTaskSuccessInput:
		_, err = c.sfn.SendTaskSuccess(ctx, in)
	case *sfn.StartExecutionInput:
		_, err = c.sfn.StartExecution(ctx, in)
	default:
		err = fmt.Errorf("no call is known that takes a %T", in)
	}
	return err
}

func (j job) handler(tb testing.TB, cfg aws.Config) lambda.Handler {
	tb.Helper()
	h, err := j.new(cfg, environment)
	if err != nil {
		tb.Fatal(err)
	}
	return h
}

func (j job) config() aws.Config {
	return aws.Config{
		Region:      "eu-west-1",
		Credentials: credentials.NewStaticCredentialsProvider("any", "thing", ""),
		HTTPClient:  canned(j.answers),
	}
}

// canned answers at once.
type canned map[string]string

func (c canned) Do(r *http.Request) (*http.Response, error) {
	action := r.Method
	if target := r.Header["X-Amz-Target"]; len(target) > 0 {
		_, action, _ = strings.Cut(target[0], ".")
	}
	if action == "Scan" {
		action += " " + page(r.Body)
	}
	answer, ok := c[action]
	if !ok {
		return nil, fmt.Errorf("nothing is answered to %s %s", action, r.URL)
	}
	status := http.StatusOK
	if r.Method == http.MethodDelete {
		status = http.StatusNoContent
	}
	return &http.Response{StatusCode: status, Body: io.NopCloser(strings.NewReader(answer)), ContentLength: int64(len(answer)), Request: r}, nil
}

// page names the page that a scan asks for.
func page(scan io.Reader) string {
	var body [1024]byte
	n, _ := io.ReadFull(scan, body[:])
	if bytes.Contains(body[:n], []byte(`"TableName":"orders"`)) && bytes.Contains(body[:n], []byte(`"Segment":7,`)) {
		return "with an order"
	}
	return "with nothing"
}

// invocation is the context of an invocation, in Lambda's default logger but
// for where its lines go.
func invocation(tb testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	tb.Cleanup(cancel)
	return lambdacontext.NewContext(ctx, &lambdacontext.LambdaContext{AwsRequestID: "0e4e5f2b-8f0b-4ad8-9d8b-0f6c1ff9a3a7"})
}

func environment(name string) string {
	return map[string]string{
		"ANALYTICS_BUCKET":    "analytics",
		"CARRIER_URL":         "https://carrier.example",
		"CATALOGUE_TABLE":     "catalogue",
		"GRACE_SECONDS":       "900",
		"METRICS_NAMESPACE":   "orderflow",
		"NOTIFICATIONS_TABLE": "notifications",
		"ORDERS_TABLE":        "orders",
		"ORDERS_TOPIC_ARN":    "arn:aws:sns:eu-west-1:111122223333:orders",
		"RESERVATIONS_TABLE":  "reservations",
		"SENDER":              "orders@shop.example",
		"SHIPMENTS_TABLE":     "shipments",
		"STATE_MACHINE_ARN":   "arn:aws:states:eu-west-1:111122223333:stateMachine:orders",
		"STOCK_TABLE":         "stock",
	}[name]
}

const (
	orderID = "0199aa3c-7b1e-7c4e-9d65-3f0f5b1e2a10"

	customer = `"customer":{"M":{"id":{"S":"c-42"},"name":{"S":"Ada"},"email":{"S":"ada@example.com"}}}`
	address  = `"shippingAddress":{"M":{"name":{"S":"Ada"},"line1":{"S":"1 Byron St"},"city":{"S":"London"},"postalCode":{"S":"N1 1AA"},"country":{"S":"GB"}}}`
	lines    = `"lines":{"L":[{"M":{"sku":{"S":"MUG-BLUE"},"name":{"S":"Blue mug"},"quantity":{"N":"2"},"unitPrice":{"M":{"amount":{"N":"1250"},"currency":{"S":"GBP"}}},"weightGrams":{"N":"350"}}}]}`
	total    = `"total":{"M":{"amount":{"N":"2500"},"currency":{"S":"GBP"}}}`
	row      = `{"orderId":{"S":"` + orderID + `"},"status":{"S":"PENDING"},"customerId":{"S":"c-42"},` + customer + `,` + address + `,` + lines + `,` + total + `,"createdAt":{"S":"2026-01-02T03:04:05.000Z"},"fingerprint":{"S":"f"}}`

	placing = `{"customer":{"id":"` + orderID + `","name":"` + orderID + `","email":"` + orderID + `@example.com"},"items":[{"sku":"MUG-BLUE","quantity":2}],` +
		`"shippingAddress":{"name":"Ada","line1":"1 Byron St","city":"London","postalCode":"N1 1AA","country":"GB"}}`
)

// jobs are one event for each thing that a handler does.
func jobs(tb testing.TB) []job {
	started := `{"executionArn":"arn:aws:states:eu-west-1:111122223333:execution:orders:` + orderID + `","startDate":1767323045.1}`
	return []job{
		{"api/place", api.New, httpRequest(tb, "POST", "/orders", nil, nil, placing), map[string]string{"StartExecution": started}},
		{"api/place-with-key", api.New, httpRequest(tb, "POST", "/orders", nil, map[string]string{"idempotency-key": orderID}, placing),
			map[string]string{"GetItem": `{}`, "StartExecution": started}},
		{"api/show", api.New, httpRequest(tb, "GET", "/orders/{orderId}", map[string]string{"orderId": orderID}, nil, ""),
			map[string]string{"GetItem": `{"Item":` + row + `}`}},
		{"api/list", api.New, httpRequest(tb, "GET", "/orders", nil, nil, ""),
			map[string]string{"Query": `{"Items":[{"orderId":{"S":"` + orderID + `"},"customerId":{"S":"c-42"},"createdAt":{"S":"2026-01-02T03:04:05.000Z"}}],"Count":1,"ScannedCount":1}`,
				"BatchGetItem": `{"Responses":{"orders":[` + row + `]},"UnprocessedKeys":{}}`}},
		{"api/cancel", api.New, httpRequest(tb, "POST", "/orders/{orderId}/cancel", map[string]string{"orderId": orderID}, nil, ""),
			map[string]string{"UpdateItem": `{}`}},

		{"validation", validation.New, `{"orderId":"` + orderID + `","execution":"arn:aws:states:eu-west-1:111122223333:execution:orders:` + orderID + `","items":[{"sku":"MUG-BLUE","quantity":2}]}`,
			map[string]string{"BatchGetItem": `{"Responses":{"catalogue":[{"sku":{"S":"MUG-BLUE"},"name":{"S":"Blue mug"},"unitPrice":{"N":"1250"},"currency":{"S":"GBP"},"weightGrams":{"N":"350"}}]},"UnprocessedKeys":{}}`}},

		{"inventory/requested", inventory.New, message(tb, order.InventoryRequested), map[string]string{"TransactWriteItems": `{}`, "SendTaskSuccess": `{}`}},
		{"inventory/confirmed", inventory.New, message(tb, order.OrderConfirmed), map[string]string{"TransactWriteItems": `{}`}},
		{"inventory/cancelled", inventory.New, message(tb, order.OrderCancelled), map[string]string{"PutItem": `{}`}},

		{"shipment/requested", shipment.New, message(tb, order.ShipmentRequested), map[string]string{
			"BatchGetItem": `{"Responses":{"orders":[{"status":{"S":"PENDING"},` + address + `}],"shipments":[]},"UnprocessedKeys":{}}`,
			"PUT":          `{"carrier":"ACME","trackingNumber":"ACME-000001"}`, "PutItem": `{}`, "SendTaskSuccess": `{}`}},
		{"shipment/cancelled", shipment.New, message(tb, order.OrderCancelled), map[string]string{"PutItem": `{}`, "DELETE": ``}},
		{"shipment/confirmed", shipment.New, message(tb, order.OrderConfirmed), map[string]string{"UpdateItem": `{}`}},

		{"notification/placed", notification.New, message(tb, order.Placed), map[string]string{
			"BatchGetItem": `{"Responses":{"orders":[{` + customer + `,"shippingAddress":{"M":{"country":{"S":"GB"}}}}],"notifications":[]},"UnprocessedKeys":{}}`,
			"POST":         `{"MessageId":"m-1"}`, "PutItem": `{}`}},
		{"notification/confirmed", notification.New, message(tb, order.OrderConfirmed), map[string]string{
			"BatchGetItem": `{"Responses":{"orders":[{` + customer + `,"shippingAddress":{"M":{"country":{"S":"GB"}}}}],"notifications":[]},"UnprocessedKeys":{}}`,
			"POST":         `{"MessageId":"m-1"}`, "PutItem": `{}`}},

		{"analytics/requested", analytics.New, message(tb, order.InventoryRequested), map[string]string{"PUT": ``}},
		{"analytics/confirmed", analytics.New, message(tb, order.OrderConfirmed), map[string]string{"PUT": ``}},

		{"reconciliation", reconciliation.New, `{}`, map[string]string{
			"Scan with nothing":  `{"Items":[],"Count":0,"ScannedCount":0}`,
			"Scan with an order": `{"Items":[{"orderId":{"S":"` + orderID + `"},"status":{"S":"CONFIRMED"},"decidedAt":{"S":"2026-01-02T03:04:06.000Z"}}],"Count":1,"ScannedCount":1}`,
			"BatchGetItem": `{"Responses":{"reservations":[{"orderId":{"S":"` + orderID + `"},"status":{"S":"COMMITTED"}}],` +
				`"shipments":[{"orderId":{"S":"` + orderID + `"},"status":{"S":"DISPATCHED"}}]},"UnprocessedKeys":{}}`}},
	}
}

// message is a batch of one golden event.
func message(tb testing.TB, kind order.EventType) string {
	body, err := os.ReadFile("order/testdata/events/" + string(kind) + ".json")
	if err != nil {
		tb.Fatal(err)
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, body); err != nil {
		tb.Fatal(err)
	}
	// As Lambda hands it over, its times apart.
	// https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
	batch, err := json.Marshal(events.SQSEvent{Records: []events.SQSMessage{{
		MessageId:      orderID,
		ReceiptHandle:  "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a" + orderID,
		Body:           strings.Replace(compact.String(), "example-task-token", orderID, 1),
		Md5OfBody:      "e4e68fb7bd0e697a0ae8f1bb342846b3",
		EventSource:    "aws:sqs",
		EventSourceARN: "arn:aws:sqs:eu-west-1:111122223333:queue",
		AWSRegion:      "eu-west-1",
		Attributes: map[string]string{
			"ApproximateReceiveCount":          "1",
			"SentTimestamp":                    "1767323045123",
			"SenderId":                         "AIDAIENQZJOLO23YVJ4VO",
			"ApproximateFirstReceiveTimestamp": "1767323045150",
		},
		MessageAttributes: map[string]events.SQSMessageAttribute{"type": {DataType: "String", StringValue: aws.String(string(kind))}},
	}}})
	if err != nil {
		tb.Fatal(err)
	}
	return string(batch)
}

// httpRequest is one as API Gateway hands it over.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
func httpRequest(tb testing.TB, method, route string, path, headers map[string]string, body string) string {
	all := map[string]string{
		"accept": "*/*", "content-length": "318", "content-type": "application/json", "host": "abcdefghij.execute-api.eu-west-1.amazonaws.com",
		"user-agent": "curl/8.5.0", "x-amzn-trace-id": "Root=1-67c0ffee-1a2b3c4d5e6f708192a3b4c5", "x-forwarded-for": "203.0.113.7",
		"x-forwarded-port": "443", "x-forwarded-proto": "https",
	}
	for name, value := range headers {
		all[name] = value
	}
	var query map[string]string
	if method == "GET" && path == nil {
		query = map[string]string{"customerId": "c-42"}
	}
	r := events.APIGatewayV2HTTPRequest{
		Version: "2.0", RouteKey: method + " " + route, RawPath: route, Headers: all, PathParameters: path, QueryStringParameters: query, Body: body,
		RequestContext: events.APIGatewayV2HTTPRequestContext{
			AccountID: "111122223333", APIID: "abcdefghij", DomainName: "abcdefghij.execute-api.eu-west-1.amazonaws.com", DomainPrefix: "abcdefghij",
			RequestID: "JKJaXmPLvHcESHA=", RouteKey: method + " " + route, Stage: "$default", Time: "02/Jan/2026:03:04:05 +0000", TimeEpoch: 1767323045123,
			HTTP: events.APIGatewayV2HTTPRequestContextHTTPDescription{Method: method, Path: route, Protocol: "HTTP/1.1", SourceIP: "203.0.113.7", UserAgent: "curl/8.5.0"},
		},
	}
	payload, err := json.Marshal(r)
	if err != nil {
		tb.Fatal(err)
	}
	return string(payload)
}

// logger is Lambda's, as lambdacontext.NewLogger makes it where the log's
// format is JSON, but for where the lines go.
type logger struct{ slog.Handler }

func (l logger) Handle(ctx context.Context, r slog.Record) error {
	if lc, ok := lambdacontext.FromContext(ctx); ok {
		r.AddAttrs(slog.String("requestId", lc.AwsRequestID))
	}
	return l.Handler.Handle(ctx, r)
}

func (l logger) WithAttrs(attrs []slog.Attr) slog.Handler { return &logger{l.Handler.WithAttrs(attrs)} }
func (l logger) WithGroup(name string) slog.Handler       { return &logger{l.Handler.WithGroup(name)} }

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(&logger{slog.NewJSONHandler(io.Discard, &slog.HandlerOptions{Level: slog.LevelInfo, ReplaceAttr: lambdacontext.ReplaceAttr})}))
	os.Exit(m.Run())
}
