package dynamodb

import (
	"slices"
	"time"

	"orderflow/cmd/local/cloud/dynamodb/attribute"
	"orderflow/cmd/local/cloud/storage"
)

// A table is its items by their encoded primary key, and indexes on them. The
// service's lock guards it; what CreateTable fixed is read without.
type table struct {
	name    string
	arn     string
	id      string
	created time.Time
	spec    CreateTableInput // what it was created with
	keys    schema
	indexes []*index

	items    storage.Table[*record]
	bytes    int // of all items
	maxBytes int

	protected bool
	recovery  pointInTimeRecovery
	policy    resourcePolicy
	ttl       timeToLive
	meter     meter
}

// A record is a stored item. It is never changed, only replaced.
type record struct {
	item attribute.Map
	size int
}

func newRecord(item attribute.Map) *record { return &record{item, item.Size()} }

// An index is a global secondary index: the items that have its key, or the
// projected part of them, by its key and then the table's.
type index struct {
	name      string
	keys      schema
	projected []string // nil projects all
	entries   storage.Table[*record]
	bytes     int
}

// key is where the index holds r; ok is false if it does not, because r lacks
// the index key.
func (i *index) key(t *table, r *record) (key string, ok bool) {
	if r == nil || !i.keys.in(r.item) {
		return "", false
	}
	b := i.keys.appendKey(make([]byte, 0, 128), r.item)
	return string(t.keys.appendKey(b, r.item)), true
}

// entry is what the index holds of r.
func (i *index) entry(r *record) *record {
	if i.projected == nil {
		return r
	}
	return newRecord(r.item.Project(i.projected))
}

// A schema is a primary key: the partition key and perhaps the sort key.
type schema []keyAttribute

type keyAttribute struct {
	name string
	t    attribute.Type
}

func (s schema) names() []string {
	names := make([]string, len(s))
	for i, k := range s {
		names[i] = k.name
	}
	return names
}

func (s schema) has(name string) bool {
	return slices.ContainsFunc(s, func(k keyAttribute) bool { return k.name == name })
}

// in reports whether item has the key's attributes.
func (s schema) in(item attribute.Map) bool {
	for _, k := range s {
		if v := item.Get(k.name); v == nil || v.Type() != k.t {
			return false
		}
	}
	return true
}

func (s schema) appendKey(b []byte, item attribute.Map) []byte {
	for _, k := range s {
		b = attribute.AppendKey(b, item.Get(k.name))
	}
	return b
}

func (t *table) key(item attribute.Map) string {
	return string(t.keys.appendKey(make([]byte, 0, 64), item))
}

// checkKey is for a Key parameter, which has the key's attributes and no other.
// A mismatch of types is told apart: in a transaction it cancels.
func (t *table) checkKey(key attribute.Map) (mismatch, err error) {
	if len(key) != len(t.keys) {
		return attribute.Invalid("The provided key element does not match the schema"), nil
	}
	for i, k := range t.keys {
		v := key.Get(k.name)
		if v == nil || v.Type() != k.t {
			return attribute.Invalid("The provided key element does not match the schema"), nil
		}
		if err := checkKeyValue(k, v, i == 0); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// checkItem is for a whole item that is to be stored.
func (t *table) checkItem(item attribute.Map) (mismatch, err error) {
	for i, k := range t.keys {
		v := item.Get(k.name)
		if v == nil {
			return attribute.Invalid("One or more parameter values were invalid: Missing the key %s in the item", k.name), nil
		}
		if v.Type() != k.t {
			return attribute.Invalid("One or more parameter values were invalid: Type mismatch for key %s expected: %s actual: %s", k.name, k.t, v.Type()), nil
		}
		if err := checkKeyValue(k, v, i == 0); err != nil {
			return nil, err
		}
	}
	for _, x := range t.indexes {
		for i, k := range x.keys {
			v := item.Get(k.name)
			if v == nil {
				continue
			}
			if v.Type() != k.t {
				return indexMismatch(k, v.Type(), x), nil
			}
			if isEmpty(v) {
				return nil, attribute.Invalid("One or more parameter values are not valid. A value specified for a secondary index key is not supported. The AttributeValue for a key attribute cannot contain an empty %s value. IndexName: %s, IndexKey: %s", emptyKind(v), x.name, k.name)
			}
			if err := checkKeyLength(v, i == 0); err != nil {
				return nil, err
			}
		}
	}
	return nil, nil
}

func indexMismatch(k keyAttribute, actual attribute.Type, x *index) error {
	return attribute.Invalid("One or more parameter values were invalid: Type mismatch for Index Key %s Expected: %s Actual: %s IndexName: %s", k.name, k.t, actual, x.name)
}

func checkKeyValue(k keyAttribute, v attribute.Value, isHash bool) error {
	if isEmpty(v) {
		return attribute.Invalid("One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty %s value. Key: %s", emptyKind(v), k.name)
	}
	return checkKeyLength(v, isHash)
}

const (
	maxHashKey  = 2048 // bytes
	maxRangeKey = 1024
)

func checkKeyLength(v attribute.Value, isHash bool) error {
	n := keyLength(v)
	switch {
	case isHash && n > maxHashKey:
		return attribute.Invalid("One or more parameter values were invalid: Size of hashkey has exceeded the maximum size limit of2048 bytes")
	case !isHash && n > maxRangeKey:
		return attribute.Invalid("One or more parameter values were invalid: Aggregated size of all range keys has exceeded the size limit of 1024 bytes")
	}
	return nil
}

func keyLength(v attribute.Value) int {
	switch v := v.(type) {
	case attribute.String:
		return len(v)
	case attribute.Binary:
		return len(v)
	}
	return 0 // any number fits
}

func isEmpty(v attribute.Value) bool {
	return v.Type() != attribute.TypeN && keyLength(v) == 0
}

func emptyKind(v attribute.Value) string {
	if v.Type() == attribute.TypeB {
		return "binary"
	}
	return "string"
}

// replace stores next in place of old under key, in the table and its indexes;
// a nil next deletes. It tells what that cost the indexes.
func (t *table) replace(key string, old, next *record) indexUnits {
	switch {
	case next != nil:
		t.items.Put(key, next)
	case old != nil:
		t.items.Delete(key)
	}
	t.bytes += sizeOf(next) - sizeOf(old)
	t.ttl.replace(key, old, next)
	var units indexUnits
	for _, x := range t.indexes {
		if n := x.replace(t, old, next); n > 0 {
			units = append(units, indexUnit{x.name, n})
		}
	}
	return units
}

func sizeOf(r *record) int {
	if r == nil {
		return 0
	}
	return r.size
}

// replace is worth one write to put, to change or to delete an entry, two to
// move it to another key, none if the projected attributes stay as they were.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html#GSI.ThroughputConsiderations.Writes
func (i *index) replace(t *table, old, next *record) (units int) {
	oldKey, had := i.key(t, old)
	key, has := i.key(t, next)
	var was, is *record
	if had {
		was, _ = i.entries.Get(oldKey)
	}
	if has {
		is = i.entry(next)
	}
	switch {
	case had && has && oldKey == key:
		if !attribute.Equal(was.item, is.item) {
			units = writeUnits(max(was.size, is.size))
		}
	default:
		if had {
			i.entries.Delete(oldKey)
			units += writeUnits(was.size)
		}
		if has {
			units += writeUnits(is.size)
		}
	}
	if has {
		i.entries.Put(key, is)
	}
	i.bytes += sizeOf(is) - sizeOf(was)
	return units
}
