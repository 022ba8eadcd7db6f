package cloud

import (
	"cmp"
	"encoding/json"
	"strconv"

	"orderflow/cmd/local/cloud/cloudformation"
)

// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-sns-topic.html
func (d *deployment) topic(r cloudformation.Resource) (cloudformation.Values, error) {
	var p struct {
		DisplayName    string
		KmsMasterKeyId string
		TopicName      string
		Tags           []tag
		TracingConfig  string
	}
	if err := r.Decode(&p); err != nil {
		return cloudformation.Values{}, err
	}
	name := cmp.Or(p.TopicName, physicalName(r))
	attributes := map[string]string{}
	for name, value := range map[string]string{
		"DisplayName": p.DisplayName, "KmsMasterKeyId": p.KmsMasterKeyId, "TracingConfig": p.TracingConfig,
	} {
		if value != "" {
			attributes[name] = value
		}
	}
	input := map[string]any{"Name": name, "Attributes": attributes}
	if len(p.Tags) > 0 {
		input["Tags"] = p.Tags
	}
	var created struct{ TopicArn string }
	err := d.call(d.SNS.Actions(), "CreateTopic", input, &created)
	return cloudformation.Values{
		Ref:        created.TopicArn,
		Attributes: map[string]any{"TopicArn": created.TopicArn, "TopicName": name},
	}, err
}

// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-sns-subscription.html
func (d *deployment) subscription(r cloudformation.Resource) (cloudformation.Values, error) {
	var p struct {
		Endpoint           string
		FilterPolicy       any
		FilterPolicyScope  string
		Protocol           string `cfn:",required"`
		RawMessageDelivery *bool
		RedrivePolicy      any
		TopicArn           string `cfn:",required"`
	}
	if err := r.Decode(&p); err != nil {
		return cloudformation.Values{}, err
	}
	attributes := map[string]string{}
	for name, policy := range map[string]any{"FilterPolicy": p.FilterPolicy, "RedrivePolicy": p.RedrivePolicy} {
		if policy == nil {
			continue
		}
		text, err := json.Marshal(policy)
		if err != nil {
			return cloudformation.Values{}, err
		}
		attributes[name] = string(text)
	}
	if p.FilterPolicyScope != "" {
		attributes["FilterPolicyScope"] = p.FilterPolicyScope
	}
	if p.RawMessageDelivery != nil {
		attributes["RawMessageDelivery"] = strconv.FormatBool(*p.RawMessageDelivery)
	}
	var created struct{ SubscriptionArn string }
	err := d.call(d.SNS.Actions(), "Subscribe", map[string]any{
		"TopicArn": p.TopicArn, "Protocol": p.Protocol, "Endpoint": p.Endpoint, "Attributes": attributes,
		"ReturnSubscriptionArn": true,
	}, &created)
	return cloudformation.Values{Ref: created.SubscriptionArn, Attributes: map[string]any{"Arn": created.SubscriptionArn}}, err
}
