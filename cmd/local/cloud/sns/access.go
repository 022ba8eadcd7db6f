package sns

import (
	"context"
	"net/http"
	"reflect"
	"strings"

	"orderflow/cmd/local/cloud/iam"
	"orderflow/cmd/local/cloud/protocol"
)

// authorize asks for what the Service Authorization Reference lists: the action
// on the topic, of a subscription too. SNS writes its own name in capitals.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsns.html
func (s *Service) authorize(ctx context.Context, in any) error {
	if iam.Caller(ctx) == nil {
		return nil
	}
	action, resource := permission(in)
	var policy *iam.Policy
	if t, err := s.readTopic(resource); err == nil {
		policy = t.policy
	}
	if err := iam.Authorize(ctx, policy, iam.Request{Action: action, Resource: resource}); err != nil {
		return &protocol.Error{Code: "AuthorizationError", Message: err.Error(), Status: http.StatusForbidden}
	}
	return nil
}

// permission is the action that an input is for, and its topic, "*" for what is
// of none.
func permission(in any) (action, resource string) {
	if in, ok := in.(*PublishInput); ok && in.TopicArn != "" {
		return "SNS:Publish", in.TopicArn
	}
	v := reflect.ValueOf(in).Elem()
	action, resource = "SNS:"+strings.TrimSuffix(strings.TrimSuffix(v.Type().Name(), "Input"), "Batch"), "*"
	for _, member := range []string{"TopicArn", "TargetArn", "SubscriptionArn", "ResourceArn"} {
		if field := v.FieldByName(member); field.IsValid() && field.String() != "" {
			return action, topicOf(field.String())
		}
	}
	return action, resource
}

// topicOf is the topic of an ARN, which may be of a subscription.
func topicOf(arn string) string {
	parts := strings.Split(arn, ":")
	return strings.Join(parts[:min(len(parts), 6)], ":")
}
