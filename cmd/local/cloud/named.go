package cloud

import (
	"cmp"

	"orderflow/cmd/local/cloud/cloudformation"
)

// named makes a resource exist in name only: see Inert. Its name is the
// property, or CloudFormation's choice, and its ARN ends in resource and name.
func named(property, resource string) creator {
	return func(_ *deployment, r cloudformation.Resource) (cloudformation.Values, error) {
		given, _ := r.Properties[property].(string)
		name := cmp.Or(given, physicalName(r))
		return cloudformation.Values{
			Ref:        name,
			Attributes: map[string]any{"Arn": cloudWatchARN(resource + name)},
		}, nil
	}
}

func cloudWatchARN(resource string) string {
	return "arn:aws:cloudwatch:" + Region + ":" + Account + ":" + resource
}
