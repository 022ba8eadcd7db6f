package cloud

import (
	"cmp"
	"strings"

	"orderflow/cmd/local/cloud/cloudformation"
)

// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-s3-bucket.html
func (d *deployment) bucket(r cloudformation.Resource) (cloudformation.Values, error) {
	var p struct{ BucketName string }
	if err := r.Decode(&p); err != nil {
		return cloudformation.Values{}, err
	}
	name := cmp.Or(p.BucketName, strings.ToLower(physicalName(r)))
	err := d.S3.CreateBucket(d.ctx, name)
	return cloudformation.Values{
		Ref: name,
		Attributes: map[string]any{
			"Arn":                "arn:aws:s3:::" + name,
			"DomainName":         name + ".s3.amazonaws.com",
			"RegionalDomainName": name + ".s3." + Region + ".amazonaws.com",
		},
	}, err
}
