package dynamodb

import (
	"context"
	"errors"
	"slices"

	"orderflow/cmd/local/cloud/dynamodb/attribute"
	"orderflow/cmd/local/cloud/dynamodb/expression"
	"orderflow/cmd/local/cloud/protocol"
)

type QueryInput struct {
	Reading
	KeyConditionExpression *string
	ScanIndexForward       *bool // nil is true
}

// Query reads the items of one partition in the order of their sort key.
func (s *Service) Query(_ context.Context, in *QueryInput) (*QueryOutput, error) {
	if err := in.Reading.check(); err != nil {
		return nil, err
	}
	var r reader
	conditions, err := s.bindQuery(in, &r)
	if err != nil {
		return nil, err
	}
	found, err := s.reader(&in.Reading)
	if err != nil {
		return nil, err
	}
	found.filter, found.projection = r.filter, r.projection
	return s.query(in, found, conditions)
}

func (s *Service) bindQuery(in *QueryInput, r *reader) ([]expression.KeyCondition, error) {
	given := in.KeyConditionExpression != nil
	if !given {
		return nil, attribute.Invalid("Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.")
	}
	env, err := in.env(given, given, "")
	if err != nil {
		return nil, err
	}
	conditions, err := s.parser.KeyConditions(*in.KeyConditionExpression, env)
	if err != nil {
		return nil, err
	}
	if err := s.bindReading(&in.Reading, r, env); err != nil {
		return nil, err
	}
	return conditions, env.CheckUsed()
}

func (s *Service) bindReading(in *Reading, r *reader, env *expression.Env) (err error) {
	if in.FilterExpression != nil {
		if r.filter, err = s.parser.Condition("FilterExpression", *in.FilterExpression, env); err != nil {
			return err
		}
	}
	if in.ProjectionExpression != nil {
		if r.projection, err = s.parser.Projection(*in.ProjectionExpression, env); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) query(in *QueryInput, r *reader, conditions []expression.KeyCondition) (*QueryOutput, error) {
	if err := r.checkSelect(&in.Reading, "Querying"); err != nil {
		return nil, err
	}
	span, err := r.span(conditions)
	if err != nil {
		return nil, err
	}
	if err := r.checkFilter(); err != nil {
		return nil, err
	}
	start, err := r.startKey(in.ExclusiveStartKey)
	if err != nil {
		return nil, err
	}
	if start != "" && (start < span.from || start >= span.to) {
		return nil, r.outside(in.ExclusiveStartKey, conditions)
	}
	forward := in.ScanIndexForward == nil || *in.ScanIndexForward
	s.mu.RLock()
	out, size := r.page(r.in(span, start, forward))
	s.mu.RUnlock()
	b := r.bill(size, in.ConsistentRead)
	out.ConsumedCapacity = b.settle(in.ReturnConsumedCapacity, false)
	return out, nil
}

// span is where the key conditions' items lie.
func (r *reader) span(conditions []expression.KeyCondition) (span, error) {
	if len(conditions) > len(r.keys) {
		return span{}, attribute.Invalid("Query key condition not supported")
	}
	b := make([]byte, 0, 128)
	for i, k := range r.keys {
		at := slices.IndexFunc(conditions, func(c expression.KeyCondition) bool { return c.Attribute == k.name })
		if at < 0 {
			if i == 0 || len(conditions) > 1 {
				return span{}, attribute.Invalid("Query condition missed key schema element: %s", k.name)
			}
			continue
		}
		c := conditions[at]
		for _, v := range c.Values {
			if v.Type() != k.t {
				return span{}, attribute.Invalid("One or more parameter values were invalid: Condition parameter type does not match schema type")
			}
			if isEmpty(v) {
				return span{}, attribute.Invalid("One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty %s value. Key: %s", emptyKind(v), k.name)
			}
			if err := checkKeyLength(v, i == 0); err != nil {
				return span{}, err
			}
		}
		if i == 1 {
			return rangeOf(b, c), nil
		}
		if c.Op != "=" {
			return span{}, attribute.Invalid("Query key condition not supported")
		}
		b = attribute.AppendKey(b, c.Values[0])
	}
	return span{string(b), after(b)}, nil
}

// rangeOf is the part of a partition, whose keys begin with hash, that a sort
// key condition leaves. Encoded keys end themselves, so all that begins with
// one is between it and what comes after it.
func rangeOf(hash []byte, c expression.KeyCondition) span {
	first := slices.Clip(hash)
	low := attribute.AppendKey(first, c.Values[0])
	switch c.Op {
	case "=":
		return span{string(low), after(low)}
	case "<":
		return span{string(hash), string(low)}
	case "<=":
		return span{string(hash), after(low)}
	case ">":
		return span{after(low), after(hash)}
	case ">=":
		return span{string(low), after(hash)}
	case "BETWEEN":
		return span{string(low), after(attribute.AppendKey(first, c.Values[1]))}
	}
	prefix := attribute.AppendKeyPrefix(first, c.Values[0])
	return span{string(prefix), after(prefix)}
}

// after is the least string greater than all that begin with prefix, "" if
// there is none.
func after(prefix []byte) string {
	b := slices.Clone(prefix)
	for i := len(b) - 1; i >= 0; i-- {
		if b[i]++; b[i] != 0 {
			return string(b[:i+1])
		}
	}
	return ""
}

// outside says in which way a starting key is not one of the query's.
func (r *reader) outside(start attribute.Map, conditions []expression.KeyCondition) error {
	if len(conditions) < 2 {
		return attribute.Invalid("The provided starting key is outside query boundaries based on provided conditions")
	}
	for _, c := range conditions {
		if c.Attribute == r.keys[0].name && !attribute.Equal(start.Get(c.Attribute), c.Values[0]) {
			return attribute.Invalid("The provided starting key is outside query boundaries based on provided conditions")
		}
	}
	return attribute.Invalid("The provided starting key does not match the range key predicate")
}

func (r *reader) checkFilter() error {
	if r.filter == nil {
		return nil
	}
	for _, k := range r.keys {
		for _, path := range r.filter.Paths {
			if path.Head() == k.name {
				return attribute.Invalid("Filter Expression can only contain non-primary key attributes: Primary key attribute: %s", k.name)
			}
		}
	}
	return nil
}

type ScanInput struct {
	Reading
	Segment       *int
	TotalSegments *int
}

const maxSegments = 1_000_000

// Scan reads all items, or those of one segment.
func (s *Service) Scan(_ context.Context, in *ScanInput) (*ScanOutput, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	given := in.FilterExpression != nil
	env, err := in.env(given || in.ProjectionExpression != nil, given, "FilterExpression is")
	if err != nil {
		return nil, err
	}
	var bound reader
	if err := s.bindReading(&in.Reading, &bound, env); err != nil {
		return nil, err
	}
	if err := env.CheckUsed(); err != nil {
		return nil, err
	}
	r, err := s.reader(&in.Reading)
	if err != nil {
		return nil, err
	}
	r.filter, r.projection = bound.filter, bound.projection
	if err := r.checkSelect(&in.Reading, "Scanning"); err != nil {
		return nil, err
	}
	if in.TotalSegments != nil {
		r.segment = r.inSegment(*in.Segment, *in.TotalSegments)
	}
	start, err := r.startKey(in.ExclusiveStartKey)
	if err != nil {
		return nil, err
	}
	s.mu.RLock()
	out, size := r.page(r.in(span{}, start, true))
	s.mu.RUnlock()
	b := r.bill(size, in.ConsistentRead)
	out.ConsumedCapacity = b.settle(in.ReturnConsumedCapacity, false)
	return out, nil
}

func (in *ScanInput) check() error {
	if err := in.Reading.check(); err != nil {
		return err
	}
	switch {
	case in.Segment == nil && in.TotalSegments == nil:
		return nil
	case in.TotalSegments == nil:
		return attribute.Invalid("The TotalSegments parameter is required but was not present in the request when Segment parameter is present")
	case in.Segment == nil:
		return attribute.Invalid("The Segment parameter is required but was not present in the request when parameter TotalSegments is present")
	}
	if err := checkRange("totalSegments", *in.TotalSegments, 1, maxSegments); err != nil {
		return err
	}
	if err := checkRange("segment", *in.Segment, 0, maxSegments-1); err != nil {
		return err
	}
	if *in.Segment >= *in.TotalSegments {
		return attribute.Invalid("The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: %d is not less than TotalSegments: %d", *in.Segment, *in.TotalSegments)
	}
	return nil
}

func sentence(err error) string {
	if e, ok := errors.AsType[*protocol.Error](err); ok {
		return e.Message
	}
	return err.Error()
}
