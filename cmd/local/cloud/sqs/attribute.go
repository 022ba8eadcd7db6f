package sqs

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"time"

	"orderflow/cmd/local/cloud/iam"
)

// attributes are what SetQueueAttributes set, as text and understood. They are
// replaced as a whole, never changed.
type attributes struct {
	texts map[string]string

	visibility, delay, wait, retention time.Duration
	maxSize                            int
	redrive                            *redrivePolicy
	allow                              redriveAllowPolicy
	policy                             *iam.Policy // nil: the account's own roles alone, by their policies
}

// numbers are the attributes that are a number, with default and range.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
var numbers = map[string]struct{ normal, min, max int }{
	"DelaySeconds":                  {0, 0, 900},
	"MaximumMessageSize":            {maxMessage, 1024, maxMessage},
	"MessageRetentionPeriod":        {345600, 60, 1209600},
	"ReceiveMessageWaitTimeSeconds": {0, 0, 20},
	"VisibilityTimeout":             {30, 0, 43200},
}

func defaultAttributes() attributes {
	a := attributes{texts: map[string]string{"SqsManagedSseEnabled": "true"}}
	for name, n := range numbers {
		a.texts[name] = strconv.Itoa(n.normal)
		a.setNumber(name, n.normal)
	}
	return a
}

func (a *attributes) text(name string) string { return a.texts[name] }

// with is a with more attributes set, for the queue of the given name.
func (a attributes) with(s *Service, queueName string, changes map[string]string) (attributes, error) {
	a.texts = maps.Clone(a.texts)
	if changes["KmsMasterKeyId"] != "" && changes["SqsManagedSseEnabled"] == "true" {
		return a, failure(400, "InvalidAttributeName", "InvalidAttributeName",
			"You can use one type of server-side encryption (SSE) at one time. You can either enable KMS SSE or SQS SSE.")
	}
	for _, name := range slices.Sorted(maps.Keys(changes)) {
		if err := a.set(s, queueName, name, changes[name]); err != nil {
			return a, err
		}
	}
	return a, nil
}

func (a *attributes) set(s *Service, queueName, name, value string) error {
	if n, ok := numbers[name]; ok {
		v, err := strconv.Atoi(value)
		if err != nil || v < n.min || v > n.max {
			return invalidAttribute(name, "")
		}
		a.setNumber(name, v)
		a.texts[name] = value
		return nil
	}
	var err error
	switch name {
	case "RedrivePolicy":
		a.redrive, err = s.parseRedrivePolicy(queueName, value)
	case "RedriveAllowPolicy":
		a.allow, err = parseRedriveAllowPolicy(value)
	case "Policy":
		a.policy, err = parsePolicy(value)
	case "KmsMasterKeyId":
		if value != "" {
			a.texts["SqsManagedSseEnabled"] = "false"
		}
	case "SqsManagedSseEnabled":
		if value != "true" && value != "false" {
			err = invalidAttribute(name, "")
		}
	case "KmsDataKeyReusePeriodSeconds":
		if v, e := strconv.Atoi(value); e != nil || v < 60 || v > 86400 {
			err = invalidAttribute(name, "")
		}
	case "FifoQueue":
		if value == "true" {
			return unsupported("FIFO queues are")
		}
		err = unknownAttribute(name)
	default:
		err = unknownAttribute(name)
	}
	if err != nil {
		return err
	}
	if value == "" {
		delete(a.texts, name)
	} else {
		a.texts[name] = value
	}
	return nil
}

func (a *attributes) setNumber(name string, v int) {
	seconds := time.Duration(v) * time.Second
	switch name {
	case "DelaySeconds":
		a.delay = seconds
	case "MaximumMessageSize":
		a.maxSize = v
	case "MessageRetentionPeriod":
		a.retention = seconds
	case "ReceiveMessageWaitTimeSeconds":
		a.wait = seconds
	case "VisibilityTimeout":
		a.visibility = seconds
	}
}

type SetQueueAttributesInput struct {
	QueueUrl   string
	Attributes map[string]string
}

type SetQueueAttributesOutput struct{}

// SetQueueAttributes changes a queue at once, AWS within a minute: delay and
// visibility timeout for what is sent and received from now on, the retention
// period for the messages in the queue as well. Either all attributes are set
// or none. Encryption attributes are kept, but nothing is encrypted.
func (s *Service) SetQueueAttributes(_ context.Context, in *SetQueueAttributesInput) (*SetQueueAttributesOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.queue(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	set, err := q.attributes.with(s, q.name, in.Attributes)
	if err != nil {
		return nil, err
	}
	now := time.Now().UnixNano()
	q.attributes = set
	q.modified = now
	q.advance(now)
	q.settle(now)
	return &SetQueueAttributesOutput{}, nil
}

type GetQueueAttributesInput struct {
	QueueUrl       string
	AttributeNames []string
}

type GetQueueAttributesOutput struct {
	Attributes map[string]string `json:",omitempty"`
}

// settable are the attributes that have no value of their own until set.
var settable = []string{"Policy", "RedrivePolicy", "RedriveAllowPolicy", "KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds", "SqsManagedSseEnabled"}

// GetQueueAttributes tells a queue's attributes and exact numbers of messages.
func (s *Service) GetQueueAttributes(_ context.Context, in *GetQueueAttributesInput) (*GetQueueAttributesOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.queue(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	q.advance(time.Now().UnixNano())
	all := maps.Clone(q.attributes.texts)
	all["QueueArn"] = q.arn
	all["CreatedTimestamp"] = strconv.FormatInt(q.created/int64(time.Second), 10)
	all["LastModifiedTimestamp"] = strconv.FormatInt(q.modified/int64(time.Second), 10)
	all["ApproximateNumberOfMessages"] = strconv.Itoa(q.visible.length)
	all["ApproximateNumberOfMessagesNotVisible"] = strconv.Itoa(q.inFlight)
	all["ApproximateNumberOfMessagesDelayed"] = strconv.Itoa(len(q.hidden.entries) - q.inFlight)

	out := map[string]string{}
	for _, name := range in.AttributeNames {
		if name == "All" {
			return &GetQueueAttributesOutput{Attributes: all}, nil
		}
		value, ok := all[name]
		if !ok && !slices.Contains(settable, name) {
			return nil, unknownAttribute(name)
		}
		if ok {
			out[name] = value
		}
	}
	return &GetQueueAttributesOutput{Attributes: out}, nil
}
