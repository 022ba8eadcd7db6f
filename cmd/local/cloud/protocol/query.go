package protocol

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"
)

// Query serves actions over the AWS Query protocol: the action and its
// parameters in a form, the answer in XML of the given namespace. The form
// becomes the same JSON that the other wires carry, all its leaves strings:
// lists are written Name.member.1, maps Name.entry.1.key (or Name) and
// Name.entry.1.value (or Value). A form writes an empty list or map like an
// empty string, so collections names the parameters that are one.
// https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
func Query(namespace string, actions Actions, collections ...string) http.Handler {
	return Dialect{Namespace: namespace, Collections: collections}.Query(actions)
}

// Query serves actions over the Query protocol in the dialect.
func (d Dialect) Query(actions Actions) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requestID := uuid.NewString()
		w.Header().Set("Content-Type", "text/xml")
		w.Header().Set("X-Amzn-Requestid", requestID)
		body, err := d.serve(r, actions, requestID)
		if err != nil {
			e := AsError(err)
			body = appendQueryError(nil, d.Namespace, requestID, e)
			w.Header().Set("Content-Length", strconv.Itoa(len(body)))
			w.WriteHeader(e.Status)
		} else {
			w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		}
		w.Write(body)
	})
}

func (d *Dialect) serve(r *http.Request, actions Actions, requestID string) ([]byte, error) {
	text, err := ReadBody(r)
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(text))
	if err != nil {
		return nil, Errorf("MalformedQueryString", "the form can not be read: %v", err)
	}
	for key, values := range r.URL.Query() {
		form[key] = append(form[key], values...)
	}
	name := form.Get("Action")
	action, ok := actions[name]
	if !ok {
		return nil, Errorf("InvalidAction", "action %q is not supported by the local cloud", name)
	}
	delete(form, "Action")
	delete(form, "Version")
	if d.Path != "" && r.URL.Path != "/" && !form.Has(d.Path) {
		form.Set(d.Path, r.URL.Path)
	}
	c := &call{d, name}
	input, err := c.formJSON(form)
	if err != nil {
		return nil, err
	}
	out, err := action(r.Context(), input)
	if err != nil {
		return nil, err
	}
	return c.appendAnswer(nil, requestID, out)
}

// A parameter is one node of the tree that a form's dotted names make.
type parameter struct {
	value    *string
	children map[string]*parameter
}

// maxDepth of a parameter's name: a list of structures with a map of
// structures is eight deep.
const maxDepth = 16

func (c *call) formJSON(form url.Values) ([]byte, error) {
	root := new(parameter)
	for name, values := range form {
		if len(values) != 1 {
			return nil, Errorf("MalformedQueryString", "parameter %q is given %d times", name, len(values))
		}
		if slices.Contains(c.Collections, name) && values[0] == "" {
			continue
		}
		if err := root.set(name, values[0]); err != nil {
			return nil, err
		}
	}
	if root.children == nil {
		return []byte("{}"), nil
	}
	return c.appendJSON(nil, "", root)
}

func (p *parameter) set(name, value string) error {
	steps := strings.Split(name, ".")
	if len(steps) > maxDepth {
		return Errorf("MalformedQueryString", "parameter %q is nested too deeply", name)
	}
	for _, step := range steps {
		if p.value != nil || step == "" {
			return Errorf("MalformedQueryString", "parameter %q does not fit the others", name)
		}
		if p.children == nil {
			p.children = map[string]*parameter{}
		}
		child, ok := p.children[step]
		if !ok {
			child = new(parameter)
			p.children[step] = child
		}
		p = child
	}
	if p.children != nil {
		return Errorf("MalformedQueryString", "parameter %q does not fit the others", name)
	}
	p.value = &value
	return nil
}

func (c *call) appendJSON(buf []byte, name string, p *parameter) ([]byte, error) {
	if p.value != nil {
		return c.appendLeaf(buf, name, *p.value), nil
	}
	if len(p.children) == 1 {
		if list, ok := p.children["member"]; ok {
			return c.appendList(buf, name, list)
		}
		if entries, ok := p.children["entry"]; ok {
			return c.appendMap(buf, name, entries, "")
		}
	}
	var err error
	buf = append(buf, '{')
	for i, key := range p.sortedKeys() {
		if i > 0 {
			buf = append(buf, ',')
		}
		if buf, err = c.appendMember(buf, key, p.children[key]); err != nil {
			return nil, err
		}
	}
	return append(buf, '}'), nil
}

// appendMember writes a structure's member: by its own name, or by that of the
// list or map whose members the form calls so.
func (c *call) appendMember(buf []byte, key string, p *parameter) ([]byte, error) {
	flat := c.byElement(key)
	switch {
	case flat == nil || p.value != nil:
		return c.appendJSON(append(appendString(buf, key), ':'), key, p)
	case flat.Key == "":
		return c.appendList(append(appendString(buf, flat.Member), ':'), key, p)
	}
	return c.appendMap(append(appendString(buf, flat.Member), ':'), key, p, flat.Key)
}

func (c *call) appendLeaf(buf []byte, name, value string) []byte {
	if slices.Contains(c.Numbers, name) {
		if n, err := strconv.ParseInt(value, 10, 64); err == nil {
			return strconv.AppendInt(buf, n, 10)
		}
	}
	return appendString(buf, value)
}

func (c *call) appendList(buf []byte, name string, p *parameter) ([]byte, error) {
	members, err := p.numbered(name)
	if err != nil {
		return nil, err
	}
	buf = append(buf, '[')
	for i, member := range members {
		if i > 0 {
			buf = append(buf, ',')
		}
		if buf, err = c.appendJSON(buf, name, member); err != nil {
			return nil, err
		}
	}
	return append(buf, ']'), nil
}

// appendMap writes a map whose entries call the key keyName; "" is either of
// key and Name.
func (c *call) appendMap(buf []byte, name string, p *parameter, keyName string) ([]byte, error) {
	entries, err := p.numbered(name)
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	buf = append(buf, '{')
	for i, entry := range entries {
		key, value := entry.children["key"], entry.children["value"]
		if key == nil || keyName != "" {
			key, value = entry.children[cmp.Or(keyName, "Name")], entry.children["Value"]
		}
		if key == nil || key.value == nil || value == nil || len(entry.children) != 2 {
			return nil, Errorf("MalformedQueryString", "entry %d of %q is not a key and a value", i+1, name)
		}
		if seen[*key.value] {
			return nil, Errorf("MalformedQueryString", "%q has two entries %q", name, *key.value)
		}
		seen[*key.value] = true
		if i > 0 {
			buf = append(buf, ',')
		}
		buf = append(appendString(buf, *key.value), ':')
		if buf, err = c.appendJSON(buf, name, value); err != nil {
			return nil, err
		}
	}
	return append(buf, '}'), nil
}

// numbered is the children in the order of their numbers, which count from 1.
func (p *parameter) numbered(name string) ([]*parameter, error) {
	out := make([]*parameter, len(p.children))
	for key, child := range p.children {
		n, err := strconv.Atoi(key)
		if err != nil || n < 1 || n > len(out) || out[n-1] != nil {
			return nil, Errorf("MalformedQueryString", "the members of %q are not numbered from 1", name)
		}
		out[n-1] = child
	}
	return out, nil
}

func (p *parameter) sortedKeys() []string {
	keys := make([]string, 0, len(p.children))
	for key := range p.children {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

func appendString(buf []byte, s string) []byte {
	text, _ := json.Marshal(s) // a string always can be
	return append(buf, text...)
}

// appendAnswer writes an answer with its result, be it empty: clients that
// look for one fail without it, the others pass over it.
func (c *call) appendAnswer(buf []byte, requestID string, out any) ([]byte, error) {
	buf = append(buf, "<"...)
	buf = append(buf, c.action...)
	buf = append(buf, `Response xmlns="`...)
	buf = appendText(buf, c.Namespace)
	buf = append(buf, `">`...)
	buf, err := c.appendElement(buf, c.action+"Result", reflect.ValueOf(out))
	if err != nil {
		return nil, err
	}
	buf = append(buf, "<ResponseMetadata><RequestId>"...)
	buf = append(buf, requestID...)
	buf = append(buf, "</RequestId></ResponseMetadata>"...)
	return appendTag(buf, "</", c.action+"Response"), nil
}

func appendQueryError(buf []byte, namespace, requestID string, e *Error) []byte {
	code := e.Code
	if e.QueryCode != "" {
		code = e.QueryCode
	}
	buf = append(buf, `<ErrorResponse xmlns="`...)
	buf = appendText(buf, namespace)
	buf = append(buf, `"><Error><Type>`...)
	buf = append(buf, fault(e.Status)...)
	buf = append(buf, "</Type><Code>"...)
	buf = appendText(buf, code)
	buf = append(buf, "</Code><Message>"...)
	buf = appendText(buf, e.Message)
	buf = append(buf, "</Message></Error><RequestId>"...)
	buf = append(buf, requestID...)
	return append(buf, "</RequestId></ErrorResponse>"...)
}

// appendXML writes an output's value by its JSON names: a structure as its
// members, a list as member elements, a map as entry elements.
func (c *call) appendXML(buf []byte, v reflect.Value) ([]byte, error) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return buf, nil
		}
		return c.appendXML(buf, v.Elem())
	case reflect.Struct:
		return c.appendXMLStruct(buf, v)
	case reflect.Map:
		return c.appendXMLMap(buf, v, "entry", "key", "value")
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return append(buf, base64.StdEncoding.EncodeToString(v.Bytes())...), nil
		}
		return c.appendXMLList(buf, v, "member")
	case reflect.String:
		return appendText(buf, v.String()), nil
	case reflect.Bool:
		return strconv.AppendBool(buf, v.Bool()), nil
	case reflect.Int, reflect.Int32, reflect.Int64:
		return strconv.AppendInt(buf, v.Int(), 10), nil
	}
	return nil, &Error{Code: "InternalFailure", Message: "protocol: no XML for " + v.Type().String(), Status: http.StatusInternalServerError}
}

func (c *call) appendElement(buf []byte, name string, v reflect.Value) ([]byte, error) {
	buf, err := c.appendXML(appendTag(buf, "<", name), v)
	if err != nil {
		return nil, err
	}
	return appendTag(buf, "</", name), nil
}

func (c *call) appendXMLStruct(buf []byte, v reflect.Value) ([]byte, error) {
	t := v.Type()
	for i := range t.NumField() {
		field := t.Field(i)
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name == "" {
			name = field.Name
		}
		if !field.IsExported() || name == "-" || options == "omitempty" && empty(v.Field(i)) {
			continue
		}
		var err error
		switch flat := c.byMember(name); {
		case flat == nil:
			buf, err = c.appendElement(buf, name, v.Field(i))
		case flat.Key == "":
			buf, err = c.appendXMLList(buf, v.Field(i), flat.Element)
		default:
			buf, err = c.appendXMLMap(buf, v.Field(i), flat.Element, flat.Key, "Value")
		}
		if err != nil {
			return nil, err
		}
	}
	return buf, nil
}

func (c *call) appendXMLList(buf []byte, v reflect.Value, element string) (_ []byte, err error) {
	for i := range v.Len() {
		if buf, err = c.appendElement(buf, element, v.Index(i)); err != nil {
			return nil, err
		}
	}
	return buf, nil
}

func (c *call) appendXMLMap(buf []byte, v reflect.Value, element, keyName, valueName string) (_ []byte, err error) {
	keys := v.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
	for _, key := range keys {
		buf = appendTag(appendTag(buf, "<", element), "<", keyName)
		buf = appendTag(appendText(buf, key.String()), "</", keyName)
		if buf, err = c.appendElement(buf, valueName, v.MapIndex(key)); err != nil {
			return nil, err
		}
		buf = appendTag(buf, "</", element)
	}
	return buf, nil
}

// empty is what encoding/json's omitempty leaves out.
func empty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Slice, reflect.Map:
		return v.Len() == 0
	case reflect.Struct:
		return false
	}
	return v.IsZero()
}

func appendTag(buf []byte, bracket, name string) []byte {
	buf = append(buf, bracket...)
	buf = append(buf, name...)
	return append(buf, '>')
}

func appendText(buf []byte, s string) []byte {
	var w strings.Builder
	xml.EscapeText(&w, []byte(s)) // a Builder takes it all
	return append(buf, w.String()...)
}
