package sqs

import (
	"net/http"
	"strings"

	"orderflow/cmd/local/cloud/protocol"
)

// Actions are the API, for the wire and for Step Functions alike.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_Operations.html
func (s *Service) Actions() protocol.Actions {
	return protocol.Actions{
		"CancelMessageMoveTask":        protocol.Do(s.CancelMessageMoveTask, s.Authorize),
		"ChangeMessageVisibility":      protocol.Do(s.ChangeMessageVisibility, s.Authorize),
		"ChangeMessageVisibilityBatch": protocol.Do(s.ChangeMessageVisibilityBatch, s.Authorize),
		"CreateQueue":                  protocol.Do(s.CreateQueue, s.Authorize),
		"DeleteMessage":                protocol.Do(s.DeleteMessage, s.Authorize),
		"DeleteMessageBatch":           protocol.Do(s.DeleteMessageBatch, s.Authorize),
		"DeleteQueue":                  protocol.Do(s.DeleteQueue, s.Authorize),
		"GetQueueAttributes":           protocol.Do(s.GetQueueAttributes, s.Authorize),
		"GetQueueUrl":                  protocol.Do(s.GetQueueUrl, s.Authorize),
		"ListDeadLetterSourceQueues":   protocol.Do(s.ListDeadLetterSourceQueues, s.Authorize),
		"ListMessageMoveTasks":         protocol.Do(s.ListMessageMoveTasks, s.Authorize),
		"ListQueueTags":                protocol.Do(s.ListQueueTags, s.Authorize),
		"ListQueues":                   protocol.Do(s.ListQueues, s.Authorize),
		"PurgeQueue":                   protocol.Do(s.PurgeQueue, s.Authorize),
		"ReceiveMessage":               protocol.Do(s.ReceiveMessage, s.Authorize),
		"SendMessage":                  protocol.Do(s.SendMessage, s.Authorize),
		"SendMessageBatch":             protocol.Do(s.SendMessageBatch, s.Authorize),
		"SetQueueAttributes":           protocol.Do(s.SetQueueAttributes, s.Authorize),
		"StartMessageMoveTask":         protocol.Do(s.StartMessageMoveTask, s.Authorize),
		"TagQueue":                     protocol.Do(s.TagQueue, s.Authorize),
		"UntagQueue":                   protocol.Do(s.UntagQueue, s.Authorize),
	}
}

// Handler serves the JSON 1.0 protocol, the one that SDKs have spoken since
// 2023, with the Query protocol's error codes in a header; and the Query
// protocol, for the older ones.
func (s *Service) Handler() http.Handler {
	actions := s.Actions()
	json, query := protocol.JSON("1.0", actions), dialect().Query(actions)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if isQuery(r) {
			query.ServeHTTP(w, r)
			return
		}
		json.ServeHTTP(w, r)
	})
}

func isQuery(r *http.Request) bool {
	return r.Header.Get("X-Amz-Target") == "" &&
		(strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") || r.URL.Query().Has("Action"))
}

// dialect is SQS's of the Query protocol, version 2012-11-05: no list or map
// has a level of its own, and a queue may be named by the URL alone.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-making-api-requests-xml.html
func dialect() protocol.Dialect {
	return protocol.Dialect{
		Namespace:   "http://queue.amazonaws.com/doc/2012-11-05/",
		Path:        "QueueUrl",
		Collections: []string{"AttributeNames", "Entries", "MessageAttributeNames", "MessageSystemAttributeNames", "TagKeys"},
		Numbers: []string{
			"DelaySeconds", "MaxNumberOfMessages", "MaxNumberOfMessagesPerSecond", "MaxResults", "VisibilityTimeout", "WaitTimeSeconds",
		},
		Flat: []protocol.Flat{
			{Element: "Attribute", Member: "Attributes", Key: "Name"},
			{Element: "AttributeName", Member: "AttributeNames"},
			{Element: "BatchResultErrorEntry", Member: "Failed"},
			{Element: "ChangeMessageVisibilityBatchRequestEntry", Member: "Entries", Action: "ChangeMessageVisibilityBatch"},
			{Element: "ChangeMessageVisibilityBatchResultEntry", Member: "Successful", Action: "ChangeMessageVisibilityBatch"},
			{Element: "DeleteMessageBatchRequestEntry", Member: "Entries", Action: "DeleteMessageBatch"},
			{Element: "DeleteMessageBatchResultEntry", Member: "Successful", Action: "DeleteMessageBatch"},
			{Element: "ListMessageMoveTasksResultEntry", Member: "Results"},
			{Element: "Message", Member: "Messages"},
			{Element: "MessageAttribute", Member: "MessageAttributes", Key: "Name"},
			{Element: "MessageAttributeName", Member: "MessageAttributeNames"},
			{Element: "MessageSystemAttribute", Member: "MessageSystemAttributes", Key: "Name"},
			{Element: "MessageSystemAttributeName", Member: "MessageSystemAttributeNames"},
			{Element: "QueueUrl", Member: "QueueUrls", Action: "ListQueues"},
			{Element: "QueueUrl", Member: "queueUrls", Action: "ListDeadLetterSourceQueues"},
			{Element: "SendMessageBatchRequestEntry", Member: "Entries", Action: "SendMessageBatch"},
			{Element: "SendMessageBatchResultEntry", Member: "Successful", Action: "SendMessageBatch"},
			{Element: "Tag", Member: "tags", Key: "Key", Action: "CreateQueue"},
			{Element: "Tag", Member: "Tags", Key: "Key"},
			{Element: "TagKey", Member: "TagKeys"},
		},
	}
}
