package dynamodb

import (
	"orderflow/cmd/local/cloud/dynamodb/attribute"
	"orderflow/cmd/local/cloud/dynamodb/expression"
	"orderflow/cmd/local/cloud/protocol"
)

// A write is one item's change, checked as far as that goes without the item.
type write struct {
	table      *table
	key        string
	condition  *expression.Condition // nil always holds
	showFailed bool                  // the item goes with a failed condition
	change     change

	// mismatch is a key that does not fit the table: an error of a single
	// write, the reason of a cancelled transaction.
	mismatch error
}

// A change makes the next record of the old one; either may be nil.
type change interface {
	next(old *record) (*record, error)
}

type (
	put    struct{ record *record }
	remove struct{}
	keep   struct{} // a ConditionCheck
	update struct {
		table      *table
		key        attribute.Map
		expression *expression.Update // nil only makes sure that the item exists
	}
)

func (p put) next(*record) (*record, error)    { return p.record, nil }
func (remove) next(*record) (*record, error)   { return nil, nil }
func (keep) next(old *record) (*record, error) { return old, nil }
func (u update) next(old *record) (*record, error) {
	item := u.key
	if old != nil {
		item = old.item
	}
	if u.expression == nil {
		return newRecord(item), nil
	}
	item, err := u.expression.Apply(item)
	if err != nil {
		return nil, err
	}
	r := newRecord(item)
	if r.size > attribute.MaxItemSize {
		return nil, attribute.Invalid("Item size to update has exceeded the maximum allowed size")
	}
	if err := item.CheckDepth(); err != nil {
		return nil, err
	}
	return r, u.table.checkUpdated(item)
}

// checkUpdated refuses index keys that an update gave another type or emptied.
func (t *table) checkUpdated(item attribute.Map) error {
	for _, x := range t.indexes {
		for i, k := range x.keys {
			v := item.Get(k.name)
			switch {
			case v == nil:
			case v.Type() != k.t:
				return attribute.Invalid("The update expression attempted to update the secondary index key to unsupported type")
			case isEmpty(v):
				return attribute.Invalid("One or more parameter values are not valid. The update expression attempted to update a secondary index key to a value that is not supported. The AttributeValue for a key attribute cannot contain an empty %s value.", emptyKind(v))
			default:
				if err := checkKeyLength(v, i == 0); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// evaluate is what the write comes to, with nothing changed yet. The lock is
// held.
func (w *write) evaluate() (old, next *record, err error) {
	old, _ = w.table.items.Get(w.key)
	if w.condition != nil {
		var item attribute.Map
		if old != nil {
			item = old.item
		}
		if !w.condition.Holds(item) {
			return old, nil, w.conditionFailed(old)
		}
	}
	if next, err = w.change.next(old); err != nil {
		return old, next, err
	}
	if growth := sizeOf(next) - sizeOf(old); growth > 0 && w.table.bytes+growth > w.table.maxBytes {
		return old, nil, protocol.Errorf("LimitExceededException", "Table %s holds %d bytes of items, and the local cloud keeps no more than %d", w.table.name, w.table.bytes, w.table.maxBytes)
	}
	return old, next, nil
}

const conditionFailed = "ConditionalCheckFailedException"

func (w *write) conditionFailed(old *record) *protocol.Error {
	err := protocol.Errorf(conditionFailed, "The conditional request failed")
	if w.showFailed && old != nil {
		err.Fields = map[string]any{"Item": old.item}
	}
	return err
}

// units are what the write costs the table: the larger of before and after.
func units(old, next *record) int { return writeUnits(max(sizeOf(old), sizeOf(next))) }

// perform evaluates and performs one write.
func (s *Service) perform(w *write) (old, next *record, b bill, err error) {
	b.table = w.table
	if w.mismatch != nil {
		return nil, nil, b, w.mismatch
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	old, next, err = w.evaluate()
	if err != nil {
		b.addWrite(units(old, nil), nil)
		b.settle("", false)
		return nil, nil, b, err
	}
	b.addWrite(units(old, next), w.table.replace(w.key, old, next))
	s.scheduleSweep(w.table)
	return old, next, b, nil
}

// Placeholders are what #names and :values stand for.
type Placeholders struct {
	ExpressionAttributeNames  []expression.Name
	ExpressionAttributeValues attribute.Map
}

// env is the placeholders' environment. names tells whether any expression was
// sent, values whether one that takes values was; absent says which was not.
func (p *Placeholders) env(names, values bool, absent string) (*expression.Env, error) {
	switch {
	case p.ExpressionAttributeNames != nil && !names:
		return nil, attribute.Invalid("ExpressionAttributeNames can only be specified when using expressions")
	case p.ExpressionAttributeValues != nil && !values:
		return nil, attribute.Invalid("ExpressionAttributeValues can only be specified when using expressions: %s null", absent)
	case p.ExpressionAttributeNames != nil && len(p.ExpressionAttributeNames) == 0:
		return nil, attribute.Invalid("ExpressionAttributeNames must not be empty")
	case p.ExpressionAttributeValues != nil && len(p.ExpressionAttributeValues) == 0:
		return nil, attribute.Invalid("ExpressionAttributeValues must not be empty")
	}
	return expression.NewEnv(p.ExpressionAttributeNames, p.ExpressionAttributeValues)
}

// Condition is what makes a write conditional.
type Condition struct {
	ConditionExpression                 *string
	ReturnValuesOnConditionCheckFailure string
	Placeholders
}

// preparePut checks a Put of item into the named table.
func (s *Service) preparePut(tableName string, item attribute.Map, c *Condition) (*write, error) {
	if item == nil {
		return nil, violation(nil, "item", "not be null")
	}
	w, err := s.prepare(tableName, c, nil)
	if err != nil {
		return nil, err
	}
	r := newRecord(item)
	if r.size > attribute.MaxItemSize {
		return nil, attribute.Invalid("Item size has exceeded the maximum allowed size")
	}
	if w.mismatch, err = w.table.checkItem(item); err != nil {
		return nil, err
	}
	if w.mismatch == nil {
		w.key = w.table.key(item)
	}
	w.change = put{r}
	return w, nil
}

func (s *Service) prepareDelete(tableName string, key attribute.Map, c *Condition) (*write, error) {
	return s.prepareKeyed(tableName, key, c, nil, func(w *write) { w.change = remove{} })
}

func (s *Service) prepareUpdate(tableName string, key attribute.Map, text *string, c *Condition) (*write, error) {
	u := update{key: key}
	var bind func(*expression.Env) error
	if text != nil {
		bind = func(env *expression.Env) (err error) {
			u.expression, err = s.parser.Update(*text, env)
			return err
		}
	}
	w, err := s.prepareKeyed(tableName, key, c, bind, func(w *write) { u.table = w.table; w.change = u })
	if err != nil {
		return nil, err
	}
	if u.expression != nil {
		mismatch, err := w.table.checkUpdate(u.expression)
		if err != nil {
			return nil, err
		}
		if w.mismatch == nil {
			w.mismatch = mismatch
		}
	}
	return w, nil
}

// checkUpdate refuses what an update does to keys whatever the item is.
func (t *table) checkUpdate(u *expression.Update) (mismatch, err error) {
	for _, path := range u.Paths {
		if t.keys.has(path.Head()) {
			return nil, attribute.Invalid("One or more parameter values were invalid: Cannot update attribute %s. This attribute is part of the key", path.Head())
		}
	}
	for _, x := range t.indexes {
		for _, k := range x.keys {
			if t := u.TypeSet(k.name); t != "" && t != k.t {
				return indexMismatch(k, t, x), nil
			}
			for _, path := range u.Paths {
				if len(path) > 1 && path.Head() == k.name {
					return nil, attribute.Invalid("Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: IndexKey: %s", k.name)
				}
			}
		}
	}
	return nil, nil
}

func (s *Service) prepareKeyed(tableName string, key attribute.Map, c *Condition, more func(*expression.Env) error, finish func(*write)) (*write, error) {
	if key == nil {
		return nil, violation(nil, "key", "not be null")
	}
	w, err := s.prepare(tableName, c, more)
	if err != nil {
		return nil, err
	}
	if w.mismatch, err = w.table.checkKey(key); err != nil {
		return nil, err
	}
	if w.mismatch == nil {
		w.key = w.table.key(key)
	}
	finish(w)
	return w, nil
}

// prepare binds the expressions, more being the update's if there is one, and
// finds the table.
func (s *Service) prepare(tableName string, c *Condition, more func(*expression.Env) error) (*write, error) {
	if err := checkTableName(tableName); err != nil {
		return nil, err
	}
	if err := checkEnum("returnValuesOnConditionCheckFailure", c.ReturnValuesOnConditionCheckFailure, "ALL_OLD", "NONE"); err != nil {
		return nil, err
	}
	w := &write{showFailed: c.ReturnValuesOnConditionCheckFailure == "ALL_OLD"}
	if err := s.bind(w, c, more); err != nil {
		return nil, err
	}
	t, err := s.table(tableName)
	w.table = t
	return w, err
}

func (s *Service) bind(w *write, c *Condition, more func(*expression.Env) error) error {
	given := c.ConditionExpression != nil || more != nil
	env, err := c.env(given, given, "ConditionExpression is")
	if err != nil {
		return err
	}
	if more != nil {
		if err := more(env); err != nil {
			return err
		}
	}
	if c.ConditionExpression != nil {
		if w.condition, err = s.parser.Condition("ConditionExpression", *c.ConditionExpression, env); err != nil {
			return err
		}
	}
	return env.CheckUsed()
}
