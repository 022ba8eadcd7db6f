package cloudformation

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

type thing struct {
	Name    string `cfn:"ThingName,required"`
	Size    int
	Ratio   float64
	Open    *bool
	Tags    map[string]string
	Parts   []part
	Options any
}

type part struct {
	ID string `cfn:"Id"`
}

func TestDecode(t *testing.T) {
	open := true
	value := map[string]any{
		"ThingName": json.Number("7"), "Size": "12", "Ratio": json.Number("0.5"), "Open": "true",
		"Tags":    map[string]any{"a": true},
		"Parts":   []any{map[string]any{"Id": "x"}},
		"Options": map[string]any{"any": "thing"},
	}
	var got thing
	if err := Decode(value, &got); err != nil {
		t.Fatal(err)
	}
	want := thing{
		Name: "7", Size: 12, Ratio: 0.5, Open: &open,
		Tags: map[string]string{"a": "true"}, Parts: []part{{"x"}}, Options: map[string]any{"any": "thing"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestDecodeRefused(t *testing.T) {
	tests := []struct {
		properties map[string]any
		want       string
	}{
		{map[string]any{}, "Properties.ThingName: the property is required"},
		{map[string]any{"ThingName": "x", "Colour": "red"}, "Properties.Colour: the property is not supported"},
		{map[string]any{"ThingName": "x", "Parts": []any{map[string]any{"Id": "x"}, map[string]any{"ID": "x"}}}, "Properties.Parts[1].ID: the property is not supported"},
		{map[string]any{"ThingName": "x", "Size": "1.5"}, `Properties.Size: "1.5" where an integer is wanted`},
		{map[string]any{"ThingName": "x", "Size": []any{}}, "Properties.Size: a list where an integer is wanted"},
		{map[string]any{"ThingName": "x", "Ratio": "NaN"}, `Properties.Ratio: "NaN" where a number is wanted`},
		{map[string]any{"ThingName": "x", "Open": "yes"}, `Properties.Open: "yes" where a boolean is wanted`},
		{map[string]any{"ThingName": nil}, "Properties.ThingName: null where a string is wanted"},
		{map[string]any{"ThingName": "x", "Parts": map[string]any{}}, "Properties.Parts: an object where a list is wanted"},
		{map[string]any{"ThingName": "x", "Tags": "a"}, "Properties.Tags"},
	}
	for _, test := range tests {
		err := Resource{LogicalID: "It", Properties: test.properties}.Decode(&thing{})
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%v: error = %v, want one with %q", test.properties, err, test.want)
		}
	}
}
