package cloudformation

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A Template is a parsed template. It is not changed by Deploy.
type Template struct {
	body        []byte // as it was given
	description string

	parameters map[string]parameter
	mappings   map[string]any
	conditions map[string]any
	resources  map[string]resource
	generated  map[string]string // what SAM makes, and is referred to by logical ID: of which resource
	outputs    map[string]output
}

type resource struct {
	Type       string
	properties map[string]any
	condition  string
	dependsOn  []string
	attributes map[string]any
}

type output struct {
	description string
	condition   string
	value       any
}

const samTransform = "AWS::Serverless-2016-10-31"

// lifeAttributes are the members of a resource that are handed to Create,
// resolved as properties are.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/function-refs-in-policy-attributes.html
var lifeAttributes = []string{"DeletionPolicy", "UpdateReplacePolicy", "UpdatePolicy", "CreationPolicy", "Metadata"}

// Parse reads a template in JSON or YAML and checks that whatever it refers
// to exists.
func Parse(data []byte) (*Template, error) {
	document, err := decode(data)
	if err != nil {
		return nil, within("template", err)
	}
	sections, ok := document.(map[string]any)
	if !ok {
		return nil, within("template", errors.New("not an object"))
	}
	t := &Template{body: data, parameters: map[string]parameter{}, resources: map[string]resource{}, outputs: map[string]output{}}
	var globals map[string]any
	transformed := false
	for _, name := range slices.Sorted(maps.Keys(sections)) {
		section := sections[name]
		switch name {
		case "AWSTemplateFormatVersion":
			if section != "2010-09-09" {
				err = fmt.Errorf("%v is not a template format version", section)
			}
		case "Description":
			t.description, err = text(section)
		case "Metadata":
		case "Transform":
			transformed, err = true, checkTransform(section)
		case "Parameters":
			err = eachIn(section, func(name string, v any) (err error) {
				t.parameters[name], err = parseParameter(v)
				return err
			})
		case "Mappings":
			t.mappings, err = object(section)
		case "Conditions":
			t.conditions, err = object(section)
		case "Globals":
			globals, err = object(section)
		case "Resources":
			err = eachIn(section, func(name string, v any) (err error) {
				t.resources[name], err = parseResource(v)
				return err
			})
		case "Outputs":
			err = eachIn(section, func(name string, v any) (err error) {
				t.outputs[name], err = parseOutput(v)
				return err
			})
		default:
			err = errors.New("the section is not supported")
		}
		if err != nil {
			return nil, within(name, err)
		}
	}
	if len(t.resources) == 0 {
		return nil, within("Resources", errors.New("at least one resource is required"))
	}
	if !transformed {
		if err := t.checkUntransformed(); err != nil {
			return nil, err
		}
	}
	if err := t.mergeGlobals(globals); err != nil {
		return nil, within("Globals", err)
	}
	t.generated = t.generatedIDs()
	if err := t.check(); err != nil {
		return nil, err
	}
	return t, nil
}

// generatedIDs are the aliases that SAM makes. A function's version has a logical
// ID that changes with its content, and is referred to as Function.Version.
// https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification-generated-resources.html
func (t *Template) generatedIDs() map[string]string {
	generated := map[string]string{}
	for id, r := range t.resources {
		alias, ok := r.properties["AutoPublishAlias"].(string)
		if !ok {
			continue
		}
		generated[id+"Alias"+alias] = id
	}
	return generated
}

func checkTransform(v any) error {
	names, ok := v.([]any)
	if !ok {
		names = []any{v}
	}
	for _, name := range names {
		if name != samTransform {
			return fmt.Errorf("%v is not supported", name)
		}
	}
	return nil
}

// checkUntransformed refuses what exists by the transform alone.
func (t *Template) checkUntransformed() error {
	for _, id := range slices.Sorted(maps.Keys(t.resources)) {
		if kind := t.resources[id].Type; strings.HasPrefix(kind, "AWS::Serverless::") {
			return within(id, within("Type", fmt.Errorf("%s needs the template's Transform to be %s", kind, samTransform)))
		}
	}
	return nil
}

func parseResource(v any) (resource, error) {
	members, err := object(v)
	if err != nil {
		return resource{}, err
	}
	r := resource{properties: map[string]any{}, attributes: map[string]any{}}
	for name, member := range members {
		var err error
		switch {
		case name == "Type":
			r.Type, err = text(member)
		case name == "Properties":
			r.properties, err = object(member)
		case name == "Condition":
			r.condition, err = text(member)
		case name == "DependsOn":
			r.dependsOn, err = texts(member)
		case slices.Contains(lifeAttributes, name):
			r.attributes[name] = member
		default:
			err = errors.New("the resource attribute is not supported")
		}
		if err != nil {
			return resource{}, within(name, err)
		}
	}
	if r.Type == "" {
		return resource{}, errors.New("a resource must have a Type")
	}
	return r, nil
}

func parseOutput(v any) (output, error) {
	members, err := object(v)
	if err != nil {
		return output{}, err
	}
	var o output
	for name, member := range members {
		var err error
		switch name {
		case "Value":
			o.value = member
		case "Condition":
			o.condition, err = text(member)
		case "Description":
			o.description, err = text(member)
		case "Export":
		default:
			err = errors.New("the output attribute is not supported")
		}
		if err != nil {
			return output{}, within(name, err)
		}
	}
	if o.value == nil {
		return output{}, errors.New("an output must have a Value")
	}
	return o, nil
}

// eachIn calls f for every member of an object, in the order of their names.
func eachIn(v any, f func(name string, v any) error) error {
	members, err := object(v)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if err := f(name, members[name]); err != nil {
			return within(name, err)
		}
	}
	return nil
}

func object(v any) (map[string]any, error) {
	m, ok := v.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("%s where an object is wanted", describe(v))
	}
	return m, nil
}

func text(v any) (string, error) {
	s, ok := v.(string)
	if !ok {
		return "", fmt.Errorf("%s where a string is wanted", describe(v))
	}
	return s, nil
}

func texts(v any) ([]string, error) {
	if s, ok := v.(string); ok {
		return []string{s}, nil
	}
	list, ok := v.([]any)
	if !ok {
		return nil, fmt.Errorf("%s where a list of strings is wanted", describe(v))
	}
	out := make([]string, len(list))
	for i, item := range list {
		s, err := text(item)
		if err != nil {
			return nil, withinIndex(i, err)
		}
		out[i] = s
	}
	return out, nil
}

func describe(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case noValue:
		return "AWS::NoValue"
	case string:
		return fmt.Sprintf("string %q", v)
	case bool:
		return fmt.Sprintf("boolean %t", v)
	case []any:
		return "a list"
	case map[string]any:
		return "an object"
	}
	return fmt.Sprintf("number %v", v)
}
