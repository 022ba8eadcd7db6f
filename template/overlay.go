package template

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
)

// with gives a resource properties that its goformation type has no field
// for, names wrongly, or types without room for an intrinsic function. Maps
// are merged, at any depth; a property that is there already is an error.
func with(resource json.Marshaler, properties map[string]any) json.Marshaler {
	return overlay{resource, properties}
}

type overlay struct {
	resource   json.Marshaler
	properties map[string]any
}

// MarshalJSON is the resource with the properties merged in.
func (o overlay) MarshalJSON() ([]byte, error) {
	base, err := tree(o.resource)
	if err != nil {
		return nil, err
	}
	extra, err := tree(map[string]any{"Properties": o.properties})
	if err != nil {
		return nil, err
	}
	merged, err := merge(base, extra, "")
	if err != nil {
		return nil, err
	}
	return merged.MarshalJSON()
}

func tree(v any) (object, error) {
	raw, err := marshal(v)
	if err != nil {
		return nil, err
	}
	parsed, err := parse(raw)
	if err != nil {
		return nil, err
	}
	o, ok := parsed.(object)
	if !ok {
		return nil, fmt.Errorf("template: %T is not a JSON object", v)
	}
	return o, nil
}

func merge(base, extra object, path string) (object, error) {
	for _, m := range extra {
		at := slices.IndexFunc(base, func(b member) bool { return b.name == m.name })
		if at < 0 {
			// goformation's members are in alphabetical order: keep to it.
			at, _ = slices.BinarySearchFunc(base, m.name, func(b member, name string) int { return cmp.Compare(b.name, name) })
			base = slices.Insert(base, at, m)
			continue
		}
		under, ok1 := base[at].value.(object)
		over, ok2 := m.value.(object)
		if !ok1 || !ok2 {
			return nil, fmt.Errorf("template: overlay repeats %s.%s", path, m.name)
		}
		merged, err := merge(under, over, path+"."+m.name)
		if err != nil {
			return nil, err
		}
		base[at].value = merged
	}
	return base, nil
}
