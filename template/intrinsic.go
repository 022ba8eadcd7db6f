package template

import (
	"encoding/base64"
	"encoding/json"
	"strings"
)

// Ref is the value of a parameter, or what AWS calls the resource by.
//
// Like every intrinsic function here it returns a string, for fields that are
// strings: the function's JSON in base64, as goformation's own helpers do,
// which rendering turns back. Those helpers format JSON with %q and spoil
// numbers, booleans, lists and maps, hence encode.
func Ref(id string) string { return encode("Ref", id) }

// GetAtt is an attribute of a resource, such as its Arn.
func GetAtt(id, attribute string) string { return encode("Fn::GetAtt", []string{id, attribute}) }

// Sub is a text with ${ID}, ${ID.Attribute} and ${AWS::Region} filled in.
func Sub(text string) string { return encode("Fn::Sub", text) }

// choose is one of two values, of any type, by a condition.
func choose(condition string, then, otherwise any) string {
	return encode("Fn::If", []any{condition, then, otherwise})
}

func equals(a, b string) string { return encode("Fn::Equals", []string{a, b}) }

func encode(name string, argument any) string {
	raw, err := json.Marshal(map[string]any{name: argument})
	if err != nil {
		panic("template: intrinsic " + name + ": " + err.Error()) // arguments are strings, numbers, booleans
	}
	return base64.StdEncoding.EncodeToString(raw)
}

// decode returns the intrinsic function that s carries, or false if s is a
// text like any other.
func decode(s string) (object, bool) {
	if !strings.HasPrefix(s, "eyJ") { // {" and a letter
		return nil, false
	}
	raw, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		return nil, false
	}
	value, err := parse(raw)
	if err != nil {
		return nil, false
	}
	call, ok := value.(object)
	if !ok || len(call) != 1 || !isIntrinsic(call[0].name) {
		return nil, false
	}
	return call, true
}

func isIntrinsic(name string) bool { return name == "Ref" || strings.HasPrefix(name, "Fn::") }
