package api

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"orderflow/lambdas/order"
)

const (
	defaultLimit = 20
	maxLimit     = 100

	customerIndex = "customer" // of the orders table: customerId, createdAt; keys only
)

// maxReads bounds how often a page's rows are asked for while the table is too
// busy to give them all.
const maxReads = 5

// A listQuery asks for a page of a customer's orders, newest first.
type listQuery struct {
	customerID string
	limit      int
	after      *position // nil for the first page
}

// A position is that of an order among its customer's.
type position struct {
	CreatedAt string `json:"createdAt"`
	OrderID   string `json:"orderId"`
}

// A page is a part of a customer's orders.
type page struct {
	Orders []order.Order `json:"orders"`
	Cursor string        `json:"cursor,omitempty"` // of the next page, if there may be one
}

// parseListQuery reads GET /orders' query parameters. A customer who names
// nobody means themselves. The error is a problem.
func parseListQuery(by caller, params map[string]string) (listQuery, error) {
	q := listQuery{customerID: by.customerID, limit: defaultLimit}
	if given, ok := params["customerId"]; ok {
		q.customerID = given
	}
	var violations []violation
	if !customerID.MatchString(q.customerID) {
		violations = append(violations, violation{Parameter: "customerId", Detail: "must be a customer's ID"})
	}
	if raw, ok := params["limit"]; ok {
		limit, err := strconv.Atoi(raw)
		if err != nil || limit < 1 || limit > maxLimit || strconv.Itoa(limit) != raw {
			violations = append(violations, violation{Parameter: "limit", Detail: fmt.Sprintf("must be from 1 to %d", maxLimit)})
		}
		q.limit = limit
	}
	if raw, ok := params["cursor"]; ok {
		after, ok := parseCursor(raw, q.customerID)
		if !ok {
			violations = append(violations, violation{Parameter: "cursor", Detail: "must be a cursor that was given for this customer"})
		}
		q.after = &after
	}
	for _, name := range slices.Sorted(maps.Keys(params)) {
		if name != "customerId" && name != "limit" && name != "cursor" {
			violations = append(violations, violation{Parameter: name, Detail: "is not a parameter of this list"})
		}
	}
	if len(violations) > 0 {
		return listQuery{}, invalid("the query is malformed", violations...)
	}
	return q, by.mayList(q.customerID)
}

// list reads a page of a customer's orders. The index may lag behind the table
// by an instant, the orders themselves are as they stand.
func (t *orders) list(ctx context.Context, q listQuery) (page, error) {
	out, err := t.db.Query(ctx, &dynamodb.QueryInput{
		TableName:                 &t.table,
		IndexName:                 aws.String(customerIndex),
		KeyConditionExpression:    aws.String("customerId = :customer"),
		ExpressionAttributeValues: map[string]types.AttributeValue{":customer": str(q.customerID)},
		ScanIndexForward:          aws.Bool(false),
		Limit:                     aws.Int32(int32(q.limit)),
		ExclusiveStartKey:         q.startKey(),
	})
	if err != nil {
		return page{}, fmt.Errorf("api: orders of a customer: %w", err)
	}
	p := page{Orders: []order.Order{}}
	if last := out.LastEvaluatedKey; len(last) > 0 {
		p.Cursor = cursor(position{text(last["createdAt"]), text(last["orderId"])}, q.customerID)
	}
	if len(out.Items) == 0 {
		return p, nil
	}
	rows, err := t.rows(ctx, out.Items)
	if err != nil {
		return page{}, err
	}
	for _, item := range out.Items {
		row, ok := rows[text(item["orderId"])]
		if !ok {
			continue // deleted since
		}
		o, err := parseRow(row)
		if err != nil {
			return page{}, err
		}
		o.Timeline = timeline(o)
		p.Orders = append(p.Orders, o)
	}
	return p, nil
}

func (q listQuery) startKey() map[string]types.AttributeValue {
	if q.after == nil {
		return nil
	}
	return map[string]types.AttributeValue{
		"customerId": str(q.customerID),
		"createdAt":  str(q.after.CreatedAt),
		"orderId":    str(q.after.OrderID),
	}
}

// rows reads whole rows by what the index has of them, at most 100.
func (t *orders) rows(ctx context.Context, items []map[string]types.AttributeValue) (map[string]map[string]types.AttributeValue, error) {
	keys := make([]map[string]types.AttributeValue, len(items))
	for i, item := range items {
		keys[i] = key(text(item["orderId"]))
	}
	rows := make(map[string]map[string]types.AttributeValue, len(items))
	for range maxReads {
		out, err := t.db.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{
			RequestItems: map[string]types.KeysAndAttributes{t.table: {Keys: keys, ConsistentRead: aws.Bool(true)}},
		})
		if err != nil {
			return nil, fmt.Errorf("api: orders: %w", err)
		}
		for _, row := range out.Responses[t.table] {
			rows[text(row["orderId"])] = row
		}
		keys = out.UnprocessedKeys[t.table].Keys
		if len(keys) == 0 {
			return rows, nil
		}
	}
	return nil, fmt.Errorf("api: orders: the table is too busy to be read: %w", &types.ThrottlingException{})
}

func text(v types.AttributeValue) string {
	if s, ok := v.(*types.AttributeValueMemberS); ok {
		return s.Value
	}
	return ""
}

// cursor writes a position down for its customer to come back with. Its check
// finds mistakes, not forgeries: who makes one up sees the same orders in
// another place, for the query names the customer by itself.
func cursor(p position, customerID string) string {
	body, err := json.Marshal(p)
	if err != nil { // two strings can be encoded
		panic(err)
	}
	return base64.RawURLEncoding.EncodeToString(append(check(body, customerID), body...))
}

const checkLength = 8

func check(body []byte, customerID string) []byte {
	sum := sha256.Sum256([]byte(customerID + "\x00" + string(body)))
	return sum[:checkLength]
}

func parseCursor(s, customerID string) (p position, ok bool) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil || len(raw) < checkLength || string(raw[:checkLength]) != string(check(raw[checkLength:], customerID)) {
		return position{}, false
	}
	err = json.Unmarshal(raw[checkLength:], &p)
	return p, err == nil && p.CreatedAt != "" && p.OrderID != ""
}
