package protocol

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
)

// An Action is one API action, given its input as JSON in the service's own
// member names. Both wires and Step Functions' service integrations end here.
type Action func(ctx context.Context, input []byte) (output any, err error)

// Actions are a service's API: action name to action.
type Actions map[string]Action

// Do makes an Action of a service's method. A member that In does not have is
// an error that names it: a parameter is honoured or refused, never ignored.
func Do[In, Out any](method func(context.Context, *In) (*Out, error)) Action {
	return func(ctx context.Context, input []byte) (any, error) {
		in := new(In)
		if err := Unmarshal(input, in); err != nil {
			return nil, err
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
	dec := json.NewDecoder(bytes.NewReader(input))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return decodeError(err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return Errorf("SerializationException", "the request body holds more than one JSON value")
	}
	return nil
}

func decodeError(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return Errorf("ValidationException", "parameter %s is not supported by the local cloud", name)
	}
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return Errorf("SerializationException", "%s: %s can not be converted to %s", e.Field, e.Value, kind(e.Type))
	}
	return Errorf("SerializationException", "the request body is not JSON: %v", err)
}

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
