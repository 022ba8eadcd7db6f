package cli_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"orderflow/cmd/local/cloud/interpose"
	"orderflow/cmd/local/cloud/lambda"
	"orderflow/cmd/orders/cli"
	"orderflow/cmd/orders/stack/stacktest"
)

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(lambda.NewLogHandler(slog.DiscardHandler))) // the handlers', as in Lambda
	os.Exit(m.Run())
}

// TestScripts runs the commands against a system of their own, on sockets. In a
// script there are, beside testscript's own:
//
//	orders ARGUMENT...          the program, which should succeed, or not after !
//	exits CODE orders ...       the program, which should end with this code
//	let NAME MEMBER             $NAME is a member of the JSON that was printed last
//	shop consume FUNCTION on|off
//	shop despair QUEUE          a message that failed once is a dead letter
//	shop dies QUEUE             waits until the dead-letter queue holds a message
//	shop carrier away|back
//
// A file named parameters holds the template's, as JSON.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireUniqueNames:  true,
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			var parameters map[string]string
			if text, err := os.ReadFile(env.WorkDir + "/parameters"); err == nil {
				if err := json.Unmarshal(text, &parameters); err != nil {
					return err
				}
			}
			t := env.T().(testing.TB) // as testscript.Run promises
			env.Values["t"], env.Values["shop"] = t, stacktest.Serve(t, parameters)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"orders": func(ts *testscript.TestScript, neg bool, args []string) {
				if code := orders(ts, args); (code != 0) != neg {
					ts.Fatalf("exit %d", code)
				}
			},
			"exits": func(ts *testscript.TestScript, _ bool, args []string) {
				want, err := strconv.Atoi(args[0])
				ts.Check(err)
				if code := orders(ts, args[2:]); code != want {
					ts.Fatalf("exit %d, want %d", code, want)
				}
			},
			"let":  let,
			"shop": operate,
		},
	})
}

func orders(ts *testscript.TestScript, args []string) int {
	if !elsewhere(args) {
		args = append([]string{"--endpoint", ts.Value("shop").(*stacktest.Shop).URL}, args...)
	}
	stdin := io.Reader(strings.NewReader(""))
	if text := ts.Getenv("STDIN"); text != "" {
		stdin = strings.NewReader(ts.ReadFile(text))
	}
	return cli.Run(ts.Value("t").(testing.TB).Context(), args, stdin, ts.Stdout(), ts.Stderr(), ts.Getenv)
}

// elsewhere tells whether arguments say themselves where the stack is.
func elsewhere(args []string) bool {
	for _, a := range args {
		switch name, _, _ := strings.Cut(a, "="); name {
		case "--endpoint", "--local", "--stack", "--region", "--profile":
			return true
		}
	}
	return false
}

func let(ts *testscript.TestScript, _ bool, args []string) {
	var printed any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &printed))
	if list, ok := printed.([]any); ok && len(list) > 0 {
		printed = list[0]
	}
	value, ok := printed.(map[string]any)[args[1]].(string)
	if !ok {
		ts.Fatalf("there is no member %s", args[1])
	}
	ts.Setenv(args[0], value)
}

func operate(ts *testscript.TestScript, _ bool, args []string) {
	shop := ts.Value("shop").(*stacktest.Shop)
	t := ts.Value("t").(testing.TB)
	switch args[0] {
	case "consume":
		shop.Consume(t.Context(), t, args[1], args[2] == "on")
	case "despair":
		shop.Despair(t.Context(), t, args[1])
	case "dies":
		shop.AwaitMessage(t.Context(), t, args[1])
	case "carrier":
		shop.Befall(nil)
		if args[1] == "away" {
			shop.Befall(func(_ context.Context, c *interpose.Call, do func()) error {
				if c.To == "carrier" {
					return io.ErrUnexpectedEOF
				}
				do()
				return nil
			})
		}
	default:
		ts.Fatalf("the shop does not know %q", args[0])
	}
}
