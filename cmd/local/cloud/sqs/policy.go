package sqs

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// An accessPolicy is the part of a queue's policy that matters here: which
// topics may send. A nil policy admits none. The account's own callers are not
// authenticated and need no policy.
//
// Honoured are statements about everybody or the service sns.amazonaws.com,
// with conditions on aws:SourceArn and aws:SourceAccount, and a Deny of what
// comes without TLS, which nothing from inside AWS does. A statement that
// would mean anything else is refused when the policy is set.
type accessPolicy struct{ statements []statement }

type statement struct {
	deny       bool
	topics     bool // speaks of SNS
	send       bool // speaks of sqs:SendMessage
	resources  []string
	conditions []condition
}

// A condition holds when the key's value matches one of the patterns.
type condition struct {
	key      string // sourcearn or sourceaccount; securetransport never holds in a Deny
	like     bool
	patterns []string
}

// admits tells whether a topic may send to a queue.
func (p *accessPolicy) admits(topicARN, queueARN string) bool {
	if p == nil {
		return false
	}
	allowed := false
	for i := range p.statements {
		s := &p.statements[i]
		if !s.about(topicARN, queueARN) {
			continue
		}
		if s.deny {
			return false
		}
		allowed = true
	}
	return allowed
}

func (s *statement) about(topicARN, queueARN string) bool {
	return s.topics && s.send &&
		slices.ContainsFunc(s.resources, func(r string) bool { return wildcard(r, queueARN) }) &&
		!slices.ContainsFunc(s.conditions, func(c condition) bool { return !c.holds(topicARN) })
}

func (c *condition) holds(topicARN string) bool {
	value := topicARN
	switch c.key {
	case "aws:securetransport":
		return false
	case "aws:sourceaccount":
		value = account(topicARN)
	}
	return slices.ContainsFunc(c.patterns, func(pattern string) bool {
		if c.like {
			return wildcard(pattern, value)
		}
		return pattern == value
	})
}

func account(arn string) string {
	if parts := strings.SplitN(arn, ":", 6); len(parts) == 6 {
		return parts[4]
	}
	return ""
}

// wildcard matches with * for any run of characters and ? for any one.
func wildcard(pattern, s string) bool {
	if pattern == s {
		return true
	}
	star, mark := -1, 0
	p, i := 0, 0
	for i < len(s) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, i
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == s[i]):
			p++
			i++
		case star >= 0:
			mark++
			p, i = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// policyText is a policy document's JSON.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
type policyText struct {
	Version   string
	Id        string
	Statement oneOrMore[statementText]
}

type statementText struct {
	Sid       string
	Effect    string
	Principal json.RawMessage
	Action    oneOrMore[string]
	Resource  oneOrMore[string]
	Condition map[string]map[string]oneOrMore[string]
}

type oneOrMore[T any] []T

func (l *oneOrMore[T]) UnmarshalJSON(data []byte) error {
	if data[0] == '[' {
		return strict(data, (*[]T)(l))
	}
	*l = make(oneOrMore[T], 1)
	return strict(data, &(*l)[0])
}

func strict(data []byte, v any) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more than one JSON value")
	}
	return nil
}

// parsePolicy reads the attribute Policy; "" is no policy.
func parsePolicy(text, account string) (*accessPolicy, error) {
	if text == "" {
		return nil, nil
	}
	var doc policyText
	if err := strict([]byte(text), &doc); err != nil {
		return nil, invalidAttribute("Policy", err.Error())
	}
	p := &accessPolicy{statements: make([]statement, len(doc.Statement))}
	for i, t := range doc.Statement {
		s, err := parseStatement(t, account)
		if err != nil {
			return nil, invalidAttribute("Policy", fmt.Sprintf("the local cloud does not honour statement %d: %v", i+1, err))
		}
		p.statements[i] = s
	}
	return p, nil
}

func parseStatement(t statementText, account string) (statement, error) {
	s := statement{deny: t.Effect == "Deny", resources: t.Resource}
	if t.Effect != "Allow" && t.Effect != "Deny" {
		return s, fmt.Errorf("effect %q", t.Effect)
	}
	if len(t.Resource) == 0 || len(t.Action) == 0 {
		return s, fmt.Errorf("no action or no resource")
	}
	for _, action := range t.Action {
		name := strings.ToLower(action)
		if name != "*" && !strings.HasPrefix(name, "sqs:") {
			return s, fmt.Errorf("action %q", action)
		}
		s.send = s.send || wildcard(name, "sqs:sendmessage")
	}
	var err error
	if s.topics, err = parsePrincipal(t.Principal, s.deny, account); err != nil {
		return s, err
	}
	for operator, keys := range t.Condition {
		for key, values := range keys {
			c, err := parseCondition(operator, key, values, s.deny)
			if err != nil {
				return s, err
			}
			s.conditions = append(s.conditions, c)
		}
	}
	secure := slices.ContainsFunc(s.conditions, func(c condition) bool { return c.key == "aws:securetransport" })
	if s.deny && !s.send && !secure {
		return s, fmt.Errorf("denial of actions %q, callers are not authenticated", []string(t.Action))
	}
	return s, nil
}

// parsePrincipal tells whether a statement speaks of SNS. One that allows the
// account itself something is honoured by denying it nothing.
func parsePrincipal(data json.RawMessage, deny bool, account string) (topics bool, err error) {
	if len(data) > 0 && data[0] == '"' {
		var everybody string
		if err := json.Unmarshal(data, &everybody); err != nil || everybody != "*" {
			return false, fmt.Errorf("principal %s", data)
		}
		return true, nil
	}
	var principals map[string]oneOrMore[string]
	if err := json.Unmarshal(data, &principals); err != nil || len(principals) == 0 {
		return false, fmt.Errorf("principal %s", data)
	}
	for kind, names := range principals {
		for _, name := range names {
			switch {
			case name == "*" && kind == "AWS", name == "sns.amazonaws.com" && kind == "Service":
				topics = true
			case kind == "AWS" && !deny && (name == account || name == "arn:aws:iam::"+account+":root"):
			default:
				return false, fmt.Errorf("principal %s %q", kind, name)
			}
		}
	}
	return topics, nil
}

func parseCondition(operator, key string, values []string, deny bool) (condition, error) {
	c := condition{key: strings.ToLower(key), patterns: values}
	unknown := fmt.Errorf("condition %s on %s %q", operator, key, values)
	switch c.key {
	case "aws:securetransport":
		if operator != "Bool" || !deny || len(values) != 1 || values[0] != "false" {
			return c, unknown
		}
		return c, nil
	case "aws:sourcearn", "aws:sourceaccount":
	default:
		return c, unknown
	}
	switch operator {
	case "ArnEquals", "ArnLike":
		c.like = true
		if c.key != "aws:sourcearn" {
			return c, unknown
		}
	case "StringLike":
		c.like = true
	case "StringEquals":
	default:
		return c, unknown
	}
	return c, nil
}
