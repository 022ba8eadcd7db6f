package dynamodb_test

import (
	"strings"
	"testing"

	"orderflow/cmd/local/cloud/dynamodb"
)

const thingsTable = `{"TableName":"Things","BillingMode":"PAY_PER_REQUEST",
	"AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"S"},{"AttributeName":"sk","AttributeType":"N"},
		{"AttributeName":"g","AttributeType":"S"},{"AttributeName":"h","AttributeType":"N"}],
	"KeySchema":[{"AttributeName":"pk","KeyType":"HASH"},{"AttributeName":"sk","KeyType":"RANGE"}],
	"GlobalSecondaryIndexes":[
		{"IndexName":"all","KeySchema":[{"AttributeName":"g","KeyType":"HASH"}],"Projection":{"ProjectionType":"ALL"}},
		{"IndexName":"some","KeySchema":[{"AttributeName":"g","KeyType":"HASH"},{"AttributeName":"h","KeyType":"RANGE"}],
			"Projection":{"ProjectionType":"INCLUDE","NonKeyAttributes":["p"]}}]}`

func things(t testing.TB) *dynamodb.Service {
	t.Helper()
	s := newService(t)
	call(t, s, "CreateTable", thingsTable)
	return s
}

const keyA = `"TableName":"Things","Key":{"pk":{"S":"a"},"sk":{"N":"1"}}`

func TestReturnValues(t *testing.T) {
	const old = `{"pk":{"S":"a"},"sk":{"N":"1"},"n":{"N":"1"},"m":{"M":{"x":{"N":"1"},"y":{"N":"2"}}}}`
	for _, c := range []struct{ action, input, want string }{
		{"PutItem", `{"TableName":"Things","Item":{"pk":{"S":"a"},"sk":{"N":"1.0"}},"ReturnValues":"ALL_OLD"}`, `{"Attributes":` + old + `}`},
		{"PutItem", `{"TableName":"Things","Item":{"pk":{"S":"a"},"sk":{"N":"2"}},"ReturnValues":"ALL_OLD"}`, `{}`},
		{"PutItem", `{"TableName":"Things","Item":` + old + `}`, `{}`},
		{"DeleteItem", `{` + keyA + `,"ReturnValues":"ALL_OLD"}`, `{"Attributes":` + old + `}`},
		{"DeleteItem", `{` + keyA + `,"ReturnValues":"NONE"}`, `{}`},
		{"UpdateItem", `{` + keyA + `,"UpdateExpression":"SET n = n + n","ReturnValues":"NONE"}`, `{}`},
		{"UpdateItem", `{` + keyA + `,"UpdateExpression":"SET n = n + n","ReturnValues":"UPDATED_NEW"}`, `{"Attributes":{"n":{"N":"2"}}}`},
		{"UpdateItem", `{` + keyA + `,"UpdateExpression":"SET n = n + n, q = n","ReturnValues":"UPDATED_OLD"}`, `{"Attributes":{"n":{"N":"1"}}}`},
		{"UpdateItem", `{` + keyA + `,"UpdateExpression":"SET m.x = n, m.z = n","ReturnValues":"UPDATED_NEW"}`, `{"Attributes":{"m":{"M":{"x":{"N":"1"},"z":{"N":"1"}}}}}`},
		{"UpdateItem", `{` + keyA + `,"UpdateExpression":"REMOVE m.x","ReturnValues":"UPDATED_OLD"}`, `{"Attributes":{"m":{"M":{"x":{"N":"1"}}}}}`},
		{"UpdateItem", `{` + keyA + `,"UpdateExpression":"REMOVE n","ReturnValues":"UPDATED_NEW"}`, `{}`},
		{"UpdateItem", `{` + keyA + `,"UpdateExpression":"REMOVE n, m","ReturnValues":"ALL_OLD"}`, `{"Attributes":` + old + `}`},
		{"UpdateItem", `{` + keyA + `,"UpdateExpression":"REMOVE n, m","ReturnValues":"ALL_NEW"}`, `{"Attributes":{"pk":{"S":"a"},"sk":{"N":"1"}}}`},
		{"UpdateItem", `{` + keyA + `,"ReturnValues":"ALL_NEW"}`, `{"Attributes":` + old + `}`},
		{"UpdateItem", `{"TableName":"Things","Key":{"pk":{"S":"new"},"sk":{"N":"1"}},"ReturnValues":"ALL_NEW"}`, `{"Attributes":{"pk":{"S":"new"},"sk":{"N":"1"}}}`},
		{"UpdateItem", `{"TableName":"Things","Key":{"pk":{"S":"new"},"sk":{"N":"1"}},"UpdateExpression":"ADD n :n","ExpressionAttributeValues":{":n":{"N":"3"}},"ReturnValues":"ALL_OLD"}`, `{}`},
		{"GetItem", `{` + keyA + `}`, `{"Item":` + old + `}`},
		{"GetItem", `{` + keyA + `,"ConsistentRead":true,"ProjectionExpression":"m.y, #n","ExpressionAttributeNames":{"#n":"n"}}`, `{"Item":{"m":{"M":{"y":{"N":"2"}}},"n":{"N":"1"}}}`},
		{"GetItem", `{` + keyA + `,"ProjectionExpression":"nope"}`, `{"Item":{}}`},
		{"GetItem", `{"TableName":"Things","Key":{"pk":{"S":"a"},"sk":{"N":"3"}}}`, `{}`},
	} {
		s := things(t)
		call(t, s, "PutItem", `{"TableName":"Things","Item":`+old+`}`)
		same(t, c.action+" "+c.input, call(t, s, c.action, c.input), c.want)
	}
}

func TestRefused(t *testing.T) {
	s := things(t)
	call(t, s, "PutItem", `{"TableName":"Things","Item":{"pk":{"S":"a"},"sk":{"N":"1"},"g":{"S":"g"}}}`)
	const (
		invalid    = "ValidationException: "
		wrong      = invalid + "One or more parameter values were invalid: "
		constraint = invalid + "1 validation error detected: Value "
		schema     = invalid + "The provided key element does not match the schema"
		put        = `{"TableName":"Things","Item":{"pk":{"S":"a"},"sk":{"N":"1"}`
	)
	big := strings.Repeat("x", 400<<10)
	for _, c := range []struct{ action, input, want string }{
		{"PutItem", `{`, "SerializationException: the request body is not JSON: unexpected EOF"},
		{"PutItem", `{}{}`, "SerializationException: the request body holds more than one JSON value"},
		{"PutItem", `[]`, "SerializationException: START_ARRAY cannot be converted to Map"},
		{"PutItem", `{"Item":{}}`, constraint + "null at 'tableName' failed to satisfy constraint: Member must not be null"},
		{"PutItem", `{"TableName":"Things"}`, constraint + "null at 'item' failed to satisfy constraint: Member must not be null"},
		{"GetItem", `{"TableName":"Things"}`, constraint + "null at 'key' failed to satisfy constraint: Member must not be null"},
		{"GetItem", `{"TableName":"a b","Key":{}}`, constraint + "'a b' at 'tableName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+"},
		{"GetItem", `{"TableName":5,"Key":{}}`, "SerializationException: NUMBER_VALUE cannot be converted to String"},
		{"GetItem", `{"TableName":"Nope","Key":{"pk":{"S":"a"}}}`, "ResourceNotFoundException: Requested resource not found"},
		{"DescribeTable", `{"TableName":"Nope"}`, "ResourceNotFoundException: Requested resource not found: Table: Nope not found"},

		// Legacy parameters, and what does not exist.
		{"PutItem", put + `},"Expected":{}}`, invalid + `parameter "Expected" is not supported by the local cloud`},
		{"PutItem", put + `},"ConditionalOperator":"AND"}`, invalid + `parameter "ConditionalOperator" is not supported by the local cloud`},
		{"GetItem", `{` + keyA + `,"AttributesToGet":["a"]}`, invalid + `parameter "AttributesToGet" is not supported by the local cloud`},
		{"UpdateItem", `{` + keyA + `,"AttributeUpdates":{}}`, invalid + `parameter "AttributeUpdates" is not supported by the local cloud`},
		{"Query", `{"TableName":"Things","KeyConditions":{}}`, invalid + `parameter "KeyConditions" is not supported by the local cloud`},
		{"Query", `{"TableName":"Things","QueryFilter":{}}`, invalid + `parameter "QueryFilter" is not supported by the local cloud`},
		{"Scan", `{"TableName":"Things","ScanFilter":{}}`, invalid + `parameter "ScanFilter" is not supported by the local cloud`},
		{"ExecuteStatement", `{}`, `UnknownOperationException: action "ExecuteStatement" is not supported by the local cloud`},

		// Keys.
		{"GetItem", `{"TableName":"Things","Key":{"pk":{"S":"a"}}}`, schema},
		{"GetItem", `{"TableName":"Things","Key":{"pk":{"S":"a"},"sk":{"S":"1"}}}`, schema},
		{"GetItem", `{"TableName":"Things","Key":{"pk":{"S":"a"},"sk":{"N":"1"},"x":{"S":"1"}}}`, schema},
		{"GetItem", `{"TableName":"Things","Key":{"pk":{"S":""},"sk":{"N":"1"}}}`, invalid + "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: pk"},
		{"GetItem", `{"TableName":"Things","Key":{"pk":{"S":"` + strings.Repeat("x", 2049) + `"},"sk":{"N":"1"}}}`, wrong + "Size of hashkey has exceeded the maximum size limit of2048 bytes"},
		{"PutItem", `{"TableName":"Things","Item":{"pk":{"S":"a"}}}`, wrong + "Missing the key sk in the item"},
		{"PutItem", `{"TableName":"Things","Item":{"pk":{"S":"a"},"sk":{"S":"1"}}}`, wrong + "Type mismatch for key sk expected: N actual: S"},
		{"PutItem", put + `,"g":{"N":"1"}}}`, wrong + "Type mismatch for Index Key g Expected: S Actual: N IndexName: all"},
		{"PutItem", put + `,"g":{"S":""}}}`, invalid + "One or more parameter values are not valid. A value specified for a secondary index key is not supported. The AttributeValue for a key attribute cannot contain an empty string value. IndexName: all, IndexKey: g"},
		{"PutItem", put + `,"x":{"S":"` + big + `"}}}`, invalid + "Item size has exceeded the maximum allowed size"},

		// Updates.
		{"UpdateItem", `{` + keyA + `,"UpdateExpression":"SET pk = :v","ExpressionAttributeValues":{":v":{"S":"b"}}}`, wrong + "Cannot update attribute pk. This attribute is part of the key"},
		{"UpdateItem", `{` + keyA + `,"UpdateExpression":"REMOVE sk"}`, wrong + "Cannot update attribute sk. This attribute is part of the key"},
		{"UpdateItem", `{` + keyA + `,"UpdateExpression":"SET g = :v","ExpressionAttributeValues":{":v":{"N":"1"}}}`, wrong + "Type mismatch for Index Key g Expected: S Actual: N IndexName: all"},
		{"UpdateItem", `{` + keyA + `,"UpdateExpression":"SET g = sk"}`, invalid + "The update expression attempted to update the secondary index key to unsupported type"},
		{"UpdateItem", `{` + keyA + `,"UpdateExpression":"SET g.x = :v","ExpressionAttributeValues":{":v":{"N":"1"}}}`, invalid + "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: IndexKey: g"},
		{"UpdateItem", `{` + keyA + `,"UpdateExpression":"SET g = :v","ExpressionAttributeValues":{":v":{"S":""}}}`, invalid + "One or more parameter values are not valid. The update expression attempted to update a secondary index key to a value that is not supported. The AttributeValue for a key attribute cannot contain an empty string value."},
		{"UpdateItem", `{` + keyA + `,"UpdateExpression":"SET x = :v","ExpressionAttributeValues":{":v":{"S":"` + big + `"}}}`, invalid + "Item size to update has exceeded the maximum allowed size"},
		{"UpdateItem", `{` + keyA + `,"UpdateExpression":"SET x = :v, x = :v","ExpressionAttributeValues":{":v":{"S":"b"}}}`, invalid + "Invalid UpdateExpression: Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [x], path two: [x]"},

		// Expressions and their placeholders.
		{"PutItem", put + `},"ExpressionAttributeNames":{"#a":"a"}}`, invalid + "ExpressionAttributeNames can only be specified when using expressions"},
		{"PutItem", put + `},"ExpressionAttributeValues":{":a":{"S":"a"}}}`, invalid + "ExpressionAttributeValues can only be specified when using expressions: ConditionExpression is null"},
		{"PutItem", put + `},"ConditionExpression":"attribute_exists(pk)","ExpressionAttributeNames":{}}`, invalid + "ExpressionAttributeNames must not be empty"},
		{"PutItem", put + `},"ConditionExpression":"attribute_exists(pk)","ExpressionAttributeValues":{}}`, invalid + "ExpressionAttributeValues must not be empty"},
		{"PutItem", put + `},"ConditionExpression":"attribute_exists(pk)","ExpressionAttributeNames":{"#a":"a"}}`, invalid + "Value provided in ExpressionAttributeNames unused in expressions: keys: {#a}"},
		{"PutItem", put + `},"ConditionExpression":""}`, invalid + "Invalid ConditionExpression: The expression can not be empty;"},
		{"GetItem", `{` + keyA + `,"ProjectionExpression":"status"}`, invalid + "Invalid ProjectionExpression: Attribute name is a reserved keyword; reserved keyword: status"},

		// Enumerations.
		{"PutItem", put + `},"ReturnValues":"ALL_NEW"}`, invalid + "ReturnValues can only be ALL_OLD or NONE"},
		{"DeleteItem", `{` + keyA + `,"ReturnValues":"SOME"}`, constraint + "'SOME' at 'returnValues' failed to satisfy constraint: Member must satisfy enum value set: [ALL_NEW, UPDATED_OLD, ALL_OLD, NONE, UPDATED_NEW]"},
		{"GetItem", `{` + keyA + `,"ReturnConsumedCapacity":"SOME"}`, constraint + "'SOME' at 'returnConsumedCapacity' failed to satisfy constraint: Member must satisfy enum value set: [INDEXES, TOTAL, NONE]"},

		{"PutItem", put + `},"ConditionExpression":"attribute_not_exists(pk)"}`, "ConditionalCheckFailedException: The conditional request failed"},
	} {
		refused(t, s, c.action, c.input, c.want)
	}
	same(t, "the item", call(t, s, "GetItem", `{`+keyA+`}`), `{"Item":{"pk":{"S":"a"},"sk":{"N":"1"},"g":{"S":"g"}}}`)
}
