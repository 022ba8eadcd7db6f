package jsonata

import (
	"encoding/json"
	"errors"
	"os"
	"testing"
)

// TestReference compares with what the reference implementation, jsonata-js
// 2.0.6, answers to the expressions in testdata/reference.json.
func TestReference(t *testing.T) {
	var reference struct {
		Variables map[string]json.RawMessage
		Cases     []struct {
			Expr      string
			Result    json.RawMessage
			Undefined bool
			Error     string
		}
	}
	data, err := os.ReadFile("testdata/reference.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &reference); err != nil {
		t.Fatal(err)
	}
	env := &Env{Variable: func(name string) (any, bool) {
		text, ok := reference.Variables[name]
		return NewText(string(text)), ok
	}}
	for _, c := range reference.Cases {
		e, err := Compile(c.Expr)
		if err != nil {
			if c.Error == "" || c.Error[0] != 'S' {
				t.Errorf("%s: does not compile: %v", c.Expr, err)
			}
			continue
		}
		// Twice: evaluating an expression must not change it.
		for range 2 {
			v, err := e.Eval(env)
			var failure *Error
			switch {
			case err != nil && !errors.As(err, &failure):
				t.Errorf("%s: %v", c.Expr, err)
			case err != nil:
				if failure.Code != c.Error {
					t.Errorf("%s: fails with %v, want %s%s", c.Expr, err, c.Error, c.Result)
				}
			case c.Error != "":
				t.Errorf("%s = %s, want error %s", c.Expr, Append(nil, v), c.Error)
			case c.Undefined:
				if v != Undefined {
					t.Errorf("%s = %s, want nothing", c.Expr, Append(nil, v))
				}
			case v == Undefined:
				t.Errorf("%s gives nothing, want %s", c.Expr, c.Result)
			default:
				if got := string(Append(nil, v)); got != string(c.Result) {
					t.Errorf("%s\n got %s\nwant %s", c.Expr, got, c.Result)
				}
			}
		}
	}
}
