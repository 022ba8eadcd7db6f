package api

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
)

// A problem is an answer that is none of what was asked for.
// https://www.rfc-editor.org/rfc/rfc9457
type problem struct {
	Type   string      `json:"type"`
	Title  string      `json:"title"`
	Status int         `json:"status"`
	Detail string      `json:"detail,omitempty"`
	Errors []violation `json:"errors,omitempty"`

	retryAfter int    // seconds; 0 for a problem that will not go away
	next       string // what on-call can do about it, for the log
}

// A violation is one thing wrong with a request. Exactly one of Pointer,
// Header and Parameter says where.
type violation struct {
	Pointer   *string `json:"pointer,omitempty"` // into the body, as RFC 6901 has it; "" is all of it
	Header    string  `json:"header,omitempty"`
	Parameter string  `json:"parameter,omitempty"` // of the query
	Detail    string  `json:"detail"`
}

func (p problem) Error() string { return "api: " + p.Title + ": " + p.Detail }

// Problem types, for programs to tell problems apart.
const (
	typeInvalid       = "urn:orderflow:problem:invalid-request"
	typeMediaType     = "urn:orderflow:problem:unsupported-media-type"
	typeTooLarge      = "urn:orderflow:problem:too-large"
	typeForbidden     = "urn:orderflow:problem:forbidden"
	typeNotFound      = "urn:orderflow:problem:not-found"
	typeDecided       = "urn:orderflow:problem:already-decided"
	typeKeyReused     = "urn:orderflow:problem:idempotency-key-reused"
	typeBusy          = "urn:orderflow:problem:busy"
	typeInternalError = "urn:orderflow:problem:internal-error"
)

// invalid is the problem with a request that breaks the rules of its form.
func invalid(detail string, violations ...violation) error {
	return problem{
		Type:   typeInvalid,
		Title:  "The request is invalid",
		Status: http.StatusBadRequest,
		Detail: detail,
		Errors: violations,
	}
}

// asProblem tells a client of an error. Of a fault of ours it tells no more
// than whether to come again.
func asProblem(err error) problem {
	if p, ok := errors.AsType[problem](err); ok {
		return p
	}
	if throttled(err) {
		return problem{
			Type:       typeBusy,
			Title:      "Too many orders at once",
			Status:     http.StatusServiceUnavailable,
			Detail:     "please try again shortly",
			retryAfter: minRetryAfter + int(roll(maxRetryAfter-minRetryAfter+1)),
			next:       "the client comes again; if this lasts, raise the quota that the error names",
		}
	}
	return problem{
		Type:   typeInternalError,
		Title:  "Something went wrong on our side",
		Status: http.StatusInternalServerError,
		Detail: "please try again, with the same Idempotency-Key if you placed an order",
		next:   "the client may come again; if this lasts, look into the service that the error names",
	}
}

// Retry-After is somewhere between, in seconds, lest those who were turned away
// together come back together.
const minRetryAfter, maxRetryAfter = 2, 6

// throttled reports whether AWS went on refusing a call for its rate, or for
// how many executions run already.
func throttled(err error) bool {
	if _, ok := errors.AsType[*types.ExecutionLimitExceeded](err); ok {
		return true
	}
	check := retry.IsErrorThrottles{retry.ThrottleErrorCode{Codes: retry.DefaultThrottleErrorCodes}}
	return check.IsErrorThrottle(err) == aws.TrueTernary
}

func (p problem) response() response {
	answer := jsonResponse(p.Status, p)
	answer.Headers.ContentType = "application/problem+json"
	if p.retryAfter > 0 {
		answer.Headers.RetryAfter = strconv.Itoa(p.retryAfter)
	}
	return answer
}

// jsonResponse answers with v, which no cache may keep: it is somebody's order.
func jsonResponse(status int, v any) response {
	body, err := json.Marshal(v)
	if err != nil { // all that is answered here can be encoded
		panic(err)
	}
	return response{
		StatusCode: status,
		Headers:    responseHeaders{ContentType: "application/json", CacheControl: "no-store"},
		Body:       string(body),
	}
}
