package states

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"orderflow/cmd/local/cloud/protocol"
	"orderflow/statemachine/asl"
)

// Limits of the API's members, in characters.
// https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
const (
	maxName        = 80
	maxArn         = 256
	maxDefinition  = 1 << 20
	maxToken       = 2048
	maxDescription = 256
	maxError       = 256
	maxCause       = 32768
)

func invalidArn(reason, arn string) error {
	return protocol.Errorf("InvalidArn", "Invalid Arn: '%s: %s'", reason, arn)
}

func invalidToken() error { return protocol.Errorf("InvalidToken", "Invalid Token: 'Invalid token'") }

func executionDoesNotExist(arn string) error {
	return protocol.Errorf("ExecutionDoesNotExist", "Execution Does Not Exist: '%s'", arn)
}

func executionLimitExceeded() error {
	return protocol.Errorf("ExecutionLimitExceeded", "The maximum number of running executions has been reached. Running executions must end or be stopped before a new execution can be started.")
}

func stateMachineDoesNotExist(arn string) error {
	return protocol.Errorf("StateMachineDoesNotExist", "State Machine Does Not Exist: '%s'", arn)
}

func validation(format string, args ...any) error {
	return protocol.Errorf("ValidationException", "1 validation error detected: "+format, args...)
}

// member checks a string member as AWS does before an action sees it. AWS
// never repeats the value of a sensitive member.
func member(name string, value *string, maximum int, sensitive bool) error {
	if value == nil {
		return validation("Value at '%s' failed to satisfy constraint: Member must not be null", name)
	}
	if !sensitive && *value == "" {
		return validation("Value '' at '%s' failed to satisfy constraint: Member must have length greater than or equal to 1", name)
	}
	if utf8.RuneCountInString(*value) <= maximum {
		return nil
	}
	shown := "Value"
	if !sensitive {
		shown = "Value '" + *value + "'"
	}
	return validation("%s at '%s' failed to satisfy constraint: Member must have length less than or equal to %d", shown, name, maximum)
}

// optional is member for one that may be left out.
func optional(name string, value *string, maximum int, sensitive bool) error {
	if value == nil {
		return nil
	}
	return member(name, value, maximum, sensitive)
}

// checkPage checks a page's size and token; the size that counts is returned:
// AWS takes 0 for its default of 100.
func checkPage(maxResults int, nextToken *string, maxNextToken int) (int, error) {
	if maxResults > 1000 {
		return 0, validation("Value '%d' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 1000", maxResults)
	}
	if maxResults < 0 {
		return 0, validation("Value '%d' at 'maxResults' failed to satisfy constraint: Member must have value greater than or equal to 0", maxResults)
	}
	if maxResults == 0 {
		maxResults = 100
	}
	return maxResults, optional("nextToken", nextToken, maxNextToken, false)
}

// checkName refuses what a state machine or an execution may not be called.
// https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
func checkName(name string) error {
	if err := member("name", &name, maxName, false); err != nil {
		return err
	}
	bad := func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r) || r > 0xFFFF || r == 0xFFFE || r == 0xFFFF ||
			strings.ContainsRune("<>{}[]?*\"#%\\^|~`$&,;:/", r)
	}
	if !utf8.ValidString(name) || strings.ContainsFunc(name, bad) {
		return protocol.Errorf("InvalidName", "Invalid Name: '%s'", name)
	}
	return nil
}

// checkArn refuses what is no ARN of the given kind of resource.
func checkArn(member_, kind string, arn *string) error {
	if err := member(member_, arn, maxArn, false); err != nil {
		return err
	}
	parts := strings.SplitN(*arn, ":", 7)
	switch {
	case parts[0] != "arn":
		return invalidArn("Invalid ARN prefix", *arn)
	case len(parts) < 7 || parts[2] != "states":
		return invalidArn("Invalid ARN", *arn)
	case parts[5] != kind:
		return invalidArn("Resource type not valid in this context", parts[5])
	}
	return nil
}

// notJSON says what is wrong with a text that is not JSON, in the words of the
// parser that AWS uses; "" when nothing is.
func notJSON(text string) string {
	if json.Valid([]byte(text)) {
		return ""
	}
	var fault *json.SyntaxError
	var discard json.RawMessage
	if !errors.As(json.Unmarshal([]byte(text), &discard), &fault) {
		return "Invalid JSON"
	}
	at := int(fault.Offset) - 1
	if at < 0 || at >= len(text) || strings.HasPrefix(fault.Error(), "unexpected end") {
		return "Unexpected end-of-input"
	}
	const value = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"
	start := at
	for start > 0 && isWord(rune(text[start-1])) {
		start--
	}
	if word := text[start:]; isWord(rune(word[0])) && !unicode.IsDigit(rune(word[0])) {
		end := strings.IndexFunc(word, func(r rune) bool { return !isWord(r) })
		if end < 0 {
			end = len(word)
		}
		return "Unrecognized token '" + word[:end] + "': was expecting " + value
	}
	r, _ := utf8.DecodeRuneInString(text[at:])
	expected := "expected a valid value " + value
	if strings.Contains(fault.Error(), "object key string") {
		expected = "was expecting double-quote to start field name"
	}
	return fmt.Sprintf("Unexpected character ('%c' (code %d)): %s", r, r, expected)
}

func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_' }

// checkPayload refuses an input or output larger than AWS carries.
func checkPayload(name, text string) error {
	if len(text) > asl.MaxPayload {
		return validation("Value at '%s' failed to satisfy constraint: Member must have length less than or equal to %d", name, asl.MaxPayload)
	}
	return nil
}
