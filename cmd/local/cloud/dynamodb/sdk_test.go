package dynamodb_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"orderflow/cmd/local/cloud/dynamodb"
	"orderflow/cmd/local/cloud/protocol"
)

func newService(t testing.TB) *dynamodb.Service {
	t.Helper()
	s := dynamodb.New(dynamodb.Config{Region: "us-east-1", Account: "000000000000"})
	t.Cleanup(func() { s.Close(context.Background()) })
	return s
}

// call runs an action that must succeed.
func call(t testing.TB, s *dynamodb.Service, action, input string) string {
	t.Helper()
	out, err := s.Actions().Call(context.Background(), action, []byte(input))
	if err != nil {
		t.Fatalf("%s %s: %v", action, input, err)
	}
	return string(out)
}

// refused checks that an action answers with the error "Code: sentence".
func refused(t testing.TB, s *dynamodb.Service, action, input, want string) *protocol.Error {
	t.Helper()
	out, err := s.Actions().Call(context.Background(), action, []byte(input))
	if err == nil {
		t.Errorf("%s %.200s answered %s\nwant %s", action, input, out, want)
		return nil
	}
	if err.Error() != want {
		t.Errorf("%s %.200s\n got %.300v\nwant %s", action, input, err, want)
	}
	e, _ := errors.AsType[*protocol.Error](err)
	return e
}

// same compares JSON texts by their meaning.
func same(t testing.TB, what, got, want string) {
	t.Helper()
	var a, b any
	if err := json.Unmarshal([]byte(got), &a); err != nil {
		t.Fatalf("%s: %v in %s", what, err, got)
	}
	if err := json.Unmarshal([]byte(want), &b); err != nil {
		t.Fatalf("%s: %v in %s", what, err, want)
	}
	x, _ := json.Marshal(a)
	y, _ := json.Marshal(b)
	if string(x) != string(y) {
		t.Errorf("%s\n got %s\nwant %s", what, x, y)
	}
}

type inProcess struct{ handler http.Handler }

func (p inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	p.handler.ServeHTTP(w, r)
	return w.Result(), nil
}

func newClient(s *dynamodb.Service) *sdk.Client {
	return sdk.New(sdk.Options{
		Region:       "us-east-1",
		BaseEndpoint: aws.String("http://127.0.0.1:4566"),
		Credentials:  credentials.NewStaticCredentialsProvider("local", "local", ""),
		HTTPClient:   &http.Client{Transport: inProcess{s.Handler()}},
		Retryer:      aws.NopRetryer{},
	})
}

// The AWS SDK takes what it is answered, and turns errors into its own types.
func TestSDK(t *testing.T) {
	ctx, service := t.Context(), newService(t)
	client := newClient(service)
	_, err := client.CreateTable(ctx, &sdk.CreateTableInput{
		TableName:   aws.String("Stock"),
		BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{
			{AttributeName: aws.String("sku"), AttributeType: types.ScalarAttributeTypeS},
		},
		KeySchema: []types.KeySchemaElement{{AttributeName: aws.String("sku"), KeyType: types.KeyTypeHash}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := sdk.NewTableExistsWaiter(client).Wait(ctx, &sdk.DescribeTableInput{TableName: aws.String("Stock")}, 1e9); err != nil {
		t.Fatal(err)
	}

	type stock struct {
		SKU       string   `dynamodbav:"sku"`
		Available int      `dynamodbav:"available"`
		Price     float64  `dynamodbav:"price"`
		Tags      []string `dynamodbav:"tags,stringset"`
		Photo     []byte   `dynamodbav:"photo"`
		Note      *string  `dynamodbav:"note"`
		Nested    struct {
			Flags []bool `dynamodbav:"flags"`
		} `dynamodbav:"nested"`
	}
	mug := stock{SKU: "MUG", Available: 3, Price: 12.5, Tags: []string{"blue", "mug"}, Photo: []byte{0, 1, 255}}
	mug.Nested.Flags = []bool{true, false}
	item, err := attributevalue.MarshalMap(mug)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.PutItem(ctx, &sdk.PutItemInput{TableName: aws.String("Stock"), Item: item}); err != nil {
		t.Fatal(err)
	}
	key := map[string]types.AttributeValue{"sku": &types.AttributeValueMemberS{Value: "MUG"}}
	got, err := client.GetItem(ctx, &sdk.GetItemInput{TableName: aws.String("Stock"), Key: key})
	if err != nil {
		t.Fatal(err)
	}
	var read stock
	if err := attributevalue.UnmarshalMap(got.Item, &read); err != nil {
		t.Fatal(err)
	}
	wrote, _ := json.Marshal(mug)
	again, _ := json.Marshal(read)
	same(t, "what was put", string(again), string(wrote))

	_, err = client.UpdateItem(ctx, &sdk.UpdateItemInput{
		TableName: aws.String("Stock"), Key: key,
		UpdateExpression:                    aws.String("SET available = available - :q"),
		ConditionExpression:                 aws.String("available >= :q"),
		ExpressionAttributeValues:           map[string]types.AttributeValue{":q": &types.AttributeValueMemberN{Value: "5"}},
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	failed, ok := errors.AsType[*types.ConditionalCheckFailedException](err)
	if !ok || failed.ErrorMessage() != "The conditional request failed" || len(failed.Item) != len(item) {
		t.Errorf("a failed condition: %v, item %v", err, failed)
	}

	_, err = client.TransactWriteItems(ctx, &sdk.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{
		{Put: &types.Put{TableName: aws.String("Stock"), Item: map[string]types.AttributeValue{"sku": &types.AttributeValueMemberS{Value: "TEA"}}}},
		{ConditionCheck: &types.ConditionCheck{
			TableName: aws.String("Stock"), Key: key, ConditionExpression: aws.String("attribute_not_exists(sku)"),
			ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
		}},
	}})
	cancelled, ok := errors.AsType[*types.TransactionCanceledException](err)
	if !ok || len(cancelled.CancellationReasons) != 2 {
		t.Fatalf("a cancelled transaction: %v", err)
	}
	if m := cancelled.ErrorMessage(); m != "Transaction cancelled, please refer cancellation reasons for specific reasons [None, ConditionalCheckFailed]" {
		t.Errorf("its message: %q", m)
	}
	if r := cancelled.CancellationReasons; *r[0].Code != "None" || *r[1].Code != "ConditionalCheckFailed" || len(r[1].Item) != len(item) {
		t.Errorf("its reasons: %v", r)
	}

	for i := range 30 {
		item["sku"] = &types.AttributeValueMemberS{Value: "S" + strings.Repeat("x", i)}
		if _, err := client.PutItem(ctx, &sdk.PutItemInput{TableName: aws.String("Stock"), Item: item}); err != nil {
			t.Fatal(err)
		}
	}
	scanned := 0
	pages := sdk.NewScanPaginator(client, &sdk.ScanInput{TableName: aws.String("Stock"), Limit: aws.Int32(7)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			t.Fatal(err)
		}
		scanned += len(page.Items)
	}
	if scanned != 31 {
		t.Errorf("the pages have %d items, want 31", scanned)
	}

	_, err = client.GetItem(ctx, &sdk.GetItemInput{TableName: aws.String("Nope"), Key: key})
	if _, ok := errors.AsType[*types.ResourceNotFoundException](err); !ok {
		t.Errorf("no such table: %v", err)
	}
}
