package cloud

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"orderflow/cmd/local/cloud/interpose"
	"orderflow/cmd/local/cloud/lambda"
	"orderflow/cmd/local/cloud/protocol"
	"orderflow/cmd/local/cloud/sns"
	"orderflow/cmd/local/cloud/sqs"
)

// What one party of the cloud asks of another passes through what is interposed
// at that moment, if anything: here is each place where it does.

// perform performs a call that answers with a value.
func perform[Out any](ctx context.Context, calls interpose.Calls, c *interpose.Call, do func() (Out, error)) (Out, error) {
	var out Out
	var err error
	c.Activity = interpose.Activity(ctx)
	refused := calls(ctx, c, func() {
		out, err = do()
		c.Outcome = outcome(err)
	})
	if refused != nil {
		var none Out
		return none, refused
	}
	return out, err
}

func outcome(err error) string {
	if err == nil {
		return "ok"
	}
	return protocol.AsError(err).Code
}

// interposedActions are a service's, as Step Functions calls them.
func interposedActions(between interpose.Interposed, service string, actions protocol.Actions) protocol.Actions {
	interposed := make(protocol.Actions, len(actions))
	for name, action := range actions {
		interposed[name] = func(ctx context.Context, input []byte) (any, error) {
			calls := between.Now()
			if calls == nil {
				return action(ctx, input)
			}
			c := &interpose.Call{From: "states", To: service, Action: name, Input: input}
			return perform(ctx, calls, c, func() (any, error) { return action(ctx, input) })
		}
	}
	return interposed
}

// An invoker is Lambda as API Gateway and Step Functions call it.
type invoker interface {
	Invoke(context.Context, *lambda.InvokeInput) (*lambda.InvokeOutput, error)
}

func interposedLambda(between interpose.Interposed, from string, l invoker) invoker {
	return &interposedInvoker{between, from, l}
}

type interposedInvoker struct {
	between interpose.Interposed
	from    string
	invoker
}

func (l *interposedInvoker) Invoke(ctx context.Context, in *lambda.InvokeInput) (*lambda.InvokeOutput, error) {
	calls := l.between.Now()
	if calls == nil {
		return l.invoker.Invoke(ctx, in)
	}
	c := &interpose.Call{From: l.from, To: "lambda", Action: "Invoke", Input: in.Payload}
	return perform(ctx, calls, c, func() (*lambda.InvokeOutput, error) {
		out, err := l.invoker.Invoke(ctx, in)
		if err == nil {
			c.Output = out.Payload
		}
		return out, err
	})
}

// interposedSQS is SQS as event source mappings call it.
func interposedSQS(between interpose.Interposed, s lambda.SQS) lambda.SQS {
	return &interposedQueues{between, s}
}

type interposedQueues struct {
	between interpose.Interposed
	lambda.SQS
}

func (q *interposedQueues) ReceiveMessage(ctx context.Context, in *sqs.ReceiveMessageInput) (*sqs.ReceiveMessageOutput, error) {
	calls := q.between.Now()
	if calls == nil {
		return q.SQS.ReceiveMessage(ctx, in)
	}
	c := &interpose.Call{From: "lambda", To: "sqs", Action: "ReceiveMessage"}
	return perform(ctx, calls, c, func() (*sqs.ReceiveMessageOutput, error) {
		out, err := q.SQS.ReceiveMessage(ctx, in)
		if err == nil {
			for i := range out.Messages {
				c.Output = append(append(c.Output, out.Messages[i].Body...), '\n')
			}
		}
		return out, err
	})
}

func (q *interposedQueues) DeleteMessageBatch(ctx context.Context, in *sqs.DeleteMessageBatchInput) (*sqs.DeleteMessageBatchOutput, error) {
	calls := q.between.Now()
	if calls == nil {
		return q.SQS.DeleteMessageBatch(ctx, in)
	}
	c := &interpose.Call{From: "lambda", To: "sqs", Action: "DeleteMessageBatch"}
	return perform(ctx, calls, c, func() (*sqs.DeleteMessageBatchOutput, error) { return q.SQS.DeleteMessageBatch(ctx, in) })
}

// interposedDeliver is SQS as SNS calls it.
func interposedDeliver(between interpose.Interposed, deliver sns.Deliver) sns.Deliver {
	return func(ctx context.Context, queueARN, topicARN, body string, attributes map[string]sns.MessageAttributeValue) error {
		calls := between.Now()
		if calls == nil {
			return deliver(ctx, queueARN, topicARN, body, attributes)
		}
		c := &interpose.Call{From: "sns", To: lastOf(queueARN), Action: "SendMessage", Input: []byte(body)}
		_, err := perform(ctx, calls, c, func() (struct{}, error) {
			return struct{}{}, deliver(ctx, queueARN, topicARN, body, attributes)
		})
		return err
	}
}

// interposed is a function's call of a service or of a neighbour.
func (t *transport) interposed(calls interpose.Calls, r *http.Request, function *lambdacontext.LambdaContext) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
	}
	c := &interpose.Call{From: functionName(function.InvokedFunctionArn), Function: true, Activity: function.AwsRequestID, Path: r.URL.Path, Input: body}
	c.To, c.Action = called(r)
	var answer *response
	var err error
	refused := calls(r.Context(), c, func() {
		r.Body = io.NopCloser(bytes.NewReader(body))
		if answer, err = t.serve(r); err == nil {
			c.Output, c.Outcome = bytes.Clone(answer.body.Bytes()), httpOutcome(answer)
		}
	})
	if refused == nil && err == nil {
		return answer.answer(r), nil
	}
	if answer != nil {
		answer.release()
	}
	if e, ok := errors.AsType[*protocol.Error](refused); ok {
		return refusal(c.To, e).answer(r), nil
	}
	return nil, errors.Join(refused, err)
}

// called is who is called to do what. Only the JSON protocols name an action.
func called(r *http.Request) (service, action string) {
	service = serviceOf(r)
	if service == "" {
		service, _, _ = strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	}
	if _, target, ok := strings.Cut(r.Header.Get("X-Amz-Target"), "."); ok {
		return service, target
	}
	return service, r.Method
}

// httpOutcome is "ok", or an error's code where JSON or a header tells it.
func httpOutcome(w *response) string {
	if w.status < http.StatusBadRequest {
		return "ok"
	}
	var shape struct {
		Type string `json:"__type"`
	}
	if json.Unmarshal(w.body.Bytes(), &shape) != nil {
		shape.Type = ""
	}
	return cmp.Or(w.header.Get("X-Amzn-Errortype"), shape.Type, strconv.Itoa(w.status))
}

// refusal is what a service answers with an error.
func refusal(service string, e *protocol.Error) *response {
	w := newResponse()
	format := "<ErrorResponse><Error><Code>%s</Code><Message>%s</Message></Error></ErrorResponse>"
	switch service {
	case "s3":
		format = "<Error><Code>%s</Code><Message>%s</Message></Error>"
	case "cloudformation", "sns":
	default:
		protocol.WriteRESTError(w, e)
		return w
	}
	w.header.Set("Content-Type", "text/xml")
	w.WriteHeader(e.Status)
	fmt.Fprintf(w, format, e.Code, e.Message)
	return w
}

// functionName is the name in a function's ARN, whatever its qualifier.
func functionName(arn string) string {
	_, name, _ := strings.Cut(arn, ":function:")
	name, _, _ = strings.Cut(name, ":")
	return name
}

// lastOf is an ARN's last part.
func lastOf(arn string) string { return arn[strings.LastIndexByte(arn, ':')+1:] }
