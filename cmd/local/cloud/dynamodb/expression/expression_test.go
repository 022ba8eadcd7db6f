package expression

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"orderflow/cmd/local/cloud/dynamodb/attribute"
	"orderflow/cmd/local/cloud/protocol"
)

// item is what the expressions below are evaluated on.
const item = `{"pk":{"S":"k"},"s":{"S":"hello"},"n":{"N":"5"},"big":{"N":"10"},"b":{"B":"AAEC"},"t":{"BOOL":true},"nul":{"NULL":true},
	"l":{"L":[{"S":"a"},{"N":"2"},{"M":{"x":{"N":"1"}}}]},"m":{"M":{"a":{"S":"v"},"deep":{"M":{"c":{"N":"7"}}}}},
	"ss":{"SS":["x","y"]},"ns":{"NS":["1","2"]},"status":{"S":"PENDING"}}`

// values and names are what placeholders stand for; each test uses some.
const values = `{":s":{"S":"hello"},":he":{"S":"he"},":n":{"N":"5"},":one":{"N":"1"},":seven":{"N":"7"},":t":{"BOOL":true},
	":x":{"S":"x"},":a":{"S":"a"},":l":{"L":[{"S":"z"}]},":m":{"M":{"q":{"S":"r"}}},":ss":{"SS":["y","z"]},":xy":{"SS":["y","x"]},
	":S":{"S":"S"},":NULL":{"S":"NULL"},":bad":{"S":"XX"},":b":{"B":"AAE="},":pending":{"S":"PENDING"},":nul":{"NULL":true}}`

var names = []Name{{"#status", "status"}, {"#m", "m"}, {"#a", "a"}, {"#dot", "a.b"}, {"#l", "l"}}

func decode(t testing.TB, text string) attribute.Map {
	t.Helper()
	var m attribute.Map
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		t.Fatal(err)
	}
	return m
}

func newEnv(t testing.TB) *Env {
	t.Helper()
	env, err := NewEnv(names, decode(t, values))
	if err != nil {
		t.Fatal(err)
	}
	return env
}

func TestConditions(t *testing.T) {
	p, stored := NewParser(), decode(t, item)
	for text, want := range map[string]bool{
		"s = :s":                                true,
		"s <> :s":                               false,
		"s = :n":                                false,
		"absent = :s":                           false,
		"absent <> :s":                          true,
		":s = s":                                true,
		"n < big":                               true, // as numbers, not as text
		"n <= :n":                               true,
		"n > :n":                                false,
		"n >= :n":                               true,
		"n < :he":                               false, // other types are not ordered
		"absent < :n":                           false,
		"n BETWEEN :one AND :seven":             true,
		"n BETWEEN :seven AND big":              false,
		"n between :one and :n and s = :s":      true,
		"s IN (:he, :s)":                        true,
		"s in (:he)":                            false,
		"absent IN (:he)":                       false,
		"attribute_exists(pk)":                  true,
		"attribute_not_exists(pk)":              false,
		"attribute_exists(m.deep.c)":            true,
		"attribute_exists(m.deep.d)":            false,
		"attribute_exists(l[2].x)":              true,
		"attribute_exists(l[3])":                false,
		"attribute_exists(s.x)":                 false,
		"attribute_exists(#m.#a)":               true,
		"attribute_not_exists(#dot)":            true, // one name with a dot in it
		"attribute_type(s, :S)":                 true,
		"attribute_type(nul, :NULL)":            true,
		"attribute_type(n, :S)":                 false,
		"begins_with(s, :he)":                   true,
		"begins_with(b, :b)":                    true,
		"begins_with(s, :b)":                    false,
		"begins_with(absent, :he)":              false,
		"contains(s, :he)":                      true,
		"contains(ss, :x)":                      true,
		"contains(ss, :a)":                      false,
		"contains(ns, :one)":                    true,
		"contains(l, :a)":                       true,
		"contains(l, :x)":                       false,
		"contains(n, :one)":                     false,
		"size(s) = :n":                          true,
		"size(l) < :n":                          true,
		"size(m) > :one":                        true,
		"size(ss) > size(b)":                    false,
		"size(absent) > :one":                   false,
		"size(n) > :one":                        false,
		"ss = :xy":                              true, // sets have no order
		"t = :t":                                true,
		"nul = :nul":                            true,
		"NOT s = :s":                            false,
		"NOT NOT s = :s":                        true,
		"not (s = :s or n = :one)":              false,
		"s = :he OR s = :s AND n = :one":        false, // AND binds tighter
		"(s = :he OR s = :s) AND n = :n":        true,
		"NOT s = :he AND n = :n":                true, // NOT binds tightest
		"(s) = (:s)":                            true,
		"#status = :pending AND (size(s)) = :n": true,
		"m.deep.c=:seven":                       true,
		"s = :s\n\tAND\r\nn = :n":               true,
	} {
		c, err := p.Condition("ConditionExpression", text, newEnv(t))
		if err != nil {
			t.Errorf("%s: %v", text, err)
		} else if got := c.Holds(stored); got != want {
			t.Errorf("%s is %v", text, got)
		}
	}
	absent, err := p.Condition("ConditionExpression", "attribute_not_exists(pk) OR n = :n", newEnv(t))
	if err != nil || !absent.Holds(nil) {
		t.Errorf("an item that is not there: %v", err)
	}
}

func TestConditionErrors(t *testing.T) {
	p := NewParser()
	for text, want := range map[string]string{
		"":                                      `The expression can not be empty;`,
		"  ":                                    `The expression can not be empty;`,
		"s":                                     `Syntax error; token: "<EOF>", near: "s"`,
		":s a":                                  `Syntax error; token: "a", near: ":s a"`,
		"s = :s b":                              `Syntax error; token: "b", near: ":s b"`,
		"s = :s)":                               `Syntax error; token: ")", near: ":s)"`,
		"_x = :s":                               `Syntax error; token: "_", near: "_x"`,
		"s ! :s":                                `Syntax error; token: "!", near: "s ! :s"`,
		"s = :s AND":                            `Syntax error; token: "<EOF>", near: "AND"`,
		"((s = :s))":                            `The expression has redundant parentheses;`,
		"((s)) = :s":                            `The expression has redundant parentheses;`,
		"foo(s)":                                `Invalid function name; function: foo`,
		"size(s)":                               `The function is not allowed to be used this way in an expression; function: size`,
		"attribute_exists(s) = :t":              `The function is not allowed to be used this way in an expression; function: attribute_exists`,
		"contains(size(s), begins_with(s, :s))": `The function is not allowed to be used this way in an expression; function: begins_with`,
		"status = :s":                           `Attribute name is a reserved keyword; reserved keyword: status`,
		"m.Name = :s":                           `Attribute name is a reserved keyword; reserved keyword: Name`,
		"#nope = :s":                            `An expression attribute name used in the document path is not defined; attribute name: #nope`,
		"s = :nope":                             `An expression attribute value used in expression is not defined; attribute value: :nope`,
		"attribute_exists(s, n)":                `Incorrect number of operands for operator or function; operator or function: attribute_exists, number of operands: 2`,
		"begins_with(s)":                        `Incorrect number of operands for operator or function; operator or function: begins_with, number of operands: 1`,
		"s = s":                                 `The first operand must be distinct from the remaining operands for this operator or function; operator: =, first operand: [s]`,
		"contains(m.l[1], m.l[1])":              `The first operand must be distinct from the remaining operands for this operator or function; operator: contains, first operand: [m, l, [1]]`,
		"attribute_exists(:s)":                  `Operator or function requires a document path; operator or function: attribute_exists`,
		"begins_with(s, :n)":                    `Incorrect operand type for operator or function; operator or function: begins_with, operand type: N`,
		"begins_with(s, size(m))":               `Incorrect operand type for operator or function; operator or function: begins_with, operand type: N`,
		"attribute_type(s, :n)":                 `Incorrect operand type for operator or function; operator or function: attribute_type, operand type: N`,
		"attribute_type(s, n)":                  `Incorrect operand type for operator or function; operator or function: attribute_type, operand type: {NS,SS,L,BS,N,M,B,BOOL,NULL,S}`,
		"attribute_type(s, :bad)":               `Invalid attribute type name found; type: XX, valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}`,
		"size(:n) = :one":                       `Incorrect operand type for operator or function; operator or function: size, operand type: N`,
		"s < :t":                                `Incorrect operand type for operator or function; operator or function: <, operand type: BOOL`,
		"n BETWEEN :one AND :s":                 `The BETWEEN operator requires same data type for lower and upper bounds; lower bound operand: AttributeValue: {N:1}, upper bound operand: AttributeValue: {S:hello}`,
		"n BETWEEN :seven AND :one":             `The BETWEEN operator requires upper bound to be greater than or equal to lower bound; lower bound operand: AttributeValue: {N:7}, upper bound operand: AttributeValue: {N:1}`,
		// Of several faults the graver is told, wherever it stands.
		"s = :nope AND status = :s":                                    `Attribute name is a reserved keyword; reserved keyword: status`,
		"status = :s AND foo(s)":                                       `Invalid function name; function: foo`,
		"s = :s AND " + strings.Repeat("a", 4096):                      `Expression size has exceeded the maximum allowed size; expression size: 4107`,
		strings.Repeat("(", 301) + "s = :s" + strings.Repeat(")", 301): `The expression has too many nested parentheses;`,
	} {
		_, err := p.Condition("FilterExpression", text, newEnv(t))
		check(t, text, err, "Invalid FilterExpression: "+want)
	}
}

func check(t *testing.T, text string, err error, want string) {
	t.Helper()
	e, ok := errors.AsType[*protocol.Error](err)
	if !ok || e.Code != "ValidationException" || e.Message != want {
		t.Errorf("%.60s\n got %v\nwant %s", text, err, want)
	}
}

func TestKeyConditions(t *testing.T) {
	p := NewParser()
	for text, want := range map[string]string{
		"pk = :s":                               "pk = [hello]",
		":s = pk":                               "pk = [hello]",
		"pk = :s AND n < :n":                    "pk = [hello]; n < [5]",
		"pk = :s AND :n <= n":                   "pk = [hello]; n >= [5]",
		"(n BETWEEN :one AND :n) AND (pk = :s)": "n BETWEEN [1 5]; pk = [hello]",
		"pk = :s AND begins_with(#status, :he)": "pk = [hello]; status begins_with [he]",
	} {
		keys, err := p.KeyConditions(text, newEnv(t))
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		var got []string
		for _, k := range keys {
			got = append(got, sprint(k))
		}
		if strings.Join(got, "; ") != want {
			t.Errorf("%s is %s, want %s", text, got, want)
		}
	}
	for text, want := range map[string]string{
		"":                     "Invalid KeyConditionExpression: The expression can not be empty;",
		"pk = :s OR n = :n":    "Invalid operator used in KeyConditionExpression: OR",
		"NOT pk = :s":          "Invalid operator used in KeyConditionExpression: NOT",
		"pk IN (:s)":           "Invalid operator used in KeyConditionExpression: IN",
		"pk <> :s":             "Invalid operator used in KeyConditionExpression: <>",
		"attribute_exists(pk)": "Invalid operator used in KeyConditionExpression: attribute_exists",
		"contains(pk, :s)":     "Invalid operator used in KeyConditionExpression: contains",
		"size(pk) = :n":        "Invalid KeyConditionExpression: KeyConditionExpressions cannot contain nested operations",
		"pk = s":               "Invalid condition in KeyConditionExpression: Multiple attribute names used in one condition",
		":s = :x":              "Invalid condition in KeyConditionExpression: No key attribute specified",
		":n BETWEEN n AND big": "Invalid condition in KeyConditionExpression: BETWEEN operator must have the key attribute as its first operand",
		"begins_with(:s, s)":   "Invalid condition in KeyConditionExpression: begins_with operator must have the key attribute as its first operand",
		"m.a = :s":             "Invalid KeyConditionExpression: KeyConditionExpressions cannot have conditions on nested attributes",
		"pk = :s AND pk = :x":  "Invalid KeyConditionExpression: KeyConditionExpressions must only contain one condition per key",
	} {
		_, err := p.KeyConditions(text, newEnv(t))
		check(t, text, err, want)
	}
}

func sprint(k KeyCondition) string {
	var b strings.Builder
	b.WriteString(k.Attribute + " " + k.Op + " [")
	for i, v := range k.Values {
		if i > 0 {
			b.WriteByte(' ')
		}
		shown := strings.TrimSuffix(strings.SplitN(show(v), ":", 2)[1], "}")
		b.WriteString(shown)
	}
	return b.String() + "]"
}

func TestProjection(t *testing.T) {
	p, stored := NewParser(), decode(t, item)
	for text, want := range map[string]string{
		"s, n":               `{"n":{"N":"5"},"s":{"S":"hello"}}`,
		"absent, m.deep.c":   `{"m":{"M":{"deep":{"M":{"c":{"N":"7"}}}}}}`,
		"m.a, m.deep":        `{"m":{"M":{"a":{"S":"v"},"deep":{"M":{"c":{"N":"7"}}}}}}`,
		"l[2].x, l[0], l[9]": `{"l":{"L":[{"S":"a"},{"M":{"x":{"N":"1"}}}]}}`,
		"#status":            `{"status":{"S":"PENDING"}}`,
		"s.x, absent, l.x":   `{}`,
	} {
		projection, err := p.Projection(text, newEnv(t))
		if err != nil {
			t.Errorf("%s: %v", text, err)
		} else if got, _ := projection.Of(stored).MarshalJSON(); string(got) != want {
			t.Errorf("%s\n got %s\nwant %s", text, got, want)
		}
	}
	for text, want := range map[string]string{
		"":           "The expression can not be empty;",
		"(s)":        `Syntax error; token: "(", near: "(s"`,
		"s,":         `Syntax error; token: "<EOF>", near: ","`,
		"s, name":    "Attribute name is a reserved keyword; reserved keyword: name",
		"#nope":      "An expression attribute name used in the document path is not defined; attribute name: #nope",
		"m, s, m.a":  "Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [m], path two: [m, a]",
		"#m.a, m.#a": "Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [m, a], path two: [m, a]",
		"m.a, m[0]":  "Two document paths conflict with each other; must remove or rewrite one of these paths; path one: [m, a], path two: [m, [0]]",
	} {
		_, err := p.Projection(text, newEnv(t))
		check(t, text, err, "Invalid ProjectionExpression: "+want)
	}
}

func TestEnv(t *testing.T) {
	_, err := NewEnv([]Name{{"status", "status"}}, nil)
	check(t, "a name without #", err, `ExpressionAttributeNames contains invalid key: Syntax error; key: "status"`)
	_, err = NewEnv(nil, decode(t, `{":a b":{"S":"x"}}`))
	check(t, "a value with a space", err, `ExpressionAttributeValues contains invalid key: Syntax error; key: ":a b"`)

	env, err := NewEnv([]Name{{"#x", "x"}, {"#y", "y"}}, decode(t, `{":v":{"S":"x"},":w":{"S":"x"}}`))
	if err != nil {
		t.Fatal(err)
	}
	p := NewParser()
	if _, err := p.Condition("ConditionExpression", "#x = :v", env); err != nil {
		t.Fatal(err)
	}
	check(t, "an unused name", env.CheckUsed(), "Value provided in ExpressionAttributeNames unused in expressions: keys: {#y}")
	if _, err := p.Projection("#y", env); err != nil {
		t.Fatal(err)
	}
	check(t, "an unused value", env.CheckUsed(), "Value provided in ExpressionAttributeValues unused in expressions: keys: {:w}")
}

// A parser that has seen more texts than it remembers goes on parsing.
func TestCacheIsBounded(t *testing.T) {
	p := NewParser()
	for i := range 3 * maxCached {
		if _, err := p.Projection("a"+strings.Repeat("b", i%4000), newEnv(t)); err != nil {
			t.Fatal(err)
		}
		if len(p.projections.seen) > maxCached {
			t.Fatalf("%d texts are remembered", len(p.projections.seen))
		}
	}
}

func FuzzExpressions(f *testing.F) {
	for _, seed := range []string{
		"s = :s", "NOT (a BETWEEN :one AND :n) OR size(l[0].x) IN (:a, :b)", "((a))", "begins_with(#status, :he)",
		"SET a = if_not_exists(b, :one) + :n, l[1] = list_append(l, :l) REMOVE x.y ADD n :one DELETE ss :ss", "a, b[0].c, #m",
	} {
		f.Add(seed)
	}
	p := NewParser()
	f.Fuzz(func(t *testing.T, text string) {
		stored := decode(t, item)
		if c, err := p.Condition("ConditionExpression", text, newEnv(t)); err == nil {
			c.Holds(stored)
			c.Holds(nil)
		}
		p.KeyConditions(text, newEnv(t))
		if projection, err := p.Projection(text, newEnv(t)); err == nil {
			projection.Of(stored)
		}
		if u, err := p.Update(text, newEnv(t)); err == nil {
			before, _ := stored.MarshalJSON()
			if after, err := u.Apply(stored); err == nil {
				if err := after.CheckDepth(); err == nil {
					if _, err := after.MarshalJSON(); err != nil {
						t.Fatal(err)
					}
				}
				u.Changed(after)
			}
			if now, _ := stored.MarshalJSON(); string(now) != string(before) {
				t.Fatalf("%q changed the stored item", text)
			}
		}
	})
}

func rawMap(t *testing.T, text string) map[string]json.RawMessage {
	t.Helper()
	var m map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		t.Fatal(err)
	}
	return m
}

func canonical(t *testing.T, m map[string]json.RawMessage) string {
	t.Helper()
	b, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	out, _ := decode(t, string(b)).MarshalJSON()
	return string(out)
}
