//go:build !race

package console_test

var buildFlags []string
