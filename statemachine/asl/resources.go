package asl

// A TaskResource is the Resource of one Task state.
type TaskResource struct {
	Location string // /States/ValidateOrder/Resource
	ARN      string
}

// Resources are what the machine's Task states call, in the definition's
// order: Parse knows the form of an ARN, whoever performs the calls knows
// which it can.
func (m *Machine) Resources() []TaskResource {
	var found []TaskResource
	var walk func(g *graph)
	walk = func(g *graph) {
		for _, name := range g.names {
			s := g.states[name]
			if s.kind == taskState {
				found = append(found, TaskResource{s.location + "/Resource", s.resource.arn})
			}
			for _, branch := range s.branches {
				walk(branch)
			}
		}
	}
	walk(m.top)
	return found
}
