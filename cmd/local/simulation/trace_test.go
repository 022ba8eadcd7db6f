package simulation

import (
	"strings"
	"testing"
)

// TestTrace: IDs and tokens are told as the orders that they belong to.
func TestTrace(t *testing.T) {
	trace := newTrace()
	trace.know("id-a", "order 1")
	trace.know("id-b", "order 2")
	trace.know("id-c", "order 2") // placed without a key, twice
	trace.know("id-a", "order 3") // known already

	trace.add("asks", []byte(`{"orderId":"id-a","taskToken":"tok-a"}`))
	reached := trace.reaches("order 1", "answers", 2)
	trace.add("answers", []byte(`{"taskToken":"tok-a"}`))
	trace.add("both", []byte("id-b"), []byte("id-c id-b"))
	trace.add("nobody", []byte("id-z"))
	select {
	case <-reached:
		t.Error("one line about order 1 answers, not two")
	default:
	}
	trace.add("answers again", []byte("id-a"))
	<-reached

	squeeze := func(s string) string { return strings.Join(strings.Fields(s), " ") }
	const zero = "0.000000 "
	about := func(lines ...string) string { return zero + strings.Join(lines, " "+zero) }
	if got, want := squeeze(stamped(trace.String())), about("asks order 1", "answers order 1", "both order 2, order 2 (2)", "nobody", "answers again order 1"); got != want {
		t.Errorf("the trace is\n%s\nwant\n%s", got, want)
	}
	if got, want := squeeze(stamped(trace.About("order 2 (2)"))), about("both order 2, order 2 (2)"); got != want {
		t.Errorf("about one order it is\n%s\nwant\n%s", got, want)
	}
}

// stamped is a trace all of whose lines happened at once.
func stamped(s string) string {
	var b strings.Builder
	for line := range strings.Lines(s) {
		_, what, _ := strings.Cut(strings.TrimLeft(line, " "), " ")
		b.WriteString("0.000000 " + what)
	}
	return b.String()
}
