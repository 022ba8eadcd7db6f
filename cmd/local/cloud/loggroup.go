package cloud

import (
	"cmp"

	"orderflow/cmd/local/cloud/cloudformation"
)

// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-logs-loggroup.html
func (d *deployment) logGroup(r cloudformation.Resource) (cloudformation.Values, error) {
	var p struct {
		LogGroupName    string
		RetentionInDays int
	}
	if err := r.Decode(&p); err != nil {
		return cloudformation.Values{}, err
	}
	name := cmp.Or(p.LogGroupName, physicalName(r))
	err := d.call(d.Logs.Actions(), "CreateLogGroup", map[string]any{"logGroupName": name}, nil)
	if p.RetentionInDays != 0 && err == nil {
		err = d.call(d.Logs.Actions(), "PutRetentionPolicy", map[string]any{"logGroupName": name, "retentionInDays": p.RetentionInDays}, nil)
	}
	return cloudformation.Values{
		Ref:        name,
		Attributes: map[string]any{"Arn": "arn:aws:logs:" + Region + ":" + Account + ":log-group:" + name + ":*"},
	}, err
}
