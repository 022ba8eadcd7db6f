// Package api takes orders over HTTP, shows them and cancels them.
package api

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"orderflow/lambdas/order"
)

// New makes the handler behind OrdersApi. It reads ORDERS_TABLE and
// STATE_MACHINE_ARN, and CALLERS: "customers" where every caller is one, who
// places, sees and cancels their own orders; unset where the shop's own server
// calls, for all of them.
func New(cfg aws.Config, getenv func(string) string) (lambda.Handler, error) {
	stateMachine := getenv("STATE_MACHINE_ARN")
	d := &desk{
		orders:     &orders{db: dynamodb.NewFromConfig(cfg), table: getenv("ORDERS_TABLE")},
		executions: &executions{client: sfn.NewFromConfig(cfg, boundRetries), stateMachine: stateMachine, all: order.ExecutionsOf(stateMachine)},
	}
	if d.orders.table == "" {
		return nil, errors.New("api: ORDERS_TABLE is not set")
	}
	if stateMachine == "" {
		return nil, errors.New("api: STATE_MACHINE_ARN is not set")
	}
	switch callers := getenv("CALLERS"); callers {
	case "":
	case onlyCustomers:
		d.onlyCustomers = true
	default: // perhaps meant to keep somebody out
		return nil, fmt.Errorf("api: CALLERS is %q: set it to %q, or not at all", callers, onlyCustomers)
	}
	return d, nil
}

// boundRetries keeps what a throttled call waits, with full jitter, well below
// the time a client would: after that the client is asked to come again. The
// SDK's own jitter is none when it is to wait for less than a second.
func boundRetries(o *sfn.Options) {
	o.Retryer = retry.NewStandard(func(r *retry.StandardOptions) {
		r.MaxAttempts = 4
		r.Backoff = retry.BackoffDelayerFunc(fullJitter)
	})
}

// fullJitter is a random part of a pause that doubles: 200, 400 and 800 ms at
// most. https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
func fullJitter(attempt int, _ error) (time.Duration, error) {
	return time.Duration(roll(int64(100 * time.Millisecond << attempt))), nil
}

// roll is a random number below n. The dice are crypto/rand's, which
// testing/cryptotest can load.
func roll(n int64) int64 {
	rolled, err := rand.Int(rand.Reader, big.NewInt(n))
	if err != nil { // crypto/rand never fails
		panic(err)
	}
	return rolled.Int64()
}

// ordersPath is what an order's ID follows in its URL.
const ordersPath = "/orders/"

// A request is what is looked at of one as API Gateway hands it over.
type request struct {
	RouteKey              string            `json:"routeKey"`
	Headers               headers           `json:"headers"`
	PathParameters        map[string]string `json:"pathParameters"`
	QueryStringParameters map[string]string `json:"queryStringParameters"`
	Body                  string            `json:"body"`
	IsBase64Encoded       bool              `json:"isBase64Encoded"`
	RequestContext        struct {
		Authorizer struct {
			JWT *token `json:"jwt"` // nil: the request came without
		} `json:"authorizer"`
	} `json:"requestContext"`
}

// A token is what API Gateway tells of one that it found to be valid.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html
type token struct {
	Claims struct {
		Subject string `json:"sub"`
	} `json:"claims"`
}

// A response is what API Gateway makes an HTTP response of.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
type response struct {
	StatusCode int             `json:"statusCode"`
	Headers    responseHeaders `json:"headers"`
	Body       string          `json:"body"`
}

type responseHeaders struct {
	ContentType  string `json:"content-type"`
	CacheControl string `json:"cache-control"`
	Location     string `json:"location,omitzero"`
	RetryAfter   string `json:"retry-after,omitzero"`
}

// headers are those that are looked at, of all that come with a request.
type headers struct {
	ContentType     string  `json:"content-type"`
	ContentEncoding string  `json:"content-encoding"`
	IdempotencyKey  *string `json:"idempotency-key"` // nil: none
}

// Invoke implements lambda.Handler.
func (d *desk) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	var r request
	if err := json.Unmarshal(payload, &r); err != nil {
		return nil, fmt.Errorf("api: request: %w", err)
	}
	answer := d.serve(ctx, r)
	return json.Marshal(&answer)
}

// serve answers one HTTP request. Whatever goes wrong is told as a problem;
// only what is nobody's fault but ours goes to the log in full.
func (d *desk) serve(ctx context.Context, r request) response {
	start := time.Now()
	answer, err := d.route(ctx, r)
	log := d.logger(aboutOrder(r, answer, err))
	if err != nil {
		p := asProblem(err)
		answer = p.response()
		if p.Status >= http.StatusInternalServerError {
			log.LogAttrs(ctx, slog.LevelError, "request failed", slog.String("route", r.RouteKey), slog.Int("status", p.Status),
				slog.Any("error", err), slog.String("next", p.next))
		}
	}
	log.LogAttrs(ctx, slog.LevelInfo, "request answered", slog.String("route", r.RouteKey), slog.Int("status", answer.StatusCode), slog.Duration("took", time.Since(start)))
	return answer
}

// logger is that of lines about an order, or about none.
func (d *desk) logger(orderID string) *slog.Logger {
	if orderID == "" {
		return slog.Default()
	}
	return order.Logger(orderID, d.executions.all.ARN(orderID))
}

// aboutOrder is the order that a request, its answer or its error is about, or
// "". What is no order's ID may be anything, and is not for the log.
func aboutOrder(r request, answer response, err error) string {
	if id := r.PathParameters["orderId"]; isOrderID(id) {
		return id
	}
	if failed, ok := errors.AsType[notPlaced](err); ok {
		return failed.orderID
	}
	return strings.TrimPrefix(answer.Headers.Location, ordersPath)
}

// notPlaced is the error of an order that could not be placed under an ID.
type notPlaced struct {
	orderID string
	error
}

func (e notPlaced) Unwrap() error { return e.error }

func (d *desk) route(ctx context.Context, r request) (response, error) {
	by, err := d.caller(r)
	if err != nil {
		return response{}, err
	}
	switch r.RouteKey {
	case "POST /orders":
		return d.servePost(ctx, by, r)
	case "GET /orders":
		return d.serveList(ctx, by, r)
	case "GET /orders/{orderId}":
		return d.serveGet(ctx, by, r)
	case "POST /orders/{orderId}/cancel":
		return d.serveCancel(ctx, by, r)
	}
	return response{}, problem{Type: typeNotFound, Title: "No such resource", Status: http.StatusNotFound}
}

// accepted is the answer to an order placed or cancelled.
type accepted struct {
	OrderID string       `json:"orderId"`
	Status  order.Status `json:"status"`
}

func (d *desk) servePost(ctx context.Context, by caller, r request) (response, error) {
	key, err := idempotencyKey(r.Headers.IdempotencyKey)
	if err != nil {
		return response{}, err
	}
	body, err := jsonBody(r)
	if err != nil {
		return response{}, err
	}
	asked, err := parseOrder(body)
	if err != nil {
		return response{}, err
	}
	if err := by.mayPlace(asked); err != nil {
		return response{}, err
	}
	orderID, err := d.place(ctx, by, asked, key)
	if err != nil {
		return response{}, notPlaced{orderID, err}
	}
	answer := jsonResponse(http.StatusAccepted, accepted{orderID, order.Pending})
	answer.Headers.Location = ordersPath + orderID
	return answer, nil
}

func (d *desk) serveGet(ctx context.Context, by caller, r request) (response, error) {
	orderID, err := pathOrderID(r)
	if err != nil {
		return response{}, err
	}
	o, err := d.show(ctx, by, orderID)
	if err != nil {
		return response{}, err
	}
	return jsonResponse(http.StatusOK, o), nil
}

func (d *desk) serveList(ctx context.Context, by caller, r request) (response, error) {
	q, err := parseListQuery(by, r.QueryStringParameters)
	if err != nil {
		return response{}, err
	}
	page, err := d.orders.list(ctx, q)
	if err != nil {
		return response{}, err
	}
	return jsonResponse(http.StatusOK, page), nil
}

func (d *desk) serveCancel(ctx context.Context, by caller, r request) (response, error) {
	orderID, err := pathOrderID(r)
	if err != nil {
		return response{}, err
	}
	if err := d.cancel(ctx, by, orderID); err != nil {
		return response{}, err
	}
	return jsonResponse(http.StatusAccepted, accepted{orderID, order.Cancelled}), nil
}

// pathOrderID is the order that a request's path names. What is no UUID names
// no order, and needs no look-up.
func pathOrderID(r request) (string, error) {
	id := r.PathParameters["orderId"]
	if !isOrderID(id) {
		return "", notFound(id)
	}
	return id, nil
}

func isOrderID(id string) bool {
	parsed, err := uuid.Parse(id)
	return err == nil && parsed.String() == id
}

func notFound(orderID string) error {
	return problem{
		Type:   typeNotFound,
		Title:  "No such order",
		Status: http.StatusNotFound,
		Detail: fmt.Sprintf("there is no order %q", orderID),
	}
}
