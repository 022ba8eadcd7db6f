package storage_test

import (
	"iter"
	"slices"
	"testing"

	"orderflow/cmd/local/cloud/storage"
)

// conformance is what every implementation of Table must pass.
func conformance(t *testing.T, open func() storage.Table[int]) {
	table := open()
	for i, key := range []string{"b", "a", "d", "c", "a\x00z"} {
		table.Put(key, i)
	}
	if v, ok := table.Get("a"); !ok || v != 1 {
		t.Errorf(`Get("a") = %d, %t, want 1, true`, v, ok)
	}
	if v, ok := table.Get("e"); ok {
		t.Errorf(`Get("e") = %d, true, want absent`, v)
	}
	table.Put("a", 7)
	if v, _ := table.Get("a"); v != 7 {
		t.Errorf(`Get("a") after a second Put = %d, want 7`, v)
	}
	table.Delete("b")
	table.Delete("never there")
	if n := table.Len(); n != 4 {
		t.Errorf("Len() = %d, want 4", n)
	}

	for _, walk := range []struct {
		name string
		seq  iter.Seq2[string, int]
		want []string
	}{
		{`Ascend("")`, table.Ascend(""), []string{"a", "a\x00z", "c", "d"}},
		{`Ascend("a\x00")`, table.Ascend("a\x00"), []string{"a\x00z", "c", "d"}},
		{`Ascend("c")`, table.Ascend("c"), []string{"c", "d"}},
		{`Ascend("e")`, table.Ascend("e"), nil},
		{`Descend("")`, table.Descend(""), []string{"d", "c", "a\x00z", "a"}},
		{`Descend("c")`, table.Descend("c"), []string{"c", "a\x00z", "a"}},
		{`Descend("b")`, table.Descend("b"), []string{"a\x00z", "a"}},
		{`Descend("A")`, table.Descend("A"), nil},
	} {
		var got []string
		for key := range walk.seq {
			got = append(got, key)
		}
		if !slices.Equal(got, walk.want) {
			t.Errorf("%s = %q, want %q", walk.name, got, walk.want)
		}
	}

	for key := range table.Ascend("") {
		if key != "a" {
			t.Errorf("a walk that was stopped went on to %q", key)
		}
		break
	}
}

func TestMemory(t *testing.T) {
	conformance(t, storage.Memory[int])
}
