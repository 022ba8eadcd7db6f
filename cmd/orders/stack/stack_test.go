package stack_test

import (
	"log/slog"
	"os"
	"testing"

	"orderflow/cmd/local/cloud/lambda"
)

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(lambda.NewLogHandler(slog.DiscardHandler))) // the handlers', as in Lambda
	os.Exit(m.Run())
}
