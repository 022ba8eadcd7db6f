package cloudformation

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Decode reads a resource's properties into the struct that v points to, by
// the names in its cfn tags (or its fields' names). A property that the struct
// does not have is an error that names it; one tagged `cfn:"Name,required"`
// must be there. As CloudFormation does, it takes a string where a number or
// boolean is wanted, and the other way round. A field of type any takes
// whatever comes.
func (r Resource) Decode(v any) error {
	return At(Decode(r.Properties, v), "Properties")
}

// Decode is Resource.Decode for any resolved value.
func Decode(value, v any) error {
	return decodeInto(value, reflect.ValueOf(v).Elem())
}

func decodeInto(value any, to reflect.Value) error {
	switch to.Kind() {
	case reflect.Interface:
		if value != nil {
			to.Set(reflect.ValueOf(value))
		}
		return nil
	case reflect.Pointer:
		if value == nil {
			return nil
		}
		to.Set(reflect.New(to.Type().Elem()))
		return decodeInto(value, to.Elem())
	case reflect.Struct:
		return decodeStruct(value, to)
	case reflect.Map:
		return decodeMap(value, to)
	case reflect.Slice:
		return decodeSlice(value, to)
	}
	s, err := scalar(value)
	if err != nil {
		return fmt.Errorf("%s where %s is wanted", describe(value), wanted(to.Kind()))
	}
	return setScalar(s, to)
}

func decodeStruct(value any, to reflect.Value) error {
	members, err := object(value)
	if err != nil {
		return err
	}
	fields := fieldsOf(to.Type())
	for _, name := range slices.Sorted(maps.Keys(members)) {
		f, ok := fields[name]
		if !ok {
			return within(name, errors.New("the property is not supported by the local cloud"))
		}
		if err := decodeInto(members[name], to.Field(f.index)); err != nil {
			return within(name, err)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if _, given := members[name]; fields[name].required && !given {
			return within(name, errors.New("the property is required"))
		}
	}
	return nil
}

type field struct {
	index    int
	required bool
}

func fieldsOf(t reflect.Type) map[string]field {
	fields := make(map[string]field, t.NumField())
	for i := range t.NumField() {
		name, option, _ := strings.Cut(t.Field(i).Tag.Get("cfn"), ",")
		if name == "" {
			name = t.Field(i).Name
		}
		fields[name] = field{index: i, required: option == "required"}
	}
	return fields
}

func decodeMap(value any, to reflect.Value) error {
	members, err := object(value)
	if err != nil {
		return err
	}
	to.Set(reflect.MakeMapWithSize(to.Type(), len(members)))
	for _, name := range slices.Sorted(maps.Keys(members)) {
		element := reflect.New(to.Type().Elem()).Elem()
		if err := decodeInto(members[name], element); err != nil {
			return within(name, err)
		}
		to.SetMapIndex(reflect.ValueOf(name), element)
	}
	return nil
}

func decodeSlice(value any, to reflect.Value) error {
	list, ok := value.([]any)
	if !ok {
		return fmt.Errorf("%s where a list is wanted", describe(value))
	}
	to.Set(reflect.MakeSlice(to.Type(), len(list), len(list)))
	for i, item := range list {
		if err := decodeInto(item, to.Index(i)); err != nil {
			return withinIndex(i, err)
		}
	}
	return nil
}

func setScalar(s string, to reflect.Value) error {
	switch kind := to.Kind(); kind {
	case reflect.String:
		to.SetString(s)
	case reflect.Bool:
		if s != "true" && s != "false" {
			return fmt.Errorf("%q where %s is wanted", s, wanted(kind))
		}
		to.SetBool(s == "true")
	case reflect.Int, reflect.Int32, reflect.Int64:
		n, err := strconv.ParseInt(s, 10, to.Type().Bits())
		if err != nil {
			return fmt.Errorf("%q where %s is wanted", s, wanted(kind))
		}
		to.SetInt(n)
	case reflect.Float64:
		n, err := strconv.ParseFloat(s, 64)
		if err != nil || !json.Valid([]byte(s)) {
			return fmt.Errorf("%q where %s is wanted", s, wanted(kind))
		}
		to.SetFloat(n)
	default:
		return fmt.Errorf("cannot decode into %s", to.Type())
	}
	return nil
}

func wanted(kind reflect.Kind) string {
	switch kind {
	case reflect.Bool:
		return "a boolean"
	case reflect.Int, reflect.Int32, reflect.Int64:
		return "an integer"
	case reflect.Float64:
		return "a number"
	}
	return "a string"
}
