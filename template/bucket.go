package template

import "github.com/awslabs/goformation/v7/cloudformation/s3"

const (
	// As long as a table can be restored.
	earlierVersionDays = 35

	// What nobody goes on uploading for a week is given up.
	unfinishedUploadDays = 7
)

// bucket is private, encrypted, and keeps its objects for so many days, a
// parameter, or for ever, a condition. In production earlier versions of them
// can be had back, and it outlives the stack.
func bucket(id, description, days, forEver string) Resource {
	return Resource{ID: id, Output: description, Body: with(s3.Bucket{
		BucketEncryption: &s3.Bucket_BucketEncryption{
			ServerSideEncryptionConfiguration: []s3.Bucket_ServerSideEncryptionRule{{
				// One call to KMS for many objects.
				BucketKeyEnabled: new(true),
				ServerSideEncryptionByDefault: &s3.Bucket_ServerSideEncryptionByDefault{
					SSEAlgorithm:   encrypted("aws:kms", "AES256"),
					KMSMasterKeyID: new(customerKey()),
				},
			}},
		},
		PublicAccessBlockConfiguration: &s3.Bucket_PublicAccessBlockConfiguration{
			BlockPublicAcls:       new(true),
			BlockPublicPolicy:     new(true),
			IgnorePublicAcls:      new(true),
			RestrictPublicBuckets: new(true),
		},
		OwnershipControls: &s3.Bucket_OwnershipControls{
			Rules: []s3.Bucket_OwnershipControlsRule{{ObjectOwnership: new("BucketOwnerEnforced")}},
		},
		AWSCloudFormationDeletionPolicy:      keptOnDeletion(),
		AWSCloudFormationUpdateReplacePolicy: keptOnReplacement(),
	}, map[string]any{
		"VersioningConfiguration": choose(isProduction, map[string]any{"Status": "Enabled"}, noValue),
		"LifecycleConfiguration":  map[string]any{"Rules": lifecycle(days, forEver)},
	})}
}

// lifecycle moves what is seldom read to where it costs less, and lets S3 find
// out what that is.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-transition-general-considerations.html
func lifecycle(days, forEver string) []any {
	return []any{
		map[string]any{
			"Id": "Tidy", "Status": "Enabled",
			"AbortIncompleteMultipartUpload": map[string]any{"DaysAfterInitiation": unfinishedUploadDays},
			"NoncurrentVersionExpiration":    map[string]any{"NoncurrentDays": earlierVersionDays},
			"Transitions":                    []any{map[string]any{"StorageClass": "INTELLIGENT_TIERING", "TransitionInDays": 0}},
		},
		choose(forEver, noValue, map[string]any{
			"Id": "Expire", "Status": "Enabled",
			"ExpirationInDays": Ref(days),
		}),
	}
}

// bucketPolicy denies plain HTTP; whom the bucket admits their own policies say.
func bucketPolicy(bucket string) Resource {
	return Resource{ID: bucket + "Policy", Body: s3.BucketPolicy{
		Bucket:         Ref(bucket),
		PolicyDocument: policy(denyPlainHTTP("s3:*", GetAtt(bucket, "Arn"), Sub("${"+bucket+".Arn}/*"))),
	}}
}
