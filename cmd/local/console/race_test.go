//go:build race

package console_test

// The program is built as the tests are.
var buildFlags = []string{"-race"}
