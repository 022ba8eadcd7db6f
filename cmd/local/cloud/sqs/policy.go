package sqs

import (
	"context"
	"net/http"
	"reflect"
	"strings"

	"orderflow/cmd/local/cloud/iam"
	"orderflow/cmd/local/cloud/protocol"
)

// parsePolicy reads a queue's policy; "" is none.
func parsePolicy(text string) (*iam.Policy, error) {
	if text == "" {
		return nil, nil
	}
	p, err := iam.Parse([]byte(text), iam.Resource)
	if err != nil {
		return nil, invalidAttribute("Policy", err.Error())
	}
	return p, nil
}

// Authorize tells whether the context's caller may do what a method's input
// asks: its action on the queue. A batch is allowed as one message is, and
// messages tell actions in lower case.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsqs.html
func (s *Service) Authorize(ctx context.Context, in any) error {
	if iam.Caller(ctx) == nil {
		return nil
	}
	action, queue := permission(in)
	request := iam.Request{Action: action, Resource: "*"}
	var policy *iam.Policy
	if queue != "" {
		name := queue[strings.LastIndexAny(queue, "/:")+1:]
		request.Resource = s.arn(name)
		s.mu.Lock()
		if q, ok := s.queues.Get(name); ok {
			policy = q.attributes.policy
		}
		s.mu.Unlock()
	}
	if err := iam.Authorize(ctx, policy, request); err != nil {
		return accessDenied(err)
	}
	return nil
}

// permission is the action that an input is for, and its queue by URL, ARN or
// name, "" for what is of no queue.
func permission(in any) (action, queue string) {
	switch in := in.(type) { // what a poller asks for all the time
	case *ReceiveMessageInput:
		return "sqs:receivemessage", in.QueueUrl
	case *DeleteMessageBatchInput:
		return "sqs:deletemessage", in.QueueUrl
	}
	v := reflect.ValueOf(in).Elem()
	for _, member := range []string{"QueueUrl", "QueueName", "SourceArn"} {
		if field := v.FieldByName(member); field.IsValid() {
			queue = field.String()
		}
	}
	return "sqs:" + strings.ToLower(strings.TrimSuffix(strings.TrimSuffix(v.Type().Name(), "Input"), "Batch")), queue
}

func accessDenied(err error) *protocol.Error {
	return failure(http.StatusForbidden, "AccessDeniedException", "AccessDenied", "%s", err.Error())
}

func accountOf(arn string) string {
	if parts := strings.SplitN(arn, ":", 6); len(parts) == 6 {
		return parts[4]
	}
	return ""
}
