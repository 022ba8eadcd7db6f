package cloud

import (
	"cmp"

	"orderflow/cmd/local/cloud/cloudformation"
)

// role exists in name only: see Inert.
func (d *deployment) role(r cloudformation.Resource) (cloudformation.Values, error) {
	name, err := nameOf(r, "RoleName")
	return cloudformation.Values{
		Ref:        name,
		Attributes: map[string]any{"Arn": "arn:aws:iam::" + Account + ":role/" + name},
	}, err
}

// logGroup exists in name only: see Inert.
func (d *deployment) logGroup(r cloudformation.Resource) (cloudformation.Values, error) {
	name, err := nameOf(r, "LogGroupName")
	return cloudformation.Values{
		Ref:        name,
		Attributes: map[string]any{"Arn": "arn:aws:logs:" + Region + ":" + Account + ":log-group:" + name + ":*"},
	}, err
}

func nameOf(r cloudformation.Resource, property string) (string, error) {
	var name string
	if given, ok := r.Properties[property]; ok {
		if err := cloudformation.Decode(given, &name); err != nil {
			return "", err
		}
	}
	return cmp.Or(name, physicalName(r)), nil
}
