package logs

import (
	"context"
	"reflect"
	"strings"

	"orderflow/cmd/local/cloud/iam"
	"orderflow/cmd/local/cloud/protocol"
)

// authorize asks for what the Service Authorization Reference lists: the action
// on the log group, or on the stream that is written.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatchlogs.html
func (s *Service) authorize(ctx context.Context, in any) error {
	if iam.Caller(ctx) == nil {
		return nil
	}
	v := reflect.ValueOf(in).Elem()
	text := func(member string) string {
		if field := v.FieldByName(member); field.IsValid() {
			return field.String()
		}
		return ""
	}
	resource := s.arns + text("LogGroupName")
	switch stream := text("LogStreamName"); {
	case text("LogGroupIdentifier") != "":
		resource = text("LogGroupIdentifier")
	case stream != "":
		resource += ":log-stream:" + stream
	case text("LogGroupName") != "":
		resource += ":log-stream:" // as in AWS's messages
	}
	action := strings.TrimSuffix(v.Type().Name(), "Input")
	if err := iam.Authorize(ctx, nil, iam.Request{Action: "logs:" + action, Resource: resource}); err != nil {
		return protocol.Errorf("AccessDeniedException", "%v", err)
	}
	return nil
}
