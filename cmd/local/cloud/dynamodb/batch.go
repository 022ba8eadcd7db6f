package dynamodb

import (
	"context"
	"maps"
	"slices"

	"orderflow/cmd/local/cloud/dynamodb/attribute"
	"orderflow/cmd/local/cloud/dynamodb/expression"
)

const (
	maxBatchWrite = 25
	maxBatchGet   = 100
	maxBatchBytes = 16 << 20 // of items read
)

type BatchWriteItemInput struct {
	RequestItems map[string][]WriteRequest
	Reporting
}

// A WriteRequest puts an item or deletes one by its key.
type WriteRequest struct {
	PutRequest    *struct{ Item attribute.Map }
	DeleteRequest *struct{ Key attribute.Map }
}

type BatchWriteItemOutput struct{ ConsumedCapacity []*ConsumedCapacity }

// BatchWriteItem makes up to 25 puts and deletes, each on its own. All are
// processed: none is ever returned as unprocessed.
func (s *Service) BatchWriteItem(_ context.Context, in *BatchWriteItemInput) (*BatchWriteItemOutput, error) {
	if err := in.Reporting.check(); err != nil {
		return nil, err
	}
	writes, err := s.prepareBatch(in)
	if err != nil {
		return nil, err
	}
	out := &BatchWriteItemOutput{}
	s.mu.Lock()
	defer s.mu.Unlock()
	var bills bills
	for _, w := range writes {
		old, next, err := w.evaluate()
		if err != nil {
			return nil, err
		}
		bills.of(w.table).addWrite(units(old, next), w.table.replace(w.key, old, next))
		s.scheduleSweep(w.table)
	}
	out.ConsumedCapacity = bills.settle(in.ReturnConsumedCapacity, false)
	return out, nil
}

func (s *Service) prepareBatch(in *BatchWriteItemInput) ([]*write, error) {
	if len(in.RequestItems) == 0 {
		return nil, violation(nil, "requestItems", "not be null")
	}
	var writes []*write
	for _, name := range slices.Sorted(maps.Keys(in.RequestItems)) {
		for _, request := range in.RequestItems[name] {
			w, err := s.prepareRequest(name, request)
			if err != nil {
				return nil, err
			}
			writes = append(writes, w)
		}
	}
	if len(writes) > maxBatchWrite {
		return nil, attribute.Invalid("Too many items requested for the BatchWriteItem call")
	}
	if !distinct(writes) {
		return nil, attribute.Invalid("Provided list of item keys contains duplicates")
	}
	return writes, nil
}

func (s *Service) prepareRequest(table string, r WriteRequest) (w *write, err error) {
	switch {
	case (r.PutRequest == nil) == (r.DeleteRequest == nil):
		return nil, attribute.Invalid("Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes")
	case r.PutRequest != nil:
		w, err = s.preparePut(table, r.PutRequest.Item, &Condition{})
	default:
		w, err = s.prepareDelete(table, r.DeleteRequest.Key, &Condition{})
	}
	if err == nil {
		err = w.mismatch
	}
	return w, err
}

func distinct(writes []*write) bool {
	type target struct {
		table *table
		key   string
	}
	seen := make(map[target]bool, len(writes))
	for _, w := range writes {
		seen[target{w.table, w.key}] = true
	}
	return len(seen) == len(writes)
}

// bills are those of a request on several tables, in the order of first use.
type bills []*bill

func (all *bills) of(t *table) *bill {
	for _, b := range *all {
		if b.table == t {
			return b
		}
	}
	b := &bill{table: t}
	*all = append(*all, b)
	return b
}

func (all bills) settle(form string, split bool) (out []*ConsumedCapacity) {
	for _, b := range all {
		if c := b.settle(form, split); c != nil {
			out = append(out, c)
		}
	}
	return out
}

type BatchGetItemInput struct {
	RequestItems           map[string]*KeysAndAttributes
	ReturnConsumedCapacity string
}

// KeysAndAttributes are the items wanted of one table.
type KeysAndAttributes struct {
	Keys                     []attribute.Map
	ConsistentRead           bool
	ProjectionExpression     *string
	ExpressionAttributeNames []expression.Name
}

type BatchGetItemOutput struct {
	Responses        map[string][]attribute.Map
	UnprocessedKeys  map[string]*KeysAndAttributes
	ConsumedCapacity []*ConsumedCapacity
}

// BatchGetItem reads up to 100 items. What goes beyond 16 MB comes back as
// unprocessed.
func (s *Service) BatchGetItem(_ context.Context, in *BatchGetItemInput) (*BatchGetItemOutput, error) {
	if err := checkConsumed(in.ReturnConsumedCapacity); err != nil {
		return nil, err
	}
	if len(in.RequestItems) == 0 {
		return nil, violation(nil, "requestItems", "not be null")
	}
	reads := make(map[string][]*read, len(in.RequestItems))
	count := 0
	for name, wanted := range in.RequestItems {
		all, err := s.prepareReads(name, wanted)
		if err != nil {
			return nil, err
		}
		reads[name] = all
		count += len(all)
	}
	if count > maxBatchGet {
		return nil, attribute.Invalid("Too many items requested for the BatchGetItem call")
	}
	return s.batchGet(in, reads), nil
}

func (s *Service) prepareReads(table string, wanted *KeysAndAttributes) ([]*read, error) {
	if len(wanted.Keys) == 0 {
		return nil, violation(nil, "requestItems."+table+".member.keys", "not be null")
	}
	reads := make([]*read, len(wanted.Keys))
	seen := make(map[string]bool, len(wanted.Keys))
	for i, key := range wanted.Keys {
		r, err := s.prepareRead(table, key, wanted.ProjectionExpression, wanted.ExpressionAttributeNames)
		if err != nil {
			return nil, err
		}
		if r.mismatch != nil {
			return nil, r.mismatch
		}
		if seen[r.key] {
			return nil, attribute.Invalid("Provided list of item keys contains duplicates")
		}
		seen[r.key] = true
		reads[i] = r
	}
	return reads, nil
}

func (s *Service) batchGet(in *BatchGetItemInput, reads map[string][]*read) *BatchGetItemOutput {
	out := &BatchGetItemOutput{
		Responses:       make(map[string][]attribute.Map, len(reads)),
		UnprocessedKeys: map[string]*KeysAndAttributes{},
	}
	var bills bills
	bytes := 0
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, name := range slices.Sorted(maps.Keys(reads)) {
		wanted := in.RequestItems[name]
		found := []attribute.Map{}
		for i, r := range reads[name] {
			record, _ := r.table.items.Get(r.key)
			if bytes += sizeOf(record); bytes > maxBatchBytes {
				rest := *wanted
				rest.Keys = wanted.Keys[i:]
				out.UnprocessedKeys[name] = &rest
				break
			}
			bills.of(r.table).read += readUnits(sizeOf(record), wanted.ConsistentRead)
			if record != nil {
				found = append(found, r.picked(record))
			}
		}
		out.Responses[name] = found
	}
	out.ConsumedCapacity = bills.settle(in.ReturnConsumedCapacity, false)
	return out
}
