package dynamodb_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

const reserve = `{"TransactItems":[
	{"Put":{"TableName":"Things","Item":{"pk":{"S":"reservation-%d"},"sk":{"N":"1"}},"ConditionExpression":"attribute_not_exists(pk)"}},
	{"Update":{"TableName":"Things","Key":{"pk":{"S":"stock"},"sk":{"N":"1"}},"UpdateExpression":"SET available = available - :one, reserved = reserved + :one",
		"ConditionExpression":"available >= :one","ExpressionAttributeValues":{":one":{"N":"1"}}}}]}`

// A hundred buyers of the last unit: one gets it, and nothing is left of the
// others.
func TestLastUnit(t *testing.T) {
	s := things(t)
	call(t, s, "PutItem", `{"TableName":"Things","Item":{"pk":{"S":"stock"},"sk":{"N":"1"},"available":{"N":"1"},"reserved":{"N":"0"}}}`)
	actions := s.Actions()
	var winners, losers atomic.Int32
	var all sync.WaitGroup
	for i := range 100 {
		all.Go(func() {
			_, err := actions.Call(context.Background(), "TransactWriteItems", fmt.Appendf(nil, reserve, i))
			switch {
			case err == nil:
				winners.Add(1)
			case err.Error() == "TransactionCanceledException: Transaction cancelled, please refer cancellation reasons for specific reasons [None, ConditionalCheckFailed]":
				losers.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	all.Wait()
	if winners.Load() != 1 || losers.Load() != 99 {
		t.Errorf("%d won, %d lost", winners.Load(), losers.Load())
	}
	if got := read(t, s, "Scan", `{"TableName":"Things"}`); got.Count != 2 {
		t.Errorf("the table has %d items, want the stock and one reservation", got.Count)
	}
}

// Readers see a transaction whole or not at all.
func TestIsolation(t *testing.T) {
	s := things(t)
	actions := s.Actions()
	write := func(n int) {
		call(t, s, "TransactWriteItems", fmt.Sprintf(`{"TransactItems":[
			{"Put":{"TableName":"Things","Item":{"pk":{"S":"a"},"sk":{"N":"1"},"n":{"N":"%[1]d"}}}},
			{"Put":{"TableName":"Things","Item":{"pk":{"S":"b"},"sk":{"N":"1"},"n":{"N":"%[1]d"}}}}]}`, n))
	}
	write(0)
	stop := make(chan struct{})
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				out, err := actions.Call(context.Background(), "TransactGetItems", []byte(`{"TransactItems":[{"Get":{"TableName":"Things","Key":{"pk":{"S":"a"},"sk":{"N":"1"}}}},{"Get":{"TableName":"Things","Key":{"pk":{"S":"b"},"sk":{"N":"1"}}}}]}`))
				var got struct {
					Responses [2]struct {
						Item struct{ N struct{ N string } }
					}
				}
				if err == nil {
					err = json.Unmarshal(out, &got)
				}
				if err != nil || got.Responses[0].Item.N != got.Responses[1].Item.N {
					t.Errorf("read %s, %v", out, err)
					return
				}
			}
		})
	}
	for n := range 300 {
		write(n)
	}
	close(stop)
	readers.Wait()
}

func TestCancellation(t *testing.T) {
	s := things(t)
	call(t, s, "PutItem", `{"TableName":"Things","Item":{"pk":{"S":"a"},"sk":{"N":"1"},"n":{"S":"text"}}}`)
	const cancelled = "TransactionCanceledException: Transaction cancelled, please refer cancellation reasons for specific reasons "
	e := refused(t, s, "TransactWriteItems", `{"TransactItems":[
		{"Put":{"TableName":"Things","Item":{"pk":{"S":"new"},"sk":{"N":"1"}}}},
		{"Delete":{"TableName":"Things","Key":{"pk":{"S":"a"},"sk":{"N":"1"}},"ConditionExpression":"n = :n","ExpressionAttributeValues":{":n":{"S":"other"}},"ReturnValuesOnConditionCheckFailure":"ALL_OLD"}},
		{"ConditionCheck":{"TableName":"Things","Key":{"pk":{"S":"nope"},"sk":{"N":"1"}},"ConditionExpression":"attribute_exists(pk)","ReturnValuesOnConditionCheckFailure":"ALL_OLD"}},
		{"Update":{"TableName":"Things","Key":{"pk":{"S":"upd"},"sk":{"N":"1"}},"UpdateExpression":"SET n = nope"}},
		{"Put":{"TableName":"Things","Item":{"pk":{"N":"5"},"sk":{"N":"1"}}}},
		{"Delete":{"TableName":"Things","Key":{"pk":{"S":"a"}}}}]}`,
		cancelled+"[None, ConditionalCheckFailed, ConditionalCheckFailed, ValidationError, ValidationError, ValidationError]")
	reasons, err := json.Marshal(e.Fields["CancellationReasons"])
	if err != nil {
		t.Fatal(err)
	}
	same(t, "the reasons", string(reasons), `[{"Code":"None"},
		{"Code":"ConditionalCheckFailed","Message":"The conditional request failed","Item":{"pk":{"S":"a"},"sk":{"N":"1"},"n":{"S":"text"}}},
		{"Code":"ConditionalCheckFailed","Message":"The conditional request failed"},
		{"Code":"ValidationError","Message":"The provided expression refers to an attribute that does not exist in the item"},
		{"Code":"ValidationError","Message":"One or more parameter values were invalid: Type mismatch for key pk expected: S actual: N"},
		{"Code":"ValidationError","Message":"The provided key element does not match the schema"}]`)
	if got := read(t, s, "Scan", `{"TableName":"Things"}`); got.Count != 1 {
		t.Errorf("a cancelled transaction left %d items", got.Count)
	}
}

func TestTransactionRefused(t *testing.T) {
	s := things(t)
	const invalid = "ValidationException: "
	const key = `{"TableName":"Things","Key":{"pk":{"S":"a"},"sk":{"N":"1"}}`
	fat := `{"Put":{"TableName":"Things","Item":{"pk":{"S":"%d"},"sk":{"N":"1"},"x":{"S":"` + strings.Repeat("x", 399<<10) + `"}}}}`
	many := func(n int, item string) string {
		var items []string
		for i := range n {
			items = append(items, fmt.Sprintf(item, i))
		}
		return `{"TransactItems":[` + strings.Join(items, ",") + `]}`
	}
	for _, c := range []struct{ action, input, want string }{
		{"TransactWriteItems", `{"TransactItems":[]}`, invalid + "1 validation error detected: Value '[]' at 'transactItems' failed to satisfy constraint: Member must have length greater than or equal to 1"},
		{"TransactWriteItems", many(101, `{"Delete":{"TableName":"Things","Key":{"pk":{"S":"%d"},"sk":{"N":"1"}}}}`), invalid + "1 validation error detected: Value '[101 items]' at 'transactItems' failed to satisfy constraint: Member must have length less than or equal to 100"},
		{"TransactWriteItems", many(11, fat), invalid + "Collection size of items in transaction request exceeds the maximum allowed size of 4MB"},
		{"TransactWriteItems", `{"TransactItems":[{}]}`, invalid + "TransactItems can only contain one of Check, Put, Update or Delete"},
		{"TransactWriteItems", `{"TransactItems":[{"Get":{}}]}`, invalid + `parameter "Get" is not supported by the local cloud`},
		{"TransactWriteItems", `{"TransactItems":[{"Delete":` + key + `}},{"Update":` + key + `,"UpdateExpression":"REMOVE x"}}]}`, invalid + "Transaction request cannot include multiple operations on one item"},
		{"TransactWriteItems", `{"TransactItems":[{"ConditionCheck":` + key + `}}]}`, invalid + "1 validation error detected: Value null at 'transactItems.member.conditionCheck.conditionExpression' failed to satisfy constraint: Member must not be null"},
		{"TransactWriteItems", `{"TransactItems":[{"Put":{"TableName":"Things","Item":{"pk":{"S":""},"sk":{"N":"1"}}}}]}`, invalid + "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: pk"},
		{"TransactWriteItems", `{"TransactItems":[{"Delete":{"TableName":"Nope","Key":{"pk":{"S":"a"}}}}]}`, "ResourceNotFoundException: Requested resource not found"},
		{"TransactGetItems", `{"TransactItems":[]}`, invalid + "1 validation error detected: Value '[]' at 'transactItems' failed to satisfy constraint: Member must have length greater than or equal to 1"},
		{"TransactGetItems", `{"TransactItems":[{"Get":` + key + `}},{"Get":` + key + `}}]}`, invalid + "Transaction request cannot include multiple operations on one item"},
	} {
		refused(t, s, c.action, c.input, c.want)
	}
	same(t, "a transactional get", call(t, s, "TransactGetItems", `{"TransactItems":[{"Get":`+key+`}}]}`), `{"Responses":[{}]}`)
}

// A token makes a transaction happen once, for ten minutes.
func TestClientRequestToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := things(t)
		add := func(n, token string) string {
			return `{"TransactItems":[{"Update":{"TableName":"Things","Key":{"pk":{"S":"a"},"sk":{"N":"1"}},"UpdateExpression":"ADD n :n","ExpressionAttributeValues":{":n":{"N":"` + n + `"}}}}],
				"ClientRequestToken":"` + token + `","ReturnConsumedCapacity":"TOTAL"}`
		}
		const wrote, reread = `{"ConsumedCapacity":[{"TableName":"Things","CapacityUnits":2,"WriteCapacityUnits":2}]}`, `{"ConsumedCapacity":[{"TableName":"Things","CapacityUnits":2,"ReadCapacityUnits":2}]}`
		same(t, "first", call(t, s, "TransactWriteItems", add("1", "t")), wrote)
		same(t, "again", call(t, s, "TransactWriteItems", add("1.0", "t")), reread)
		refused(t, s, "TransactWriteItems", add("2", "t"), "IdempotentParameterMismatchException: DynamoDB rejected the request because you retried a request with a different payload but with an idempotent token that was already used.")
		same(t, "another token", call(t, s, "TransactWriteItems", add("1", "u")), wrote)
		time.Sleep(10 * time.Minute)
		same(t, "ten minutes later", call(t, s, "TransactWriteItems", add("2", "t")), wrote)
		same(t, "the sum", call(t, s, "GetItem", `{`+keyA+`,"ProjectionExpression":"n"}`), `{"Item":{"n":{"N":"4"}}}`)
		refused(t, s, "TransactWriteItems", add("1", strings.Repeat("t", 37)), "ValidationException: 1 validation error detected: Value '"+strings.Repeat("t", 37)+"' at 'clientRequestToken' failed to satisfy constraint: Member must have length less than or equal to 36")
	})
}
