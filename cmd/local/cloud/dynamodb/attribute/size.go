package attribute

// MaxItemSize is the largest item, in bytes.
const MaxItemSize = 400 << 10

// Size is the item's size in bytes, as DynamoDB bills it: names and values in
// UTF-8, three bytes for a list or map and one for each of its elements.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
func (m Map) Size() int {
	n := 0
	for _, a := range m {
		n += len(a.Name) + size(a.Value)
	}
	return n
}

func size(v Value) int {
	switch v := v.(type) {
	case String:
		return len(v)
	case Binary:
		return len(v)
	case Number:
		return v.size()
	case Bool, Null:
		return 1
	case Map:
		return 3 + len(v) + v.Size()
	case List:
		n := 3
		for _, e := range v {
			n += 1 + size(e)
		}
		return n
	case StringSet:
		return sum(v, func(s String) int { return len(s) })
	case BinarySet:
		return sum(v, func(s Binary) int { return len(s) })
	case NumberSet:
		return sum(v, Number.size)
	}
	return 0
}

func sum[E any](set []E, size func(E) int) int {
	n := 0
	for _, e := range set {
		n += size(e)
	}
	return n
}

// CheckDepth refuses documents that nest too deep.
func (m Map) CheckDepth() error {
	for _, a := range m {
		if depth(a.Value) > maxDepth {
			return errDepth()
		}
	}
	return nil
}

func depth(v Value) int {
	deepest := 0
	switch v := v.(type) {
	case Map:
		for _, a := range v {
			deepest = max(deepest, depth(a.Value))
		}
	case List:
		for _, e := range v {
			deepest = max(deepest, depth(e))
		}
	}
	return deepest + 1
}

func errDepth() error {
	return Invalid("Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit")
}
