package protocol

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/google/uuid"
)

// maxBody is the largest request any JSON action takes: DynamoDB's 16 MB
// batch, the largest of the services here.
const maxBody = 16 << 20

// JSON serves actions over the AWS JSON protocol: POST /, the action in
// X-Amz-Target, errors by __type. Version is "1.0" or "1.1".
// https://smithy.io/2.0/aws/protocols/aws-json-1_0-protocol.html
func JSON(version string, actions Actions) http.Handler {
	contentType := "application/x-amz-json-" + version
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		out, err := serveJSON(r, actions)
		w.Header().Set("Content-Type", contentType)
		w.Header().Set("X-Amzn-Requestid", uuid.NewString())
		if err != nil {
			writeJSONError(w, AsError(err))
			return
		}
		body, err := marshal(out)
		if err != nil {
			writeJSONError(w, AsError(err))
			return
		}
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		w.Write(body)
	})
}

func serveJSON(r *http.Request, actions Actions) (any, error) {
	target := r.Header.Get("X-Amz-Target")
	_, name, _ := strings.Cut(target, ".")
	action, ok := actions[name]
	if !ok {
		return nil, Errorf("UnknownOperationException", "action %q is not supported by the local cloud", target)
	}
	body, err := ReadBody(r)
	if err != nil {
		return nil, err
	}
	return action(r.Context(), body)
}

// ReadBody reads a request's body up to the largest that any action takes.
func ReadBody(r *http.Request) ([]byte, error) {
	if r.ContentLength > maxBody {
		return nil, &Error{Code: "RequestEntityTooLargeException", Message: "the request is larger than 16 MiB", Status: http.StatusRequestEntityTooLarge}
	}
	if n := r.ContentLength; n >= 0 {
		body := make([]byte, n)
		if _, err := io.ReadFull(r.Body, body); err != nil {
			return nil, Errorf("IncompleteBody", "the request body ended early: %v", err)
		}
		return body, nil
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil {
		return nil, Errorf("IncompleteBody", "the request body ended early: %v", err)
	}
	if len(body) > maxBody {
		return nil, &Error{Code: "RequestEntityTooLargeException", Message: "the request is larger than 16 MiB", Status: http.StatusRequestEntityTooLarge}
	}
	return body, nil
}

func writeJSONError(w http.ResponseWriter, e *Error) {
	shape := map[string]any{"__type": e.Code, "message": e.Message}
	for k, v := range e.Fields {
		shape[k] = v
	}
	if e.QueryCode != "" {
		w.Header().Set("X-Amzn-Query-Error", e.QueryCode+";"+fault(e.Status))
	}
	body, err := json.Marshal(shape)
	if err != nil { // only a service's own Fields could cause it
		panic(err)
	}
	w.WriteHeader(e.Status)
	w.Write(body)
}

func fault(status int) string {
	if status >= http.StatusInternalServerError {
		return "Receiver"
	}
	return "Sender"
}

// Call runs one action as Step Functions' integrations do: by name, JSON in,
// JSON out.
func (a Actions) Call(ctx context.Context, name string, input []byte) ([]byte, error) {
	action, ok := a[name]
	if !ok {
		return nil, Errorf("UnknownOperationException", "action %q is not supported by the local cloud", name)
	}
	out, err := action(ctx, input)
	if err != nil {
		return nil, err
	}
	return marshal(out)
}

// marshal leaves an output alone that its service has written already.
func marshal(out any) ([]byte, error) {
	if written, ok := out.(json.RawMessage); ok {
		return written, nil
	}
	return json.Marshal(out)
}
