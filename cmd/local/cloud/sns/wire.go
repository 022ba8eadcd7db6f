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
		"CreateTopic":               protocol.Do(s.CreateTopic, s.authorize),
		"DeleteTopic":               protocol.Do(s.DeleteTopic, s.authorize),
		"GetSubscriptionAttributes": protocol.Do(s.GetSubscriptionAttributes, s.authorize),
		"GetTopicAttributes":        protocol.Do(s.GetTopicAttributes, s.authorize),
		"ListSubscriptions":         protocol.Do(s.ListSubscriptions, s.authorize),
		"ListSubscriptionsByTopic":  protocol.Do(s.ListSubscriptionsByTopic, s.authorize),
		"ListTagsForResource":       protocol.Do(s.ListTagsForResource, s.authorize),
		"ListTopics":                protocol.Do(s.ListTopics, s.authorize),
		"Publish":                   protocol.Do(s.Publish, s.authorize),
		"PublishBatch":              protocol.Do(s.PublishBatch, s.authorize),
		"SetSubscriptionAttributes": protocol.Do(s.SetSubscriptionAttributes, s.authorize),
		"SetTopicAttributes":        protocol.Do(s.SetTopicAttributes, s.authorize),
		"Subscribe":                 protocol.Do(s.Subscribe, s.authorize),
		"TagResource":               protocol.Do(s.TagResource, s.authorize),
		"Unsubscribe":               protocol.Do(s.Unsubscribe, s.authorize),
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
