package states

import (
	"fmt"
	"testing"

	"orderflow/statemachine/asl"
)

// TestHistoryPages: a long history is the same, however it is paged through.
func TestHistoryPages(t *testing.T) {
	const events = 2_345
	c := newCloud(t, nil, nil)
	arn := c.start(c.create("M", `"First": {"Type": "Succeed"}`), "long", "{}")
	c.wait(arn)
	c.record(arn, events)
	for _, size := range []int{7, 100, 1000} {
		for _, reverse := range []bool{false, true} {
			got := c.pages(t, arn, size, reverse)
			if len(got) != events {
				t.Fatalf("pages of %d hold %d events, want %d", size, len(got), events)
			}
			for i, e := range got {
				want := int64(i + 1)
				if reverse {
					want = int64(events - i)
				}
				if e.ID != want {
					t.Fatalf("pages of %d, reverse %t: event %d comes where event %d should", size, reverse, e.ID, want)
				}
			}
		}
	}
}

// BenchmarkHistoryPages pages through a whole history, from either end.
func BenchmarkHistoryPages(b *testing.B) {
	c := newCloud(b, nil, nil)
	machine := c.create("M", `"First": {"Type": "Succeed"}`)
	for _, events := range []int{2_000, 25_000} {
		arn := c.start(machine, fmt.Sprint(events), "{}")
		c.wait(arn)
		c.record(arn, events)
		for _, size := range []int{100, 1000} {
			for _, reverse := range []bool{false, true} {
				b.Run(fmt.Sprintf("events=%d/page=%d/reverse=%t", events, size, reverse), func(b *testing.B) {
					for b.Loop() {
						if n := len(c.pages(b, arn, size, reverse)); n != events {
							b.Fatalf("%d events", n)
						}
					}
					b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*events), "ns/event")
				})
			}
		}
	}
}

// record replaces what is kept of a closed execution by so many events, as
// orders have them.
func (c *cloud) record(arn string, events int) {
	x, _ := c.closed.Get(arn)
	history, j := x.machine.history, journal{}
	for n := 0; j.count < int64(events); n++ {
		for _, e := range orderHistory(n) {
			if j.count < int64(events) {
				e.ID = j.count + 1
				j.append(history, e)
			}
		}
	}
	j.pack(history)
	x.journal = j.blocks
	c.closed.Put(arn, x)
}

// pages are the events of a history, page by page.
func (c *cloud) pages(t testing.TB, arn string, size int, reverse bool) (events []asl.HistoryEvent) {
	t.Helper()
	in := &GetExecutionHistoryInput{ExecutionArn: &arn, MaxResults: size, ReverseOrder: reverse}
	for {
		out, err := c.Service.GetExecutionHistory(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range out.Events {
			events = append(events, e.HistoryEvent)
		}
		if out.NextToken == nil {
			return events
		}
		in.NextToken = out.NextToken
	}
}
