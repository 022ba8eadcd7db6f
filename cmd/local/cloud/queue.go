package cloud

import (
	"cmp"
	"encoding/json"
	"strconv"

	"orderflow/cmd/local/cloud/cloudformation"
)

// queueProperties are those that SetQueueAttributes knows too, but for the
// first two.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-sqs-queue.html
type queueProperties struct {
	QueueName string
	Tags      []tag

	DelaySeconds                  *int
	FifoQueue                     *bool
	KmsDataKeyReusePeriodSeconds  *int
	KmsMasterKeyId                *string
	MaximumMessageSize            *int
	MessageRetentionPeriod        *int
	ReceiveMessageWaitTimeSeconds *int
	RedriveAllowPolicy            any
	RedrivePolicy                 any
	SqsManagedSseEnabled          *bool
	VisibilityTimeout             *int
}

func (d *deployment) queue(r cloudformation.Resource) (cloudformation.Values, error) {
	var p queueProperties
	if err := r.Decode(&p); err != nil {
		return cloudformation.Values{}, err
	}
	attributes, err := p.attributes()
	if err != nil {
		return cloudformation.Values{}, err
	}
	name := cmp.Or(p.QueueName, physicalName(r))
	var created struct{ QueueUrl string }
	err = d.call(d.SQS.Actions(), "CreateQueue", map[string]any{
		"QueueName": name, "Attributes": attributes, "tags": tagMap(p.Tags),
	}, &created)
	return cloudformation.Values{
		Ref: created.QueueUrl,
		Attributes: map[string]any{
			"Arn":       "arn:aws:sqs:" + Region + ":" + Account + ":" + name,
			"QueueName": name,
			"QueueUrl":  created.QueueUrl,
		},
	}, err
}

// attributes are the given properties as the API writes them: all strings.
func (p queueProperties) attributes() (map[string]string, error) {
	attributes := map[string]string{}
	for name, n := range map[string]*int{
		"DelaySeconds":                  p.DelaySeconds,
		"KmsDataKeyReusePeriodSeconds":  p.KmsDataKeyReusePeriodSeconds,
		"MaximumMessageSize":            p.MaximumMessageSize,
		"MessageRetentionPeriod":        p.MessageRetentionPeriod,
		"ReceiveMessageWaitTimeSeconds": p.ReceiveMessageWaitTimeSeconds,
		"VisibilityTimeout":             p.VisibilityTimeout,
	} {
		if n != nil {
			attributes[name] = strconv.Itoa(*n)
		}
	}
	for name, b := range map[string]*bool{"FifoQueue": p.FifoQueue, "SqsManagedSseEnabled": p.SqsManagedSseEnabled} {
		if b != nil {
			attributes[name] = strconv.FormatBool(*b)
		}
	}
	if p.KmsMasterKeyId != nil {
		attributes["KmsMasterKeyId"] = *p.KmsMasterKeyId
	}
	for name, policy := range map[string]any{"RedrivePolicy": p.RedrivePolicy, "RedriveAllowPolicy": p.RedriveAllowPolicy} {
		if policy == nil {
			continue
		}
		text, err := json.Marshal(policy)
		if err != nil {
			return nil, err
		}
		attributes[name] = string(text)
	}
	return attributes, nil
}

func (d *deployment) queuePolicy(r cloudformation.Resource) (cloudformation.Values, error) {
	var p struct {
		PolicyDocument any      `cfn:",required"`
		Queues         []string `cfn:",required"`
	}
	if err := r.Decode(&p); err != nil {
		return cloudformation.Values{}, err
	}
	policy, err := json.Marshal(p.PolicyDocument)
	if err != nil {
		return cloudformation.Values{}, err
	}
	for _, url := range p.Queues {
		err := d.call(d.SQS.Actions(), "SetQueueAttributes", map[string]any{
			"QueueUrl": url, "Attributes": map[string]string{"Policy": string(policy)},
		}, nil)
		if err != nil {
			return cloudformation.Values{}, err
		}
	}
	return cloudformation.Values{Ref: physicalName(r), Attributes: map[string]any{"Id": physicalName(r)}}, nil
}
