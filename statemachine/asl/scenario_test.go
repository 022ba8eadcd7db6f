package asl_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"orderflow/statemachine/asl/asltest"
)

var update = flag.Bool("update", false, "rewrite what the scenarios in testdata expect")

// TestScenarios plays the txtar files of testdata. Beside what asltest reads,
// each has
//
//	history  the history, as id<previousEventId Type {details}, with the
//	         seconds since the start and, after an arrow, what the caller is
//	         told to do
//	outcome  status and output, or status, error and cause
func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			s := asltest.Perform(t, file)
			if *update {
				s.SetSection("history", s.History())
				s.SetSection("outcome", s.Outcome()+"\n")
				if err := os.WriteFile(file, txtar.Format(s.Archive), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got, want := s.History(), s.Section("history"); got != want {
				t.Errorf("history:\n%s\nwant:\n%s", got, want)
			}
			if got, want := s.Outcome(), strings.TrimSpace(s.Section("outcome")); got != want {
				t.Errorf("outcome %s, want %s", got, want)
			}
		})
	}
}
