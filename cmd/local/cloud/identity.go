package cloud

import (
	"cmp"

	"orderflow/cmd/local/cloud/cloudformation"
)

// role exists in name only: see Inert.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-role.html
func (d *deployment) role(r cloudformation.Resource) (cloudformation.Values, error) {
	var p struct {
		AssumeRolePolicyDocument any
		Description              string
		ManagedPolicyArns        []string
		Policies                 []struct {
			PolicyDocument any    `cfn:",required"`
			PolicyName     string `cfn:",required"`
		}
		RoleName string
		Tags     []tag
	}
	err := r.Decode(&p)
	name := cmp.Or(p.RoleName, physicalName(r))
	return cloudformation.Values{
		Ref:        name,
		Attributes: map[string]any{"Arn": "arn:aws:iam::" + Account + ":role/" + name},
	}, err
}
