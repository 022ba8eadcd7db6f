package cloudformation

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var home = Environment{Region: "us-east-1", AccountID: "000000000000", StackName: "shop"}

// record is a Create that gives every resource a Ref, an Arn, a list of Zones
// and, as SAM would, an Alias.
func record(created map[string]Resource) Create {
	return func(r Resource) (Values, error) {
		created[r.LogicalID] = r
		return Values{
			Ref:        "ref-" + r.LogicalID,
			Attributes: map[string]any{"Arn": "arn:" + r.LogicalID, "Zones": []any{"a", "b"}},
			Generated:  map[string]string{"Alias": "alias-" + r.LogicalID},
		}, nil
	}
}

// TestIntrinsics resolves one property in the middle of a template that has
// one of everything it may refer to.
func TestIntrinsics(t *testing.T) {
	const template = `{
		"Parameters": {
			"Name": {"Type": "String", "Default": "blue"},
			"Seconds": {"Type": "Number", "Default": 30},
			"Colours": {"Type": "CommaDelimitedList", "Default": "red, green"}
		},
		"Mappings": {"Sizes": {"us-east-1": {"small": 1, "all": ["s", "m"]}}},
		"Conditions": {
			"Blue": {"Fn::Equals": [{"Ref": "Name"}, "blue"]},
			"Half": {"Fn::Equals": [{"Ref": "Seconds"}, "30"]},
			"Red": {"Fn::Not": [{"Condition": "Blue"}]},
			"Both": {"Fn::And": [{"Condition": "Blue"}, {"Condition": "Half"}]},
			"Either": {"Fn::Or": [{"Condition": "Red"}, {"Fn::Equals": [{"Fn::FindInMap": ["Sizes", {"Ref": "AWS::Region"}, "small"]}, 1]}]}
		},
		"Resources": {
			"Other": {"Type": "T"},
			"Never": {"Type": "T", "Condition": "Red"},
			"It": {"Type": "T", "Properties": {"P": %s}}
		}
	}`
	tests := []struct{ name, property, want string }{
		{"string", `"x"`, `"x"`},
		{"number", `1.50`, `1.50`},
		{"large number", `12345678901234567890`, `12345678901234567890`},
		{"boolean", `true`, `true`},
		{"nested", `{"a": [1, {"b": false}]}`, `{"a": [1, {"b": false}]}`},
		{"Ref parameter", `{"Ref": "Name"}`, `"blue"`},
		{"Ref number is text", `{"Ref": "Seconds"}`, `"30"`},
		{"Ref list", `{"Ref": "Colours"}`, `["red", "green"]`},
		{"Ref resource", `{"Ref": "Other"}`, `"ref-Other"`},
		{"Ref companion", `{"Ref": "Other.Alias"}`, `"alias-Other"`},
		{"Ref region", `{"Ref": "AWS::Region"}`, `"us-east-1"`},
		{"Ref account", `{"Ref": "AWS::AccountId"}`, `"000000000000"`},
		{"Ref partition", `{"Ref": "AWS::Partition"}`, `"aws"`},
		{"Ref suffix", `{"Ref": "AWS::URLSuffix"}`, `"amazonaws.com"`},
		{"Ref stack", `{"Ref": "AWS::StackName"}`, `"shop"`},
		{"GetAtt", `{"Fn::GetAtt": ["Other", "Arn"]}`, `"arn:Other"`},
		{"GetAtt text", `{"Fn::GetAtt": "Other.Arn"}`, `"arn:Other"`},
		{"GetAtt computed", `{"Fn::GetAtt": ["Other", {"Fn::Join": ["", ["A", "rn"]]}]}`, `"arn:Other"`},
		{"Sub", `{"Fn::Sub": "${Name}-${Other}-${Other.Arn}-${Other.Alias}-${AWS::Region}-${!Left}$"}`, `"blue-ref-Other-arn:Other-alias-Other-us-east-1-${Left}$"`},
		{"Sub with variables", `{"Fn::Sub": ["${x}/${Name}", {"x": {"Ref": "Other"}}]}`, `"ref-Other/blue"`},
		{"Join", `{"Fn::Join": [":", ["a", {"Ref": "Seconds"}, 3, true]]}`, `"a:30:3:true"`},
		{"Join list parameter", `{"Fn::Join": ["+", {"Ref": "Colours"}]}`, `"red+green"`},
		{"Join leaves out NoValue", `{"Fn::Join": [",", ["a", {"Ref": "AWS::NoValue"}]]}`, `"a"`},
		{"Select", `{"Fn::Select": ["1", {"Fn::GetAtt": ["Other", "Zones"]}]}`, `"b"`},
		{"Split", `{"Fn::Split": ["|", "a||b"]}`, `["a", "", "b"]`},
		{"Select of Split", `{"Fn::Select": [5, {"Fn::Split": [":", "arn:aws:sqs:r:a:name"]}]}`, `"name"`},
		{"FindInMap", `{"Fn::FindInMap": ["Sizes", {"Ref": "AWS::Region"}, "small"]}`, `1`},
		{"FindInMap list", `{"Fn::FindInMap": ["Sizes", "us-east-1", "all"]}`, `["s", "m"]`},
		{"If true", `{"Fn::If": ["Blue", 1, 2]}`, `1`},
		{"If false", `{"Fn::If": ["Red", 1, {"Fn::If": ["Both", "x", "y"]}]}`, `"x"`},
		{"If either", `{"Fn::If": ["Either", 1, 2]}`, `1`},
		{"If spares the other branch", `{"Fn::If": ["Red", {"Ref": "Never"}, "no"]}`, `"no"`},
		{"NoValue in object", `{"a": 1, "b": {"Ref": "AWS::NoValue"}}`, `{"a": 1}`},
		{"NoValue in list", `[1, {"Fn::If": ["Red", 2, {"Ref": "AWS::NoValue"}]}]`, `[1]`},
		{"policy Condition is no condition", `{"Condition": {"StringEquals": {"a": "b"}}}`, `{"Condition": {"StringEquals": {"a": "b"}}}`},
		{"Ref beside others is a member", `{"Ref": "Name", "x": 1}`, `{"Ref": "Name", "x": 1}`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			created := deploy(t, fmt.Sprintf(template, test.property))
			got, err := json.Marshal(created["It"].Properties["P"])
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(normal(t, test.want), normal(t, string(got))); diff != "" {
				t.Errorf("%s (-want +got):\n%s", test.property, diff)
			}
		})
	}
}

func TestNoValueRemovesTheProperty(t *testing.T) {
	created := deploy(t, `{"Resources": {"It": {"Type": "T", "Properties": {"P": {"Ref": "AWS::NoValue"}, "Q": 1}}}}`)
	if _, there := created["It"].Properties["P"]; there || len(created["It"].Properties) != 1 {
		t.Errorf("properties = %v, want Q alone", created["It"].Properties)
	}
}

// TestRefused holds what a template is refused for, at parsing or deployment.
func TestRefused(t *testing.T) {
	it := func(property string) string {
		return `{"Resources": {"Other": {"Type": "T"}, "It": {"Type": "T", "Properties": {"P": ` + property + `}}}}`
	}
	tests := []struct{ name, template, want string }{
		{"not JSON", `{"Resources": `, "template.Resources: not JSON"},
		{"trailing data", `{"Resources": {"A": {"Type": "T"}}} {}`, "followed by other data"},
		{"twice", `{"Resources": {"A": {"Type": "T"}, "A": {"Type": "T"}}}`, "template.Resources.A: the key comes twice"},
		{"empty", `{}`, "at least one resource is required"},
		{"section", `{"Rules": {}, "Resources": {"A": {"Type": "T"}}}`, "Rules: the section is not supported"},
		{"transform", `{"Transform": "AWS::LanguageExtensions", "Resources": {"A": {"Type": "T"}}}`, "AWS::LanguageExtensions is not supported"},
		{"no type", `{"Resources": {"A": {}}}`, "Resources.A: a resource must have a Type"},
		{"attribute", `{"Resources": {"A": {"Type": "T", "Connectors": {}}}}`, "Resources.A.Connectors: the resource attribute is not supported"},
		{"unknown Ref", it(`{"a": [{"Ref": "Nobody"}]}`), `It.Properties.P.a[0].Ref: there is no parameter or resource "Nobody"`},
		{"unknown Ref in a dead branch", `{"Conditions": {"C": {"Fn::Equals": [1, 2]}}, "Resources": {"It": {"Type": "T", "Properties": {"P": {"Fn::If": ["C", {"Ref": "Nobody"}, 1]}}}}}`, `"Nobody"`},
		{"unknown GetAtt", it(`{"Fn::GetAtt": ["Nobody", "Arn"]}`), `there is no resource "Nobody"`},
		{"unknown attribute", it(`{"Fn::GetAtt": ["Other", "Weight"]}`), `It.Properties.P.Fn::GetAtt: resource "Other" has no attribute "Weight"`},
		{"unknown companion", it(`{"Ref": "Other.Stage"}`), `resource "Other" has no "Stage"`},
		{"unknown variable", it(`{"Fn::Sub": "${Nobody}"}`), `"Nobody"`},
		{"odd variable", it(`{"Fn::Sub": "${a b}"}`), "alphanumeric"},
		{"open variable", it(`{"Fn::Sub": "${a"}`), "without its }"},
		{"Sub of a list", it(`{"Fn::Sub": "${Other.Zones}"}`), "a list where a string is wanted"},
		{"Join of a string", it(`{"Fn::Join": [",", "x"]}`), "where a list is wanted"},
		{"Select out of range", it(`{"Fn::Select": [2, ["a"]]}`), "cannot select index 2 of 1 items"},
		{"Select of no number", it(`{"Fn::Select": ["x", ["a"]]}`), `"x" is not an integer`},
		{"ImportValue", it(`{"Fn::ImportValue": "x"}`), "It.Properties.P.Fn::ImportValue: values of other stacks are not supported"},
		{"unknown function", it(`{"Fn::Cidr": []}`), "It.Properties.P.Fn::Cidr: the function is not supported"},
		{"function with company", it(`{"Fn::Join": [], "x": 1}`), "must stand alone"},
		{"unknown condition", it(`{"Fn::If": ["C", 1, 2]}`), `there is no condition "C"`},
		{"condition of itself", `{"Conditions": {"C": {"Fn::Not": [{"Condition": "C"}]}}, "Resources": {"A": {"Type": "T"}}}`, `condition "C" depends on itself`},
		{"no condition function", `{"Conditions": {"C": {"Fn::If": [1, 2, 3]}}, "Resources": {"A": {"Type": "T"}}}`, "Fn::If is not a condition function"},
		{"condition of a resource", `{"Conditions": {"C": {"Fn::Equals": [{"Ref": "A"}, 1]}}, "Resources": {"A": {"Type": "T"}}}`, "a condition cannot refer to a resource"},
		{"left out", `{"Conditions": {"C": {"Fn::Equals": [1, 2]}}, "Resources": {"A": {"Type": "T", "Condition": "C"}, "B": {"Type": "T", "Properties": {"P": {"Ref": "A"}}}}}`, `B.Properties.P.Ref: resource "A" is not created, for its condition "C" does not hold`},
		{"DependsOn nobody", `{"Resources": {"A": {"Type": "T", "DependsOn": "B"}}}`, `A.DependsOn: there is no resource "B"`},
		{"cycle", `{"Resources": {
			"A": {"Type": "T", "Properties": {"P": {"Ref": "B"}}},
			"B": {"Type": "T", "Properties": {"P": {"Fn::Sub": "${C.Arn}"}}},
			"C": {"Type": "T", "DependsOn": ["A"]}}}`, "circular dependency: A → B → C → A"},
		{"cycle with itself", it(`{"Ref": "It"}`), "circular dependency: It → It"},
		{"mapping key", it(`{"Fn::FindInMap": ["M", "a", "b"]}`), `the mappings have no key "M"`},
		{"output", `{"Resources": {"A": {"Type": "T"}}, "Outputs": {"O": {"Value": {"Fn::GetAtt": ["A", "X"]}}}}`, "Outputs.O.Fn::GetAtt"},
		{"required parameter", `{"Parameters": {"P": {"Type": "String"}}, "Resources": {"A": {"Type": "T"}}}`, "Parameters.P: the parameter has no default"},
		{"globals", `{"Globals": {"Table": {}}, "Resources": {"A": {"Type": "T"}}}`, "Globals.Table: the section is not supported"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			parsed, err := Parse([]byte(test.template))
			if err == nil {
				_, err = parsed.Deploy(home, record(map[string]Resource{}))
			}
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error = %v, want one with %q", err, test.want)
			}
		})
	}
}

func TestParameters(t *testing.T) {
	tests := []struct {
		parameter, given string
		want             string // of the error, "" for none
	}{
		{`{"Type": "String", "AllowedValues": ["a", "b"]}`, "a", ""},
		{`{"Type": "String", "AllowedValues": ["a", "b"]}`, "c", `"c" is not one of the AllowedValues [a, b]`},
		{`{"Type": "String", "AllowedPattern": "[a-z]+"}`, "abc", ""},
		{`{"Type": "String", "AllowedPattern": "[a-z]+"}`, "abc1", "does not match the AllowedPattern"},
		{`{"Type": "String", "AllowedPattern": "a|b", "ConstraintDescription": "must be a letter"}`, "ax", "must be a letter"},
		{`{"Type": "String", "MinLength": 2, "MaxLength": "3"}`, "a", "shorter than MinLength 2"},
		{`{"Type": "String", "MinLength": 2, "MaxLength": "3"}`, "abcd", "longer than MaxLength 3"},
		{`{"Type": "Number", "MinValue": 1, "MaxValue": 10.5}`, "10.5", ""},
		{`{"Type": "Number", "MinValue": 1, "MaxValue": 10.5}`, "0.99", "less than MinValue 1"},
		{`{"Type": "Number", "MinValue": 1, "MaxValue": 10}`, "11", "more than MaxValue 10"},
		{`{"Type": "Number"}`, "ten", `"ten" is not a number`},
		{`{"Type": "Number"}`, "1e999999999", "is not a number"},
		{`{"Type": "List<Number>"}`, "1, x", `"x" is not a number`},
	}
	for _, test := range tests {
		parsed, err := Parse([]byte(`{"Parameters": {"P": ` + test.parameter + `}, "Resources": {"A": {"Type": "T"}}}`))
		if err != nil {
			t.Errorf("%s: %v", test.parameter, err)
			continue
		}
		env := home
		env.Parameters = map[string]string{"P": test.given}
		_, err = parsed.Deploy(env, record(map[string]Resource{}))
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s given %q: error = %v, want %q", test.parameter, test.given, err, test.want)
		}
	}
	for _, test := range []struct{ parameter, want string }{
		{`{"Type": "AWS::SSM::Parameter::Value<String>"}`, "is not supported"},
		{`{"Default": "x"}`, "must have a Type"},
		{`{"Type": "Number", "Default": "x"}`, "Parameters.P.Default"},
		{`{"Type": "String", "AllowedPattern": "("}`, "Parameters.P.AllowedPattern"},
		{`{"Type": "String", "Secret": true}`, "Parameters.P.Secret: the parameter property is not supported"},
	} {
		_, err := Parse([]byte(`{"Parameters": {"P": ` + test.parameter + `}, "Resources": {"A": {"Type": "T"}}}`))
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error = %v, want one with %q", test.parameter, err, test.want)
		}
	}
	parsed, err := Parse([]byte(`{"Resources": {"A": {"Type": "T"}}}`))
	if err != nil {
		t.Fatal(err)
	}
	env := home
	env.Parameters = map[string]string{"Nobody": "x"}
	if _, err := parsed.Deploy(env, record(map[string]Resource{})); err == nil || !strings.Contains(err.Error(), "Parameters.Nobody") {
		t.Errorf("a parameter that the template lacks: error = %v", err)
	}
}

// TestOrder: created after what it refers to, each once, the rest by name.
func TestOrder(t *testing.T) {
	parsed, err := Parse([]byte(`{
		"Conditions": {"No": {"Fn::Equals": [1, 2]}},
		"Resources": {
			"A": {"Type": "T", "Properties": {"P": {"Fn::GetAtt": ["C", "Arn"]}}},
			"B": {"Type": "T", "DependsOn": ["D", "E"]},
			"C": {"Type": "T"},
			"D": {"Type": "T", "Properties": {"P": {"Fn::Sub": "${A}/${C}"}}},
			"E": {"Type": "T", "Condition": "No"}
		},
		"Outputs": {
			"Url": {"Value": {"Fn::Sub": "http://${B}"}, "Description": "d", "Export": {"Name": "n"}},
			"Not": {"Value": "x", "Condition": "No"}
		}}`))
	if err != nil {
		t.Fatal(err)
	}
	stack, err := parsed.Deploy(home, record(map[string]Resource{}))
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"C", "A", "D", "B"}; !slices.EqualFunc(stack.Resources, want, func(r StackResource, id string) bool { return r.LogicalID == id }) {
		t.Errorf("created %v, want %v", stack.Resources, want)
	}
	if diff := cmp.Diff(map[string]string{"Url": "http://ref-B"}, stack.Outputs); diff != "" {
		t.Errorf("outputs (-want +got):\n%s", diff)
	}
}

// TestCreateFails: the failure is told once, from its own place.
func TestCreateFails(t *testing.T) {
	parsed, err := Parse([]byte(`{"Resources": {
		"A": {"Type": "T", "Properties": {"P": {"Ref": "B"}}},
		"B": {"Type": "T", "Properties": {"Size": "big"}}}}`))
	if err != nil {
		t.Fatal(err)
	}
	calls := 0
	_, err = parsed.Deploy(home, func(r Resource) (Values, error) {
		calls++
		return Values{}, r.Decode(&struct{ Size int }{})
	})
	const want = `cloudformation: B.Properties.Size: "big" where an integer is wanted`
	if err == nil || err.Error() != want {
		t.Errorf("error = %v, want %s", err, want)
	}
	if calls != 1 {
		t.Errorf("created %d resources, want 1", calls)
	}
}

func TestGlobals(t *testing.T) {
	created := deploy(t, `{
		"Transform": "AWS::Serverless-2016-10-31",
		"Globals": {"Function": {
			"Timeout": 10, "MemorySize": 128, "Layers": ["a"],
			"Environment": {"Variables": {"A": "1", "B": "2"}},
			"Role": {"Ref": "AWS::StackName"}
		}},
		"Resources": {
			"F": {"Type": "AWS::Serverless::Function", "Properties": {
				"Timeout": 30, "Layers": ["b"],
				"Environment": {"Variables": {"B": "3", "C": "4"}},
				"Role": {"Fn::Sub": "own"}
			}},
			"Q": {"Type": "AWS::SQS::Queue"}
		}}`)
	want := normal(t, `{"Timeout": 30, "MemorySize": 128, "Layers": ["a", "b"], "Environment": {"Variables": {"A": "1", "B": "3", "C": "4"}}, "Role": "own"}`)
	got, err := json.Marshal(created["F"].Properties)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, normal(t, string(got))); diff != "" {
		t.Errorf("merged (-want +got):\n%s", diff)
	}
	if len(created["Q"].Properties) != 0 {
		t.Errorf("a queue got the functions' globals: %v", created["Q"].Properties)
	}
}

// TestYAML: the short forms mean what the long ones do.
func TestYAML(t *testing.T) {
	created := deploy(t, `
AWSTemplateFormatVersion: "2010-09-09"
Parameters:
  Days: {Type: Number, Default: 30}
Conditions:
  Month: !Equals [!Ref Days, 30]
  Not: !Not [!Condition Month]
Resources:
  Other: {Type: T}
  It:
    Type: T
    DeletionPolicy: Retain
    Properties:
      Ref: !Ref Other
      Arn: !GetAtt Other.Arn
      Sub: !Sub "${Other}-${!x}"
      Join: !Join [",", [!Ref Days, b]]
      If: !If [Not, 1, !Ref AWS::NoValue]
      Number: 5
      Float: 1.5
      Quoted: "5"
      Date: 2012-10-17
      True: true
      Octal: 010
      Block: |
        a
        b
`)
	want := map[string]any{
		"Ref": "ref-Other", "Arn": "arn:Other", "Sub": "ref-Other-${x}", "Join": "30,b",
		"Number": json.Number("5"), "Float": json.Number("1.5"), "Quoted": "5", "Date": "2012-10-17", "True": true,
		"Octal": "010", "Block": "a\nb\n",
	}
	if diff := cmp.Diff(want, created["It"].Properties); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if created["It"].Attributes["DeletionPolicy"] != "Retain" {
		t.Errorf("attributes = %v", created["It"].Attributes)
	}
	for _, test := range []struct{ template, want string }{
		{"", "the template is empty"},
		{"a: [", "not YAML"},
		{"Resources:\n  A: {Type: T}\n  A: {Type: T}\n", "twice"},
		{"Resources:\n  A: &a {Type: T}\n  B: *a\n", "no YAML aliases"},
		{"Resources:\n  A:\n    <<: {Type: T}\n", "a key must be a string"},
	} {
		if _, err := Parse([]byte(test.template)); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q: error = %v, want one with %q", test.template, err, test.want)
		}
	}
}

func deploy(t *testing.T, template string) map[string]Resource {
	t.Helper()
	parsed, err := Parse([]byte(template))
	if err != nil {
		t.Fatal(err)
	}
	created := map[string]Resource{}
	if _, err := parsed.Deploy(home, record(created)); err != nil {
		t.Fatal(err)
	}
	return created
}

func normal(t *testing.T, s string) any {
	t.Helper()
	v, err := decodeJSON([]byte(`{"v": ` + s + `}`))
	if err != nil {
		t.Fatalf("%s: %v", s, err)
	}
	return v
}

func FuzzParse(f *testing.F) {
	f.Add(`{"Resources": {"A": {"Type": "T", "Properties": {"P": {"Fn::Sub": "${A.B}-${!x}"}}}}}`)
	f.Add("Resources:\n  A:\n    Type: T\n    Properties: {P: !Join [\",\", [!Ref A, !GetAtt A.B]]}\n")
	f.Add(`{"Conditions": {"C": {"Fn::Or": [{"Condition": "C"}, {"Fn::Equals": [1, 1]}]}}, "Resources": {"A": {"Type": "T", "Condition": "C"}}}`)
	f.Fuzz(func(t *testing.T, template string) {
		parsed, err := Parse([]byte(template))
		if err != nil {
			return
		}
		stack, err := parsed.Deploy(home, record(map[string]Resource{}))
		if err == nil && len(stack.Resources) > 2*len(parsed.resources) { // with what stands apart
			t.Errorf("created %d of %d resources", len(stack.Resources), len(parsed.resources))
		}
	})
}
