package cli

import (
	"context"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"orderflow/cmd/orders/stack"
	"orderflow/statemachine/asl"
	"orderflow/statemachine/journey"
)

func (p *program) historyCommand() *cobra.Command {
	var events bool
	c := &cobra.Command{
		Use:   "history ID",
		Short: "Tell an order's story: what happened to it, and where it is now",
		Long: `History tells where an order is and why, and what happened to it at the API, in
its execution, and at every consumer. --events lists its execution's history as
AWS has it instead.`,
		Example: placing + "  orders history $ID\n  orders history --events $ID",
		Args:    arguments("ID"),
		RunE: p.with(func(ctx context.Context, s *stack.Stack, args []string) error {
			if events {
				return p.events(ctx, s, args[0])
			}
			story, err := s.Story(ctx, args[0])
			if err != nil {
				return err
			}
			if p.json {
				return p.printJSON(story)
			}
			return p.printStory(story)
		}),
	}
	c.Flags().BoolVar(&events, "events", false, "the events of the execution's history")
	return c
}

var moods = map[stack.Mood]colour{stack.Plain: plain, stack.Good: green, stack.Waiting: yellow, stack.Bad: red}

func (p *program) printStory(story stack.Story) error {
	fmt.Fprintf(p.stdout, "order %s is %s\n%s\n\n", story.Order.ID, p.status(story.Order.Status), story.Headline)
	var rows [][]string
	for _, m := range story.Moments {
		rows = append(rows, []string{at(m.At), m.Who, p.paint(moods[m.Mood], m.What)})
	}
	return p.table([]string{"TIME", "WHO", "WHAT"}, rows)
}

func (p *program) events(ctx context.Context, s *stack.Stack, id string) error {
	j := journey.New()
	events := []asl.HistoryEvent{}
	var rows [][]string
	for raw, err := range s.History(ctx, s.ExecutionARN(id)) {
		if err != nil {
			return err
		}
		e := j.Add(raw)
		state := ""
		if e.Visit != nil {
			state = e.Visit.State
		}
		events = append(events, raw)
		rows = append(rows, []string{
			strconv.FormatInt(e.ID, 10), strconv.FormatInt(e.PreviousID, 10),
			fmt.Sprintf("%.3f s", j.Elapsed(e).Seconds()), e.Type, state,
		})
	}
	if p.json {
		return p.printJSON(events)
	}
	return p.table([]string{"ID", "AFTER", "ELAPSED", "TYPE", "STATE"}, rows)
}
