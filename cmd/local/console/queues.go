package console

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"orderflow/cmd/orders/stack"
	"orderflow/lambdas/order"
)

// queuesPage is every consumer's queue and dead-letter queue.
type queuesPage struct {
	Queues   []queueCard
	Redriven string // what was, by the address
	Failed   string // why it was not
}

type queueCard struct {
	stack.Queue
	Oldest      time.Time // when the oldest message was sent; zero: it is empty
	MostReceive int
	Messages    []queuedMessage
	Hidden      int // messages beyond those
	Dead        []deadLetter
	DeadHidden  int
	Expired     int // of Dead: nobody waits for an answer any more
}

type queuedMessage struct {
	stack.Message
	OrderID, Type string
	Waiting       string // or in flight, or delayed
}

type deadLetter struct {
	stack.DeadLetter
	Over bool // nobody waits for its answer any more
}

// mostMessages of a queue are listed.
const mostMessages = 25

func (c *Console) loadQueues(ctx context.Context, r *http.Request) (string, any, error) {
	queues, err := c.Stack.Queues(ctx)
	if err != nil {
		return "", nil, err
	}
	p := queuesPage{}
	if n, err := strconv.Atoi(r.URL.Query().Get("redriven")); err == nil {
		p.Redriven = plural(n, "message was", "messages were")
	}
	for _, q := range queues {
		card := queueCard{Queue: q}
		for i, m := range q.Depth.Messages {
			if i == 0 || m.Sent.Before(card.Oldest) {
				card.Oldest = m.Sent
			}
			card.MostReceive = max(card.MostReceive, m.Receives)
			if i < mostMessages {
				card.Messages = append(card.Messages, shownMessage(m))
			}
		}
		card.Hidden = q.Visible + q.InFlight + q.Delayed - len(card.Messages)
		if q.DeadLetters.Visible+q.DeadLetters.InFlight+q.DeadLetters.Delayed > 0 {
			dead, err := c.Stack.DeadLetters(ctx, q.Consumer)
			if err != nil {
				return "", nil, err
			}
			for _, d := range dead[:min(len(dead), mostMessages)] {
				shown := deadLetter{d, d.Wait == stack.WaitOver}
				if shown.Over {
					card.Expired++
				}
				card.Dead = append(card.Dead, shown)
			}
			card.DeadHidden = q.DeadLetters.Visible + q.DeadLetters.InFlight + q.DeadLetters.Delayed - len(card.Dead)
		}
		p.Queues = append(p.Queues, card)
	}
	return "Queues", p, nil
}

func shownMessage(m stack.Message) queuedMessage {
	shown := queuedMessage{Message: m, Waiting: "waiting"}
	if e, err := order.ParseEvent([]byte(m.Body)); err == nil {
		shown.OrderID, shown.Type = e.Data.OrderID, string(e.Type)
	}
	switch {
	case m.VisibleAt.IsZero() || !m.VisibleAt.After(time.Now()):
	case m.Receives == 0:
		shown.Waiting = "delayed"
	default:
		shown.Waiting = "in flight"
	}
	return shown
}

// redrive sends dead letters back to their queue: those whose IDs the form
// names, or all.
func (c *Console) redrive(w http.ResponseWriter, r *http.Request) {
	if !c.form(w, r) {
		return
	}
	n, failed := c.Stack.Redrive(r.Context(), r.PathValue("consumer"), r.PostForm["message"]...)
	if failed == nil {
		http.Redirect(w, r, withQuery(Prefix+"/queues", url.Values{"redriven": {strconv.Itoa(n)}}), http.StatusSeeOther)
		return
	}
	title, data, err := c.loadQueues(r.Context(), r)
	if err != nil {
		c.fail(w, r, err)
		return
	}
	p := data.(queuesPage)
	p.Failed, _ = cutHint(failed.Error(), "")
	c.answer(w, r, "queues", title, http.StatusUnprocessableEntity, p)
}
