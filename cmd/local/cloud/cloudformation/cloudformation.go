// Package cloudformation turns a template into resources, as AWS
// CloudFormation and the SAM transform do: parameters, conditions, mappings
// and intrinsic functions are resolved, and each resource is created after
// those it refers to. What a resource is, the caller knows.
//
//	t, err := cloudformation.Parse(templateJSON)
//	stack, err := t.Deploy(cloudformation.Environment{...}, func(r cloudformation.Resource) (cloudformation.Values, error) {
//		switch r.Type { ... }
//	})
//
// A Service tells of the stacks that were deployed, as its API does.
//
// What it does not honour, it refuses, naming the logical ID and the path of
// the property.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-anatomy.html
package cloudformation

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Environment is where and as what a template is deployed.
type Environment struct {
	Region    string
	AccountID string
	StackName string

	// Parameters are the values given to the template's parameters, by name.
	// One left out takes its default.
	Parameters map[string]string
}

// A Resource is one entry of the Resources section, ready to be created: no
// intrinsic function is left in Properties. Its values are string, bool,
// json.Number, []any and map[string]any.
type Resource struct {
	LogicalID  string
	Type       string
	Properties map[string]any

	// Attributes are the members beside Type and Properties that concern the
	// resource's life, such as DeletionPolicy, by name.
	Attributes map[string]any

	// Of are the values of the resource that SAM makes this one of; else zero.
	Of Values
}

// Values are what a created resource means to those that refer to it.
type Values struct {
	Ref string // what Ref returns

	// Attributes are what Fn::GetAtt returns, by name: strings or lists.
	Attributes map[string]any

	// Generated are resources that SAM makes beside this one, referred to as
	// LogicalID.Name: {"Ref": "OrderFunction.Alias"}. Nil: none.
	Generated map[string]string

	// Made are the resources that SAM makes of this one, of its events, versions
	// and alias, with logical IDs of their own.
	Made []StackResource
}

// A Create makes a resource exist.
type Create func(Resource) (Values, error)

// Error is a fault of a template at one place.
type Error struct {
	Path []string // section or logical ID, then members and indices
	Err  error
}

func (e *Error) Error() string {
	var path strings.Builder
	for i, step := range e.Path {
		if i > 0 && !strings.HasPrefix(step, "[") {
			path.WriteByte('.')
		}
		path.WriteString(step)
	}
	return fmt.Sprintf("cloudformation: %s: %v", path.String(), e.Err)
}

func (e *Error) Unwrap() error { return e.Err }

// At says where a fault is, below the place that whoever passes the error on
// knows: At(err, "Properties", "CodeUri"). A nil error stays nil.
func At(err error, path ...string) error {
	for _, step := range slices.Backward(path) {
		err = within(step, err)
	}
	return err
}

// within puts a step before the path of an error: paths are built outwards,
// and only when there is an error.
func within(step string, err error) error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*nested](err); ok {
		return e
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return &Error{Path: append([]string{step}, e.Path...), Err: e.Err}
	}
	return &Error{Path: []string{step}, Err: err}
}

func withinIndex(i int, err error) error {
	if err == nil {
		return nil
	}
	return within(fmt.Sprintf("[%d]", i), err)
}
