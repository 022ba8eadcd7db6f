package template

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// MaxBytes is the longest template that CloudFormation takes, from a bucket,
// which is how sam deploy brings it.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
const MaxBytes = 1_000_000

// JSON is the template with intrinsic functions in their long form, sections
// in CloudFormation's usual order and resources in the template's. It fails
// on a null or empty value, a repeated logical ID, or a reference to what is
// not there.
func (t *Template) JSON() ([]byte, error) {
	rendered, err := t.tree()
	if err != nil {
		return nil, err
	}
	return marshal(rendered)
}

func (t *Template) tree() (object, error) {
	if err := t.Auth.Check(); err != nil {
		return nil, err
	}
	resources, err := t.resources()
	if err != nil {
		return nil, err
	}
	parameters, err := t.parameters()
	if err != nil {
		return nil, err
	}
	whole := object{
		{"AWSTemplateFormatVersion", "2010-09-09"},
		{"Transform", "AWS::Serverless-2016-10-31"},
		{"Description", t.Description},
		{"Metadata", object{{"AWS::CloudFormation::Interface", t.parameterInterface()}}},
		{"Parameters", parameters},
		{"Conditions", t.conditions()},
		{"Resources", resources},
		{"Outputs", t.outputs()},
	}
	whole = expand(whole).(object)
	return whole, check(whole)
}

func (t *Template) parameters() (object, error) {
	all := object{}
	for _, g := range t.Parameters {
		for _, p := range g.Parameters {
			one, err := tree(p)
			if err != nil {
				return nil, err
			}
			all = append(all, member{p.ID, one})
		}
	}
	return all, nil
}

// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-cloudformation-interface.html
func (t *Template) parameterInterface() object {
	groups, labels := []any{}, object{}
	for _, g := range t.Parameters {
		names := []any{}
		for _, p := range g.Parameters {
			names = append(names, p.ID)
			labels = append(labels, member{p.ID, object{{"default", p.Label}}})
		}
		groups = append(groups, object{{"Label", object{{"default", g.Label}}}, {"Parameters", names}})
	}
	return object{{"ParameterGroups", groups}, {"ParameterLabels", labels}}
}

func (t *Template) conditions() object {
	all := object{}
	for _, c := range t.Conditions {
		all = append(all, member{c.ID, c.Is})
	}
	return all
}

func (t *Template) outputs() object {
	all := object{}
	for _, o := range t.Outputs {
		all = append(all, member{o.ID, object{{"Description", o.Description}, {"Value", o.Value}}})
	}
	return all
}

func (t *Template) resources() (object, error) {
	all := object{}
	for _, s := range t.Sections {
		for _, r := range s.Resources {
			if !logicalID.MatchString(r.ID) {
				return nil, fmt.Errorf("template: logical ID %q is not made of letters and digits", r.ID)
			}
			if _, taken := all.get(r.ID); taken {
				return nil, fmt.Errorf("template: logical ID %q is used twice", r.ID)
			}
			body, err := tree(r.Body)
			if err != nil {
				return nil, fmt.Errorf("template: %s: %w", r.ID, err)
			}
			all = append(all, member{r.ID, attributesFirst(body)})
		}
	}
	return all, nil
}

var logicalID = regexp.MustCompile(`^[A-Za-z0-9]+$`)

// attributesFirst moves a resource's properties behind its other attributes,
// which a reader would miss below them.
func attributesFirst(resource object) object {
	slices.SortStableFunc(resource, func(a, b member) int {
		return slices.Index(attributeOrder, a.name) - slices.Index(attributeOrder, b.name)
	})
	return resource
}

var attributeOrder = []string{"Type", "Condition", "DependsOn", "DeletionPolicy", "UpdateReplacePolicy", "Metadata", "Properties"}

// expand turns the strings that carry intrinsic functions into those.
func expand(v any) any {
	switch v := v.(type) {
	case string:
		if call, ok := decode(v); ok {
			return expand(call)
		}
	case []any:
		for i := range v {
			v[i] = expand(v[i])
		}
	case object:
		for i := range v {
			v[i].value = expand(v[i].value)
		}
	}
	return v
}

// check finds what CloudFormation, or a reader, would trip over.
func check(whole object) error {
	known := map[string]bool{}
	for _, section := range []string{"Parameters", "Resources"} {
		v, _ := whole.get(section)
		for _, m := range v.(object) {
			if known[m.name] {
				return fmt.Errorf("template: logical ID %q is used twice", m.name)
			}
			known[m.name] = true
		}
	}
	resources, _ := whole.get("Resources")
	for _, name := range generated(resources.(object)) {
		known[name] = true
	}
	conditions, _ := whole.get("Conditions")
	return checker{known, conditions.(object)}.value(whole, "template")
}

type checker struct {
	known      map[string]bool // parameters and resources
	conditions object
}

func (c checker) value(v any, path string) error {
	switch v := v.(type) {
	case nil:
		return fmt.Errorf("template: %s is null: is a required property not set?", path)
	case string:
		if v == "" && !mayBeEmpty(path) {
			return fmt.Errorf("template: %s is empty: is a required property not set?", path)
		}
	case []any:
		if len(v) == 0 {
			return fmt.Errorf("template: %s is an empty list", path)
		}
		for i, element := range v {
			if err := c.value(element, fmt.Sprintf("%s[%d]", path, i)); err != nil {
				return err
			}
		}
	case object:
		if len(v) == 0 {
			return fmt.Errorf("template: %s is an empty object", path)
		}
		for _, m := range v {
			if err := c.value(m.value, path+"."+m.name); err != nil {
				return err
			}
			if err := c.reference(m, path); err != nil {
				return err
			}
		}
	}
	return nil
}

// mayBeEmpty tells of a parameter's default and of what a condition compares:
// that a value is not given is something to say there.
func mayBeEmpty(path string) bool {
	return strings.HasPrefix(path, "template.Conditions.") ||
		strings.HasPrefix(path, "template.Parameters.") && strings.HasSuffix(path, ".Default")
}

// reference checks that what a member points to is there.
func (c checker) reference(m member, path string) error {
	switch m.name {
	case "Ref":
		return c.exists(m.value, path)
	case "Fn::GetAtt":
		return c.exists(m.value.([]any)[0], path)
	case "DependsOn":
		for _, id := range m.value.([]any) {
			if err := c.exists(id, path); err != nil {
				return err
			}
		}
	case "Fn::Sub":
		for _, name := range subVariable.FindAllStringSubmatch(m.value.(string), -1) {
			id, _, _ := strings.Cut(name[1], ".")
			if err := c.exists(id, path); err != nil {
				return err
			}
		}
	case "Fn::If":
		name, _ := m.value.([]any)[0].(string)
		if _, ok := c.conditions.get(name); !ok {
			return fmt.Errorf("template: %s: no condition %q", path, name)
		}
	}
	return nil
}

var subVariable = regexp.MustCompile(`\$\{([^!}][^}]*)\}`)

func (c checker) exists(id any, path string) error {
	name, _ := id.(string)
	if c.known[name] || strings.HasPrefix(name, "AWS::") {
		return nil
	}
	return fmt.Errorf("template: %s: no parameter or resource %q", path, name)
}
