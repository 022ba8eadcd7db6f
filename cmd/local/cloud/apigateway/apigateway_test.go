package apigateway_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"
	awslambda "github.com/aws/aws-lambda-go/lambda"
	"github.com/google/go-cmp/cmp"

	"orderflow/cmd/local/cloud/apigateway"
	"orderflow/cmd/local/cloud/lambda"
)

// newAPI is an API whose routes all lead to handler.
func newAPI(t testing.TB, in apigateway.CreateApiInput, handler any, keys ...string) *apigateway.API {
	t.Helper()
	l := lambda.New(lambda.Config{Region: "us-east-1", Account: "000000000000"})
	t.Cleanup(func() { l.Close(context.Background()) })
	f, err := l.CreateFunction(t.Context(), &lambda.CreateFunctionInput{
		FunctionName: "f", Timeout: 60,
		Init: func(string) (awslambda.Handler, error) { return awslambda.NewHandler(handler), nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range keys {
		in.Routes = append(in.Routes, apigateway.Route{RouteKey: key, FunctionArn: f.FunctionArn})
	}
	a, err := apigateway.New(apigateway.Config{Region: "us-east-1", Account: "000000000000", Lambda: l}).CreateApi(t.Context(), &in)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func do(a http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	a.ServeHTTP(w, r)
	return w
}

// TestEvent compares with the example in API Gateway's documentation, brought
// to a POST of this API.
func TestEvent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var raw json.RawMessage
		a := newAPI(t, apigateway.CreateApiInput{ApiId: "api-id"}, func(e json.RawMessage) (string, error) { raw = e; return "", nil }, "POST /my/{where}")
		r := httptest.NewRequest("POST", "http://id.execute-api.us-east-1.amazonaws.com/my/p%61th%2Fhere?parameter1=value1&parameter1=value%202&parameter2=a+b&flag", strings.NewReader(`{"<hello>":"Lambda"}`))
		r.Header.Add("Header1", "value1")
		r.Header.Add("Header2", "value1")
		r.Header.Add("Header2", "value2")
		r.Header.Add("Cookie", "cookie1=1; cookie2=2")
		r.Header.Set("Content-Type", "application/json; charset=utf-8")
		r.Header.Set("User-Agent", "agent")
		w := do(a, r)
		var got map[string]any
		if err := json.Unmarshal(raw, &got); err != nil {
			t.Fatalf("%v: %d %s", err, w.Code, w.Body)
		}
		context := got["requestContext"].(map[string]any)
		delete(context, "authentication") // of mutual TLS
		if id := w.Header().Get("Apigw-Requestid"); len(id) != 16 || context["requestId"] != id {
			t.Errorf("request id %q, %v", id, context["requestId"])
		}
		delete(context, "requestId")
		trace := got["headers"].(map[string]any)["x-amzn-trace-id"].(string)
		if !strings.HasPrefix(trace, "Root=1-386d4380-") || len(trace) != 40 {
			t.Errorf("trace %q", trace)
		}
		delete(got["headers"].(map[string]any), "x-amzn-trace-id")
		want := map[string]any{
			"version":        "2.0",
			"routeKey":       "POST /my/{where}",
			"rawPath":        "/my/path/here",
			"rawQueryString": "parameter1=value1&parameter1=value%202&parameter2=a+b&flag",
			"cookies":        []any{"cookie1=1", "cookie2=2"},
			"headers": map[string]any{
				"header1": "value1", "header2": "value1,value2", "content-type": "application/json; charset=utf-8", "content-length": "20",
				"host": "id.execute-api.us-east-1.amazonaws.com", "user-agent": "agent",
				"x-forwarded-for": "192.0.2.1", "x-forwarded-port": "80", "x-forwarded-proto": "http",
			},
			"queryStringParameters": map[string]any{"parameter1": "value1,value 2", "parameter2": "a b", "flag": ""},
			"pathParameters":        map[string]any{"where": "path/here"},
			"requestContext": map[string]any{
				"accountId": "000000000000", "apiId": "api-id", "domainName": "id.execute-api.us-east-1.amazonaws.com", "domainPrefix": "id",
				"http":     map[string]any{"method": "POST", "path": "/my/path/here", "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "agent"},
				"routeKey": "POST /my/{where}", "stage": "$default", "time": "01/Jan/2000:00:00:00 +0000", "timeEpoch": 946684800000.0,
			},
			"body":            `{"<hello>":"Lambda"}`,
			"isBase64Encoded": false,
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("event (-want +got):\n%s", diff)
		}
	})
}

func TestBodyEncoding(t *testing.T) {
	tests := []struct {
		contentType, body string
		want              string
		encoded           bool
	}{
		{"application/json", `{}`, `{}`, false},
		{"application/problem+json", `{}`, `{}`, false},
		{"text/plain", "é", "é", false},
		{"application/xml", "<a/>", "<a/>", false},
		{"application/x-www-form-urlencoded", "a=b", "YT1i", true},
		{"application/octet-stream", "\x00\xff", "AP8=", true},
		{"", "a", "YQ==", true},
		{"text/plain", "\xff", "/w==", true},
		{"application/json", "", "", false},
	}
	for _, test := range tests {
		a := newAPI(t, apigateway.CreateApiInput{}, func(e events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPRequest, error) { return e, nil }, "$default")
		r := httptest.NewRequest("PUT", "/", strings.NewReader(test.body))
		r.Header.Set("Content-Type", test.contentType)
		var e events.APIGatewayV2HTTPRequest
		if err := json.Unmarshal(do(a, r).Body.Bytes(), &e); err != nil {
			t.Fatal(err)
		}
		if e.Body != test.want || e.IsBase64Encoded != test.encoded {
			t.Errorf("%s %q: got %q, %v", test.contentType, test.body, e.Body, e.IsBase64Encoded)
		}
	}
}

func TestRouting(t *testing.T) {
	// The first five are the example in API Gateway's documentation.
	keys := []string{"GET /pets/dog/1", "GET /pets/dog/{id}", "GET /pets/{proxy+}", "ANY /{proxy+}", "$default",
		"POST /orders", "GET /orders", "GET /orders/{orderId}", "POST /orders/{orderId}/cancel", "ANY /orders/{id}", "GET /"}
	tests := []struct{ method, path, want string }{
		{"GET", "/pets/dog/1", "GET /pets/dog/1"},
		{"GET", "/pets/dog/2", "GET /pets/dog/{id} id=2"},
		{"GET", "/pets/cat/1", "GET /pets/{proxy+} proxy=cat/1"},
		{"POST", "/test/5", "ANY /{proxy+} proxy=test/5"},
		{"POST", "/", "$default"},
		{"GET", "/", "GET /"},
		{"POST", "/orders", "POST /orders"},
		{"GET", "/orders/a%20b", "GET /orders/{orderId} orderId=a b"},
		{"DELETE", "/orders/1", "ANY /orders/{id} id=1"},
		{"POST", "/orders/1/cancel", "POST /orders/{orderId}/cancel orderId=1"},
		{"GET", "/orders/", "ANY /{proxy+} proxy=orders/"},
		{"GET", "/%6frders", "GET /orders"},
	}
	a := newAPI(t, apigateway.CreateApiInput{}, func(e events.APIGatewayV2HTTPRequest) (any, error) {
		s := e.RouteKey
		for k, v := range e.PathParameters {
			s += " " + k + "=" + v
		}
		return map[string]any{"statusCode": 200, "body": s}, nil
	}, keys...)
	for _, test := range tests {
		if got := do(a, httptest.NewRequest(test.method, test.path, nil)).Body.String(); got != test.want {
			t.Errorf("%s %s: got %q, want %q", test.method, test.path, got, test.want)
		}
	}
}

func TestResponses(t *testing.T) {
	tests := map[string]struct {
		payload string
		status  int
		headers string
		body    string
	}{
		"structured": {`{"statusCode":201,"headers":{"Location":"/orders/1","content-type":"application/json","n":1},"cookies":["a=1","b=2"],"body":"{}"}`,
			201, "Content-Length: 2, Content-Type: application/json, Location: /orders/1, N: 1, Set-Cookie: a=1|b=2", "{}"},
		"default type":    {`{"statusCode":200,"body":"hi"}`, 200, "Content-Length: 2, Content-Type: text/plain;charset=utf-8", "hi"},
		"base64":          {`{"statusCode":200,"body":"AP8=","isBase64Encoded":true,"headers":{"content-type":"image/png"}}`, 200, "Content-Length: 2, Content-Type: image/png", "\x00\xff"},
		"no content":      {`{"statusCode":204}`, 204, "", ""},
		"of events":       {`{"statusCode":200,"headers":null,"multiValueHeaders":{"a":["b"]},"body":"","cookies":null}`, 200, "Content-Length: 0, Content-Type: text/plain;charset=utf-8", ""},
		"inferred object": {`{"message":"hi"}`, 200, "Content-Length: 16, Content-Type: application/json", `{"message":"hi"}`},
		"inferred string": {`"hi"`, 200, "Content-Length: 4, Content-Type: application/json", `"hi"`},
		"not JSON":        {`hi`, 500, "Content-Length: 35, Content-Type: application/json", `{"message":"Internal Server Error"}`},
		"bad status":      {`{"statusCode":"x"}`, 500, "Content-Length: 35, Content-Type: application/json", `{"message":"Internal Server Error"}`},
		"bad body":        {`{"statusCode":200,"body":{}}`, 500, "Content-Length: 35, Content-Type: application/json", `{"message":"Internal Server Error"}`},
		"bad base64":      {`{"statusCode":200,"body":"*","isBase64Encoded":true}`, 500, "Content-Length: 35, Content-Type: application/json", `{"message":"Internal Server Error"}`},
		"bad header":      {`{"statusCode":200,"headers":{"a":[]}}`, 500, "Content-Length: 35, Content-Type: application/json", `{"message":"Internal Server Error"}`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			a := newAPI(t, apigateway.CreateApiInput{}, func() (io.Reader, error) { return strings.NewReader(test.payload), nil }, "$default")
			w := do(a, httptest.NewRequest("GET", "/", nil))
			w.Header().Del("Apigw-Requestid")
			if w.Code != test.status || headerText(w.Header()) != test.headers || w.Body.String() != test.body {
				t.Errorf("got %d %s %q", w.Code, headerText(w.Header()), w.Body)
			}
		})
	}
}

func headerText(h http.Header) string {
	var b strings.Builder
	h.Write(&b)
	var lines []string
	seen := map[string]int{}
	for line := range strings.SplitSeq(strings.TrimSpace(b.String()), "\r\n") {
		name, value, _ := strings.Cut(line, ": ")
		if i, ok := seen[name]; ok {
			lines[i] += "|" + value
			continue
		}
		seen[name] = len(lines)
		lines = append(lines, line)
	}
	return strings.Join(lines, ", ")
}

func TestRefusals(t *testing.T) {
	large := strings.NewReader(strings.Repeat("x", 10<<20+1))
	tests := map[string]struct {
		request *http.Request
		status  int
		message string
	}{
		"no route":       {httptest.NewRequest("GET", "/absent", nil), 404, "Not Found"},
		"no such method": {httptest.NewRequest("PUT", "/fail", nil), 404, "Not Found"},
		"function error": {httptest.NewRequest("GET", "/fail", nil), 500, "Internal Server Error"},
		"large body":     {httptest.NewRequest("GET", "/fail", large), 413, "Request Entity Too Large"},
		"large event":    {httptest.NewRequest("GET", "/fail", strings.NewReader(strings.Repeat("x", 7<<20))), 413, "Request Entity Too Large"},
		"large header":   {httptest.NewRequest("GET", "/fail?"+strings.Repeat("x", 10240), nil), 431, "Request Header Fields Too Large"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			a := newAPI(t, apigateway.CreateApiInput{}, func() error { return errors.New("no") }, "GET /fail")
			w := do(a, test.request)
			if want := `{"message":"` + test.message + `"}`; w.Code != test.status || w.Body.String() != want || w.Header().Get("Content-Type") != "application/json" {
				t.Errorf("got %d %s, want %d %s", w.Code, w.Body, test.status, want)
			}
			if w.Header().Get("Apigw-Requestid") == "" {
				t.Error("no request id")
			}
		})
	}
}

func TestIntegrationTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAPI(t, apigateway.CreateApiInput{}, func(ctx context.Context) error { <-ctx.Done(); return nil }, "$default")
		start := time.Now()
		w := do(a, httptest.NewRequest("GET", "/", nil))
		if took := time.Since(start); took != 30*time.Second || w.Code != 503 || w.Body.String() != `{"message":"Service Unavailable"}` {
			t.Errorf("after %v: %d %s", took, w.Code, w.Body)
		}
	})
}

func TestThrottling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAPI(t, apigateway.CreateApiInput{DefaultRouteSettings: apigateway.RouteSettings{ThrottlingRateLimit: 10, ThrottlingBurstLimit: 2}}, func() {}, "GET /a", "GET /b")
		get := func(path string) int { return do(a, httptest.NewRequest("GET", path, nil)).Code }
		got := []int{get("/a"), get("/a"), get("/a"), get("/b")}
		time.Sleep(100 * time.Millisecond)
		got = append(got, get("/a"), get("/a"))
		if diff := cmp.Diff([]int{200, 200, 429, 200, 200, 429}, got); diff != "" {
			t.Error(diff)
		}
	})
}

func TestCORS(t *testing.T) {
	age := 60
	a := newAPI(t, apigateway.CreateApiInput{CorsConfiguration: &apigateway.Cors{
		AllowOrigins: []string{"https://shop.example", "https://*.example.com"}, AllowMethods: []string{"GET", "POST"}, AllowHeaders: []string{"content-type"}, MaxAge: &age,
	}}, func() error { return errors.New("no") }, "GET /")
	tests := map[string]struct {
		method, origin string
		status         int
		want           string
	}{
		"preflight":          {"OPTIONS", "https://shop.example", 204, "Access-Control-Allow-Headers: content-type, Access-Control-Allow-Methods: GET,POST, Access-Control-Allow-Origin: https://shop.example, Access-Control-Max-Age: 60, Vary: Origin"},
		"preflight, other":   {"OPTIONS", "https://evil.example", 204, ""},
		"request":            {"GET", "https://a.example.com", 500, "Access-Control-Allow-Origin: https://a.example.com, Content-Length: 35, Content-Type: application/json, Vary: Origin"},
		"request, no origin": {"GET", "", 500, "Content-Length: 35, Content-Type: application/json"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(test.method, "/", nil)
			r.Header.Set("Access-Control-Request-Method", "GET")
			if test.origin != "" {
				r.Header.Set("Origin", test.origin)
			}
			w := do(a, r)
			w.Header().Del("Apigw-Requestid")
			if w.Code != test.status || headerText(w.Header()) != test.want {
				t.Errorf("got %d %s", w.Code, headerText(w.Header()))
			}
		})
	}
}

func TestCreateApiIsRefused(t *testing.T) {
	for _, in := range []apigateway.CreateApiInput{
		{Routes: []apigateway.Route{{RouteKey: "GET"}}},
		{Routes: []apigateway.Route{{RouteKey: "FETCH /"}}},
		{Routes: []apigateway.Route{{RouteKey: "GET /{a+}/b"}}},
		{Routes: []apigateway.Route{{RouteKey: "GET /{}"}}},
		{Routes: []apigateway.Route{{RouteKey: "GET /{a"}}},
		{Routes: []apigateway.Route{{RouteKey: "GET /"}, {RouteKey: "GET /"}}},
		{Routes: []apigateway.Route{{RouteKey: "GET /", TimeoutInMillis: 30_001}}},
		{CorsConfiguration: &apigateway.Cors{AllowOrigins: []string{"*"}, AllowCredentials: true}},
	} {
		if _, err := apigateway.New(apigateway.Config{}).CreateApi(t.Context(), &in); err == nil {
			t.Errorf("%+v was accepted", in)
		}
	}
}

func FuzzRequest(f *testing.F) {
	f.Add("GET", "/orders/a%2", "a=%zz&&=b", "a=1;;b", "text/plain", []byte("\xff"))
	a := newAPI(f, apigateway.CreateApiInput{}, func(e events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPRequest, error) { return e, nil }, "GET /orders/{id}", "ANY /{all+}", "$default")
	f.Fuzz(func(t *testing.T, method, path, query, cookie, contentType string, body []byte) {
		r := httptest.NewRequest("GET", "/", strings.NewReader(string(body)))
		r.Method, r.URL.Path, r.URL.RawPath, r.URL.RawQuery = method, path, path, query
		r.Header.Set("Cookie", cookie)
		r.Header.Set("Content-Type", contentType)
		w := do(a, r)
		if w.Code != 200 && w.Code != 431 {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	})
}

func BenchmarkRequest(b *testing.B) {
	a := newAPI(b, apigateway.CreateApiInput{}, func(json.RawMessage) (json.RawMessage, error) {
		return json.RawMessage(`{"statusCode":202,"headers":{"Location":"/orders/1"},"body":"{}"}`), nil
	}, "POST /orders")
	b.ReportAllocs()
	for b.Loop() {
		r := httptest.NewRequest("POST", "/orders", strings.NewReader(`{"items":[]}`))
		r.Header.Set("Content-Type", "application/json")
		if w := do(a, r); w.Code != 202 {
			b.Fatal(w.Code)
		}
	}
}
