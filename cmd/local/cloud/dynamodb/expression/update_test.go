package expression

import "testing"

func TestUpdate(t *testing.T) {
	const stored = `{"pk":{"S":"k"},"n":{"N":"5"},"l":{"L":[{"S":"a"},{"S":"b"},{"S":"c"}]},"m":{"M":{"a":{"N":"1"},"b":{"N":"2"}}},"ss":{"SS":["x","y"]}}`
	p := NewParser()
	for text, want := range map[string]string{
		"SET n = :one":                                     `"n":{"N":"1"}`,
		"SET n = n + :one":                                 `"n":{"N":"6"}`,
		"SET n = :one - n":                                 `"n":{"N":"-4"}`,
		"set n = (n) + (:one)":                             `"n":{"N":"6"}`,
		"SET n = if_not_exists(n, :one) + :one":            `"n":{"N":"6"}`,
		"SET n = if_not_exists(nope, :one) + :one":         `"n":{"N":"2"}`,
		"SET n = m.a, m.a = n":                             `"n":{"N":"1"},"m":{"M":{"a":{"N":"5"},"b":{"N":"2"}}}`, // both read the item as it was
		"SET m.c = :s":                                     `"m":{"M":{"a":{"N":"1"},"b":{"N":"2"},"c":{"S":"hello"}}}`,
		"SET m = :m":                                       `"m":{"M":{"q":{"S":"r"}}}`,
		"SET l[1] = :s":                                    `"l":{"L":[{"S":"a"},{"S":"hello"},{"S":"c"}]}`,
		"SET l[9] = :s, l[7] = :a":                         `"l":{"L":[{"S":"a"},{"S":"b"},{"S":"c"},{"S":"a"},{"S":"hello"}]}`,
		"SET l = list_append(l, :l)":                       `"l":{"L":[{"S":"a"},{"S":"b"},{"S":"c"},{"S":"z"}]}`,
		"SET l = list_append(:l, if_not_exists(nope, :l))": `"l":{"L":[{"S":"z"},{"S":"z"}]}`,
		"SET l[0] = :s REMOVE l[1]":                        `"l":{"L":[{"S":"hello"},{"S":"c"}]}`,
		"REMOVE l[0], l[1]":                                `"l":{"L":[{"S":"c"}]}`, // indexes of the list as it was
		"REMOVE l[9]":                                      ``,
		"REMOVE n, nope":                                   `"n":null`,
		"REMOVE m.a":                                       `"m":{"M":{"b":{"N":"2"}}}`,
		"ADD n :n":                                         `"n":{"N":"10"}`,
		"ADD nope :n":                                      `"nope":{"N":"5"}`,
		"ADD m.a :n":                                       `"m":{"M":{"a":{"N":"6"},"b":{"N":"2"}}}`,
		"ADD ss :ss":                                       `"ss":{"SS":["x","y","z"]}`,
		"ADD nope :ss":                                     `"nope":{"SS":["y","z"]}`,
		"DELETE ss :ss":                                    `"ss":{"SS":["x"]}`,
		"DELETE ss :xy":                                    `"ss":null`, // an empty set is no attribute
		"DELETE nope :ss":                                  ``,
		"SET #status = :s REMOVE n ADD m.a :one DELETE ss :ss": `"status":{"S":"hello"},"n":null,"m":{"M":{"a":{"N":"2"},"b":{"N":"2"}}},"ss":{"SS":["x"]}`,
	} {
		before := decode(t, stored)
		u, err := p.Update(text, newEnv(t))
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		got, err := u.Apply(before)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		after, _ := got.MarshalJSON()
		if merged := merge(t, stored, want); string(after) != merged {
			t.Errorf("%s\n got %s\nwant %s", text, after, merged)
		}
		if now, _ := before.MarshalJSON(); string(now) != merge(t, stored, "") {
			t.Errorf("%s changed the stored item to %s", text, now)
		}
	}
}

func TestUpdateErrors(t *testing.T) {
	p := NewParser()
	for text, want := range map[string]string{
		"":                              `The expression can not be empty;`,
		"INVALID SYNTAX HERE":           `Syntax error; token: "INVALID", near: "INVALID SYNTAX"`,
		"SET a = VALUE 1":               `Syntax error; token: "1", near: "VALUE 1"`,
		"SET a = :n + :n + :n":          `Syntax error; token: "+", near: ":n + :n"`,
		"SET a":                         `Syntax error; token: "<EOF>", near: "a"`,
		"REMOVE":                        `Syntax error; token: "<EOF>", near: "REMOVE"`,
		"ADD a b":                       `Syntax error; token: "b", near: "a b"`,
		"SET a = :n SET b = :n":         `The "SET" section can only be used once in an update expression;`,
		"REMOVE a REMOVE b":             `The "REMOVE" section can only be used once in an update expression;`,
		"SET status = :n":               `Attribute name is a reserved keyword; reserved keyword: status`,
		"SET a = foo(:n, :n)":           `Invalid function name; function: foo`,
		"SET #nope = :n":                `An expression attribute name used in the document path is not defined; attribute name: #nope`,
		"SET a = :nope":                 `An expression attribute value used in expression is not defined; attribute value: :nope`,
		"SET a = :n, a = :s":            `Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [a], path two: [a]`,
		"SET a.b = :n REMOVE a":         `Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [a, b], path two: [a]`,
		"SET a.b = :n, a[1] = :n":       `Two document paths conflict with each other; must remove or rewrite one of these paths; path one: [a, b], path two: [a, [1]]`,
		"ADD a :s":                      `Incorrect operand type for operator or function; operator: ADD, operand type: STRING`,
		"ADD a :t":                      `Incorrect operand type for operator or function; operator: ADD, operand type: BOOLEAN`,
		"DELETE a :n":                   `Incorrect operand type for operator or function; operator: DELETE, operand type: NUMBER`,
		"SET a = n + :s":                `Incorrect operand type for operator or function; operator or function: +, operand type: S`,
		"SET a = list_append(l, :s)":    `Incorrect operand type for operator or function; operator or function: list_append, operand type: S`,
		"SET a = if_not_exists(:s, :s)": `Operator or function requires a document path; operator or function: if_not_exists`,
		"SET a = if_not_exists(s)":      `Incorrect number of operands for operator or function; operator or function: if_not_exists, number of operands: 1`,
	} {
		_, err := p.Update(text, newEnv(t))
		check(t, text, err, "Invalid UpdateExpression: "+want)
	}
	const (
		missing = "The provided expression refers to an attribute that does not exist in the item"
		wrong   = "An operand in the update expression has an incorrect data type"
		path    = "The document path provided in the update expression is invalid for update"
	)
	for text, want := range map[string]string{
		"SET a = nope":               missing,
		"SET a = nope + :n":          missing,
		"SET a = s + :n":             wrong,
		"SET a = list_append(s, :l)": wrong,
		"ADD s :n":                   wrong,
		"ADD n :ss":                  wrong,
		"ADD ns :ss":                 wrong,
		"DELETE n :ss":               wrong,
		"SET nope.x = :n":            path,
		"SET s.x = :n":               path,
		"SET m[0] = :n":              path,
		"SET l.x = :n":               path,
		"REMOVE nope.x":              path,
	} {
		u, err := p.Update(text, newEnv(t))
		if err == nil {
			_, err = u.Apply(decode(t, item))
		}
		check(t, text, err, want)
	}
}

func TestChanged(t *testing.T) {
	u, err := NewParser().Update("SET m.a = :n, m.c = :n, l[0] = :s REMOVE n", newEnv(t))
	if err != nil {
		t.Fatal(err)
	}
	after, err := u.Apply(decode(t, item))
	if err != nil {
		t.Fatal(err)
	}
	got, _ := u.Changed(after).MarshalJSON()
	const want = `{"l":{"L":[{"S":"hello"}]},"m":{"M":{"a":{"N":"5"},"c":{"N":"5"}}}}`
	if string(got) != want {
		t.Errorf("changed %s, want %s", got, want)
	}
}

// merge is the item text with the attributes of changes in place of its own;
// null removes one.
func merge(t *testing.T, text, changes string) string {
	t.Helper()
	merged := rawMap(t, text)
	for name, v := range rawMap(t, "{"+changes+"}") {
		if string(v) == "null" {
			delete(merged, name)
		} else {
			merged[name] = v
		}
	}
	return canonical(t, merged)
}
