package apigateway

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"orderflow/cmd/local/cloud/protocol"
)

// A response is what a function answers in payload format 2.0. There are no
// multi-value headers in it, and API Gateway ignores those it is given.
type response struct {
	StatusCode      *int           `json:"statusCode"`
	Headers         map[string]any `json:"headers"`
	Cookies         []string       `json:"cookies"`
	Body            string         `json:"body"`
	IsBase64Encoded bool           `json:"isBase64Encoded"`
}

// respond writes a function's answer. JSON without a statusCode is a body
// itself; what can not be understood is an internal error.
func (a *API) respond(w http.ResponseWriter, r *http.Request, payload []byte) {
	status, body := http.StatusOK, payload
	h := w.Header()
	if out, ok := parseResponse(payload); !ok {
		refuse(w, http.StatusInternalServerError, "Internal Server Error")
		return
	} else if out == nil {
		h.Set("Content-Type", "application/json")
	} else {
		status, body = *out.StatusCode, []byte(out.Body)
		if out.IsBase64Encoded {
			var err error
			if body, err = base64.StdEncoding.DecodeString(out.Body); err != nil {
				refuse(w, http.StatusInternalServerError, "Internal Server Error")
				return
			}
		}
		h.Set("Content-Type", "text/plain;charset=utf-8")
		for name, value := range out.Headers {
			if a.cors == nil || !isCorsHeader(name) {
				h.Set(name, fmt.Sprint(value))
			}
		}
		for _, cookie := range out.Cookies {
			h.Add("Set-Cookie", cookie)
		}
	}
	h.Del("Connection")
	h.Del("Transfer-Encoding")
	if status == http.StatusNoContent || status == http.StatusNotModified {
		h.Del("Content-Type")
		h.Del("Content-Length")
		w.WriteHeader(status)
		return
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		w.Write(body)
	}
}

// parseResponse is not ok for a response that API Gateway can not
// understand, and nil for one that is the body itself.
func parseResponse(payload []byte) (out *response, ok bool) {
	out = new(response)
	err := json.Unmarshal(payload, out)
	if out.StatusCode == nil && !hasStatusCode(payload) {
		return nil, json.Valid(payload)
	}
	if err != nil {
		return nil, false
	}
	if out.StatusCode == nil || *out.StatusCode < 200 || *out.StatusCode > 599 {
		return nil, false
	}
	for _, v := range out.Headers {
		switch v.(type) {
		case string, float64, bool:
		default:
			return nil, false
		}
	}
	return out, true
}

func hasStatusCode(payload []byte) bool {
	var members map[string]json.RawMessage
	return json.Unmarshal(payload, &members) == nil && members["statusCode"] != nil
}

// failureStatus is the status for a function that could not be run in time.
func failureStatus(ctx context.Context, err error) int {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return http.StatusServiceUnavailable
	}
	e, ok := errors.AsType[*protocol.Error](err)
	switch {
	case !ok:
		return http.StatusInternalServerError
	case e.Status == http.StatusRequestEntityTooLarge:
		return e.Status
	case e.Status == http.StatusTooManyRequests, e.Status == http.StatusServiceUnavailable:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// refuse answers for API Gateway itself.
func refuse(w http.ResponseWriter, status int, message string) {
	body := `{"message":"` + message + `"}`
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	w.Write([]byte(body))
}
