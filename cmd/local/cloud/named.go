package cloud

import (
	"cmp"

	"orderflow/cmd/local/cloud/cloudformation"
)

// named makes a resource exist in name only: see Inert. Its name is the
// property, or CloudFormation's choice.
func named(property string) creator {
	return func(_ *deployment, r cloudformation.Resource) (cloudformation.Values, error) {
		given, _ := r.Properties[property].(string)
		return cloudformation.Values{Ref: cmp.Or(given, physicalName(r))}, nil
	}
}

// watching is named of a resource of CloudWatch, whose ARN ends in resource and
// name.
func watching(property, resource string) creator {
	name := named(property)
	return func(d *deployment, r cloudformation.Resource) (cloudformation.Values, error) {
		values, err := name(d, r)
		values.Attributes = map[string]any{"Arn": cloudWatchARN(resource + values.Ref)}
		return values, err
	}
}

func cloudWatchARN(resource string) string {
	return "arn:aws:cloudwatch:" + Region + ":" + Account + ":" + resource
}
