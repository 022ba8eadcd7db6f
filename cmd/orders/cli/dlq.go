package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"orderflow/cmd/orders/stack"
)

func (p *program) dlqListCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "list [CONSUMER]",
		Short: "List the messages that a consumer, or any, could not process",
		Long: `List shows the messages in the dead-letter queues, oldest first, what the
consumer last logged of each, and whether the order's execution still waits for
an answer to it. On AWS messages are received to be read, so that their receive
counts go up.`,
		Example: `  orders dlq list
  orders dlq list shipment`,
		Args: arguments("[CONSUMER]"),
		RunE: p.with(func(ctx context.Context, s *stack.Stack, args []string) error {
			letters, err := s.DeadLetters(ctx, strings.Join(args, " "))
			if err != nil {
				return err
			}
			return p.printLetters(letters)
		}),
	}
}

var waits = map[stack.Wait]string{stack.WaitNone: "nobody", stack.WaitOpen: "the order", stack.WaitOver: "nobody any more"}

func (p *program) printLetters(letters []stack.DeadLetter) error {
	if p.json {
		return p.printJSON(append([]stack.DeadLetter{}, letters...))
	}
	if len(letters) == 0 {
		fmt.Fprintln(p.stdout, "no dead letters")
		return nil
	}
	var rows [][]string
	for _, l := range letters {
		rows = append(rows, []string{l.Consumer, l.ID, l.OrderID, l.Type, p.ago(l.Sent), waits[l.Wait], clipped(l.LastError)})
	}
	return p.table([]string{"CONSUMER", "MESSAGE", "ORDER", "TYPE", "SENT", "WHO WAITS", "LAST ERROR"}, rows)
}

// clipped is a text that fits in a table.
func clipped(s string) string {
	const most = 80
	s, _, _ = strings.Cut(s, "\n")
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}

func (p *program) dlqShowCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "show MESSAGE",
		Short:   "Show a dead letter with its body",
		Example: "  orders dlq show $(orders dlq list -o json | jq -r '.[0].messageId')",
		Args:    arguments("MESSAGE"),
		RunE: p.with(func(ctx context.Context, s *stack.Stack, args []string) error {
			letters, err := s.DeadLetters(ctx, "")
			if err != nil {
				return err
			}
			for _, l := range letters {
				if l.ID == args[0] {
					return p.printLetter(l)
				}
			}
			return stack.ErrNoMessage{Consumer: "any consumer", IDs: args}
		}),
	}
}

func (p *program) printLetter(l stack.DeadLetter) error {
	if p.json {
		return p.printJSON(l)
	}
	err := p.fields(
		[2]string{"message", l.ID},
		[2]string{"consumer", l.Consumer},
		[2]string{"order", l.OrderID},
		[2]string{"type", l.Type},
		[2]string{"sent", at(l.Sent)},
		[2]string{"received", strconv.Itoa(l.Receives) + " times"},
		[2]string{"failed", at(l.FailedAt)},
		[2]string{"request", l.RequestID},
		[2]string{"who waits", waits[l.Wait]},
		[2]string{"last error", l.LastError},
	)
	if err != nil {
		return err
	}
	body := bytes.NewBufferString("\n")
	if json.Indent(body, []byte(l.Body), "", "  ") != nil {
		body.WriteString(l.Body) // it is no JSON
	}
	_, err = fmt.Fprintln(p.stdout, body)
	return err
}

func (p *program) dlqRedriveCommand() *cobra.Command {
	var all bool
	c := &cobra.Command{
		Use:   "redrive CONSUMER (MESSAGE... | --all)",
		Short: "Send dead letters back to their consumer",
		Long: `Redrive sends messages from a dead-letter queue back to their consumer's queue,
where they count as new. Repair what made them fail first, or they come back.`,
		Example: `  orders dlq redrive shipment --all
  orders dlq redrive shipment $(orders dlq list shipment -o json | jq -r '.[0].messageId')`,
		Args: arguments("CONSUMER", "[MESSAGE...]"),
	}
	c.Flags().BoolVar(&all, "all", false, "all of the consumer's")
	c.RunE = func(c *cobra.Command, args []string) error {
		if all == (len(args) > 1) {
			return fmt.Errorf("redrive wants either messages or --all\nfor example:\n%s", c.Example)
		}
		return p.with(func(ctx context.Context, s *stack.Stack, args []string) error {
			n, err := s.Redrive(ctx, args[0], args[1:]...)
			if n > 0 || err == nil {
				err = errors.Join(p.printRedriven(n), err)
			}
			return err
		})(c, args)
	}
	return c
}

func (p *program) printRedriven(n int) error {
	if p.json {
		return p.printJSON(struct {
			Redriven int `json:"redriven"`
		}{n})
	}
	_, err := fmt.Fprintf(p.stdout, "%d redriven\n", n)
	return err
}
