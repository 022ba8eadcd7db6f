package sqs

import (
	"fmt"
	"net/http"

	"orderflow/cmd/local/cloud/protocol"
)

// The service's errors: the JSON protocol's code, the Query protocol's one
// beside it, AWS's sentence and status.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/CommonErrors.html

func failure(status int, code, queryCode, format string, args ...any) *protocol.Error {
	return &protocol.Error{Code: code, QueryCode: queryCode, Message: fmt.Sprintf(format, args...), Status: status}
}

func invalidParameter(format string, args ...any) *protocol.Error {
	return failure(http.StatusBadRequest, "InvalidParameterValueException", "InvalidParameterValue", format, args...)
}

func missingParameter(name string) *protocol.Error {
	return failure(http.StatusBadRequest, "MissingRequiredParameterException", "MissingParameter", "The request must contain the parameter %s.", name)
}

func unknownAttribute(name string) *protocol.Error {
	return failure(http.StatusBadRequest, "InvalidAttributeName", "InvalidAttributeName", "Unknown Attribute %s.", name)
}

func invalidAttribute(name, reason string) *protocol.Error {
	message := "Invalid value for the parameter " + name + "."
	if reason != "" {
		message += " Reason: " + reason
	}
	return failure(http.StatusBadRequest, "InvalidAttributeValue", "InvalidAttributeValue", "%s", message)
}

func unsupported(what string) *protocol.Error {
	return failure(http.StatusBadRequest, "UnsupportedOperation", "AWS.SimpleQueueService.UnsupportedOperation", "%s not supported by the local cloud.", what)
}

func notFound(format string, args ...any) *protocol.Error {
	return failure(http.StatusNotFound, "ResourceNotFoundException", "ResourceNotFoundException", format, args...)
}

func noSuchQueue() *protocol.Error {
	return failure(http.StatusBadRequest, "QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue", "The specified queue does not exist.")
}

func invalidHandle(handle string) *protocol.Error {
	return failure(http.StatusNotFound, "ReceiptHandleIsInvalid", "ReceiptHandleIsInvalid", "The input receipt handle %q is not a valid receipt handle.", handle)
}
