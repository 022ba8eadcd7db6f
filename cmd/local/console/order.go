package console

import (
	"context"
	"net/http"
	"strconv"

	"orderflow/cmd/orders/stack"
)

// orderPage is one order's story: where it is, and why.
type orderPage struct {
	stack.Story
	Refused int // the HTTP status with which the API would not cancel it; 0: nobody asked
}

func (c *Console) loadOrder(ctx context.Context, r *http.Request) (string, any, error) {
	story, err := c.Stack.Story(ctx, r.PathValue("id"))
	if err != nil {
		return "", nil, err
	}
	refused, _ := strconv.Atoi(r.URL.Query().Get("cancel"))
	return "Order " + story.Order.ID, orderPage{story, refused}, nil
}
