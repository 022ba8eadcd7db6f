package main

import (
	"bytes"
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"orderflow/cmd/orders/cli"
	"orderflow/template"
)

// Every command of orders that the runbook or an alarm says exists, with the
// flags that it is given.
func TestRunbookCommandsExist(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, runbook, _ := strings.Cut(string(readme), "\n## Runbook\n")
	runbook, _, _ = strings.Cut(runbook, "\n## ")
	rendered, err := template.New(template.Consumers(), template.Auth{}).JSON()
	if err != nil {
		t.Fatal(err)
	}
	var whole struct {
		Resources map[string]struct{ Properties map[string]any }
	}
	if err := json.Unmarshal(rendered, &whole); err != nil {
		t.Fatal(err)
	}
	said := regexp.MustCompile(`(?m)^ +\$ (orders [^#\n]+)`).FindAllStringSubmatch(runbook, -1)
	if len(said) < 10 {
		t.Fatalf("the runbook has %d commands", len(said))
	}
	for _, r := range whole.Resources {
		if text, ok := r.Properties["AlarmDescription"].(map[string]any); ok {
			said = append(said, regexp.MustCompile(`(orders (?:dlq|list|history|stock)[a-z ]*(?:--[a-z]+(?: [A-Z]+\b)?)?)`).FindAllStringSubmatch(text["Fn::Sub"].(string), -1)...)
		}
	}
	for _, s := range said {
		args := strings.Fields(s[1])[1:]
		words := regexp.MustCompile(`^orders( (?:dlq|stock) [a-z]+| [a-z]+)`).FindString(s[1])
		var stdout, stderr bytes.Buffer
		code := cli.Run(t.Context(), append(args, "--help"), strings.NewReader(""), &stdout, &stderr, func(string) string { return "" })
		if code != 0 || !strings.Contains(stdout.String(), "\n  "+words) {
			t.Errorf("%q: exit code %d, and help for another command:\n%s%s", s[1], code, &stdout, &stderr)
		}
	}
}
