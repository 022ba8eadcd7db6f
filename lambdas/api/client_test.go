package api_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
)

// newRequest is a request as API Gateway hands it on: the route found, header
// names in small letters, path and query decoded.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
func newRequest(t testing.TB, method, target string, header map[string]string, body string) events.APIGatewayV2HTTPRequest {
	t.Helper()
	u, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	r := events.APIGatewayV2HTTPRequest{
		RawPath:               u.EscapedPath(),
		RawQueryString:        u.RawQuery,
		Headers:               map[string]string{},
		QueryStringParameters: map[string]string{},
		PathParameters:        map[string]string{},
		Body:                  body,
	}
	for name, value := range header {
		r.Headers[strings.ToLower(name)] = value
	}
	for name, values := range u.Query() {
		r.QueryStringParameters[name] = strings.Join(values, ",")
	}
	route := "/orders"
	if id, ok := strings.CutPrefix(u.Path, "/orders/"); ok {
		id, cancel := strings.CutSuffix(id, "/cancel")
		r.PathParameters["orderId"] = id
		route = "/orders/{orderId}"
		if cancel {
			route += "/cancel"
		}
	}
	r.RouteKey = method + " " + route
	return r
}

func serve(t testing.TB, h lambda.Handler, r events.APIGatewayV2HTTPRequest) events.APIGatewayV2HTTPResponse {
	t.Helper()
	payload, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	out, err := h.Invoke(t.Context(), payload)
	if err != nil {
		t.Fatalf("Invoke: %v", err)
	}
	var answer events.APIGatewayV2HTTPResponse
	if err := json.Unmarshal(out, &answer); err != nil {
		t.Fatal(err)
	}
	return answer
}
