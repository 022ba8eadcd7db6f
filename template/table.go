package template

import (
	"orderflow/lambdas/order"

	"github.com/awslabs/goformation/v7/cloudformation/dynamodb"
	"github.com/awslabs/goformation/v7/cloudformation/policies"
)

// Table is a DynamoDB table of items with this partition key and, maybe, a
// sort key, both strings. Capacity is on demand; in production it outlives
// the stack.
func Table(id, description, partitionKey string, sortKey ...string) Resource {
	return tableWithIndexes(id, description, append([]string{partitionKey}, sortKey...), nil)
}

// withExpiry lets those rows of a table expire that say when.
func withExpiry(table Resource) Resource {
	table.Body = with(table.Body, map[string]any{
		"TimeToLiveSpecification": map[string]any{"AttributeName": order.ExpiresAt, "Enabled": true},
	})
	return table
}

func tableWithIndexes(id, description string, keys []string, indexes []dynamodb.Table_GlobalSecondaryIndex) Resource {
	return Resource{
		ID:     id,
		Output: description,
		Body: with(dynamodb.Table{
			AttributeDefinitions:                 attributes(keys, indexes),
			KeySchema:                            keySchema(keys),
			GlobalSecondaryIndexes:               indexes,
			BillingMode:                          new("PAY_PER_REQUEST"),
			SSESpecification:                     &dynamodb.Table_SSESpecification{SSEEnabled: true, SSEType: new("KMS"), KMSMasterKeyId: new(customerKey())},
			AWSCloudFormationDeletionPolicy:      keptWhileProtected(),
			AWSCloudFormationUpdateReplacePolicy: keptOnReplacement(),
		}, map[string]any{
			"DeletionProtectionEnabled": choose(isProduction, true, false),
			"PointInTimeRecoverySpecification": map[string]any{
				"PointInTimeRecoveryEnabled": choose(isProduction, true, false),
			},
			// It cannot name its own table, and takes effect on no other.
			// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/rbac-examples.html
			"ResourcePolicy": map[string]any{"PolicyDocument": policy(denyPlainHTTP("dynamodb:*", "*"))},
		}),
	}
}

// keySchema makes the first key the partition key and the second the sort key.
func keySchema(keys []string) []dynamodb.Table_KeySchema {
	var schema []dynamodb.Table_KeySchema
	for i, key := range keys {
		schema = append(schema, dynamodb.Table_KeySchema{AttributeName: key, KeyType: []string{"HASH", "RANGE"}[i]})
	}
	return schema
}

// attributes declares every key once, as DynamoDB demands.
func attributes(keys []string, indexes []dynamodb.Table_GlobalSecondaryIndex) []dynamodb.Table_AttributeDefinition {
	for _, index := range indexes {
		for _, key := range index.KeySchema {
			keys = append(keys, key.AttributeName)
		}
	}
	var definitions []dynamodb.Table_AttributeDefinition
	declared := map[string]bool{}
	for _, key := range keys {
		if declared[key] {
			continue
		}
		declared[key] = true
		definitions = append(definitions, dynamodb.Table_AttributeDefinition{AttributeName: key, AttributeType: "S"})
	}
	return definitions
}

// keptWhileProtected is what becomes of a table when its stack is deleted, or
// could not be created: CloudFormation cannot delete what is protected, and would
// fail to take back a creation, ROLLBACK_FAILED. It leaves an empty table behind.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/WorkingWithTables.Basics.html#WorkingWithTables.Basics.DeletionProtection
func keptWhileProtected() policies.DeletionPolicy {
	return policies.DeletionPolicy(choose(isProduction, "Retain", "Delete"))
}
