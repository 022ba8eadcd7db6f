package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"orderflow/cmd/orders/stack"
	"orderflow/lambdas/order"
)

var statuses = []string{string(order.Pending), string(order.Confirmed), string(order.Rejected), string(order.Cancelled), string(order.Failed)}

func (p *program) listCommand() *cobra.Command {
	var status, text string
	var limit int
	var all bool
	c := &cobra.Command{
		Use:   "list",
		Short: "List orders, the newest first",
		Long: `List shows the newest orders. --text finds a part of an order's ID, of its
customer's ID or name, or of an SKU; the whole of an order's or a customer's ID
is found at once, and all else, as well as any --status but PENDING, takes AWS a
second for every 10,000 orders.`,
		Example: `  orders list
  orders list --status REJECTED
  orders list --text MUG-BLUE --limit 5
  orders list --all -o json`,
		Args: arguments(),
	}
	f := c.Flags()
	f.StringVar(&status, "status", "", "only those that are "+strings.Join(statuses, ", "))
	f.StringVar(&text, "text", "", "only those in which this stands")
	f.IntVar(&limit, "limit", 20, "at most so many")
	f.BoolVar(&all, "all", false, "however many there are")
	c.MarkFlagsMutuallyExclusive("limit", "all")
	c.RegisterFlagCompletionFunc("status", cobra.FixedCompletions(statuses, cobra.ShellCompDirectiveNoFileComp))
	c.RunE = func(c *cobra.Command, args []string) error {
		status = strings.ToUpper(status)
		if status != "" && !slices.Contains(statuses, status) {
			return fmt.Errorf("--status %q is none of %s", status, strings.Join(statuses, ", "))
		}
		if limit < 1 {
			return fmt.Errorf("--limit %d is not at least 1", limit)
		}
		if all {
			limit = 0
		}
		return p.with(func(ctx context.Context, s *stack.Stack, _ []string) error {
			orders, more, err := listed(ctx, s, stack.Query{Status: order.Status(status), Text: text, Limit: limit})
			if err != nil {
				return err
			}
			return p.printOrders(orders, more)
		})(c, args)
	}
	return c
}

// listed are the first orders of a query, as many as its limit says; 0: all.
// There may be more.
func listed(ctx context.Context, s *stack.Stack, q stack.Query) (orders []stack.Summary, more bool, err error) {
	limit := q.Limit
	if limit == 0 {
		q.Limit = 1000
	}
	orders = []stack.Summary{}
	for {
		page, err := s.Orders(ctx, q)
		if err != nil {
			return nil, false, err
		}
		orders = append(orders, page.Orders...)
		q.Cursor = page.Next
		if limit > 0 && len(orders) >= limit {
			return orders[:limit], page.Next != "" || len(orders) > limit, nil
		}
		if page.Next == "" {
			return orders, false, nil
		}
	}
}

func (p *program) printOrders(orders []stack.Summary, more bool) error {
	if p.json {
		return p.printJSON(orders)
	}
	if len(orders) == 0 {
		fmt.Fprintln(p.stdout, "no orders")
		return nil
	}
	var rows [][]string
	for _, o := range orders {
		why := strings.Join(o.Now, ", ")
		if o.Failure != nil {
			why = o.Failure.Code
		}
		rows = append(rows, []string{o.ID, p.status(o.Status), o.Customer.ID, o.Customer.Name, money(o.Total), p.ago(o.CreatedAt), why})
	}
	err := p.table([]string{"ORDER", p.paint(plain, "STATUS"), "CUSTOMER", "NAME", "TOTAL", "PLACED", "NOW, OR WHY"}, rows)
	if more {
		fmt.Fprintln(p.stdout, "and more: --limit N or --all shows them")
	}
	return err
}
