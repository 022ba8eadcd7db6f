package dynamodb

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"orderflow/cmd/local/cloud/dynamodb/attribute"
	"orderflow/cmd/local/cloud/dynamodb/expression"
	"orderflow/cmd/local/cloud/protocol"
)

const (
	maxTransactItems = 100
	maxTransactBytes = 4 << 20
)

type TransactWriteItemsInput struct {
	TransactItems      []TransactWriteItem
	ClientRequestToken string
	Reporting
}

// A TransactWriteItem is one of the four.
type TransactWriteItem struct {
	Put            *Put
	Update         *Update
	Delete         *Keyed
	ConditionCheck *Keyed
}

type Put struct {
	TableName string
	Item      attribute.Map
	Condition
}

type Update struct {
	Keyed
	UpdateExpression *string
}

// Keyed is a Delete or a ConditionCheck.
type Keyed struct {
	TableName string
	Key       attribute.Map
	Condition
}

type TransactWriteItemsOutput struct{ ConsumedCapacity []*ConsumedCapacity }

// TransactWriteItems makes all the writes or none. With a ClientRequestToken
// it makes them once: the same request within ten minutes only reads.
func (s *Service) TransactWriteItems(_ context.Context, in *TransactWriteItemsInput) (*TransactWriteItemsOutput, error) {
	if err := in.Reporting.check(); err != nil {
		return nil, err
	}
	if len(in.ClientRequestToken) > maxToken {
		return nil, violation(in.ClientRequestToken, "clientRequestToken", "have length less than or equal to %d", maxToken)
	}
	writes, err := s.prepareTransaction(in)
	if err != nil {
		return nil, err
	}
	print := in.fingerprint()
	s.mu.Lock()
	defer s.mu.Unlock()
	switch known, same := s.tokens.find(in.ClientRequestToken, print, time.Now()); {
	case known && !same:
		return nil, protocol.Errorf("IdempotentParameterMismatchException", "DynamoDB rejected the request because you retried a request with a different payload but with an idempotent token that was already used.")
	case known:
		return &TransactWriteItemsOutput{readAgain(writes).settle(in.ReturnConsumedCapacity, true)}, nil
	}
	bills, err := commit(writes)
	if err != nil {
		return nil, err
	}
	for _, b := range bills {
		s.scheduleSweep(b.table)
	}
	s.tokens.add(in.ClientRequestToken, print, time.Now())
	return &TransactWriteItemsOutput{bills.settle(in.ReturnConsumedCapacity, true)}, nil
}

func (s *Service) prepareTransaction(in *TransactWriteItemsInput) ([]*write, error) {
	switch n := len(in.TransactItems); {
	case n == 0:
		return nil, violation("[]", "transactItems", "have length greater than or equal to 1")
	case n > maxTransactItems:
		return nil, violation(fmt.Sprintf("[%d items]", n), "transactItems", "have length less than or equal to %d", maxTransactItems)
	}
	writes := make([]*write, len(in.TransactItems))
	fits, bytes := true, 0
	for i := range in.TransactItems {
		w, size, err := s.prepareTransactItem(&in.TransactItems[i])
		if err != nil {
			return nil, err
		}
		writes[i] = w
		fits = fits && w.mismatch == nil
		bytes += size
	}
	if fits && !distinct(writes) {
		return nil, attribute.Invalid("Transaction request cannot include multiple operations on one item")
	}
	if bytes > maxTransactBytes {
		return nil, attribute.Invalid("Collection size of items in transaction request exceeds the maximum allowed size of 4MB")
	}
	return writes, nil
}

func (s *Service) prepareTransactItem(t *TransactWriteItem) (w *write, size int, err error) {
	count := 0
	for _, given := range []bool{t.Put != nil, t.Update != nil, t.Delete != nil, t.ConditionCheck != nil} {
		if given {
			count++
		}
	}
	switch {
	case count != 1:
		return nil, 0, attribute.Invalid("TransactItems can only contain one of Check, Put, Update or Delete")
	case t.Put != nil:
		w, err = s.preparePut(t.Put.TableName, t.Put.Item, &t.Put.Condition)
		return w, t.Put.Item.Size(), err
	case t.Update != nil:
		if t.Update.UpdateExpression == nil {
			return nil, 0, violation(nil, "transactItems.member.update.updateExpression", "not be null")
		}
		w, err = s.prepareUpdate(t.Update.TableName, t.Update.Key, t.Update.UpdateExpression, &t.Update.Condition)
		return w, t.Update.Key.Size() + t.Update.ExpressionAttributeValues.Size(), err
	case t.Delete != nil:
		w, err = s.prepareDelete(t.Delete.TableName, t.Delete.Key, &t.Delete.Condition)
		return w, t.Delete.Key.Size(), err
	}
	if t.ConditionCheck.ConditionExpression == nil {
		return nil, 0, violation(nil, "transactItems.member.conditionCheck.conditionExpression", "not be null")
	}
	w, err = s.prepareKeyed(t.ConditionCheck.TableName, t.ConditionCheck.Key, &t.ConditionCheck.Condition, nil,
		func(w *write) { w.change = keep{} })
	return w, t.ConditionCheck.Key.Size(), err
}

// commit evaluates all writes, then makes them, or cancels for the reasons
// that each has. The lock is held.
func commit(writes []*write) (bills, error) {
	type outcome struct{ old, next *record }
	outcomes := make([]outcome, len(writes))
	var reasons []error
	var bills bills
	for i, w := range writes {
		var err error
		if err = w.mismatch; err == nil {
			outcomes[i].old, outcomes[i].next, err = w.evaluate()
		}
		if err != nil {
			if reasons == nil {
				reasons = make([]error, len(writes))
			}
			reasons[i] = err
		}
		bills.of(w.table).addWrite(transactional*units(outcomes[i].old, outcomes[i].next), nil)
	}
	if reasons != nil {
		bills.settle("", false) // what was prepared is paid for
		return nil, cancelled(reasons)
	}
	for i, w := range writes {
		if _, ok := w.change.(keep); !ok {
			// An index follows when the transaction is over: its writes cost once.
			bills.of(w.table).addWrite(0, w.table.replace(w.key, outcomes[i].old, outcomes[i].next))
		}
	}
	return bills, nil
}

// CancellationReason is why one action of a transaction could not be done,
// Code "None" if it could.
type CancellationReason struct {
	Code    string
	Message string        `json:",omitempty"`
	Item    attribute.Map `json:",omitzero"`
}

func cancelled(reasons []error) *protocol.Error {
	codes := make([]string, len(reasons))
	all := make([]CancellationReason, len(reasons))
	for i, reason := range reasons {
		all[i] = reasonOf(reason)
		codes[i] = all[i].Code
	}
	err := protocol.Errorf("TransactionCanceledException", "Transaction cancelled, please refer cancellation reasons for specific reasons [%s]", strings.Join(codes, ", "))
	err.Fields = map[string]any{"CancellationReasons": all}
	return err
}

func reasonOf(reason error) CancellationReason {
	if reason == nil {
		return CancellationReason{Code: "None"}
	}
	r := CancellationReason{Code: "ValidationError", Message: sentence(reason)}
	if e, ok := errors.AsType[*protocol.Error](reason); ok && e.Code == conditionFailed {
		r.Code = "ConditionalCheckFailed"
		r.Item, _ = e.Fields["Item"].(attribute.Map)
	}
	return r
}

// readAgain is what a repeated transaction costs.
func readAgain(writes []*write) (all bills) {
	for _, w := range writes {
		r, _ := w.table.items.Get(w.key)
		all.of(w.table).read += transactional * readUnits(sizeOf(r), true)
	}
	return all
}

type TransactGetItemsInput struct {
	TransactItems          []TransactGetItem
	ReturnConsumedCapacity string
}

type TransactGetItem struct{ Get *Get }

type Get struct {
	TableName                string
	Key                      attribute.Map
	ProjectionExpression     *string
	ExpressionAttributeNames []expression.Name
}

type TransactGetItemsOutput struct {
	Responses        []attribute.Map // in the order asked for, nil for no item
	ConsumedCapacity []*ConsumedCapacity
}

// TransactGetItems reads up to 100 items as they are at one instant.
func (s *Service) TransactGetItems(_ context.Context, in *TransactGetItemsInput) (*TransactGetItemsOutput, error) {
	if err := checkConsumed(in.ReturnConsumedCapacity); err != nil {
		return nil, err
	}
	reads, err := s.prepareTransactGet(in)
	if err != nil {
		return nil, err
	}
	out := &TransactGetItemsOutput{Responses: make([]attribute.Map, len(reads))}
	var bills bills
	bytes := 0
	s.mu.RLock()
	defer s.mu.RUnlock()
	for i, r := range reads {
		record, _ := r.table.items.Get(r.key)
		bytes += sizeOf(record)
		bills.of(r.table).read += transactional * readUnits(sizeOf(record), true)
		out.Responses[i] = r.picked(record)
	}
	if bytes > maxTransactBytes {
		return nil, attribute.Invalid("Collection size of items in transaction request exceeds the maximum allowed size of 4MB")
	}
	out.ConsumedCapacity = bills.settle(in.ReturnConsumedCapacity, true)
	return out, nil
}

func (s *Service) prepareTransactGet(in *TransactGetItemsInput) ([]*read, error) {
	switch n := len(in.TransactItems); {
	case n == 0:
		return nil, violation("[]", "transactItems", "have length greater than or equal to 1")
	case n > maxTransactItems:
		return nil, violation(fmt.Sprintf("[%d items]", n), "transactItems", "have length less than or equal to %d", maxTransactItems)
	}
	reads := make([]*read, len(in.TransactItems))
	reasons := make([]error, len(reads))
	fits := true
	for i, t := range in.TransactItems {
		if t.Get == nil {
			return nil, violation(nil, fmt.Sprintf("transactItems.%d.member.get", i+1), "not be null")
		}
		r, err := s.prepareRead(t.Get.TableName, t.Get.Key, t.Get.ProjectionExpression, t.Get.ExpressionAttributeNames)
		if err != nil {
			return nil, err
		}
		reads[i], reasons[i] = r, r.mismatch
		fits = fits && r.mismatch == nil
	}
	if !fits {
		return nil, cancelled(reasons)
	}
	type target struct {
		table *table
		key   string
	}
	seen := make(map[target]bool, len(reads))
	for _, r := range reads {
		if seen[target{r.table, r.key}] {
			return nil, attribute.Invalid("Transaction request cannot include multiple operations on one item")
		}
		seen[target{r.table, r.key}] = true
	}
	return reads, nil
}
