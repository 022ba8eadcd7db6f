package cloudformation

import (
	"errors"
	"maps"
	"slices"
	"strings"
)

// globalTypes are the resource types that each Globals section speaks of.
// https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification-template-anatomy-globals.html
var globalTypes = map[string]string{
	"Api":          "AWS::Serverless::Api",
	"Function":     "AWS::Serverless::Function",
	"HttpApi":      "AWS::Serverless::HttpApi",
	"SimpleTable":  "AWS::Serverless::SimpleTable",
	"StateMachine": "AWS::Serverless::StateMachine",
}

func (t *Template) mergeGlobals(globals map[string]any) error {
	for _, section := range slices.Sorted(maps.Keys(globals)) {
		kind, ok := globalTypes[section]
		if !ok {
			return within(section, errors.New("the section is not supported"))
		}
		common, err := object(globals[section])
		if err != nil {
			return within(section, err)
		}
		for id, r := range t.resources {
			if r.Type == kind {
				r.properties = merge(common, r.properties).(map[string]any)
				t.resources[id] = r
			}
		}
	}
	return nil
}

// merge lays a resource's own value over the global one: objects member by
// member, lists behind each other, all else replaced.
func merge(global, own any) any {
	switch own := own.(type) {
	case map[string]any:
		common, ok := global.(map[string]any)
		if !ok || isIntrinsic(common) || isIntrinsic(own) {
			return own
		}
		merged := maps.Clone(common)
		for name, v := range own {
			if g, both := common[name]; both {
				v = merge(g, v)
			}
			merged[name] = v
		}
		return merged
	case []any:
		if common, ok := global.([]any); ok {
			return append(slices.Clone(common), own...)
		}
	}
	return own
}

func isIntrinsic(m map[string]any) bool {
	if len(m) != 1 {
		return false
	}
	for name := range m {
		return name == "Ref" || strings.HasPrefix(name, "Fn::")
	}
	return false
}
