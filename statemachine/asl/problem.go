package asl

import (
	"fmt"
	"strings"
)

// A DefinitionError lists everything that is wrong with a definition.
type DefinitionError struct{ Problems []Problem }

// A Problem is a diagnostic as ValidateStateMachineDefinition gives it.
// https://docs.aws.amazon.com/step-functions/latest/apireference/API_ValidateStateMachineDefinitionDiagnostic.html
type Problem struct {
	Code     string // SCHEMA_VALIDATION_FAILED
	Message  string
	Location string // /States/ValidateOrder/Next; "" when it has none
}

func (p Problem) String() string {
	if p.Location == "" {
		return p.Code + ": " + p.Message
	}
	return p.Code + ": " + p.Message + " at " + p.Location
}

// Error is the problems as CreateStateMachine reports them.
func (e *DefinitionError) Error() string {
	texts := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		texts[i] = p.String()
	}
	return strings.Join(texts, ", ")
}

const (
	schemaFailed     = "SCHEMA_VALIDATION_FAILED"
	invalidJSON      = "INVALID_JSON_DESCRIPTION"
	missingTarget    = "MISSING_TRANSITION_TARGET"
	missingEnd       = "MISSING_END_STATE"
	duplicateState   = "DUPLICATE_STATE_NAME"
	invalidJSONata   = "INVALID_JSONATA_EXPRESSION"
	unsupportedQuery = "UNSUPPORTED_JSONATA_EXPRESSION"
)

func (p *parser) refuse(code, location, format string, args ...any) {
	p.problems = append(p.problems, Problem{code, fmt.Sprintf(format, args...), location})
}
