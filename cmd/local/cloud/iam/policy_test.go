package iam

import (
	"context"
	"strings"
	"testing"
	"unicode/utf8"
)

const (
	account = "000000000000"
	table   = "arn:aws:dynamodb:us-east-1:000000000000:table/Orders"
	topic   = "arn:aws:sns:us-east-1:000000000000:OrdersTopic"
	queue   = "arn:aws:sqs:us-east-1:000000000000:Queue"
)

// session is a role with a policy, in the hands of Lambda.
func session(t testing.TB, policies ...string) *Principal {
	t.Helper()
	s := New(Config{Account: account})
	created, err := s.CreateRole(context.Background(), &CreateRoleInput{RoleName: "ApiRole", AssumeRolePolicyDocument: `{"Version": "2012-10-17", "Statement": [
		{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
	]}`})
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range policies {
		if err := s.PutRolePolicy(context.Background(), &PutRolePolicyInput{RoleName: "ApiRole", PolicyName: "p" + string(rune('0'+i)), PolicyDocument: p}); err != nil {
			t.Fatal(err)
		}
	}
	p, err := s.AssumeRole(created.Arn, "api", ServicePrincipal("lambda.amazonaws.com", "arn:aws:lambda:us-east-1:000000000000:function:api", account))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// given is the context of a request.
func given(pairs ...string) func(string) []string {
	return func(key string) (values []string) {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == key {
				values = append(values, pairs[i+1])
			}
		}
		return values
	}
}

func document2012(statements string) string {
	return `{"Version": "2012-10-17", "Statement": [` + statements + `]}`
}

// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html
func TestStatement(t *testing.T) {
	for name, test := range map[string]struct {
		statements       string
		action, resource string
		want             string // of the error; "" is allowed
	}{
		"nothing allows":         {`{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}`, "dynamodb:PutItem", table, "because no identity-based policy allows the dynamodb:PutItem action"},
		"allowed":                {`{"Effect": "Allow", "Action": "dynamodb:PutItem", "Resource": "` + table + `"}`, "dynamodb:PutItem", table, ""},
		"lists":                  {`{"Effect": "Allow", "Action": ["dynamodb:GetItem", "dynamodb:PutItem"], "Resource": ["a:b:c:d:e:f", "` + table + `"]}`, "dynamodb:PutItem", table, ""},
		"an action in any case":  {`{"Effect": "Allow", "Action": "DynamoDB:putitem", "Resource": "*"}`, "dynamodb:PutItem", table, ""},
		"a resource in its case": {`{"Effect": "Allow", "Action": "dynamodb:PutItem", "Resource": "arn:aws:dynamodb:us-east-1:000000000000:table/orders"}`, "dynamodb:PutItem", table, "no identity-based policy"},
		"another resource":       {`{"Effect": "Allow", "Action": "dynamodb:PutItem", "Resource": "` + table + `2"}`, "dynamodb:PutItem", table, "no identity-based policy"},
		"an index is no table":   {`{"Effect": "Allow", "Action": "dynamodb:Query", "Resource": "` + table + `"}`, "dynamodb:Query", table + "/index/customer", "no identity-based policy"},
		"every action":           {`{"Effect": "Allow", "Action": "*", "Resource": "*"}`, "dynamodb:PutItem", table, ""},
		"a run":                  {`{"Effect": "Allow", "Action": "dynamodb:*Item", "Resource": "arn:aws:dynamodb:*:*:table/*"}`, "dynamodb:PutItem", table, ""},
		"one character":          {`{"Effect": "Allow", "Action": "dynamodb:?utItem", "Resource": "arn:aws:dynamodb:us-east-1:000000000000:table/Order?"}`, "dynamodb:PutItem", table, ""},
		"an explicit deny":       {`{"Effect": "Allow", "Action": "*", "Resource": "*"}, {"Effect": "Deny", "Action": "dynamodb:PutItem", "Resource": "*"}`, "dynamodb:PutItem", table, "with an explicit deny in an identity-based policy"},
		"a deny that comes first": {`{"Effect": "Deny", "Action": "dynamodb:PutItem", "Resource": "*"}, {"Effect": "Allow", "Action": "*", "Resource": "*"}`,
			"dynamodb:PutItem", table, "with an explicit deny"},
		"a deny of others":     {`{"Effect": "Allow", "Action": "*", "Resource": "*"}, {"Effect": "Deny", "Action": "dynamodb:DeleteItem", "Resource": "*"}`, "dynamodb:PutItem", table, ""},
		"NotAction":            {`{"Effect": "Allow", "NotAction": "dynamodb:DeleteItem", "Resource": "*"}`, "dynamodb:PutItem", table, ""},
		"NotAction that is it": {`{"Effect": "Allow", "NotAction": "dynamodb:*", "Resource": "*"}`, "dynamodb:PutItem", table, "no identity-based policy"},
		"NotResource":          {`{"Effect": "Allow", "Action": "dynamodb:PutItem", "NotResource": "` + topic + `"}`, "dynamodb:PutItem", table, ""},
		"NotResource that is":  {`{"Effect": "Allow", "Action": "dynamodb:PutItem", "NotResource": "` + table + `"}`, "dynamodb:PutItem", table, "no identity-based policy"},
		"a variable":           {`{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/${aws:PrincipalAccount}/*"}`, "s3:GetObject", "arn:aws:s3:::b/000000000000/x", ""},
		"a variable's default": {`{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/${aws:SourceAccount, 'none'}/*"}`, "s3:GetObject", "arn:aws:s3:::b/none/x", ""},
		"a variable without a value": {`{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/${aws:SourceAccount}*"}`,
			"s3:GetObject", "arn:aws:s3:::b/", "no identity-based policy"},
		"a star itself": {`{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/${*}"}`, "s3:GetObject", "arn:aws:s3:::b/x", "no identity-based policy"},
	} {
		t.Run(name, func(t *testing.T) {
			err := session(t, document2012(test.statements)).Authorize(nil, Request{Action: test.action, Resource: test.resource})
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v, want %q", err, test.want)
			}
		})
	}
}

func TestSentence(t *testing.T) {
	err := session(t).Authorize(nil, Request{Action: "dynamodb:PutItem", Resource: table})
	want := "User: arn:aws:sts::000000000000:assumed-role/ApiRole/api is not authorized to perform: dynamodb:PutItem on resource: " + table +
		" because no identity-based policy allows the dynamodb:PutItem action"
	if err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

// Version 2008-10-17, which is the default, has no variables.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_version.html
func TestVersion2008(t *testing.T) {
	p := session(t, `{"Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/${aws:PrincipalAccount}"}}`)
	if err := p.Authorize(nil, Request{Action: "s3:GetObject", Resource: "arn:aws:s3:::b/${aws:PrincipalAccount}"}); err != nil {
		t.Error(err)
	}
	if err := p.Authorize(nil, Request{Action: "s3:GetObject", Resource: "arn:aws:s3:::b/000000000000"}); err == nil {
		t.Error("a variable stands for something")
	}
}

// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
func TestCondition(t *testing.T) {
	const (
		keys, attributes = "dynamodb:leadingkeys", "dynamodb:attributes"
		returns, prefix  = "dynamodb:returnvalues", "s3:prefix"
	)
	for name, test := range map[string]struct {
		condition string
		context   []string
		want      bool
	}{
		"equal":                        {`"StringEquals": {"s3:prefix": "a"}`, []string{prefix, "a"}, true},
		"one of several":               {`"StringEquals": {"s3:prefix": ["a", "b"]}`, []string{prefix, "b"}, true},
		"none of several":              {`"StringEquals": {"s3:prefix": ["a", "b"]}`, []string{prefix, "c"}, false},
		"equal but for case":           {`"StringEquals": {"s3:prefix": "a"}`, []string{prefix, "A"}, false},
		"a key in any case":            {`"StringEquals": {"S3:Prefix": "a"}`, []string{prefix, "a"}, true},
		"a star is no wildcard":        {`"StringEquals": {"s3:prefix": "a*"}`, []string{prefix, "ab"}, false},
		"no value":                     {`"StringEquals": {"s3:prefix": "a"}`, nil, false},
		"no value, if it exists":       {`"StringEqualsIfExists": {"s3:prefix": "a"}`, nil, true},
		"a value, if it exists":        {`"StringEqualsIfExists": {"s3:prefix": "a"}`, []string{prefix, "b"}, false},
		"not equal":                    {`"StringNotEquals": {"s3:prefix": ["a", "b"]}`, []string{prefix, "c"}, true},
		"not equal to one":             {`"StringNotEquals": {"s3:prefix": ["a", "b"]}`, []string{prefix, "b"}, false},
		"not equal, no value":          {`"StringNotEquals": {"s3:prefix": "a"}`, nil, true},
		"case ignored":                 {`"StringEqualsIgnoreCase": {"s3:prefix": "abC"}`, []string{prefix, "ABc"}, true},
		"case ignored, not equal":      {`"StringNotEqualsIgnoreCase": {"s3:prefix": "abC"}`, []string{prefix, "ABc"}, false},
		"like":                         {`"StringLike": {"s3:prefix": "a*c?e"}`, []string{prefix, "abbcde"}, true},
		"not like":                     {`"StringNotLike": {"s3:prefix": "a*"}`, []string{prefix, "ab"}, false},
		"a variable":                   {`"StringEquals": {"s3:prefix": "${aws:PrincipalAccount}"}`, []string{prefix, account}, true},
		"a variable is no wildcard":    {`"StringLike": {"dynamodb:ReturnValues": "?${s3:prefix}"}`, []string{prefix, "*", returns, "NONE"}, false},
		"nor is what is no text":       {`"StringLike": {"dynamodb:ReturnValues": "?${s3:prefix}"}`, []string{prefix, "\xff", returns, "NONE"}, false},
		"two keys":                     {`"StringEquals": {"s3:prefix": "a", "dynamodb:ReturnValues": "NONE"}`, []string{prefix, "a", returns, "ALL_OLD"}, false},
		"two operators":                {`"StringEquals": {"s3:prefix": "ab"}, "StringLike": {"s3:prefix": "a*"}`, []string{prefix, "ab"}, true},
		"null":                         {`"Null": {"s3:prefix": "true"}`, nil, true},
		"null, a value":                {`"Null": {"s3:prefix": true}`, []string{prefix, ""}, false},
		"not null":                     {`"Null": {"s3:prefix": "false"}`, []string{prefix, "a"}, true},
		"true":                         {`"Bool": {"aws:SecureTransport": "true"}`, nil, true},
		"false":                        {`"Bool": {"aws:SecureTransport": false}`, nil, false},
		"insecure":                     {`"Bool": {"aws:SecureTransport": false}`, []string{"aws:securetransport", "false"}, true},
		"an ARN":                       {`"ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::000000000000:role/ApiRole"}`, nil, true},
		"an ARN's part with wildcards": {`"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/*"}`, nil, true},
		"a star stays in its part":     {`"ArnLike": {"aws:PrincipalArn": "arn:aws:*:role/ApiRole:x:y"}`, nil, false},
		"not the ARN":                  {`"ArnNotEquals": {"aws:PrincipalArn": "arn:aws:iam::000000000000:role/ApiRole"}`, nil, false},
		"less":                         {`"NumericLessThan": {"s3:prefix": 10}`, []string{prefix, "9"}, true},
		"not less":                     {`"NumericLessThan": {"s3:prefix": "10"}`, []string{prefix, "10"}, false},
		"at most":                      {`"NumericLessThanEquals": {"s3:prefix": "10"}`, []string{prefix, "10"}, true},
		"no number":                    {`"NumericLessThanEquals": {"s3:prefix": "10"}`, []string{prefix, "x"}, false},
		"another number":               {`"NumericNotEquals": {"s3:prefix": "10"}`, []string{prefix, "11"}, true},
		"in time":                      {`"DateGreaterThan": {"aws:CurrentTime": "2013-08-16T12:00:00Z"}, "DateLessThan": {"aws:EpochTime": 32503680000}`, nil, true},
		"too late":                     {`"DateLessThan": {"aws:CurrentTime": "2013-08-16T15:00:00Z"}`, nil, false},
		"all values":                   {`"ForAllValues:StringEquals": {"dynamodb:Attributes": ["a", "b", "c"]}`, []string{attributes, "a", attributes, "c"}, true},
		"all values but one":           {`"ForAllValues:StringEquals": {"dynamodb:Attributes": ["a", "b"]}`, []string{attributes, "a", attributes, "c"}, false},
		"all of no values":             {`"ForAllValues:StringEquals": {"dynamodb:Attributes": ["a"]}`, nil, true},
		"any value":                    {`"ForAnyValue:StringEquals": {"dynamodb:Attributes": ["a", "b"]}`, []string{attributes, "x", attributes, "b"}, true},
		"any of no values":             {`"ForAnyValue:StringEquals": {"dynamodb:Attributes": ["a"]}`, nil, false},
		"all values like":              {`"ForAllValues:StringLike": {"dynamodb:LeadingKeys": "c-*"}`, []string{keys, "c-1", keys, "c-2"}, true},
		"all values not":               {`"ForAllValues:StringNotEquals": {"dynamodb:Attributes": ["a", "b"]}`, []string{attributes, "c", attributes, "b"}, false},
		"any value not":                {`"ForAnyValue:StringNotEquals": {"dynamodb:Attributes": ["a", "b"]}`, []string{attributes, "c", attributes, "b"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			p := session(t, document2012(`{"Effect": "Allow", "Action": "dynamodb:*", "Resource": "*", "Condition": {`+test.condition+`}}`))
			err := p.Authorize(nil, Request{Action: "dynamodb:PutItem", Resource: table, Context: given(test.context...)})
			if (err == nil) != test.want {
				t.Errorf("allowed: %v, want %v", err == nil, test.want)
			}
		})
	}
}

// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics-id-rdp.html
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
func TestResourcePolicy(t *testing.T) {
	const rest = `"Action": "sqs:SendMessage", "Resource": "` + queue + `"`
	role := session(t)
	mayAll := session(t, document2012(`{"Effect": "Allow", "Action": "*", "Resource": "*"}`))
	sns := ServicePrincipal("sns.amazonaws.com", topic, account)
	for name, test := range map[string]struct {
		by         *Principal
		statements string
		want       string
	}{
		"the service":                      {sns, `{"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, ` + rest + `}`, ""},
		"another service":                  {sns, `{"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, ` + rest + `}`, "no resource-based policy"},
		"the service for the topic":        {sns, `{"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, ` + rest + `, "Condition": {"ArnEquals": {"aws:SourceArn": "` + topic + `"}}}`, ""},
		"the service for another topic":    {sns, `{"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, ` + rest + `, "Condition": {"ArnEquals": {"aws:SourceArn": "` + topic + `2"}}}`, "no resource-based policy"},
		"the service for another account":  {sns, `{"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, ` + rest + `, "Condition": {"StringEquals": {"aws:SourceAccount": "111111111111"}}}`, "no resource-based policy"},
		"everybody":                        {sns, `{"Effect": "Allow", "Principal": "*", ` + rest + `}`, ""},
		"the role":                         {role, `{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::000000000000:role/ApiRole"}, ` + rest + `}`, ""},
		"another role":                     {role, `{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::000000000000:role/Other"}, ` + rest + `}`, "no identity-based policy"},
		"the account grants nothing":       {role, `{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::000000000000:root"}, ` + rest + `}`, "no identity-based policy"},
		"the role's own policy is enough":  {mayAll, `{"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, ` + rest + `}`, ""},
		"denied to the account":            {mayAll, `{"Effect": "Deny", "Principal": {"AWS": "000000000000"}, ` + rest + `}`, "explicit deny in a resource-based policy"},
		"denied to all without TLS":        {mayAll, `{"Effect": "Deny", "Principal": "*", ` + rest + `, "Condition": {"Bool": {"aws:SecureTransport": "false"}}}`, ""},
		"denied to all but an AWS service": {mayAll, `{"Effect": "Deny", "Principal": "*", ` + rest + `, "Condition": {"Bool": {"aws:PrincipalIsAWSService": "false"}}}`, "explicit deny in a resource-based policy"},
		"which a service is":               {sns, `{"Effect": "Allow", "Principal": "*", ` + rest + `}, {"Effect": "Deny", "Principal": "*", ` + rest + `, "Condition": {"Bool": {"aws:PrincipalIsAWSService": "false"}}}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := Parse([]byte(document2012(test.statements)), Resource)
			if err != nil {
				t.Fatal(err)
			}
			err = test.by.Authorize(p, Request{Action: "sqs:SendMessage", Resource: queue})
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v, want %q", err, test.want)
			}
		})
	}
	if err := (*Principal)(nil).Authorize(nil, Request{Action: "sqs:SendMessage", Resource: queue}); err != nil {
		t.Error("the operator:", err)
	}
}

// What a policy says and is not known is refused by name.
func TestRefused(t *testing.T) {
	const rest = `"Action": "sqs:SendMessage", "Resource": "*"`
	for text, want := range map[string]string{
		`[]`: `read`,
		`{"Version": "2012-10-17", "Statement": []}`:                                                                                 `no statement`,
		`{"Version": "2013-10-17", "Statement": {"Effect": "Allow", ` + rest + `}}`:                                                  `2013-10-17`,
		`{"Version": "2012-10-17", "Statement": {"Effect": "Perhaps", ` + rest + `}}`:                                                `Perhaps`,
		`{"Version": "2012-10-17", "Statement": {"Effect": "Allow", ` + rest + `, "Purpose": "x"}}`:                                  `Purpose`,
		`{"Version": "2012-10-17", "Statement": {"Effect": "Allow", ` + rest + `, "Action": "sqs:*"}}`:                               `Action`,
		document2012(`{"Effect": "Allow", "Resource": "*"}`):                                                                         `Action`,
		document2012(`{"Effect": "Allow", "Action": "sqs:SendMessage"}`):                                                             `Resource`,
		document2012(`{"Effect": "Allow", "Action": "SendMessage", "Resource": "*"}`):                                                `SendMessage`,
		document2012(`{"Effect": "Allow", "Action": "s*:Send", "Resource": "*"}`):                                                    `s*:Send`,
		document2012(`{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "queue"}`):                                        `queue`,
		document2012(`{"Effect": "Allow", "Principal": "*", ` + rest + `}`):                                                          `Principal`,
		document2012(`{"Effect": "Allow", "NotPrincipal": "*", ` + rest + `}`):                                                       `NotPrincipal`,
		document2012(`{"Effect": "Allow", ` + rest + `, "Condition": {"StringIs": {"aws:SourceArn": "x"}}}`):                         `StringIs`,
		document2012(`{"Effect": "Allow", ` + rest + `, "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}}`):                `aws:SourceIp`,
		document2012(`{"Effect": "Allow", ` + rest + `, "Condition": {"StringEquals": {"sqs:Colour": "x"}}}`):                        ``,
		document2012(`{"Effect": "Allow", ` + rest + `, "Condition": {"StringEquals": {"dynamodb:Colour": "x"}}}`):                   `dynamodb:Colour`,
		document2012(`{"Effect": "Allow", ` + rest + `, "Condition": {"StringEquals": {"dynamodb:LeadingKeys": "x"}}}`):              `ForAllValues`,
		document2012(`{"Effect": "Allow", ` + rest + `, "Condition": {"ForAnyValue:StringEqualsIfExists": {"aws:SourceArn": "x"}}}`): `IfExists`,
		document2012(`{"Effect": "Allow", ` + rest + `, "Condition": {"Bool": {"aws:SecureTransport": "perhaps"}}}`):                 `perhaps`,
		document2012(`{"Effect": "Allow", ` + rest + `, "Condition": {"NumericEquals": {"s3:prefix": "x"}}}`):                        `number`,
		document2012(`{"Effect": "Allow", ` + rest + `, "Condition": {"DateEquals": {"aws:CurrentTime": "x"}}}`):                     `date`,
		document2012(`{"Effect": "Allow", ` + rest + `, "Condition": {"ArnEquals": {"aws:SourceArn": "x"}}}`):                        `ARN`,
		document2012(`{"Effect": "Allow", ` + rest + `, "Condition": {"StringEquals": {"s3:prefix": "${aws:username}"}}}`):           `aws:username`,
		document2012(`{"Effect": "Allow", ` + rest + `, "Condition": {"StringEquals": {"s3:prefix": "${aws:SourceArn"}}}`):           `without an end`,
		document2012(`{"Effect": "Allow", ` + rest + `, "Condition": {"StringEquals": {"s3:prefix": {"a": 1}}}}`):                    `read`,
	} {
		_, err := Parse([]byte(text), Identity)
		if want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want it to name %s", text, err, want)
		}
		if want == "" && err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
	for text, want := range map[string]string{
		document2012(`{"Effect": "Allow", ` + rest + `}`):                                                           `principal`,
		document2012(`{"Effect": "Allow", "Principal": "me", ` + rest + `}`):                                        `me`,
		document2012(`{"Effect": "Allow", "Principal": {"Federated": "x"}, ` + rest + `}`):                          `Federated`,
		document2012(`{"Effect": "Allow", "Principal": {"Service": "sns.*.com"}, ` + rest + `}`):                    `sns.*.com`,
		document2012(`{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::1:user/u"}, ` + rest + `}`):            `user/u`,
		document2012(`{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::000000000000:role/*"}, ` + rest + `}`): `role/*`,
	} {
		if _, err := Parse([]byte(text), Resource); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want it to name %s", text, err, want)
		}
	}
	text := document2012(`{"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sts:AssumeRole", "Resource": "*"}`)
	if _, err := Parse([]byte(text), Trust); err == nil || !strings.Contains(err.Error(), "Resource") {
		t.Errorf("a trust policy with resources: %v", err)
	}
}

func TestMatch(t *testing.T) {
	for _, test := range []struct {
		pattern, s string
		want       bool
	}{
		{"", "", true}, {"*", "", true}, {"*", "x", true}, {"a*c", "abc", true}, {"a*c", "ac", true}, {"a*c", "abcd", false},
		{"a?c", "abc", true}, {"a?c", "aéc", true}, {"a?c", "ac", false}, {"*b*d", "abcbd", true}, {"**", "x", true}, {"a", "b", false},
		{"a*", "", false}, {"?*", "é", true}, {"*é", "aé", true}, {"a?", "a", false}, {"a*?", "a", false},
	} {
		p, err := compile(test.pattern, wildcards)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.matches(test.s, asked{}); got != test.want {
			t.Errorf("%q on %q: %v", test.pattern, test.s, got)
		}
	}
}

// Of what is a policy, a denial outdoes all, and nothing is allowed by nothing.
func FuzzPolicy(f *testing.F) {
	f.Add(`"Effect": "Allow", "Action": "dynamodb:*", "Resource": "*", "Condition": {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["a*", "${aws:PrincipalAccount, 'x'}"]}}`, "dynamodb:PutItem", table, "a")
	f.Add(`"Effect": "Deny", "NotAction": ["sqs:*"], "NotResource": ["arn:aws:s3:::b/?"], "Condition": {"Bool": {"aws:SecureTransport": "false"}}`, "s3:GetObject", "arn:aws:s3:::b/x", "")
	f.Add(`"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::b/${*}*${$}", "Condition": {"ArnNotLike": {"aws:SourceArn": "a:*:c:?:e:f:g"}, "DateLessThanEquals": {"aws:CurrentTime": 5}}`, "a:b", "x", "é")
	f.Fuzz(func(t *testing.T, statement, action, resource, value string) {
		p, err := Parse([]byte(document2012("{"+statement+"}")), Identity)
		if err != nil {
			return
		}
		by := session(t)
		r := Request{Action: action, Resource: resource, Context: given("dynamodb:leadingkeys", value, "s3:prefix", value)}
		got := p.evaluate(by, &r)
		if again := p.evaluate(by, &r); got != again {
			t.Errorf("%v, then %v", got, again)
		}
		deny, err := Parse([]byte(document2012("{"+statement+`}, {"Effect": "Deny", "Action": "*", "Resource": "*"}`)), Identity)
		if err != nil || deny.evaluate(by, &r) != denied {
			t.Errorf("a denial of all does not deny: %v", err)
		}
	})
}

func FuzzMatch(f *testing.F) {
	f.Add("a*b?c", "axxbyc")
	f.Fuzz(func(t *testing.T, pattern, s string) {
		p, err := compile(pattern, wildcards)
		if err != nil {
			t.Fatal(err)
		}
		if !utf8.ValidString(pattern) {
			return // JSON has no such text
		}
		p.matches(s, asked{})
		if literal, _ := compile(s, 0); !literal.matches(s, asked{}) {
			t.Errorf("%q is not itself", s)
		}
		if every, _ := compile("*", wildcards); !every.matches(s, asked{}) {
			t.Errorf("* does not match %q", s)
		}
		if !strings.ContainsAny(pattern, "*?") && p.matches(s, asked{}) != (pattern == s) {
			t.Errorf("%q on %q: %v", pattern, s, p.matches(s, asked{}))
		}
	})
}
