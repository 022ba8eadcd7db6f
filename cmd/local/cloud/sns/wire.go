package sns

import (
	"fmt"
	"net/http"

	"orderflow/cmd/local/cloud/protocol"
)

const namespace = "http://sns.amazonaws.com/doc/2010-03-31/"

// Actions are the API, for the wire and for Step Functions alike.
// https://docs.aws.amazon.com/sns/latest/api/API_Operations.html
func (s *Service) Actions() protocol.Actions {
	return protocol.Actions{
		"CreateTopic":               protocol.Do(s.CreateTopic),
		"DeleteTopic":               protocol.Do(s.DeleteTopic),
		"GetSubscriptionAttributes": protocol.Do(s.GetSubscriptionAttributes),
		"GetTopicAttributes":        protocol.Do(s.GetTopicAttributes),
		"ListSubscriptions":         protocol.Do(s.ListSubscriptions),
		"ListSubscriptionsByTopic":  protocol.Do(s.ListSubscriptionsByTopic),
		"ListTagsForResource":       protocol.Do(s.ListTagsForResource),
		"ListTopics":                protocol.Do(s.ListTopics),
		"Publish":                   protocol.Do(s.Publish),
		"PublishBatch":              protocol.Do(s.PublishBatch),
		"SetSubscriptionAttributes": protocol.Do(s.SetSubscriptionAttributes),
		"SetTopicAttributes":        protocol.Do(s.SetTopicAttributes),
		"Subscribe":                 protocol.Do(s.Subscribe),
		"TagResource":               protocol.Do(s.TagResource),
		"Unsubscribe":               protocol.Do(s.Unsubscribe),
	}
}

// Handler serves the Query protocol.
func (s *Service) Handler() http.Handler {
	return protocol.Query(namespace, s.Actions(), "Attributes", "MessageAttributes", "PublishBatchRequestEntries", "Tags")
}

// A boolean is true or false, as JSON or as the Query protocol's text.
type boolean bool

func (b *boolean) UnmarshalJSON(data []byte) error {
	switch string(data) {
	case "true", `"true"`:
		*b = true
	case "false", `"false"`:
		*b = false
	default:
		return protocol.Errorf("MalformedInput", "%s", fmt.Sprintf("%s is not a Boolean", data))
	}
	return nil
}
