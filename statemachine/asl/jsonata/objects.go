package jsonata

func keys(c *call) (any, error) {
	seq := newSequence()
	names := NewObject(0)
	for _, v := range items(c.args[0]) {
		if o, ok := v.(*Object); ok {
			for i := range o.Len() {
				name, _ := o.At(i)
				names.Set(name, nil)
			}
		}
	}
	for i := range names.Len() {
		name, _ := names.At(i)
		seq.push(name)
	}
	return seq, nil
}

func lookupFunction(c *call) (any, error) {
	name, err := c.string(1)
	if err != nil {
		return nil, err
	}
	return lookup(c.args[0], name), nil
}

func spread(c *call) (any, error) {
	if scalar(c.args[0]) {
		return c.args[0], nil
	}
	seq := newSequence()
	for _, v := range items(c.args[0]) {
		o, ok := v.(*Object)
		if !ok {
			seq.Items = append(seq.Items, items(v)...)
			continue
		}
		for i := range o.Len() {
			seq.push(NewObject(1).Set(o.At(i)))
		}
	}
	return seq, nil
}

func merge(c *call) (any, error) {
	if c.args[0] == Undefined {
		return Undefined, nil
	}
	list := items(c.args[0])
	merged := NewObject(len(list))
	for _, v := range list {
		o, ok := v.(*Object)
		if !ok {
			return nil, failed("T0412", "Argument 1 of function \"merge\" must be an array of objects")
		}
		for i := range o.Len() {
			merged.Set(o.At(i))
		}
	}
	return merged, nil
}

func sift(c *call) (any, error) {
	if c.args[0] == Undefined {
		return Undefined, nil
	}
	o, err := c.object(0)
	if err != nil {
		return nil, err
	}
	f, err := c.function(1)
	if err != nil {
		return nil, err
	}
	result := NewObject(0)
	for i := range o.Len() {
		name, v := o.At(i)
		keep, err := c.each(f, v, name, o)
		if err != nil {
			return nil, err
		}
		if truth(keep) {
			result.Set(name, v)
		}
	}
	if result.Len() == 0 {
		return Undefined, nil
	}
	return result, nil
}

func eachMember(c *call) (any, error) {
	if c.args[0] == Undefined {
		return Undefined, nil
	}
	o, err := c.object(0)
	if err != nil {
		return nil, err
	}
	f, err := c.function(1)
	if err != nil {
		return nil, err
	}
	seq := newSequence()
	for i := range o.Len() {
		name, v := o.At(i)
		result, err := c.each(f, v, name, o)
		if err != nil {
			return nil, err
		}
		if result != Undefined {
			seq.push(result)
		}
	}
	return seq, nil
}

func throw(c *call) (any, error) {
	message := "$error() function evaluated"
	if len(c.args) > 0 && c.given(0) {
		var err error
		if message, err = c.string(0); err != nil {
			return nil, err
		}
	}
	return nil, failed("D3137", "%s", message)
}

func assert(c *call) (any, error) {
	condition, ok := c.args[0].(bool)
	if !ok {
		return nil, c.mismatch(0)
	}
	if condition {
		return Undefined, nil
	}
	message := "$assert() statement failed"
	if c.given(1) {
		var err error
		if message, err = c.string(1); err != nil {
			return nil, err
		}
	}
	return nil, failed("D3141", "%s", message)
}

func typeOf(c *call) (any, error) {
	if c.args[0] == Undefined {
		return Undefined, nil
	}
	switch TypeOf(c.args[0]) { // constants: an interface of them costs nothing
	case "null":
		return "null", nil
	case "number":
		return "number", nil
	case "string":
		return "string", nil
	case "boolean":
		return "boolean", nil
	case "array":
		return "array", nil
	case "object":
		return "object", nil
	}
	return "function", nil
}
