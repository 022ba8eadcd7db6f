package dynamodb

import (
	"context"
	"encoding/json"
	"errors"
	"math"

	"github.com/go-faster/jx"

	"orderflow/cmd/local/cloud/dynamodb/attribute"
	"orderflow/cmd/local/cloud/dynamodb/expression"
	"orderflow/cmd/local/cloud/protocol"
)

// The actions on items are DynamoDB's traffic. Their JSON is read and written
// without reflection, the rest by package protocol.

// input is an action's parameters: member decodes the one of the given name,
// or tells that there is none.
type input interface {
	member(d *attribute.Decoder, name string) (known bool, err error)
}

type output interface{ encode(e *jx.Encoder) }

// action makes an action of a method, strictly: an unknown parameter is refused
// by name.
func action[In any, P interface {
	*In
	input
}, Out output](s *Service, method func(context.Context, *In) (Out, error)) protocol.Action {
	return func(ctx context.Context, body []byte) (any, error) {
		in := new(In)
		if err := s.decode(body, P(in)); err != nil {
			return nil, err
		}
		if err := s.authorize(ctx, in); err != nil {
			return nil, err
		}
		out, err := method(ctx, in)
		if err != nil {
			return nil, err
		}
		var e jx.Encoder
		e.Grow(256)
		out.encode(&e)
		return json.RawMessage(e.Bytes()), nil
	}
}

func (s *Service) decode(body []byte, in input) error {
	d := s.decoders.Get().(*attribute.Decoder)
	defer s.decoders.Put(d)
	d.Reset(body)
	err := members(d, in)
	if err == nil && d.Next() != jx.Invalid {
		err = protocol.Errorf("SerializationException", "the request body holds more than one JSON value")
	}
	if _, ok := errors.AsType[*protocol.Error](err); ok || err == nil {
		return err
	}
	return protocol.Errorf("SerializationException", "the request body is not JSON: %v", err)
}

func members(d *attribute.Decoder, in input) error {
	return d.Fields(func(name string) error {
		if d.Next() == jx.Null { // as good as not sent
			return d.Null()
		}
		known, err := in.member(d, name)
		if !known {
			return protocol.Errorf("ValidationException", "parameter %q is not supported by the local cloud", name)
		}
		return err
	})
}

func (in *GetItemInput) member(d *attribute.Decoder, name string) (bool, error) {
	switch name {
	case "TableName":
		return true, text(d, &in.TableName)
	case "Key":
		return true, attributes(d, &in.Key)
	case "ConsistentRead":
		return true, flag(d, &in.ConsistentRead)
	case "ProjectionExpression":
		return true, optional(d, &in.ProjectionExpression)
	case "ExpressionAttributeNames":
		return true, names(d, &in.ExpressionAttributeNames)
	case "ReturnConsumedCapacity":
		return true, text(d, &in.ReturnConsumedCapacity)
	}
	return false, nil
}

func (in *PutItemInput) member(d *attribute.Decoder, name string) (bool, error) {
	switch name {
	case "TableName":
		return true, text(d, &in.TableName)
	case "Item":
		return true, attributes(d, &in.Item)
	case "ReturnValues":
		return true, text(d, &in.ReturnValues)
	}
	return oneOf(d, name, &in.Condition, &in.Reporting)
}

func (in *DeleteItemInput) member(d *attribute.Decoder, name string) (bool, error) {
	switch name {
	case "TableName":
		return true, text(d, &in.TableName)
	case "Key":
		return true, attributes(d, &in.Key)
	case "ReturnValues":
		return true, text(d, &in.ReturnValues)
	}
	return oneOf(d, name, &in.Condition, &in.Reporting)
}

func (in *UpdateItemInput) member(d *attribute.Decoder, name string) (bool, error) {
	switch name {
	case "TableName":
		return true, text(d, &in.TableName)
	case "Key":
		return true, attributes(d, &in.Key)
	case "UpdateExpression":
		return true, optional(d, &in.UpdateExpression)
	case "ReturnValues":
		return true, text(d, &in.ReturnValues)
	}
	return oneOf(d, name, &in.Condition, &in.Reporting)
}

func (c *Condition) member(d *attribute.Decoder, name string) (bool, error) {
	switch name {
	case "ConditionExpression":
		return true, optional(d, &c.ConditionExpression)
	case "ReturnValuesOnConditionCheckFailure":
		return true, text(d, &c.ReturnValuesOnConditionCheckFailure)
	}
	return c.Placeholders.member(d, name)
}

func (p *Placeholders) member(d *attribute.Decoder, name string) (bool, error) {
	switch name {
	case "ExpressionAttributeNames":
		return true, names(d, &p.ExpressionAttributeNames)
	case "ExpressionAttributeValues":
		return true, attributes(d, &p.ExpressionAttributeValues)
	}
	return false, nil
}

func (r *Reporting) member(d *attribute.Decoder, name string) (bool, error) {
	switch name {
	case "ReturnConsumedCapacity":
		return true, text(d, &r.ReturnConsumedCapacity)
	case "ReturnItemCollectionMetrics":
		return true, text(d, &r.ReturnItemCollectionMetrics)
	}
	return false, nil
}

func (in *QueryInput) member(d *attribute.Decoder, name string) (bool, error) {
	switch name {
	case "KeyConditionExpression":
		return true, optional(d, &in.KeyConditionExpression)
	case "ScanIndexForward":
		in.ScanIndexForward = new(bool)
		return true, flag(d, in.ScanIndexForward)
	}
	return in.Reading.member(d, name)
}

func (in *ScanInput) member(d *attribute.Decoder, name string) (bool, error) {
	switch name {
	case "Segment":
		return true, number(d, &in.Segment)
	case "TotalSegments":
		return true, number(d, &in.TotalSegments)
	}
	return in.Reading.member(d, name)
}

func (in *Reading) member(d *attribute.Decoder, name string) (bool, error) {
	switch name {
	case "TableName":
		return true, text(d, &in.TableName)
	case "IndexName":
		return true, optional(d, &in.IndexName)
	case "Select":
		return true, text(d, &in.Select)
	case "Limit":
		return true, number(d, &in.Limit)
	case "ConsistentRead":
		return true, flag(d, &in.ConsistentRead)
	case "ExclusiveStartKey":
		return true, attributes(d, &in.ExclusiveStartKey)
	case "FilterExpression":
		return true, optional(d, &in.FilterExpression)
	case "ProjectionExpression":
		return true, optional(d, &in.ProjectionExpression)
	case "ReturnConsumedCapacity":
		return true, text(d, &in.ReturnConsumedCapacity)
	}
	return in.Placeholders.member(d, name)
}

func oneOf(d *attribute.Decoder, name string, in ...input) (bool, error) {
	for _, i := range in {
		if known, err := i.member(d, name); known {
			return true, err
		}
	}
	return false, nil
}

func text(d *attribute.Decoder, s *string) (err error) {
	*s, err = d.Text()
	return err
}

func optional(d *attribute.Decoder, s **string) error {
	*s = new(string)
	return text(d, *s)
}

func flag(d *attribute.Decoder, b *bool) (err error) {
	*b, err = d.Flag()
	return err
}

func attributes(d *attribute.Decoder, m *attribute.Map) (err error) {
	*m, err = d.Map()
	return err
}

// number truncates a fraction, as AWS does.
func number(d *attribute.Decoder, n **int) error {
	if d.Next() != jx.Number {
		return protocol.Errorf("SerializationException", "a parameter can not be converted to an Integer")
	}
	f, err := d.Float64()
	f = math.Trunc(min(max(f, math.MinInt32), math.MaxInt32))
	*n = new(int(f))
	return err
}

func names(d *attribute.Decoder, all *[]expression.Name) error {
	*all = []expression.Name{}
	return d.Fields(func(alias string) error {
		name, err := d.Text()
		*all = append(*all, expression.Name{Alias: alias, Name: name})
		return err
	})
}

func (out *GetItemOutput) encode(e *jx.Encoder) {
	e.ObjStart()
	item(e, "Item", out.Item)
	consumed(e, out.ConsumedCapacity)
	e.ObjEnd()
}

func (out *WriteOutput) encode(e *jx.Encoder) {
	e.ObjStart()
	item(e, "Attributes", out.Attributes)
	consumed(e, out.ConsumedCapacity)
	e.ObjEnd()
}

func (out *PageOutput) encode(e *jx.Encoder) {
	e.ObjStart()
	if out.Items != nil {
		e.FieldStart("Items")
		items(e, out.Items)
	}
	e.FieldStart("Count")
	e.Int(out.Count)
	e.FieldStart("ScannedCount")
	e.Int(out.ScannedCount)
	item(e, "LastEvaluatedKey", out.LastEvaluatedKey)
	consumed(e, out.ConsumedCapacity)
	e.ObjEnd()
}

func item(e *jx.Encoder, name string, m attribute.Map) {
	if m != nil {
		e.FieldStart(name)
		m.Encode(e)
	}
}

func items(e *jx.Encoder, all []attribute.Map) {
	e.ArrStart()
	for _, m := range all {
		m.Encode(e)
	}
	e.ArrEnd()
}

func consumed(e *jx.Encoder, c *ConsumedCapacity) {
	if c != nil {
		e.FieldStart("ConsumedCapacity")
		marshal(e, c)
	}
}

// marshal writes what is asked for too seldom to be worth code.
func marshal(e *jx.Encoder, v any) {
	b, err := json.Marshal(v)
	if err != nil { // plain structs of names and numbers
		panic(err)
	}
	e.Raw(b)
}
