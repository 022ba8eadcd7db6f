package sns

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// Limits of a filter policy.
// https://docs.aws.amazon.com/sns/latest/dg/subscription-filter-policy-constraints.html
const (
	maxPolicySize       = 256 << 10
	maxPolicyKeys       = 5
	maxCombinations     = 150
	maxWildcards        = 3   // in one pattern
	maxWildcardPoints   = 100 // in all of them
	maxNumber           = 1e9
	maxPolicyDepth      = 100
	scopeAttributes     = "MessageAttributes"
	scopeBody           = "MessageBody"
	filterPolicyTooBig  = "Filter policy is too complex"
	onlyOneKeyInPattern = "Only one key allowed in match expression"
)

// A policyError is AWS's sentence about a filter policy.
type policyError string

func (e policyError) Error() string { return string(e) }

func refuse(format string, args ...any) error { return policyError(fmt.Sprintf(format, args...)) }

// errNested is AWS's sentence, which names no attribute.
const errNested = policyError("Filter policy scope MessageAttributes does not support nested filter policy")

// parseFilterPolicy reads a filter policy. "" and {} are no policy: nil. An
// error is AWS's sentence, without the place in the text that AWS adds.
func parseFilterPolicy(text, scope string) (*filterPolicy, error) {
	if text == "" {
		return nil, nil
	}
	if len(text) > maxPolicySize {
		return nil, refuse("Filter policy size exceeds the maximum of 256 KB")
	}
	root, err := parseTree(text)
	if err != nil {
		return nil, refuse("failed to parse JSON. %v", err)
	}
	if root.kind != '{' {
		return nil, refuse("Filter is not an object")
	}
	if len(root.children) == 0 {
		return nil, nil
	}
	if len(root.children) > maxPolicyKeys {
		return nil, refuse("Filter policy can not have more than %d keys", maxPolicyKeys)
	}
	c := compiler{scope: scope}
	p, combinations, err := c.policy(root, 1, 1)
	if err != nil {
		return nil, err
	}
	if combinations > maxCombinations || c.wildcardPoints > maxWildcardPoints {
		return nil, refuse("%s", filterPolicyTooBig)
	}
	return p, nil
}

// A node is a JSON value with its members in their order.
type node struct {
	kind     json.Delim // { or [, 0 for a scalar
	keys     []string
	children []node
	value    scalar
	literal  string // of a number
}

func parseTree(text string) (node, error) {
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	n, err := readNode(dec, 0)
	if err != nil {
		return n, err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return n, refuse("more than one JSON value")
	}
	return n, nil
}

func readNode(dec *json.Decoder, depth int) (node, error) {
	if depth > maxPolicyDepth {
		return node{}, refuse("nested too deeply")
	}
	token, err := dec.Token()
	if err != nil {
		return node{}, err
	}
	switch t := token.(type) {
	case json.Delim:
		return readChildren(dec, t, depth)
	case string:
		return node{value: scalar{kind: isText, text: t}, literal: t}, nil
	case json.Number:
		f, err := t.Float64()
		return node{value: scalar{kind: isNumber, number: f}, literal: t.String()}, err
	case bool:
		if t {
			return node{value: scalar{kind: isTrue}, literal: "true"}, nil
		}
		return node{value: scalar{kind: isFalse}, literal: "false"}, nil
	}
	return node{value: scalar{kind: isNull}, literal: "null"}, nil
}

func readChildren(dec *json.Decoder, open json.Delim, depth int) (node, error) {
	n := node{kind: open}
	for dec.More() {
		if open == '{' {
			key, err := dec.Token()
			if err != nil {
				return n, err
			}
			if slices.Contains(n.keys, key.(string)) {
				return n, refuse("Duplicate field '%s'", key)
			}
			n.keys = append(n.keys, key.(string))
		}
		child, err := readNode(dec, depth+1)
		if err != nil {
			return n, err
		}
		n.children = append(n.children, child)
	}
	_, err := dec.Token()
	return n, err
}

type compiler struct {
	scope          string
	wildcardPoints int
}

// policy compiles an object at the given depth, and counts the combinations
// of values: the product over all fields of their number of values times
// their depth, alternatives of an $or being added up.
func (c *compiler) policy(n node, depth, combinations int) (*filterPolicy, int, error) {
	if depth > 1 && c.scope == scopeAttributes {
		return nil, 0, errNested
	}
	p := new(filterPolicy)
	for i, key := range n.keys {
		child := n.children[i]
		switch {
		case key == "":
			return nil, 0, refuse("Empty field names are not allowed")
		case key == "$or" && child.alternatives():
			alternatives, sum, err := c.or(child, depth, combinations)
			if err != nil {
				return nil, 0, err
			}
			p.ors, combinations = append(p.ors, alternatives), sum
		case child.kind == '{':
			if len(child.keys) == 0 {
				return nil, 0, refuse("Empty objects are not allowed")
			}
			nested, product, err := c.policy(child, depth+1, combinations)
			if err != nil {
				return nil, 0, err
			}
			p.fields, combinations = append(p.fields, field{name: key, nested: nested}), product
		case child.kind == '[':
			f, err := c.field(key, child)
			if err != nil {
				return nil, 0, err
			}
			p.fields, combinations = append(p.fields, f), combinations*len(child.children)*depth
		default:
			return nil, 0, refuse("%q must be an object or an array", key)
		}
		if combinations > math.MaxInt32 {
			return nil, 0, refuse("%s", filterPolicyTooBig)
		}
	}
	return p, combinations, nil
}

// operators can not be field names inside an $or.
var operators = []string{"exactly", "prefix", "suffix", "anything-but", "numeric", "exists", "cidr", "equals-ignore-case", "wildcard"}

// alternatives tells whether the value of "$or" makes it the operator, rather
// than a field of that name: two or more objects of fields.
func (n *node) alternatives() bool {
	if n.kind != '[' || len(n.children) < 2 {
		return false
	}
	for _, child := range n.children {
		if child.kind != '{' || len(child.keys) == 0 {
			return false
		}
		if slices.ContainsFunc(child.keys, func(key string) bool { return slices.Contains(operators, key) }) {
			return false
		}
	}
	return true
}

func (c *compiler) or(n node, depth, combinations int) (alternatives []*filterPolicy, sum int, err error) {
	for _, child := range n.children {
		p, product, err := c.policy(child, depth, combinations)
		if err != nil {
			return nil, 0, err
		}
		alternatives = append(alternatives, p)
		sum += product
	}
	return alternatives, sum, nil
}

func (c *compiler) field(name string, n node) (field, error) {
	f := field{name: name}
	if len(n.children) == 0 {
		return f, refuse("Empty arrays are not allowed")
	}
	points, wildcards := 0, 0
	for _, child := range n.children {
		switch child.kind {
		case '[':
			return f, refuse("Match value must be String, number, true, false, or null")
		case '{':
			if err := f.addExpression(child); err != nil {
				return f, err
			}
			if p := child.wildcardPoints(); p > 0 {
				points += p
				wildcards++
			}
		default:
			f.patterns = append(f.patterns, exactly(child.value))
		}
	}
	c.wildcardPoints += points * wildcards
	return f, nil
}

// wildcardPoints is one for a pattern with one wildcard, three for more.
func (n *node) wildcardPoints() int {
	if n.keys[0] == "anything-but" && n.children[0].kind == '{' {
		n = &n.children[0]
	}
	if n.keys[0] != "wildcard" {
		return 0
	}
	if strings.Count(n.children[0].literal, "*") > 1 {
		return 3
	}
	return 1
}

func (f *field) addExpression(n node) error {
	if len(n.keys) == 0 {
		return refuse("Match expression name not found")
	}
	operator, operand := n.keys[0], n.children[0]
	var p pattern
	var err error
	switch operator {
	case "exists":
		switch operand.value.kind {
		case isTrue:
			f.present = true
		case isFalse:
			f.absent = true
		default:
			return refuse("exists match pattern must be either true or false.")
		}
	case "numeric":
		p, err = parseNumeric(operand)
	case "anything-but":
		p, err = parseAnythingBut(operand)
	case "cidr":
		p, err = parseCIDR(operand)
	case "prefix", "suffix", "equals-ignore-case", "wildcard":
		p, err = parseTextual(operator, operand)
	default:
		return refuse("Unrecognized match type %s", operator)
	}
	if err != nil {
		return err
	}
	if len(n.keys) > 1 {
		return refuse("%s", onlyOneKeyInPattern)
	}
	if p != nil {
		f.patterns = append(f.patterns, p)
	}
	return nil
}

func parseTextual(operator string, n node) (pattern, error) {
	if n.kind != 0 || n.value.kind != isText {
		return nil, refuse("%s match pattern must be a string", operator)
	}
	text := n.value.text
	switch operator {
	case "prefix":
		return withPrefix(text), nil
	case "suffix":
		return withSuffix(text), nil
	case "equals-ignore-case":
		return equalFold(text), nil
	}
	return parseWildcard(text)
}

// parseWildcard reads a text in which * is any run of characters; \* and \\
// are themselves.
func parseWildcard(text string) (pattern, error) {
	var parts []string
	var part strings.Builder
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '\\':
			if i++; i == len(text) || text[i] != '*' && text[i] != '\\' {
				return nil, refuse("Invalid escape character at pos %d", i-1)
			}
			part.WriteByte(text[i])
		case text[i] == '*' && i > 0 && text[i-1] == '*' && part.Len() == 0:
			return nil, refuse("Consecutive wildcard characters at pos %d", i-1)
		case text[i] == '*':
			parts = append(parts, part.String())
			part.Reset()
		default:
			part.WriteByte(text[i])
		}
	}
	if len(parts) > maxWildcards {
		return nil, refuse("A wildcard pattern can have at most %d wildcard characters", maxWildcards)
	}
	return likeWildcard(append(parts, part.String())), nil
}

func parseAnythingBut(n node) (pattern, error) {
	switch {
	case n.kind == '{':
		return parseAnythingButExpression(n)
	case n.kind == '[':
		return parseAnythingButList(n)
	case n.value.kind == isText, n.value.kind == isNumber:
		return anythingBut(exactly(n.value)), nil
	}
	return nil, refuse("Value of anything-but must be an array or single string/number value.")
}

func parseAnythingButExpression(n node) (pattern, error) {
	if len(n.keys) == 0 {
		return nil, refuse("Anything-But expression name not found")
	}
	operator := n.keys[0]
	if operator != "prefix" && operator != "suffix" && operator != "wildcard" {
		return nil, refuse("Unsupported anything-but pattern: %s", operator)
	}
	p, err := parseTextual(operator, n.children[0])
	if err != nil {
		return nil, err
	}
	if n.children[0].value.text == "" {
		return nil, refuse("Null prefix/suffix not allowed")
	}
	if len(n.keys) > 1 {
		return nil, refuse("%s", onlyOneKeyInPattern)
	}
	return anythingBut(p), nil
}

func parseAnythingButList(n node) (pattern, error) {
	patterns := make([]pattern, len(n.children))
	for i, child := range n.children {
		if child.kind != 0 || child.value.kind != isText && child.value.kind != isNumber {
			return nil, refuse("Inside anything but list, start|null|boolean is not supported.")
		}
		if child.value.kind != n.children[0].value.kind {
			return nil, refuse("Inside anything but list, either all values are number or string, mixed type is not supported")
		}
		patterns[i] = exactly(child.value)
	}
	if len(patterns) == 0 {
		return nil, refuse("Inside anything but list, either all values are number or string, mixed type is not supported")
	}
	return anythingBut(patterns...), nil
}

func parseNumeric(n node) (pattern, error) {
	if n.kind != '[' {
		return nil, refuse("Value of numeric must be an array.")
	}
	terms := n.children
	if len(terms) == 0 {
		return nil, refuse("Invalid member in numeric match: ]")
	}
	if terms[0].value.kind != isText || terms[0].kind != 0 {
		return nil, refuse("Invalid member in numeric match: %s", terms[0].literal)
	}
	operator := terms[0].value.text
	if !slices.Contains([]string{"=", "<", "<=", ">", ">="}, operator) {
		return nil, refuse("Unrecognized numeric range operator: %s", operator)
	}
	low, err := numericOperand(operator, terms[1:])
	if err != nil {
		return nil, err
	}
	if len(terms) == 2 {
		return numeric(bound{operator, low}), nil
	}
	if operator != ">" && operator != ">=" {
		return nil, refuse("Too many elements in numeric expression")
	}
	if terms[2].value.kind != isText || terms[2].kind != 0 {
		return nil, refuse("Bad value in numeric range: %s", terms[2].literal)
	}
	upper := terms[2].value.text
	if upper != "<" && upper != "<=" {
		return nil, refuse("Bad numeric range operator: %s", upper)
	}
	high, err := numericOperand(upper, terms[3:])
	if err != nil {
		return nil, err
	}
	if high <= low {
		return nil, refuse("Bottom must be less than top")
	}
	if len(terms) > 4 {
		return nil, refuse("Too many terms in numeric range expression")
	}
	return numeric(bound{operator, low}, bound{upper, high}), nil
}

func numericOperand(operator string, terms []node) (float64, error) {
	if len(terms) == 0 || terms[0].kind != 0 || terms[0].value.kind != isNumber {
		if operator == "=" {
			operator = "equals"
		}
		return 0, refuse("Value of %s must be numeric", operator)
	}
	v := terms[0].value.number
	if v < -maxNumber || v > maxNumber {
		return 0, refuse("Value must be between %s and %s, inclusive", strconv.FormatFloat(-maxNumber, 'E', 1, 64), strconv.FormatFloat(maxNumber, 'E', 1, 64))
	}
	return v, nil
}

func parseCIDR(n node) (pattern, error) {
	if n.kind != 0 || n.value.kind != isText {
		return nil, refuse("prefix match pattern must be a string") // sic
	}
	text := n.value.text
	address, bits, ok := strings.Cut(text, "/")
	if !ok {
		a, err := netip.ParseAddr(text)
		if err != nil {
			return nil, refuse("Malformed CIDR, one '/' required")
		}
		return inNetwork(netip.PrefixFrom(a, a.BitLen())), nil
	}
	if _, err := strconv.Atoi(bits); err != nil {
		return nil, refuse("Malformed CIDR, mask bits must be an integer")
	}
	network, err := netip.ParsePrefix(text)
	if err != nil {
		return nil, refuse("Nonstandard IP address: %s", address)
	}
	return inNetwork(network), nil
}
