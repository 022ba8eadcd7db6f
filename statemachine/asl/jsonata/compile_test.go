package jsonata

import (
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestCompileRefuses(t *testing.T) {
	for source, want := range map[string]string{
		"phone":                         "Reference to 'phone' at the top level is not supported.",
		"a.b & $x":                      "Reference to 'a' at the top level",
		"$map($x, function($y) { b })":  "Reference to 'b' at the top level",
		"$$.a":                          "Reference to '$$' is not supported.",
		"$eval('1')":                    "Function '$eval' is not supported, use $parse",
		"$lines#$i.sku":                 "not supported",
		"$lines@$l.sku":                 "'@'",
		"$x.%":                          "prefix",
		"":                              "unexpected",
		"(":                             "unexpected",
		"$x[1,2]":                       "expected",
		"'open":                         "unterminated",
		"1 /* open":                     "comment",
		"$contains($x, /(?=look)/)":     "",
		"{'a' 1}":                       "expected",
		"function($x) { $x":             "expected",
		"$formatInteger(1, 'w')":        "not supported",
		"$x ~> $eval()":                 "not supported",
		"$states.input.`a` & `b`":       "Reference to 'b'",
		"$states.input.items[0] = name": "Reference to 'name'",
	} {
		if _, err := Compile(source); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Compile(%q) = %v, want %q", source, err, want)
		}
	}
}

func TestCompileAccepts(t *testing.T) {
	for source, want := range map[string][]string{
		"1":                                  nil,
		"$states.input.items[value > 3]":     {"states"},
		"$states.context.Execution.Name":     {"states.context.Execution.Name"},
		"$b & $a & $b":                       {"a", "b"},
		"($x := $y; $x)":                     {"y"},
		"$map($a, function($v) { $v & $w })": {"a", "w"},
		"($x := 1; $x) + $x":                 {"x"},
		"($f := function($n) { $f($n) }; 1)": nil,
		"$a^(b).c":                           {"a"},
		"$a{b: c}":                           {"a"},
		"$a ~> |b|{'c': d}|":                 {"a"},
		"$states.input.\"a b\".c":            {"states.input.a b.c"},
	} {
		e, err := Compile(source)
		if err != nil {
			t.Errorf("Compile(%q): %v", source, err)
			continue
		}
		if got := e.Variables(); !reflect.DeepEqual(got, want) {
			t.Errorf("Compile(%q) reads %q, want %q", source, got, want)
		}
	}
}

func TestStepFunctionsFunctions(t *testing.T) {
	for source, want := range map[string]string{
		"$partition([1,2,3,4,5], 2)":                "[[1,2],[3,4],[5]]",
		"$partition([1,2,3], 2.9)":                  "[[1,2],[3]]",
		"$partition([1,2], 0)":                      "nothing",
		"$partition([], 2)":                         "nothing",
		"$range(0, 10, 5)":                          "[0,5,10]",
		"$range(10, 0, -4)":                         "[10,6,2]",
		"$range(-1.7, 2, 1)":                        "[-1,0,1,2]",
		"$range(3, 3, 1)":                           "3",
		"$range(1, 5)":                              "nothing",
		"$range(1, 5, -1)":                          "nothing",
		"$range(1, 5, 0)":                           "nothing",
		"$range(1, 360146, 1)":                      "D2014: Expression evaluation memory limit exceeded",
		"$hash('x', 'MD5')":                         `"9dd4e461268c8034f5c8564e155c67a6"`,
		"$hash('x', 'SHA-1')":                       `"11f6ad8ec52a2984abaafd7c3b516503785c2072"`,
		"$hash('', 'SHA-256')":                      `"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"`,
		"$hash('x')":                                "nothing",
		"$length($hash('x','SHA-384'))":             "96",
		"$length($hash('x','SHA-512'))":             "128",
		"$hash('x', 'md5')":                         `D3137: Unsupported hash algorithm: "md5"`,
		"$random(7) = $random(7)":                   "true",
		"$random(7) = $random(8)":                   "false",
		"$random() < 1":                             "true",
		"$uuid()":                                   `"01000000-0000-4000-8200-000000000000"`,
		"$parse('{\"a\":[1,2]}').a":                 "[1,2]",
		"$parse('nope')":                            `D3137: Unable to parse JSON: "nope"`,
		"$now()":                                    `"2026-01-02T03:04:05.678Z"`,
		"$millis()":                                 "1767323045678",
		"1/0":                                       `"Infinity"`,
		"[-1/0]":                                    `["-Infinity"]`,
		"0/0":                                       `"NaN"`,
		"$parse('9007199254740993')":                "9007199254740993",
		"$string($parse('9223372036854775807'))":    `"9223372036854775807"`,
		"($f := function($n) { $f($n) }; $f(1))":    "U1001: Stack overflow error: Check for non-terminating recursive function. Consider rewriting as tail-recursive. Depth=501 max=500",
		"$count([1..873782])":                       "873782",
		"[1..873783]":                               "D2014: Expression evaluation memory limit exceeded",
		"$single([1,2,3], function($v) { $v = 2 })": "2",
		"$single([1,2], function($v) { true })":     "D3138: The $single() function expected exactly 1 matching result.  Instead it matched more.",
		"$count($shuffle([1..20])) & $sum($shuffle([1..20]))": `"20210"`,
	} {
		e, err := Compile(source)
		if err != nil {
			t.Errorf("%s: %v", source, err)
			continue
		}
		n := uint64(0)
		v, err := e.Eval(&Env{
			Now:    time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC),
			Random: func() uint64 { n++; return n },
		})
		got := ""
		switch {
		case err != nil:
			got = err.Error()
		case v == Undefined:
			got = "nothing"
		default:
			got = string(Append(nil, v))
		}
		if got != want {
			t.Errorf("%s = %s, want %s", source, got, want)
		}
	}
}

func TestExprIsShared(t *testing.T) {
	e, err := Compile("($f := function($x) { $x & '!' }; $lines ~> $map($f) ~> $join($string()))")
	if err != nil {
		t.Fatal(err)
	}
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			for range 50 {
				env := &Env{Variable: func(name string) (any, bool) { return NewText(`["a","b"]`), name == "lines" }}
				if v, err := e.Eval(env); err != nil || v != "a!b!" {
					t.Errorf("got %v, %v", v, err)
				}
			}
		})
	}
	wait.Wait()
}
