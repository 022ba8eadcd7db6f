package attribute

import "slices"

// Union is the set of the members of a and b, which are sets of one type; ok
// is false if they are not.
func Union(a, b Value) (set Value, ok bool) {
	switch a := a.(type) {
	case StringSet:
		if b, ok := b.(StringSet); ok {
			return StringSet(union(a, b)), true
		}
	case NumberSet:
		if b, ok := b.(NumberSet); ok {
			return NumberSet(unionFunc(a, b, Number.Compare)), true
		}
	case BinarySet:
		if b, ok := b.(BinarySet); ok {
			return BinarySet(union(a, b)), true
		}
	}
	return nil, false
}

// Difference is the set of a's members that b lacks, nil if none is left; ok
// is false if a and b are not sets of one type.
func Difference(a, b Value) (set Value, ok bool) {
	switch a := a.(type) {
	case StringSet:
		if b, ok := b.(StringSet); ok {
			return nonEmpty(StringSet(difference(a, b))), true
		}
	case NumberSet:
		if b, ok := b.(NumberSet); ok {
			return nonEmpty(NumberSet(difference(a, b))), true
		}
	case BinarySet:
		if b, ok := b.(BinarySet); ok {
			return nonEmpty(BinarySet(difference(a, b))), true
		}
	}
	return nil, false
}

func union[E ~string](a, b []E) []E {
	out := slices.Concat(a, b)
	slices.Sort(out)
	return slices.Compact(out)
}

func unionFunc(a, b []Number, cmp func(a, b Number) int) []Number {
	out := slices.Concat(a, b)
	slices.SortFunc(out, cmp)
	return slices.Compact(out)
}

func difference[E comparable](a, b []E) []E {
	var out []E
	for _, e := range a {
		if !slices.Contains(b, e) {
			out = append(out, e)
		}
	}
	return out
}

func nonEmpty[S interface {
	~[]E
	Value
}, E any](set S) Value {
	if len(set) == 0 {
		return nil
	}
	return set
}
