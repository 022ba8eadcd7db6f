// Template writes the SAM template of orderflow from package template:
//
//	go run ./cmd/template [-o FILE] [-format yaml|json]
//	                      [-auth iam|jwt|none [-issuer URL -audience NAME]]
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path"

	"orderflow/template"
)

// committed is where the template is kept, seen from the module's root.
const committed = "template/template.yaml"

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

const usage = `usage: go run ./cmd/template [-o FILE] [-format yaml|json]
                             [-auth iam|jwt|none [-issuer URL -audience NAME]]

Writes the SAM template that package template describes. Who may call its API:

  iam   whoever signs requests (SigV4) as a principal of the account that may
        execute-api:Invoke: a shop's own server, for all its customers
  jwt   whoever brings a token of -issuer for -audience: a customer, named by
        the token's subject, who places, sees and cancels their own orders
  none  whoever knows the URL

The committed template is that of iam. Another is written beside it, as
template/jwt.yaml or template/none.yaml: sam build -t FILE builds it.

`

const warning = `template: warning: with -auth none whoever knows the API's URL can place orders, and read and cancel
everybody's, with names and addresses: use it for nothing but trials, and never with real customers
`

// run is the program; it returns the exit code: 0, 1 when the template cannot
// be made or written, 2 when the arguments make no sense.
func run(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("template", flag.ContinueOnError)
	flags.SetOutput(stderr)
	var (
		file   = flags.String("o", "", "write to `FILE`; - is standard output (default template/template.yaml with -auth iam)")
		format = flags.String("format", "yaml", "`yaml`, to deploy and to read, or json, with long-form intrinsic functions")
		auth   template.Auth
	)
	flags.StringVar((*string)(&auth.Mode), "auth", string(template.IAM), "`who` may call the API: iam, jwt or none")
	flags.StringVar(&auth.Issuer, "issuer", "", "of the tokens that jwt admits, an https `URL`")
	flags.StringVar(&auth.Audience, "audience", "", "that those tokens `name`, as their aud or client_id")
	flags.Usage = func() {
		io.WriteString(stderr, usage)
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
	if err := auth.Check(); err != nil {
		fmt.Fprintf(stderr, "%v\nrun it with -help to see who may call the API in each mode\n", err)
		return 2
	}
	if auth.Mode == template.None {
		io.WriteString(stderr, warning)
	}
	if *file == "" {
		*file = fileOf(auth.Mode)
	}

	var text []byte
	var err error
	switch t := template.New(template.Consumers(), auth); *format {
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

// fileOf is where the template of a mode is kept: none but the default one takes
// the place of what is committed.
func fileOf(mode template.AuthMode) string {
	if mode == template.IAM || mode == "" {
		return committed
	}
	return path.Join(path.Dir(committed), string(mode)+".yaml")
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
