package s3

import (
	"fmt"
	"net/http"
)

// An Error is what S3 refuses with. Field and Value are the error's one
// further element, such as Key.
// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
type Error struct {
	Status        int
	Code, Message string
	Field, Value  string
}

func (e *Error) Error() string { return fmt.Sprintf("s3: %s: %s", e.Code, e.Message) }

func fail(status int, code, message, field, value string) *Error {
	return &Error{Status: status, Code: code, Message: message, Field: field, Value: value}
}

func invalidArgument(message, name, value string) *Error {
	return fail(http.StatusBadRequest, "InvalidArgument", message, "ArgumentName", name+": "+value)
}

func badDigest(message string) *Error {
	return fail(http.StatusBadRequest, "BadDigest", message, "", "")
}

func noSuchKey(key string) *Error {
	return fail(http.StatusNotFound, "NoSuchKey", "The specified key does not exist.", "Key", key)
}

func preconditionFailed(condition string) *Error {
	return fail(http.StatusPreconditionFailed, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold", "Condition", condition)
}

func notImplemented(what string) *Error {
	return fail(http.StatusNotImplemented, "NotImplemented", what+" is not supported by the local cloud.", "", "")
}

func headerNotImplemented(name string) *Error {
	return fail(http.StatusNotImplemented, "NotImplemented", "A header you provided implies functionality that is not implemented", "Header", name)
}
