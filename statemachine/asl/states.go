package asl

import (
	"slices"
	"strconv"
	"strings"

	"orderflow/statemachine/asl/jsonata"
)

// graph reads StartAt and States.
func (p *parser) graph(f fields) *graph {
	f.require("States", "StartAt")
	g := &graph{location: f.location, states: map[string]*state{}}
	startAt, _ := f.text("StartAt")
	v := f.object.Get("States")
	states, ok := v.(*jsonata.Object)
	if !ok {
		if v != jsonata.Undefined {
			p.refuse(schemaFailed, f.at("States"), "Expected value of type [OBJECT]")
		}
		return g
	}
	if states.Len() == 0 {
		p.refuse(schemaFailed, f.at("States"), "Expected at least one state")
		return g
	}
	p.scopes = append(p.scopes, map[string]bool{})
	var inner []func()
	for i := range states.Len() {
		name, v := states.At(i)
		location := f.at("States") + "/" + name
		o, ok := v.(*jsonata.Object)
		switch {
		case !ok:
			p.refuse(schemaFailed, location, "Expected value of type [OBJECT]")
			continue
		case name == "" || len([]rune(name)) > 80:
			p.refuse(schemaFailed, location, "State name must be between 1 and 80 characters long")
		case p.names[name]:
			p.refuse(duplicateState, location, "Duplicate State name: %s", name)
		}
		p.names[name] = true
		s, nested := p.state(fields{p, o, location}, name)
		g.states[name], g.names = s, append(g.names, name)
		if nested != nil {
			inner = append(inner, nested)
		}
	}
	// The variables of this scope are all known: now those within it.
	for _, nested := range inner {
		nested()
	}
	p.scopes = p.scopes[:len(p.scopes)-1]
	p.connect(g, startAt)
	return g
}

// state reads one state; nested reads what runs inside of it.
func (p *parser) state(f fields, name string) (s *state, nested func()) {
	s = &state{name: name, location: f.location}
	f.text("Comment")
	if !p.language(f) {
		return s, nil
	}
	typ, _ := f.text("Type")
	var known bool
	if s.kind, known = kinds[typ]; !known {
		if typ == "" {
			f.require("Type")
		} else {
			p.refuse(schemaFailed, f.at("Type"), "Value should be one of the following: [Task, Wait, Pass, Succeed, Fail, Choice, Parallel, Map]")
		}
		return s, nil
	}

	before := place{location: f.location}
	after := before
	after.result = s.kind == taskState || s.kind == parallelState || s.kind == mapState
	s.output = f.template("Output", after)
	s.assign = f.assign(after)
	allowed := []string{"Type", "Comment", "QueryLanguage"}
	if s.kind != failState && s.kind != succeedState {
		allowed = append(allowed, "Assign")
	}
	if s.kind != failState {
		allowed = append(allowed, "Output")
	}
	switch s.kind {
	case failState, succeedState, choiceState:
	default:
		allowed = append(allowed, "Next", "End")
		p.transition(f, s)
	}
	switch s.kind {
	case taskState, parallelState, mapState:
		allowed = append(allowed, "Retry", "Catch")
		p.retriers(f, s)
		p.catchers(f, s)
	}

	switch s.kind {
	case taskState:
		allowed = append(allowed, "Resource", "Arguments", "TimeoutSeconds", "HeartbeatSeconds")
		p.task(f, s, before)
	case choiceState:
		allowed = append(allowed, "Choices", "Default")
		p.choice(f, s)
	case waitState:
		allowed = append(allowed, "Seconds", "Timestamp")
		p.wait(f, s, before)
	case failState:
		allowed = append(allowed, "Error", "Cause")
		s.failError, s.failCause = f.string("Error", before), f.string("Cause", before)
	case parallelState:
		allowed = append(allowed, "Branches", "Arguments")
		s.arguments = f.template("Arguments", before)
		f.require("Branches")
		nested = func() { p.branches(f, s) }
	case mapState:
		allowed = append(allowed, "Items", "ItemSelector", "ItemProcessor", "MaxConcurrency", "ToleratedFailureCount", "ToleratedFailurePercentage")
		p.mapping(f, s, before)
		nested = func() { p.processor(f, s) }
	}
	f.allow(allowed...)
	return s, nested
}

// language reports whether the state is written in JSONata.
func (p *parser) language(f fields) bool {
	language, given := f.text("QueryLanguage")
	switch {
	case given && language != "JSONata" && language != "JSONPath":
		p.refuse(schemaFailed, f.at("QueryLanguage"), "Value should be one of the following: [JSONPath, JSONata]")
	case language == "JSONPath" && p.jsonata:
		p.refuse(schemaFailed, f.location, "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine")
	case language == "JSONPath", !given && !p.jsonata:
		p.refuse(schemaFailed, f.location, "QueryLanguage 'JSONPath' is not supported: write the state in JSONata")
	default:
		return true
	}
	return false
}

// string is a template that must give a string.
func (f fields) string(name string, l place) *template {
	if _, ok := f.text(name); !ok {
		return nil
	}
	return f.template(name, l)
}

func (p *parser) transition(f fields, s *state) {
	s.nextName, _ = f.text("Next")
	end := f.object.Get("End")
	if _, ok := end.(bool); end != jsonata.Undefined && !ok {
		p.refuse(schemaFailed, f.at("End"), "Expected value of type [BOOLEAN]")
		return
	}
	if (s.nextName != "") == (end == true) {
		p.refuse(schemaFailed, f.location, "Exactly one of the fields [Next, End] is required")
	}
}

func (p *parser) task(f fields, s *state, l place) {
	f.require("Resource")
	s.arguments = f.template("Arguments", l)
	if arn, ok := f.text("Resource"); ok {
		var why string
		if s.resource, why = parseResource(arn); why != "" {
			p.refuse(schemaFailed, f.at("Resource"), "%s", why)
		}
	}
	s.timeout = f.quantity("TimeoutSeconds", l, 1, maxSeconds)
	s.heartbeat = f.quantity("HeartbeatSeconds", l, 1, maxSeconds)
	if s.heartbeat.set && s.heartbeat.expr == nil && s.timeout.set && s.timeout.expr == nil && s.heartbeat.number >= s.timeout.number {
		p.refuse(schemaFailed, f.at("HeartbeatSeconds"), "HeartbeatSeconds must be smaller than TimeoutSeconds")
	}
}

func (p *parser) choice(f fields, s *state) {
	f.require("Choices")
	s.nextName, _ = f.text("Default")
	rules := f.objects("Choices")
	if f.object.Get("Choices") != jsonata.Undefined && len(f.list("Choices")) == 0 {
		p.refuse(schemaFailed, f.at("Choices"), "Expected at least one choice")
	}
	for i, rule := range rules {
		rule.allow("Condition", "Next", "Assign", "Output", "Comment")
		rule.require("Condition", "Next")
		l := place{location: rule.location, prefix: "Choices[" + strconv.Itoa(i) + "]/"}
		c := choice{output: rule.template("Output", l), assign: rule.assign(l)}
		c.nextName, _ = rule.text("Next")
		switch v := rule.object.Get("Condition").(type) {
		case bool:
			c.condition = rule.template("Condition", l)
		case string:
			if c.condition = rule.template("Condition", l); !strings.HasPrefix(v, opening) {
				p.refuse(schemaFailed, rule.at("Condition"), "Expected a JSONata expression")
			}
		default:
			if v != jsonata.Undefined {
				p.refuse(schemaFailed, rule.at("Condition"), "Expected a JSONata expression")
			}
		}
		s.choices = append(s.choices, c)
	}
}

func (p *parser) wait(f fields, s *state, l place) {
	s.seconds = f.quantity("Seconds", l, 0, maxSeconds)
	s.timestamp = f.string("Timestamp", l)
	if (f.object.Get("Seconds") == jsonata.Undefined) == (f.object.Get("Timestamp") == jsonata.Undefined) {
		p.refuse(schemaFailed, f.location, "Exactly one of the fields [Seconds, Timestamp] is required")
	}
	if s.timestamp == nil {
		return
	}
	if text, ok := s.timestamp.constant(); ok {
		if _, err := parseTimestamp(text); err != nil {
			p.refuse(schemaFailed, f.at("Timestamp"), "Value is not a valid timestamp")
		}
	}
}

func (p *parser) branches(f fields, s *state) {
	list := f.objects("Branches")
	if f.object.Get("Branches") != jsonata.Undefined && len(f.list("Branches")) == 0 {
		p.refuse(schemaFailed, f.at("Branches"), "Expected at least one branch")
	}
	for _, branch := range list {
		branch.allow("Comment", "StartAt", "States")
		branch.text("Comment")
		s.branches = append(s.branches, p.graph(branch))
	}
}

func (p *parser) mapping(f fields, s *state, l place) {
	f.require("ItemProcessor")
	switch v := f.object.Get("Items").(type) {
	case *jsonata.Array, *jsonata.Object, string:
		s.items = f.template("Items", l)
		if text, ok := v.(string); ok && !strings.HasPrefix(text, opening) {
			p.refuse(schemaFailed, f.at("Items"), "Expected a JSON array, a JSON object or a JSONata expression")
		}
	default:
		if v != jsonata.Undefined {
			p.refuse(schemaFailed, f.at("Items"), "Expected a JSON array, a JSON object or a JSONata expression")
		}
	}
	s.itemSelector = f.template("ItemSelector", l)
	s.maxConcurrency = f.quantity("MaxConcurrency", l, 0, maxSeconds)
	s.toleratedCount = f.quantity("ToleratedFailureCount", l, 0, maxSeconds)
	s.toleratedPercentage = f.quantity("ToleratedFailurePercentage", l, 0, 100)
}

func (p *parser) processor(f fields, s *state) {
	v := f.object.Get("ItemProcessor")
	o, ok := v.(*jsonata.Object)
	if !ok {
		if v != jsonata.Undefined {
			p.refuse(schemaFailed, f.at("ItemProcessor"), "Expected value of type [OBJECT]")
		}
		return
	}
	inner := fields{p, o, f.at("ItemProcessor")}
	inner.allow("Comment", "ProcessorConfig", "StartAt", "States")
	if v := o.Get("ProcessorConfig"); v != jsonata.Undefined {
		config, ok := v.(*jsonata.Object)
		if !ok {
			p.refuse(schemaFailed, inner.at("ProcessorConfig"), "Expected value of type [OBJECT]")
		} else {
			c := fields{p, config, inner.at("ProcessorConfig")}
			c.allow("Mode")
			if mode, given := c.text("Mode"); given && mode != "INLINE" {
				p.refuse(schemaFailed, c.at("Mode"), "Mode '%s' is not supported: a Map runs INLINE", mode)
			}
		}
	}
	s.branches = []*graph{p.graph(inner)}
}

func (p *parser) retriers(f fields, s *state) {
	list := f.objects("Retry")
	for i, r := range list {
		r.allow("ErrorEquals", "IntervalSeconds", "MaxAttempts", "BackoffRate", "MaxDelaySeconds", "JitterStrategy", "Comment")
		re := retrier{
			errors:      p.errorEquals(r, i == len(list)-1),
			interval:    r.integer("IntervalSeconds", 1, 1, maxSeconds),
			maxAttempts: r.integer("MaxAttempts", 3, 0, maxSeconds),
			backoffRate: 2,
			maxDelay:    r.integer("MaxDelaySeconds", 0, 1, 31_622_400),
		}
		if v := r.object.Get("BackoffRate"); v != jsonata.Undefined {
			rate, ok := v.(float64)
			if !ok || rate < 1 {
				p.refuse(schemaFailed, r.at("BackoffRate"), "Expected a number of at least 1")
			}
			re.backoffRate = rate
		}
		if re.maxDelay > 0 && re.maxDelay <= re.interval {
			p.refuse(schemaFailed, r.at("MaxDelaySeconds"), "MaxDelaySeconds must be greater than IntervalSeconds")
		}
		jitter, given := r.text("JitterStrategy")
		if given && jitter != "FULL" && jitter != "NONE" {
			p.refuse(schemaFailed, r.at("JitterStrategy"), "Value should be one of the following: [FULL, NONE]")
		}
		re.fullJitter = jitter == "FULL"
		s.retry = append(s.retry, re)
	}
}

func (p *parser) catchers(f fields, s *state) {
	list := f.objects("Catch")
	for i, c := range list {
		c.allow("ErrorEquals", "Next", "Assign", "Output", "Comment")
		c.require("Next")
		l := place{location: c.location, prefix: "Catch[" + strconv.Itoa(i) + "]/", errorOutput: true}
		ca := catcher{errors: p.errorEquals(c, i == len(list)-1), output: c.template("Output", l), assign: c.assign(l)}
		ca.nextName, _ = c.text("Next")
		s.catch = append(s.catch, ca)
	}
}

func (p *parser) errorEquals(f fields, last bool) []string {
	f.require("ErrorEquals")
	var names []string
	for i, v := range f.list("ErrorEquals") {
		name, ok := v.(string)
		if !ok {
			p.refuse(schemaFailed, f.at("ErrorEquals")+"["+strconv.Itoa(i)+"]", "Expected value of type [STRING]")
			continue
		}
		names = append(names, name)
	}
	if len(names) == 0 && f.object.Get("ErrorEquals") != jsonata.Undefined {
		p.refuse(schemaFailed, f.at("ErrorEquals"), "Expected at least one error name")
	}
	if slices.Contains(names, allErrors) && (len(names) > 1 || !last) {
		p.refuse(schemaFailed, f.at("ErrorEquals"), "States.ALL must appear alone and in the last entry")
	}
	return names
}
