package cloud

import "orderflow/cmd/local/cloud/cloudformation"

// key exists in name only: see Inert.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-kms-key.html
func (d *deployment) key(r cloudformation.Resource) (cloudformation.Values, error) {
	var p struct {
		Description         string
		EnableKeyRotation   bool
		KeyPolicy           any
		PendingWindowInDays int
	}
	err := r.Decode(&p)
	id := physicalName(r)
	return cloudformation.Values{
		Ref:        id,
		Attributes: map[string]any{"Arn": "arn:aws:kms:" + Region + ":" + Account + ":key/" + id, "KeyId": id},
	}, err
}

// keyAlias is another name of what exists in name only.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-kms-alias.html
func (d *deployment) keyAlias(r cloudformation.Resource) (cloudformation.Values, error) {
	var p struct {
		AliasName   string `cfn:",required"`
		TargetKeyId string `cfn:",required"`
	}
	err := r.Decode(&p)
	return cloudformation.Values{Ref: p.AliasName}, err
}
