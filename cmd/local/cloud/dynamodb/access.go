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

// An access is one permission that a request needs, with what fine-grained
// conditions see of it.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
type access struct {
	action string // "PutItem"
	table  string
	index  string // "" for the table itself

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
	for _, a := range accesses(in) {
		request := iam.Request{Action: "dynamodb:" + a.action, Resource: "*"}
		if a.table != "" {
			request.Resource = "arn:aws:dynamodb:" + s.config.Region + ":" + s.config.Account + ":table/" + a.table
		}
		if a.index != "" {
			request.Resource += "/index/" + a.index
		}
		request.Context = func(key string) []string { return s.contextOf(&a, key) }
		if err := iam.Authorize(ctx, nil, request); err != nil {
			return protocol.Errorf("AccessDeniedException", "%v", err)
		}
	}
	return nil
}

func accesses(in any) []access {
	switch in := in.(type) {
	case *GetItemInput:
		return []access{{
			action: "GetItem", table: in.TableName, keys: []attribute.Map{in.Key},
			expressions: []*string{in.ProjectionExpression}, names: in.ExpressionAttributeNames, selects: selects(in.ProjectionExpression),
		}}
	case *PutItemInput:
		return []access{writing("PutItem", in.TableName, in.Item, in.ReturnValues, &in.Condition)}
	case *UpdateItemInput:
		return []access{writing("UpdateItem", in.TableName, in.Key, in.ReturnValues, &in.Condition, in.UpdateExpression)}
	case *DeleteItemInput:
		return []access{writing("DeleteItem", in.TableName, in.Key, in.ReturnValues, &in.Condition)}
	case *QueryInput:
		a := reading("Query", &in.Reading)
		a.query, a.expressions = in, append(a.expressions, in.KeyConditionExpression)
		return []access{a}
	case *ScanInput:
		return []access{reading("Scan", &in.Reading)}
	case *BatchGetItemInput:
		return batchReads(in)
	case *BatchWriteItemInput:
		return batchWrites(in)
	case *TransactGetItemsInput:
		return transactionReads(in)
	case *TransactWriteItemsInput:
		return transactionWrites(in)
	}
	return []access{{action: name(in), table: tableOf(in)}}
}

func writing(action, table string, key attribute.Map, returnValues string, c *Condition, update ...*string) access {
	return access{
		action: action, table: table, keys: []attribute.Map{key}, returnValues: cmp.Or(returnValues, "NONE"),
		expressions: append(update, c.ConditionExpression), names: c.ExpressionAttributeNames,
	}
}

func reading(action string, in *Reading) access {
	a := access{
		action: action, table: in.TableName, names: in.ExpressionAttributeNames,
		expressions: []*string{in.FilterExpression, in.ProjectionExpression}, selects: cmp.Or(in.Select, selects(in.ProjectionExpression)),
	}
	if in.IndexName != nil {
		a.index = *in.IndexName
		if in.Select == "" && in.ProjectionExpression == nil {
			a.selects = "ALL_PROJECTED_ATTRIBUTES"
		}
	}
	return a
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
		all = append(all, access{
			action: "BatchGetItem", table: table, keys: of.Keys,
			expressions: []*string{of.ProjectionExpression}, names: of.ExpressionAttributeNames, selects: selects(of.ProjectionExpression),
		})
	}
	return all
}

func batchWrites(in *BatchWriteItemInput) (all []access) {
	for _, table := range slices.Sorted(maps.Keys(in.RequestItems)) {
		a := access{action: "BatchWriteItem", table: table}
		for _, r := range in.RequestItems[table] {
			if r.PutRequest != nil {
				a.keys = append(a.keys, r.PutRequest.Item)
			}
			if r.DeleteRequest != nil {
				a.keys = append(a.keys, r.DeleteRequest.Key)
			}
		}
		all = append(all, a)
	}
	return all
}

func transactionReads(in *TransactGetItemsInput) (all []access) {
	for _, item := range in.TransactItems {
		if g := item.Get; g != nil {
			all = append(all, access{
				action: "GetItem", table: g.TableName, keys: []attribute.Map{g.Key}, enclosing: "TransactGetItems",
				expressions: []*string{g.ProjectionExpression}, names: g.ExpressionAttributeNames, selects: selects(g.ProjectionExpression),
			})
		}
	}
	return all
}

func transactionWrites(in *TransactWriteItemsInput) (all []access) {
	for _, item := range in.TransactItems {
		if p := item.Put; p != nil {
			all = append(all, writing("PutItem", p.TableName, p.Item, "", &p.Condition))
		}
		if u := item.Update; u != nil {
			all = append(all, writing("UpdateItem", u.TableName, u.Key, "", &u.Condition, u.UpdateExpression))
		}
		if d := item.Delete; d != nil {
			all = append(all, writing("DeleteItem", d.TableName, d.Key, "", &d.Condition))
		}
		if c := item.ConditionCheck; c != nil {
			all = append(all, writing("ConditionCheckItem", c.TableName, c.Key, "", &c.Condition))
		}
	}
	for i := range all {
		all[i].enclosing = "TransactWriteItems"
	}
	return all
}

// name is the action that a table's input is for.
func name(in any) string { return strings.TrimSuffix(reflect.TypeOf(in).Elem().Name(), "Input") }

func tableOf(in any) string {
	if field := reflect.ValueOf(in).Elem().FieldByName("TableName"); field.IsValid() {
		return field.String()
	}
	return ""
}

// contextOf gives the values of a condition key.
func (s *Service) contextOf(a *access, key string) []string {
	switch key {
	case "dynamodb:leadingkeys":
		return s.leadingKeys(a)
	case "dynamodb:attributes":
		return a.attributes()
	case "dynamodb:select":
		return present(a.selects)
	case "dynamodb:returnvalues":
		return present(a.returnValues)
	case "dynamodb:enclosingoperation":
		return present(a.enclosing)
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
	add := func(v attribute.Value) {
		if text := keyText(v); !slices.Contains(keys, text) {
			keys = append(keys, text)
		}
	}
	for _, key := range a.keys {
		if v := key.Get(t.keys[0].name); v != nil {
			add(v)
		}
	}
	if a.query != nil {
		partition := t.keys[0].name
		for _, i := range t.indexes {
			if i.name == a.index {
				partition = i.keys[0].name
			}
		}
		conditions, err := s.bindQuery(a.query, new(reader))
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

// attributes are the top-level attributes that the request names, each once.
func (a *access) attributes() (named []string) {
	add := func(name string) {
		if !slices.Contains(named, name) {
			named = append(named, name)
		}
	}
	for _, key := range a.keys {
		for _, attribute := range key {
			add(attribute.Name)
		}
	}
	for _, text := range a.expressions {
		if text != nil {
			for _, name := range expression.Attributes(*text, a.names) {
				add(name)
			}
		}
	}
	return named
}
