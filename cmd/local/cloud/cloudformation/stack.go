package cloudformation

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// A Stack is a deployed template.
type Stack struct {
	Name      string
	ID        string // its ARN
	CreatedAt time.Time

	Outputs map[string]string // by name

	// Resources are what was created, in order of creation.
	Resources []StackResource

	template   *Template
	parameters []Parameter
	outputs    []Output
}

// A StackResource is a resource that exists.
type StackResource struct {
	LogicalID  string
	PhysicalID string // what Ref returns: of a queue its URL, of a topic its ARN
	Type       string // CloudFormation's, also where the template has SAM's
	CreatedAt  time.Time
}

// A Parameter is a parameter's value in a stack.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_Parameter.html
type Parameter struct {
	ParameterKey   string
	ParameterValue string // **** of one that has NoEcho
}

// An Output is what a stack tells.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_Output.html
type Output struct {
	OutputKey   string
	OutputValue string
	Description string `json:",omitempty"`
}

// parametersShown are the parameters' values as they are told, by name.
func (t *Template) parametersShown(given map[string]string) []Parameter {
	var shown []Parameter
	for _, name := range slices.Sorted(maps.Keys(t.parameters)) {
		p := t.parameters[name]
		value, ok := given[name]
		if !ok && p.Default != nil {
			value = *p.Default
		}
		if p.noEcho {
			value = "****"
		}
		shown = append(shown, Parameter{name, value})
	}
	return shown
}

// transformedTypes are what SAM makes of its own resource types.
// https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification-generated-resources.html
var transformedTypes = map[string]string{
	"AWS::Serverless::Function": "AWS::Lambda::Function",
	"AWS::Serverless::HttpApi":  "AWS::ApiGatewayV2::Api",
}

func transformed(resourceType string) string {
	return cmp.Or(transformedTypes[resourceType], resourceType)
}
