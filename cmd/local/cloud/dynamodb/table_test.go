package dynamodb_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestTables(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t)
		same(t, "none", call(t, s, "ListTables", `{}`), `{"TableNames":[]}`)
		call(t, s, "CreateTable", strings.TrimSuffix(thingsTable, "}")+`,"DeletionProtectionEnabled":true,"SSESpecification":{"Enabled":true,"SSEType":"KMS"},"Tags":[{"Key":"k","Value":"v"}]}`)
		call(t, s, "PutItem", `{"TableName":"Things","Item":{"pk":{"S":"a"},"sk":{"N":"1"},"g":{"S":"g"}}}`)
		var got struct{ Table map[string]any }
		if err := json.Unmarshal([]byte(call(t, s, "DescribeTable", `{"TableName":"Things"}`)), &got); err != nil {
			t.Fatal(err)
		}
		delete(got.Table, "TableId")
		described, _ := json.Marshal(got.Table)
		const none = `{"NumberOfDecreasesToday":0,"ReadCapacityUnits":0,"WriteCapacityUnits":0}`
		same(t, "described", string(described), `{"TableName":"Things","TableArn":"arn:aws:dynamodb:us-east-1:000000000000:table/Things","TableStatus":"ACTIVE","CreationDateTime":946684800,
			"AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"S"},{"AttributeName":"sk","AttributeType":"N"},{"AttributeName":"g","AttributeType":"S"},{"AttributeName":"h","AttributeType":"N"}],
			"KeySchema":[{"AttributeName":"pk","KeyType":"HASH"},{"AttributeName":"sk","KeyType":"RANGE"}],
			"BillingModeSummary":{"BillingMode":"PAY_PER_REQUEST"},"ProvisionedThroughput":`+none+`,"SSEDescription":{"Status":"ENABLED","SSEType":"KMS"},"DeletionProtectionEnabled":true,
			"GlobalSecondaryIndexes":[
				{"IndexName":"all","IndexArn":"arn:aws:dynamodb:us-east-1:000000000000:table/Things/index/all","IndexStatus":"ACTIVE","KeySchema":[{"AttributeName":"g","KeyType":"HASH"}],"Projection":{"ProjectionType":"ALL"},"ProvisionedThroughput":`+none+`,"ItemCount":1,"IndexSizeBytes":9},
				{"IndexName":"some","IndexArn":"arn:aws:dynamodb:us-east-1:000000000000:table/Things/index/some","IndexStatus":"ACTIVE","KeySchema":[{"AttributeName":"g","KeyType":"HASH"},{"AttributeName":"h","KeyType":"RANGE"}],"Projection":{"ProjectionType":"INCLUDE","NonKeyAttributes":["p"]},"ProvisionedThroughput":`+none+`,"ItemCount":0,"IndexSizeBytes":0}],
			"ItemCount":1,"TableSizeBytes":9}`)
		refused(t, s, "CreateTable", thingsTable, "ResourceInUseException: Table already exists: Things")
		refused(t, s, "DeleteTable", `{"TableName":"Things"}`, "ValidationException: Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.")
		call(t, s, "UpdateTable", `{"TableName":"Things","DeletionProtectionEnabled":false}`)
		same(t, "tags", call(t, s, "ListTagsOfResource", `{"ResourceArn":"arn:aws:dynamodb:us-east-1:000000000000:table/Things"}`), `{"Tags":[{"Key":"k","Value":"v"}]}`)

		same(t, "backups", call(t, s, "DescribeContinuousBackups", `{"TableName":"Things"}`), `{"ContinuousBackupsDescription":{"ContinuousBackupsStatus":"ENABLED","PointInTimeRecoveryDescription":{"PointInTimeRecoveryStatus":"DISABLED"}}}`)
		call(t, s, "UpdateContinuousBackups", `{"TableName":"Things","PointInTimeRecoverySpecification":{"PointInTimeRecoveryEnabled":true,"RecoveryPeriodInDays":7}}`)
		same(t, "backups", call(t, s, "DescribeContinuousBackups", `{"TableName":"Things"}`), `{"ContinuousBackupsDescription":{"ContinuousBackupsStatus":"ENABLED","PointInTimeRecoveryDescription":{"PointInTimeRecoveryStatus":"ENABLED","RecoveryPeriodInDays":7}}}`)

		call(t, s, "CreateTable", strings.Replace(thingsTable, "Things", "Another", 1))
		same(t, "a page", call(t, s, "ListTables", `{"Limit":1}`), `{"TableNames":["Another"],"LastEvaluatedTableName":"Another"}`)
		same(t, "the next", call(t, s, "ListTables", `{"Limit":1,"ExclusiveStartTableName":"Another"}`), `{"TableNames":["Things"]}`)
		call(t, s, "DeleteTable", `{"TableName":"Things"}`)
		refused(t, s, "GetItem", `{`+keyA+`}`, "ResourceNotFoundException: Requested resource not found")
	})
}

func TestCreateTableRefused(t *testing.T) {
	s := newService(t)
	const (
		invalid = "ValidationException: "
		wrong   = invalid + "One or more parameter values were invalid: "
		onePK   = `"AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"S"}],"KeySchema":[{"AttributeName":"pk","KeyType":"HASH"}]`
		lazily  = `"TableName":"Some","BillingMode":"PAY_PER_REQUEST",`
	)
	index := func(rest string) string {
		return `{` + lazily + `"AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"S"},{"AttributeName":"g","AttributeType":"S"}],"KeySchema":[{"AttributeName":"pk","KeyType":"HASH"}],
			"GlobalSecondaryIndexes":[{"IndexName":"idx","KeySchema":[{"AttributeName":"g","KeyType":"HASH"}]` + rest + `}]}`
	}
	for _, c := range []struct{ input, want string }{
		{`{"TableName":"ab",` + onePK + `}`, invalid + "1 validation error detected: Value 'ab' at 'tableName' failed to satisfy constraint: Member must have length greater than or equal to 3"},
		{`{"TableName":"Some",` + onePK + `}`, wrong + "ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED"},
		{`{` + lazily + onePK + `,"ProvisionedThroughput":{"ReadCapacityUnits":1,"WriteCapacityUnits":1}}`, wrong + "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST"},
		{`{` + lazily + onePK + `,"LocalSecondaryIndexes":[]}`, invalid + `parameter "LocalSecondaryIndexes" is not supported by the local cloud`},
		{`{` + lazily + onePK + `,"StreamSpecification":{}}`, invalid + `parameter "StreamSpecification" is not supported by the local cloud`},
		{`{` + lazily + `"AttributeDefinitions":[],"KeySchema":[{"AttributeName":"pk","KeyType":"HASH"}]}`, wrong + "Some index key attributes are not defined in AttributeDefinitions. Keys: [pk], AttributeDefinitions: []"},
		{`{` + lazily + `"AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"S"}],"KeySchema":[{"AttributeName":"pk","KeyType":"RANGE"}]}`, invalid + "Invalid KeySchema: The first KeySchemaElement is not a HASH key type"},
		{`{` + lazily + `"AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"X"}],"KeySchema":[{"AttributeName":"pk","KeyType":"HASH"}]}`, invalid + "1 validation error detected: Value 'X' at 'attributeDefinitions.1.member.attributeType' failed to satisfy constraint: Member must satisfy enum value set: [B, N, S]"},
		{`{` + lazily + `"AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"S"},{"AttributeName":"x","AttributeType":"S"}],"KeySchema":[{"AttributeName":"pk","KeyType":"HASH"}]}`, wrong + "Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions"},
		{index(``), wrong + "Unknown ProjectionType: null"},
		{index(`,"Projection":{"ProjectionType":"ALL","NonKeyAttributes":["x"]}`), wrong + "ProjectionType is ALL, but NonKeyAttributes is specified"},
		{index(`,"Projection":{"ProjectionType":"ALL"},"ProvisionedThroughput":{"ReadCapacityUnits":1,"WriteCapacityUnits":1}`), wrong + "ProvisionedThroughput should not be specified for index: idx when BillingMode is PAY_PER_REQUEST"},
	} {
		refused(t, s, "CreateTable", c.input, c.want)
	}
	call(t, s, "CreateTable", `{"TableName":"Provisioned","ProvisionedThroughput":{"ReadCapacityUnits":5,"WriteCapacityUnits":5},`+onePK+`}`)
}

// Items go some time after they expire, with their index entries and at no
// cost; those with another kind of time, or one long past, stay.
func TestTimeToLive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := things(t)
		now := time.Now().Unix()
		put := func(pk, ttl string) {
			call(t, s, "PutItem", `{"TableName":"Things","Item":{"pk":{"S":"`+pk+`"},"sk":{"N":"1"},"g":{"S":"g"},"ttl":`+ttl+`}}`)
		}
		put("before", fmt.Sprintf(`{"N":"%d"}`, now+60))
		same(t, "off", call(t, s, "DescribeTimeToLive", `{"TableName":"Things"}`), `{"TimeToLiveDescription":{"TimeToLiveStatus":"DISABLED"}}`)
		call(t, s, "UpdateTimeToLive", `{"TableName":"Things","TimeToLiveSpecification":{"AttributeName":"ttl","Enabled":true}}`)
		same(t, "on", call(t, s, "DescribeTimeToLive", `{"TableName":"Things"}`), `{"TimeToLiveDescription":{"AttributeName":"ttl","TimeToLiveStatus":"ENABLED"}}`)
		refused(t, s, "UpdateTimeToLive", `{"TableName":"Things","TimeToLiveSpecification":{"AttributeName":"ttl","Enabled":true}}`, "ValidationException: TimeToLive is already enabled")
		put("hour", fmt.Sprintf(`{"N":"%d"}`, now+3600))
		put("text", fmt.Sprintf(`{"S":"%d"}`, now+60))
		put("ancient", fmt.Sprintf(`{"N":"%d"}`, now-6*365*24*3600))
		put("prolonged", fmt.Sprintf(`{"N":"%d"}`, now+60))
		put("prolonged", fmt.Sprintf(`{"N":"%d"}`, now+7200))
		_, write := s.Consumed("Things")
		count := func(want int) {
			t.Helper()
			for _, index := range []string{"", `,"IndexName":"all"`} {
				if got := read(t, s, "Scan", `{"TableName":"Things"`+index+`}`).Count; got != want {
					t.Errorf("after %v there are %d items, want %d", time.Since(time.Unix(now, 0)), got, want)
				}
			}
		}
		time.Sleep(59 * time.Second)
		count(5)
		time.Sleep(2 * time.Minute)
		count(4)
		time.Sleep(time.Hour)
		count(3)
		if _, after := s.Consumed("Things"); after != write {
			t.Errorf("expiry consumed %v units", after-write)
		}
		call(t, s, "UpdateTimeToLive", `{"TableName":"Things","TimeToLiveSpecification":{"AttributeName":"ttl","Enabled":false}}`)
		time.Sleep(3 * time.Hour)
		count(3)
	})
}

// Close ends what a table with expiring items had yet to do.
func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := things(t)
		call(t, s, "UpdateTimeToLive", `{"TableName":"Things","TimeToLiveSpecification":{"AttributeName":"ttl","Enabled":true}}`)
		call(t, s, "PutItem", fmt.Sprintf(`{"TableName":"Things","Item":{"pk":{"S":"a"},"sk":{"N":"1"},"ttl":{"N":"%d"}}}`, time.Now().Unix()+10))
		if err := s.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		if got := read(t, s, "Scan", `{"TableName":"Things"}`).Count; got != 1 {
			t.Error("a sweep ran after Close")
		}
	})
}

func TestBatches(t *testing.T) {
	s := things(t)
	call(t, s, "CreateTable", strings.Replace(thingsTable, "Things", "Others", 1))
	same(t, "a batch of writes", call(t, s, "BatchWriteItem", `{"RequestItems":{
		"Things":[{"PutRequest":{"Item":{"pk":{"S":"a"},"sk":{"N":"1"},"x":{"S":"y"}}}},{"DeleteRequest":{"Key":{"pk":{"S":"b"},"sk":{"N":"1"}}}}],
		"Others":[{"PutRequest":{"Item":{"pk":{"S":"a"},"sk":{"N":"1"}}}}]}}`), `{"UnprocessedItems":{}}`)
	same(t, "a batch of reads", call(t, s, "BatchGetItem", `{"RequestItems":{
		"Things":{"Keys":[{"pk":{"S":"a"},"sk":{"N":"1"}},{"pk":{"S":"nope"},"sk":{"N":"1"}}],"ProjectionExpression":"#x","ExpressionAttributeNames":{"#x":"x"}},
		"Others":{"Keys":[{"pk":{"S":"nope"},"sk":{"N":"1"}}]}}}`), `{"Responses":{"Things":[{"x":{"S":"y"}}],"Others":[]},"UnprocessedKeys":{}}`)

	const invalid = "ValidationException: "
	const put = `{"PutRequest":{"Item":{"pk":{"S":"%d"},"sk":{"N":"1"}}}}`
	const key = `{"pk":{"S":"%d"},"sk":{"N":"1"}}`
	repeat := func(n, distinct int, item string) string {
		var all []string
		for i := range n {
			all = append(all, fmt.Sprintf(item, i%distinct))
		}
		return strings.Join(all, ",")
	}
	for _, c := range []struct{ action, input, want string }{
		{"BatchWriteItem", `{"RequestItems":{}}`, invalid + "1 validation error detected: Value null at 'requestItems' failed to satisfy constraint: Member must not be null"},
		{"BatchWriteItem", `{"RequestItems":{"Things":[` + repeat(26, 26, put) + `]}}`, invalid + "Too many items requested for the BatchWriteItem call"},
		{"BatchWriteItem", `{"RequestItems":{"Things":[` + repeat(2, 1, put) + `]}}`, invalid + "Provided list of item keys contains duplicates"},
		{"BatchWriteItem", `{"RequestItems":{"Nope":[` + repeat(1, 1, put) + `]}}`, "ResourceNotFoundException: Requested resource not found"},
		{"BatchWriteItem", `{"RequestItems":{"Things":[{"DeleteRequest":{"Key":{"pk":{"S":"a"}}}}]}}`, invalid + "The provided key element does not match the schema"},
		{"BatchGetItem", `{"RequestItems":{"Things":{"Keys":[` + repeat(101, 101, key) + `]}}}`, invalid + "Too many items requested for the BatchGetItem call"},
		{"BatchGetItem", `{"RequestItems":{"Things":{"Keys":[` + repeat(2, 1, key) + `]}}}`, invalid + "Provided list of item keys contains duplicates"},
		{"BatchGetItem", `{"RequestItems":{"Things":{"Keys":[],"AttributesToGet":["x"]}}}`, invalid + `parameter "AttributesToGet" is not supported by the local cloud`},
	} {
		refused(t, s, c.action, c.input, c.want)
	}
}

// A batch of more than 16 MB comes in parts.
func TestBatchGetItemInParts(t *testing.T) {
	s := things(t)
	var keys []string
	for i := range 60 {
		key := fmt.Sprintf(`"pk":{"S":"%d"},"sk":{"N":"1"}`, i)
		call(t, s, "PutItem", `{"TableName":"Things","Item":{`+key+`,"x":{"S":"`+strings.Repeat("x", 390<<10)+`"}}}`)
		keys = append(keys, `{`+key+`}`)
	}
	got, request := 0, `{"Things":{"ConsistentRead":true,"ProjectionExpression":"#p","ExpressionAttributeNames":{"#p":"pk"},"Keys":[`+strings.Join(keys, ",")+`]}}`
	for parts := 1; ; parts++ {
		var out struct {
			Responses       map[string][]any
			UnprocessedKeys json.RawMessage
		}
		if err := json.Unmarshal([]byte(call(t, s, "BatchGetItem", `{"RequestItems":`+request+`}`)), &out); err != nil {
			t.Fatal(err)
		}
		got += len(out.Responses["Things"])
		if request = string(out.UnprocessedKeys); request == "{}" {
			if parts != 2 || got != 60 {
				t.Errorf("%d items came in %d parts", got, parts)
			}
			return
		}
	}
}
