package ses

import (
	"fmt"
	"net/http"

	"orderflow/cmd/local/cloud/protocol"
)

func badRequest(format string, args ...any) *protocol.Error {
	return protocol.Errorf("BadRequestException", format, args...)
}

func rejected(format string, args ...any) *protocol.Error {
	return protocol.Errorf("MessageRejected", format, args...)
}

func notFound(format string, args ...any) *protocol.Error {
	return &protocol.Error{Code: "NotFoundException", Message: fmt.Sprintf(format, args...), Status: http.StatusNotFound}
}
