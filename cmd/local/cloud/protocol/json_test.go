package protocol_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"orderflow/cmd/local/cloud/protocol"
)

type echoInput struct {
	Name  string
	Count int
}

type echoOutput struct{ Echo string }

func echo(_ context.Context, in *echoInput) (*echoOutput, error) {
	switch in.Name {
	case "":
		return nil, protocol.Errorf("ValidationException", "Name is required")
	case "conflict":
		return nil, &protocol.Error{Code: "Conflict", Message: "taken", Status: 400, QueryCode: "Old.Conflict", Fields: map[string]any{"Reasons": []string{"a"}}}
	case "broken":
		return nil, errors.New("disk on fire")
	case "ending":
		return nil, fmt.Errorf("waiting: %w", context.Canceled)
	}
	return &echoOutput{Echo: strings.Repeat(in.Name, max(in.Count, 1))}, nil
}

func TestJSON(t *testing.T) {
	handler := protocol.JSON("1.0", protocol.Actions{"Echo": protocol.Do(echo)})
	for _, test := range []struct {
		name, target, body string
		status             int
		want               map[string]any
		queryError         string
	}{
		{name: "answers", target: "Test.Echo", body: `{"Name":"a","Count":2}`, status: 200, want: map[string]any{"Echo": "aa"}},
		{name: "unknown action", target: "Test.Shout", body: `{}`, status: 400,
			want: map[string]any{"__type": "UnknownOperationException", "message": `action "Test.Shout" is not supported by the local cloud`}},
		{name: "unknown parameter", target: "Test.Echo", body: `{"Name":"a","Colour":"red"}`, status: 400,
			want: map[string]any{"__type": "ValidationException", "message": `parameter "Colour" is not supported by the local cloud`}},
		{name: "wrong type", target: "Test.Echo", body: `{"Name":1}`, status: 400,
			want: map[string]any{"__type": "SerializationException", "message": "Name: number can not be converted to a String"}},
		{name: "two values", target: "Test.Echo", body: `{"Name":"a"} {}`, status: 400,
			want: map[string]any{"__type": "SerializationException", "message": "the request body is not JSON: jsontext: invalid character '{' after top-level value after offset 13"}},
		{name: "no body", target: "Test.Echo", status: 400,
			want: map[string]any{"__type": "ValidationException", "message": "Name is required"}},
		{name: "fields and query code", target: "Test.Echo", body: `{"Name":"conflict"}`, status: 400, queryError: "Old.Conflict;Sender",
			want: map[string]any{"__type": "Conflict", "message": "taken", "Reasons": []any{"a"}}},
		{name: "fault", target: "Test.Echo", body: `{"Name":"broken"}`, status: 500,
			want: map[string]any{"__type": "InternalFailure", "message": "disk on fire"}},
		{name: "shutdown", target: "Test.Echo", body: `{"Name":"ending"}`, status: 503,
			want: map[string]any{"__type": "ServiceUnavailable", "message": "The local cloud is shutting down."}},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(test.body))
			r.Header.Set("X-Amz-Target", test.target)
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, r)

			if w.Code != test.status {
				t.Errorf("status = %d, want %d", w.Code, test.status)
			}
			if got := w.Header().Get("Content-Type"); got != "application/x-amz-json-1.0" {
				t.Errorf("Content-Type = %q", got)
			}
			if got := w.Header().Get("X-Amzn-Query-Error"); got != test.queryError {
				t.Errorf("X-Amzn-Query-Error = %q, want %q", got, test.queryError)
			}
			var got map[string]any
			if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
				t.Fatal(err)
			}
			want, _ := json.Marshal(test.want)
			if have, _ := json.Marshal(got); string(have) != string(want) {
				t.Errorf("body = %s, want %s", have, want)
			}
		})
	}
}

func TestJSONBodyTooLarge(t *testing.T) {
	handler := protocol.JSON("1.0", protocol.Actions{"Echo": protocol.Do(echo)})
	for _, length := range []int64{17 << 20, -1} {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(strings.Repeat("a", 17<<20)))
		r.ContentLength = length
		r.Header.Set("X-Amz-Target", "Test.Echo")
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if w.Code != http.StatusRequestEntityTooLarge {
			t.Errorf("Content-Length %d: status = %d, want 413", length, w.Code)
		}
	}
}
