package asl

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"orderflow/statemachine/asl/jsonata"
)

// Parse checks a definition, after its substitutions are resolved. The error
// is a *DefinitionError and lists every problem there is.
//
// State machines are written in JSONata here: JSONPath is refused, and so is
// every field that this package would not honour.
func Parse(definition []byte) (*Machine, error) {
	p := &parser{names: map[string]bool{}}
	m := p.machine(definition)
	if len(p.problems) > 0 {
		return nil, &DefinitionError{p.problems}
	}
	return m, nil
}

type parser struct {
	problems []Problem
	names    map[string]bool // of all states: they must differ everywhere
	jsonata  bool            // QueryLanguage of the whole machine
	scopes   []map[string]bool
}

func (p *parser) machine(definition []byte) *Machine {
	if len(strings.TrimSpace(string(definition))) == 0 {
		p.refuse(schemaFailed, "", "Definition must be a valid JSON object")
		return nil
	}
	v, err := jsonata.Decode(string(definition))
	if err != nil {
		p.refuse(invalidJSON, "", "%s", strings.TrimPrefix(err.Error(), "jsonata: "))
		return nil
	}
	object, ok := v.(*jsonata.Object)
	if !ok {
		p.refuse(schemaFailed, "", "Definition must be a valid JSON object")
		return nil
	}
	f := fields{p, object, ""}
	f.allow("Comment", "QueryLanguage", "StartAt", "States", "TimeoutSeconds", "Version")
	f.text("Comment")
	language, ok := f.text("QueryLanguage")
	switch {
	case ok && language != "JSONata" && language != "JSONPath":
		p.refuse(schemaFailed, "/QueryLanguage", "Value should be one of the following: [JSONPath, JSONata]")
	case language == "JSONPath":
		p.refuse(schemaFailed, "/QueryLanguage", "QueryLanguage 'JSONPath' is not supported: write the state machine in JSONata")
	}
	p.jsonata = language != ""
	if version, ok := f.text("Version"); ok && version != "1.0" {
		p.refuse(schemaFailed, "/Version", "Value should be one of the following: [1.0]")
	}
	m := &Machine{}
	if v := object.Get("TimeoutSeconds"); v != jsonata.Undefined {
		seconds, ok := v.(float64)
		if !ok || seconds != math.Trunc(seconds) || seconds < 1 || seconds > maxSeconds {
			p.refuse(schemaFailed, "/TimeoutSeconds", "Expected value of type [INTEGER] between 1 and %d", int64(maxSeconds))
		}
		m.timeout = int64(seconds)
	}
	m.top = p.graph(f)
	return m
}

// maxSeconds is the largest duration that AWS takes.
const maxSeconds = 99_999_999

// fields are the members of an object of the definition.
type fields struct {
	*parser
	object   *jsonata.Object
	location string
}

// onlyJSONPath are the fields that exist in JSONPath alone.
var onlyJSONPath = []string{
	"InputPath", "OutputPath", "ResultPath", "ResultSelector", "Parameters", "Result", "ItemsPath", "SecondsPath",
	"TimestampPath", "TimeoutSecondsPath", "HeartbeatSecondsPath", "MaxConcurrencyPath", "ToleratedFailureCountPath",
	"ToleratedFailurePercentagePath", "ErrorPath", "CausePath", "Variable",
}

// allow refuses every field that is not named.
func (f fields) allow(names ...string) {
	for i := range f.object.Len() {
		name, _ := f.object.At(i)
		switch {
		case slices.Contains(names, name):
		case slices.Contains(onlyJSONPath, name):
			f.refuse(schemaFailed, f.path(), "The QueryLanguage is set to 'JSONata', but field '%s' is only supported for the 'JSONPath' QueryLanguage", name)
		default:
			f.refuse(schemaFailed, f.path(), "Field '%s' is not supported", name)
		}
	}
}

func (f fields) require(names ...string) {
	var absent []string
	for _, name := range names {
		if f.object.Get(name) == jsonata.Undefined {
			absent = append(absent, name)
		}
	}
	if absent != nil {
		f.refuse(schemaFailed, f.path(), "These fields are required: [%s]", strings.Join(absent, ", "))
	}
}

func (f fields) path() string {
	if f.location == "" {
		return "/"
	}
	return f.location
}

func (f fields) at(name string) string { return f.location + "/" + name }

func (f fields) text(name string) (string, bool) {
	v := f.object.Get(name)
	s, ok := v.(string)
	if v != jsonata.Undefined && !ok {
		f.refuse(schemaFailed, f.at(name), "Expected value of type [STRING]")
	}
	return s, ok
}

func (f fields) list(name string) []any {
	v := f.object.Get(name)
	a, ok := v.(*jsonata.Array)
	if !ok {
		if v != jsonata.Undefined {
			f.refuse(schemaFailed, f.at(name), "Expected value of type [ARRAY]")
		}
		return nil
	}
	return a.Items
}

// objects are the objects in a list.
func (f fields) objects(name string) []fields {
	var all []fields
	for i, v := range f.list(name) {
		location := fmt.Sprintf("%s[%d]", f.at(name), i)
		o, ok := v.(*jsonata.Object)
		if !ok {
			f.refuse(schemaFailed, location, "Expected value of type [OBJECT]")
			continue
		}
		all = append(all, fields{f.parser, o, location})
	}
	return all
}

// template is the template in a field; nil if there is none.
func (f fields) template(name string, l place) *template {
	v := f.object.Get(name)
	if v == jsonata.Undefined {
		return nil
	}
	return f.parser.template(v, l.at(name))
}

// quantity is the number or expression in a field.
func (f fields) quantity(name string, l place, low, high float64) quantity {
	switch v := f.object.Get(name).(type) {
	case float64:
		if v != math.Trunc(v) && name != "ToleratedFailurePercentage" || v < low || v > high {
			break
		}
		return quantity{set: true, number: v}
	case string:
		if e := f.expression(v, l.at(name)); e != nil {
			return quantity{set: true, expr: e}
		}
		if strings.HasPrefix(v, opening) {
			return quantity{}
		}
	default:
		if v == jsonata.Undefined {
			return quantity{}
		}
	}
	f.refuse(schemaFailed, f.at(name), "Expected a number between %v and %v, or a JSONata expression", int64(low), int64(high))
	return quantity{}
}

// integer is a plain number in a field of a retrier.
func (f fields) integer(name string, otherwise, low, high int64) int64 {
	v := f.object.Get(name)
	if v == jsonata.Undefined {
		return otherwise
	}
	x, ok := v.(float64)
	if !ok || x != math.Trunc(x) || x < float64(low) || x > float64(high) {
		f.refuse(schemaFailed, f.at(name), "Expected value of type [INTEGER] between %d and %d", low, high)
		return otherwise
	}
	return int64(x)
}

func (f fields) assign(l place) []assignment {
	v := f.object.Get("Assign")
	if v == jsonata.Undefined {
		return nil
	}
	o, ok := v.(*jsonata.Object)
	if !ok {
		f.refuse(schemaFailed, f.at("Assign"), "Expected value of type [OBJECT]")
		return nil
	}
	var all []assignment
	for i := range o.Len() {
		name, value := o.At(i)
		if !validVariable(name) {
			f.refuse(schemaFailed, f.at("Assign")+"/"+name, "Variable name '%s' is not valid", name)
		}
		f.scopes[len(f.scopes)-1][name] = true
		all = append(all, assignment{name, f.parser.template(value, l.at("Assign/"+name))})
	}
	return all
}

// validVariable knows names as AWS takes them: an identifier of at most 80
// characters, not the reserved states.
// https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html
func validVariable(name string) bool {
	if name == "" || name == "states" || utf8.RuneCountInString(name) > 80 {
		return false
	}
	for i, r := range name {
		if !unicode.IsLetter(r) && !(i > 0 && (r == '_' || unicode.IsDigit(r) || unicode.IsMark(r))) {
			return false
		}
	}
	return true
}
