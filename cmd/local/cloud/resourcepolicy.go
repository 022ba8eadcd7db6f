package cloud

import "orderflow/cmd/local/cloud/cloudformation"

// resourcePolicy is a bucket's or a topic's, and exists in name only: see Inert.
func (d *deployment) resourcePolicy(r cloudformation.Resource) (cloudformation.Values, error) {
	var p struct {
		Bucket         string
		PolicyDocument any `cfn:",required"`
		Topics         []string
	}
	err := r.Decode(&p)
	return cloudformation.Values{Ref: physicalName(r), Attributes: map[string]any{"Id": physicalName(r)}}, err
}
