package lambda

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-lambda-go/lambdacontext"
)

// How a function's log is written, and which levels there are of what it logs
// itself and of what Lambda adds.
// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-advanced.html
const (
	formatText = "Text"
	formatJSON = "JSON"
)

var (
	applicationLevels = []string{"TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"}
	systemLevels      = []string{"DEBUG", "INFO", "WARN"}
)

// LoggingConfig says where and how a function logs. Levels are of JSON alone.
type LoggingConfig struct {
	LogFormat           string
	ApplicationLogLevel string `json:",omitempty"`
	SystemLogLevel      string `json:",omitempty"`
	LogGroup            string
}

func loggingConfig(in *CreateFunctionInput) LoggingConfig {
	c := LoggingConfig{
		LogFormat: cmp.Or(in.LogFormat, formatText), LogGroup: cmp.Or(in.LogGroup, defaultLogGroup(in.FunctionName)),
		ApplicationLogLevel: in.ApplicationLogLevel, SystemLogLevel: in.SystemLogLevel,
	}
	if c.LogFormat == formatJSON {
		c.ApplicationLogLevel, c.SystemLogLevel = cmp.Or(c.ApplicationLogLevel, "INFO"), cmp.Or(c.SystemLogLevel, "INFO")
	}
	return c
}

func defaultLogGroup(functionName string) string { return "/aws/lambda/" + functionName }

func (c LoggingConfig) check() error {
	switch {
	case c.LogFormat != formatText && c.LogFormat != formatJSON:
		return invalid("1 validation error detected: Value '%s' at 'loggingConfig.logFormat' failed to satisfy constraint: Member must satisfy enum value set: [JSON, Text]", c.LogFormat)
	case c.LogFormat == formatText && c.ApplicationLogLevel+c.SystemLogLevel != "":
		return invalid("To use LogLevel, you must use JSON LogFormat.")
	case c.LogFormat == formatText:
		return nil
	case !slices.Contains(applicationLevels, c.ApplicationLogLevel):
		return invalid("1 validation error detected: Value '%s' at 'loggingConfig.applicationLogLevel' failed to satisfy constraint: Member must satisfy enum value set: [TRACE, DEBUG, INFO, WARN, ERROR, FATAL]", c.ApplicationLogLevel)
	case !slices.Contains(systemLevels, c.SystemLogLevel):
		return invalid("1 validation error detected: Value '%s' at 'loggingConfig.systemLogLevel' failed to satisfy constraint: Member must satisfy enum value set: [DEBUG, INFO, WARN]", c.SystemLogLevel)
	}
	return nil
}

// application is the least level that is kept of what the function logs. Of
// TRACE lambdacontext makes INFO.
func (c LoggingConfig) application() slog.Level {
	switch c.ApplicationLogLevel {
	case "DEBUG":
		return slog.LevelDebug
	case "WARN":
		return slog.LevelWarn
	case "ERROR":
		return slog.LevelError
	case "FATAL":
		return slog.LevelError + 4
	}
	return slog.LevelInfo
}

// system is the least level that is kept of what Lambda adds.
func (c LoggingConfig) system() slog.Level {
	switch c.SystemLogLevel {
	case "DEBUG":
		return slog.LevelDebug
	case "WARN":
		return slog.LevelWarn
	}
	return slog.LevelInfo
}

// NewLogHandler is for handlers of several functions, and of several clouds,
// that share a process and so its default logger. What is logged in the context
// of an invocation goes to the log of its function, as lambdacontext's handler
// writes it on AWS; and all goes to the terminal that the terminal lets pass.
func NewLogHandler(terminal slog.Handler) slog.Handler {
	return &logHandler{
		terminal: terminal,
		json:     &sync.Pool{New: func() any { return newLine(formatJSON) }},
		text:     &sync.Pool{New: func() any { return newLine(formatText) }},
	}
}

type logHandler struct {
	terminal   slog.Handler
	json, text *sync.Pool                        // of *line
	with       []func(slog.Handler) slog.Handler // the attributes and groups so far
}

// A line is one that is being written, as lambdacontext would.
type line struct {
	buffer  bytes.Buffer
	end     string // which the log leaves out
	handler slog.Handler
}

func newLine(format string) *line {
	l, options := &line{}, &slog.HandlerOptions{ReplaceAttr: replaceAttr}
	if format == formatJSON {
		l.handler, l.end = slog.NewJSONHandler(&l.buffer, options), "\n"
	} else {
		l.handler = slog.NewTextHandler(&l.buffer, options)
	}
	return l
}

// replaceAttr is lambdacontext's, but for a level as text, which need not be
// marshalled.
func replaceAttr(groups []string, a slog.Attr) slog.Attr {
	if a.Key == slog.LevelKey && a.Value.Kind() == slog.KindAny {
		if level, ok := a.Value.Any().(slog.Level); ok {
			return slog.String(a.Key, level.String())
		}
	}
	return lambdacontext.ReplaceAttr(groups, a)
}

func (l *line) text() string { return strings.TrimSuffix(l.buffer.String(), l.end) }

func (h *logHandler) Enabled(ctx context.Context, level slog.Level) bool {
	return invocationOf(ctx).keeps(level) || h.terminal.Enabled(ctx, level)
}

func (h *logHandler) Handle(ctx context.Context, r slog.Record) error {
	var kept, told error
	if inv := invocationOf(ctx); inv.keeps(r.Level) {
		kept = h.keep(ctx, inv, r.Clone())
	}
	if h.terminal.Enabled(ctx, r.Level) {
		told = h.terminal.Handle(ctx, r)
	}
	return errors.Join(kept, told)
}

// keep writes a record as lambdacontext does, in the time zone of Lambda.
func (h *logHandler) keep(ctx context.Context, inv *invocation, r slog.Record) error {
	r.Time = r.Time.UTC()
	r.AddAttrs(slog.String("requestId", inv.id))
	lines := h.text
	if inv.inJSON() {
		lines = h.json
	}
	l := lines.Get().(*line)
	defer lines.Put(l)
	l.buffer.Reset()
	handler := l.handler
	for _, with := range h.with {
		handler = with(handler)
	}
	if err := handler.Handle(ctx, r); err != nil {
		return err
	}
	inv.stream.Write(r.Time, l.text())
	return nil
}

func (h *logHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return h.and(func(x slog.Handler) slog.Handler { return x.WithAttrs(attrs) })
}

func (h *logHandler) WithGroup(name string) slog.Handler {
	return h.and(func(x slog.Handler) slog.Handler { return x.WithGroup(name) })
}

func (h *logHandler) and(with func(slog.Handler) slog.Handler) slog.Handler {
	more := *h
	more.terminal, more.with = with(h.terminal), append(slices.Clip(h.with), with)
	return &more
}

type invocationKey struct{}

// invocationOf is the invocation that goes on under a context, nil when none
// does.
func invocationOf(ctx context.Context) *invocation {
	inv, _ := ctx.Value(invocationKey{}).(*invocation)
	return inv
}

// keeps tells whether what a handler logs at a level is kept. An environment
// whose invocation has ended is frozen, or gone: then nothing is.
func (inv *invocation) keeps(level slog.Level) bool {
	return inv != nil && inv.stream != nil && level >= inv.f.application && !inv.isDone()
}
