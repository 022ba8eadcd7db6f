package stack

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"orderflow/lambdas/order"
)

// An Answer is what the HTTP API answered.
type Answer struct {
	Status  int             // HTTP
	OrderID string          // from Location or the body; "" when refused
	Body    json.RawMessage // an order's, or an RFC 9457 problem's
}

// ErrNoOrder is the error of asking for an order that was never placed, or that
// is not the caller's to see.
var ErrNoOrder = errors.New("stack: there is no such order")

// ErrTurnedAway is the error of asking an API whose authorizer does not let the
// caller in.
var ErrTurnedAway = errors.New("stack: the API does not let this caller in")

// ErrWantsToken is the ErrTurnedAway of an API that customers call, with tokens.
// It alone answers 401: where callers sign, they are answered 403.
var ErrWantsToken = fmt.Errorf("%w without a token that it trusts", ErrTurnedAway)

// Place posts an order as it is, valid or not. key is its Idempotency-Key, ""
// for none. A refusal is an Answer, not an error.
func (s *Stack) Place(ctx context.Context, body []byte, key string) (Answer, error) {
	header := http.Header{"Content-Type": {"application/json"}}
	if key != "" {
		header.Set("Idempotency-Key", quoted(key))
	}
	return s.call(ctx, http.MethodPost, "/orders", header, body)
}

// quoted is a string of a structured header field.
// https://www.rfc-editor.org/rfc/rfc8941#section-3.3.3
func quoted(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// Order asks the HTTP API, as a customer would. Error: ErrNoOrder.
func (s *Stack) Order(ctx context.Context, id string) (order.Order, error) {
	answer, err := s.call(ctx, http.MethodGet, "/orders/"+url.PathEscape(id), nil, nil)
	if err != nil {
		return order.Order{}, err
	}
	switch answer.Status {
	case http.StatusOK:
	case http.StatusNotFound:
		return order.Order{}, fmt.Errorf("%w: %q", ErrNoOrder, id)
	default:
		return order.Order{}, fmt.Errorf("stack: GET /orders/%s answers %d: %s", id, answer.Status, answer.Body)
	}
	var o order.Order
	if err := json.Unmarshal(answer.Body, &o); err != nil {
		return order.Order{}, fmt.Errorf("stack: order %q: %w", id, err)
	}
	return o, nil
}

// Cancel asks the HTTP API to cancel an order, as a customer would. A refusal
// is an Answer: 409 of an order that is decided, 404 of one that there is not.
func (s *Stack) Cancel(ctx context.Context, id string) (Answer, error) {
	return s.call(ctx, http.MethodPost, "/orders/"+url.PathEscape(id)+"/cancel", nil, nil)
}

// An HTTP API answers within 30 seconds, or is given up by API Gateway; its
// answers are far smaller than 6 MB, the most that a function can give.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
const (
	apiTimeout = 35 * time.Second
	maxAnswer  = 6 << 20
)

func (s *Stack) call(ctx context.Context, method, path string, header http.Header, body []byte) (Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, s.api+path, bytes.NewReader(body))
	if err != nil {
		return Answer{}, fmt.Errorf("stack: %w", err)
	}
	for name, values := range header {
		r.Header[name] = values
	}
	resp, err := s.config.HTTP.Do(r)
	if err != nil {
		return Answer{}, fmt.Errorf("stack: %w", err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return Answer{}, fmt.Errorf("stack: %s %s: %w", method, path, err)
	}
	byGateway := resp.Header.Get("Content-Type") != "application/problem+json"
	if byGateway && (resp.StatusCode == http.StatusUnauthorized || resp.StatusCode == http.StatusForbidden) {
		turnedAway := ErrTurnedAway
		if resp.StatusCode == http.StatusUnauthorized {
			turnedAway = ErrWantsToken
		}
		return Answer{}, fmt.Errorf("%w: %s %s answers %d: %s", turnedAway, method, path, resp.StatusCode, bytes.TrimSpace(answer))
	}
	a := Answer{Status: resp.StatusCode, Body: answer}
	if a.Status < http.StatusBadRequest {
		a.OrderID = orderIDOf(resp.Header.Get("Location"), answer)
	}
	return a, nil
}

func orderIDOf(location string, body []byte) string {
	if _, id, ok := strings.Cut(location, "/orders/"); ok {
		return id
	}
	var named struct {
		OrderID string `json:"orderId"`
	}
	if json.Unmarshal(body, &named) != nil {
		return "" // the body is not ours to judge
	}
	return named.OrderID
}
