// Package cli is the operator's command line, cmd/orders: package stack told in
// a terminal. Each command is a file.
//
// With -o json a command writes what it found to standard output, in the JSON
// that package stack and package order give their types, and nothing else:
// list, stock list and dlq list an array, watch an event a line. Members are
// added, never renamed. Errors go to standard error as text.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"orderflow/cmd/orders/stack"
	"orderflow/lambdas/order"
)

// Exit codes. Those of an outcome are watch's.
const (
	exitOK        = 0 // watch: the order is confirmed
	exitFailed    = 1
	exitUsage     = 2 // it was asked for what it cannot do
	exitRejected  = 3
	exitCancelled = 4
	exitOrder     = 5 // the order failed
)

// outcomes are the exit codes of watch.
var outcomes = map[order.Status]int{
	order.Confirmed: exitOK,
	order.Rejected:  exitRejected,
	order.Cancelled: exitCancelled,
	order.Failed:    exitOrder,
}

// Run is the program, and returns its exit code.
func Run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer, getenv func(string) string) int {
	p := &program{stdin: stdin, stdout: stdout, colours: coloured(stdout, getenv)}
	root := p.command()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if outcome, ok := errors.AsType[exit](err); ok {
		return int(outcome)
	}
	if err == nil {
		return exitOK
	}
	fmt.Fprintln(stderr, explained(p, err))
	if !p.running {
		return exitUsage
	}
	return exitFailed
}

// exit is the error of a command that did all it should and ends with a code
// of its own.
type exit int

func (e exit) Error() string { return fmt.Sprintf("orders: exit code %d", int(e)) }

// A program is one run.
type program struct {
	stdin   io.Reader
	stdout  io.Writer
	colours bool

	target  target
	json    bool // instead of a table
	running bool // what was asked for makes sense
	now     time.Time
}

func (p *program) command() *cobra.Command {
	root := &cobra.Command{
		Use:   "orders",
		Short: "Operate orderflow: place, follow and cancel orders, fill shelves, empty dead-letter queues",
		Long: `Orders operates a deployed orderflow: places, follows and cancels orders, fills
the shelves and redrives dead letters.

It speaks to the local cloud at ` + localEndpoint + `, started with
"go run ./cmd/local", unless one of --stack, --region and --profile is given:
then to AWS, with the credentials that the AWS CLI would use. Environment
variables alone never choose AWS.

Orders are placed, shown and cancelled through the HTTP API, which is asked with
those credentials; where only customers may call it, as the one whose token
--token-file holds.`,
		Example: `  orders place --item MUG-BLUE=2
  orders list
  orders --stack orderflow --region eu-west-1 list --status FAILED`,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	p.target.flags(root)
	output := "table"
	root.PersistentFlags().StringVarP(&output, "output", "o", output, "table for people, json for programs")
	root.RegisterFlagCompletionFunc("output", cobra.FixedCompletions([]string{"table", "json"}, cobra.ShellCompDirectiveNoFileComp))
	root.PersistentPreRunE = func(c *cobra.Command, _ []string) error {
		p.target.choose(c)
		if output != "table" && output != "json" {
			return fmt.Errorf("--output is table or json, not %q", output)
		}
		p.json = output == "json"
		return nil
	}
	root.AddCommand(
		p.placeCommand(), p.getCommand(), p.listCommand(), p.cancelCommand(), p.watchCommand(), p.historyCommand(),
		group("stock", "See and fill the shelves", p.stockListCommand(), p.stockSetCommand(), p.stockAddCommand()),
		group("dlq", "See and redrive what consumers could not process", p.dlqListCommand(), p.dlqShowCommand(), p.dlqRedriveCommand()),
	)
	return root
}

// group is a command that has others.
func group(use, short string, commands ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{Use: use, Short: short, Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error {
		var names []string
		for _, sub := range commands {
			names = append(names, c.Name()+" "+sub.Name())
		}
		return fmt.Errorf("%s is more than one command\nthere are %s", c.Name(), strings.Join(names, ", "))
	}}
	c.AddCommand(commands...)
	return c
}

// with runs a command on the stack that the flags name.
func (p *program) with(run func(ctx context.Context, s *stack.Stack, args []string) error) func(*cobra.Command, []string) error {
	return func(c *cobra.Command, args []string) error {
		p.running = true
		p.now = time.Now()
		s, err := p.target.open(c.Context())
		if err != nil {
			return err
		}
		return run(c.Context(), s, args)
	}
}

// arguments demands these, by name: "ID", and "[MESSAGE]..." at the end for any
// number.
func arguments(names ...string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		required, more := len(names), false
		if required > 0 && strings.HasPrefix(names[required-1], "[") {
			required, more = required-1, true
		}
		switch {
		case len(args) < required:
			return fmt.Errorf("%s wants %s\nfor example:\n%s", c.CommandPath(), strings.Join(names, " "), c.Example)
		case len(args) > required && !more:
			return fmt.Errorf("%s wants no more than %d arguments, and %q is another", c.CommandPath(), required, args[required])
		}
		return nil
	}
}
