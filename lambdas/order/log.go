package order

import (
	"context"
	"log/slog"
)

// Logger is the default logger for lines about one order. Each line has the
// order's ID, its execution's ARN, and what else is the same in all of them.
func Logger(orderID, executionARN string, more ...slog.Attr) *slog.Logger {
	attrs := append([]slog.Attr{slog.String("orderId", orderID), slog.String("execution", executionARN)}, more...)
	return slog.New(slog.Default().Handler().WithAttrs(attrs))
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
