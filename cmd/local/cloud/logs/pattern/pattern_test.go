package pattern_test

import (
	"strings"
	"testing"

	"orderflow/cmd/local/cloud/logs/pattern"
)

// The examples of the documentation, and what they leave open.
func TestTerms(t *testing.T) {
	for _, test := range []struct{ pattern, message, want string }{
		{``, `anything`, "matches"},
		{` `, `anything`, "matches"},
		{`" "`, `anything`, "matches"},
		{`""`, `anything`, "matches"},

		{`ERROR`, `[ERROR 400] BAD REQUEST`, "matches"},
		{`ERROR`, `Exiting with ERRORCODE: -1`, "matches"},
		{`ERROR`, `[error 400] BAD REQUEST`, "differs"},
		{`ERROR ARGUMENTS`, `[ERROR 419] MISSING ARGUMENTS`, "matches"},
		{`ERROR ARGUMENTS`, `[ERROR 400] BAD REQUEST`, "differs"},
		{`ERROR or Exception`, `ERROR Exception`, "differs"},
		{`"INTERNAL SERVER ERROR"`, `[ERROR 500] INTERNAL SERVER ERROR`, "matches"},
		{`"INTERNAL SERVER ERROR"`, `[ERROR 500] INTERNAL ERROR`, "differs"},
		{`"\"level\":\"ERROR\""`, `{"level":"ERROR"}`, "matches"},
		{`"a\\b"`, `a\b`, "matches"},
		{`"Ünïcode: –"`, `an Ünïcode: –`, "matches"},
		{`"0199ac3e-7c1f-7000-8000-00000000cafe"`, `{"orderId":"0199ac3e-7c1f-7000-8000-00000000cafe"}`, "matches"},
		{`"0199ac3e-7c1f-7000-8000-00000000cafe"`, `{"orderId":"0199ac3e-7c1f-7000-8000-00000000caff"}`, "differs"},

		{`?ERROR ?ARGUMENTS`, `[ERROR 400] BAD REQUEST`, "matches"},
		{`?ERROR ?ARGUMENTS`, `MISSING ARGUMENTS`, "matches"},
		{`?ERROR ?"BAD REQUEST"`, `[INFO] SUCCESS`, "differs"},
		{`?ERROR ?ARGUMENTS REQUEST`, `[INFO] REQUEST FAILED`, "matches"},
		{`?ERROR ?ARGUMENTS REQUEST`, `[ERROR] FAILED`, "differs"},
		{`?ERROR -FAILED`, `[INFO] REQUEST`, "matches"},

		{`ERROR -ARGUMENTS`, `[ERROR 400] BAD REQUEST`, "matches"},
		{`ERROR -ARGUMENTS`, `[ERROR 419] MISSING ARGUMENTS`, "differs"},
		{`"ERROR" - "Exiting"`, `Exiting with ERRORCODE: -1`, "differs"},
		{`-ERROR`, `[INFO] REQUEST`, "matches"},
		{`-ERROR`, `[ERROR] REQUEST`, "differs"},

		{`a:b`, ``, "Invalid character(s) in term ':'"},
		{`level\":\"error`, ``, `Invalid character(s) in term '\'`},
		{`naïve`, ``, "Invalid character(s) in term 'ï'"},
		{`SUCCESS*`, ``, "Invalid character(s) in term '*'"},
		{`"open`, ``, `Invalid character(s) in term '"'`},
		{`a --b`, ``, `Invalid character(s) in term '-'`},
		{`?`, ``, "Invalid filter pattern: it ends too early"},
		{`%[0-9]+%`, ``, "regular expressions in filter patterns are not supported by the local cloud"},
		{`[ip, user]`, ``, "space-delimited filter patterns are not supported by the local cloud"},
	} {
		check(t, test.pattern, test.message, test.want)
	}
}

const trail = `{"eventType":"UpdateTrail","sourceIPAddress":"111.111.111.111","arrayKey":["value","another value"],
	"objectList":[{"name":"a","id":1},{"name":"b","id":2}],"SomeObject":null,"ThisFlag":true,"cluster.name":"c",
	"receiveCount":2,"latency":12.5,"text":"2","big":9007199254740993,"escaped":"\u0041BC","slash":"a\/b","log-level":"WARN"}`

const user = `{"user":{"id":1,"email":"John.Stiles@example.com"},
	"users":[{"id":2,"email":"John.Doe@example.com"},{"id":3,"email":"Jane.Doe@example.com"}],
	"actions":["GET","PUT","DELETE"],"coordinates":[[0,1,2],[4,5,6],[7,8,9]]}`

func TestJSON(t *testing.T) {
	for _, test := range []struct{ pattern, message, want string }{
		{`{ $.eventType = "UpdateTrail" }`, trail, "matches"},
		{`{$.eventType="UpdateTrail"}`, trail, "matches"},
		{`{ $.eventType = UpdateTrail }`, trail, "matches"},
		{`{ $.eventType = "DeleteTrail" }`, trail, "differs"},
		{`{ $.eventType != "DeleteTrail" }`, trail, "matches"},
		{`{ $.sourceIPAddress != 123.123.* }`, trail, "matches"},
		{`{ $.sourceIPAddress = 111.* }`, trail, "matches"},
		{`{ $.eventType = "*Trail" }`, trail, "matches"},
		{`{ $.eventType = "Update*" }`, trail, "matches"},
		{`{ $.eventType = *teTr* }`, trail, "matches"},
		{`{ $.eventType = "Up*ail" }`, trail, "differs"}, // an asterisk within is one
		{`{ $.eventType = * }`, trail, "matches"},
		{`{ $.SomeObject = * }`, trail, "differs"},
		{`{ $.arrayKey[0] = "value" }`, trail, "matches"},
		{`{ $.arrayKey[1] = "value" }`, trail, "differs"},
		{`{ $.arrayKey[9] = "value" }`, trail, "differs"},
		{`{ $.eventType[0] = "U" }`, trail, "differs"},
		{`{ $.objectList[1].id = 2 }`, trail, "matches"},
		{`{ $.SomeObject IS NULL }`, trail, "matches"},
		{`{ $.eventType IS NULL }`, trail, "differs"},
		{`{ $.SomeOtherObject IS NULL }`, trail, "differs"},
		{`{ $.ThisFlag IS TRUE }`, trail, "matches"},
		{`{ $.ThisFlag IS FALSE }`, trail, "differs"},
		{`{ $.ThisFlag = true }`, trail, "matches"},
		{`{ $.SomeOtherObject NOT EXISTS }`, trail, "matches"},
		{`{ $.SomeObject NOT EXISTS }`, trail, "differs"},
		{`{ $.['cluster.name'] = "c" }`, trail, "matches"},
		{`{ $['cluster.name'] = "d" }`, trail, "differs"},
		{`{ $.log-level = "WARN" }`, trail, "matches"},
		{`{ $.escaped = "ABC" }`, trail, "matches"},
		{`{ $.slash = "a/b" }`, trail, "matches"},

		{`{ $.receiveCount = 2 }`, trail, "matches"},
		{`{ $.receiveCount = 2.0 }`, trail, "matches"},
		{`{ $.receiveCount = "2" }`, trail, "matches"},
		{`{ $.text = 2 }`, trail, "matches"},
		{`{ $.receiveCount != 2 }`, trail, "differs"},
		{`{ $.receiveCount > 1 }`, trail, "matches"},
		{`{ $.receiveCount > +2 }`, trail, "differs"},
		{`{ $.receiveCount >= 2 }`, trail, "matches"},
		{`{ $.receiveCount < 20e-1 }`, trail, "differs"},
		{`{ $.receiveCount <= 0.2e+1 }`, trail, "matches"},
		{`{ $.latency > -1 }`, trail, "matches"},
		{`{ $.latency = 12* }`, trail, "matches"},
		{`{ $.text > 1 }`, trail, "differs"},
		{`{ $.missing > 1 }`, trail, "differs"},
		{`{ $.missing != "x" }`, trail, "differs"},
		{`{ $.arrayKey = "value" }`, trail, "differs"},
		{`{ $.arrayKey != "value" }`, trail, "differs"},

		{`{ ($.user.id = 1) && ($.users[0].email = "John.Doe@example.com") }`, user, "matches"},
		{`{ ($.user.id = 2 && $.users[0].email = "nonmatch") || $.actions[2] = "GET" }`, user, "differs"},
		{`{ $.user.email = "John.Stiles@example.com" || $.coordinates[0][1] = nonmatch && $.actions[2] = nomatch }`, user, "matches"},
		{`{ ($.user.email = "John.Stiles@example.com" || $.coordinates[0][1] = nonmatch) && $.actions[2] = nomatch }`, user, "differs"},
		{`{ $.coordinates[2][0] = 7 }`, user, "matches"},

		{`{ $.eventType = "UpdateTrail" }`, `UpdateTrail`, "differs"},
		{`{ $.a NOT EXISTS }`, `no JSON`, "differs"},
		{`{ $.a NOT EXISTS }`, `{} {}`, "differs"},
		{`{ $.a NOT EXISTS }`, `[]`, "differs"},

		{`{ $.a = 1`, ``, "If a filter pattern starts with '{' it must end with '}'"},
		{`{ }`, ``, "Invalid character(s) in term '}'"},
		{`{ $.a }`, ``, "Invalid character(s) in term '}'"},
		{`{ $."a" = 1 }`, ``, `Invalid character(s) in term '$."'`},
		{`{ $.a = 1 && }`, ``, "Invalid character(s) in term '&&'"},
		{`{ $.a = x:y }`, ``, "Invalid character(s) in term ':'"},
		{`{ ($.a = 1 }`, ``, "Invalid character(s) in term '}'"},
		{`{ $.a > x }`, ``, "Invalid filter pattern: > compares numbers, and 'x' is none"},
		{`{ $.a IS NOT NULL }`, ``, "Invalid filter pattern at 'NOT NULL }'"},
		{`{ $.a EXISTS }`, ``, "Invalid filter pattern at 'EXISTS }'"},
		{`{ $.a[99999999999999999999] = 1 }`, ``, "Invalid filter pattern: index 99999999999999999999 is too large"},
		{`{ $.a = %Trail% }`, ``, "regular expressions in filter patterns are not supported by the local cloud"},
		{`{ $.a[*] = 1 }`, ``, "wildcards in the selectors of filter patterns are not supported by the local cloud"},
		{`{ $.* = 1 }`, ``, "wildcards in the selectors of filter patterns are not supported by the local cloud"},
	} {
		check(t, test.pattern, test.message, test.want)
	}
}

// check wants a message to match a pattern or to differ from it, or the error
// that is wanted.
func check(t *testing.T, text, message, want string) {
	t.Helper()
	p, err := pattern.Parse(text)
	got := ""
	switch {
	case err != nil:
		got = err.Error()
	case p.Match(message):
		got = "matches"
	default:
		got = "differs"
	}
	if got != want {
		t.Errorf("pattern %s, message %q: %s, want %s", text, message, got, want)
	}
}

// Whatever a pattern is, it does not break what reads it; and a phrase is text.
func FuzzPattern(f *testing.F) {
	for _, seed := range []string{`ERROR -x ?y`, `"a phrase"`, `{ $.a = "x" && ($.b[0] != 1e3 || $.c IS NULL) }`, `{ $.['a.b'] NOT EXISTS }`} {
		f.Add(seed, `{"a":"x","b":[1],"c":null}`)
	}
	f.Fuzz(func(t *testing.T, text, message string) {
		if p, err := pattern.Parse(text); err == nil {
			p.Match(message)
		}
		if strings.ContainsAny(text, `"\`) || strings.TrimSpace(text) == "" {
			return
		}
		p, err := pattern.Parse(`"` + text + `"`)
		if err != nil {
			t.Fatalf("phrase %q: %v", text, err)
		}
		if got, want := p.Match(message), strings.Contains(message, text); got != want {
			t.Errorf("phrase %q, message %q: %t, want %t", text, message, got, want)
		}
		if !p.Match(message + text) {
			t.Errorf("phrase %q is not found behind %q", text, message)
		}
	})
}
