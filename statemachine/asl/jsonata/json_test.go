package jsonata

import (
	"bytes"
	"encoding/json"
	"testing"
)

func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{"a":[1,2.5,-3e-7,null,true,false,"x\u00e9\ud83d\ude00\n"]}`, `[]`, ` { } `, `"\ud800"`, `1e400`, `01`, `{"a":1,"a":2}`, "\"\xff\"", `12345678901234567890`, `[1,]`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		v, err := Decode(text)
		if valid := json.Valid([]byte(text)); err == nil && !valid || err != nil && valid && json.Unmarshal([]byte(text), new(any)) == nil {
			t.Fatalf("Decode(%q) = %v, but validity is %t", text, err, valid)
		}
		if err != nil {
			return
		}
		written := Append(nil, v)
		again, err := Decode(string(written))
		if err != nil {
			t.Fatalf("%q is written as %q, which is no JSON: %v", text, written, err)
		}
		if rewritten := Append(nil, again); !bytes.Equal(written, rewritten) {
			t.Fatalf("%q is written as %q, then as %q", text, written, rewritten)
		}
	})
}

func FuzzCompile(f *testing.F) {
	for _, seed := range []string{"$a.b[0]^(>c){d: e}", "$a ~> |b|{'c': 1}, 'd'|", "(/* x */ $f := λ($x)<n:n>{$x}; [1..3].$f($))", "'a'.'b'", "$x./re/"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, source string) {
		e, err := Compile(source)
		if err != nil {
			return
		}
		e.Eval(&Env{Variable: func(string) (any, bool) { return NewText(`{"a":[1,{"b":"c"}]}`), true }, Random: func() uint64 { return 1 }})
	})
}
