package dynamodb_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"orderflow/cmd/local/cloud/dynamodb"
)

// numbered has items with the sort keys -10, -9.5, …, a 2nd partition with 1,
// and g "g" on all, h on the even.
func numbered(t testing.TB) *dynamodb.Service {
	t.Helper()
	s := things(t)
	for i, sk := range []string{"10", "2", "-9.5", "0", "100", "-10", "9"} {
		call(t, s, "PutItem", fmt.Sprintf(`{"TableName":"Things","Item":{"pk":{"S":"p"},"sk":{"N":"%s"},"g":{"S":"g"},"x":{"N":"%d"}}}`, sk, i%2))
	}
	call(t, s, "PutItem", `{"TableName":"Things","Item":{"pk":{"S":"p\u0000"},"sk":{"N":"1"},"g":{"S":"g"},"h":{"N":"1"}}}`)
	call(t, s, "PutItem", `{"TableName":"Things","Item":{"pk":{"S":"pp"},"sk":{"N":"1"},"g":{"S":"gg"},"h":{"N":"-1"}}}`)
	return s
}

type page struct {
	Items               []map[string]map[string]any
	Count, ScannedCount int
	LastEvaluatedKey    json.RawMessage
}

func read(t testing.TB, s *dynamodb.Service, action, input string) page {
	t.Helper()
	var p page
	if err := json.Unmarshal([]byte(call(t, s, action, input)), &p); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p page) sortKeys() string {
	var keys []string
	for _, item := range p.Items {
		keys = append(keys, item["sk"]["N"].(string))
	}
	return strings.Join(keys, " ")
}

func TestQueryRanges(t *testing.T) {
	s := numbered(t)
	for condition, want := range map[string]string{
		"pk = :p":                              "-10 -9.5 0 2 9 10 100",
		"pk = :p AND sk = :two":                "2",
		"pk = :p AND sk < :two":                "-10 -9.5 0",
		"pk = :p AND sk <= :two":               "-10 -9.5 0 2",
		"pk = :p AND sk > :two":                "9 10 100",
		"pk = :p AND sk >= :two":               "2 9 10 100",
		"sk BETWEEN :two AND :ten AND pk = :p": "2 9 10",
		"pk = :none":                           "",
	} {
		values := `":p":{"S":"p"},":none":{"S":"none"},":two":{"N":"2"},":ten":{"N":"10"}`
		var used []string
		for _, v := range strings.Split(values, ",") {
			name := strings.Trim(strings.SplitN(v, ":{", 2)[0], `"`)
			if slices.Contains(strings.Fields(condition), name) {
				used = append(used, v)
			}
		}
		input := `{"TableName":"Things","KeyConditionExpression":"` + condition + `","ExpressionAttributeValues":{` + strings.Join(used, ",") + `}`
		if got := read(t, s, "Query", input+`}`).sortKeys(); got != want {
			t.Errorf("%s: %s, want %s", condition, got, want)
		}
		words := strings.Fields(want)
		slices.Reverse(words)
		if got := read(t, s, "Query", input+`,"ScanIndexForward":false}`).sortKeys(); got != strings.Join(words, " ") {
			t.Errorf("%s backwards: %s", condition, got)
		}
	}
}

// However pages are cut, together they are the whole, in order.
func TestPages(t *testing.T) {
	s := numbered(t)
	for _, c := range []struct{ action, input string }{
		{"Query", `"TableName":"Things","KeyConditionExpression":"pk = :p","ExpressionAttributeValues":{":p":{"S":"p"}}`},
		{"Query", `"TableName":"Things","KeyConditionExpression":"pk = :p","ExpressionAttributeValues":{":p":{"S":"p"}},"ScanIndexForward":false`},
		{"Query", `"TableName":"Things","KeyConditionExpression":"pk = :p","FilterExpression":"x = :one","ExpressionAttributeValues":{":p":{"S":"p"},":one":{"N":"1"}}`},
		{"Query", `"TableName":"Things","IndexName":"all","KeyConditionExpression":"g = :g","ExpressionAttributeValues":{":g":{"S":"g"}}`},
		{"Query", `"TableName":"Things","IndexName":"all","KeyConditionExpression":"g = :g","ExpressionAttributeValues":{":g":{"S":"g"}},"ScanIndexForward":false`},
		{"Scan", `"TableName":"Things"`},
		{"Scan", `"TableName":"Things","IndexName":"some"`},
	} {
		whole := read(t, s, c.action, `{`+c.input+`}`)
		if whole.LastEvaluatedKey != nil {
			t.Errorf("%s ends with a key", c.input)
		}
		for limit := 1; limit <= 10; limit++ {
			var keys []string
			scanned, start := 0, ""
			for pages := 0; ; pages++ {
				p := read(t, s, c.action, fmt.Sprintf(`{%s,"Limit":%d%s}`, c.input, limit, start))
				if p.ScannedCount > limit || pages > 20 {
					t.Fatalf("%s: a page of %d items, or too many pages", c.input, p.ScannedCount)
				}
				scanned += p.ScannedCount
				if p.Count > 0 {
					keys = append(keys, p.sortKeys())
				}
				if p.LastEvaluatedKey == nil {
					break
				}
				start = `,"ExclusiveStartKey":` + string(p.LastEvaluatedKey)
			}
			if got := strings.Join(keys, " "); got != whole.sortKeys() || scanned != whole.ScannedCount {
				t.Errorf("%s by %d: %s (%d), want %s (%d)", c.input, limit, got, scanned, whole.sortKeys(), whole.ScannedCount)
			}
		}
	}
}

func TestIndexes(t *testing.T) {
	s := numbered(t)
	query := `{"TableName":"Things","IndexName":"some","KeyConditionExpression":"g = :g AND h > :zero","ExpressionAttributeValues":{":g":{"S":"g"},":zero":{"N":"0"}},"Limit":1}`
	same(t, "an index with a sort key", call(t, s, "Query", query),
		`{"Items":[{"g":{"S":"g"},"h":{"N":"1"},"pk":{"S":"p\u0000"},"sk":{"N":"1"}}],"Count":1,"ScannedCount":1,"LastEvaluatedKey":{"g":{"S":"g"},"h":{"N":"1"},"pk":{"S":"p\u0000"},"sk":{"N":"1"}}}`)
	call(t, s, "UpdateItem", `{"TableName":"Things","Key":{"pk":{"S":"p"},"sk":{"N":"9"}},"UpdateExpression":"SET h = :h, p = :p, q = :p","ExpressionAttributeValues":{":h":{"N":"0.5"},":p":{"S":"P"}}}`)
	same(t, "an item that came into it", call(t, s, "Query", query),
		`{"Items":[{"g":{"S":"g"},"h":{"N":"0.5"},"pk":{"S":"p"},"sk":{"N":"9"},"p":{"S":"P"}}],"Count":1,"ScannedCount":1,"LastEvaluatedKey":{"g":{"S":"g"},"h":{"N":"0.5"},"pk":{"S":"p"},"sk":{"N":"9"}}}`)
	call(t, s, "UpdateItem", `{"TableName":"Things","Key":{"pk":{"S":"p"},"sk":{"N":"9"}},"UpdateExpression":"REMOVE g"}`)
	if got := read(t, s, "Query", query).sortKeys(); got != "1" {
		t.Errorf("after an item left it, the index gives %s", got)
	}
	if got := read(t, s, "Scan", `{"TableName":"Things","IndexName":"all","Select":"COUNT"}`); got.Count != 8 || got.Items != nil {
		t.Errorf("the index has %d items", got.Count)
	}
}

func TestSegments(t *testing.T) {
	s := things(t)
	for i := range 100 {
		call(t, s, "PutItem", fmt.Sprintf(`{"TableName":"Things","Item":{"pk":{"S":"p%d"},"sk":{"N":"%d"}}}`, i, i))
	}
	seen := map[string]bool{}
	for segment := range 4 {
		p := read(t, s, "Scan", fmt.Sprintf(`{"TableName":"Things","Segment":%d,"TotalSegments":4}`, segment))
		for _, key := range strings.Fields(p.sortKeys()) {
			if seen[key] {
				t.Errorf("%s is in two segments", key)
			}
			seen[key] = true
		}
	}
	if len(seen) != 100 {
		t.Errorf("the segments have %d items", len(seen))
	}
}

// A page ends when it has read a megabyte.
func TestPageSize(t *testing.T) {
	s := things(t)
	for i := range 12 {
		call(t, s, "PutItem", fmt.Sprintf(`{"TableName":"Things","Item":{"pk":{"S":"p"},"sk":{"N":"%d"},"x":{"S":"%s"}}}`, i, strings.Repeat("x", 100<<10)))
	}
	p := read(t, s, "Query", `{"TableName":"Things","KeyConditionExpression":"pk = :p","ExpressionAttributeValues":{":p":{"S":"p"}}}`)
	if p.Count != 11 || p.LastEvaluatedKey == nil {
		t.Errorf("the page has %d items of 100 KB, and ends at %s", p.Count, p.LastEvaluatedKey)
	}
}

func TestQueryRefused(t *testing.T) {
	s := numbered(t)
	const invalid = "ValidationException: "
	query := func(condition, values, rest string) string {
		return `{"TableName":"Things","KeyConditionExpression":"` + condition + `","ExpressionAttributeValues":{` + values + `}` + rest + `}`
	}
	const p = `":p":{"S":"p"}`
	for _, c := range []struct{ action, input, want string }{
		{"Query", `{"TableName":"Things"}`, invalid + "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request."},
		{"Query", query("sk = :p", `":p":{"N":"1"}`, ""), invalid + "Query condition missed key schema element: pk"},
		{"Query", query("pk = :p AND x = :p", p, ""), invalid + "Query condition missed key schema element: sk"},
		{"Query", query("pk > :p", p, ""), invalid + "Query key condition not supported"},
		{"Query", query("pk = :p AND sk = :q", p+`,":q":{"S":"1"}`, ""), invalid + "One or more parameter values were invalid: Condition parameter type does not match schema type"},
		{"Query", query("pk = :p AND begins_with(sk, :p)", p, ""), invalid + "One or more parameter values were invalid: Condition parameter type does not match schema type"},
		{"Query", query("pk = :p AND g = :p", p, `,"IndexName":"all"`), invalid + "Query key condition not supported"},
		{"Query", query("pk = :p", p, `,"IndexName":"nope"`), invalid + "The table does not have the specified index: nope"},
		{"Query", query("g = :p", p, `,"IndexName":"all","ConsistentRead":true`), invalid + "Consistent reads are not supported on global secondary indexes"},
		{"Query", query("pk = :p", p, `,"Limit":0`), invalid + "1 validation error detected: Value '0' at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1"},
		{"Query", query("pk = :p", p, `,"FilterExpression":"sk = :p"`), invalid + "Filter Expression can only contain non-primary key attributes: Primary key attribute: sk"},
		{"Query", query("pk = :p", p, `,"Select":"SOME"`), invalid + "1 validation error detected: Value 'SOME' at 'select' failed to satisfy constraint: Member must satisfy enum value set: [SPECIFIC_ATTRIBUTES, COUNT, ALL_ATTRIBUTES, ALL_PROJECTED_ATTRIBUTES]"},
		{"Query", query("pk = :p", p, `,"Select":"ALL_PROJECTED_ATTRIBUTES"`), invalid + "ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName"},
		{"Query", query("g = :p", p, `,"IndexName":"some","Select":"ALL_ATTRIBUTES"`), invalid + "One or more parameter values were invalid: Select type ALL_ATTRIBUTES is not supported for global secondary index some because its projection type is not ALL"},
		{"Query", query("g = :p", p, `,"IndexName":"some","ProjectionExpression":"x"`), invalid + "One or more parameter values were invalid: Global secondary index some does not project [x]"},
		{"Query", query("pk = :p", p, `,"ExclusiveStartKey":{"pk":{"S":"p"}}`), invalid + "The provided starting key is invalid"},
		{"Query", query("pk = :p", p, `,"ExclusiveStartKey":{"pk":{"S":"q"},"sk":{"N":"1"}}`), invalid + "The provided starting key is outside query boundaries based on provided conditions"},
		{"Query", query("pk = :p AND sk > :q", p+`,":q":{"N":"5"}`, `,"ExclusiveStartKey":{"pk":{"S":"p"},"sk":{"N":"1"}}`), invalid + "The provided starting key does not match the range key predicate"},
		{"Scan", `{"TableName":"Things","Segment":1}`, invalid + "The TotalSegments parameter is required but was not present in the request when Segment parameter is present"},
		{"Scan", `{"TableName":"Things","TotalSegments":1}`, invalid + "The Segment parameter is required but was not present in the request when parameter TotalSegments is present"},
		{"Scan", `{"TableName":"Things","Segment":2,"TotalSegments":2}`, invalid + "The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: 2 is not less than TotalSegments: 2"},
		{"Scan", `{"TableName":"Things","ExpressionAttributeValues":{":p":{"S":"p"}}}`, invalid + "ExpressionAttributeValues can only be specified when using expressions: FilterExpression is null"},
	} {
		refused(t, s, c.action, c.input, c.want)
	}
}

// Text and bytes sort by their bytes, and begins_with finds a run of them.
func TestBeginsWith(t *testing.T) {
	s := newService(t)
	for kind, keys := range map[string][]string{
		"S": {"a", "order", "order.cancelled", "order.confirmed", "order\u0000", "ordes", "é"},
		"B": {"AA==", "AAA=", "AAH/", "AP8=", "AP//", "/w==", "//8="},
	} {
		call(t, s, "CreateTable", strings.ReplaceAll(`{"TableName":"Sorted-X","BillingMode":"PAY_PER_REQUEST",
			"AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"X"},{"AttributeName":"sk","AttributeType":"X"}],
			"KeySchema":[{"AttributeName":"pk","KeyType":"HASH"},{"AttributeName":"sk","KeyType":"RANGE"}]}`, "X", kind))
		for _, key := range keys {
			item, _ := json.Marshal(map[string]any{"pk": map[string]string{kind: keys[6]}, "sk": map[string]string{kind: key}})
			call(t, s, "PutItem", `{"TableName":"Sorted-`+kind+`","Item":`+string(item)+`}`)
		}
		if n := read(t, s, "Scan", `{"TableName":"Sorted-`+kind+`"}`).Count; n != len(keys) {
			t.Errorf("a scan by %s finds %d items", kind, n)
		}
	}
	for _, c := range []struct{ kind, hash, prefix, want string }{
		{"S", "é", "order", "order order\x00 order.cancelled order.confirmed"},
		{"S", "é", "order.", "order.cancelled order.confirmed"},
		{"S", "é", "x", ""},
		{"B", "//8=", "AA==", "AA== AAA= AAH/ AP8= AP//"},
		{"B", "//8=", "/w==", "/w== //8="},
	} {
		p := read(t, s, "Query", `{"TableName":"Sorted-`+c.kind+`","KeyConditionExpression":"pk = :p AND begins_with(sk, :b)",
			"ExpressionAttributeValues":{":p":{"`+c.kind+`":"`+c.hash+`"},":b":{"`+c.kind+`":"`+c.prefix+`"}}}`)
		var got []string
		for _, item := range p.Items {
			got = append(got, item["sk"][c.kind].(string))
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("begins_with %s: %q, want %q", c.prefix, got, c.want)
		}
	}
}
