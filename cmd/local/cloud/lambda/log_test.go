package lambda_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/google/go-cmp/cmp"

	"orderflow/cmd/local/cloud/lambda"
	"orderflow/cmd/local/cloud/logs"
)

// TestMain is a function on AWS when it is started as one: it logs the example
// as lambdacontext does there.
func TestMain(m *testing.M) {
	if os.Getenv("AWS_LAMBDA_LOG_FORMAT") != "" {
		logExample(lambdacontext.NewContext(context.Background(), &lambdacontext.LambdaContext{AwsRequestID: "ID"}), lambdacontext.NewLogHandler())
		return
	}
	os.Exit(m.Run())
}

// logExample logs a record with all that a record can have.
func logExample(ctx context.Context, h slog.Handler) {
	at := time.Date(2026, 11, 24, 10, 30, 0, 123456789, time.FixedZone("CET", 3600)).UTC()
	r := slog.NewRecord(at, slog.LevelWarn, `a "message" <&> é`, 0)
	r.Add("orderId", "o-1", "receiveCount", 2, "took", time.Millisecond, "sentAt", at, "error", errors.New("a fault\nin two lines"), "details", slog.GroupValue(slog.Bool("yes", true)), "nothing", nil, "level", "own")
	h = h.WithAttrs([]slog.Attr{slog.String("service", "shop")}).WithGroup("group")
	h.Handle(ctx, r)
}

// TestLogIsLambdas: a line is what lambdacontext would have written on AWS.
func TestLogIsLambdas(t *testing.T) {
	for _, format := range []string{"JSON", "Text"} {
		reference := exec.CommandContext(t.Context(), os.Args[0])
		reference.Env = append(os.Environ(), "AWS_LAMBDA_LOG_FORMAT="+format, "TZ=UTC")
		want, err := reference.CombinedOutput()
		if err != nil {
			t.Fatal(err)
		}
		kept := logs.New(logs.Config{})
		s := newService(t, lambda.Config{Logs: kept})
		create(t, s, lambda.CreateFunctionInput{FunctionName: "f", LogFormat: format}, func(ctx context.Context) { logExample(ctx, lambda.NewLogHandler(slog.DiscardHandler)) })
		invoke(t, s, "f", "{}")
		got := lines(t, kept, "/aws/lambda/f", "message")
		if line := strings.TrimSuffix(string(want), map[string]string{"JSON": "\n"}[format]); len(got) != 1 || got[0] != line {
			t.Errorf("%s: %q, want %q", format, got, line)
		}
	}
}

var uuid = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)

// lines are the messages of a group that match a pattern, their request IDs
// written as ID.
func lines(t *testing.T, kept *logs.Service, group, pattern string) (lines []string) {
	t.Helper()
	out, err := kept.FilterLogEvents(t.Context(), &logs.FilterLogEventsInput{LogGroupName: group, FilterPattern: pattern})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range out.Events {
		lines = append(lines, uuid.ReplaceAllString(e.Message, "ID"))
	}
	return lines
}

// stackTraces are of no interest.
var stackTraces = regexp.MustCompile(`\\"stackTrace\\":\[.*\]`)

func TestWhatLambdaLogs(t *testing.T) {
	const (
		start = `{"time":"2000-01-01T00:00:00.000Z","type":"platform.start","record":{"requestId":"ID","functionArn":"arn:aws:lambda:us-east-1:000000000000:function:f","version":"$LATEST"}}`
		line  = `{"timestamp":"2000-01-01T00:00:00.0015Z","level":"INFO","message":"done","requestId":"ID"}`
	)
	report := func(at, metrics, status string) string {
		return `{"time":"2000-01-01T00:00:` + at + `Z","type":"platform.report","record":{"requestId":"ID","metrics":{` + metrics + `,"memorySizeMB":128},"status":` + status + `}}`
	}
	runtimeDone := func(at, status, metrics string) string {
		return `{"time":"2000-01-01T00:00:` + at + `Z","type":"platform.runtimeDone","record":{"requestId":"ID","status":` + status + `,"metrics":{` + metrics + `}}}`
	}
	said := func(message string) string {
		return `{"timestamp":"2000-01-01T00:00:00.0015Z","level":"INFO","message":"` + message + `"}`
	}
	const took, short = `"durationMs":1.5,"billedDurationMs":2`, `"durationMs":1.5,"producedBytes":`
	done := func(ctx context.Context) error { slog.InfoContext(ctx, "done"); return nil }
	fails := func(context.Context) error { return errors.New("a fault") }
	panics := func(context.Context) error { panic("a bug") }
	dies := func(context.Context) error { runtime.Goexit(); return nil }
	hangs := func(ctx context.Context) error {
		time.Sleep(4 * time.Second)
		slog.ErrorContext(ctx, "too late")
		return nil
	}
	for _, test := range []struct {
		name     string
		function lambda.CreateFunctionInput
		handler  func(context.Context) error
		want     []string
	}{
		{"done", lambda.CreateFunctionInput{LogFormat: "JSON"}, done, []string{start, line, report("00.001", took, `"success"`)}},
		{"a handler's error", lambda.CreateFunctionInput{LogFormat: "JSON"}, fails, []string{start,
			said(`{\"errorMessage\":\"a fault\",\"errorType\":\"errorString\"}`), report("00.001", took, `"success"`)}},
		{"a panic", lambda.CreateFunctionInput{LogFormat: "JSON"}, panics, []string{start,
			said(`{\"errorMessage\":\"a bug\",\"errorType\":\"string\",STACK}`),
			said(`calling the handler function resulted in a panic, the process should exit`),
			runtimeDone("00.001", `"error","errorType":"Runtime.ExitError"`, short+"0"), report("00.001", took, `"error","errorType":"Runtime.ExitError"`)}},
		{"a process that ends", lambda.CreateFunctionInput{LogFormat: "JSON"}, dies, []string{start,
			runtimeDone("00.001", `"error","errorType":"Runtime.ExitError"`, short+"0"), report("00.001", took, `"error","errorType":"Runtime.ExitError"`)}},
		{"a timeout", lambda.CreateFunctionInput{LogFormat: "JSON"}, hangs, []string{start,
			runtimeDone("03.000", `"timeout"`, `"durationMs":3000,"producedBytes":0`), report("03.000", `"durationMs":3000,"billedDurationMs":3000`, `"timeout"`)}},

		{"less of the system", lambda.CreateFunctionInput{LogFormat: "JSON", SystemLogLevel: "WARN"}, done, []string{line}},
		{"less of a timeout", lambda.CreateFunctionInput{LogFormat: "JSON", SystemLogLevel: "WARN"}, hangs, []string{
			runtimeDone("03.000", `"timeout"`, `"durationMs":3000,"producedBytes":0`), report("03.000", `"durationMs":3000,"billedDurationMs":3000`, `"timeout"`)}},
		{"more of the system", lambda.CreateFunctionInput{LogFormat: "JSON", SystemLogLevel: "DEBUG"}, done, []string{start, line,
			runtimeDone("00.001", `"success"`, short+"4"), report("00.001", took, `"success"`)}},
		{"less of the function", lambda.CreateFunctionInput{LogFormat: "JSON", ApplicationLogLevel: "WARN"}, fails, []string{start, report("00.001", took, `"success"`)}},

		{"as text", lambda.CreateFunctionInput{}, done, []string{
			"START RequestId: ID Version: $LATEST\n", "timestamp=2000-01-01T00:00:00.001Z level=INFO message=done requestId=ID\n",
			"END RequestId: ID\n", "REPORT RequestId: ID\tDuration: 1.50 ms\tBilled Duration: 2 ms\tMemory Size: 128 MB\n"}},
		{"a timeout as text", lambda.CreateFunctionInput{}, hangs, []string{
			"START RequestId: ID Version: $LATEST\n",
			"END RequestId: ID\n", "REPORT RequestId: ID\tDuration: 3000.00 ms\tBilled Duration: 3000 ms\tMemory Size: 128 MB\tStatus: timeout\n"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			route(t, slog.DiscardHandler)
			synctest.Test(t, func(t *testing.T) {
				kept := logs.New(logs.Config{})
				s := newService(t, lambda.Config{Logs: kept})
				test.function.FunctionName, test.function.Timeout = "f", 3
				create(t, s, test.function, func(ctx context.Context) error {
					time.Sleep(1500 * time.Microsecond)
					return test.handler(ctx)
				})
				invoke(t, s, "f", "{}")
				time.Sleep(10 * time.Second) // for what comes too late
				var got []string
				for _, line := range lines(t, kept, "/aws/lambda/f", "") {
					got = append(got, stackTraces.ReplaceAllString(line, "STACK"))
				}
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Errorf("the log (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// route makes the default logger one that keeps what functions log.
func route(t *testing.T, terminal slog.Handler) {
	before := slog.Default()
	t.Cleanup(func() { slog.SetDefault(before) })
	slog.SetDefault(slog.New(lambda.NewLogHandler(terminal)))
}

// Each function's log has what it logs from its level on, and the terminal what
// it lets pass, also from elsewhere.
func TestLogLevels(t *testing.T) {
	var terminal bytes.Buffer
	route(t, slog.NewTextHandler(&terminal, &slog.HandlerOptions{Level: slog.LevelWarn, ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}))
	kept := logs.New(logs.Config{})
	s := newService(t, lambda.Config{Logs: kept})
	for level, want := range map[string]string{
		"": "I W E F", "TRACE": "I W E F", "DEBUG": "D I W E F", "INFO": "I W E F", "WARN": "W E F", "ERROR": "E F", "FATAL": "F",
	} {
		create(t, s, lambda.CreateFunctionInput{FunctionName: "f" + level, LogFormat: "JSON", ApplicationLogLevel: level}, func(ctx context.Context) {
			slog.DebugContext(ctx, "D")
			slog.InfoContext(ctx, "I")
			slog.With("x", 1).WarnContext(ctx, "W")
			slog.ErrorContext(ctx, "E")
			slog.Log(ctx, slog.LevelError+4, "F")
		})
		terminal.Reset()
		invoke(t, s, "f"+level, "{}")
		var got []string
		for _, line := range lines(t, kept, "/aws/lambda/f"+level, "level") {
			_, message, _ := strings.Cut(line, `"message":"`)
			got = append(got, message[:1])
		}
		if got := strings.Join(got, " "); got != want {
			t.Errorf("level %q: kept %s, want %s", level, got, want)
		}
		if got, want := terminal.String(), "level=WARN msg=W x=1\nlevel=ERROR msg=E\nlevel=ERROR+4 msg=F\n"; got != want {
			t.Errorf("level %q: the terminal has %q, want %q", level, got, want)
		}
	}
	terminal.Reset()
	slog.Info("from elsewhere")
	slog.Warn("from elsewhere")
	if got, want := terminal.String(), "level=WARN msg=\"from elsewhere\"\n"; got != want {
		t.Errorf("the terminal has %q, want %q", got, want)
	}
}

func TestLoggingConfigIsChecked(t *testing.T) {
	s := newService(t, lambda.Config{})
	for _, in := range []lambda.CreateFunctionInput{
		{LogFormat: "XML"},
		{ApplicationLogLevel: "INFO"},
		{LogFormat: "Text", SystemLogLevel: "INFO"},
		{LogFormat: "JSON", ApplicationLogLevel: "LOUD"},
		{LogFormat: "JSON", SystemLogLevel: "ERROR"},
	} {
		in.FunctionName = "f"
		if _, err := s.CreateFunction(t.Context(), &in); code(err) != "InvalidParameterValueException" {
			t.Errorf("%+v: error %v", in, err)
		}
	}
}

// An environment has a stream, named after the day that it began on, and by a
// group that it may share also after its function.
func TestLogStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kept := logs.New(logs.Config{})
		s := newService(t, lambda.Config{Logs: kept})
		streams := func(group string) (names []string) {
			t.Helper()
			out, err := kept.DescribeLogStreams(t.Context(), &logs.DescribeLogStreamsInput{LogGroupName: group})
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range out.LogStreams {
				names = append(names, s.LogStreamName)
			}
			return names
		}
		sleep := func(context.Context) { time.Sleep(time.Second) }
		create(t, s, lambda.CreateFunctionInput{FunctionName: "f"}, sleep)
		create(t, s, lambda.CreateFunctionInput{FunctionName: "g", LogGroup: "/shared"}, sleep)
		invoke(t, s, "f", "{}")
		time.Sleep(48 * time.Hour)
		other := make(chan struct{})
		go func() { defer close(other); invoke(t, s, "f", "{}") }()
		invoke(t, s, "f", "{}")
		<-other
		invoke(t, s, "g", "{}")
		for group, want := range map[string][]string{
			"/aws/lambda/f": {`^2000/01/01/\[\$LATEST\][0-9a-f]{32}$`, `^2000/01/03/\[\$LATEST\][0-9a-f]{32}$`},
			"/shared":       {`^2000/01/03/g\[\$LATEST\][0-9a-f]{32}$`},
		} {
			got := streams(group)
			matched := len(got) == len(want)
			for i := range want {
				matched = matched && regexp.MustCompile(want[i]).MatchString(got[i])
			}
			if !matched {
				t.Errorf("streams of %s: %q, want %q", group, got, want)
			}
		}
	})
}

func BenchmarkLog(b *testing.B) {
	h := slog.New(lambda.NewLogHandler(slog.DiscardHandler))
	s := newService(b, lambda.Config{Logs: logs.New(logs.Config{})})
	create(b, s, lambda.CreateFunctionInput{FunctionName: "f", LogFormat: "JSON", Timeout: 900}, func(ctx context.Context) error {
		b.ReportAllocs()
		for b.Loop() {
			h.LogAttrs(ctx, slog.LevelInfo, "event done", slog.String("orderId", "0199ac3e-7c1f-7000-8000-00000000cafe"),
				slog.String("type", "inventory.requested"), slog.Int("receiveCount", 1), slog.Duration("took", time.Millisecond))
		}
		return nil
	})
	if out := invoke(b, s, "f", "{}"); out.FunctionError != "" {
		b.Fatal(string(out.Payload))
	}
}
