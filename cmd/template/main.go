// Template writes the SAM template of orderflow from package template:
//
//	go run ./cmd/template [-o FILE] [-format yaml|json]
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"orderflow/template"
)

// committed is where the template is kept, seen from the module's root.
const committed = "template/template.yaml"

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// run is the program; it returns the exit code: 0, 1 when the template cannot
// be made or written, 2 when the arguments make no sense.
func run(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("template", flag.ContinueOnError)
	flags.SetOutput(stderr)
	var (
		file   = flags.String("o", committed, "write to `FILE`; - is standard output")
		format = flags.String("format", "yaml", "`yaml`, to deploy and to read, or json, with long-form intrinsic functions")
	)
	flags.Usage = func() {
		fmt.Fprint(stderr, "usage: go run ./cmd/template [-o FILE] [-format yaml|json]\n\n"+
			"Writes the SAM template that package template describes.\n\n")
		flags.PrintDefaults()
	}
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	case flags.NArg() > 0:
		fmt.Fprintf(stderr, "template: unexpected argument %q\n", flags.Arg(0))
		return 2
	}

	var text []byte
	var err error
	switch t := template.New(template.Consumers(), template.Auth{}); *format {
	case "yaml":
		text, err = YAML(t)
	case "json":
		text, err = indented(t)
	default:
		fmt.Fprintf(stderr, "template: format %q is neither yaml nor json\n", *format)
		return 2
	}
	if err == nil {
		err = write(*file, text, stdout)
	}
	if err != nil {
		fmt.Fprintln(stderr, err)
		return 1
	}
	return 0
}

func write(file string, text []byte, stdout io.Writer) error {
	if file == "-" {
		_, err := stdout.Write(text)
		return err
	}
	if err := os.WriteFile(file, text, 0o644); err != nil {
		return fmt.Errorf("template: %w", err)
	}
	return nil
}
