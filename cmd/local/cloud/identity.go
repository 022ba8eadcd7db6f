package cloud

import (
	"cmp"
	"encoding/json"

	"orderflow/cmd/local/cloud/cloudformation"
	"orderflow/cmd/local/cloud/iam"
	"orderflow/cmd/local/cloud/s3"
)

// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-role.html
func (d *deployment) role(r cloudformation.Resource) (cloudformation.Values, error) {
	var p struct {
		AssumeRolePolicyDocument any `cfn:",required"`
		Description              string
		Policies                 []struct {
			PolicyDocument any    `cfn:",required"`
			PolicyName     string `cfn:",required"`
		}
		RoleName string
		Tags     []tag
	}
	if err := r.Decode(&p); err != nil {
		return cloudformation.Values{}, err
	}
	name := cmp.Or(p.RoleName, physicalName(r))
	trust, err := json.Marshal(p.AssumeRolePolicyDocument)
	if err != nil {
		return cloudformation.Values{}, err
	}
	created, err := d.IAM.CreateRole(d.ctx, &iam.CreateRoleInput{RoleName: name, Description: p.Description, AssumeRolePolicyDocument: string(trust)})
	if err != nil {
		return cloudformation.Values{}, err
	}
	for _, policy := range p.Policies {
		document, err := json.Marshal(policy.PolicyDocument)
		if err != nil {
			return cloudformation.Values{}, err
		}
		err = d.IAM.PutRolePolicy(d.ctx, &iam.PutRolePolicyInput{RoleName: name, PolicyName: policy.PolicyName, PolicyDocument: string(document)})
		if err != nil {
			return cloudformation.Values{}, cloudformation.At(err, "Properties", "Policies", policy.PolicyName)
		}
	}
	return cloudformation.Values{Ref: name, Attributes: map[string]any{"Arn": created.Arn}}, nil
}

// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-sns-topicpolicy.html
func (d *deployment) topicPolicy(r cloudformation.Resource) (cloudformation.Values, error) {
	var p struct {
		PolicyDocument any      `cfn:",required"`
		Topics         []string `cfn:",required"`
	}
	if err := r.Decode(&p); err != nil {
		return cloudformation.Values{}, err
	}
	policy, err := json.Marshal(p.PolicyDocument)
	if err != nil {
		return cloudformation.Values{}, err
	}
	for _, arn := range p.Topics {
		err := d.call(d.SNS.Actions(), "SetTopicAttributes", map[string]any{
			"TopicArn": arn, "AttributeName": "Policy", "AttributeValue": string(policy),
		}, nil)
		if err != nil {
			return cloudformation.Values{}, err
		}
	}
	return cloudformation.Values{Ref: physicalName(r), Attributes: map[string]any{"Id": physicalName(r)}}, nil
}

// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-s3-bucketpolicy.html
func (d *deployment) bucketPolicy(r cloudformation.Resource) (cloudformation.Values, error) {
	var p struct {
		Bucket         string `cfn:",required"`
		PolicyDocument any    `cfn:",required"`
	}
	if err := r.Decode(&p); err != nil {
		return cloudformation.Values{}, err
	}
	policy, err := json.Marshal(p.PolicyDocument)
	if err != nil {
		return cloudformation.Values{}, err
	}
	err = d.S3.PutBucketPolicy(d.ctx, &s3.PutBucketPolicyInput{Bucket: p.Bucket, Policy: string(policy)})
	return cloudformation.Values{Ref: p.Bucket}, err
}
