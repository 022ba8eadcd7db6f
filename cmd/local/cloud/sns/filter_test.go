package sns

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// The examples of AWS's documentation.
// https://docs.aws.amazon.com/sns/latest/dg/example-filter-policies.html
// https://docs.aws.amazon.com/sns/latest/dg/string-value-matching.html
// https://docs.aws.amazon.com/sns/latest/dg/numeric-value-matching.html
// https://docs.aws.amazon.com/sns/latest/dg/attribute-key-matching.html
// https://docs.aws.amazon.com/sns/latest/dg/and-or-logic.html
func TestFilterByAttributes(t *testing.T) {
	const sale = `{"customer_interests":{"Type":"String.Array","Value":"[\"soccer\", \"rugby\", \"hockey\"]"},"store":{"Type":"String","Value":"example_corp"},"event":{"Type":"String","Value":"order_placed"},"price_usd":{"Type":"Number","Value":"210.75"}}`
	interest := func(s string) string { return `{"customer_interests":{"Type":"String","Value":"` + s + `"}}` }
	interests := func(s ...string) string {
		text, _ := json.Marshal(s)
		value, _ := json.Marshal(string(text))
		return `{"customer_interests":{"Type":"String.Array","Value":` + string(value) + `}}`
	}
	event := func(s string) string { return `{"event":{"Type":"String","Value":"` + s + `"}}` }
	price := func(s string) string { return `{"price_usd":{"Type":"Number","Value":"` + s + `"}}` }
	ip := func(s string) string { return `{"source_ip":{"Type":"String","Value":"` + s + `"}}` }

	for _, test := range []struct {
		policy     string
		attributes string
		want       bool
	}{
		{`{"store":["example_corp"],"event":[{"anything-but":"order_cancelled"}],"customer_interests":["rugby","football","baseball"],"price_usd":[{"numeric":[">=",100]}]}`, sale, true},
		{`{"store":["example_corp"],"event":["order_cancelled"],"encrypted":[false],"customer_interests":["basketball","baseball"]}`, sale, false},

		{`{"customer_interests":["rugby","tennis"]}`, interest("rugby"), true},
		{`{"customer_interests":["rugby","tennis"]}`, interest("tennis"), true},
		{`{"customer_interests":["rugby","tennis"]}`, interests("rugby", "tennis"), true},
		{`{"customer_interests":["rugby","tennis"]}`, interest("baseball"), false},
		{`{"customer_interests":["rugby","tennis"]}`, interests("baseball"), false},
		{`{"customer_interests":["rugby","tennis"]}`, interest("Rugby"), false},

		{`{"customer_interests":[{"anything-but":["rugby","tennis"]}]}`, interest("baseball"), true},
		{`{"customer_interests":[{"anything-but":["rugby","tennis"]}]}`, interest("football"), true},
		{`{"customer_interests":[{"anything-but":["rugby","tennis"]}]}`, interests("rugby", "baseball"), true},
		{`{"customer_interests":[{"anything-but":["rugby","tennis"]}]}`, interests("rugby", "tennis"), false},
		{`{"customer_interests":[{"anything-but":["rugby","tennis"]}]}`, interest("rugby"), false},
		{`{"customer_interests":[{"anything-but":["rugby","tennis"]}]}`, `{}`, false},
		{`{"customer_interests":[{"anything-but":["rugby"]},{"exists":false}]}`, `{}`, true},

		{`{"event":[{"anything-but":{"prefix":"order-"}}]}`, event("data-entry"), true},
		{`{"event":[{"anything-but":{"prefix":"order-"}}]}`, event("order_number"), true},
		{`{"event":[{"anything-but":{"prefix":"order-"}}]}`, event("order-cancelled"), false},
		{`{"customer_interests":[{"anything-but":{"suffix":"ball"}}]}`, interest("cricket"), true},
		{`{"customer_interests":[{"anything-but":{"suffix":"ball"}}]}`, interest("baseball"), false},
		{`{"customer_interests":[{"anything-but":{"wildcard":"*ball"}}]}`, interest("hockey"), true},
		{`{"customer_interests":[{"anything-but":{"wildcard":"*ball"}}]}`, interest("baseball"), false},

		{`{"customer_interests":[{"equals-ignore-case":"tennis"}]}`, interest("TENNIS"), true},
		{`{"customer_interests":[{"equals-ignore-case":"tennis"}]}`, interest("Tennis"), true},
		{`{"customer_interests":[{"equals-ignore-case":"tennis"}]}`, interest("tenni"), false},

		{`{"source_ip":[{"cidr":"10.0.0.0/24"}]}`, ip("10.0.0.0"), true},
		{`{"source_ip":[{"cidr":"10.0.0.0/24"}]}`, ip("10.0.0.255"), true},
		{`{"source_ip":[{"cidr":"10.0.0.0/24"}]}`, ip("10.1.1.0"), false},
		{`{"source_ip":[{"cidr":"10.0.0.7"}]}`, ip("10.0.0.7"), true},
		{`{"source_ip":[{"cidr":"2001:db8::/32"}]}`, ip("2001:db8::1"), true},
		{`{"source_ip":[{"cidr":"10.0.0.0/24"}]}`, ip("somewhere"), false},

		{`{"customer_interests":[{"prefix":"bas"}]}`, interest("baseball"), true},
		{`{"customer_interests":[{"prefix":"bas"}]}`, interest("basketball"), true},
		{`{"customer_interests":[{"prefix":"bas"}]}`, interest("rugby"), false},
		{`{"customer_interests":[{"suffix":"ball"}]}`, interest("baseball"), true},
		{`{"customer_interests":[{"suffix":"ball"}]}`, interest("rugby"), false},
		{`{"customer_interests":[{"wildcard":"*ball"}]}`, interest("baseball"), true},
		{`{"customer_interests":[{"wildcard":"*ball"}]}`, interests("hockey", "football"), true},
		{`{"customer_interests":[{"wildcard":"*ball"}]}`, interest("ballet"), false},
		{`{"customer_interests":[{"wildcard":"b*b*l"}]}`, interest("baseball"), true},
		{`{"customer_interests":[{"wildcard":"b*b"}]}`, interest("b"), false},
		{`{"customer_interests":[{"wildcard":"a\\*b"}]}`, interest("a*b"), true},
		{`{"customer_interests":[{"wildcard":"a\\*b"}]}`, interest("axb"), false},
		{`{"customer_interests":[{"wildcard":"a\\\\*"}]}`, interest(`a\\b`), true},
		{`{"customer_interests":[{"wildcard":"*"}]}`, interest("x"), true},

		{`{"price_usd":[{"numeric":["=",301.5]}]}`, price("301.5"), true},
		{`{"price_usd":[{"numeric":["=",301.5]}]}`, price("3.015e2"), true},
		{`{"price_usd":[{"numeric":["=",301.5]}]}`, price("301.50001"), false},
		{`{"price_usd":[{"numeric":["=",301.5]}]}`, price("301.500001"), true},
		{`{"price_usd":[301.5]}`, price("3.015e2"), true},
		{`{"price_usd":[{"numeric":["=",301.5]}]}`, `{"price_usd":{"Type":"String","Value":"301.5"}}`, false},
		{`{"price_usd":[{"anything-but":[100,500]}]}`, price("101"), true},
		{`{"price_usd":[{"anything-but":[100,500]}]}`, price("100.1"), true},
		{`{"price_usd":[{"anything-but":[100,500]}]}`, `{"price_usd":{"Type":"Number.Array","Value":"[100, 50]"}}`, true},
		{`{"price_usd":[{"anything-but":[100,500]}]}`, price("100"), false},
		{`{"price_usd":[{"anything-but":100}]}`, price("100"), false},
		{`{"price_usd":[{"numeric":["<",0]}]}`, price("-1"), true},
		{`{"price_usd":[{"numeric":["<",0]}]}`, price("0"), false},
		{`{"price_usd":[{"numeric":[">",0,"<=",150]}]}`, price("150"), true},
		{`{"price_usd":[{"numeric":[">",0,"<=",150]}]}`, price("150.1"), false},
		{`{"price_usd":[{"numeric":[">",0,"<=",150]}]}`, price("0"), false},

		{`{"store":[{"exists":true}]}`, sale, true},
		{`{"store":[{"exists":true}]}`, interests("baseball"), false},
		{`{"store":[{"exists":false}]}`, sale, false},
		{`{"store":[{"exists":false}]}`, interests("baseball"), true},
		{`{"store":[{"exists":true}]}`, `{"store":{"Type":"Binary","Value":"AgME"}}`, false},

		{`{"customer_interests":[true]}`, `{"customer_interests":{"Type":"String.Array","Value":"[null, true, 7]"}}`, true},
		{`{"customer_interests":[null]}`, `{"customer_interests":{"Type":"String.Array","Value":"[null, true, 7]"}}`, true},
		{`{"customer_interests":[7]}`, `{"customer_interests":{"Type":"String.Array","Value":"[null, true, 7]"}}`, true},
		{`{"customer_interests":[false]}`, `{"customer_interests":{"Type":"String.Array","Value":"[null, true, 7]"}}`, false},
		{`{"customer_interests":["x"]}`, `{"customer_interests":{"Type":"String.Array","Value":"no array"}}`, false},

		{`{"source":["aws.cloudwatch"],"$or":[{"metricName":["CPUUtilization","ReadLatency"]},{"namespace":["AWS/EC2","AWS/ES"]}]}`,
			`{"source":{"Type":"String","Value":"aws.cloudwatch"},"metricName":{"Type":"String","Value":"CPUUtilization"}}`, true},
		{`{"source":["aws.cloudwatch"],"$or":[{"metricName":["CPUUtilization","ReadLatency"]},{"namespace":["AWS/EC2","AWS/ES"]}]}`,
			`{"source":{"Type":"String","Value":"aws.cloudwatch"},"namespace":{"Type":"String","Value":"AWS/ES"}}`, true},
		{`{"source":["aws.cloudwatch"],"$or":[{"metricName":["CPUUtilization","ReadLatency"]},{"namespace":["AWS/EC2","AWS/ES"]}]}`,
			`{"source":{"Type":"String","Value":"aws.cloudwatch"},"namespace":{"Type":"String","Value":"AWS/SNS"}}`, false},
		{`{"$or":["a","b"]}`, `{"$or":{"Type":"String","Value":"a"}}`, true},
		{``, `{}`, true},
		{`{}`, `{}`, true},
	} {
		p, err := parseFilterPolicy(test.policy, scopeAttributes)
		if err != nil {
			t.Errorf("%s: %v", test.policy, err)
			continue
		}
		var in map[string]struct{ Type, Value string }
		if err := json.Unmarshal([]byte(test.attributes), &in); err != nil {
			t.Fatal(test.attributes, err)
		}
		attributes := map[string]MessageAttributeValue{}
		for name, v := range in {
			attributes[name] = MessageAttributeValue{DataType: v.Type, StringValue: v.Value}
		}
		if got := p.matchesAttributes(attributes); got != test.want {
			t.Errorf("%s on %s: %v", test.policy, test.attributes, got)
		}
	}
}

func TestFilterByBody(t *testing.T) {
	const order = `{"store":"example_corp","event":"order_placed","customer_interests":["soccer","rugby","hockey"],"price_usd":210.75,"encrypted":null,
		"customer":{"name":"Ada","address":{"city":"London"}},"items":[{"sku":"a","n":1},{"sku":"b","n":2}]}`
	for policy, want := range map[string]bool{
		`{"store":["example_corp"],"event":[{"anything-but":"order_cancelled"}],"customer_interests":["rugby"],"price_usd":[{"numeric":[">=",100]}]}`: true,
		`{"store":["example_corp"],"encrypted":[false]}`:                                                       false,
		`{"encrypted":[null]}`:                                                                                 true,
		`{"customer":{"address":{"city":["London","Paris"]}}}`:                                                 true,
		`{"customer":{"address":{"city":["Paris"]}}}`:                                                          false,
		`{"customer":{"address":{"city":[{"prefix":"Lon"}]},"name":["Ada"]}}`:                                  true,
		`{"customer":{"address":{"street":[{"exists":false}]}}}`:                                               true,
		`{"customer":[{"exists":true}]}`:                                                                       true,
		`{"customer":["Ada"]}`:                                                                                 false,
		`{"absent":{"name":["x"]}}`:                                                                            false,
		`{"absent":{"name":[{"exists":false}]}}`:                                                               true,
		`{"items":{"sku":["b"]}}`:                                                                              true,
		`{"items":{"sku":["a"],"n":[1]}}`:                                                                      true,
		`{"items":{"sku":["a"],"n":[2]}}`:                                                                      false, // not of one item
		`{"items":{"$or":[{"sku":["z"]},{"n":[2]}]}}`:                                                          true,
		`{"$or":[{"event":["order_cancelled"]},{"price_usd":[{"numeric":["<",10]}]}]}`:                         false,
		`{"$or":[{"event":["order_cancelled"]},{"$or":[{"store":["x"]},{"store":["example_corp"]}]}]}`:         true,
		`{"customer_interests":[{"anything-but":["soccer","rugby","hockey"]}]}`:                                false,
		`{"customer_interests":[{"anything-but":["soccer"]}],"store":[{"equals-ignore-case":"EXAMPLE_CORP"}]}`: true,
	} {
		p, err := parseFilterPolicy(policy, scopeBody)
		if err != nil {
			t.Errorf("%s: %v", policy, err)
			continue
		}
		var body any
		if err := json.Unmarshal([]byte(order), &body); err != nil {
			t.Fatal(err)
		}
		if got := p.matchesBody(body); got != want {
			t.Errorf("%s: %v", policy, got)
		}
		for _, none := range []any{nil, "text", []any{}, 1.0} {
			if p.matchesBody(none) {
				t.Errorf("%s matches %v", policy, none)
			}
		}
	}
}

// The sentences are AWS's.
func TestFilterPolicyRefused(t *testing.T) {
	values := func(n int) string {
		return `["` + strings.Join(strings.Split(strings.Repeat("x", n), ""), `","`) + `"]`
	}
	wildcards := func(n int) string {
		var list []string
		for i := range n {
			list = append(list, fmt.Sprintf(`{"wildcard":"*%d"}`, i))
		}
		return "[" + strings.Join(list, ",") + "]"
	}
	const complexPolicy = "Filter policy is too complex"
	for _, test := range []struct{ policy, want string }{
		{`{"key":[["value"]]}`, "Match value must be String, number, true, false, or null"},
		{`{"key":[{"wrong-operator":true}]}`, "Unrecognized match type wrong-operator"},
		{`{"key":[{"suffix":"value","prefix":"value2"}]}`, "Only one key allowed in match expression"},
		{`{"key":[{"suffix":100}]}`, "suffix match pattern must be a string"},
		{`{"key":[{"suffix":null}]}`, "suffix match pattern must be a string"},
		{`{"key":[{"suffix":["test","test2"]}]}`, "suffix match pattern must be a string"},
		{`{"key":[{"prefix":1}]}`, "prefix match pattern must be a string"},
		{`{"key":[{"wildcard":1}]}`, "wildcard match pattern must be a string"},
		{`{"key":[{"equals-ignore-case":["a"]}]}`, "equals-ignore-case match pattern must be a string"},
		{`{"key":"value"}`, `"key" must be an object or an array`},
		{`{"key":{}}`, "Empty objects are not allowed"},
		{`{"key":[]}`, "Empty arrays are not allowed"},
		{`{"key":[{}]}`, "Match expression name not found"},
		{`{"":["x"]}`, "Empty field names are not allowed"},
		{`{"key":[{"numeric":[]}]}`, "Invalid member in numeric match: ]"},
		{`{"key":[{"numeric":["operator"]}]}`, "Unrecognized numeric range operator: operator"},
		{`{"key":[{"numeric":[1,"<="]}]}`, "Invalid member in numeric match: 1"},
		{`{"key":[{"numeric":["=","000"]}]}`, "Value of equals must be numeric"},
		{`{"key":[{"numeric":[">="]}]}`, "Value of >= must be numeric"},
		{`{"key":[{"numeric":["<",100,">",10]}]}`, "Too many elements in numeric expression"},
		{`{"key":[{"numeric":[">=",1,">",2]}]}`, "Bad numeric range operator: >"},
		{`{"key":[{"numeric":[">",3,"<",1]}]}`, "Bottom must be less than top"},
		{`{"key":[{"numeric":[">",20,"<="]}]}`, "Value of <= must be numeric"},
		{`{"key":[{"numeric":[">",20,30]}]}`, "Bad value in numeric range: 30"},
		{`{"key":[{"numeric":[">",20,"test"]}]}`, "Bad numeric range operator: test"},
		{`{"key":[{"numeric":[">","20","<","30"]}]}`, "Value of > must be numeric"},
		{`{"key":[{"numeric":[">",20,"<","30"]}]}`, "Value of < must be numeric"},
		{`{"key":[{"numeric":[">",20,"<",30,"<",50]}]}`, "Too many terms in numeric range expression"},
		{`{"key":[{"numeric":["=",2e9]}]}`, "Value must be between -1.0E+09 and 1.0E+09, inclusive"},
		{`{"key":[{"numeric":"="}]}`, "Value of numeric must be an array."},
		{`{"key":[{"exists":null}]}`, "exists match pattern must be either true or false."},
		{`{"key":[{"exists":"no"}]}`, "exists match pattern must be either true or false."},
		{`{"key":[{"cidr":10}]}`, "prefix match pattern must be a string"},
		{`{"key":[{"cidr":"bad-filter"}]}`, "Malformed CIDR, one '/' required"},
		{`{"key":[{"cidr":"bad-filter/64"}]}`, "Nonstandard IP address: bad-filter"},
		{`{"key":[{"cidr":"10.0.0.0/x"}]}`, "Malformed CIDR, mask bits must be an integer"},
		{`{"key":[{"anything-but":{"equals-ignore-case":"x"}}]}`, "Unsupported anything-but pattern: equals-ignore-case"},
		{`{"key":[{"anything-but":{"prefix":""}}]}`, "Null prefix/suffix not allowed"},
		{`{"key":[{"anything-but":{"prefix":"a","suffix":"b"}}]}`, "Only one key allowed in match expression"},
		{`{"key":[{"anything-but":{}}]}`, "Anything-But expression name not found"},
		{`{"key":[{"anything-but":true}]}`, "Value of anything-but must be an array or single string/number value."},
		{`{"key":[{"anything-but":[true]}]}`, "Inside anything but list, start|null|boolean is not supported."},
		{`{"key":[{"anything-but":["a",1]}]}`, "Inside anything but list, either all values are number or string, mixed type is not supported"},
		{`{"key":[{"anything-but":[]}]}`, "Inside anything but list, either all values are number or string, mixed type is not supported"},
		{`{"key":[{"wildcard":"a**b"}]}`, "Consecutive wildcard characters at pos 1"},
		{`{"key":[{"wildcard":"a\\b"}]}`, "Invalid escape character at pos 1"},
		{`{"key":[{"wildcard":"a\\"}]}`, "Invalid escape character at pos 1"},
		{`{"key":[{"wildcard":"*a*b*c*"}]}`, "A wildcard pattern can have at most 3 wildcard characters"},
		{`{"a":["x"],"b":["x"],"c":["x"],"d":["x"],"e":["x"],"f":["x"]}`, "Filter policy can not have more than 5 keys"},
		{`{"a":` + values(151) + `}`, complexPolicy},
		{`{"a":` + values(13) + `,"b":` + values(12) + `}`, complexPolicy},
		{`{"$or":[{"a":` + values(100) + `},{"b":` + values(51) + `}]}`, complexPolicy},
		{`{"a":` + wildcards(11) + `}`, complexPolicy},
		{`{"a":{"b":["x"]}}`, "Filter policy scope MessageAttributes does not support nested filter policy"},
		{`[]`, "Filter is not an object"},
		{`{"a":["x"],"a":["y"]}`, "failed to parse JSON. Duplicate field 'a'"},
		{`{"a":["x"]} x`, "failed to parse JSON. more than one JSON value"},
		{strings.Repeat(`{"a":`, 200), "failed to parse JSON. nested too deeply"},
	} {
		scope := scopeAttributes
		if strings.Contains(test.policy, `"key":{`) {
			scope = scopeBody
		}
		if _, err := parseFilterPolicy(test.policy, scope); err == nil || err.Error() != test.want {
			t.Errorf("%.100s: %v\nwant %s", test.policy, err, test.want)
		}
	}
}

// What is just within the limits passes.
func TestFilterPolicyLimits(t *testing.T) {
	for policy, scope := range map[string]string{
		`{"a":[1,2,3,4,5,6,7,8,9,10],"b":[1,2,3,4,5],"c":[1,2,3]}`:                                                                                                                               scopeAttributes,
		`{"key_a":{"key_b":{"key_c":["value_one","value_two","value_three","value_four"]}},"key_d":{"key_e":["value_one","value_two","value_three"]}}`:                                           scopeBody,
		`{"state":["SUCCESS"],"severity":[{"exists":true}],"message":[{"exists":true}],"finding":{"standard_control":[{"exists":true}],"region":[{"exists":true}],"account":[{"exists":true}]}}`: scopeBody,
		`{"a":[{"wildcard":"*a*b*"}],"b":[{"wildcard":"*"}]}`:                                                                                                                                    scopeAttributes,
	} {
		if _, err := parseFilterPolicy(policy, scope); err != nil {
			t.Errorf("%s: %v", policy, err)
		}
	}
}

func FuzzFilterPolicy(f *testing.F) {
	f.Add(`{"store":["example_corp",1,true,null],"$or":[{"a":[{"prefix":"x"}]},{"b":{"c":[{"exists":false}]}}]}`, `{"store":"x","b":[{"c":1}]}`)
	f.Add(`{"a":[{"numeric":[">",0,"<=",150]},{"anything-but":["x"]},{"cidr":"10.0.0.0/8"},{"wildcard":"a*\\*b"}]}`, `{"a":["x",2,null]}`)
	f.Fuzz(func(t *testing.T, policy, body string) {
		p, err := parseFilterPolicy(policy, scopeBody)
		if err != nil {
			return
		}
		var v any
		if json.Unmarshal([]byte(body), &v) == nil {
			p.matchesBody(v)
		}
		if p, err := parseFilterPolicy(policy, scopeAttributes); err == nil {
			p.matchesAttributes(map[string]MessageAttributeValue{"a": {DataType: "String", StringValue: body}, "b": {DataType: "String.Array", StringValue: body}})
		}
	})
}
