package sns

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"

	"orderflow/cmd/local/cloud/iam"
)

const pageSize = 100

type Tag struct{ Key, Value string }

type CreateTopicInput struct {
	Name       string
	Attributes map[string]string
	Tags       []Tag
}

type CreateTopicOutput struct{ TopicArn string }

// CreateTopic creates a standard topic, or answers with the one of that name
// when its attributes do not differ from the given ones.
// https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html
func (s *Service) CreateTopic(_ context.Context, in *CreateTopicInput) (*CreateTopicOutput, error) {
	if err := checkTopicName(in.Name); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, errClosed
	}
	arn := "arn:aws:sns:" + s.region + ":" + s.account + ":" + in.Name
	made := &topic{arn: arn, name: in.Name, attributes: map[string]string{}, fanOut: new(fanOut)}
	for _, name := range slices.Sorted(maps.Keys(in.Attributes)) {
		if err := made.set(name, in.Attributes[name]); err != nil {
			return nil, err
		}
	}
	if t, ok := s.topics.Get(arn); ok {
		for name, value := range made.attributes {
			if t.attributes[name] != value {
				return nil, invalid("Attributes Reason: Topic already exists with different attributes")
			}
		}
		if len(in.Tags) > 0 && !slices.Equal(t.tags, in.Tags) {
			return nil, invalid("Tags Reason: Topic already exists with different tags")
		}
		return &CreateTopicOutput{TopicArn: arn}, nil
	}
	var err error
	if made.tags, err = mergeTags(nil, in.Tags); err != nil {
		return nil, err
	}
	s.topics.Put(arn, made)
	return &CreateTopicOutput{TopicArn: arn}, nil
}

func checkTopicName(name string) error {
	if strings.HasSuffix(name, ".fifo") {
		return invalid("Topic Name: FIFO topics are not supported by the local cloud")
	}
	valid := name != "" && len(name) <= 256
	for i := range len(name) {
		valid = valid && (alphanumeric(name[i]) || name[i] == '-' || name[i] == '_')
	}
	if !valid {
		return invalid("Topic Name")
	}
	return nil
}

func alphanumeric(c byte) bool {
	return '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z'
}

// set sets an attribute. All but the policy are kept only: nothing is
// encrypted, traced, signed or shown by its display name here.
func (t *topic) set(name, value string) (err error) {
	valid := true
	switch name {
	case "DisplayName":
		valid = len(value) <= 100
	case "Policy":
		if t.policy, err = iam.Parse([]byte(value), iam.Resource); err != nil {
			return invalid("Policy Error: %v", err)
		}
	case "KmsMasterKeyId":
	case "TracingConfig":
		valid = value == "PassThrough" || value == "Active"
	case "SignatureVersion":
		valid = value == "1" || value == "2"
	case "FifoTopic":
		if value != "false" {
			return invalid("Attributes Reason: FIFO topics are not supported by the local cloud")
		}
		return nil
	default:
		return invalid("AttributeName %q is not supported by the local cloud", name)
	}
	if !valid {
		return invalid("%s Reason: Invalid value", name)
	}
	t.attributes[name] = value
	return nil
}

type DeleteTopicInput struct{ TopicArn string }

type DeleteTopicOutput struct{}

// DeleteTopic deletes a topic with its subscriptions; deleting none is no
// error.
func (s *Service) DeleteTopic(_ context.Context, in *DeleteTopicInput) (*DeleteTopicOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := checkARN("TopicArn", in.TopicArn); err != nil {
		return nil, err
	}
	if t, ok := s.topics.Get(in.TopicArn); ok {
		for _, sub := range t.list() {
			s.subscriptions.Delete(sub.arn)
		}
		s.topics.Delete(in.TopicArn)
	}
	return &DeleteTopicOutput{}, nil
}

type ListTopicsInput struct{ NextToken string }

type ListTopicsOutput struct {
	Topics    []TopicEntry
	NextToken string `json:",omitempty"`
}

type TopicEntry struct{ TopicArn string }

// ListTopics lists topics by ARN, a hundred at a time.
func (s *Service) ListTopics(_ context.Context, in *ListTopicsInput) (*ListTopicsOutput, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	out := &ListTopicsOutput{Topics: []TopicEntry{}}
	for arn := range s.topics.Ascend(in.NextToken) {
		if len(out.Topics) == pageSize {
			out.NextToken = arn
			break
		}
		out.Topics = append(out.Topics, TopicEntry{TopicArn: arn})
	}
	return out, nil
}

type GetTopicAttributesInput struct{ TopicArn string }

type GetTopicAttributesOutput struct{ Attributes map[string]string }

// GetTopicAttributes tells a topic's attributes, those that AWS makes up
// included.
func (s *Service) GetTopicAttributes(_ context.Context, in *GetTopicAttributesInput) (*GetTopicAttributesOutput, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	t, err := s.topic(in.TopicArn)
	if err != nil {
		return nil, err
	}
	out := map[string]string{
		"DisplayName":             "",
		"EffectiveDeliveryPolicy": effectiveDeliveryPolicy,
		"Owner":                   s.account,
		"Policy":                  s.defaultPolicy(t.arn),
		"SubscriptionsConfirmed":  strconv.Itoa(len(t.list())),
		"SubscriptionsDeleted":    strconv.FormatInt(t.deleted.Load(), 10),
		"SubscriptionsPending":    "0",
		"TopicArn":                t.arn,
	}
	maps.Copy(out, t.attributes)
	return &GetTopicAttributesOutput{Attributes: out}, nil
}

const effectiveDeliveryPolicy = `{"http":{"defaultHealthyRetryPolicy":{"minDelayTarget":20,"maxDelayTarget":20,"numRetries":3,"numMaxDelayRetries":0,"numNoDelayRetries":0,"numMinDelayRetries":0,"backoffFunction":"linear"},"disableSubscriptionOverrides":false,"defaultRequestPolicy":{"headerContentType":"text/plain; charset=UTF-8"}}}`

func (s *Service) defaultPolicy(arn string) string {
	return `{"Version":"2008-10-17","Id":"__default_policy_ID","Statement":[{"Sid":"__default_statement_ID","Effect":"Allow","Principal":{"AWS":"*"},"Action":["SNS:GetTopicAttributes","SNS:SetTopicAttributes","SNS:AddPermission","SNS:RemovePermission","SNS:DeleteTopic","SNS:Subscribe","SNS:ListSubscriptionsByTopic","SNS:Publish"],"Resource":"` + arn + `","Condition":{"StringEquals":{"AWS:SourceOwner":"` + s.account + `"}}}]}`
}

type SetTopicAttributesInput struct {
	TopicArn       string
	AttributeName  string
	AttributeValue string
}

type SetTopicAttributesOutput struct{}

// SetTopicAttributes sets one attribute.
func (s *Service) SetTopicAttributes(_ context.Context, in *SetTopicAttributesInput) (*SetTopicAttributesOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.topic(in.TopicArn)
	if err != nil {
		return nil, err
	}
	changed := *t
	changed.attributes = maps.Clone(t.attributes)
	if err := changed.set(in.AttributeName, in.AttributeValue); err != nil {
		return nil, err
	}
	s.topics.Put(t.arn, &changed)
	return &SetTopicAttributesOutput{}, nil
}

type TagResourceInput struct {
	ResourceArn string
	Tags        []Tag
}

type TagResourceOutput struct{}

// TagResource adds tags to a topic, which mean nothing here.
func (s *Service) TagResource(_ context.Context, in *TagResourceInput) (*TagResourceOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, ok := s.topics.Get(in.ResourceArn)
	if !ok {
		return nil, noSuchResource()
	}
	changed := *t
	var err error
	if changed.tags, err = mergeTags(t.tags, in.Tags); err != nil {
		return nil, err
	}
	s.topics.Put(t.arn, &changed)
	return &TagResourceOutput{}, nil
}

func mergeTags(tags, more []Tag) ([]Tag, error) {
	tags = slices.Clone(tags)
	for i, tag := range more {
		same := func(t Tag) bool { return t.Key == tag.Key }
		if slices.ContainsFunc(more[:i], same) {
			return nil, invalid("Duplicated keys are not allowed.")
		}
		if j := slices.IndexFunc(tags, same); j >= 0 {
			tags[j] = tag
		} else {
			tags = append(tags, tag)
		}
	}
	if len(tags) > 50 {
		return nil, failure("TagLimitExceeded", "Could not complete request: tag quota of per resource exceeded")
	}
	return tags, nil
}

type ListTagsForResourceInput struct{ ResourceArn string }

type ListTagsForResourceOutput struct{ Tags []Tag }

// ListTagsForResource lists a topic's tags.
func (s *Service) ListTagsForResource(_ context.Context, in *ListTagsForResourceInput) (*ListTagsForResourceOutput, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	t, ok := s.topics.Get(in.ResourceArn)
	if !ok {
		return nil, noSuchResource()
	}
	return &ListTagsForResourceOutput{Tags: t.tags}, nil
}

func noSuchResource() error {
	e := notFound("Resource")
	e.Code = "ResourceNotFound"
	return e
}
