// Local runs the whole of orderflow in one process: it deploys the template
// to a cloud of its own, and serves the HTTP API, an AWS endpoint and a console.
//
//	go run ./cmd/local [-api ADDR] [-aws ADDR] [-catalogue FILE.csv] [-demo]
//	                   [-auth none|iam|jwt] [-chaos FAULT=RATE,…] [-seed N]
//
// It serves until it is interrupted. Run it with -help for examples.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net"
	"net/http"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"orderflow/cmd/local/chaos"
	"orderflow/cmd/local/cloud/lambda"
	"orderflow/template"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	relaxGC()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr, network{net.Listen, new(net.Dialer).DialContext}))
}

// relaxGC lets garbage grow to four times what is kept, for an order leaves 50
// times what it keeps, but not past 8 GiB in all. GOGC and GOMEMLIMIT win.
func relaxGC() {
	const (
		normal, relaxed = 100, 400
		ceiling         = 8 << 30 // bytes: at 100,000 stored orders garbage still has room
	)
	if given := debug.SetGCPercent(relaxed); given != normal {
		debug.SetGCPercent(given)
	}
	if debug.SetMemoryLimit(-1) == math.MaxInt64 {
		debug.SetMemoryLimit(ceiling)
	}
}

// Exit codes.
const (
	exitOK     = 0
	exitFailed = 1 // it started, or should have, and something broke
	exitUsage  = 2 // it was asked for what it cannot do; nothing was started
)

// A network is where sockets are: the machine's, or one within a test.
type network struct {
	listen func(network, address string) (net.Listener, error)
	dial   func(ctx context.Context, network, address string) (net.Conn, error)
}

// run is the program: it returns its exit code once ctx ends.
func run(ctx context.Context, args []string, stdout, stderr io.Writer, sockets network) int {
	options, err := parse(args)
	if errors.Is(err, flag.ErrHelp) {
		io.WriteString(stdout, usage())
		return exitOK
	}
	if err != nil {
		return complain(stderr, exitUsage, err)
	}
	products, err := loadCatalogue(options.catalogue)
	if err != nil {
		return complain(stderr, exitUsage, fmt.Errorf("-catalogue: %w", err))
	}
	aws, err := open(sockets, "-aws", options.aws)
	if err != nil {
		return complain(stderr, exitUsage, err)
	}
	defer aws.Close()
	api, err := open(sockets, "-api", options.api)
	if err != nil {
		return complain(stderr, exitUsage, err)
	}
	defer api.Close()

	log := slog.New(terminal(stderr))
	slog.SetDefault(slog.New(lambda.NewLogHandler(log.Handler()))) // the handlers', as in Lambda
	s, err := newSystem(ctx, systemConfig{
		api: reachable(api.Addr()), aws: reachable(aws.Addr()), host: host(options.aws), products: products, log: log,
		auth: options.auth, chaos: options.chaos, seed: options.seed,
	})
	if err != nil {
		return complain(stderr, exitFailed, err)
	}
	if err := s.openConsole(ctx); err != nil {
		s.Close(ctx)
		return complain(stderr, exitFailed, err)
	}
	err = s.serve(ctx, api, aws, func(ctx context.Context) {
		s.greet(stdout)
		if options.demo {
			demonstrate(ctx, s, sockets, stdout)
		}
	})
	if err != nil {
		return complain(stderr, exitFailed, err)
	}
	return exitOK
}

type options struct {
	api, aws  string
	catalogue string
	demo      bool
	auth      template.AuthMode
	chaos     chaos.Rates
	seed      uint64
}

// terminal tells people what is wrong, without what is for CloudWatch alone.
func terminal(stderr io.Writer) slog.Handler {
	return slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: slog.LevelWarn, ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) > 0 && groups[0] == "_aws" {
			return slog.Attr{}
		}
		return a
	}})
}

func usage() string {
	return `Local runs orderflow in one process, with the AWS it needs, and serves until
it is interrupted.

    go run ./cmd/local [-api ADDR] [-aws ADDR] [-catalogue FILE.csv] [-demo]
                       [-auth none|iam|jwt] [-chaos FAULT=RATE,…] [-seed N]

  -api ADDR        where the HTTP API listens (default 127.0.0.1:8080)
  -aws ADDR        where the AWS endpoint listens, with the console at
                   /console/ (default 127.0.0.1:4566)
  -catalogue FILE  what is sold, a CSV with the header
                   sku,name,unitPrice,currency,weightGrams,stocked
                   and prices in minor units (default: a small sample)
  -demo            place a confirmed, an out-of-stock, a refused and an invalid
                   order and tell each one's journey, then go on serving
  -auth WHO        who may call the API, as it is enforced on AWS: none is
                   anybody (the default), iam whoever signs as local:local,
                   jwt a customer, whose token the greeting has; the AWS
                   endpoint is open in any case
  -chaos RATES     let faults happen, each as often as its rate says, from 0 to
                   1: crash=0.02,duplicate=0.05; the console changes them
  -seed N          what the faults are drawn from (default 1)

The faults that there are:

` + faults() + `
A message that a function did not finish is received again after ` + chaoticVisibility.String() + `
then, not after the template's six minutes.

Examples:

    go run ./cmd/local -demo
    go run ./cmd/local -api 127.0.0.1:0 -aws 127.0.0.1:0    # any free ports
    go run ./cmd/local -catalogue shop.csv
    go run ./cmd/local -auth jwt
    go run ./cmd/local -demo -chaos crash=0.05,lost=0.05,duplicate=0.2 -seed 7

Nobody is asked for credentials but by -auth: an address other than a loopback one opens it
to the network. An order to country AQ (Antarctica) is refused by the carrier.
`
}

// faults lists what -chaos may name.
func faults() string {
	var b strings.Builder
	for _, f := range chaos.Faults() {
		if f == chaos.Jump {
			continue
		}
		fmt.Fprintf(&b, "  %-15s  %s\n", f, chaos.Meanings[f])
	}
	return b.String()
}

func parse(args []string) (options, error) {
	var o options
	flags := flag.NewFlagSet("local", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // errors are told by complain
	flags.StringVar(&o.api, "api", "127.0.0.1:8080", "")
	flags.StringVar(&o.aws, "aws", "127.0.0.1:4566", "")
	flags.StringVar(&o.catalogue, "catalogue", "", "")
	flags.BoolVar(&o.demo, "demo", false, "")
	flags.Uint64Var(&o.seed, "seed", 1, "")
	flags.Func("auth", "", func(s string) (err error) {
		o.auth, err = parseAuth(s)
		return err
	})
	flags.Func("chaos", "", func(s string) (err error) {
		if o.chaos, err = chaos.Parse(s); err == nil && o.chaos[chaos.Jump] > 0 {
			err = errors.New("jump is for simulations, which have a clock of their own")
		}
		return err
	})
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return o, err
		}
		return o, fmt.Errorf("%w\nlocal -help lists what there is", err)
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q\nlocal -help lists what there is", flags.Arg(0))
	}
	return o, nil
}

// open listens at the address that a flag gives.
func open(sockets network, name, address string) (net.Listener, error) {
	l, err := sockets.listen("tcp", address)
	if err == nil {
		return l, nil
	}
	if e, ok := errors.AsType[*net.OpError](err); ok {
		err = e.Err // without the address, which is named anyway
	}
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("%s %s: the address is in use\nanother program, or another local, has it: choose a free port with %[1]s 127.0.0.1:0", name, address)
	}
	return nil, fmt.Errorf("%s %q: %w", name, address, err)
}

// reachable is where clients on this machine find a listener.
func reachable(a net.Addr) string {
	if tcp, ok := a.(*net.TCPAddr); ok && tcp.IP.IsUnspecified() {
		return fmt.Sprintf("127.0.0.1:%d", tcp.Port)
	}
	return a.String()
}

// host is that of an address that could be listened at.
func host(address string) string {
	host, _, _ := net.SplitHostPort(address)
	return host
}

// complain tells an error, its first line being the fact and the rest advice.
func complain(stderr io.Writer, code int, err error) int {
	fact, advice, _ := strings.Cut(err.Error(), "\n")
	fmt.Fprintf(stderr, "local: %s\n", fact)
	if advice != "" {
		fmt.Fprintln(stderr, advice)
	}
	return code
}

// drainTime is how long requests and invocations may take to finish. Ours take
// milliseconds; a request that was never sent in full takes all of it.
const drainTime = 3 * time.Second

// serve answers on both sockets until ctx ends or one of them breaks, and
// closes the system. Once orders are accepted it calls ready.
func (s *system) serve(ctx context.Context, api, aws net.Listener, ready func(context.Context)) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	requests, hangUp := context.WithCancel(context.WithoutCancel(ctx))
	defer hangUp()

	done := make(chan struct{}, 4)
	servers := []*http.Server{s.server(requests, s.API()), s.server(requests, s.AWS())}
	servers[0].ReadTimeout = time.Minute // an HTTP API answers within 30 s
	servers[0].WriteTimeout = 2 * time.Minute
	for i, l := range []net.Listener{api, aws} {
		go func() {
			defer func() { done <- struct{}{} }()
			if err := servers[i].Serve(l); !errors.Is(err, http.ErrServerClosed) {
				stop(err)
			}
		}()
	}
	s.cloud.SetReady(true)
	go func() {
		defer func() { done <- struct{}{} }()
		ready(ctx)
	}()
	go func() {
		defer func() { done <- struct{}{} }()
		if err := s.weather.StopConsumers(ctx, s.cloud.Lambda); err != nil {
			stop(err)
		}
	}()
	<-ctx.Done()

	deadline, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
	defer cancel()
	s.cloud.SetReady(false)
	shutdown(deadline, servers[0])
	hangUp() // long polls would not end by themselves
	s.Close(deadline)
	shutdown(deadline, servers[1])
	for range cap(done) {
		<-done
	}
	if err := context.Cause(ctx); !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

func shutdown(ctx context.Context, server *http.Server) {
	if server.Shutdown(ctx) != nil {
		server.Close()
	}
}

// server sets no limit on how long an answer takes: a long poll lasts 20 s, a
// Lambda invocation 15 minutes, and a ReadTimeout would cut both short.
func (s *system) server(requests context.Context, handler http.Handler) *http.Server {
	return &http.Server{
		Handler:           handler,
		BaseContext:       func(net.Listener) context.Context { return requests },
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelWarn),
	}
}
