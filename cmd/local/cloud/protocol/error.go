// Package protocol is the wire that AWS services share: the JSON and Query
// protocols, their errors, and the table of actions behind both. It knows no
// service.
package protocol

import (
	"context"
	"errors"
	"fmt"
	"net/http"
)

// Error is what a service answers when it refuses: the code that SDKs turn
// into a type, AWS's sentence, and the HTTP status.
type Error struct {
	Code    string
	Message string
	Status  int

	// QueryCode is the code that the Query protocol knew the error by, where
	// it differs (awsQueryCompatible services such as SQS). Empty: same.
	QueryCode string

	// Fields are further members of the error's shape, such as the
	// CancellationReasons of a DynamoDB transaction.
	Fields map[string]any
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

// Errorf is a client error (400) with the given code.
func Errorf(code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...), Status: http.StatusBadRequest}
}

// AsError gives any failure the shape of AWS's: an *Error as it is, an ended
// context as ServiceUnavailable (who hung up will not read it), all else as an
// InternalFailure. SDKs retry both.
func AsError(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	if errors.Is(err, context.Canceled) {
		return &Error{Code: "ServiceUnavailable", Message: "The local cloud is shutting down.", Status: http.StatusServiceUnavailable}
	}
	return &Error{Code: "InternalFailure", Message: err.Error(), Status: http.StatusInternalServerError}
}
