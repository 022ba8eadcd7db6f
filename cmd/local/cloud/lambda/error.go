package lambda

import (
	"fmt"
	"net/http"

	"orderflow/cmd/local/cloud/protocol"
)

// Lambda spells the message of some errors with a capital and of others
// without, as its API model has it.

func notFound(format string, args ...any) *protocol.Error {
	return capital("ResourceNotFoundException", http.StatusNotFound, fmt.Sprintf(format, args...))
}

func invalid(format string, args ...any) *protocol.Error {
	return lower("InvalidParameterValueException", http.StatusBadRequest, fmt.Sprintf(format, args...))
}

func conflict(format string, args ...any) *protocol.Error {
	return lower("ResourceConflictException", http.StatusConflict, fmt.Sprintf(format, args...))
}

func errNotJSON(err error) *protocol.Error {
	return lower("InvalidRequestContentException", http.StatusBadRequest, "Could not parse request body into json: "+err.Error())
}

func errTooLarge(limit int) *protocol.Error {
	return lower("RequestTooLargeException", http.StatusRequestEntityTooLarge,
		fmt.Sprintf("Request must be smaller than %d bytes for the InvokeFunction operation", limit))
}

func errThrottled(reason string) *protocol.Error {
	e := lower("TooManyRequestsException", http.StatusTooManyRequests, "Rate Exceeded.")
	e.Fields["Reason"] = reason
	return e
}

func errClosing() *protocol.Error {
	e := capital("ServiceException", http.StatusServiceUnavailable, "The local cloud is shutting down.")
	e.Fields["Type"] = "Service"
	return e
}

func capital(code string, status int, message string) *protocol.Error {
	return &protocol.Error{Code: code, Message: message, Status: status, Fields: map[string]any{"Type": "User", "Message": message}}
}

func lower(code string, status int, message string) *protocol.Error {
	return &protocol.Error{Code: code, Message: message, Status: status, Fields: map[string]any{"Type": "User", "message": message}}
}
