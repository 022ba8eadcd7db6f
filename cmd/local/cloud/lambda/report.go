package lambda

import (
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"
)

// An ending is how an invocation ended for Lambda. A handler that returned an
// error is a success: its runtime lives, and has answered.
// https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html
type ending string

const (
	answered ending = "success"
	crashed  ending = "error"
	timedOut ending = "timeout"
)

// level is what Lambda's lines about an ending are of, more or less.
// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html
func (e ending) level(success slog.Level) slog.Level {
	if e == answered {
		return success
	}
	return slog.LevelWarn
}

// The lines that Lambda writes about an invocation say all that is required
// but maxMemoryUsedMB: handlers share the memory of this process.

// logStart says that an invocation begins.
func (inv *invocation) logStart() {
	if !inv.reports(slog.LevelInfo) {
		return
	}
	if !inv.inJSON() {
		inv.stream.Write(time.Now(), "START RequestId: "+inv.id+" Version: "+inv.t.version+"\n")
		return
	}
	now := time.Now()
	b := inv.appendEvent(nil, now, "platform.start")
	b = append(append(append(b, `,"functionArn":"`...), inv.f.config.FunctionArn...), `","version":"`...)
	b = append(append(b, inv.t.version...), `"}}`...)
	inv.stream.Write(now, string(b))
}

// logEnd says how it ended.
func (inv *invocation) logEnd(end ending, response []byte) {
	if inv.stream == nil {
		return
	}
	now := time.Now()
	took := now.Sub(inv.began)
	if !inv.inJSON() {
		inv.stream.Write(now, "END RequestId: "+inv.id+"\n")
		inv.stream.Write(now, inv.textReport(end, took))
		return
	}
	status := append(append([]byte(`,"status":"`), end...), '"')
	if end == crashed {
		status = append(status, `,"errorType":"Runtime.ExitError"`...)
	}
	if inv.reports(end.level(slog.LevelDebug)) {
		produced := 0
		if end == answered {
			produced = len(response)
		}
		b := append(inv.appendEvent(nil, now, "platform.runtimeDone"), status...)
		b = appendMilliseconds(append(b, `,"metrics":{"durationMs":`...), took)
		b = strconv.AppendInt(append(b, `,"producedBytes":`...), int64(produced), 10)
		inv.stream.Write(now, string(append(b, `}}}`...)))
	}
	if inv.reports(end.level(slog.LevelInfo)) {
		b := inv.appendEvent(nil, now, "platform.report")
		b = appendMilliseconds(append(b, `,"metrics":{"durationMs":`...), took)
		b = strconv.AppendInt(append(b, `,"billedDurationMs":`...), billed(took), 10)
		b = strconv.AppendInt(append(b, `,"memorySizeMB":`...), int64(inv.f.config.MemorySize), 10)
		b = append(append(append(b, '}'), status...), `}}`...)
		inv.stream.Write(now, string(b))
	}
}

func (inv *invocation) textReport(end ending, took time.Duration) string {
	report := fmt.Sprintf("REPORT RequestId: %s\tDuration: %.2f ms\tBilled Duration: %d ms\tMemory Size: %d MB", inv.id, took.Seconds()*1000, billed(took), inv.f.config.MemorySize)
	switch end {
	case timedOut:
		report += "\tStatus: timeout"
	case crashed:
		report += "\tStatus: error\tError Type: Runtime.ExitError"
	}
	return report + "\n"
}

// logFailure is what aws-lambda-go itself logs of a handler that failed: by
// package log, which lambdacontext's logger takes over, at INFO and without
// requestId.
func (inv *invocation) logFailure(payload []byte, exits bool) {
	if !inv.keeps(slog.LevelInfo) {
		return
	}
	messages := []string{string(payload)}
	if exits {
		messages = append(messages, "calling the handler function resulted in a panic, the process should exit")
	}
	for _, message := range messages {
		now, l := time.Now().UTC(), newLine(inv.f.config.LoggingConfig.LogFormat)
		if l.handler.Handle(inv.ctx, slog.NewRecord(now, slog.LevelInfo, message, 0)) == nil { // a buffer takes all
			inv.stream.Write(now, l.text())
		}
	}
}

// reports tells whether what Lambda says at a level is kept.
func (inv *invocation) reports(level slog.Level) bool {
	return inv.stream != nil && level >= inv.f.system
}

func (inv *invocation) inJSON() bool { return inv.f.config.LoggingConfig.LogFormat == formatJSON }

// appendEvent begins an event of Lambda's about the invocation.
func (inv *invocation) appendEvent(b []byte, at time.Time, kind string) []byte {
	b = append(b, `{"time":"`...)
	b = at.UTC().AppendFormat(b, "2006-01-02T15:04:05.000Z")
	b = append(append(append(b, `","type":"`...), kind...), `","record":{"requestId":"`...)
	return append(append(b, inv.id...), '"')
}

func appendMilliseconds(b []byte, d time.Duration) []byte {
	return strconv.AppendFloat(b, float64(d.Round(time.Microsecond))/float64(time.Millisecond), 'f', -1, 64)
}

// billed is a duration in milliseconds that have begun.
func billed(d time.Duration) int64 {
	return int64((d + time.Millisecond - 1) / time.Millisecond)
}

// streamName is AWS's for the environment that begins with an invocation: with
// the function's name where its log group is not its own by default.
// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-loggroups.html
func (inv *invocation) streamName() string {
	c := &inv.f.config
	name := ""
	if c.LoggingConfig.LogGroup != defaultLogGroup(c.FunctionName) {
		name = c.FunctionName
	}
	// The environment has no ID of its own to be told from others by.
	return time.Now().UTC().Format("2006/01/02/") + name + "[" + inv.t.version + "]" + strings.ReplaceAll(inv.id, "-", "")
}
