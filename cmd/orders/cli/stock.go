package cli

import (
	"context"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"orderflow/cmd/orders/stack"
)

func (p *program) stockListCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List what is in the catalogue and in stock",
		Example: "  orders stock list",
		Args:    arguments(),
		RunE: p.with(func(ctx context.Context, s *stack.Stack, _ []string) error {
			shelves, err := s.Stock(ctx)
			if err != nil {
				return err
			}
			return p.printShelves(shelves)
		}),
	}
}

func (p *program) stockSetCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "set SKU UNITS",
		Short: "Make the units stocked so many in all",
		Long: `Set makes the units of an SKU so many in all, those included that are reserved for
orders or sold. What is missing or too much is added to or taken from those that
are available.`,
		Example: "  orders stock set KETTLE-RED 40",
	}
	return p.restocking(c, (*stack.Stack).SetStock)
}

func (p *program) stockAddCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "add SKU UNITS",
		Short: "Add units to those available, or take some away",
		Example: `  orders stock add KETTLE-RED 12
  orders stock add MUG-BLUE -- -3     # three are broken`,
	}
	return p.restocking(c, (*stack.Stack).AddStock)
}

// restocking makes a command of what changes an SKU's stock.
func (p *program) restocking(c *cobra.Command, change func(*stack.Stack, context.Context, string, int64) (stack.Shelf, error)) *cobra.Command {
	c.Args = arguments("SKU", "UNITS")
	c.RunE = func(c *cobra.Command, args []string) error {
		units, err := strconv.ParseInt(args[1], 10, 64)
		if err != nil {
			return fmt.Errorf("%q is no number of units\nfor example:\n%s", args[1], c.Example)
		}
		return p.with(func(ctx context.Context, s *stack.Stack, args []string) error {
			shelf, err := change(s, ctx, args[0], units)
			if err != nil {
				return err
			}
			if p.json {
				return p.printJSON(shelf)
			}
			return p.printShelves([]stack.Shelf{shelf})
		})(c, args)
	}
	return c
}

func (p *program) printShelves(shelves []stack.Shelf) error {
	if p.json {
		return p.printJSON(append([]stack.Shelf{}, shelves...))
	}
	var rows [][]string
	for _, s := range shelves {
		rows = append(rows, []string{s.SKU, s.Name, money(&s.UnitPrice), number(s.Available), number(s.Reserved), number(s.Committed), number(s.Stocked)})
	}
	return p.table([]string{"SKU", "NAME", "PRICE", "AVAILABLE", "RESERVED", "SOLD", "IN ALL"}, rows)
}

func number(n int64) string { return strconv.FormatInt(n, 10) }
