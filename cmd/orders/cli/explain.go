package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"orderflow/cmd/orders/stack"
	"orderflow/lambdas/inventory"
)

// explained tells an error: the fact in a line, and what to do about it in the
// next.
func explained(p *program, err error) string {
	fact, hint, _ := strings.Cut(err.Error(), "\n")
	if more := p.hint(err); more != "" {
		hint = more
	}
	if _, rest, ok := strings.Cut(fact, ": "); ok && isPackage(fact) {
		fact = rest
	}
	fact = "orders: " + fact
	if hint == "" {
		return fact
	}
	return fact + "\n" + hint
}

// isPackage tells whether an error names one of ours first, which tells people
// nothing.
func isPackage(fact string) bool {
	for _, name := range []string{"orders", "stack", "caller", "inventory"} {
		if strings.HasPrefix(fact, name+": ") {
			return true
		}
	}
	return false
}

// hint is what to do about an error, "" when nobody knows.
func (p *program) hint(err error) string {
	var consumer stack.ErrNoConsumer
	var short inventory.NotAvailable
	switch {
	case errors.Is(err, stack.ErrUnreachable) && !p.target.aws:
		return fmt.Sprintf("nothing answers at %s: is `go run ./cmd/local` running? for AWS name a --stack, --region or --profile", p.target.endpoint)
	case errors.Is(err, stack.ErrUnreachable):
		return "is this machine online, and --region right?"
	case errors.Is(err, stack.ErrNoRegion):
		return "name one with --region, or a --profile that has one"
	case errors.Is(err, stack.ErrNoStack) && p.target.aws:
		return "deploy it with `sam deploy`, or name another with --stack, --region and --profile"
	case errors.Is(err, stack.ErrWantsToken) && p.target.tokenFile != "":
		return "the token in " + p.target.tokenFile + " has expired, or is another issuer's or audience's" + p.newToken()
	case errors.Is(err, stack.ErrWantsToken):
		return "customers call this API: act as one, with --token-file FILE" + p.newToken()
	case errors.Is(err, stack.ErrTurnedAway) && p.target.tokenFile != "":
		return "this API asks for a signature: leave --token-file out"
	case errors.Is(err, stack.ErrTurnedAway):
		return "sign as a principal that may execute-api:Invoke, by --profile for example"
	case errors.Is(err, stack.ErrNoOrder):
		return "`orders list` shows the latest orders, `orders list --text WORD` finds older ones"
	case errors.Is(err, stack.ErrNoExecution):
		return "an execution is kept for 90 days after its end; `orders get` shows the order"
	case errors.Is(err, stack.ErrNoSKU):
		return "`orders stock list` shows what there is; a new product needs a row in the catalogue table first"
	case errors.As(err, &consumer):
		return "there are " + strings.Join(consumer.There, ", ")
	case errors.As(err, new(stack.ErrNoMessage)):
		return "`orders dlq list` shows what is there; one that somebody else has just received is hidden for a while"
	case errors.As(err, &short):
		return fmt.Sprintf("%d are reserved for orders that are not decided, %d are sold", short.Reserved, short.Committed)
	case p.target.aws && strings.Contains(err.Error(), "get credentials"):
		return "sign in as for the AWS CLI, or name a --profile"
	case errors.Is(err, context.DeadlineExceeded):
		return "it took too long; try again"
	case strings.Contains(err.Error(), "unknown command"), strings.Contains(err.Error(), "unknown flag"), strings.Contains(err.Error(), "unknown shorthand"):
		return "`orders --help` lists what there is"
	}
	return ""
}

// newToken is how to come by a token at home; on AWS the issuer knows.
func (p *program) newToken() string {
	if p.target.aws {
		return ""
	}
	return fmt.Sprintf("; a new one is to be had by: curl -o FILE '%s/issuer/token?sub=c-42'", p.target.endpoint)
}
