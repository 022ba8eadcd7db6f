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
	action := strings.TrimSuffix(strings.TrimSuffix(reflect.TypeOf(in).Elem().Name(), "Input"), "Batch")
	request := iam.Request{Action: "sqs:" + strings.ToLower(action), Resource: "*"}
	var policy *iam.Policy
	s.mu.Lock()
	for _, member := range []string{"QueueUrl", "QueueName", "SourceArn"} {
		field := reflect.ValueOf(in).Elem().FieldByName(member)
		if !field.IsValid() {
			continue
		}
		name := field.String()[strings.LastIndexAny(field.String(), "/:")+1:]
		request.Resource = s.arn(name)
		if q, ok := s.queues.Get(name); ok {
			policy = q.attributes.policy
		}
	}
	s.mu.Unlock()
	if err := iam.Authorize(ctx, policy, request); err != nil {
		return accessDenied(err)
	}
	return nil
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
