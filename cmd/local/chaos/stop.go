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
// deployment would, until ctx ends. It leaves all of them at work.
func (w *Weather) StopConsumers(ctx context.Context, l Mappings) error {
	if w.cfg.Rates[Stop] == 0 {
		return nil
	}
	out, err := l.ListEventSourceMappings(ctx, &lambda.ListEventSourceMappingsInput{})
	if err != nil {
		return err
	}
	mappings := out.EventSourceMappings
	slices.SortFunc(mappings, func(a, b *lambda.EventSourceMappingConfiguration) int {
		return strings.Compare(a.FunctionArn, b.FunctionArn)
	})
	operator := &interpose.Call{From: "operator", To: "lambda", Action: "UpdateEventSourceMapping", Activity: "operator"}
	for w.cfg.Sleep(ctx, operator, time.Minute) == nil {
		m := mappings[w.upTo(time.Duration(len(mappings)))]
		operator.Input = []byte(m.FunctionArn)
		if !w.happens(Stop, operator) {
			continue
		}
		if _, err := l.UpdateEventSourceMapping(ctx, &lambda.UpdateEventSourceMappingInput{UUID: m.UUID, Enabled: new(false)}); err != nil {
			return err
		}
		w.cfg.Sleep(ctx, operator, w.upTo(longestAway)) // cut short, it is started at once
		if _, err := l.UpdateEventSourceMapping(context.WithoutCancel(ctx), &lambda.UpdateEventSourceMappingInput{UUID: m.UUID, Enabled: new(true)}); err != nil {
			return err
		}
	}
	return nil
}
