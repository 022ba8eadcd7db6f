package chaos

import (
	"context"
	"slices"
	"strings"
	"time"

	"orderflow/cmd/local/cloud/interpose"
	"orderflow/cmd/local/cloud/lambda"
)

// Mappings are Lambda's event source mappings; *lambda.Service has them.
type Mappings interface {
	ListEventSourceMappings(context.Context, *lambda.ListEventSourceMappingsInput) (*lambda.ListEventSourceMappingsOutput, error)
	UpdateEventSourceMapping(context.Context, *lambda.UpdateEventSourceMappingInput) (*lambda.EventSourceMappingConfiguration, error)
}

// StopConsumers stops and starts event source mappings, as an operator or a
// deployment would, until ctx ends. It leaves all of them at work, when it ends
// and whenever the rates change.
func (w *Weather) StopConsumers(ctx context.Context, l Mappings) error {
	operator := &interpose.Call{From: "operator", To: "lambda", Action: "UpdateEventSourceMapping", Activity: "operator"}
	for {
		rate, spell := w.rate(Stop)
		if rate == 0 {
			select {
			case <-spell.Done():
				continue
			case <-ctx.Done():
				return nil
			}
		}
		if w.cfg.Sleep(ctx, operator, time.Minute) != nil {
			return nil
		}
		if err := w.stopOne(ctx, spell, l, operator); err != nil {
			return err
		}
	}
}

// stopOne may stop one consumer for a while, until spell ends at most.
func (w *Weather) stopOne(ctx, spell context.Context, l Mappings, operator *interpose.Call) error {
	out, err := l.ListEventSourceMappings(ctx, &lambda.ListEventSourceMappingsInput{})
	if err != nil || len(out.EventSourceMappings) == 0 {
		return err
	}
	mappings := out.EventSourceMappings
	slices.SortFunc(mappings, func(a, b *lambda.EventSourceMappingConfiguration) int {
		return strings.Compare(a.FunctionArn, b.FunctionArn)
	})
	m := mappings[w.upTo(time.Duration(len(mappings)))]
	operator.Input = []byte(m.FunctionArn)
	if !w.happens(Stop, operator) {
		return nil
	}
	if _, err := l.UpdateEventSourceMapping(ctx, &lambda.UpdateEventSourceMappingInput{UUID: m.UUID, Enabled: new(false)}); err != nil {
		return err
	}
	stopped, start := context.WithCancel(ctx)
	defer start()
	defer context.AfterFunc(spell, start)()
	w.cfg.Sleep(stopped, operator, w.upTo(longestAway)) // cut short, it is started at once
	_, err = l.UpdateEventSourceMapping(context.WithoutCancel(ctx), &lambda.UpdateEventSourceMappingInput{UUID: m.UUID, Enabled: new(true)})
	return err
}
