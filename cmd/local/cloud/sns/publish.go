package sns

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
)

// Limits of a message and of a batch.
// https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
const (
	maxMessage = 256 << 10 // bytes, attributes included; of a batch too
	maxSubject = 100       // characters
	maxBatch   = 10
)

type PublishInput struct {
	TopicArn          string
	TargetArn         string // a topic too
	Message           string
	Subject           *string
	MessageStructure  string // "json": a message for each protocol
	MessageAttributes map[string]MessageAttributeValue
}

type PublishOutput struct{ MessageId string }

// Publish sends a message to every subscription whose filter policy lets it
// pass. What a queue refuses goes to the subscription's dead-letter queue and
// is no error here. The attributes must not be changed afterwards.
// https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
func (s *Service) Publish(_ context.Context, in *PublishInput) (*PublishOutput, error) {
	arn := in.TopicArn
	switch {
	case arn != "" && in.TargetArn != "":
		return nil, invalid("Cannot publish to both TopicArn and TargetArn at the same time.")
	case arn == "":
		arn = in.TargetArn
	}
	if arn == "" {
		return nil, missing("TopicArn or TargetArn")
	}
	n, size, err := newNotification(in.Message, in.Subject, in.MessageStructure, in.MessageAttributes)
	if err != nil {
		return nil, err
	}
	if size > maxMessage {
		return nil, invalid("Message too long")
	}
	t, err := s.readTopic(arn)
	if err != nil {
		return nil, err
	}
	s.fanOut(t, n)
	return &PublishOutput{MessageId: n.id}, nil
}

func (s *Service) readTopic(arn string) (*topic, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.topic(arn)
}

type PublishBatchInput struct {
	TopicArn                   string
	PublishBatchRequestEntries []PublishBatchRequestEntry
}

type PublishBatchRequestEntry struct {
	Id                string
	Message           string
	Subject           *string
	MessageStructure  string
	MessageAttributes map[string]MessageAttributeValue
}

type PublishBatchOutput struct {
	Successful []PublishBatchResultEntry
	Failed     []struct{} // what is wrong with one message fails the batch
}

type PublishBatchResultEntry struct {
	Id        string
	MessageId string
}

// PublishBatch publishes up to ten messages, or none of them.
// https://docs.aws.amazon.com/sns/latest/api/API_PublishBatch.html
func (s *Service) PublishBatch(_ context.Context, in *PublishBatchInput) (*PublishBatchOutput, error) {
	if in.TopicArn == "" {
		return nil, missing("TopicArn")
	}
	t, err := s.readTopic(in.TopicArn)
	if err != nil {
		return nil, err
	}
	if err := checkBatch(in.PublishBatchRequestEntries); err != nil {
		return nil, err
	}
	notifications := make([]*notification, len(in.PublishBatchRequestEntries))
	total := 0
	for i, e := range in.PublishBatchRequestEntries {
		n, size, err := newNotification(e.Message, e.Subject, e.MessageStructure, e.MessageAttributes)
		if err != nil {
			return nil, err
		}
		notifications[i] = n
		total += size
	}
	if total > maxMessage {
		return nil, failure("BatchRequestTooLong", "The length of all the messages put together is more than the limit.")
	}
	out := &PublishBatchOutput{Failed: []struct{}{}}
	for i, n := range notifications {
		s.fanOut(t, n)
		out.Successful = append(out.Successful, PublishBatchResultEntry{Id: in.PublishBatchRequestEntries[i].Id, MessageId: n.id})
	}
	return out, nil
}

func checkBatch(entries []PublishBatchRequestEntry) error {
	if len(entries) == 0 {
		return failure("EmptyBatchRequest", "The batch request doesn't contain any entries.")
	}
	if len(entries) > maxBatch {
		return failure("TooManyEntriesInBatchRequest", "The batch request contains more entries than permissible.")
	}
	for i, e := range entries {
		valid := e.Id != "" && len(e.Id) <= 80
		for j := range len(e.Id) {
			valid = valid && (alphanumeric(e.Id[j]) || e.Id[j] == '-' || e.Id[j] == '_')
		}
		if !valid {
			return failure("InvalidBatchEntryId", "The Id of a batch entry in a batch request doesn't abide by the specification.")
		}
		for _, other := range entries[:i] {
			if other.Id == e.Id {
				return failure("BatchEntryIdsNotDistinct", "Two or more batch entries in the request have the same Id.")
			}
		}
	}
	return nil
}

// A notification is a message that was published.
type notification struct {
	id         string
	subject    string
	message    string // for queues
	attributes map[string]MessageAttributeValue
	at         time.Time

	body   any // the message as JSON, once a filter policy asked for it
	parsed bool
}

// newNotification checks a message, and tells its size in bytes.
func newNotification(message string, subject *string, structure string, attributes map[string]MessageAttributeValue) (*notification, int, error) {
	n := &notification{message: message, attributes: attributes}
	if subject != nil {
		if !validSubject(*subject) {
			return nil, 0, invalid("Subject")
		}
		n.subject = *subject
	}
	if message == "" {
		return nil, 0, invalid("Empty message")
	}
	size := len(message)
	for name, v := range attributes {
		if err := checkAttribute(name, v); err != nil {
			return nil, 0, err
		}
		size += len(name) + len(v.DataType) + len(v.StringValue) + len(v.BinaryValue)
	}
	switch structure {
	case "":
	case "json":
		var err error
		if n.message, err = messageForQueues(message); err != nil {
			return nil, 0, err
		}
	default:
		return nil, 0, invalid("MessageStructure")
	}
	n.id = uuid.NewString()
	n.at = time.Now()
	return n, size, nil
}

func validSubject(s string) bool {
	if s == "" || utf8.RuneCountInString(s) > maxSubject || s[0] == ' ' {
		return false
	}
	return strings.IndexFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }) < 0
}

// messageForQueues is the member "sqs" of a message of structure json, or else
// "default". Members that are no strings are ignored.
func messageForQueues(message string) (string, error) {
	var members map[string]any
	if err := json.Unmarshal([]byte(message), &members); err != nil {
		return "", invalid("Message Structure - JSON message body failed to parse")
	}
	text, ok := members["default"].(string)
	if !ok {
		return "", invalid("Message Structure - No default entry in JSON message body")
	}
	if own, ok := members["sqs"].(string); ok {
		text = own
	}
	if text == "" {
		return "", invalid("Empty message")
	}
	return text, nil
}

// https://docs.aws.amazon.com/sns/latest/dg/sns-message-attributes.html
func checkAttribute(name string, v MessageAttributeValue) error {
	if err := checkAttributeName(name); err != nil {
		return err
	}
	kind, _, _ := strings.Cut(v.DataType, ".")
	field := "String"
	if kind == "Binary" {
		field = "Binary"
	}
	sentence := ""
	switch {
	case v.DataType == "":
		return failure("ValidationError", fmt.Sprintf("1 validation error detected: Value null at 'messageAttributes.%s.member.dataType' failed to satisfy constraint: Member must not be null", name))
	case kind != "String" && kind != "Number" && kind != "Binary":
		sentence = "The message attribute '%s' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String."
	case kind == "Binary" && v.StringValue != "", kind != "Binary" && len(v.BinaryValue) > 0:
		sentence = "The message attribute '%s' with type '" + v.DataType + "' must use field '" + field + "'."
	case v.StringValue == "" && len(v.BinaryValue) == 0:
		sentence = "The message attribute '%s' must contain non-empty message attribute value for message attribute type '" + v.DataType + "'."
	default:
		return nil
	}
	return failure("ParameterValueInvalid", fmt.Sprintf(sentence, name))
}

func checkAttributeName(name string) error {
	sentence := ""
	switch {
	case name == "" || len(name) > 256:
		sentence = "Length of message attribute name must be less than 256 bytes."
	case name[0] == '.':
		sentence = "Invalid message attribute name starting with character '.' was found."
	case name[len(name)-1] == '.':
		sentence = "Invalid message attribute name ending with character '.' was found."
	case strings.Contains(name, ".."):
		sentence = "Message attribute name can not have successive '.' character."
	default:
		for _, r := range name {
			if r >= utf8.RuneSelf || !alphanumeric(byte(r)) && r != '-' && r != '_' && r != '.' {
				sentence = fmt.Sprintf("Invalid non-alphanumeric character '#x%X' was found in the message attribute name. Can only include alphanumeric characters, hyphens, underscores, or dots.", r)
				break
			}
		}
		if sentence == "" {
			return nil
		}
	}
	return failure("ParameterValueInvalid", sentence)
}
