package template

import (
	"encoding/json"
	"maps"

	"github.com/awslabs/goformation/v7/cloudformation/serverless"
)

const (
	ordersAPI         = "OrdersApi"
	apiAccessLogGroup = "ApiAccessLogGroup"

	// An HTTP API waits 30 s at most; a shop would rather hear of a fault sooner.
	apiTimeoutSeconds = 10
)

// frontDoor is the HTTP API and the function behind it.
func frontDoor(auth Auth) []Resource {
	env := map[string]string{
		"ORDERS_TABLE":      Ref(ordersTable),
		"STATE_MACHINE_ARN": Ref(stateMachineAlias),
	}
	maps.Copy(env, auth.environment())
	api := function{
		capability: "api",
		does:       "Takes, shows, lists and cancels orders.",
		seconds:    apiTimeoutSeconds,
		env:        env,
		failing:    "Shops are answered 500 or 503, and must try again.",
		atOnce:     apiConcurrency,
		allowed: []Statement{
			startReleased(orderStateMachine),
			Allow(executionsOf(orderStateMachine), "states:DescribeExecution"),
			Allow(GetAtt(ordersTable, "Arn"), "dynamodb:GetItem", "dynamodb:BatchGetItem"), // whole: it shows them
			Allow(GetAtt(ordersTable, "Arn"), "dynamodb:PutItem").
				OnlyAttributes("orderId", "status", "customerId", "customer", "shippingAddress", "items", "createdAt", "fingerprint", "decidedAt", "failure"),
			cancelOrders(auth),
			Allow(Sub("${"+ordersTable+".Arn}/index/"+customerIndex), "dynamodb:Query"),
		},
		events: map[string]serverless.Function_EventSource{
			"PlaceOrder":  route("POST", "/orders"),
			"ListOrders":  route("GET", "/orders"),
			"GetOrder":    route("GET", "/orders/{orderId}"),
			"CancelOrder": route("POST", "/orders/{orderId}/cancel"),
		},
	}
	overlay := map[string]any{
		"AccessLogSettings": map[string]any{
			"DestinationArn": GetAtt(apiAccessLogGroup, "Arn"),
			"Format":         accessLogFormat(),
		},
		"CorsConfiguration": cors(),
		"DefaultRouteSettings": map[string]any{
			"DetailedMetricsEnabled": true,
			"ThrottlingBurstLimit":   Ref(apiBurstLimit),
			"ThrottlingRateLimit":    Ref(apiRateLimit),
		},
	}
	maps.Copy(overlay, auth.properties())
	return append([]Resource{
		{ID: ordersAPI, Body: with(
			serverless.HttpApi{Description: new("Orders: post, read, list, cancel."), FailOnWarnings: new(true)}, overlay)},
		logGroup(apiAccessLogGroup, "/aws/vendedlogs/apigateway/${AWS::StackName}"),
	}, api.resources()...)
}

// cancelOrders names whose an order is where customers cancel their own.
func cancelOrders(auth Auth) Statement {
	attributes := []string{"orderId", "status", "failure", "decidedAt"}
	if auth.Mode == JWT {
		attributes = append(attributes, "customerId")
	}
	return Allow(GetAtt(ordersTable, "Arn"), "dynamodb:UpdateItem").OnlyAttributes(attributes...)
}

func route(method, path string) serverless.Function_EventSource {
	return serverless.Function_EventSource{
		Type: "HttpApi",
		Properties: &serverless.Function_Properties{HttpApiEvent: &serverless.Function_HttpApiEvent{
			ApiId:                new(Ref(ordersAPI)),
			Method:               new(method),
			Path:                 new(path),
			PayloadFormatVersion: new("2.0"),
		}},
	}
}

// accessLogFormat has no address, user agent, path or query: nothing personal.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html
func accessLogFormat() string {
	format := struct {
		RequestID          string `json:"requestId"`
		RequestTime        string `json:"requestTime"`
		RouteKey           string `json:"routeKey"`
		Status             string `json:"status"`
		ResponseLength     string `json:"responseLength"`
		ResponseLatency    string `json:"responseLatency"`
		IntegrationLatency string `json:"integrationLatency"`
		IntegrationError   string `json:"integrationError"`
		Error              string `json:"error"`
	}{
		"$context.requestId",
		"$context.requestTime",
		"$context.routeKey",
		"$context.status",
		"$context.responseLength",
		"$context.responseLatency",
		"$context.integrationLatency",
		"$context.integrationErrorMessage",
		"$context.error.message",
	}
	raw, _ := json.Marshal(format) // strings alone
	return string(raw)
}
