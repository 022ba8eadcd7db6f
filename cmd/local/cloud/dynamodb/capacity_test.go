package dynamodb_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// Every row begins with the item {a 1} of g "g", h 1 and p "p", some 20 bytes,
// beside it {b 1} of 2,000 bytes in no index.
func TestConsumedCapacity(t *testing.T) {
	const (
		keyB = `"TableName":"Things","Key":{"pk":{"S":"b"},"sk":{"N":"1"}}`
		seed = `{"pk":{"S":"a"},"sk":{"N":"1"},"g":{"S":"g"},"h":{"N":"1"},"p":{"S":"p"}}`
	)
	fat := func(size int) string { return `{"S":"` + strings.Repeat("x", size) + `"}` }
	update := func(expression string) string {
		return `{` + keyA + `,"UpdateExpression":"` + expression + `","ExpressionAttributeValues":{":v":{"S":"v"}}}`
	}
	put := func(pk, rest string) string {
		return `{"TableName":"Things","Item":{"pk":{"S":"` + pk + `"},"sk":{"N":"1"}` + rest + `}}`
	}
	for _, c := range []struct {
		what, action, input string
		read, write         float64 // of the table itself
		all, some           float64 // of the indexes
	}{
		{"get", "GetItem", `{` + keyA + `}`, 0.5, 0, 0, 0},
		{"consistent get", "GetItem", `{` + keyA + `,"ConsistentRead":true}`, 1, 0, 0, 0},
		{"get of nothing", "GetItem", `{"TableName":"Things","Key":{"pk":{"S":"z"},"sk":{"N":"1"}}}`, 0.5, 0, 0, 0},
		{"put of 1 KB", "PutItem", put("c", `,"x":`+fat(1024-2-1-2-2-1)), 0, 1, 0, 0},
		{"put of a byte more", "PutItem", put("c", `,"x":`+fat(1024-2-1-2-2)), 0, 2, 0, 0},
		{"put over a larger item", "PutItem", put("b", ``), 0, 2, 0, 0},
		{"put into both indexes", "PutItem", put("c", `,"g":{"S":"g"},"h":{"N":"1"}`), 0, 1, 1, 1},
		{"put into one index", "PutItem", put("c", `,"g":{"S":"g"}`), 0, 1, 1, 0},
		{"put of the same again", "PutItem", `{"TableName":"Things","Item":` + seed + `}`, 0, 1, 0, 0},
		{"put that leaves an index", "PutItem", put("a", `,"g":{"S":"g"}`), 0, 1, 1, 1},
		{"update of what one index projects", "UpdateItem", update("SET x = :v"), 0, 1, 1, 0},
		{"update of what both project", "UpdateItem", update("SET p = :v"), 0, 1, 1, 1},
		{"update of the index key", "UpdateItem", update("SET g = :v"), 0, 1, 2, 2},
		{"update that removes the index key", "UpdateItem", `{` + keyA + `,"UpdateExpression":"REMOVE g"}`, 0, 1, 1, 1},
		{"update that shrinks", "UpdateItem", `{` + keyB + `,"UpdateExpression":"REMOVE x"}`, 0, 2, 0, 0},
		{"delete from both indexes", "DeleteItem", `{` + keyA + `}`, 0, 1, 1, 1},
		{"delete of a larger item", "DeleteItem", `{` + keyB + `}`, 0, 2, 0, 0},
		{"delete of nothing", "DeleteItem", `{"TableName":"Things","Key":{"pk":{"S":"z"},"sk":{"N":"1"}}}`, 0, 1, 0, 0},
		{"query", "Query", `{"TableName":"Things","KeyConditionExpression":"pk = :a","ExpressionAttributeValues":{":a":{"S":"a"}}}`, 0.5, 0, 0, 0},
		{"query of nothing", "Query", `{"TableName":"Things","KeyConditionExpression":"pk = :a","ExpressionAttributeValues":{":a":{"S":"z"}}}`, 0.5, 0, 0, 0},
		{"query of an index", "Query", `{"TableName":"Things","IndexName":"all","KeyConditionExpression":"g = :a","ExpressionAttributeValues":{":a":{"S":"g"}}}`, 0, 0, 0.5, 0},
		{"consistent scan", "Scan", `{"TableName":"Things","ConsistentRead":true}`, 1, 0, 0, 0},
		{"batch write", "BatchWriteItem", `{"RequestItems":{"Things":[{"DeleteRequest":{"Key":{"pk":{"S":"a"},"sk":{"N":"1"}}}},{"DeleteRequest":{"Key":{"pk":{"S":"b"},"sk":{"N":"1"}}}}]}}`, 0, 3, 1, 1},
		{"batch get", "BatchGetItem", `{"RequestItems":{"Things":{"ConsistentRead":true,"Keys":[{"pk":{"S":"a"},"sk":{"N":"1"}},{"pk":{"S":"b"},"sk":{"N":"1"}}]}}}`, 2, 0, 0, 0},
		{"transaction", "TransactWriteItems", `{"TransactItems":[{"Update":` + update("SET p = :v") + `},{"ConditionCheck":{` + keyB + `,"ConditionExpression":"attribute_exists(pk)"}}]}`, 0, 2 + 4, 1, 1},
		{"transactional get", "TransactGetItems", `{"TransactItems":[{"Get":{` + keyA + `}},{"Get":{` + keyB + `}}]}`, 4, 0, 0, 0},
	} {
		s := things(t)
		call(t, s, "PutItem", `{"TableName":"Things","Item":`+seed+`}`)
		call(t, s, "PutItem", put("b", `,"x":`+fat(1990)))
		beforeRead, beforeWrite := s.Consumed("Things")
		got := consumed(t, call(t, s, c.action, strings.TrimSuffix(c.input, "}")+`,"ReturnConsumedCapacity":"INDEXES"}`))
		total := c.read + c.write + c.all + c.some
		want := fmt.Sprintf("%v of which table %v, all %v, some %v", total, c.read+c.write, c.all, c.some)
		if got != want {
			t.Errorf("%s consumed %s, want %s", c.what, got, want)
		}
		read, write := s.Consumed("Things")
		if metered := read - beforeRead + write - beforeWrite; metered != total {
			t.Errorf("%s was metered as %v, want %v", c.what, metered, total)
		}
	}
}

func consumed(t *testing.T, output string) string {
	t.Helper()
	type units struct{ CapacityUnits float64 }
	type capacity struct {
		units
		Table                  units
		GlobalSecondaryIndexes map[string]units
	}
	var one struct{ ConsumedCapacity capacity }
	if err := json.Unmarshal([]byte(output), &one); err != nil {
		var many struct{ ConsumedCapacity []capacity }
		if err := json.Unmarshal([]byte(output), &many); err != nil || len(many.ConsumedCapacity) != 1 {
			t.Fatalf("%s: %v", output, err)
		}
		one.ConsumedCapacity = many.ConsumedCapacity[0]
	}
	c := one.ConsumedCapacity
	return fmt.Sprintf("%v of which table %v, all %v, some %v", c.CapacityUnits, c.Table.CapacityUnits,
		c.GlobalSecondaryIndexes["all"].CapacityUnits, c.GlobalSecondaryIndexes["some"].CapacityUnits)
}

func TestConsumedCapacityForms(t *testing.T) {
	s := things(t)
	const put = `{"TableName":"Things","Item":{"pk":{"S":"a"},"sk":{"N":"1"}}`
	same(t, "NONE", call(t, s, "PutItem", put+`,"ReturnConsumedCapacity":"NONE"}`), `{}`)
	same(t, "TOTAL", call(t, s, "PutItem", put+`,"ReturnConsumedCapacity":"TOTAL"}`), `{"ConsumedCapacity":{"TableName":"Things","CapacityUnits":1}}`)
	same(t, "INDEXES", call(t, s, "PutItem", put+`,"ReturnConsumedCapacity":"INDEXES"}`), `{"ConsumedCapacity":{"TableName":"Things","CapacityUnits":1,"Table":{"CapacityUnits":1}}}`)
	same(t, "a transaction's", call(t, s, "TransactWriteItems", `{"TransactItems":[{"Put":`+put+`}}],"ReturnConsumedCapacity":"TOTAL"}`),
		`{"ConsumedCapacity":[{"TableName":"Things","CapacityUnits":2,"WriteCapacityUnits":2}]}`)
}

// A write whose condition fails is paid for.
func TestFailedConditionConsumes(t *testing.T) {
	s := things(t)
	const put = `{"TableName":"Things","Item":{"pk":{"S":"a"},"sk":{"N":"1"}},"ConditionExpression":"attribute_not_exists(pk)"}`
	call(t, s, "PutItem", put)
	refused(t, s, "PutItem", put, "ConditionalCheckFailedException: The conditional request failed")
	if _, write := s.Consumed("Things"); write != 2 {
		t.Errorf("two puts consumed %v units", write)
	}
	if read, write := s.Consumed("Nope"); read != 0 || write != 0 {
		t.Error("a table that is not there consumed")
	}
}
