package sns

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"

	"orderflow/cmd/local/cloud/protocol"

	"github.com/google/uuid"
)

// A subscription is replaced as a whole when an attribute changes.
type subscription struct {
	arn, topicARN, queueARN string
	attributes              map[string]string // those that may be set, as text

	raw         bool
	scope       string
	filter      *filterPolicy
	deadLetters string // ARN of a queue; "" is none
}

type SubscribeInput struct {
	TopicArn              string
	Protocol              string
	Endpoint              string
	Attributes            map[string]string
	ReturnSubscriptionArn boolean // it always is
}

type SubscribeOutput struct{ SubscriptionArn string }

// Subscribe subscribes an SQS queue, which need not exist, to a topic. Doing
// so again gives the same subscription, unless attributes differ.
// https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html
func (s *Service) Subscribe(_ context.Context, in *SubscribeInput) (*SubscribeOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.topic(in.TopicArn)
	if err != nil {
		return nil, err
	}
	if err := checkEndpoint(in.Protocol, in.Endpoint); err != nil {
		return nil, err
	}
	sub := &subscription{
		arn: t.arn + ":" + uuid.NewString(), topicARN: t.arn, queueARN: in.Endpoint,
		attributes: map[string]string{"RawMessageDelivery": "false"},
		scope:      scopeAttributes,
	}
	for _, name := range subscriptionAttributes(in.Attributes) {
		if err := sub.set(name, in.Attributes[name]); err != nil {
			return nil, inAttributes(err)
		}
	}
	for _, old := range t.list() {
		if old.queueARN != in.Endpoint {
			continue
		}
		for name := range in.Attributes {
			if old.attributes[name] != sub.attributes[name] {
				return nil, invalid("Attributes Reason: Subscription already exists with different attributes")
			}
		}
		return &SubscribeOutput{SubscriptionArn: old.arn}, nil
	}
	s.subscriptions.Put(sub.arn, sub)
	t.replace(nil, sub)
	return &SubscribeOutput{SubscriptionArn: sub.arn}, nil
}

// knownProtocols are AWS's; only sqs is served here.
var knownProtocols = []string{"http", "https", "email", "email-json", "sms", "application", "lambda", "firehose"}

func checkEndpoint(kind, endpoint string) error {
	switch {
	case slices.Contains(knownProtocols, kind):
		return invalid("Protocol Reason: subscriptions of protocol %q are not supported by the local cloud", kind)
	case kind != "sqs":
		return invalid("Amazon SNS does not support this protocol string: %s", kind)
	case !isQueueARN(endpoint):
		return invalid("SQS endpoint ARN")
	case strings.HasSuffix(endpoint, ".fifo"):
		return invalid("Invalid parameter: Endpoint Reason: FIFO SQS Queues can not be subscribed to standard SNS topics")
	}
	return nil
}

func isQueueARN(arn string) bool {
	return strings.HasPrefix(arn, "arn:aws:sqs:") && strings.Count(arn, ":") == 5
}

// subscriptionAttributes are the names of the attributes to set, in order but
// for the filter policy's scope, by which the policy is read.
func subscriptionAttributes(attributes map[string]string) []string {
	names := slices.Sorted(maps.Keys(attributes))
	if i := slices.Index(names, "FilterPolicyScope"); i > 0 {
		names = slices.Insert(slices.Delete(names, i, i+1), 0, "FilterPolicyScope")
	}
	return names
}

// inAttributes is how Subscribe words what SetSubscriptionAttributes refuses.
func inAttributes(err error) error {
	e := protocol.AsError(err)
	rest, ok := strings.CutPrefix(e.Message, "Invalid parameter: ")
	if !ok || rest == string(errNested) {
		return err
	}
	return invalid("Attributes Reason: %s", rest)
}

// set sets one attribute of a subscription that nobody else sees yet.
func (sub *subscription) set(name, value string) error {
	switch name {
	case "RawMessageDelivery":
		raw, err := strconv.ParseBool(strings.ToLower(value))
		if err != nil || len(value) < 4 {
			return invalid("RawMessageDelivery: Invalid value [%s]. Must be true or false.", value)
		}
		sub.raw, value = raw, strconv.FormatBool(raw)
	case "FilterPolicyScope":
		if value != scopeAttributes && value != scopeBody {
			return invalid("FilterPolicyScope: Invalid value [%s]. Please use either MessageBody or MessageAttributes", value)
		}
		sub.scope = value
		if err := sub.setFilter(sub.attributes["FilterPolicy"]); err != nil {
			return err
		}
	case "FilterPolicy":
		if err := sub.setFilter(value); err != nil {
			return err
		}
		if sub.filter == nil {
			value = ""
		}
	case "RedrivePolicy":
		target, err := parseRedrivePolicy(value)
		if err != nil {
			return err
		}
		sub.deadLetters = target
	case "DeliveryPolicy", "SubscriptionRoleArn", "ReplayPolicy":
		return invalid("AttributeName %q is not supported by the local cloud", name)
	default:
		return invalid("AttributeName")
	}
	if value == "" {
		delete(sub.attributes, name)
	} else {
		sub.attributes[name] = value
	}
	return nil
}

func (sub *subscription) setFilter(text string) error {
	filter, err := parseFilterPolicy(text, sub.scope)
	if errors.Is(err, errNested) {
		return invalid("%s", err)
	}
	if err != nil {
		return invalid("FilterPolicy: %s", err)
	}
	sub.filter = filter
	return nil
}

func parseRedrivePolicy(text string) (target string, err error) {
	if text == "" {
		return "", nil
	}
	var policy struct {
		DeadLetterTargetArn string `json:"deadLetterTargetArn"`
	}
	if err := json.Unmarshal([]byte(text), &policy); err != nil {
		return "", invalid("RedrivePolicy: failed to parse JSON. %v", err)
	}
	if !isQueueARN(policy.DeadLetterTargetArn) {
		return "", invalid("RedrivePolicy: deadLetterTargetArn is an invalid arn")
	}
	return policy.DeadLetterTargetArn, nil
}

type SetSubscriptionAttributesInput struct {
	SubscriptionArn string
	AttributeName   string
	AttributeValue  string
}

type SetSubscriptionAttributesOutput struct{}

// SetSubscriptionAttributes sets one attribute, effective at once; AWS takes
// up to a quarter of an hour for a filter policy.
func (s *Service) SetSubscriptionAttributes(_ context.Context, in *SetSubscriptionAttributesInput) (*SetSubscriptionAttributesOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old, err := s.subscription(in.SubscriptionArn)
	if err != nil {
		return nil, err
	}
	sub := *old
	sub.attributes = maps.Clone(old.attributes)
	if err := sub.set(in.AttributeName, in.AttributeValue); err != nil {
		return nil, err
	}
	t, err := s.topic(sub.topicARN)
	if err != nil {
		return nil, err
	}
	s.subscriptions.Put(sub.arn, &sub)
	t.replace(old, &sub)
	return &SetSubscriptionAttributesOutput{}, nil
}

func (s *Service) subscription(arn string) (*subscription, error) {
	if err := checkARN("SubscriptionArn", arn); err != nil {
		return nil, err
	}
	sub, ok := s.subscriptions.Get(arn)
	if !ok {
		return nil, notFound("Subscription")
	}
	return sub, nil
}

type GetSubscriptionAttributesInput struct{ SubscriptionArn string }

type GetSubscriptionAttributesOutput struct{ Attributes map[string]string }

// GetSubscriptionAttributes tells a subscription's attributes.
func (s *Service) GetSubscriptionAttributes(_ context.Context, in *GetSubscriptionAttributesInput) (*GetSubscriptionAttributesOutput, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	sub, err := s.subscription(in.SubscriptionArn)
	if err != nil {
		return nil, err
	}
	out := map[string]string{
		"ConfirmationWasAuthenticated": "true",
		"Endpoint":                     sub.queueARN,
		"Owner":                        s.account,
		"PendingConfirmation":          "false",
		"Protocol":                     "sqs",
		"SubscriptionArn":              sub.arn,
		"SubscriptionPrincipal":        "arn:aws:iam::" + s.account + ":root",
		"TopicArn":                     sub.topicARN,
	}
	maps.Copy(out, sub.attributes)
	delete(out, "FilterPolicyScope")
	if sub.filter != nil {
		out["FilterPolicyScope"] = sub.scope
	}
	return &GetSubscriptionAttributesOutput{Attributes: out}, nil
}

type UnsubscribeInput struct{ SubscriptionArn string }

type UnsubscribeOutput struct{}

// Unsubscribe ends a subscription; ending none is no error.
func (s *Service) Unsubscribe(_ context.Context, in *UnsubscribeInput) (*UnsubscribeOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := checkARN("SubscriptionArn", in.SubscriptionArn); err != nil {
		return nil, err
	}
	if sub, ok := s.subscriptions.Get(in.SubscriptionArn); ok {
		s.subscriptions.Delete(sub.arn)
		if t, ok := s.topics.Get(sub.topicARN); ok {
			t.replace(sub, nil)
		}
	}
	return &UnsubscribeOutput{}, nil
}

type ListSubscriptionsInput struct{ NextToken string }

type ListSubscriptionsOutput struct {
	Subscriptions []SubscriptionEntry
	NextToken     string `json:",omitempty"`
}

type SubscriptionEntry struct {
	SubscriptionArn string
	Owner           string
	Protocol        string
	Endpoint        string
	TopicArn        string
}

// ListSubscriptions lists subscriptions by ARN, a hundred at a time.
func (s *Service) ListSubscriptions(_ context.Context, in *ListSubscriptionsInput) (*ListSubscriptionsOutput, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	out := &ListSubscriptionsOutput{Subscriptions: []SubscriptionEntry{}}
	out.NextToken = s.listSubscriptions(&out.Subscriptions, in.NextToken, "")
	return out, nil
}

type ListSubscriptionsByTopicInput struct {
	TopicArn  string
	NextToken string
}

type ListSubscriptionsByTopicOutput struct {
	Subscriptions []SubscriptionEntry
	NextToken     string `json:",omitempty"`
}

// ListSubscriptionsByTopic lists a topic's subscriptions by ARN, a hundred at
// a time.
func (s *Service) ListSubscriptionsByTopic(_ context.Context, in *ListSubscriptionsByTopicInput) (*ListSubscriptionsByTopicOutput, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	t, err := s.topic(in.TopicArn)
	if err != nil {
		return nil, err
	}
	out := &ListSubscriptionsByTopicOutput{Subscriptions: []SubscriptionEntry{}}
	out.NextToken = s.listSubscriptions(&out.Subscriptions, max(in.NextToken, t.arn+":"), t.arn)
	return out, nil
}

// listSubscriptions appends a page of those of one topic, or of all if
// topicARN is "".
func (s *Service) listSubscriptions(page *[]SubscriptionEntry, from, topicARN string) (next string) {
	for arn, sub := range s.subscriptions.Ascend(from) {
		if topicARN != "" && sub.topicARN != topicARN {
			break // its ARN begins with its topic's
		}
		if len(*page) == pageSize {
			return arn
		}
		*page = append(*page, SubscriptionEntry{
			SubscriptionArn: arn, Owner: s.account, Protocol: "sqs", Endpoint: sub.queueARN, TopicArn: sub.topicARN,
		})
	}
	return ""
}
