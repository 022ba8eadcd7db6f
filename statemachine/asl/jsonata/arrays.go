package jsonata

import "slices"

func boolean(c *call) (any, error) {
	if c.args[0] == Undefined {
		return Undefined, nil
	}
	return truth(c.args[0]), nil
}

func not(c *call) (any, error) {
	if c.args[0] == Undefined {
		return Undefined, nil
	}
	return !truth(c.args[0]), nil
}

func exists(c *call) (any, error) { return c.args[0] != Undefined, nil }

func count(c *call) (any, error) { return float64(len(items(c.args[0]))), nil }

func appendArrays(c *call) (any, error) {
	switch {
	case c.args[0] == Undefined:
		return c.args[1], nil
	case c.args[1] == Undefined:
		return c.args[0], nil
	}
	return NewArray(append(slices.Clone(items(c.args[0])), items(c.args[1])...)...), nil
}

func sortArray(c *call) (any, error) {
	if c.args[0] == Undefined {
		return Undefined, nil
	}
	sorted := slices.Clone(items(c.args[0]))
	var failure error
	if c.given(1) {
		swap, err := c.function(1)
		if err != nil {
			return nil, err
		}
		slices.SortStableFunc(sorted, func(a, b any) int {
			if failure != nil {
				return 0
			}
			for _, try := range []struct {
				x, y  any
				order int
			}{{a, b, 1}, {b, a, -1}} {
				var v any
				if v, failure = c.ev.call(swap, []any{try.x, try.y}, Undefined); failure != nil {
					return 0
				}
				if truth(v) {
					return try.order
				}
			}
			return 0
		})
		return NewArray(sorted...), failure
	}
	slices.SortStableFunc(sorted, func(a, b any) int {
		order, ok := compare(a, b)
		if !ok {
			failure = failed("D3070", "The single argument form of the sort function can only be applied to an array of strings or an array of numbers.  Use the second argument to specify a comparison function")
		}
		return order
	})
	return NewArray(sorted...), failure
}

func reverse(c *call) (any, error) {
	if c.args[0] == Undefined {
		return Undefined, nil
	}
	reversed := slices.Clone(items(c.args[0]))
	slices.Reverse(reversed)
	return NewArray(reversed...), nil
}

func shuffle(c *call) (any, error) {
	if c.args[0] == Undefined {
		return Undefined, nil
	}
	shuffled := slices.Clone(items(c.args[0]))
	for i := len(shuffled) - 1; i > 0; i-- {
		j := int(c.ev.env.Random() % uint64(i+1))
		shuffled[i], shuffled[j] = shuffled[j], shuffled[i]
	}
	return NewArray(shuffled...), nil
}

func distinct(c *call) (any, error) {
	a, ok := c.args[0].(*Array)
	if !ok || len(a.Items) <= 1 {
		return c.args[0], nil
	}
	result := &Array{sequence: a.sequence}
	for _, item := range a.Items {
		if !slices.ContainsFunc(result.Items, func(known any) bool { return equal(known, item) }) {
			result.push(item)
		}
	}
	return result, nil
}

func zip(c *call) (any, error) {
	shortest := -1
	for _, arg := range c.args {
		if n := len(items(arg)); shortest < 0 || n < shortest {
			shortest = n
		}
	}
	result := NewArray()
	for i := range max(shortest, 0) {
		tuple := NewArray()
		for _, arg := range c.args {
			tuple.push(items(arg)[i])
		}
		result.push(tuple)
	}
	return result, nil
}

// over calls a function for each item of the first argument.
func (c *call) over(fn int, use func(item, v any) (more bool)) error {
	f, err := c.function(fn)
	if err != nil {
		return err
	}
	list := items(c.args[0])
	var whole any
	if f.arity() > 2 {
		whole = NewArray(list...)
	}
	for i, item := range list {
		v, err := c.each(f, item, float64(i), whole)
		if err != nil {
			return err
		}
		if !use(item, v) {
			return nil
		}
	}
	return nil
}

func mapArray(c *call) (any, error) {
	if c.args[0] == Undefined {
		return Undefined, nil
	}
	seq := newSequence()
	err := c.over(1, func(_, v any) bool {
		if v != Undefined {
			seq.push(v)
		}
		return true
	})
	return seq, err
}

func filterArray(c *call) (any, error) {
	if c.args[0] == Undefined {
		return Undefined, nil
	}
	seq := newSequence()
	err := c.over(1, func(item, v any) bool {
		if truth(v) {
			seq.push(item)
		}
		return true
	})
	return seq, err
}

func single(c *call) (any, error) {
	if c.args[0] == Undefined {
		return Undefined, nil
	}
	var found []any
	if c.given(1) {
		err := c.over(1, func(item, v any) bool {
			if truth(v) {
				found = append(found, item)
			}
			return true
		})
		if err != nil {
			return nil, err
		}
	} else {
		found = items(c.args[0])
	}
	switch len(found) {
	case 0:
		return nil, failed("D3139", "The $single() function expected exactly 1 matching result.  Instead it matched 0.")
	case 1:
		return found[0], nil
	}
	return nil, failed("D3138", "The $single() function expected exactly 1 matching result.  Instead it matched more.")
}

func reduce(c *call) (any, error) {
	if c.args[0] == Undefined {
		return Undefined, nil
	}
	f, err := c.function(1)
	if err != nil {
		return nil, err
	}
	if f.arity() < 2 {
		return nil, failed("D3050", "The second argument of reduce function must be a function with at least two arguments")
	}
	list := items(c.args[0])
	whole := NewArray(list...)
	var result any = Undefined
	i := 0
	switch {
	case len(c.args) > 2 && c.args[2] != Undefined:
		result = c.args[2]
	case len(list) > 0:
		result, i = list[0], 1
	}
	for ; i < len(list); i++ {
		if result, err = c.each(f, result, list[i], float64(i), whole); err != nil {
			return nil, err
		}
	}
	return result, nil
}
