package attribute

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestDecode(t *testing.T) {
	const text = `{"z":{"S":"é\n\"\u0001"},"n":{"N":"01.50"},"b":{"B":"AAH/"},"t":{"BOOL":true},"f":{"BOOL":false},"0":{"NULL":true},
		"l":{"L":[{"S":""},{"L":[]},{"M":{}}]},"m":{"M":{"x":{"N":"1"},"a":{"S":"b"}}},
		"ss":{"SS":["b","a"]},"ns":{"NS":["10","9","1.0"]},"bs":{"BS":["/w==","AA=="]},"none":{"S":null,"N":"1"}}`
	const want = `{"0":{"NULL":true},"b":{"B":"AAH/"},"bs":{"BS":["AA==","/w=="]},"f":{"BOOL":false},` +
		`"l":{"L":[{"S":""},{"L":[]},{"M":{}}]},"m":{"M":{"a":{"S":"b"},"x":{"N":"1"}}},"n":{"N":"1.5"},"none":{"N":"1"},` +
		`"ns":{"NS":["1","9","10"]},"ss":{"SS":["a","b"]},"t":{"BOOL":true},"z":{"S":"é\n\"\u0001"}}`
	var m Map
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		t.Fatal(err)
	}
	got, err := m.MarshalJSON()
	if err != nil || string(got) != want {
		t.Errorf("got  %s, %v\nwant %s", got, err, want)
	}
	var again Map
	if err := json.Unmarshal(got, &again); err != nil || !Equal(m, again) {
		t.Errorf("what was written does not read as the same: %v", err)
	}
}

func TestDecodeRefuses(t *testing.T) {
	const invalid = "ValidationException: "
	const wrong = invalid + "One or more parameter values were invalid: "
	for value, want := range map[string]string{
		`{}`:                     invalid + "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes",
		`{"S":null}`:             invalid + "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes",
		`{"S":"a","N":"1"}`:      invalid + "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes",
		`{"NULL":false}`:         wrong + "Null attribute value types must have the value of true",
		`{"SS":[]}`:              wrong + "An string set  may not be empty",
		`{"NS":[]}`:              wrong + "An number set  may not be empty",
		`{"BS":[]}`:              wrong + "Binary sets should not be empty",
		`{"SS":["b","a","b"]}`:   wrong + "Input collection [b, a, b] contains duplicates.",
		`{"BS":["AA==","AA=="]}`: wrong + "Input collection [AA==, AA==]of type BS contains duplicates.",
		`{"NS":["1","1.0"]}`:     invalid + "Input collection contains duplicates",
		`{"N":""}`:               invalid + "The parameter cannot be converted to a numeric value",
		`{"N":5}`:                "SerializationException: NUMBER_VALUE cannot be converted to String",
		`{"S":["a"]}`:            "SerializationException: START_ARRAY cannot be converted to String",
		`{"L":{}}`:               "SerializationException: START_OBJECT cannot be converted to List",
		`{"M":[]}`:               "SerializationException: START_ARRAY cannot be converted to Map",
		`{"BOOL":"true"}`:        "SerializationException: STRING_VALUE cannot be converted to Boolean",
		`"a"`:                    "SerializationException: STRING_VALUE cannot be converted to Map",
		`{"X":"a"}`:              `SerializationException: Unrecognized attribute value type "X"`,
		nested(32):               errDepth().Error(),
	} {
		_, err := NewDecoder([]byte(`{"a":` + value + `}`)).Map()
		if err == nil || err.Error() != want {
			t.Errorf("%.40s: %v\nwant %s", value, err, want)
		}
	}
	if _, err := NewDecoder([]byte(`{"a":` + nested(31) + `}`)).Map(); err != nil {
		t.Errorf("a leaf at level 32: %v", err)
	}
	if _, err := NewDecoder([]byte(`{"a":{"S":"x"`)).Map(); err == nil {
		t.Error("a torn text is read")
	}
}

func nested(levels int) string {
	return strings.Repeat(`{"M":{"n":`, levels) + `{"S":"leaf"}` + strings.Repeat(`}}`, levels)
}

func TestSize(t *testing.T) {
	for text, want := range map[string]int{
		`{}`:                                    0,
		`{"id":{"S":"abc"}}`:                    5,
		`{"é":{"S":"é"}}`:                       4,
		`{"n":{"N":"12345"}}`:                   1 + 4,
		`{"b":{"B":"AAH/"}}`:                    1 + 3,
		`{"t":{"BOOL":true},"0":{"NULL":true}}`: 4,
		`{"l":{"L":[]}}`:                        1 + 3,
		`{"l":{"L":[{"S":"a"},{"N":"1"}]}}`:     1 + 3 + 2 + 3,
		`{"m":{"M":{"ab":{"S":"c"}}}}`:          1 + 3 + 1 + 3,
		`{"s":{"SS":["a","bc"]}}`:               1 + 3,
	} {
		m, err := NewDecoder([]byte(text)).Map()
		if err != nil || m.Size() != want {
			t.Errorf("%s: %d bytes, %v, want %d", text, m.Size(), err, want)
		}
	}
}

func TestMap(t *testing.T) {
	m := NewMap(Attribute{"b", String("1")}, Attribute{"a", String("2")}, Attribute{"b", String("3")})
	if len(m) != 2 || m.Get("b") != String("3") || m.Get("a") != String("2") || m.Get("c") != nil {
		t.Errorf("the map is %v", m)
	}
	if got := m.Project([]string{"c", "a"}); len(got) != 1 || got.Get("a") == nil {
		t.Errorf("projected: %v", got)
	}
	if m.Index("b") != 1 || m.Index("x") != -1 {
		t.Error("Index is wrong")
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"a":{"S":"x"},"b":{"L":[{"N":"1e3"},{"M":{"c":{"B":"AA=="}}}]}}`))
	f.Add([]byte(`{"a":{"NS":["1","2"]},"b":{"NULL":true}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := NewDecoder(text).Map()
		if err != nil {
			return
		}
		b, err := m.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		again, err := NewDecoder(b).Map()
		if err != nil || !Equal(m, again) || m.Size() != again.Size() {
			t.Fatalf("%s is written as %s: %v", text, b, err)
		}
	})
}
