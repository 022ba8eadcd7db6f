package dynamodb_test

import (
	"context"
	"fmt"
	"testing"

	"orderflow/cmd/local/cloud/dynamodb"
	"orderflow/cmd/local/cloud/protocol"
)

const ordersTable = `{"TableName":"Orders","BillingMode":"PAY_PER_REQUEST",
	"AttributeDefinitions":[{"AttributeName":"orderId","AttributeType":"S"},{"AttributeName":"customerId","AttributeType":"S"},{"AttributeName":"createdAt","AttributeType":"S"}],
	"KeySchema":[{"AttributeName":"orderId","KeyType":"HASH"}],
	"GlobalSecondaryIndexes":[{"IndexName":"customer","Projection":{"ProjectionType":"KEYS_ONLY"},
		"KeySchema":[{"AttributeName":"customerId","KeyType":"HASH"},{"AttributeName":"createdAt","KeyType":"RANGE"}]}]}`

// order is an item of the Orders table as PersistOrder writes it, some 700
// bytes large.
const order = `{"orderId":{"S":"%s"},"status":{"S":"PENDING"},"customerId":{"S":"c-42"},"createdAt":{"S":"2026-01-01T12:00:00.000Z"},
	"fingerprint":{"S":"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"},
	"customer":{"M":{"id":{"S":"c-42"},"name":{"S":"Ada Lovelace"},"email":{"S":"ada@example.com"},"phone":{"S":"+442071234567"}}},
	"shippingAddress":{"M":{"name":{"S":"Ada Lovelace"},"line1":{"S":"1 Byron Street"},"city":{"S":"London"},"postalCode":{"S":"N1 1AA"},"country":{"S":"GB"}}},
	"total":{"M":{"amount":{"N":"4170"},"currency":{"S":"GBP"}}},
	"lines":{"L":[
		{"M":{"sku":{"S":"MUG-BLUE"},"name":{"S":"Blue mug"},"quantity":{"N":"2"},"unitPrice":{"M":{"amount":{"N":"1290"},"currency":{"S":"GBP"}}},"weightGrams":{"N":"350"}}},
		{"M":{"sku":{"S":"TEA-EARL"},"name":{"S":"Earl Grey, 250 g"},"quantity":{"N":"1"},"unitPrice":{"M":{"amount":{"N":"1590"},"currency":{"S":"GBP"}}},"weightGrams":{"N":"270"}}}]}}`

func benchmark(b *testing.B, action string, input func(i int) string) {
	actions := benchTable(b)
	inputs := make([][]byte, 4096)
	for i := range inputs {
		inputs[i] = []byte(input(i))
	}
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		if _, err := actions.Call(b.Context(), action, inputs[i%len(inputs)]); err != nil {
			b.Fatal(err)
		}
	}
}

func benchTable(b *testing.B) protocol.Actions {
	s := dynamodb.New(dynamodb.Config{Region: "us-east-1", Account: "000000000000"})
	b.Cleanup(func() { s.Close(context.Background()) })
	actions := s.Actions()
	call := func(action, input string) {
		if _, err := actions.Call(b.Context(), action, []byte(input)); err != nil {
			b.Fatal(err)
		}
	}
	call("CreateTable", ordersTable)
	for i := range 4096 {
		call("PutItem", `{"TableName":"Orders","Item":`+fmt.Sprintf(order, orderID(i))+`}`)
	}
	return actions
}

func orderID(i int) string { return fmt.Sprintf("0198d3c4-7a10-7b6e-9d2f-%012d", i) }

func BenchmarkPutItem(b *testing.B) {
	benchmark(b, "PutItem", func(i int) string {
		return `{"TableName":"Orders","ConditionExpression":"attribute_not_exists(orderId) OR (fingerprint = :fingerprint AND #status = :pending)",
			"ExpressionAttributeNames":{"#status":"status"},
			"ExpressionAttributeValues":{":fingerprint":{"S":"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"},":pending":{"S":"PENDING"}},
			"Item":` + fmt.Sprintf(order, orderID(i)) + `}`
	})
}

func BenchmarkUpdateItem(b *testing.B) {
	benchmark(b, "UpdateItem", func(i int) string {
		return `{"TableName":"Orders","Key":{"orderId":{"S":"` + orderID(i) + `"}},
			"UpdateExpression":"SET decidedAt = :at, shipment = :shipment ADD attempts :one",
			"ConditionExpression":"#status = :pending","ExpressionAttributeNames":{"#status":"status"},
			"ExpressionAttributeValues":{":pending":{"S":"PENDING"},":one":{"N":"1"},":at":{"S":"2026-01-01T12:00:01.000Z"},
				":shipment":{"M":{"carrier":{"S":"ACME"},"trackingNumber":{"S":"AC000000042GB"}}}},
			"ReturnValues":"ALL_NEW"}`
	})
}

func BenchmarkGetItem(b *testing.B) {
	benchmark(b, "GetItem", func(i int) string {
		return `{"TableName":"Orders","Key":{"orderId":{"S":"` + orderID(i) + `"}},"ConsistentRead":true}`
	})
}

func BenchmarkQuery(b *testing.B) {
	benchmark(b, "Query", func(i int) string {
		return `{"TableName":"Orders","IndexName":"customer","KeyConditionExpression":"customerId = :c","Limit":10,"ScanIndexForward":false,
			"ExpressionAttributeValues":{":c":{"S":"c-42"}}}`
	})
}

func BenchmarkTransactWriteItems(b *testing.B) {
	benchmark(b, "TransactWriteItems", func(i int) string {
		return `{"TransactItems":[
			{"Put":{"TableName":"Orders","Item":{"orderId":{"S":"` + orderID(i) + `"},"status":{"S":"RESERVED"}}}},
			{"Update":{"TableName":"Orders","Key":{"orderId":{"S":"stock-` + orderID(i) + `"}},
				"UpdateExpression":"SET available = if_not_exists(available, :much) - :q, reserved = if_not_exists(reserved, :zero) + :q",
				"ExpressionAttributeValues":{":q":{"N":"1"},":much":{"N":"1000000"},":zero":{"N":"0"}}}}]}`
	})
}
