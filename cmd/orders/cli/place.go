package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"orderflow/cmd/orders/stack"
	"orderflow/lambdas/order"
)

// An orderRequest is what a shop posts.
type orderRequest struct {
	Customer        order.Customer `json:"customer"`
	Items           []order.Item   `json:"items"`
	ShippingAddress order.Address  `json:"shippingAddress"`
}

func (p *program) placeCommand() *cobra.Command {
	var file, key string
	var wanted []string
	request := orderRequest{
		Customer:        order.Customer{ID: "c-42", Name: "Ada", Email: "ada@example.com"},
		ShippingAddress: order.Address{Line1: "1 Byron St", City: "London", PostalCode: "N1 1AA", Country: "GB"},
	}
	c := &cobra.Command{
		Use:   "place (--item SKU=QUANTITY... | -f FILE)",
		Short: "Place an order",
		Long: `Place posts an order, as a shop would: one for --item, whose customer and address
are made up as far as no flag gives them, or the JSON of a file as it is.

An order is placed once, however often it is posted, with one --key.`,
		Example: `  orders place --item MUG-BLUE=2 --item TEAPOT-4=1
  orders place --item MUG-BLUE=1 --country AQ      # the carrier at home refuses it
  orders place -f order.json --key my-first-order
  generate-order | orders place -f -`,
		Args: arguments(),
	}
	f := c.Flags()
	f.StringArrayVar(&wanted, "item", nil, "what is ordered, `SKU=QUANTITY`; may be repeated")
	f.StringVar(&request.Customer.ID, "customer", request.Customer.ID, "the customer's `ID`")
	f.StringVar(&request.Customer.Name, "name", request.Customer.Name, "the customer's name")
	f.StringVar(&request.Customer.Email, "email", request.Customer.Email, "the customer's mail address")
	f.StringVar(&request.ShippingAddress.Country, "country", request.ShippingAddress.Country, "where it goes, an ISO 3166-1 `code`")
	f.StringVarP(&file, "file", "f", "", "post the JSON of this `file`; - is standard input")
	f.StringVar(&key, "key", "", "Idempotency-Key (default: a new one)")
	c.MarkFlagsOneRequired("item", "file")
	for _, name := range []string{"item", "customer", "name", "email", "country"} {
		c.MarkFlagsMutuallyExclusive("file", name)
	}
	c.MarkFlagFilename("file", "json")
	c.RunE = func(c *cobra.Command, args []string) error {
		body, err := p.orderBody(file, wanted, request)
		if err != nil {
			return err
		}
		if key == "" {
			key = uuid.NewString()
		}
		return p.with(func(ctx context.Context, s *stack.Stack, _ []string) error { return p.place(ctx, s, body, key) })(c, args)
	}
	return c
}

// orderBody is the JSON of a file, or of an order for what is wanted.
func (p *program) orderBody(file string, wanted []string, request orderRequest) ([]byte, error) {
	switch file {
	case "":
	case "-":
		return io.ReadAll(p.stdin)
	default:
		return os.ReadFile(file)
	}
	for _, w := range wanted {
		sku, n, ok := strings.Cut(w, "=")
		quantity, err := strconv.Atoi(n)
		if !ok || err != nil {
			return nil, fmt.Errorf("--item %q is no SKU=QUANTITY, such as MUG-BLUE=2", w)
		}
		request.Items = append(request.Items, order.Item{SKU: sku, Quantity: quantity})
	}
	request.ShippingAddress.Name = request.Customer.Name
	return json.Marshal(request)
}

func (p *program) place(ctx context.Context, s *stack.Stack, body []byte, key string) error {
	answer, err := s.Place(ctx, body, key)
	if errors.Is(err, stack.ErrTurnedAway) {
		return err
	}
	if err != nil {
		return fmt.Errorf("%w\nwhether the order was placed is not known: with --key %s it can be placed again, and counts once", err, key)
	}
	if answer.Status != http.StatusAccepted {
		return p.refused(answer)
	}
	if p.json {
		return p.printBody(answer.Body)
	}
	fmt.Fprintf(p.stdout, "order %s is placed\nfollow it with: orders watch %[1]s\n", answer.OrderID)
	return nil
}

// refused makes an error of an answer that is a problem, and prints that where
// programs read.
func (p *program) refused(answer stack.Answer) error {
	if p.json {
		if err := p.printBody(answer.Body); err != nil {
			return err
		}
	}
	var problem struct {
		Title, Detail string
		Errors        []struct{ Pointer, Header, Parameter, Detail string }
	}
	if json.Unmarshal(answer.Body, &problem) != nil || problem.Title == "" {
		return fmt.Errorf("orders: the API answers %d: %s", answer.Status, bytes.TrimSpace(answer.Body))
	}
	text := problem.Title
	if problem.Detail != "" {
		text += ": " + problem.Detail
	}
	for _, e := range problem.Errors {
		text += fmt.Sprintf("\n  %s%s%s: %s", e.Pointer, e.Header, e.Parameter, e.Detail)
	}
	return errors.New("orders: " + text)
}

// printBody prints an answer's JSON, indented.
func (p *program) printBody(body []byte) error {
	var b bytes.Buffer
	if err := json.Indent(&b, body, "", "  "); err != nil {
		return fmt.Errorf("orders: the API answers no JSON: %w", err)
	}
	_, err := fmt.Fprintln(p.stdout, b.String())
	return err
}
