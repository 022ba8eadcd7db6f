package sqs

import (
	"strings"
	"testing"
)

// The digests are AWS's own.
func TestMD5(t *testing.T) {
	text := func(s string) MessageAttributeValue { return MessageAttributeValue{DataType: "String", StringValue: s} }
	number := func(s string) MessageAttributeValue { return MessageAttributeValue{DataType: "Number", StringValue: s} }
	for want, attributes := range map[string]map[string]MessageAttributeValue{
		"":                                 {},
		"4c360f3fdafd970e05fae2f149d997f5": {"Hello": text("There"), "General": text("Kenobi"), "Help.Me": text("Me")},
		"fca026605781cb4126a1e9044df24232": {"Hello": text("There"), "General": text("Kenobi")},
		"a311262e065454b75da111d535b8dacd": {"Hello": text("There")},
		"ae7155c6026991b6d54b11589678bf9c": {"Foo": text("Bar")},
		"d302007e9aa062660afc85fd0a482472": {"attr1": number("99.12")},
		"9b720b3af309c1c4b0d395c53b08c502": {"attr1": number("99.12"), "attr2": number("109.12")},
		"8cbe4db156db8a94db8b801b7addb984": {"attr1": {DataType: "Binary", BinaryValue: []byte("traceparent\x1e00-774062d6c37081a5a0b9b5b88e30627c-2d2482211f6489da-01")}},
	} {
		if got := attributesMD5(attributes); got != want {
			t.Errorf("%v: %s, want %s", attributes, got, want)
		}
	}
	if got := textMD5("msg"); got != "6e2baaf3b97dbeef01c0043275f9a0e7" {
		t.Errorf("body: %s", got)
	}
}

func TestCheckAttribute(t *testing.T) {
	long := strings.Repeat("a", 257)
	for _, test := range []struct {
		name  string
		value MessageAttributeValue
		valid bool
	}{
		{"type", MessageAttributeValue{DataType: "String", StringValue: "x"}, true},
		{"a.b-c_d", MessageAttributeValue{DataType: "String.json", StringValue: "x"}, true},
		{"n", MessageAttributeValue{DataType: "Number.float", StringValue: "-1.5e3"}, true},
		{"n", MessageAttributeValue{DataType: "Binary.gif", BinaryValue: []byte{0}}, true},
		{"n", MessageAttributeValue{DataType: "Number", StringValue: "1O"}, false},
		{"n", MessageAttributeValue{DataType: "Number", StringValue: "e"}, false},
		{"n", MessageAttributeValue{DataType: "Number", StringValue: "1.2.3"}, false},
		{"n", MessageAttributeValue{DataType: "Boolean", StringValue: "true"}, false},
		{"n", MessageAttributeValue{DataType: "", StringValue: "x"}, false},
		{"n", MessageAttributeValue{DataType: "String." + long, StringValue: "x"}, false},
		{"n", MessageAttributeValue{DataType: "String", StringValue: ""}, false},
		{"n", MessageAttributeValue{DataType: "String", StringValue: "\x00"}, false},
		{"n", MessageAttributeValue{DataType: "String", BinaryValue: []byte{0}}, false},
		{"n", MessageAttributeValue{DataType: "Binary", StringValue: "x"}, false},
		{"", MessageAttributeValue{DataType: "String", StringValue: "x"}, false},
		{".a", MessageAttributeValue{DataType: "String", StringValue: "x"}, false},
		{"a.", MessageAttributeValue{DataType: "String", StringValue: "x"}, false},
		{"a..b", MessageAttributeValue{DataType: "String", StringValue: "x"}, false},
		{"a b", MessageAttributeValue{DataType: "String", StringValue: "x"}, false},
		{"AWS.x", MessageAttributeValue{DataType: "String", StringValue: "x"}, false},
		{"amazon.x", MessageAttributeValue{DataType: "String", StringValue: "x"}, false},
		{long, MessageAttributeValue{DataType: "String", StringValue: "x"}, false},
	} {
		if err := checkAttribute(test.name, test.value); (err == nil) != test.valid {
			t.Errorf("%q %+v: %v", test.name, test.value, err)
		}
	}
}

func TestValidText(t *testing.T) {
	for s, want := range map[string]bool{
		"": true, "plain": true, "tab\tnl\ncr\r": true, "ü😀\uFFFD\uE000": true,
		"\x00": false, "\x1f": false, "\xff": false, "é\x01": false, "\uFFFE": false, "\uFFFF": false, "é\xc3": false,
	} {
		if got := validText(s); got != want {
			t.Errorf("%q: %v", s, got)
		}
	}
}

func FuzzReceipt(f *testing.F) {
	f.Add(receipt{1, 2, 3}.handle())
	f.Add("AQEB")
	f.Fuzz(func(t *testing.T, handle string) {
		if r, ok := parseReceipt(handle); ok && r.handle() != handle {
			t.Errorf("%q became %q", handle, r.handle())
		}
	})
}
