package stack

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"orderflow/lambdas/order"
)

// exact finds the order, or the customer's orders, that the whole text is the
// ID of.
func (s *Stack) exact(ctx context.Context, q Query) (page Page, found bool, err error) {
	if id, err := uuid.Parse(q.Text); err == nil && len(q.Text) == len(id.String()) {
		o, err := s.one(ctx, id.String())
		if err == nil && (q.Status == "" || o.Status == q.Status) {
			page.Orders = []Summary{summary(o)}
		}
		if !errors.Is(err, ErrNoOrder) {
			return page, err == nil, err
		}
	}
	page, err = s.customers(ctx, q, position{Customer: q.Text})
	return page, len(page.Orders) > 0 || page.Next != "", err
}

// one is an order as a list shows it. Error: ErrNoOrder.
func (s *Stack) one(ctx context.Context, orderID string) (order.Order, error) {
	rows, err := s.stored(ctx, []string{orderID})
	if err != nil {
		return order.Order{}, err
	}
	if o, ok := rows[orderID]; ok {
		return o, nil
	}
	return s.unstored(ctx, orderID)
}

// customerIndex is the orders table's by customerId and createdAt.
const customerIndex = "customer"

// customers lists the orders of the customer that from names.
func (s *Stack) customers(ctx context.Context, q Query, from position) (Page, error) {
	in := &dynamodb.QueryInput{
		TableName:                 s.table("OrdersTable"),
		IndexName:                 aws.String(customerIndex),
		KeyConditionExpression:    aws.String("customerId = :customer"),
		ExpressionAttributeValues: row{":customer": str(from.Customer)},
		ScanIndexForward:          aws.Bool(false),
		Limit:                     aws.Int32(int32(q.Limit)),
	}
	if from.OrderID != "" {
		in.ExclusiveStartKey = row{"customerId": str(from.Customer), "createdAt": str(from.CreatedAt), "orderId": str(from.OrderID)}
	}
	for {
		out, err := s.db.Query(ctx, in)
		if err != nil {
			return Page{}, fmt.Errorf("stack: orders of a customer: %w", err)
		}
		ids := make([]string, len(out.Items))
		for i, item := range out.Items {
			ids[i] = text(item["orderId"])
		}
		var page Page
		if last := out.LastEvaluatedKey; len(last) > 0 {
			page.Next = position{CreatedAt: text(last["createdAt"]), OrderID: text(last["orderId"]), Customer: from.Customer}.cursor()
		}
		if page.Orders, err = s.shown(ctx, ids, q.Status); err != nil {
			return Page{}, err
		}
		if len(page.Orders) > 0 || page.Next == "" {
			return page, nil
		}
		in.ExclusiveStartKey = out.LastEvaluatedKey
	}
}

// shown are the orders of these IDs, less those of another status.
func (s *Stack) shown(ctx context.Context, ids []string, status order.Status) ([]Summary, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	rows, err := s.stored(ctx, ids)
	if err != nil {
		return nil, err
	}
	var orders []Summary
	for _, id := range ids {
		if o, ok := rows[id]; ok && (status == "" || o.Status == status) {
			orders = append(orders, summary(o))
		}
	}
	return orders, nil
}

// search looks through the newest orders, and if those that it finds do not
// fill a page, reads the whole table for the older ones: there is no index by
// status or by text, which would make every order dearer.
func (s *Stack) search(ctx context.Context, q Query, from position) (Page, error) {
	var page Page
	seen := map[string]bool{}
	if from.OrderID == "" {
		var err error
		if page, from, err = s.walk(ctx, q, from, seen); err != nil || page.Next != "" {
			return page, err
		}
	}
	found, err := s.scan(ctx, q, from)
	if err != nil {
		return Page{}, err
	}
	found = slices.DeleteFunc(found, func(p position) bool { return seen[p.OrderID] })
	slices.SortFunc(found, position.newestFirst)
	if room := max(q.Limit-len(page.Orders), 1); len(found) > room {
		found = found[:room]
		page.Next = found[room-1].cursor()
	}
	ids := make([]string, len(found))
	for i, p := range found {
		ids[i] = p.OrderID
	}
	rest, err := s.shown(ctx, ids, q.Status)
	page.Orders = append(page.Orders, rest...)
	return page, err
}

// maxWalk is how many lists of executions are looked through before the table
// is read, which costs as much at some ten thousand orders.
const maxWalk = 4

// walk looks through the latest executions until it has a page, whose Next is
// then where to go on. Else it says from where on the table is to be read, for
// orders outlive their executions, and notes whom it has seen: orders that were
// placed within one millisecond are in the table in another order.
func (s *Stack) walk(ctx context.Context, q Query, from position, seen map[string]bool) (page Page, rest position, err error) {
	for range maxWalk {
		out, err := s.executions(ctx, q, from)
		if err != nil {
			return Page{}, position{}, err
		}
		found, err := s.executed(ctx, q, out.Executions)
		if err != nil {
			return Page{}, position{}, err
		}
		page.Orders = append(page.Orders, found...)
		for _, e := range out.Executions {
			seen[aws.ToString(e.Name)] = true
			rest = position{CreatedAt: aws.ToTime(e.StartDate).UTC().Format(createdAt), OrderID: lastID}
		}
		from.Executions = aws.ToString(out.NextToken)
		if len(page.Orders) >= q.Limit && from.Executions != "" {
			page.Next = from.cursor()
			break
		}
		if from.Executions == "" {
			break
		}
	}
	return page, rest, nil
}

const (
	createdAt = "2006-01-02T15:04:05.000Z" // as the table has it
	lastID    = "~"                        // after every order's
)

func (p position) newestFirst(other position) int {
	return cmp.Or(strings.Compare(other.CreatedAt, p.CreatedAt), strings.Compare(other.OrderID, p.OrderID))
}

// parts is into how many parts the table is cut, each with a scan of its own.
const parts = 4

// scan finds where the orders are that the query selects and that come after a
// position.
func (s *Stack) scan(ctx context.Context, q Query, from position) ([]position, error) {
	var found [parts][]position
	scans, ctx := errgroup.WithContext(ctx)
	for part := range parts {
		scans.Go(func() error {
			in := q.scanInput()
			in.TableName, in.Segment, in.TotalSegments = s.table("OrdersTable"), aws.Int32(int32(part)), aws.Int32(parts)
			for pages := dynamodb.NewScanPaginator(s.db, in); pages.HasMorePages(); {
				out, err := pages.NextPage(ctx)
				if err != nil {
					return fmt.Errorf("stack: orders: %w", err)
				}
				for _, item := range out.Items {
					p := position{CreatedAt: text(item["createdAt"]), OrderID: text(item["orderId"])}
					if (from.OrderID == "" || from.newestFirst(p) < 0) && q.finds(words(item)) {
						found[part] = append(found[part], p)
					}
				}
			}
			return nil
		})
	}
	err := scans.Wait()
	return slices.Concat(found[:]...), err
}

// scanInput asks for what the query needs of the orders of its status.
// DynamoDB heeds the case of letters, so the text is looked for here.
func (q Query) scanInput() *dynamodb.ScanInput {
	in := &dynamodb.ScanInput{ProjectionExpression: aws.String("orderId, createdAt"), ExpressionAttributeNames: map[string]string{}}
	if q.Status != "" {
		in.FilterExpression = aws.String("#status = :status")
		in.ExpressionAttributeNames["#status"] = "status"
		in.ExpressionAttributeValues = row{":status": str(string(q.Status))}
	}
	if q.Text != "" {
		in.ProjectionExpression = aws.String("orderId, createdAt, customerId, customer.#name, #lines, #items")
		maps.Copy(in.ExpressionAttributeNames, map[string]string{"#name": "name", "#lines": "lines", "#items": "items"})
	}
	return in
}

// words are what a text is looked for in, of a row that was scanned. Ten
// thousand rows take too long to be read by reflection.
func words(item row) []string {
	words := append(make([]string, 0, 8), text(item["orderId"]), text(item["customerId"]))
	if customer, ok := item["customer"].(*types.AttributeValueMemberM); ok {
		words = append(words, text(customer.Value["name"]))
	}
	for _, name := range []string{"lines", "items"} {
		lines, _ := item[name].(*types.AttributeValueMemberL)
		if lines == nil {
			continue
		}
		for _, line := range lines.Value {
			if line, ok := line.(*types.AttributeValueMemberM); ok {
				words = append(words, text(line.Value["sku"]))
			}
		}
	}
	return words
}
