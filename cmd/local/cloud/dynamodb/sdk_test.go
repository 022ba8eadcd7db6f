package dynamodb_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"orderflow/cmd/local/cloud/dynamodb"
)

type transport struct{ handler http.Handler }

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	t.handler.ServeHTTP(w, r)
	return w.Result(), nil
}

func newClient(t testing.TB) (*sdk.Client, *dynamodb.Service) {
	t.Helper()
	service := dynamodb.New(dynamodb.Config{Region: "us-east-1", Account: "000000000000"})
	t.Cleanup(func() { service.Close(context.Background()) })
	return sdk.New(sdk.Options{
		Region:       "us-east-1",
		BaseEndpoint: aws.String("http://127.0.0.1:4566"),
		Credentials:  credentials.NewStaticCredentialsProvider("a", "b", ""),
		HTTPClient:   &http.Client{Transport: transport{service.Handler()}},
		Retryer:      aws.NopRetryer{},
	}), service
}

func s(v string) types.AttributeValue { return &types.AttributeValueMemberS{Value: v} }
func n(v string) types.AttributeValue { return &types.AttributeValueMemberN{Value: v} }

func TestSmoke(t *testing.T) {
	ctx := context.Background()
	c, svc := newClient(t)
	_, err := c.CreateTable(ctx, &sdk.CreateTableInput{
		TableName: aws.String("Orders"), BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions:   []types.AttributeDefinition{{AttributeName: aws.String("orderId"), AttributeType: "S"}, {AttributeName: aws.String("customerId"), AttributeType: "S"}, {AttributeName: aws.String("createdAt"), AttributeType: "S"}},
		KeySchema:              []types.KeySchemaElement{{AttributeName: aws.String("orderId"), KeyType: "HASH"}},
		GlobalSecondaryIndexes: []types.GlobalSecondaryIndex{{IndexName: aws.String("customer"), KeySchema: []types.KeySchemaElement{{AttributeName: aws.String("customerId"), KeyType: "HASH"}, {AttributeName: aws.String("createdAt"), KeyType: "RANGE"}}, Projection: &types.Projection{ProjectionType: "KEYS_ONLY"}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.PutItem(ctx, &sdk.PutItemInput{TableName: aws.String("Orders"), Item: map[string]types.AttributeValue{"orderId": s("1"), "customerId": s("c"), "createdAt": s("2024"), "x": n("1.50")}, ReturnConsumedCapacity: "INDEXES",
		ConditionExpression: aws.String("attribute_not_exists(orderId)")})
	t.Logf("%+v %v", out, err)
	t.Log(*out.ConsumedCapacity.CapacityUnits)
	_, err = c.PutItem(ctx, &sdk.PutItemInput{TableName: aws.String("Orders"), Item: map[string]types.AttributeValue{"orderId": s("1")}, ConditionExpression: aws.String("attribute_not_exists(orderId)"), ReturnValuesOnConditionCheckFailure: "ALL_OLD"})
	t.Logf("%v %+v", err, err)
	u, err := c.UpdateItem(ctx, &sdk.UpdateItemInput{TableName: aws.String("Orders"), Key: map[string]types.AttributeValue{"orderId": s("1")}, UpdateExpression: aws.String("SET x = x + :one, y = if_not_exists(y, :one)"), ExpressionAttributeValues: map[string]types.AttributeValue{":one": n("1")}, ReturnValues: "UPDATED_NEW"})
	t.Logf("%v %+v", err, u.Attributes["x"])
	q, err := c.Query(ctx, &sdk.QueryInput{TableName: aws.String("Orders"), IndexName: aws.String("customer"), KeyConditionExpression: aws.String("customerId = :c"), ExpressionAttributeValues: map[string]types.AttributeValue{":c": s("c")}, Limit: aws.Int32(1)})
	t.Logf("%v %+v %+v", err, q.Items, q.LastEvaluatedKey)
	_, err = c.TransactWriteItems(ctx, &sdk.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{{ConditionCheck: &types.ConditionCheck{TableName: aws.String("Orders"), Key: map[string]types.AttributeValue{"orderId": s("1")}, ConditionExpression: aws.String("x = :x"), ExpressionAttributeValues: map[string]types.AttributeValue{":x": n("7")}}}}})
	t.Logf("%v %+v", err, err)
	sc, err := c.Scan(ctx, &sdk.ScanInput{TableName: aws.String("Orders")})
	t.Logf("%v %+v", err, sc)
	t.Log(svc.Consumed("Orders"))
}
