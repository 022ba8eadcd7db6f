package dynamodb

import (
	"maps"
	"slices"

	"github.com/go-faster/jx"

	"orderflow/cmd/local/cloud/dynamodb/attribute"
)

// The wire of the actions on many items: batches and transactions.

func (in *BatchWriteItemInput) member(d *attribute.Decoder, name string) (bool, error) {
	if name != "RequestItems" {
		return in.Reporting.member(d, name)
	}
	in.RequestItems = make(map[string][]WriteRequest)
	return true, d.Fields(func(table string) error {
		return d.Each(func() error {
			var r WriteRequest
			err := members(d, &r)
			in.RequestItems[table] = append(in.RequestItems[table], r)
			return err
		})
	})
}

func (r *WriteRequest) member(d *attribute.Decoder, name string) (bool, error) {
	switch name {
	case "PutRequest":
		r.PutRequest = new(struct{ Item attribute.Map })
		return true, members(d, one{"Item", &r.PutRequest.Item})
	case "DeleteRequest":
		r.DeleteRequest = new(struct{ Key attribute.Map })
		return true, members(d, one{"Key", &r.DeleteRequest.Key})
	}
	return false, nil
}

// one is a structure whose only member is a map of attributes.
type one struct {
	name string
	m    *attribute.Map
}

func (o one) member(d *attribute.Decoder, name string) (bool, error) {
	if name != o.name {
		return false, nil
	}
	return true, attributes(d, o.m)
}

func (in *BatchGetItemInput) member(d *attribute.Decoder, name string) (bool, error) {
	switch name {
	case "ReturnConsumedCapacity":
		return true, text(d, &in.ReturnConsumedCapacity)
	case "RequestItems":
		in.RequestItems = make(map[string]*KeysAndAttributes)
		return true, d.Fields(func(table string) error {
			in.RequestItems[table] = new(KeysAndAttributes)
			return members(d, in.RequestItems[table])
		})
	}
	return false, nil
}

func (k *KeysAndAttributes) member(d *attribute.Decoder, name string) (bool, error) {
	switch name {
	case "Keys":
		return true, d.Each(func() error {
			key, err := d.Map()
			k.Keys = append(k.Keys, key)
			return err
		})
	case "ConsistentRead":
		return true, flag(d, &k.ConsistentRead)
	case "ProjectionExpression":
		return true, optional(d, &k.ProjectionExpression)
	case "ExpressionAttributeNames":
		return true, names(d, &k.ExpressionAttributeNames)
	}
	return false, nil
}

func (out *BatchWriteItemOutput) encode(e *jx.Encoder) {
	e.ObjStart()
	e.FieldStart("UnprocessedItems")
	e.ObjEmpty()
	allConsumed(e, out.ConsumedCapacity)
	e.ObjEnd()
}

func (out *BatchGetItemOutput) encode(e *jx.Encoder) {
	e.ObjStart()
	e.FieldStart("Responses")
	e.ObjStart()
	for _, table := range slices.Sorted(maps.Keys(out.Responses)) {
		e.FieldStart(table)
		items(e, out.Responses[table])
	}
	e.ObjEnd()
	e.FieldStart("UnprocessedKeys")
	e.ObjStart()
	for _, table := range slices.Sorted(maps.Keys(out.UnprocessedKeys)) {
		e.FieldStart(table)
		out.UnprocessedKeys[table].encode(e)
	}
	e.ObjEnd()
	allConsumed(e, out.ConsumedCapacity)
	e.ObjEnd()
}

func (k *KeysAndAttributes) encode(e *jx.Encoder) {
	e.ObjStart()
	e.FieldStart("Keys")
	items(e, k.Keys)
	if k.ConsistentRead {
		e.FieldStart("ConsistentRead")
		e.Bool(true)
	}
	if k.ProjectionExpression != nil {
		e.FieldStart("ProjectionExpression")
		e.Str(*k.ProjectionExpression)
	}
	if k.ExpressionAttributeNames != nil {
		e.FieldStart("ExpressionAttributeNames")
		e.ObjStart()
		for _, n := range k.ExpressionAttributeNames {
			e.FieldStart(n.Alias)
			e.Str(n.Name)
		}
		e.ObjEnd()
	}
	e.ObjEnd()
}

func allConsumed(e *jx.Encoder, all []*ConsumedCapacity) {
	if all != nil {
		e.FieldStart("ConsumedCapacity")
		marshal(e, all)
	}
}

func (in *TransactWriteItemsInput) member(d *attribute.Decoder, name string) (bool, error) {
	switch name {
	case "TransactItems":
		return true, d.Each(func() error {
			var t TransactWriteItem
			err := members(d, &t)
			in.TransactItems = append(in.TransactItems, t)
			return err
		})
	case "ClientRequestToken":
		return true, text(d, &in.ClientRequestToken)
	}
	return in.Reporting.member(d, name)
}

func (t *TransactWriteItem) member(d *attribute.Decoder, name string) (bool, error) {
	switch name {
	case "Put":
		t.Put = new(Put)
		return true, members(d, t.Put)
	case "Update":
		t.Update = new(Update)
		return true, members(d, t.Update)
	case "Delete":
		t.Delete = new(Keyed)
		return true, members(d, t.Delete)
	case "ConditionCheck":
		t.ConditionCheck = new(Keyed)
		return true, members(d, t.ConditionCheck)
	}
	return false, nil
}

func (p *Put) member(d *attribute.Decoder, name string) (bool, error) {
	switch name {
	case "TableName":
		return true, text(d, &p.TableName)
	case "Item":
		return true, attributes(d, &p.Item)
	}
	return p.Condition.member(d, name)
}

func (u *Update) member(d *attribute.Decoder, name string) (bool, error) {
	if name == "UpdateExpression" {
		return true, optional(d, &u.UpdateExpression)
	}
	return u.Keyed.member(d, name)
}

func (k *Keyed) member(d *attribute.Decoder, name string) (bool, error) {
	switch name {
	case "TableName":
		return true, text(d, &k.TableName)
	case "Key":
		return true, attributes(d, &k.Key)
	}
	return k.Condition.member(d, name)
}

func (in *TransactGetItemsInput) member(d *attribute.Decoder, name string) (bool, error) {
	switch name {
	case "TransactItems":
		return true, d.Each(func() error {
			var t TransactGetItem
			err := members(d, &t)
			in.TransactItems = append(in.TransactItems, t)
			return err
		})
	case "ReturnConsumedCapacity":
		return true, text(d, &in.ReturnConsumedCapacity)
	}
	return false, nil
}

func (t *TransactGetItem) member(d *attribute.Decoder, name string) (bool, error) {
	if name != "Get" {
		return false, nil
	}
	t.Get = new(Get)
	return true, members(d, t.Get)
}

func (g *Get) member(d *attribute.Decoder, name string) (bool, error) {
	switch name {
	case "TableName":
		return true, text(d, &g.TableName)
	case "Key":
		return true, attributes(d, &g.Key)
	case "ProjectionExpression":
		return true, optional(d, &g.ProjectionExpression)
	case "ExpressionAttributeNames":
		return true, names(d, &g.ExpressionAttributeNames)
	}
	return false, nil
}

func (out *TransactWriteItemsOutput) encode(e *jx.Encoder) {
	e.ObjStart()
	allConsumed(e, out.ConsumedCapacity)
	e.ObjEnd()
}

func (out *TransactGetItemsOutput) encode(e *jx.Encoder) {
	e.ObjStart()
	e.FieldStart("Responses")
	e.ArrStart()
	for _, m := range out.Responses {
		e.ObjStart()
		item(e, "Item", m)
		e.ObjEnd()
	}
	e.ArrEnd()
	allConsumed(e, out.ConsumedCapacity)
	e.ObjEnd()
}
