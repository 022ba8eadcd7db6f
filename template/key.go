package template

import (
	"github.com/awslabs/goformation/v7/cloudformation/kms"
	"github.com/awslabs/goformation/v7/cloudformation/policies"
)

const (
	dataKey      = "DataKey"
	dataKeyAlias = "DataKeyAlias"

	// isEncryptedByCustomer is the condition under which what is kept is
	// encrypted under a key of this account, and not under AWS's.
	isEncryptedByCustomer = "IsEncryptedByCustomer"

	// A key can be called back for as long as KMS allows: without it all that
	// was encrypted under it is lost.
	keyPendingDays = 30
)

// key is the customer-managed key, if there is to be one. It is rotated every
// year by KMS, which keeps what earlier material encrypted readable.
func key() []Resource {
	return []Resource{
		{ID: dataKey, Body: kms.Key{
			Description:                          new(Sub("What ${AWS::StackName} keeps.")),
			EnableKeyRotation:                    new(true),
			PendingWindowInDays:                  new(keyPendingDays),
			KeyPolicy:                            policyDocument{policyLanguage, keyPolicy()},
			AWSCloudFormationCondition:           isEncryptedByCustomer,
			AWSCloudFormationDeletionPolicy:      keptOnDeletion(),
			AWSCloudFormationUpdateReplacePolicy: keptOnReplacement(),
		}},
		{ID: dataKeyAlias, Body: kms.Alias{
			AliasName:                  Sub("alias/${AWS::StackName}"),
			TargetKeyId:                Ref(dataKey),
			AWSCloudFormationCondition: isEncryptedByCustomer,
		}},
	}
}

// encrypted is one of two values, of any type: under the customer's key, or
// under AWS's.
func encrypted(byCustomer, byAWS any) string { return choose(isEncryptedByCustomer, byCustomer, byAWS) }

// customerKey is the customer's key where AWS's is meant when none is named.
func customerKey() string { return encrypted(GetAtt(dataKey, "Arn"), noValue) }

// noValue leaves out what it is the value of.
var noValue = Ref("AWS::NoValue")

// keyPolicy lets the account administer the key, and whoever may use a service
// that keeps something use it through that service, which is how AWS's own keys
// are guarded: no role needs a statement about the key, and none can use it
// apart from what it protects.
// https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
// https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-via-service
func keyPolicy() []Statement {
	return []Statement{
		{
			Effect:    "Allow",
			Principal: map[string]string{"AWS": Sub("arn:${AWS::Partition}:iam::${AWS::AccountId}:root")},
			Action:    []string{"kms:*"},
			Resource:  []string{"*"},
		},

		// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html
		useThrough("dynamodb", "kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey", "kms:CreateGrant"),
		useBy("dynamodb.amazonaws.com", "kms:Describe*", "kms:Get*", "kms:List*"),

		// Producers and consumers: the poller of a queue acts in its function's
		// role.
		// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
		useThrough("sqs", "kms:Decrypt", "kms:GenerateDataKey"),

		// Who publishes, and then the topic, which hands messages to queues.
		// https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
		useThrough("sns", "kms:Decrypt", "kms:GenerateDataKey"),
		useBy("sns.amazonaws.com", "kms:Decrypt", "kms:GenerateDataKey*").
			When("ArnLike", "aws:SourceArn", Sub("arn:${AWS::Partition}:sns:${AWS::Region}:${AWS::AccountId}:${AWS::StackName}-*")),

		// https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
		useThrough("s3", "kms:Decrypt", "kms:GenerateDataKey"),

		// Environments of functions, to which Lambda has itself a grant.
		// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars-encryption.html
		useThrough("lambda", "kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey", "kms:DescribeKey", "kms:CreateGrant"),

		// Whoever starts, reads and answers executions; then the state machine's
		// role, which runs them; and its log on the way to CloudWatch.
		// https://docs.aws.amazon.com/step-functions/latest/dg/encryption-at-rest.html
		useThrough("states", "kms:Decrypt", "kms:GenerateDataKey", "kms:DescribeKey"),
		useFor("kms:EncryptionContext:aws:states:stateMachineArn",
			Sub("arn:${AWS::Partition}:states:${AWS::Region}:${AWS::AccountId}:stateMachine:*"+orderStateMachine+"*"),
			"kms:Decrypt", "kms:GenerateDataKey"),
		useFor("kms:EncryptionContext:SourceArn", Sub(logsOfAccount), "kms:GenerateDataKey"),
		useBy("delivery.logs.amazonaws.com", "kms:Decrypt").
			When("StringLike", "kms:EncryptionContext:SourceArn", Sub(logsOfAccount)),

		// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
		useBy(Sub("logs.${AWS::Region}.amazonaws.com"), "kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*").
			When("ArnLike", "kms:EncryptionContext:aws:logs:arn",
				Sub("arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:/aws/*/${AWS::StackName}*")),
	}
}

const logsOfAccount = "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:*"

// useBy lets an AWS service use the key for itself.
func useBy(service string, actions ...string) Statement {
	return Statement{
		Effect:    "Allow",
		Principal: map[string]string{"Service": service},
		Action:    actions,
		Resource:  []string{"*"}, // the key that the policy is of
	}
}

// useThrough lets this account use the key, but by way of a service alone.
func useThrough(service string, actions ...string) Statement {
	return useByAccount("StringEquals", "kms:ViaService", Sub(service+".${AWS::Region}.amazonaws.com"), actions)
}

// useFor lets this account use the key, but for one purpose alone.
func useFor(contextKey, value string, actions ...string) Statement {
	return useByAccount("StringLike", contextKey, value, actions)
}

// useByAccount names everybody, for a policy that named the account would leave
// it to each role's own; kms:CallerAccount keeps others out.
// https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-caller-account
func useByAccount(operator, conditionKey, value string, actions []string) Statement {
	return Statement{
		Effect:    "Allow",
		Principal: map[string]string{"AWS": "*"},
		Action:    actions,
		Resource:  []string{"*"},
	}.When("StringEquals", "kms:CallerAccount", Ref("AWS::AccountId")).When(operator, conditionKey, value)
}

// keptOnDeletion and keptOnReplacement are what becomes of data when its stack
// is deleted, or it is replaced. A creation that fails leaves nothing behind,
// which holds nothing yet, but for tables: see keptWhileProtected.
//
// CloudFormation takes functions in both. The transform AWS::LanguageExtensions,
// which earlier they needed, is left out: it knows nothing of what SAM generates,
// and fails a template that refers to it.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/function-refs-in-policy-attributes.html
// https://github.com/aws/serverless-application-model/issues/2778
func keptOnDeletion() policies.DeletionPolicy {
	return policies.DeletionPolicy(choose(isProduction, "RetainExceptOnCreate", "Delete"))
}

func keptOnReplacement() policies.UpdateReplacePolicy {
	return policies.UpdateReplacePolicy(choose(isProduction, "Retain", "Delete"))
}
