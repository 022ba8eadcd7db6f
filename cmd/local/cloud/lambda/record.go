package lambda

import (
	"encoding/base64"
	"maps"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"orderflow/cmd/local/cloud/sqs"
)

// sqsEvent is the event for as many of messages, from the first on, as fit
// into one payload.
// https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
func sqsEvent(messages []sqs.Message, queueARN, region string) (payload []byte, n int) {
	size := 0
	for i := range messages {
		size += len(messages[i].Body) + 1024
	}
	payload = make([]byte, 0, size+size/8)
	payload = append(payload, `{"Records":[`...)
	for i := range messages {
		before := len(payload)
		if i > 0 {
			payload = append(payload, ',')
		}
		payload = appendRecord(payload, &messages[i], queueARN, region)
		if i > 0 && len(payload)+len(`]}`) > maxPayload {
			return append(payload[:before], `]}`...), i
		}
	}
	return append(payload, `]}`...), len(messages)
}

func appendRecord(b []byte, m *sqs.Message, queueARN, region string) []byte {
	b = appendMember(b, `{"messageId":`, m.MessageId)
	b = appendMember(b, `,"receiptHandle":`, m.ReceiptHandle)
	b = appendMember(b, `,"body":`, m.Body)
	b = append(b, `,"attributes":{`...)
	for i, name := range slices.Sorted(maps.Keys(m.Attributes)) {
		b = appendComma(b, i)
		b = appendString(b, name)
		b = appendMember(b, `:`, m.Attributes[name])
	}
	b = append(b, `},"messageAttributes":{`...)
	for i, name := range slices.Sorted(maps.Keys(m.MessageAttributes)) {
		b = appendComma(b, i)
		b = appendString(b, name)
		b = append(b, ':')
		b = appendAttribute(b, m.MessageAttributes[name])
	}
	b = append(b, '}')
	if m.MD5OfMessageAttributes != "" {
		b = appendMember(b, `,"md5OfMessageAttributes":`, m.MD5OfMessageAttributes)
	}
	b = appendMember(b, `,"md5OfBody":`, m.MD5OfBody)
	b = appendMember(b, `,"eventSource":`, "aws:sqs")
	b = appendMember(b, `,"eventSourceARN":`, queueARN)
	b = appendMember(b, `,"awsRegion":`, region)
	return append(b, '}')
}

func appendAttribute(b []byte, a sqs.MessageAttributeValue) []byte {
	if strings.HasPrefix(a.DataType, "Binary") {
		b = append(b, `{"binaryValue":"`...)
		b = base64.StdEncoding.AppendEncode(b, a.BinaryValue)
		b = append(b, '"')
	} else {
		b = appendMember(b, `{"stringValue":`, a.StringValue)
	}
	b = append(b, `,"stringListValues":[],"binaryListValues":[]`...)
	b = appendMember(b, `,"dataType":`, a.DataType)
	return append(b, '}')
}

func appendComma(b []byte, i int) []byte {
	if i > 0 {
		return append(b, ',')
	}
	return b
}

func appendMember(b []byte, name, value string) []byte {
	return appendString(append(b, name...), value)
}

// appendString appends s as a JSON string, invalid UTF-8 replaced.
func appendString(b []byte, s string) []byte {
	b, _ = jsontext.AppendQuote(b, s) // the error only tells of the replacement
	return b
}
