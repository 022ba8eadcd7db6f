// Orders operates a deployed orderflow from a terminal: at home, or on AWS.
//
//	go run ./cmd/orders place --item MUG-BLUE=2
//	go run ./cmd/orders list
//	go run ./cmd/orders --stack orderflow --region eu-west-1 list --status FAILED
//
// Run it with --help for all it can do.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"orderflow/cmd/orders/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	os.Exit(cli.Run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Getenv))
}
