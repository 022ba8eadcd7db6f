package asl

import "fmt"

// connect resolves the names of a graph's states, and checks that each can be
// reached, that the graph can end, and that no variable hides an outer one.
func (p *parser) connect(g *graph, startAt string) {
	resolve := func(name, field, location string) *state {
		if name == "" {
			return nil
		}
		s, ok := g.states[name]
		if !ok {
			p.refuse(missingTarget, location, "Missing '%s' target: %s", field, name)
		}
		return s
	}
	g.start = resolve(startAt, "StartAt", g.location+"/StartAt")
	for _, name := range g.names {
		s := g.states[name]
		field := "Next"
		if s.kind == choiceState {
			field = "Default"
		}
		s.next = resolve(s.nextName, field, s.location+"/"+field)
		for i := range s.choices {
			c := &s.choices[i]
			c.next = resolve(c.nextName, "Next", fmt.Sprintf("%s/Choices[%d]/Next", s.location, i))
		}
		for i := range s.catch {
			c := &s.catch[i]
			c.next = resolve(c.nextName, "Next", fmt.Sprintf("%s/Catch[%d]/Next", s.location, i))
		}
		p.shadows(s)
	}
	if g.start == nil {
		return
	}
	reached := map[*state]bool{}
	reach(g.start, reached)
	ends := false
	for _, name := range g.names {
		s := g.states[name]
		if !reached[s] {
			p.refuse(missingTarget, s.location, "State \"%s\" is not reachable.", name)
		}
		if reached[s] && s.next == nil && s.kind != choiceState {
			ends = true
		}
	}
	if !ends {
		p.refuse(missingEnd, g.location+"/States", "No state can be reached that ends the execution")
	}
}

func reach(s *state, reached map[*state]bool) {
	for s != nil && !reached[s] {
		reached[s] = true
		for i := range s.choices {
			reach(s.choices[i].next, reached)
		}
		for i := range s.catch {
			reach(s.catch[i].next, reached)
		}
		s = s.next
	}
}

// shadows refuses to assign, inside of a Parallel or Map, a variable that
// exists around it.
func (p *parser) shadows(s *state) {
	check := func(assigned []assignment, location string) {
		for _, a := range assigned {
			for _, outer := range p.scopes {
				if outer[a.name] {
					p.refuse(schemaFailed, location+"/Assign/"+a.name, "Variable '%s' is already assigned in an outer scope", a.name)
					break
				}
			}
		}
	}
	check(s.assign, s.location)
	for i := range s.choices {
		check(s.choices[i].assign, fmt.Sprintf("%s/Choices[%d]", s.location, i))
	}
	for i := range s.catch {
		check(s.catch[i].assign, fmt.Sprintf("%s/Catch[%d]", s.location, i))
	}
}
