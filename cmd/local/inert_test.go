package main

import (
	"encoding/json"
	"strings"
	"testing"

	"orderflow/cmd/local/cloud"
	"orderflow/template"
)

// TestInertOccurs: whatever the list excuses is in the template. An excuse
// for nothing would hide the next fault.
func TestInertOccurs(t *testing.T) {
	rendered, err := template.New(template.Consumers(), template.Auth{}).JSON()
	if err != nil {
		t.Fatal(err)
	}
	var whole struct{ Resources map[string]map[string]any }
	if err := json.Unmarshal(rendered, &whole); err != nil {
		t.Fatal(err)
	}
	for _, inert := range cloud.InertParts() {
		if inert.Because == "" {
			t.Errorf("%s %s: no reason is given", inert.Type, inert.Part)
		}
		found := false
		for _, r := range whole.Resources {
			found = found || (inert.Type == "*" || inert.Type == r["Type"]) && has(r, inert.Part)
		}
		if !found {
			t.Errorf("%s %s is said to be inert, but the template has no such thing", inert.Type, inert.Part)
		}
	}
}

func has(v any, path string) bool {
	if path == "" {
		return true
	}
	m, ok := v.(map[string]any)
	if !ok {
		return false
	}
	first, rest, _ := strings.Cut(path, ".")
	if first != "*" {
		inner, ok := m[first]
		return ok && has(inner, rest)
	}
	for _, inner := range m {
		if has(inner, rest) {
			return true
		}
	}
	return false
}
