package cloud

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"orderflow/cmd/local/cloud/iam"
)

// clientConfig is what a function's AWS clients are made from: the SDK as it
// is on AWS, retries included, but for what would only cost time at home:
// checksums beyond those that an API demands, compression, endpoints that
// depend on the account.
// Its key is nobody's, which is the account's operator's.
func clientConfig(endpoint string, client aws.HTTPClient) aws.Config {
	return aws.Config{
		Region:                     Region,
		BaseEndpoint:               aws.String(endpoint),
		Credentials:                credentials.NewStaticCredentialsProvider(AccessKeyID, SecretAccessKey, ""),
		HTTPClient:                 client,
		RetryMode:                  aws.RetryModeStandard,
		AccountIDEndpointMode:      aws.AccountIDEndpointModeDisabled,
		DisableRequestCompression:  true,
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenRequired,
		ResponseChecksumValidation: aws.ResponseChecksumValidationWhenRequired,
	}
}

// as is the configuration of a principal's clients.
func (c *Cloud) as(p *iam.Principal) aws.Config {
	cfg := c.aws.Copy()
	id, secret := c.IAM.Credentials(p)
	cfg.Credentials = credentials.NewStaticCredentialsProvider(id, secret, "")
	return cfg
}
