package protocol

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// An Action is one API action, given its input as JSON in the service's own
// member names. Both wires and Step Functions' service integrations end here.
type Action func(ctx context.Context, input []byte) (output any, err error)

// Actions are a service's API: action name to action.
type Actions map[string]Action

// A Guard refuses what the caller of a context may not do. It is given a
// method's input.
type Guard func(ctx context.Context, in any) error

// Do makes an Action of a service's method. A member that In does not have is
// an error that names it: a parameter is honoured or refused, never ignored.
func Do[In, Out any](method func(context.Context, *In) (*Out, error), guards ...Guard) Action {
	return func(ctx context.Context, input []byte) (any, error) {
		in := new(In)
		if err := Unmarshal(input, in); err != nil {
			return nil, err
		}
		for _, guard := range guards {
			if err := guard(ctx, in); err != nil {
				return nil, err
			}
		}
		out, err := method(ctx, in)
		if err != nil {
			return nil, err
		}
		return out, nil
	}
}

// Unmarshal decodes an action's input strictly into v.
func Unmarshal(input []byte, v any) error {
	if len(bytes.TrimSpace(input)) == 0 {
		return nil
	}
	err := json.Unmarshal(input, v, json.RejectUnknownMembers(true))
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	e, ok := errors.AsType[*json.SemanticError](err)
	switch {
	case !ok:
		return Errorf("SerializationException", "the request body is not JSON: %v", err)
	case errors.Is(e, json.ErrUnknownName):
		return Errorf("ValidationException", "parameter %q is not supported by the local cloud", e.JSONPointer.LastToken())
	case e.GoType == nil:
		return Errorf("SerializationException", "%v", err)
	}
	return Errorf("SerializationException", "%s: %s can not be converted to %s", place(e.JSONPointer), e.JSONKind, kind(e.GoType))
}

// place writes a JSON pointer as AWS names a member: Keys.0.sku.
func place(p jsontext.Pointer) string { return strings.Join(slices.Collect(p.Tokens()), ".") }

func kind(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "a String"
	case reflect.Bool:
		return "a Boolean"
	case reflect.Slice, reflect.Array:
		return "a List"
	case reflect.Struct, reflect.Map:
		return "a Structure"
	}
	return fmt.Sprintf("a %s", t)
}
