package protocol

// A Dialect is what a service makes of the Query protocol: where its forms and
// its XML differ from the JSON of the same actions.
type Dialect struct {
	Namespace   string
	Collections []string // parameters that are lists or maps, so "" is an empty one
	Flat        []Flat   // the first that fits holds
	Numbers     []string // parameters that are integers in JSON, at any depth
	Path        string   // parameter that the URL's path stands for, if the form has none
}

// A Flat is a list or map without a level of member or entry elements, its
// members named in the singular: AttributeName.1=… for AttributeNames.
type Flat struct {
	Element string // what form and XML call each member: AttributeName
	Member  string // what JSON calls the whole: AttributeNames
	Key     string // what the entries of a map call their key, beside Value; "" for a list
	Action  string // the only action where it is so, "" for all
}

// A call is one action in its dialect.
type call struct {
	*Dialect
	action string
}

func (c *call) byElement(name string) *Flat {
	return c.flat(func(f *Flat) bool { return f.Element == name })
}

func (c *call) byMember(name string) *Flat {
	return c.flat(func(f *Flat) bool { return f.Member == name })
}

func (c *call) flat(fits func(*Flat) bool) *Flat {
	for i := range c.Flat {
		if f := &c.Flat[i]; (f.Action == "" || f.Action == c.action) && fits(f) {
			return f
		}
	}
	return nil
}
