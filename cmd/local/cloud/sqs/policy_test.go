package sqs

import (
	"strings"
	"testing"
)

const (
	thisQueue = "arn:aws:sqs:us-east-1:000000000000:orders"
	thisTopic = "arn:aws:sns:us-east-1:000000000000:OrdersTopic"
)

func TestPolicy(t *testing.T) {
	const (
		sns      = `"Principal":{"Service":"sns.amazonaws.com"},`
		everyone = `"Principal":"*",`
		send     = `"Action":"sqs:SendMessage","Resource":"` + thisQueue + `"`
		source   = `,"Condition":{"ArnEquals":{"aws:SourceArn":"` + thisTopic + `"}}`
	)
	for _, test := range []struct {
		name       string
		statements string
		want       bool
	}{
		{"nothing", ``, false},
		{"the service, the topic", `{"Sid":"x","Effect":"Allow",` + sns + send + source + `}`, true},
		{"the service, any topic", `{"Effect":"Allow",` + sns + send + `}`, true},
		{"everybody", `{"Effect":"Allow",` + everyone + send + source + `}`, true},
		{"everybody, the old way", `{"Effect":"Allow","Principal":{"AWS":"*"},` + send + `,"Condition":{"ArnLike":{"AWS:SourceArn":["x","arn:aws:sns:*:*:Orders*"]}}}`, true},
		{"another topic", `{"Effect":"Allow",` + sns + send + `,"Condition":{"StringEquals":{"aws:SourceArn":"` + thisTopic + `2"}}}`, false},
		{"no wildcard in StringEquals", `{"Effect":"Allow",` + sns + send + `,"Condition":{"StringEquals":{"aws:SourceArn":"arn:aws:sns:*"}}}`, false},
		{"wildcard in StringLike", `{"Effect":"Allow",` + sns + send + `,"Condition":{"StringLike":{"aws:SourceArn":"arn:aws:sns:*"}}}`, true},
		{"the account", `{"Effect":"Allow",` + sns + send + `,"Condition":{"StringEquals":{"aws:SourceAccount":"000000000000"}}}`, true},
		{"another account", `{"Effect":"Allow",` + sns + send + `,"Condition":{"StringEquals":{"aws:SourceAccount":"111111111111"},"ArnLike":{"aws:SourceArn":"*"}}}`, false},
		{"another queue", `{"Effect":"Allow",` + sns + `"Action":"sqs:SendMessage","Resource":"` + thisQueue + `2"}`, false},
		{"another action", `{"Effect":"Allow",` + sns + `"Action":"sqs:ReceiveMessage","Resource":"*"}`, false},
		{"every action", `{"Effect":"Allow",` + sns + `"Action":["SQS:*"],"Resource":["*"]}`, true},
		{"the owner alone", `{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::000000000000:root"},"Action":"sqs:*","Resource":"*"}`, false},
		{"denied", `{"Effect":"Allow",` + sns + send + `},{"Effect":"Deny",` + everyone + send + source + `}`, false},
		{"denied without TLS", `{"Effect":"Deny",` + everyone + `"Action":"sqs:*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}},{"Effect":"Allow",` + sns + send + source + `}`, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			p, err := parsePolicy(`{"Version":"2012-10-17","Id":"p","Statement":[`+test.statements+`]}`, "000000000000")
			if err != nil {
				t.Fatal(err)
			}
			if got := p.admits(thisTopic, thisQueue); got != test.want {
				t.Errorf("admits: %v", got)
			}
		})
	}
	if p, err := parsePolicy("", "000000000000"); err != nil || p.admits(thisTopic, thisQueue) {
		t.Error("no policy admits a topic", err)
	}
	if p, err := parsePolicy(`{"Statement":{"Effect":"Allow",`+sns+send+`}}`, "000000000000"); err != nil || !p.admits(thisTopic, thisQueue) {
		t.Error("a single statement", err)
	}
}

// What a policy says and is not honoured is refused by name.
func TestPolicyRefused(t *testing.T) {
	const rest = `"Action":"sqs:SendMessage","Resource":"*"`
	for statement, want := range map[string]string{
		`{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},` + rest + `}`:                                             `events.amazonaws.com`,
		`{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:root"},` + rest + `}`:                                       `111111111111`,
		`{"Effect":"Deny","Principal":{"AWS":"000000000000"},` + rest + `}`:                                                          `000000000000`,
		`{"Effect":"Allow","NotPrincipal":"*",` + rest + `}`:                                                                         `NotPrincipal`,
		`{"Effect":"Allow",` + rest + `}`:                                                                                            `principal`,
		`{"Effect":"Perhaps","Principal":"*",` + rest + `}`:                                                                          `Perhaps`,
		`{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"*"}`:                                                  `s3:GetObject`,
		`{"Effect":"Allow","Principal":"*","Resource":"*"}`:                                                                          `no action`,
		`{"Effect":"Deny","Principal":"*","Action":"sqs:DeleteQueue","Resource":"*"}`:                                                `sqs:DeleteQueue`,
		`{"Effect":"Allow","Principal":"*",` + rest + `,"Condition":{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}}`:                    `aws:SourceIp`,
		`{"Effect":"Allow","Principal":"*",` + rest + `,"Condition":{"ArnNotLike":{"aws:SourceArn":"x"}}}`:                           `ArnNotLike`,
		`{"Effect":"Allow","Principal":"*",` + rest + `,"Condition":{"Bool":{"aws:SecureTransport":"true"}}}`:                        `aws:SecureTransport`,
		`{"Effect":"Allow","Principal":"*",` + rest + `,"Condition":{"ArnEquals":{"aws:SourceAccount":"x"}}}`:                        `aws:SourceAccount`,
		`{"Effect":"Allow","Principal":"*",` + rest + `,"Condition":{"ForAnyValue:StringEquals":{"aws:PrincipalOrgPaths":["o-1"]}}}`: `aws:PrincipalOrgPaths`,
	} {
		_, err := parsePolicy(`{"Version":"2012-10-17","Statement":[`+statement+`]}`, "000000000000")
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want it to name %s", statement, err, want)
		}
	}
	for _, text := range []string{"x", "[]", `{"Statement":[{"Effect":1}]}`, `{"Statement":[]}x`} {
		if _, err := parsePolicy(text, "0"); err == nil {
			t.Errorf("%s is a policy", text)
		}
	}
}

func TestWildcard(t *testing.T) {
	for _, test := range []struct {
		pattern, s string
		want       bool
	}{
		{"", "", true}, {"*", "", true}, {"*", "x", true}, {"a*c", "abc", true}, {"a*c", "ac", true}, {"a*c", "abcd", false},
		{"a?c", "abc", true}, {"a?c", "ac", false}, {"*b*d", "abcbd", true}, {"**", "x", true}, {"a", "b", false}, {"a*", "", false},
	} {
		if got := wildcard(test.pattern, test.s); got != test.want {
			t.Errorf("%q on %q: %v", test.pattern, test.s, got)
		}
	}
}

func FuzzPolicy(f *testing.F) {
	f.Add(`{"Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sqs:*","Resource":"*","Condition":{"ArnLike":{"aws:SourceArn":["a"]}}}]}`)
	f.Add(`{"Statement":{"Effect":"Deny","Principal":"*","Action":["sqs:*"],"Resource":["*"],"Condition":{"Bool":{"aws:SecureTransport":"false"}}}}`)
	f.Fuzz(func(t *testing.T, text string) {
		if p, err := parsePolicy(text, "000000000000"); err == nil {
			p.admits(thisTopic, thisQueue)
		}
	})
}
