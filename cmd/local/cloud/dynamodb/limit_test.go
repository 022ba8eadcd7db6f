package dynamodb_test

import (
	"context"
	"testing"

	"orderflow/cmd/local/cloud/dynamodb"
)

// A table grows up to its limit; what shrinks it, or leaves its size, is done.
func TestMaxTableBytes(t *testing.T) {
	s := dynamodb.New(dynamodb.Config{Region: "us-east-1", Account: "000000000000", MaxTableBytes: 20})
	t.Cleanup(func() { s.Close(context.Background()) })
	call(t, s, "CreateTable", `{"TableName": "tab", "BillingMode": "PAY_PER_REQUEST",
		"AttributeDefinitions": [{"AttributeName": "k", "AttributeType": "S"}], "KeySchema": [{"AttributeName": "k", "KeyType": "HASH"}]}`)
	put := func(key string) string { return `{"TableName": "tab", "Item": {"k": {"S": "` + key + `"}}}` }
	call(t, s, "PutItem", put("123456789"))
	call(t, s, "PutItem", put("abcdefghi"))
	call(t, s, "PutItem", put("abcdefghi"))
	const full = "LimitExceededException: Table tab holds 20 bytes of items, and the local cloud keeps no more than 20"
	refused(t, s, "PutItem", put("x"), full)
	refused(t, s, "UpdateItem", `{"TableName": "tab", "Key": {"k": {"S": "123456789"}}, "UpdateExpression": "SET a = :a", "ExpressionAttributeValues": {":a": {"S": "b"}}}`, full)
	refused(t, s, "BatchWriteItem", `{"RequestItems": {"tab": [{"PutRequest": {"Item": {"k": {"S": "x"}}}}]}}`, full)
	call(t, s, "DeleteItem", `{"TableName": "tab", "Key": {"k": {"S": "123456789"}}}`)
	call(t, s, "PutItem", put("x"))
}
