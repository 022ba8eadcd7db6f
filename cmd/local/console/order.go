package console

import (
	"context"
	"net/http"

	"orderflow/cmd/orders/stack"
)

// orderPage is one order's story: where it is, and why.
type orderPage struct {
	stack.Story
	CancelRefused bool
}

func (c *Console) loadOrder(ctx context.Context, r *http.Request) (string, any, error) {
	story, err := c.Stack.Story(ctx, r.PathValue("id"))
	if err != nil {
		return "", nil, err
	}
	return "Order " + story.Order.ID, orderPage{story, r.URL.Query().Get("cancel") == "refused"}, nil
}
