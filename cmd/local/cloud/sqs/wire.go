package sqs

import (
	"net/http"

	"orderflow/cmd/local/cloud/protocol"
)

// Actions are the API, for the wire and for Step Functions alike.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_Operations.html
func (s *Service) Actions() protocol.Actions {
	return protocol.Actions{
		"CancelMessageMoveTask":        protocol.Do(s.CancelMessageMoveTask),
		"ChangeMessageVisibility":      protocol.Do(s.ChangeMessageVisibility),
		"ChangeMessageVisibilityBatch": protocol.Do(s.ChangeMessageVisibilityBatch),
		"CreateQueue":                  protocol.Do(s.CreateQueue),
		"DeleteMessage":                protocol.Do(s.DeleteMessage),
		"DeleteMessageBatch":           protocol.Do(s.DeleteMessageBatch),
		"DeleteQueue":                  protocol.Do(s.DeleteQueue),
		"GetQueueAttributes":           protocol.Do(s.GetQueueAttributes),
		"GetQueueUrl":                  protocol.Do(s.GetQueueUrl),
		"ListDeadLetterSourceQueues":   protocol.Do(s.ListDeadLetterSourceQueues),
		"ListMessageMoveTasks":         protocol.Do(s.ListMessageMoveTasks),
		"ListQueueTags":                protocol.Do(s.ListQueueTags),
		"ListQueues":                   protocol.Do(s.ListQueues),
		"PurgeQueue":                   protocol.Do(s.PurgeQueue),
		"ReceiveMessage":               protocol.Do(s.ReceiveMessage),
		"SendMessage":                  protocol.Do(s.SendMessage),
		"SendMessageBatch":             protocol.Do(s.SendMessageBatch),
		"SetQueueAttributes":           protocol.Do(s.SetQueueAttributes),
		"StartMessageMoveTask":         protocol.Do(s.StartMessageMoveTask),
		"TagQueue":                     protocol.Do(s.TagQueue),
		"UntagQueue":                   protocol.Do(s.UntagQueue),
	}
}

// Handler serves the JSON 1.0 protocol, the one that SDKs have spoken since
// 2023, with the Query protocol's error codes in a header.
func (s *Service) Handler() http.Handler {
	return protocol.JSON("1.0", s.Actions())
}
