package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"orderflow/cmd/orders/stack"
	"orderflow/lambdas/order"
)

// placing gives the examples of other commands an order.
const placing = "  ID=$(orders place --item MUG-BLUE=2 -o json | jq -r .orderId)\n"

func (p *program) getCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "get ID",
		Short:   "Show an order",
		Long:    `Get shows an order as the API does. With -o json it is all that the customer gave.`,
		Example: placing + "  orders get $ID",
		Args:    arguments("ID"),
		RunE: p.with(func(ctx context.Context, s *stack.Stack, args []string) error {
			o, err := s.Order(ctx, args[0])
			if err != nil {
				return err
			}
			if p.json {
				return p.printJSON(o)
			}
			return p.printOrder(o)
		}),
	}
}

func (p *program) printOrder(o order.Order) error {
	placed := at(o.CreatedAt) + ", " + p.ago(o.CreatedAt)
	decided, failure, reserved, shipped := "", "", "", ""
	if o.DecidedAt != nil {
		decided = at(*o.DecidedAt)
	}
	if o.Failure != nil {
		failure = o.Failure.Code + ": " + o.Failure.Detail
	}
	if o.Reservation != nil {
		reserved = at(o.Reservation.ReservedAt)
	}
	if o.Shipment != nil {
		shipped = fmt.Sprintf("%s %s, booked %s", o.Shipment.Carrier, o.Shipment.TrackingNumber, at(o.Shipment.BookedAt))
	}
	return p.fields(
		[2]string{"order", o.ID},
		[2]string{"status", p.status(o.Status)},
		[2]string{"because", failure},
		[2]string{"customer", fmt.Sprintf("%s (%s)", o.Customer.Name, o.Customer.ID)},
		[2]string{"items", items(o)},
		[2]string{"total", money(o.Total)},
		[2]string{"goes to", o.ShippingAddress.Country},
		[2]string{"placed", placed},
		[2]string{"reserved", reserved},
		[2]string{"shipment", shipped},
		[2]string{"decided", decided},
	)
}
