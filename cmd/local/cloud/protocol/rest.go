package protocol

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	"github.com/google/uuid"
)

// HandleREST serves an operation of the REST JSON protocol that answers 200.
func HandleREST(mux *http.ServeMux, pattern string, serve func(*http.Request) (any, error)) {
	mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Amzn-Requestid", uuid.NewString())
		out, err := serve(r)
		if err != nil {
			WriteRESTError(w, err)
			return
		}
		WriteREST(w, http.StatusOK, out)
	})
}

// ReadREST decodes the body of a REST JSON request strictly into v. What is
// wrong with it the service refuses in its own way.
func ReadREST(r *http.Request, v any, refuse func(format string, args ...any) *Error) error {
	body, err := ReadBody(r)
	if err != nil {
		return err
	}
	err = Unmarshal(body, v)
	if e, ok := errors.AsType[*Error](err); ok {
		return refuse("%s", e.Message)
	}
	return err
}

// WriteREST writes an answer of the REST JSON protocol: v, or nothing when it
// is nil.
// https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html
func WriteREST(w http.ResponseWriter, status int, v any) {
	if v == nil {
		w.WriteHeader(status)
		return
	}
	body, err := json.Marshal(v)
	if err != nil { // a service's own output could not be JSON
		panic(err)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	w.Write(body)
}

// WriteRESTError writes a refusal of the REST JSON protocol: the code in
// X-Amzn-ErrorType, and a body of its Fields, or of its message if it has none.
func WriteRESTError(w http.ResponseWriter, err error) {
	e := AsError(err)
	w.Header().Set("X-Amzn-Errortype", e.Code)
	if e.Fields == nil {
		WriteREST(w, e.Status, map[string]string{"message": e.Message})
		return
	}
	WriteREST(w, e.Status, e.Fields)
}
