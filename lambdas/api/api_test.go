package api_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"orderflow/cmd/local/cloud/cloudtest"
	"orderflow/lambdas/api"
	"orderflow/lambdas/api/apitest"
	"orderflow/lambdas/order"
)

const (
	stateMachine = "arn:aws:states:us-east-1:000000000000:stateMachine:orders"
	executionOf  = "arn:aws:states:us-east-1:000000000000:execution:orders:"
)

// A shop is the API with its table and a state machine in a cloud. The state
// machine only waits: a test plays what else it does.
type shop struct {
	*cloudtest.Cloud
	t   testing.TB
	h   lambda.Handler
	sfn *sfn.Client
}

func newShop(t testing.TB) *shop {
	t.Helper()
	s := &shop{Cloud: cloudtest.New(t), t: t}
	s.sfn = sfn.NewFromConfig(s.AWSConfig())
	attribute := func(name string) dynamodbtypes.AttributeDefinition {
		return dynamodbtypes.AttributeDefinition{AttributeName: &name, AttributeType: dynamodbtypes.ScalarAttributeTypeS}
	}
	key := func(name string, kind dynamodbtypes.KeyType) dynamodbtypes.KeySchemaElement {
		return dynamodbtypes.KeySchemaElement{AttributeName: &name, KeyType: kind}
	}
	_, err := dynamodb.NewFromConfig(s.AWSConfig()).CreateTable(t.Context(), &dynamodb.CreateTableInput{
		TableName:            aws.String("orders"),
		BillingMode:          dynamodbtypes.BillingModePayPerRequest,
		AttributeDefinitions: []dynamodbtypes.AttributeDefinition{attribute("orderId"), attribute("customerId"), attribute("createdAt")},
		KeySchema:            []dynamodbtypes.KeySchemaElement{key("orderId", dynamodbtypes.KeyTypeHash)},
		GlobalSecondaryIndexes: []dynamodbtypes.GlobalSecondaryIndex{{
			IndexName:  aws.String("customer"),
			KeySchema:  []dynamodbtypes.KeySchemaElement{key("customerId", dynamodbtypes.KeyTypeHash), key("createdAt", dynamodbtypes.KeyTypeRange)},
			Projection: &dynamodbtypes.Projection{ProjectionType: dynamodbtypes.ProjectionTypeKeysOnly},
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.sfn.CreateStateMachine(t.Context(), &sfn.CreateStateMachineInput{
		Name:       aws.String("orders"),
		RoleArn:    aws.String("arn:aws:iam::000000000000:role/orders"),
		Definition: aws.String(`{"QueryLanguage":"JSONata","StartAt":"Wait","States":{"Wait":{"Type":"Wait","Seconds":86400,"End":true}}}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	s.h = s.handler()
	return s
}

// handler is the API, meeting faults on its way to the cloud.
func (s *shop) handler(faults ...cloudtest.Fault) lambda.Handler {
	s.t.Helper()
	h, err := api.New(s.Faulty(faults...), cloudtest.Environment("ORDERS_TABLE", "orders", "STATE_MACHINE_ARN", stateMachine))
	if err != nil {
		s.t.Fatal(err)
	}
	return h
}

// post places an order, with an Idempotency-Key or "".
func post(t testing.TB, h lambda.Handler, body, key string) events.APIGatewayV2HTTPResponse {
	t.Helper()
	header := map[string]string{"Content-Type": "application/json; charset=UTF-8"}
	if key != "" {
		header["Idempotency-Key"] = key
	}
	return serve(t, h, newRequest(t, http.MethodPost, "/orders", header, body))
}

// placed places an order and returns its ID.
func placed(t testing.TB, h lambda.Handler, body, key string) string {
	t.Helper()
	answer := post(t, h, body, key)
	var got struct{ OrderID, Status string }
	decode(t, answer, http.StatusAccepted, &got)
	if got.Status != "PENDING" || answer.Headers["location"] != "/orders/"+got.OrderID {
		t.Errorf("answer %s, location %q", answer.Body, answer.Headers["location"])
	}
	return got.OrderID
}

func get(t testing.TB, h lambda.Handler, target string) events.APIGatewayV2HTTPResponse {
	t.Helper()
	return serve(t, h, newRequest(t, http.MethodGet, target, nil, ""))
}

func cancel(t testing.TB, h lambda.Handler, orderID string) events.APIGatewayV2HTTPResponse {
	t.Helper()
	return serve(t, h, newRequest(t, http.MethodPost, "/orders/"+orderID+"/cancel", nil, ""))
}

func decode(t testing.TB, answer events.APIGatewayV2HTTPResponse, status int, v any) {
	t.Helper()
	if answer.StatusCode != status {
		t.Fatalf("status %d, want %d: %s", answer.StatusCode, status, answer.Body)
	}
	if err := json.Unmarshal([]byte(answer.Body), v); err != nil {
		t.Fatal(err)
	}
}

// stop ends an order's execution as an operator would.
func (s *shop) stop(orderID string) {
	s.t.Helper()
	_, err := s.sfn.StopExecution(s.t.Context(), &sfn.StopExecutionInput{ExecutionArn: aws.String(executionOf + orderID)})
	if err != nil {
		s.t.Fatal(err)
	}
}

// input is what an order's execution was started with.
func (s *shop) input(orderID string) string {
	s.t.Helper()
	out, err := s.sfn.DescribeExecution(s.t.Context(), &sfn.DescribeExecutionInput{ExecutionArn: aws.String(executionOf + orderID)})
	if err != nil {
		s.t.Fatal(err)
	}
	return *out.Input
}

// store writes an order's row as the state machine would.
func (s *shop) store(orderID string, status order.Status, more map[string]any) {
	s.t.Helper()
	var input map[string]any
	if err := json.Unmarshal([]byte(s.input(orderID)), &input); err != nil {
		s.t.Fatal(err)
	}
	row := map[string]any{
		"orderId": orderID, "status": status, "customerId": input["customer"].(map[string]any)["id"],
		"customer": input["customer"], "shippingAddress": input["shippingAddress"], "fingerprint": input["fingerprint"],
		"createdAt": "2026-01-02T03:04:05.000Z",
	}
	maps.Copy(row, more)
	s.Put("orders", row)
}

func (s *shop) executions() int {
	s.t.Helper()
	out, err := s.sfn.ListExecutions(s.t.Context(), &sfn.ListExecutionsInput{StateMachineArn: aws.String(stateMachine)})
	if err != nil {
		s.t.Fatal(err)
	}
	return len(out.Executions)
}

func TestPlaceOrder(t *testing.T) {
	s := newShop(t)
	first, second := placed(t, s.h, apitest.Order, ""), placed(t, s.h, apitest.Order, "")
	for _, id := range []string{first, second} {
		if parsed, err := uuid.Parse(id); err != nil || parsed.Version() != 7 {
			t.Errorf("order ID %q is no UUIDv7", id)
		}
	}
	if first == second || s.executions() != 2 {
		t.Error("two orders without a key are one")
	}
	const want = `{"fingerprint":"FINGERPRINT","customer":{"id":"c-42","name":"Ada Lovelace","email":"ada@example.com","phone":"+442079460000"},` +
		`"items":[{"sku":"MUG-BLUE","quantity":2}],"shippingAddress":{"name":"Ada","line1":"1 Byron St","city":"London","postalCode":"N1 1AA","country":"GB"}}`
	got := s.input(first)
	fingerprint := got[len(`{"fingerprint":"`):][:64]
	if diff := cmp.Diff(want, strings.Replace(got, fingerprint, "FINGERPRINT", 1)); diff != "" {
		t.Errorf("the execution's input (-want +got):\n%s", diff)
	}
}

// The largest order that is let through fits where it has to go.
func TestTheLargestOrder(t *testing.T) {
	s := newShop(t)
	wide := strings.Repeat("\U0001F469", 100)
	items := make([]string, 50)
	for i := range items {
		items[i] = fmt.Sprintf(`{"sku":"%064d","quantity":1000}`, i)
	}
	body := fmt.Sprintf(`{"customer":{"id":"c","name":"%s","email":"a@example.com"},"items":[%s],
		"shippingAddress":{"name":"%s","line1":"%s","line2":"%s","city":"%s","region":"%s","country":"GB"}}`,
		wide, strings.Join(items, ","), wide, wide+wide, strings.Repeat("<", 200), wide, wide)
	if got := len(s.input(placed(t, s.h, body, ""))); got > 16<<10 {
		t.Errorf("an input of %d bytes", got)
	}
}

// One key never makes two orders: while the order runs, after it ended, and
// for as long as it exists.
func TestIdempotencyKey(t *testing.T) {
	other := strings.Replace(apitest.Order, `"quantity": 2`, `"quantity": 3`, 1)
	check := func(t *testing.T, s *shop, id string) {
		t.Helper()
		if again := placed(t, s.h, apitest.Order, `"k"`); again != id {
			t.Errorf("the same key made order %s, then %s", id, again)
		}
		var p problem
		decode(t, post(t, s.h, other, "k"), http.StatusUnprocessableEntity, &p)
		if p.Type != "urn:orderflow:problem:idempotency-key-reused" {
			t.Errorf("problem %+v", p)
		}
		if s.executions() != 1 {
			t.Errorf("%d executions", s.executions())
		}
	}
	t.Run("while it runs, not stored", func(t *testing.T) {
		s := newShop(t)
		check(t, s, placed(t, s.h, apitest.Order, "k"))
	})
	t.Run("while it runs, stored", func(t *testing.T) {
		s := newShop(t)
		id := placed(t, s.h, apitest.Order, "k")
		s.store(id, order.Pending, nil)
		check(t, s, id)
	})
	t.Run("after it ended", func(t *testing.T) {
		s := newShop(t)
		id := placed(t, s.h, apitest.Order, "k")
		s.store(id, order.Confirmed, nil)
		s.stop(id)
		check(t, s, id)
	})
	t.Run("after it ended, never stored", func(t *testing.T) {
		s := newShop(t)
		id := placed(t, s.h, apitest.Order, "k")
		s.stop(id)
		check(t, s, id)
	})
	t.Run("another customer's", func(t *testing.T) {
		s := newShop(t)
		id := placed(t, s.h, apitest.Order, "k")
		if parsed := uuid.MustParse(id); parsed.Version() != 5 {
			t.Errorf("order ID %s is no UUIDv5", id)
		}
		if placed(t, s.h, strings.Replace(apitest.Order, "c-42", "c-43", 1), "k") == id {
			t.Error("two customers share an order")
		}
	})
}

// The order is stored and ends between the look at its row and the start.
func TestIdempotencyKeyMeetsTheOrdersEnd(t *testing.T) {
	s := newShop(t)
	id := placed(t, s.h, apitest.Order, "k")
	h := s.handler(cloudtest.Fault{Action: "GetItem", Times: 1, After: func() {
		s.store(id, order.Confirmed, nil)
		s.stop(id)
	}})
	if again := placed(t, h, apitest.Order, "k"); again != id {
		t.Errorf("the same key made order %s, then %s", id, again)
	}
}

func TestManyAtOnceWithOneKey(t *testing.T) {
	s := newShop(t)
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() { placed(t, s.h, apitest.Order, "k") })
	}
	wg.Wait()
	if s.executions() != 1 {
		t.Errorf("%d executions", s.executions())
	}
}

const throttled = `{"__type":"ThrottlingException","message":"Rate exceeded"}`

func TestThrottledStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t)
		placed(t, s.handler(cloudtest.Fault{Action: "StartExecution", Times: 3, Status: 400, Body: throttled}), apitest.Order, "")

		start := time.Now()
		for _, body := range []string{throttled, `{"__type":"ExecutionLimitExceeded","message":"too many"}`} {
			answer := post(t, s.handler(cloudtest.Fault{Action: "StartExecution", Status: 400, Body: body}), apitest.Order, "")
			var p problem
			decode(t, answer, http.StatusServiceUnavailable, &p)
			if answer.Headers["retry-after"] == "" || p.Type != "urn:orderflow:problem:busy" {
				t.Errorf("answer %v %s", answer.Headers, answer.Body)
			}
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("the clients waited %v", took)
		}
		if s.executions() != 1 {
			t.Errorf("%d executions", s.executions())
		}
	})
}

func TestFaultsAreNotTold(t *testing.T) {
	s := newShop(t)
	answer := post(t, s.handler(cloudtest.Fault{Action: "StartExecution", Status: 400, Body: `{"__type":"AccessDeniedException","message":"secret role"}`}), apitest.Order, "")
	if answer.StatusCode != http.StatusInternalServerError || strings.Contains(answer.Body, "secret") {
		t.Errorf("status %d: %s", answer.StatusCode, answer.Body)
	}
}

func TestShowOrder(t *testing.T) {
	s := newShop(t)
	id := placed(t, s.h, apitest.Order, "")

	var got order.Order
	decode(t, get(t, s.h, "/orders/"+id), http.StatusOK, &got)
	if got.Status != order.Pending || got.ID != id || len(got.Items) != 1 || got.Customer.Name != "Ada Lovelace" || got.CreatedAt.IsZero() || len(got.Timeline) != 1 {
		t.Errorf("before it is stored: %+v", got)
	}

	s.store(id, order.Confirmed, map[string]any{
		"items":       []any{map[string]any{"sku": "MUG-BLUE", "quantity": 2}},
		"lines":       []order.Line{{SKU: "MUG-BLUE", Name: "Blue mug", Quantity: 2, UnitPrice: order.Money{Amount: 1250, Currency: "GBP"}, WeightGrams: 350}},
		"total":       order.Money{Amount: 2500, Currency: "GBP"},
		"reservation": map[string]any{"reservationId": id, "reservedAt": "2026-01-02T03:04:05.700Z"},
		"shipment":    map[string]any{"carrier": "ACME", "trackingNumber": "A-1", "bookedAt": "2026-01-02T03:04:05.6Z"},
		"decidedAt":   "2026-01-02T03:04:06.000Z",
	})
	answer := get(t, s.h, "/orders/"+id)
	want := fmt.Sprintf(`{"orderId":%q,"status":"CONFIRMED",
		"customer":{"id":"c-42","name":"Ada Lovelace","email":"ada@example.com","phone":"+442079460000"},
		"shippingAddress":{"name":"Ada","line1":"1 Byron St","city":"London","postalCode":"N1 1AA","country":"GB"},
		"lines":[{"sku":"MUG-BLUE","name":"Blue mug","quantity":2,"unitPrice":{"amount":1250,"currency":"GBP"},"weightGrams":350}],
		"total":{"amount":2500,"currency":"GBP"},
		"reservation":{"reservationId":%[1]q,"reservedAt":"2026-01-02T03:04:05.7Z"},
		"shipment":{"carrier":"ACME","trackingNumber":"A-1","bookedAt":"2026-01-02T03:04:05.6Z"},
		"createdAt":"2026-01-02T03:04:05Z","decidedAt":"2026-01-02T03:04:06Z",
		"timeline":[{"status":"PENDING","at":"2026-01-02T03:04:05Z"},{"status":"BOOKED","at":"2026-01-02T03:04:05.6Z"},
			{"status":"RESERVED","at":"2026-01-02T03:04:05.7Z"},{"status":"CONFIRMED","at":"2026-01-02T03:04:06Z"}]}`, id)
	var gotJSON, wantJSON any
	decode(t, answer, http.StatusOK, &gotJSON)
	if err := json.Unmarshal([]byte(want), &wantJSON); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(wantJSON, gotJSON); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
	if answer.Headers["content-type"] != "application/json" || answer.Headers["cache-control"] != "no-store" {
		t.Errorf("headers %v", answer.Headers)
	}
}

func TestShowNoOrder(t *testing.T) {
	s := newShop(t)
	var p problem
	decode(t, get(t, s.h, "/orders/"+uuid.NewString()), http.StatusNotFound, &p)
	decode(t, cancel(t, s.h, uuid.NewString()), http.StatusNotFound, &p)
	if got := s.Items("orders", "orderId"); len(got) != 0 {
		t.Errorf("orders %v", got)
	}
}

// An execution that an operator stopped before the order was stored has failed.
func TestShowOrderThatWasNeverStored(t *testing.T) {
	s := newShop(t)
	id := placed(t, s.h, apitest.Order, "")
	s.stop(id)
	var got order.Order
	decode(t, get(t, s.h, "/orders/"+id), http.StatusOK, &got)
	if got.Status != order.Failed || got.Failure == nil || got.Failure.Code != string(types.ExecutionStatusAborted) || got.DecidedAt == nil {
		t.Errorf("order %+v", got)
	}
	var p problem
	decode(t, cancel(t, s.h, id), http.StatusConflict, &p)
}

// The order is stored and decided between the looks at its row and at its
// execution.
func TestShowMeetsTheOrdersEnd(t *testing.T) {
	s := newShop(t)
	id := placed(t, s.h, apitest.Order, "")
	h := s.handler(cloudtest.Fault{Action: "GetItem", Times: 1, After: func() {
		s.store(id, order.Confirmed, nil)
		s.stop(id)
	}})
	var got order.Order
	decode(t, get(t, h, "/orders/"+id), http.StatusOK, &got)
	if got.Status != order.Confirmed {
		t.Errorf("status %s", got.Status)
	}
}

func TestCancel(t *testing.T) {
	for _, test := range []struct {
		stored order.Status // "" is not yet
		status int
		want   order.Status
	}{
		{"", http.StatusAccepted, order.Cancelled},
		{order.Pending, http.StatusAccepted, order.Cancelled},
		{order.Cancelled, http.StatusAccepted, order.Cancelled},
		{order.Confirmed, http.StatusConflict, order.Confirmed},
		{order.Rejected, http.StatusConflict, order.Rejected},
		{order.Failed, http.StatusConflict, order.Failed},
	} {
		t.Run("stored "+string(test.stored), func(t *testing.T) {
			s := newShop(t)
			id := placed(t, s.h, apitest.Order, "k")
			if test.stored != "" {
				s.store(id, test.stored, nil)
			}
			for range 2 { // repeating it is harmless
				answer := cancel(t, s.h, id)
				var got struct{ OrderID, Type string }
				decode(t, answer, test.status, &got)
				if test.status == http.StatusAccepted && got.OrderID != id || test.status == http.StatusConflict && got.Type != "urn:orderflow:problem:already-decided" {
					t.Errorf("answer %s", answer.Body)
				}
			}
			var got order.Order
			decode(t, get(t, s.h, "/orders/"+id), http.StatusOK, &got)
			if got.Status != test.want {
				t.Errorf("status %s, want %s", got.Status, test.want)
			}
			if test.stored == "" || test.stored == order.Pending {
				if got.Failure == nil || got.Failure.Code != "CancelledByCustomer" || got.DecidedAt == nil || got.Customer.Email != "ada@example.com" {
					t.Errorf("order %+v", got)
				}
			}
			if again := placed(t, s.h, apitest.Order, "k"); again != id {
				t.Errorf("its key made another order, %s", again)
			}
		})
	}
}

// The state machine stores the order between the looks at its row and at its
// execution, and again before the cancellation could.
func TestCancelMeetsTheFirstWrite(t *testing.T) {
	for _, action := range []string{"UpdateItem", "DescribeExecution"} {
		s := newShop(t)
		id := placed(t, s.h, apitest.Order, "")
		h := s.handler(cloudtest.Fault{Action: action, Times: 1, After: func() { s.store(id, order.Pending, map[string]any{"total": order.Money{Amount: 1, Currency: "GBP"}}) }})
		if answer := cancel(t, h, id); answer.StatusCode != http.StatusAccepted {
			t.Errorf("stored after %s: status %d", action, answer.StatusCode)
		}
		row := s.Items("orders", "orderId")[id]
		if row["status"] != "CANCELLED" || row["total"] == nil {
			t.Errorf("stored after %s: row %v", action, row)
		}
	}
}

func TestListOrders(t *testing.T) {
	s := newShop(t)
	var newestFirst []string
	for i := range 7 {
		id := placed(t, s.h, apitest.Order, "")
		s.store(id, order.Pending, map[string]any{"createdAt": fmt.Sprintf("2026-01-02T03:04:%02d.000Z", i/2)})
		newestFirst = append([]string{id}, newestFirst...)
	}
	other := placed(t, s.h, strings.Replace(apitest.Order, "c-42", "c-43", 1), "")
	s.store(other, order.Pending, nil)

	type page struct {
		Orders []order.Order
		Cursor string
	}
	list := func(query string) (p page) {
		t.Helper()
		decode(t, get(t, s.h, "/orders?"+query), http.StatusOK, &p)
		return p
	}
	all := list("customerId=c-42")
	if len(all.Orders) != 7 || all.Cursor != "" || len(all.Orders[0].Timeline) != 1 || all.Orders[0].Customer.Name == "" {
		t.Fatalf("all: %d orders, cursor %q", len(all.Orders), all.Cursor)
	}
	for i := 1; i < len(all.Orders); i++ {
		if all.Orders[i].CreatedAt.After(all.Orders[i-1].CreatedAt) {
			t.Errorf("order %d is newer than the one before", i)
		}
	}
	seen := map[string]bool{}
	var pages []int
	var firstCursor string
	for cursor := ""; ; {
		p := list("customerId=c-42&limit=3" + cursor)
		pages = append(pages, len(p.Orders))
		for _, o := range p.Orders {
			seen[o.ID] = true
		}
		if p.Cursor == "" {
			break
		}
		if firstCursor == "" {
			firstCursor = p.Cursor
		}
		cursor = "&cursor=" + p.Cursor
	}
	if diff := cmp.Diff([]int{3, 3, 1}, pages); diff != "" || len(seen) != 7 {
		t.Errorf("%d orders in pages of %v", len(seen), pages)
	}
	var p problem
	decode(t, get(t, s.h, "/orders?customerId=c-43&cursor="+firstCursor), http.StatusBadRequest, &p)
	if got := list("customerId=nobody"); len(got.Orders) != 0 {
		t.Errorf("nobody's orders: %v", got)
	}
	if answer := get(t, s.h, "/orders?customerId=nobody"); !strings.Contains(answer.Body, `"orders":[]`) {
		t.Errorf("an empty list is %s", answer.Body)
	}
}

// What a busy table leaves unread is asked for again.
func TestListOrdersUnprocessed(t *testing.T) {
	s := newShop(t)
	for range 3 {
		s.store(placed(t, s.h, apitest.Order, ""), order.Pending, nil)
	}
	h := s.handler(cloudtest.Fault{Action: "BatchGetItem", Times: 1, Status: 200,
		Body: fmt.Sprintf(`{"Responses":{},"UnprocessedKeys":{"orders":{"Keys":[%s]}}}`, keys(s))})
	var p struct{ Orders []order.Order }
	decode(t, get(t, h, "/orders?customerId=c-42"), http.StatusOK, &p)
	if len(p.Orders) != 3 {
		t.Errorf("%d orders", len(p.Orders))
	}
	h = s.handler(cloudtest.Fault{Action: "BatchGetItem", Status: 200, Body: fmt.Sprintf(`{"Responses":{},"UnprocessedKeys":{"orders":{"Keys":[%s]}}}`, keys(s))})
	if answer := get(t, h, "/orders?customerId=c-42"); answer.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("a table that never answers: status %d", answer.StatusCode)
	}
}

// keys are all orders' keys, as DynamoDB writes them.
func keys(s *shop) string {
	var all []string
	for id := range s.Items("orders", "orderId") {
		all = append(all, fmt.Sprintf(`{"orderId":{"S":%q}}`, id))
	}
	return strings.Join(all, ",")
}

func BenchmarkPlaceOrder(b *testing.B) {
	s := newShop(b)
	b.ReportAllocs()
	for b.Loop() {
		if answer := post(b, s.h, apitest.Order, ""); answer.StatusCode != http.StatusAccepted {
			b.Fatal(answer.Body)
		}
	}
}
