package cloudformation

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// deployment is the state of one Deploy.
type deployment struct {
	template   *Template
	create     Create
	parameters map[string]any
	pseudo     map[string]any
	conditions map[string]bool // evaluated so far
	evaluating map[string]bool
	values     map[string]Values // of created resources
	creating   []string          // the way from the first resource to the one at hand
	resources  []StackResource   // in order of creation
	decided    bool              // every condition is
}

// Deploy creates the template's resources, each after those it refers to or
// depends on, and resolves the outputs. It stops at the first error; what was
// created until then stays.
func (t *Template) Deploy(env Environment, create Create) (Stack, error) {
	began := time.Now()
	d := &deployment{
		template:   t,
		create:     create,
		pseudo:     pseudo(env),
		conditions: map[string]bool{},
		evaluating: map[string]bool{},
		values:     map[string]Values{},
	}
	var err error
	if d.parameters, err = t.parameterValues(env.Parameters); err != nil {
		return Stack{}, within("Parameters", err)
	}
	for _, name := range slices.Sorted(maps.Keys(t.conditions)) {
		if _, err := d.condition(name); err != nil {
			return Stack{}, within("Conditions", err)
		}
	}
	d.decided = true
	for _, id := range slices.Sorted(maps.Keys(t.resources)) {
		if wanted, err := d.wanted(t.resources[id]); err != nil {
			return Stack{}, within(id, err)
		} else if !wanted {
			continue
		}
		if _, err := d.created(id); err != nil {
			return Stack{}, unnest(err)
		}
	}
	if err := d.createApart(); err != nil {
		return Stack{}, unnest(err)
	}
	outputs, err := d.outputs()
	if err != nil {
		return Stack{}, unnest(within("Outputs", err))
	}
	stack := Stack{
		Name:       env.StackName,
		ID:         d.pseudo["AWS::StackId"].(string),
		CreatedAt:  began,
		Outputs:    map[string]string{},
		Resources:  d.resources,
		template:   t,
		parameters: t.parametersShown(env.Parameters),
		outputs:    outputs,
	}
	for _, o := range outputs {
		stack.Outputs[o.OutputKey] = o.OutputValue
	}
	return stack, nil
}

func pseudo(env Environment) map[string]any {
	return map[string]any{
		"AWS::AccountId": env.AccountID,
		"AWS::NoValue":   noValue{},
		"AWS::Partition": "aws",
		"AWS::Region":    env.Region,
		"AWS::StackId": fmt.Sprintf("arn:aws:cloudformation:%s:%s:stack/%s/00000000-0000-0000-0000-000000000000",
			env.Region, env.AccountID, env.StackName),
		"AWS::StackName": env.StackName,
		"AWS::URLSuffix": "amazonaws.com",
	}
}

func (t *Template) parameterValues(given map[string]string) (map[string]any, error) {
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if _, ok := t.parameters[name]; !ok {
			return nil, within(name, errors.New("the template has no such parameter"))
		}
	}
	values := make(map[string]any, len(t.parameters))
	for _, name := range slices.Sorted(maps.Keys(t.parameters)) {
		p := t.parameters[name]
		s, ok := given[name]
		if !ok {
			if p.Default == nil {
				return nil, within(name, errors.New("the parameter has no default and must be given"))
			}
			s = *p.Default
		}
		v, err := p.value(s)
		if err != nil {
			return nil, within(name, err)
		}
		values[name] = v
	}
	return values, nil
}

// created is the values of a resource, which is created if it is not yet.
func (d *deployment) created(id string) (Values, error) {
	if values, ok := d.values[id]; ok {
		return values, nil
	}
	if !d.decided {
		return Values{}, errors.New("a condition cannot refer to a resource")
	}
	if of, ok := d.template.generated[id]; ok {
		return d.madeOf(id, of)
	}
	r, ok := d.template.resources[id]
	if !ok {
		return Values{}, fmt.Errorf("there is no parameter or resource %q", id)
	}
	if wanted, err := d.wanted(r); err != nil {
		return Values{}, err
	} else if !wanted {
		return Values{}, fmt.Errorf("resource %q is not created, for its condition %q does not hold", id, r.condition)
	}
	if i := slices.Index(d.creating, id); i >= 0 {
		return Values{}, fmt.Errorf("circular dependency: %s", strings.Join(slices.Concat(d.creating[i:], []string{id}), " → "))
	}
	d.creating = append(d.creating, id)
	values, err := d.make(id, r)
	d.creating = d.creating[:len(d.creating)-1]
	if err != nil {
		if e, ok := errors.AsType[*nested](err); ok {
			return Values{}, e
		}
		return Values{}, &nested{within(id, err)}
	}
	d.values[id] = values
	d.note(StackResource{LogicalID: id, PhysicalID: values.Ref, Type: transformed(r.Type)})
	for _, made := range values.Made {
		d.note(made)
	}
	return values, nil
}

// madeOf is the values of a resource that SAM makes of another.
func (d *deployment) madeOf(id, of string) (Values, error) {
	values, err := d.created(of)
	if err != nil {
		return Values{}, err
	}
	i := slices.IndexFunc(values.Made, func(r StackResource) bool { return r.LogicalID == id })
	if i < 0 {
		return Values{}, fmt.Errorf("resource %q has made no %q", of, id)
	}
	return Values{Ref: values.Made[i].PhysicalID}, nil
}

func (d *deployment) note(r StackResource) {
	r.CreatedAt = time.Now()
	d.resources = append(d.resources, r)
}

// nested is the failure of a resource, told from where it happened and not
// again from each place that refers to it.
type nested struct{ error }

func (e *nested) Unwrap() error { return e.error }

func unnest(err error) error {
	if e, ok := errors.AsType[*nested](err); ok {
		return e.error
	}
	return err
}

func (d *deployment) make(id string, r resource) (Values, error) {
	for _, other := range r.dependsOn {
		if wanted, err := d.wanted(d.template.resources[other]); err != nil || !wanted {
			if err != nil {
				return Values{}, err
			}
			continue // CloudFormation waits for no resource that it leaves out
		}
		if _, err := d.created(other); err != nil {
			return Values{}, within("DependsOn", err)
		}
	}
	own := maps.Clone(r.properties)
	delete(own, apart[r.Type].property)
	properties, err := d.object(own)
	if err != nil {
		return Values{}, within("Properties", err)
	}
	attributes, err := d.object(r.attributes)
	if err != nil {
		return Values{}, err
	}
	return d.create(Resource{LogicalID: id, Type: r.Type, Properties: properties, Attributes: attributes})
}

// apart are properties of which SAM makes a resource of its own, that may refer
// to what refers to this one: CodeDeploy's deployment group names the alarm that
// watches the function. Create sees them when all else is there, as a resource
// with that one property.
var apart = map[string]struct{ property, logicalID, resourceType string }{
	"AWS::Serverless::Function": {"DeploymentPreference", "DeploymentGroup", "AWS::CodeDeploy::DeploymentGroup"},
}

func (d *deployment) createApart() error {
	for _, id := range slices.Sorted(maps.Keys(d.values)) {
		r := d.template.resources[id]
		a, ok := apart[r.Type]
		if !ok || r.properties[a.property] == nil {
			continue
		}
		properties, err := d.object(map[string]any{a.property: r.properties[a.property]})
		if err != nil {
			return within(id, within("Properties", err))
		}
		if len(properties) == 0 { // AWS::NoValue
			continue
		}
		made := Resource{LogicalID: id + a.logicalID, Type: a.resourceType, Properties: properties, Of: d.values[id]}
		values, err := d.create(made)
		if err != nil {
			return within(id, err)
		}
		d.note(StackResource{LogicalID: made.LogicalID, PhysicalID: values.Ref, Type: made.Type})
		for _, beside := range values.Made {
			d.note(beside)
		}
	}
	return nil
}

func (d *deployment) wanted(r resource) (bool, error) {
	if r.condition == "" {
		return true, nil
	}
	return d.condition(r.condition)
}

// outputs are in the order of their names.
func (d *deployment) outputs() ([]Output, error) {
	var outputs []Output
	for _, name := range slices.Sorted(maps.Keys(d.template.outputs)) {
		o := d.template.outputs[name]
		if o.condition != "" {
			if holds, err := d.condition(o.condition); err != nil {
				return nil, within(name, err)
			} else if !holds {
				continue
			}
		}
		value, err := d.text(o.value)
		if err != nil {
			return nil, within(name, err)
		}
		outputs = append(outputs, Output{OutputKey: name, OutputValue: value, Description: o.description})
	}
	return outputs, nil
}
