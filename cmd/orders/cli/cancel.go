package cli

import (
	"context"
	"fmt"
	"net/http"

	"github.com/spf13/cobra"

	"orderflow/cmd/orders/stack"
)

func (p *program) cancelCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "cancel ID",
		Short:   "Cancel an order that is not decided yet",
		Example: placing + "  orders cancel $ID      # at home it is confirmed within milliseconds, and that is too late",
		Args:    arguments("ID"),
		RunE: p.with(func(ctx context.Context, s *stack.Stack, args []string) error {
			answer, err := s.Cancel(ctx, args[0])
			switch {
			case err != nil:
				return err
			case answer.Status == http.StatusNotFound:
				return fmt.Errorf("%w: %q", stack.ErrNoOrder, args[0])
			case answer.Status >= http.StatusBadRequest:
				return p.refused(answer)
			case p.json:
				return p.printBody(answer.Body)
			}
			fmt.Fprintf(p.stdout, "order %s is cancelled\nwhat was done for it is taken back; see: orders watch %[1]s\n", args[0])
			return nil
		}),
	}
}
