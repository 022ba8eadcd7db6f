package dynamodb

import (
	"cmp"
	"context"
	"encoding/base64"
	"maps"
	"reflect"
	"slices"
	"strings"

	"orderflow/cmd/local/cloud/dynamodb/attribute"
	"orderflow/cmd/local/cloud/dynamodb/expression"
	"orderflow/cmd/local/cloud/iam"
	"orderflow/cmd/local/cloud/protocol"
)

// An access is one permission that a request needs.
type access struct {
	action string // "dynamodb:PutItem"
	table  string
	index  string // "" for the table itself

	// details are what fine-grained conditions see, which few policies ask for.
	details func() details
}

// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
type details struct {
	keys         []attribute.Map // of the items, or the items
	query        *QueryInput
	expressions  []*string
	names        []expression.Name
	selects      string
	returnValues string
	enclosing    string
}

// authorize asks for what the Service Authorization Reference lists. What a
// transaction does is allowed item by item: it is no action by itself.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html
func (s *Service) authorize(ctx context.Context, in any) error {
	if iam.Caller(ctx) == nil {
		return nil
	}
	switch in := in.(type) {
	case *GetItemInput:
		return s.allow(ctx, access{"dynamodb:GetItem", in.TableName, "", func() details {
			return details{
				keys:        []attribute.Map{in.Key},
				expressions: []*string{in.ProjectionExpression}, names: in.ExpressionAttributeNames, selects: selects(in.ProjectionExpression),
			}
		}})
	case *PutItemInput:
		return s.allow(ctx, access{"dynamodb:PutItem", in.TableName, "", func() details {
			return writing(in.Item, in.ReturnValues, &in.Condition)
		}})
	case *UpdateItemInput:
		return s.allow(ctx, access{"dynamodb:UpdateItem", in.TableName, "", func() details {
			return writing(in.Key, in.ReturnValues, &in.Condition, in.UpdateExpression)
		}})
	case *DeleteItemInput:
		return s.allow(ctx, access{"dynamodb:DeleteItem", in.TableName, "", func() details {
			return writing(in.Key, in.ReturnValues, &in.Condition)
		}})
	case *QueryInput:
		return s.allow(ctx, access{"dynamodb:Query", in.TableName, in.index(), func() details {
			d := reading(&in.Reading)
			d.query, d.expressions = in, append(d.expressions, in.KeyConditionExpression)
			return d
		}})
	case *ScanInput:
		return s.allow(ctx, access{"dynamodb:Scan", in.TableName, in.index(), func() details { return reading(&in.Reading) }})
	case *BatchGetItemInput:
		return s.allow(ctx, batchReads(in)...)
	case *BatchWriteItemInput:
		return s.allow(ctx, batchWrites(in)...)
	case *TransactGetItemsInput:
		return s.allow(ctx, transactionReads(in)...)
	case *TransactWriteItemsInput:
		return s.allow(ctx, transactionWrites(in)...)
	}
	return s.allow(ctx, access{action: "dynamodb:" + name(in), table: tableOf(in)})
}

func (s *Service) allow(ctx context.Context, all ...access) error {
	for i := range all {
		a := &all[i]
		resource, policy := s.resource(a.table)
		request := iam.Request{Action: a.action, Resource: resource}
		if a.index != "" {
			request.Resource += "/index/" + a.index
		}
		if a.details != nil {
			request.Context = func(key string) []string { return s.contextOf(a, key) }
		}
		if err := iam.Authorize(ctx, policy, request); err != nil {
			return protocol.Errorf("AccessDeniedException", "%v", err)
		}
	}
	return nil
}

// resource is a table's ARN, be there such a table or not, "*" for none; and its
// policy, nil for none.
func (s *Service) resource(table string) (arn string, policy *iam.Policy) {
	if table == "" {
		return "*", nil
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if t, ok := s.tables.Get(table); ok {
		return t.arn, t.policy.parsed
	}
	return "arn:aws:dynamodb:" + s.config.Region + ":" + s.config.Account + ":table/" + table, nil
}

func writing(key attribute.Map, returnValues string, c *Condition, update ...*string) details {
	return details{
		keys: []attribute.Map{key}, returnValues: cmp.Or(returnValues, "NONE"),
		expressions: append(update, c.ConditionExpression), names: c.ExpressionAttributeNames,
	}
}

func reading(in *Reading) details {
	d := details{
		names:       in.ExpressionAttributeNames,
		expressions: []*string{in.FilterExpression, in.ProjectionExpression}, selects: cmp.Or(in.Select, selects(in.ProjectionExpression)),
	}
	if in.IndexName != nil && in.Select == "" && in.ProjectionExpression == nil {
		d.selects = "ALL_PROJECTED_ATTRIBUTES"
	}
	return d
}

func (in *Reading) index() string {
	if in.IndexName == nil {
		return ""
	}
	return *in.IndexName
}

// selects is what a read without Select comes to.
func selects(projection *string) string {
	if projection == nil {
		return "ALL_ATTRIBUTES"
	}
	return "SPECIFIC_ATTRIBUTES"
}

func batchReads(in *BatchGetItemInput) (all []access) {
	for _, table := range slices.Sorted(maps.Keys(in.RequestItems)) {
		of := in.RequestItems[table]
		all = append(all, access{"dynamodb:BatchGetItem", table, "", func() details {
			return details{
				keys:        of.Keys,
				expressions: []*string{of.ProjectionExpression}, names: of.ExpressionAttributeNames, selects: selects(of.ProjectionExpression),
			}
		}})
	}
	return all
}

func batchWrites(in *BatchWriteItemInput) (all []access) {
	for _, table := range slices.Sorted(maps.Keys(in.RequestItems)) {
		all = append(all, access{"dynamodb:BatchWriteItem", table, "", func() (d details) {
			for _, r := range in.RequestItems[table] {
				if r.PutRequest != nil {
					d.keys = append(d.keys, r.PutRequest.Item)
				}
				if r.DeleteRequest != nil {
					d.keys = append(d.keys, r.DeleteRequest.Key)
				}
			}
			return d
		}})
	}
	return all
}

func transactionReads(in *TransactGetItemsInput) (all []access) {
	for _, item := range in.TransactItems {
		if g := item.Get; g != nil {
			all = append(all, access{"dynamodb:GetItem", g.TableName, "", func() details {
				return details{
					keys: []attribute.Map{g.Key}, enclosing: "TransactGetItems",
					expressions: []*string{g.ProjectionExpression}, names: g.ExpressionAttributeNames, selects: selects(g.ProjectionExpression),
				}
			}})
		}
	}
	return all
}

func transactionWrites(in *TransactWriteItemsInput) (all []access) {
	add := func(action, table string, key attribute.Map, c *Condition, update ...*string) {
		all = append(all, access{action, table, "", func() details {
			d := writing(key, "", c, update...)
			d.enclosing = "TransactWriteItems"
			return d
		}})
	}
	for _, item := range in.TransactItems {
		if p := item.Put; p != nil {
			add("dynamodb:PutItem", p.TableName, p.Item, &p.Condition)
		}
		if u := item.Update; u != nil {
			add("dynamodb:UpdateItem", u.TableName, u.Key, &u.Condition, u.UpdateExpression)
		}
		if d := item.Delete; d != nil {
			add("dynamodb:DeleteItem", d.TableName, d.Key, &d.Condition)
		}
		if c := item.ConditionCheck; c != nil {
			add("dynamodb:ConditionCheckItem", c.TableName, c.Key, &c.Condition)
		}
	}
	return all
}

// name is the action that a table's input is for.
func name(in any) string { return strings.TrimSuffix(reflect.TypeOf(in).Elem().Name(), "Input") }

func tableOf(in any) string {
	v := reflect.ValueOf(in).Elem()
	if field := v.FieldByName("TableName"); field.IsValid() {
		return field.String()
	}
	if field := v.FieldByName("ResourceArn"); field.IsValid() {
		return tableName(field.String())
	}
	return ""
}

// contextOf gives the values of a condition key.
func (s *Service) contextOf(a *access, key string) []string {
	switch key {
	case "dynamodb:leadingkeys":
		return s.leadingKeys(a)
	case "dynamodb:attributes":
		return s.attributes(a.details())
	case "dynamodb:select":
		return present(a.details().selects)
	case "dynamodb:returnvalues":
		return present(a.details().returnValues)
	case "dynamodb:enclosingoperation":
		return present(a.details().enclosing)
	}
	return nil
}

func present(value string) []string {
	if value == "" {
		return nil
	}
	return []string{value}
}

// leadingKeys are the partition keys of the request, each once. A scan has none.
func (s *Service) leadingKeys(a *access) (keys []string) {
	t, err := s.table(a.table)
	if err != nil {
		return nil
	}
	d := a.details()
	add := func(v attribute.Value) {
		if text := keyText(v); !slices.Contains(keys, text) {
			keys = append(keys, text)
		}
	}
	for _, key := range d.keys {
		if v := key.Get(t.keys[0].name); v != nil {
			add(v)
		}
	}
	if d.query != nil {
		partition := t.keys[0].name
		for _, i := range t.indexes {
			if i.name == a.index {
				partition = i.keys[0].name
			}
		}
		conditions, err := s.bindQuery(d.query, new(reader))
		for _, c := range conditions {
			if err == nil && c.Attribute == partition {
				add(c.Values[0])
			}
		}
	}
	return keys
}

func keyText(v attribute.Value) string {
	switch v := v.(type) {
	case attribute.String:
		return string(v)
	case attribute.Number:
		return string(v)
	case attribute.Binary:
		return base64.StdEncoding.EncodeToString([]byte(v))
	}
	return ""
}

// attributes are the top-level attributes that the request names, maybe more
// than once.
func (s *Service) attributes(d details) []string {
	named := make([]string, 0, 16)
	for _, key := range d.keys {
		for _, attribute := range key {
			named = append(named, attribute.Name)
		}
	}
	for _, text := range d.expressions {
		if text != nil {
			named = s.parser.Attributes(named, *text, d.names)
		}
	}
	return named
}
