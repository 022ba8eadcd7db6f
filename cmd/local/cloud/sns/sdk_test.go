package sns_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"orderflow/cmd/local/cloud/sns"
	"orderflow/cmd/local/cloud/sqs"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	client "github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"
)

const (
	baseURL   = "http://127.0.0.1:4566"
	queueARNs = "arn:aws:sqs:us-east-1:000000000000:"
	topicARN  = "arn:aws:sns:us-east-1:000000000000:OrdersTopic"
)

// A cloud is a topic and its queues, with the real SDK for the topic.
type cloud struct {
	testing.TB
	queues *sqs.Service
	topics *sns.Service
	c      *client.Client
}

func newCloud(t testing.TB) cloud {
	t.Helper()
	queues := sqs.New(sqs.Config{Region: "us-east-1", Account: "000000000000", BaseURL: baseURL})
	t.Cleanup(queues.Close)
	topics := sns.New(sns.Config{Region: "us-east-1", Account: "000000000000", BaseURL: baseURL, Deliver: queues.Deliver})
	t.Cleanup(topics.Close)
	c := client.New(client.Options{
		Region:       "us-east-1",
		BaseEndpoint: aws.String(baseURL),
		Credentials:  credentials.NewStaticCredentialsProvider("a", "b", ""),
		HTTPClient:   &http.Client{Transport: inProcess{topics.Handler()}},
		Retryer:      aws.NopRetryer{},
	})
	if _, err := c.CreateTopic(t.Context(), &client.CreateTopicInput{Name: aws.String("OrdersTopic")}); err != nil {
		t.Fatal(err)
	}
	return cloud{t, queues, topics, c}
}

// inProcess carries requests to a handler without a socket.
type inProcess struct{ handler http.Handler }

func (p inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	p.handler.ServeHTTP(w, r)
	return w.Result(), nil
}

// queue creates a queue that lets the topic in.
func (c cloud) queue(name string) {
	c.Helper()
	policy := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"sns.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"` + queueARNs + name + `","Condition":{"ArnEquals":{"aws:SourceArn":"` + topicARN + `"}}}]}`
	if _, err := c.queues.CreateQueue(c.Context(), &sqs.CreateQueueInput{QueueName: name, Attributes: map[string]string{"Policy": policy}}); err != nil {
		c.Fatal(err)
	}
}

// subscribe subscribes a queue with the given attributes.
func (c cloud) subscribe(queue string, attributes ...string) (arn string) {
	c.Helper()
	set := map[string]string{}
	for i := 0; i < len(attributes); i += 2 {
		set[attributes[i]] = attributes[i+1]
	}
	out, err := c.c.Subscribe(c.Context(), &client.SubscribeInput{
		TopicArn: aws.String(topicARN), Protocol: aws.String("sqs"), Endpoint: aws.String(queueARNs + queue), Attributes: set, ReturnSubscriptionArn: true,
	})
	if err != nil {
		c.Fatal(err)
	}
	return *out.SubscriptionArn
}

func (c cloud) publish(in *client.PublishInput) (id string) {
	c.Helper()
	in.TopicArn = aws.String(topicARN)
	out, err := c.c.Publish(c.Context(), in)
	if err != nil {
		c.Fatal(err)
	}
	return *out.MessageId
}

// received takes everything out of a queue.
func (c cloud) received(queue string) []sqs.Message {
	c.Helper()
	out, err := c.queues.ReceiveMessage(c.Context(), &sqs.ReceiveMessageInput{
		QueueUrl: baseURL + "/000000000000/" + queue, MaxNumberOfMessages: new(10), MessageAttributeNames: []string{"All"}, AttributeNames: []string{"All"},
	})
	if err != nil {
		c.Fatal(err)
	}
	return out.Messages
}

func text(s string) types.MessageAttributeValue {
	return types.MessageAttributeValue{DataType: aws.String("String"), StringValue: &s}
}

func TestFanOut(t *testing.T) {
	c := newCloud(t)
	for queue, filter := range map[string]string{
		"inventory": `{"type":["inventory.requested","order.confirmed"]}`,
		"analytics": `{"type":[{"prefix":""}]}`,
	} {
		c.queue(queue)
		c.subscribe(queue, "RawMessageDelivery", "true", "FilterPolicy", filter)
	}
	c.queue("all")
	c.subscribe("all")
	blob := types.MessageAttributeValue{DataType: aws.String("Binary"), BinaryValue: []byte{2, 3, 4}}
	id := c.publish(&client.PublishInput{
		Message: aws.String(`{"id":"<1>"}`), Subject: aws.String("Hello"),
		MessageAttributes: map[string]types.MessageAttributeValue{"type": text("order.placed"), "blob": blob},
	})
	if got := c.received("inventory"); len(got) != 0 {
		t.Errorf("inventory received %v", got)
	}
	raw := c.received("analytics")
	if len(raw) != 1 || raw[0].Body != `{"id":"<1>"}` || raw[0].Attributes["SenderId"] == "000000000000" {
		t.Fatalf("analytics received %+v", raw)
	}
	want := map[string]sqs.MessageAttributeValue{"type": {DataType: "String", StringValue: "order.placed"}, "blob": {DataType: "Binary", BinaryValue: []byte{2, 3, 4}}}
	if diff := cmp.Diff(want, raw[0].MessageAttributes); diff != "" {
		t.Error(diff)
	}

	var envelope map[string]any
	enveloped := c.received("all")[0]
	if err := json.Unmarshal([]byte(enveloped.Body), &envelope); err != nil {
		t.Fatal(err)
	}
	if enveloped.MessageAttributes != nil {
		t.Errorf("attributes beside the envelope: %v", enveloped.MessageAttributes)
	}
	if at, _ := envelope["Timestamp"].(string); !regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$`).MatchString(at) {
		t.Errorf("timestamp %q", at)
	}
	for _, name := range []string{"Timestamp", "Signature", "SigningCertURL", "UnsubscribeURL"} {
		if envelope[name] == "" {
			t.Errorf("no %s", name)
		}
		delete(envelope, name)
	}
	if diff := cmp.Diff(map[string]any{
		"Type": "Notification", "MessageId": id, "TopicArn": topicARN, "Subject": "Hello", "Message": `{"id":"<1>"}`, "SignatureVersion": "1",
		"MessageAttributes": map[string]any{"type": map[string]any{"Type": "String", "Value": "order.placed"}, "blob": map[string]any{"Type": "Binary", "Value": "AgME"}},
	}, envelope); diff != "" {
		t.Error(diff)
	}
	if got := c.topics.Published(topicARN); got != 1 {
		t.Errorf("%d published", got)
	}
}

func TestFilterByBodyScope(t *testing.T) {
	c := newCloud(t)
	c.queue("q")
	arn := c.subscribe("q", "FilterPolicy", `{"data":{"total":[{"numeric":[">",100]}]}}`, "FilterPolicyScope", "MessageBody", "RawMessageDelivery", "true")
	for _, body := range []string{`{"data":{"total":100}}`, `{"data":{"total":101}}`, "text"} {
		c.publish(&client.PublishInput{Message: &body})
	}
	structured := `{"default":"x","sqs":"{\"data\":{\"total\":500}}","email":7}`
	c.publish(&client.PublishInput{Message: &structured, MessageStructure: aws.String("json")})
	var got []string
	for _, m := range c.received("q") {
		got = append(got, m.Body)
	}
	if diff := cmp.Diff([]string{`{"data":{"total":101}}`, `{"data":{"total":500}}`}, got); diff != "" {
		t.Error(diff)
	}
	_, err := c.c.SetSubscriptionAttributes(t.Context(), &client.SetSubscriptionAttributesInput{SubscriptionArn: &arn, AttributeName: aws.String("FilterPolicy"), AttributeValue: aws.String("{}")})
	if err != nil {
		t.Fatal(err)
	}
	c.publish(&client.PublishInput{Message: aws.String("text")})
	if got := c.received("q"); len(got) != 1 {
		t.Errorf("without a policy: %v", got)
	}
}

// What a queue refuses goes to the subscription's dead-letter queue.
func TestSubscriptionDeadLetterQueue(t *testing.T) {
	c := newCloud(t)
	c.queue("dead")
	c.subscribe("gone", "RawMessageDelivery", "true", "RedrivePolicy", `{"deadLetterTargetArn":"`+queueARNs+`dead"}`)
	if _, err := c.queues.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: "shut"}); err != nil {
		t.Fatal(err)
	}
	c.subscribe("shut", "RedrivePolicy", `{"deadLetterTargetArn":"`+queueARNs+`dead"}`)
	c.publish(&client.PublishInput{Message: aws.String("m"), MessageAttributes: map[string]types.MessageAttributeValue{"type": text("t")}})
	got := c.received("dead")
	if len(got) != 2 || got[0].Body != "m" || got[0].MessageAttributes["type"].StringValue != "t" || !strings.HasPrefix(got[1].Body, `{"Type":"Notification"`) {
		t.Errorf("%+v", got)
	}
	if got := c.received("shut"); len(got) != 0 {
		t.Errorf("without a policy: %v", got)
	}
}

func TestPublishBatch(t *testing.T) {
	c := newCloud(t)
	c.queue("q")
	c.subscribe("q", "RawMessageDelivery", "true", "FilterPolicy", `{"type":["a"]}`)
	out, err := c.c.PublishBatch(t.Context(), &client.PublishBatchInput{TopicArn: aws.String(topicARN), PublishBatchRequestEntries: []types.PublishBatchRequestEntry{
		{Id: aws.String("1"), Message: aws.String("one"), MessageAttributes: map[string]types.MessageAttributeValue{"type": text("a")}},
		{Id: aws.String("2"), Message: aws.String("two"), MessageAttributes: map[string]types.MessageAttributeValue{"type": text("b")}},
		{Id: aws.String("3"), Message: aws.String("three"), Subject: aws.String("s"), MessageAttributes: map[string]types.MessageAttributeValue{"type": text("a")}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	if len(out.Successful) != 3 || *out.Successful[2].Id != "3" || len(out.Failed) != 0 {
		t.Errorf("%+v", out)
	}
	if got := c.received("q"); len(got) != 2 || got[1].Body != "three" {
		t.Errorf("%+v", got)
	}
}

func TestTopicsAndSubscriptions(t *testing.T) {
	ctx := t.Context()
	c := newCloud(t)
	policy := `{"type":["a"]}`
	arn := c.subscribe("q", "RawMessageDelivery", "True", "FilterPolicy", policy)
	if again := c.subscribe("q", "FilterPolicy", policy); again != arn {
		t.Errorf("%s again is %s", arn, again)
	}
	got, err := c.c.GetSubscriptionAttributes(ctx, &client.GetSubscriptionAttributesInput{SubscriptionArn: &arn})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{
		"ConfirmationWasAuthenticated": "true", "Endpoint": queueARNs + "q", "FilterPolicy": policy, "FilterPolicyScope": "MessageAttributes",
		"Owner": "000000000000", "PendingConfirmation": "false", "Protocol": "sqs", "RawMessageDelivery": "true", "SubscriptionArn": arn,
		"SubscriptionPrincipal": "arn:aws:iam::000000000000:root", "TopicArn": topicARN,
	}, got.Attributes); diff != "" {
		t.Error(diff)
	}
	_, err = c.c.SetTopicAttributes(ctx, &client.SetTopicAttributesInput{TopicArn: aws.String(topicARN), AttributeName: aws.String("DisplayName"), AttributeValue: aws.String("Orders")})
	if err != nil {
		t.Fatal(err)
	}
	c.subscribe("q2")
	topic, err := c.c.GetTopicAttributes(ctx, &client.GetTopicAttributesInput{TopicArn: aws.String(topicARN)})
	if err != nil {
		t.Fatal(err)
	}
	if a := topic.Attributes; a["DisplayName"] != "Orders" || a["SubscriptionsConfirmed"] != "2" || a["TopicArn"] != topicARN {
		t.Errorf("%v", a)
	}
	if _, err := c.c.CreateTopic(ctx, &client.CreateTopicInput{Name: aws.String("OrdersTopic-2"), Tags: []types.Tag{{Key: aws.String("k"), Value: aws.String("v")}}}); err != nil {
		t.Fatal(err)
	}
	topics, err := c.c.ListTopics(ctx, &client.ListTopicsInput{})
	if err != nil || len(topics.Topics) != 2 || *topics.Topics[0].TopicArn != topicARN {
		t.Errorf("%+v %v", topics, err)
	}
	tags, err := c.c.ListTagsForResource(ctx, &client.ListTagsForResourceInput{ResourceArn: aws.String(topicARN + "-2")})
	if err != nil || len(tags.Tags) != 1 || *tags.Tags[0].Value != "v" {
		t.Errorf("%+v %v", tags, err)
	}
	listed, err := c.c.ListSubscriptionsByTopic(ctx, &client.ListSubscriptionsByTopicInput{TopicArn: aws.String(topicARN)})
	if err != nil || len(listed.Subscriptions) != 2 {
		t.Errorf("%+v %v", listed, err)
	}
	for range 2 {
		if _, err := c.c.Unsubscribe(ctx, &client.UnsubscribeInput{SubscriptionArn: &arn}); err != nil {
			t.Fatal(err)
		}
	}
	all, err := c.c.ListSubscriptions(ctx, &client.ListSubscriptionsInput{})
	if err != nil || len(all.Subscriptions) != 1 || *all.Subscriptions[0].Endpoint != queueARNs+"q2" || *all.Subscriptions[0].Protocol != "sqs" {
		t.Errorf("%+v %v", all, err)
	}
	if _, err := c.c.DeleteTopic(ctx, &client.DeleteTopicInput{TopicArn: aws.String(topicARN)}); err != nil {
		t.Fatal(err)
	}
	if all, err = c.c.ListSubscriptions(ctx, &client.ListSubscriptionsInput{}); err != nil || len(all.Subscriptions) != 0 {
		t.Errorf("%+v %v", all, err)
	}
}

func TestSDKErrors(t *testing.T) {
	ctx := t.Context()
	c := newCloud(t)
	topic := aws.String(topicARN)
	sub := c.subscribe("q")
	set := func(name, value string) func() error {
		return func() error {
			_, err := c.c.SetSubscriptionAttributes(ctx, &client.SetSubscriptionAttributesInput{SubscriptionArn: &sub, AttributeName: &name, AttributeValue: &value})
			return err
		}
	}
	publish := func(in client.PublishInput) func() error {
		return func() error {
			_, err := c.c.Publish(ctx, &in)
			return err
		}
	}
	with := func(name string, v types.MessageAttributeValue) func() error {
		return publish(client.PublishInput{TopicArn: topic, Message: aws.String("x"), MessageAttributes: map[string]types.MessageAttributeValue{name: v}})
	}
	subscribe := func(protocol, endpoint string, attributes map[string]string) func() error {
		return func() error {
			_, err := c.c.Subscribe(ctx, &client.SubscribeInput{TopicArn: topic, Protocol: &protocol, Endpoint: &endpoint, Attributes: attributes})
			return err
		}
	}
	batch := func(entries ...types.PublishBatchRequestEntry) func() error {
		return func() error {
			_, err := c.c.PublishBatch(ctx, &client.PublishBatchInput{TopicArn: topic, PublishBatchRequestEntries: append([]types.PublishBatchRequestEntry{}, entries...)})
			return err
		}
	}
	entry := func(id, message string) types.PublishBatchRequestEntry {
		return types.PublishBatchRequestEntry{Id: &id, Message: &message}
	}
	long := strings.Repeat("x", 256<<10)
	for name, test := range map[string]struct {
		call          func() error
		code, message string
	}{
		"no topic":           {publish(client.PublishInput{TopicArn: aws.String(topicARN + "x"), Message: aws.String("x")}), "NotFound", "Topic does not exist"},
		"no ARN":             {publish(client.PublishInput{TopicArn: aws.String("x:y"), Message: aws.String("x")}), "InvalidParameter", "Invalid parameter: TopicArn Reason: An ARN must have at least 6 elements, not 2"},
		"nowhere":            {publish(client.PublishInput{Message: aws.String("x")}), "InvalidParameter", "Invalid parameter: TopicArn or TargetArn Reason: no value for required parameter"},
		"phone":              {publish(client.PublishInput{PhoneNumber: aws.String("+4420"), Message: aws.String("x")}), "ValidationException", `parameter "PhoneNumber" is not supported by the local cloud`},
		"FIFO":               {publish(client.PublishInput{TopicArn: topic, Message: aws.String("x"), MessageGroupId: aws.String("g")}), "ValidationException", `parameter "MessageGroupId" is not supported by the local cloud`},
		"empty message":      {publish(client.PublishInput{TopicArn: topic, Message: aws.String("")}), "InvalidParameter", "Invalid parameter: Empty message"},
		"empty subject":      {publish(client.PublishInput{TopicArn: topic, Message: aws.String("x"), Subject: aws.String("")}), "InvalidParameter", "Invalid parameter: Subject"},
		"too long":           {publish(client.PublishInput{TopicArn: topic, Message: aws.String(long + "x")}), "InvalidParameter", "Invalid parameter: Message too long"},
		"too long with it":   {publish(client.PublishInput{TopicArn: topic, Message: &long, MessageAttributes: map[string]types.MessageAttributeValue{"k": text("v")}}), "InvalidParameter", "Invalid parameter: Message too long"},
		"no default":         {publish(client.PublishInput{TopicArn: topic, Message: aws.String(`{"sqs":"x","default":1}`), MessageStructure: aws.String("json")}), "InvalidParameter", "Invalid parameter: Message Structure - No default entry in JSON message body"},
		"not JSON":           {publish(client.PublishInput{TopicArn: topic, Message: aws.String("x"), MessageStructure: aws.String("json")}), "InvalidParameter", "Invalid parameter: Message Structure - JSON message body failed to parse"},
		"structure":          {publish(client.PublishInput{TopicArn: topic, Message: aws.String("x"), MessageStructure: aws.String("xml")}), "InvalidParameter", "Invalid parameter: MessageStructure"},
		"attribute type":     {with("attr1", types.MessageAttributeValue{DataType: aws.String("Stringprefixed"), StringValue: aws.String("x")}), "ParameterValueInvalid", "The message attribute 'attr1' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String."},
		"attribute value":    {with("attr1", text("")), "ParameterValueInvalid", "The message attribute 'attr1' must contain non-empty message attribute value for message attribute type 'String'."},
		"attribute field":    {with("attr1", types.MessageAttributeValue{DataType: aws.String("Number"), BinaryValue: []byte{1}}), "ParameterValueInvalid", "The message attribute 'attr1' with type 'Number' must use field 'String'."},
		"attribute name":     {with("a^b", text("x")), "ParameterValueInvalid", "Invalid non-alphanumeric character '#x5E' was found in the message attribute name. Can only include alphanumeric characters, hyphens, underscores, or dots."},
		"attribute name .a":  {with(".a", text("x")), "ParameterValueInvalid", "Invalid message attribute name starting with character '.' was found."},
		"attribute name a.":  {with("a.", text("x")), "ParameterValueInvalid", "Invalid message attribute name ending with character '.' was found."},
		"attribute name ..":  {with("a..b", text("x")), "ParameterValueInvalid", "Message attribute name can not have successive '.' character."},
		"attribute name 257": {with(strings.Repeat("a", 257), text("x")), "ParameterValueInvalid", "Length of message attribute name must be less than 256 bytes."},

		"http":          {subscribe("https", "https://example.com", nil), "InvalidParameter", `Invalid parameter: Protocol Reason: subscriptions of protocol "https" are not supported by the local cloud`},
		"protocol":      {subscribe("test-protocol", "x", nil), "InvalidParameter", "Invalid parameter: Amazon SNS does not support this protocol string: test-protocol"},
		"queue URL":     {subscribe("sqs", baseURL+"/000000000000/q", nil), "InvalidParameter", "Invalid parameter: SQS endpoint ARN"},
		"FIFO queue":    {subscribe("sqs", queueARNs+"q.fifo", nil), "InvalidParameter", "Invalid parameter: Invalid parameter: Endpoint Reason: FIFO SQS Queues can not be subscribed to standard SNS topics"},
		"raw":           {subscribe("sqs", queueARNs+"z", map[string]string{"RawMessageDelivery": "wrongvalue"}), "InvalidParameter", "Invalid parameter: Attributes Reason: RawMessageDelivery: Invalid value [wrongvalue]. Must be true or false."},
		"filter":        {subscribe("sqs", queueARNs+"z", map[string]string{"FilterPolicy": `{"key":[{"suffix":100}]}`}), "InvalidParameter", "Invalid parameter: Attributes Reason: FilterPolicy: suffix match pattern must be a string"},
		"nested filter": {subscribe("sqs", queueARNs+"z", map[string]string{"FilterPolicy": `{"a":{"b":["c"]}}`}), "InvalidParameter", "Invalid parameter: Filter policy scope MessageAttributes does not support nested filter policy"},
		"differs":       {subscribe("sqs", queueARNs+"q", map[string]string{"RawMessageDelivery": "true"}), "InvalidParameter", "Invalid parameter: Attributes Reason: Subscription already exists with different attributes"},

		"set unknown":  {set("fake-attribute", "x"), "InvalidParameter", "Invalid parameter: AttributeName"},
		"set raw":      {set("RawMessageDelivery", "test-ValUe"), "InvalidParameter", "Invalid parameter: RawMessageDelivery: Invalid value [test-ValUe]. Must be true or false."},
		"set no raw":   {set("RawMessageDelivery", ""), "InvalidParameter", "Invalid parameter: RawMessageDelivery: Invalid value []. Must be true or false."},
		"set raw 1":    {set("RawMessageDelivery", "1"), "InvalidParameter", "Invalid parameter: RawMessageDelivery: Invalid value [1]. Must be true or false."},
		"set redrive":  {set("RedrivePolicy", `{"deadLetterTargetArn":"fake"}`), "InvalidParameter", "Invalid parameter: RedrivePolicy: deadLetterTargetArn is an invalid arn"},
		"set scope":    {set("FilterPolicyScope", "RandomValue"), "InvalidParameter", "Invalid parameter: FilterPolicyScope: Invalid value [RandomValue]. Please use either MessageBody or MessageAttributes"},
		"set filter":   {set("FilterPolicy", `{"key_a":"value_one"}`), "InvalidParameter", `Invalid parameter: FilterPolicy: "key_a" must be an object or an array`},
		"set delivery": {set("DeliveryPolicy", "{}"), "InvalidParameter", `Invalid parameter: AttributeName "DeliveryPolicy" is not supported by the local cloud`},
		"no subscription": {func() error {
			_, err := c.c.GetSubscriptionAttributes(ctx, &client.GetSubscriptionAttributesInput{SubscriptionArn: aws.String(sub + "x")})
			return err
		}, "NotFound", "Subscription does not exist"},

		"FIFO topic": {func() error {
			_, err := c.c.CreateTopic(ctx, &client.CreateTopicInput{Name: aws.String("a.fifo"), Attributes: map[string]string{"FifoTopic": "true"}})
			return err
		}, "InvalidParameter", "Invalid parameter: Topic Name: FIFO topics are not supported by the local cloud"},
		"topic name": {func() error {
			_, err := c.c.CreateTopic(ctx, &client.CreateTopicInput{Name: aws.String("a b")})
			return err
		}, "InvalidParameter", "Invalid parameter: Topic Name"},
		"topic attribute": {func() error {
			_, err := c.c.CreateTopic(ctx, &client.CreateTopicInput{Name: aws.String("a"), Attributes: map[string]string{"DeliveryPolicy": "{}"}})
			return err
		}, "InvalidParameter", `Invalid parameter: AttributeName "DeliveryPolicy" is not supported by the local cloud`},
		"action": {func() error {
			_, err := c.c.ListSMSSandboxPhoneNumbers(ctx, &client.ListSMSSandboxPhoneNumbersInput{})
			return err
		}, "InvalidAction", `action "ListSMSSandboxPhoneNumbers" is not supported by the local cloud`},

		"no entries":     {batch(), "EmptyBatchRequest", "The batch request doesn't contain any entries."},
		"same ID":        {batch(entry("1", "x"), entry("1", "y")), "BatchEntryIdsNotDistinct", "Two or more batch entries in the request have the same Id."},
		"bad ID":         {batch(entry("a.b", "x")), "InvalidBatchEntryId", "The Id of a batch entry in a batch request doesn't abide by the specification."},
		"batch too long": {batch(entry("1", long), entry("2", "y")), "BatchRequestTooLong", "The length of all the messages put together is more than the limit."},
		"batch message":  {batch(entry("1", "x"), entry("2", "")), "InvalidParameter", "Invalid parameter: Empty message"},
		"too many": {func() error {
			var entries []types.PublishBatchRequestEntry
			for i := range 11 {
				entries = append(entries, entry(string(rune('a'+i)), "x"))
			}
			return batch(entries...)()
		}, "TooManyEntriesInBatchRequest", "The batch request contains more entries than permissible."},
	} {
		t.Run(name, func(t *testing.T) {
			err := test.call()
			e, ok := errors.AsType[smithy.APIError](err)
			if !ok {
				t.Fatalf("got %v, want an API error", err)
			}
			if e.ErrorCode() != test.code && e.ErrorCode() != test.code+"Exception" || e.ErrorMessage() != test.message {
				t.Errorf("got  %s: %s\nwant %s: %s", e.ErrorCode(), e.ErrorMessage(), test.code, test.message)
			}
		})
	}
	if got := c.topics.Published(topicARN); got != 0 {
		t.Errorf("%d published", got)
	}
}
