package sqs

import (
	"crypto/md5"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"
)

// maxMessage is the largest message and the largest batch, attributes
// included, since August 2025.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
const maxMessage = 1 << 20

// maxAttributes is how many attributes a message may carry.
const maxAttributes = 10

// A MessageAttributeValue is one attribute of a message. DataType is String,
// Number or Binary, with an optional suffix (Number.int).
type MessageAttributeValue struct {
	DataType    string
	StringValue string `json:",omitempty"`
	BinaryValue []byte `json:",omitempty"`
}

// message is what the store keeps of a message; it is replaced, never changed,
// once it is there. Times are Unix nanoseconds.
type message struct {
	ID            string
	Body          string
	BodyMD5       string
	Attributes    map[string]MessageAttributeValue
	AttributesMD5 string
	Sender        string
	Trace         string // AWSTraceHeader
	Enqueued      int64
	FirstReceived int64
	Received      int    // over all queues it was in
	Receives      int    // in the queue it is in
	Source        string // ARN of the queue it failed in, once in a dead-letter queue
	VisibleAt     int64  // delayed or in flight until then
}

// newMessage checks body and attributes as SendMessage does. The limit is the
// queue's MaximumMessageSize.
func newMessage(body string, attributes map[string]MessageAttributeValue) (*message, error) {
	if body == "" {
		return nil, missingParameter("MessageBody")
	}
	if !validText(body) {
		return nil, failure(400, "InvalidMessageContents", "InvalidMessageContents",
			"Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF")
	}
	if err := checkAttributes(attributes); err != nil {
		return nil, err
	}
	return &message{
		ID:            uuid.NewString(),
		Body:          body,
		BodyMD5:       textMD5(body),
		Attributes:    attributes,
		AttributesMD5: attributesMD5(attributes),
	}, nil
}

func messageSize(body string, attributes map[string]MessageAttributeValue) int {
	size := len(body)
	for name, v := range attributes {
		size += len(name) + len(v.DataType) + len(v.StringValue) + len(v.BinaryValue)
	}
	return size
}

// validText tells whether s holds only what XML 1.0 admits.
func validText(s string) bool {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c >= utf8.RuneSelf:
			return validRunes(s[i:])
		case c < ' ' && c != '\t' && c != '\n' && c != '\r':
			return false
		}
	}
	return true
}

func validRunes(s string) bool {
	for i, r := range s {
		switch {
		case r == utf8.RuneError:
			if _, width := utf8.DecodeRuneInString(s[i:]); width == 1 {
				return false
			}
		case r < ' ' && r != '\t' && r != '\n' && r != '\r', r == 0xFFFE, r == 0xFFFF:
			return false
		}
	}
	return true
}

// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html
func checkAttributes(attributes map[string]MessageAttributeValue) error {
	if len(attributes) > maxAttributes {
		return invalidParameter("Number of message attributes [%d] exceeds the allowed maximum [%d].", len(attributes), maxAttributes)
	}
	for name, v := range attributes {
		if err := checkAttribute(name, v); err != nil {
			return err
		}
	}
	return nil
}

func checkAttribute(name string, v MessageAttributeValue) error {
	if !validAttributeName(name) {
		return invalidParameter("Message (user) attribute name '%s' is invalid. Attribute name can contain A-Z, a-z, 0-9, underscore (_), hyphen (-), and period (.) characters. It can be at most 256 characters long, and must not start with AWS. or Amazon., start or end with a period, or have periods in succession.", name)
	}
	kind, custom, _ := strings.Cut(v.DataType, ".")
	switch {
	case v.DataType == "":
		return invalidParameter("Message (user) attribute '%s' must contain a non-empty attribute type.", name)
	case len(v.DataType) > 256:
		return invalidParameter("Message (user) attribute '%s' has a type longer than 256 bytes.", name)
	case kind != "String" && kind != "Number" && kind != "Binary", strings.ContainsAny(custom, " \t"):
		return invalidParameter("The type of message (user) attribute '%s' is invalid. You must use only the following supported type prefixes: Binary, Number, String.", name)
	case kind == "Binary" && v.StringValue != "", kind != "Binary" && v.BinaryValue != nil:
		return invalidParameter("Message (user) attribute '%s' with type '%s' must use field '%s'.", name, v.DataType, map[bool]string{true: "Binary", false: "String"}[kind == "Binary"])
	case v.StringValue == "" && len(v.BinaryValue) == 0:
		return invalidParameter("Message (user) attribute '%s' must contain a non-empty value of type '%s'.", name, v.DataType)
	case kind == "Number" && !validNumber(v.StringValue):
		return invalidParameter("Can't cast the value of message (user) attribute '%s' to a number.", name)
	case !validText(v.StringValue):
		return invalidParameter("Message (user) attribute '%s' contains characters outside the allowed set.", name)
	}
	return nil
}

func validAttributeName(name string) bool {
	if name == "" || len(name) > 256 || name[0] == '.' || name[len(name)-1] == '.' || strings.Contains(name, "..") {
		return false
	}
	if lower := strings.ToLower(name); strings.HasPrefix(lower, "aws.") || strings.HasPrefix(lower, "amazon.") {
		return false
	}
	for i := range len(name) {
		if c := name[i]; !alphanumeric(c) && c != '_' && c != '-' && c != '.' {
			return false
		}
	}
	return true
}

func alphanumeric(c byte) bool {
	return '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z'
}

func validNumber(s string) bool {
	digits := 0
	for i := range len(s) {
		switch c := s[i]; {
		case '0' <= c && c <= '9':
			digits++
		case c == '+' || c == '-' || c == '.' || c == 'e' || c == 'E':
		default:
			return false
		}
	}
	_, err := strconv.ParseFloat(s, 64)
	return digits > 0 && err == nil
}

func textMD5(s string) string {
	return digest(md5.Sum([]byte(s)))
}

// attributesMD5 is the digest that SDKs check, "" without attributes.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html#sqs-attributes-md5-message-digest-calculation
func attributesMD5(attributes map[string]MessageAttributeValue) string {
	if len(attributes) == 0 {
		return ""
	}
	names := make([]string, 0, maxAttributes)
	for name := range attributes {
		names = append(names, name)
	}
	slices.Sort(names)
	buf := make([]byte, 0, 128)
	for _, name := range names {
		v := attributes[name]
		buf = appendCounted(buf, name)
		buf = appendCounted(buf, v.DataType)
		if strings.HasPrefix(v.DataType, "Binary") {
			buf = append(buf, 2)
			buf = appendCounted(buf, v.BinaryValue)
		} else {
			buf = append(buf, 1)
			buf = appendCounted(buf, v.StringValue)
		}
	}
	return digest(md5.Sum(buf))
}

func digest(sum [md5.Size]byte) string {
	var text [2 * md5.Size]byte
	hex.Encode(text[:], sum[:])
	return string(text[:])
}

func appendCounted[T string | []byte](buf []byte, s T) []byte {
	buf = binary.BigEndian.AppendUint32(buf, uint32(len(s)))
	return append(buf, s...)
}
