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
	action := strings.TrimSuffix(reflect.TypeOf(in).Elem().Name(), "Input")
	if action == "PublishBatch" {
		action = "Publish"
	}
	resource := "*"
	for _, member := range []string{"TopicArn", "TargetArn", "SubscriptionArn", "ResourceArn"} {
		if field := reflect.ValueOf(in).Elem().FieldByName(member); field.IsValid() && field.String() != "" {
			resource = topicOf(field.String())
			break
		}
	}
	var policy *iam.Policy
	if t, err := s.readTopic(resource); err == nil {
		policy = t.policy
	}
	if err := iam.Authorize(ctx, policy, iam.Request{Action: "SNS:" + action, Resource: resource}); err != nil {
		return &protocol.Error{Code: "AuthorizationError", Message: err.Error(), Status: http.StatusForbidden}
	}
	return nil
}

// topicOf is the topic of an ARN, which may be of a subscription.
func topicOf(arn string) string {
	parts := strings.Split(arn, ":")
	return strings.Join(parts[:min(len(parts), 6)], ":")
}
