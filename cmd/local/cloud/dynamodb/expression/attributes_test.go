package expression

import (
	"slices"
	"testing"

	"orderflow/cmd/local/cloud/dynamodb/attribute"
)

func TestAttributes(t *testing.T) {
	names := []Name{{"#status", "status"}, {"#n", "with space"}}
	for text, want := range map[string][]string{
		"":                                 nil,
		"orderId":                          {"orderId"},
		"orderId, #status , items2[0].sku": {"orderId", "status", "items2"},
		"#n.inner.#status = :v":            {"with space"},
		"attribute_not_exists(orderId) OR (fingerprint = :f AND #status = :pending)":   {"orderId", "fingerprint", "status"},
		"SET #status = :s, stock = if_not_exists (stock, :zero) - :n REMOVE expires":   {"status", "stock", "stock", "expires"},
		"ADD reserved :n DELETE tags :t":                                               {"reserved", "tags"},
		"price BETWEEN :low AND :high AND NOT contains(tags, :t) AND kind IN (:a, :b)": {"price", "tags", "kind"},
		"a1 . b2 = :x": {"a1"},
	} {
		if got := NewParser().Attributes(nil, text, names); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

// What a condition reads of an item it names.
func FuzzAttributes(f *testing.F) {
	f.Add("a = :v AND attribute_exists(b.c) OR size(d[1]) > :v")
	f.Fuzz(func(t *testing.T, text string) {
		env, err := NewEnv(nil, attribute.NewMap(attribute.Attribute{Name: ":v", Value: attribute.String("x")}))
		if err != nil {
			t.Fatal(err)
		}
		projection, err := NewParser().Projection(text, env)
		if err != nil {
			NewParser().Attributes(nil, text, nil)
			return
		}
		var all []attribute.Attribute
		named := NewParser().Attributes(nil, text, nil)
		for _, name := range named {
			all = append(all, attribute.Attribute{Name: name, Value: attribute.List{attribute.String("x")}})
		}
		for _, found := range projection.Of(attribute.NewMap(all...)) {
			if !slices.Contains(named, found.Name) {
				t.Errorf("%s: %q is projected, and not named in %q", text, found.Name, named)
			}
		}
		if len(named) == 0 {
			t.Errorf("%s projects nothing", text)
		}
	})
}
