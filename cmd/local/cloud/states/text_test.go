package states

import (
	"encoding/json"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestAsText(t *testing.T) {
	for _, test := range []struct{ input, want string }{
		{`{"Message":{"a":"x,}\"y","b":[1,2]},"T":"t"}`, `{"Message":"{\"a\":\"x,}\\\"y\",\"b\":[1,2]}","T":"t"}`},
		{`{"T":"Message","Message":"plain"}`, `{"T":"Message","Message":"plain"}`},
		{`{"T":{"Message":1}}`, `{"T":{"Message":1}}`},
		{`{ "Message" : 12 , "T" : 1 }`, `{ "Message" : "12" , "T" : 1 }`},
		{`{"Message":null}`, `{"Message":"null"}`},
		{`{"Message":[]}`, `{"Message":"[]"}`},
		{`{}`, `{}`},
		{`[{"Message":1}]`, `[{"Message":1}]`},
		{`"Message"`, `"Message"`},
	} {
		if got := string(asText([]byte(test.input), "Message")); got != test.want {
			t.Errorf("%s\n got %s\nwant %s", test.input, got, test.want)
		}
	}
}

// Against the standard library: the member becomes the string of its own
// text, whatever the object.
func FuzzAsText(f *testing.F) {
	f.Add(`{"Message":{"a":"<é\u2028 >"},"T":"t"}`)
	f.Add(`{"a":[{"Message":1}],"Message":{"Message":"\\"}}`)
	f.Fuzz(func(t *testing.T, text string) {
		var before, after map[string]json.RawMessage
		if !utf8.ValidString(text) || json.Unmarshal([]byte(text), &before) != nil || before == nil {
			return
		}
		input, err := json.Marshal(before) // as the core writes it: no member twice
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(input, &before); err != nil {
			t.Fatal(err)
		}
		output := asText(input, "Message")
		if err := json.Unmarshal(output, &after); err != nil {
			t.Fatalf("%s became %s: %v", input, output, err)
		}
		if value, ok := before["Message"]; ok && value[0] != '"' {
			before["Message"] = appendQuoted(nil, string(value))
		}
		if diff := cmp.Diff(before, after); diff != "" {
			t.Errorf("%s became %s: %s", input, output, diff)
		}
	})
}
