package lambda

import (
	"context"
	"net/http"

	"orderflow/cmd/local/cloud/iam"
	"orderflow/cmd/local/cloud/sqs"
)

// mayInvoke tells whether the context's caller may invoke a function.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html
func mayInvoke(ctx context.Context, t target) error {
	return authorize(ctx, "lambda:InvokeFunction", t.arn)
}

func authorize(ctx context.Context, action, resource string) error {
	if err := iam.Authorize(ctx, nil, iam.Request{Action: action, Resource: resource}); err != nil {
		return lower("AccessDeniedException", http.StatusForbidden, err.Error())
	}
	return nil
}

// mayTrace tells whether the function's role may send the traces that it is
// told to.
// https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html
func (f *function) mayTrace() error {
	if f.config.TracingConfig.Mode != "Active" {
		return nil
	}
	for _, action := range []string{"PutTraceSegments", "PutTelemetryRecords"} {
		if f.role.Authorize(nil, iam.Request{Action: "xray:" + action, Resource: "*"}) != nil {
			return invalid("The provided execution role does not have permissions to call %s on XRAY", action)
		}
	}
	return nil
}

// mayRead tells whether the function's role may read a queue, as a mapping does.
// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
func (f *function) mayRead(ctx context.Context, q *queue) error {
	if f.role == nil {
		return nil
	}
	ctx = iam.As(ctx, f.role)
	for _, needed := range []struct {
		action string
		in     any
	}{
		{"ReceiveMessage", &sqs.ReceiveMessageInput{QueueUrl: q.url}},
		{"DeleteMessage", &sqs.DeleteMessageInput{QueueUrl: q.url}},
		{"GetQueueAttributes", &sqs.GetQueueAttributesInput{QueueUrl: q.url}},
	} {
		if q.sqs.Authorize(ctx, needed.in) != nil {
			return invalid("The function execution role does not have permissions to call %s on SQS", needed.action)
		}
	}
	return nil
}

// mayLog tells whether the function's role may write a log stream. A function
// that may not runs all the same, and its log is lost: on AWS silently, here
// with a word to whoever started the cloud.
// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html
func (f *function) mayLog(group, stream string) bool {
	resource := "arn:aws:logs:" + f.svc.cfg.Region + ":" + f.svc.cfg.Account + ":log-group:" + group + ":log-stream:" + stream
	for _, action := range []string{"logs:CreateLogStream", "logs:PutLogEvents"} {
		if err := f.role.Authorize(nil, iam.Request{Action: action, Resource: resource}); err != nil {
			f.svc.cfg.Log.Error("lambda: the function's log is lost", "function", f.config.FunctionName, "error", err)
			return false
		}
	}
	return true
}
