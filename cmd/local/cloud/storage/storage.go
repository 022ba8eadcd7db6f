// Package storage is where the local cloud keeps what must outlive a request:
// items, messages, executions, objects. In memory for now; an embedded
// database would implement the same interface.
package storage

import (
	"iter"

	"github.com/tidwall/btree"
)

// A Table is an ordered map from string keys to values. It does not lock: the
// service that opened it serialises its own calls. A value handed to Put must
// not be changed afterwards; replace it with another Put.
type Table[V any] interface {
	Get(key string) (V, bool)
	Put(key string, value V)
	Delete(key string)
	Len() int

	// Ascend walks the keys >= from in order; Descend walks those <= from
	// backwards, all of them when from is "". The table must not be written
	// while either runs.
	Ascend(from string) iter.Seq2[string, V]
	Descend(from string) iter.Seq2[string, V]
}

// Memory is an empty Table held in memory.
func Memory[V any]() Table[V] {
	return &memory[V]{m: btree.NewMap[string, V](0)}
}

type memory[V any] struct{ m *btree.Map[string, V] }

func (t *memory[V]) Get(key string) (V, bool) { return t.m.Get(key) }
func (t *memory[V]) Put(key string, value V)  { t.m.Set(key, value) }
func (t *memory[V]) Delete(key string)        { t.m.Delete(key) }
func (t *memory[V]) Len() int                 { return t.m.Len() }

func (t *memory[V]) Ascend(from string) iter.Seq2[string, V] {
	return func(yield func(string, V) bool) { t.m.Ascend(from, yield) }
}

func (t *memory[V]) Descend(from string) iter.Seq2[string, V] {
	return func(yield func(string, V) bool) {
		if from == "" {
			t.m.Reverse(yield)
			return
		}
		t.m.Descend(from, yield)
	}
}
