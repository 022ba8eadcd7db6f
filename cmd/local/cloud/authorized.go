package cloud

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"orderflow/cmd/local/cloud/iam"
	"orderflow/cmd/local/cloud/lambda"
	"orderflow/cmd/local/cloud/protocol"
	"orderflow/cmd/local/cloud/sqs"
)

// Who asks for what is told by the context of a call: the endpoint and those
// services that take a role put it there, and each service asks package iam
// before it acts.

// authenticated is a request in the hands of who signed it: a role, if the key
// is one that this cloud gave, else the account's operator.
func (c *Cloud) authenticated(r *http.Request) *http.Request {
	p := c.IAM.Principal(accessKey(r))
	if p == nil {
		return r
	}
	return r.WithContext(iam.As(r.Context(), p))
}

// accessKey is the key that a request is signed with, or "".
func accessKey(r *http.Request) string {
	scope, ok := credential(r.Header.Get("Authorization"))
	if !ok && r.URL.RawQuery != "" { // presigned
		scope = r.URL.Query().Get("X-Amz-Credential")
	}
	key, _, _ := strings.Cut(scope, "/")
	return key
}

// offLimits refuses to a role what no role of this cloud was ever given: the
// services here know no actions that it could be allowed.
func offLimits(r *http.Request, service string) *protocol.Error {
	if iam.Caller(r.Context()) == nil {
		return nil
	}
	invocation := service == "lambda" && r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/invocations")
	if service != "cloudformation" && service != "scheduler" && (service != "lambda" || invocation) {
		return nil
	}
	return &protocol.Error{
		Code:    "AccessDeniedException",
		Message: fmt.Sprintf("User: %s is not authorized to perform: %s %s of %s, which the local cloud allows its operator alone", iam.Caller(r.Context()).ARN(), r.Method, r.URL.Path, service),
		Status:  http.StatusForbidden,
	}
}

// authorizedSQS is SQS as event source mappings call it, by the role in their
// context.
type authorizedSQS struct{ lambda.SQS }

func (q authorizedSQS) ReceiveMessage(ctx context.Context, in *sqs.ReceiveMessageInput) (*sqs.ReceiveMessageOutput, error) {
	if err := q.Authorize(ctx, in); err != nil {
		return nil, err
	}
	return q.SQS.ReceiveMessage(ctx, in)
}

func (q authorizedSQS) DeleteMessageBatch(ctx context.Context, in *sqs.DeleteMessageBatchInput) (*sqs.DeleteMessageBatchOutput, error) {
	if err := q.Authorize(ctx, in); err != nil {
		return nil, err
	}
	return q.SQS.DeleteMessageBatch(ctx, in)
}

func (q authorizedSQS) GetQueueAttributes(ctx context.Context, in *sqs.GetQueueAttributesInput) (*sqs.GetQueueAttributesOutput, error) {
	if err := q.Authorize(ctx, in); err != nil {
		return nil, err
	}
	return q.SQS.GetQueueAttributes(ctx, in)
}
