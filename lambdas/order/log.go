package order

import (
	"context"
	"log/slog"
	"slices"
)

// Logger is the default logger for lines about one order. Each line has the
// order's ID, its execution's ARN, and what else is the same in all of them.
func Logger(orderID, executionARN string, more ...slog.Attr) *slog.Logger {
	a := &about{Handler: slog.Default().Handler()}
	a.attrs = append(a.room[:0], slog.String("orderId", orderID), slog.String("execution", executionARN))
	a.attrs = append(a.attrs, more...)
	a.logger = *slog.New(a)
	return &a.logger
}

// about puts attributes in front of those of each line. For the few lines that
// an order gets from an invocation that takes far less than slog's own With,
// which prepares for many.
type about struct {
	slog.Handler
	attrs []slog.Attr
	room  [6]slog.Attr // for most attrs

	logger slog.Logger // that writes here; all is one piece of memory
}

// Handle implements slog.Handler.
func (a *about) Handle(ctx context.Context, r slog.Record) error {
	attrs := append(make([]slog.Attr, 0, 20), a.attrs...) // on the stack
	r.Attrs(func(attr slog.Attr) bool {
		attrs = append(attrs, attr)
		return true
	})
	line := slog.NewRecord(r.Time, r.Level, r.Message, r.PC)
	line.AddAttrs(attrs...)
	return a.Handler.Handle(ctx, line)
}

// WithAttrs implements slog.Handler.
func (a *about) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &about{Handler: a.Handler, attrs: slices.Concat(a.attrs, attrs)}
}

// WithGroup implements slog.Handler.
func (a *about) WithGroup(name string) slog.Handler {
	return a.Handler.WithAttrs(a.attrs).WithGroup(name)
}

type loggerKey struct{}

// WithLogger gives a logger to whatever is done for its order.
func WithLogger(ctx context.Context, logger *slog.Logger) context.Context {
	return context.WithValue(ctx, loggerKey{}, logger)
}

// LoggerOf is the logger of the order that something is done for, or the
// default one where that is done for several orders, or for none.
func LoggerOf(ctx context.Context) *slog.Logger {
	if logger, ok := ctx.Value(loggerKey{}).(*slog.Logger); ok {
		return logger
	}
	return slog.Default()
}
