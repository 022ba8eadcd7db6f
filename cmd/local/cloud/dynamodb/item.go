package dynamodb

import (
	"context"

	"orderflow/cmd/local/cloud/dynamodb/attribute"
	"orderflow/cmd/local/cloud/dynamodb/expression"
	"orderflow/cmd/local/cloud/protocol"
)

type GetItemInput struct {
	TableName                string
	Key                      attribute.Map
	ConsistentRead           bool
	ProjectionExpression     *string
	ExpressionAttributeNames []expression.Name
	ReturnConsumedCapacity   string
}

type GetItemOutput struct {
	Item             attribute.Map // nil if there is none
	ConsumedCapacity *ConsumedCapacity
}

// GetItem reads one item. Every read here is as fresh as a consistent one; the
// others only cost half.
func (s *Service) GetItem(_ context.Context, in *GetItemInput) (*GetItemOutput, error) {
	if err := checkConsumed(in.ReturnConsumedCapacity); err != nil {
		return nil, err
	}
	r, err := s.prepareRead(in.TableName, in.Key, in.ProjectionExpression, in.ExpressionAttributeNames)
	if err != nil {
		return nil, err
	}
	if r.mismatch != nil {
		return nil, r.mismatch
	}
	s.mu.RLock()
	found, _ := r.table.items.Get(r.key)
	s.mu.RUnlock()
	b := bill{table: r.table, read: readUnits(sizeOf(found), in.ConsistentRead)}
	return &GetItemOutput{r.picked(found), b.settle(in.ReturnConsumedCapacity, false)}, nil
}

// A read is one item to be read, and the part of it that is wanted.
type read struct {
	table      *table
	key        string
	projection *expression.Projection
	mismatch   error
}

func (s *Service) prepareRead(tableName string, key attribute.Map, projection *string, names []expression.Name) (*read, error) {
	if err := checkTableName(tableName); err != nil {
		return nil, err
	}
	if key == nil {
		return nil, violation(nil, "key", "not be null")
	}
	p, err := s.projection(projection, names)
	if err != nil {
		return nil, err
	}
	t, err := s.table(tableName)
	if err != nil {
		return nil, err
	}
	r := &read{table: t, projection: p}
	if r.mismatch, err = t.checkKey(key); err != nil {
		return nil, err
	}
	if r.mismatch == nil {
		r.key = t.key(key)
	}
	return r, nil
}

// projection binds a ProjectionExpression that stands alone, nil if there is
// none.
func (s *Service) projection(text *string, names []expression.Name) (*expression.Projection, error) {
	p := Placeholders{ExpressionAttributeNames: names}
	env, err := p.env(text != nil, false, "")
	if err != nil || text == nil {
		return nil, err
	}
	bound, err := s.parser.Projection(*text, env)
	if err != nil {
		return nil, err
	}
	return bound, env.CheckUsed()
}

func (r *read) picked(found *record) attribute.Map {
	switch {
	case found == nil:
		return nil
	case r.projection == nil:
		return found.item
	}
	if part := r.projection.Of(found.item); part != nil {
		return part
	}
	return attribute.Map{} // the item exists, though nothing of it was wanted
}

type PutItemInput struct {
	TableName    string
	Item         attribute.Map
	ReturnValues string
	Condition
	Reporting
}

// Reporting is what a write may tell about itself.
type Reporting struct {
	ReturnConsumedCapacity      string
	ReturnItemCollectionMetrics string // there are no item collections without local indexes
}

// WriteOutput is what PutItem, UpdateItem and DeleteItem answer.
type WriteOutput struct {
	Attributes       attribute.Map
	ConsumedCapacity *ConsumedCapacity
}

type (
	PutItemOutput    = WriteOutput
	UpdateItemOutput = WriteOutput
	DeleteItemOutput = WriteOutput
)

// PutItem stores an item in place of the one with its key.
func (s *Service) PutItem(_ context.Context, in *PutItemInput) (*PutItemOutput, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	if err := checkReturnOld(in.ReturnValues); err != nil {
		return nil, err
	}
	w, err := s.preparePut(in.TableName, in.Item, &in.Condition)
	if err != nil {
		return nil, err
	}
	return s.writeReturningOld(w, in.ReturnValues, in.ReturnConsumedCapacity)
}

type DeleteItemInput struct {
	TableName    string
	Key          attribute.Map
	ReturnValues string
	Condition
	Reporting
}

// DeleteItem deletes an item; one that is not there is no error.
func (s *Service) DeleteItem(_ context.Context, in *DeleteItemInput) (*DeleteItemOutput, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	if err := checkReturnOld(in.ReturnValues); err != nil {
		return nil, err
	}
	w, err := s.prepareDelete(in.TableName, in.Key, &in.Condition)
	if err != nil {
		return nil, err
	}
	return s.writeReturningOld(w, in.ReturnValues, in.ReturnConsumedCapacity)
}

func (s *Service) writeReturningOld(w *write, returnValues, returnCapacity string) (*WriteOutput, error) {
	old, _, b, err := s.perform(w)
	if err != nil {
		return nil, err
	}
	out := &WriteOutput{ConsumedCapacity: b.settle(returnCapacity, false)}
	if returnValues == "ALL_OLD" && old != nil {
		out.Attributes = old.item
	}
	return out, nil
}

type UpdateItemInput struct {
	TableName        string
	Key              attribute.Map
	UpdateExpression *string
	ReturnValues     string
	Condition
	Reporting
}

// UpdateItem changes an item in place, making it if it is not there.
func (s *Service) UpdateItem(_ context.Context, in *UpdateItemInput) (*UpdateItemOutput, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	if err := checkReturnValues(in.ReturnValues); err != nil {
		return nil, err
	}
	w, err := s.prepareUpdate(in.TableName, in.Key, in.UpdateExpression, &in.Condition)
	if err != nil {
		return nil, err
	}
	old, next, b, err := s.perform(w)
	if err != nil {
		return nil, err
	}
	out := &UpdateItemOutput{ConsumedCapacity: b.settle(in.ReturnConsumedCapacity, false)}
	changed := w.change.(update).expression
	switch {
	case in.ReturnValues == "ALL_OLD" && old != nil:
		out.Attributes = old.item
	case in.ReturnValues == "ALL_NEW":
		out.Attributes = next.item
	case in.ReturnValues == "UPDATED_OLD" && old != nil && changed != nil:
		out.Attributes = changed.Changed(old.item)
	case in.ReturnValues == "UPDATED_NEW" && changed != nil:
		out.Attributes = changed.Changed(next.item)
	}
	return out, nil
}

func (r *Reporting) check() error {
	if err := checkConsumed(r.ReturnConsumedCapacity); err != nil {
		return err
	}
	return checkEnum("returnItemCollectionMetrics", r.ReturnItemCollectionMetrics, "SIZE", "NONE")
}

func checkConsumed(form string) error {
	return checkEnum("returnConsumedCapacity", form, "INDEXES", "TOTAL", "NONE")
}

func checkReturnValues(value string) error {
	return checkEnum("returnValues", value, "ALL_NEW", "UPDATED_OLD", "ALL_OLD", "NONE", "UPDATED_NEW")
}

func checkReturnOld(value string) error {
	if err := checkReturnValues(value); err != nil {
		return err
	}
	if value != "" && value != "NONE" && value != "ALL_OLD" {
		return protocol.Errorf("ValidationException", "ReturnValues can only be ALL_OLD or NONE")
	}
	return nil
}
