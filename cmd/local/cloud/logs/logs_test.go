package logs_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"orderflow/cmd/local/cloud/logs"
)

// inProcess answers a client's requests by a handler, without a socket.
type inProcess struct{ http.Handler }

func (h inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	if r.Body == nil {
		r.Body = http.NoBody
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result(), nil
}

// A desk is a client of a service of its own.
type desk struct {
	*sdk.Client
	t       *testing.T
	service *logs.Service
}

func newDesk(t *testing.T, config logs.Config) *desk {
	t.Helper()
	config.Region, config.Account = "us-east-1", "000000000000"
	s := logs.New(config)
	return &desk{t: t, service: s, Client: sdk.New(sdk.Options{
		Region:           "us-east-1",
		BaseEndpoint:     aws.String("http://localhost"),
		Credentials:      credentials.NewStaticCredentialsProvider("test", "test", ""),
		HTTPClient:       &http.Client{Transport: inProcess{s.Handler()}},
		RetryMaxAttempts: 1,
	})}
}

const group = "/aws/lambda/shop/inventory"

// stream makes the group, if need be, and a stream with events, "ms message" each.
func (d *desk) stream(name string, events ...string) {
	d.t.Helper()
	_, err := d.CreateLogGroup(d.t.Context(), &sdk.CreateLogGroupInput{LogGroupName: aws.String(group)})
	if code(err) != "" && code(err) != "ResourceAlreadyExistsException" {
		d.t.Fatal(err)
	}
	if _, err := d.CreateLogStream(d.t.Context(), &sdk.CreateLogStreamInput{LogGroupName: aws.String(group), LogStreamName: &name}); err != nil {
		d.t.Fatal(err)
	}
	d.put(name, events...)
}

func (d *desk) put(stream string, events ...string) {
	d.t.Helper()
	for _, e := range events {
		ms, message, _ := strings.Cut(e, " ")
		at, err := time.ParseDuration(ms + "ms")
		if err != nil {
			d.t.Fatal(err)
		}
		out, err := d.PutLogEvents(d.t.Context(), batch(stream, types.InputLogEvent{Message: &message, Timestamp: aws.Int64(start.Add(at).UnixMilli())}))
		if err != nil || out.RejectedLogEventsInfo != nil {
			d.t.Fatalf("event %q: %+v, %v", e, out, err)
		}
	}
}

// start is when time begins in a synctest bubble.
var start = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

func batch(stream string, events ...types.InputLogEvent) *sdk.PutLogEventsInput {
	return &sdk.PutLogEventsInput{LogGroupName: aws.String(group), LogStreamName: &stream, LogEvents: events}
}

// filter are the events that are found, "stream ms message" each, page by page.
func (d *desk) filter(in *sdk.FilterLogEventsInput) (pages []string) {
	d.t.Helper()
	in.LogGroupName = aws.String(group)
	for p := sdk.NewFilterLogEventsPaginator(d, in); p.HasMorePages(); {
		page, err := p.NextPage(d.t.Context())
		if err != nil {
			d.t.Fatal(err)
		}
		var events []string
		for _, e := range page.Events {
			events = append(events, fmt.Sprintf("%s %d %s", *e.LogStreamName, *e.Timestamp-start.UnixMilli(), *e.Message))
			if len(*e.EventId) != 56 || *e.IngestionTime == 0 {
				d.t.Errorf("event %+v", e)
			}
		}
		pages = append(pages, strings.Join(events, ", "))
	}
	return pages
}

// code is an error's, "" when there is none.
func code(err error) string {
	if e, ok := errors.AsType[smithy.APIError](err); ok {
		return e.ErrorCode()
	}
	return ""
}

// inBubble runs a test in time that begins at start.
func inBubble(t *testing.T, config logs.Config, test func(t *testing.T, d *desk)) {
	synctest.Test(t, func(t *testing.T) { test(t, newDesk(t, config)) })
}

func TestFilterLogEvents(t *testing.T) {
	at := func(ms int64) *int64 { return aws.Int64(start.UnixMilli() + ms) }
	for _, test := range []struct {
		name string
		in   sdk.FilterLogEventsInput
		want []string
	}{
		{"all streams in one order", sdk.FilterLogEventsInput{}, []string{"a 1 one, b 2 two, a 3 three, b 3 also three, a 4 four"}},
		{"from and to, both included", sdk.FilterLogEventsInput{StartTime: at(2), EndTime: at(3)}, []string{"b 2 two, a 3 three, b 3 also three"}},
		{"one stream", sdk.FilterLogEventsInput{LogStreamNames: []string{"b"}}, []string{"b 2 two, b 3 also three"}},
		{"streams by prefix", sdk.FilterLogEventsInput{LogStreamNamePrefix: aws.String("a")}, []string{"a 1 one, a 3 three, a 4 four"}},
		{"by pattern", sdk.FilterLogEventsInput{FilterPattern: aws.String(`three -also`)}, []string{"a 3 three"}},
		{"none", sdk.FilterLogEventsInput{FilterPattern: aws.String(`five`)}, []string{""}},
		{"page by page", sdk.FilterLogEventsInput{Limit: aws.Int32(2)}, []string{"a 1 one, b 2 two", "a 3 three, b 3 also three", "a 4 four"}},
		{"newest first", sdk.FilterLogEventsInput{Limit: aws.Int32(3), StartFromHead: aws.Bool(false)}, []string{"a 4 four, b 3 also three, a 3 three", "b 2 two, a 1 one"}},
		{"pages by pattern", sdk.FilterLogEventsInput{FilterPattern: aws.String("?o ?e"), Limit: aws.Int32(4)}, []string{"a 1 one, b 2 two, a 3 three, b 3 also three", "a 4 four"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			inBubble(t, logs.Config{}, func(t *testing.T, d *desk) {
				d.stream("a", "1 one", "3 three", "4 four")
				d.stream("b", "2 two", "3 also three")
				if diff := cmp.Diff(test.want, d.filter(&test.in)); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			})
		})
	}
}

// A page holds no more than a megabyte, but an event at least.
func TestPagesAreBounded(t *testing.T) {
	inBubble(t, logs.Config{}, func(t *testing.T, d *desk) {
		d.stream("a")
		for range 3 {
			d.put("a", "1 "+strings.Repeat("x", 600<<10))
		}
		d.put("a", "1 "+strings.Repeat("x", 1<<20-26))
		if pages := d.filter(&sdk.FilterLogEventsInput{}); len(pages) != 4 {
			t.Errorf("%d pages, want 4", len(pages))
		}
	})
}

func TestRefusals(t *testing.T) {
	d := newDesk(t, logs.Config{})
	d.stream("a")
	filter := func(in sdk.FilterLogEventsInput) error {
		if in.LogGroupName == nil && in.LogGroupIdentifier == nil {
			in.LogGroupName = aws.String(group)
		}
		_, err := d.Client.FilterLogEvents(t.Context(), &in)
		return err
	}
	now := time.Now()
	event := func(message string, ago time.Duration) types.InputLogEvent {
		return types.InputLogEvent{Message: &message, Timestamp: aws.Int64(now.Add(-ago).UnixMilli())}
	}
	put := func(in *sdk.PutLogEventsInput) error {
		_, err := d.Client.PutLogEvents(t.Context(), in)
		return err
	}
	create := func(in sdk.CreateLogGroupInput) error {
		_, err := d.Client.CreateLogGroup(t.Context(), &in)
		return err
	}
	const parameter, absent = "InvalidParameterException", "ResourceNotFoundException"
	for _, test := range []struct {
		name string
		err  error
		code string
		says string
	}{
		{"no such group", filter(sdk.FilterLogEventsInput{LogGroupName: aws.String("none")}), absent, "The specified log group does not exist."},
		{"no such stream", filter(sdk.FilterLogEventsInput{LogStreamNames: []string{"none"}}), absent, "The specified log stream does not exist."},
		{"two names of a group", filter(sdk.FilterLogEventsInput{LogGroupName: aws.String(group), LogGroupIdentifier: aws.String(group)}), parameter, "mutually exclusive"},
		{"no group", filter(sdk.FilterLogEventsInput{LogGroupName: aws.String("")}), parameter, "logGroupName"},
		{"streams twice", filter(sdk.FilterLogEventsInput{LogStreamNames: []string{"a"}, LogStreamNamePrefix: aws.String("a")}), parameter, "mutually exclusive"},
		{"limit 0", filter(sdk.FilterLogEventsInput{Limit: aws.Int32(0)}), parameter, "greater than or equal to 1"},
		{"limit too large", filter(sdk.FilterLogEventsInput{Limit: aws.Int32(10_001)}), parameter, "less than or equal to 10000"},
		{"end before start", filter(sdk.FilterLogEventsInput{StartTime: aws.Int64(2), EndTime: aws.Int64(1)}), parameter, "End time"},
		{"before 1970", filter(sdk.FilterLogEventsInput{StartTime: aws.Int64(-1)}), parameter, "startTime"},
		{"a token of ours it is not", filter(sdk.FilterLogEventsInput{NextToken: aws.String("f/1")}), parameter, "nextToken"},
		{"an invalid pattern", filter(sdk.FilterLogEventsInput{FilterPattern: aws.String("a:b")}), parameter, "Invalid character(s) in term ':'"},
		{"an unknown pattern", filter(sdk.FilterLogEventsInput{FilterPattern: aws.String("%a%")}), parameter, "regular expressions in filter patterns are not supported"},
		{"a long pattern", filter(sdk.FilterLogEventsInput{FilterPattern: aws.String(strings.Repeat("a", 1025))}), parameter, "1024"},
		{"backwards from long ago", filter(sdk.FilterLogEventsInput{StartTime: aws.Int64(1), StartFromHead: aws.Bool(false)}), parameter, "2024"},
		{"what is not honoured", filter(sdk.FilterLogEventsInput{Unmask: true}), "ValidationException", `"unmask" is not supported`},

		{"no events", put(batch("a", []types.InputLogEvent{}...)), parameter, "logEvents"},
		{"an empty message", put(batch("a", event("", 0))), parameter, "logEvents.1.member.message"},
		{"not by time", put(batch("a", event("x", 0), event("y", time.Minute))), parameter, "chronological"},
		{"over more than a day", put(batch("a", event("x", 25*time.Hour), event("y", 0))), parameter, "24 hours"},
		{"too large an event", put(batch("a", event(strings.Repeat("x", 1<<20), 0))), parameter, "Log event too large: 1048602 bytes exceeds limit of 1048576"},
		{"too large a batch", put(batch("a", event(strings.Repeat("x", 1<<19), 0), event(strings.Repeat("x", 1<<19), 0))), parameter, "Upload too large: 1048628 bytes exceeds limit of 1048576"},
		{"too many events", put(batch("a", slices.Repeat([]types.InputLogEvent{event("x", 0)}, 10_001)...)), parameter, "length less than or equal to 10000"},
		{"to no stream", put(batch("none", event("x", 0))), absent, "stream"},

		{"a group twice", create(sdk.CreateLogGroupInput{LogGroupName: aws.String(group)}), "ResourceAlreadyExistsException", "The specified log group already exists"},
		{"a name with a space", create(sdk.CreateLogGroupInput{LogGroupName: aws.String("a b")}), parameter, "logGroupName"},
		{"a name that is AWS's", create(sdk.CreateLogGroupInput{LogGroupName: aws.String("aws/x")}), parameter, "aws/"},
		{"a class", create(sdk.CreateLogGroupInput{LogGroupName: aws.String("x"), LogGroupClass: types.LogGroupClassInfrequentAccess}), parameter, "INFREQUENT_ACCESS"},
		{"a key", create(sdk.CreateLogGroupInput{LogGroupName: aws.String("x"), KmsKeyId: aws.String("k")}), "ValidationException", "kmsKeyId"},
	} {
		if code(test.err) != test.code || !strings.Contains(test.err.Error(), test.says) {
			t.Errorf("%s: error %v, want %s with %q", test.name, test.err, test.code, test.says)
		}
	}
}

// What is too old or too new is rejected, and the rest of its batch is taken.
func TestRejected(t *testing.T) {
	inBubble(t, logs.Config{}, func(t *testing.T, d *desk) {
		d.stream("a")
		put := func(hours ...int) *types.RejectedLogEventsInfo {
			t.Helper()
			in := batch("a")
			for _, h := range hours {
				in.LogEvents = append(in.LogEvents, types.InputLogEvent{Message: aws.String(fmt.Sprint(h)), Timestamp: aws.Int64(start.Add(time.Duration(h) * time.Hour).UnixMilli())})
			}
			out, err := d.PutLogEvents(t.Context(), in)
			if err != nil {
				t.Fatal(err)
			}
			return out.RejectedLogEventsInfo
		}
		want := &types.RejectedLogEventsInfo{TooOldLogEventEndIndex: aws.Int32(2), TooNewLogEventStartIndex: aws.Int32(4)}
		ignore := cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".noSmithyDocumentSerde" }, cmp.Ignore())
		if diff := cmp.Diff(want, put(-400, -337, -1, 2, 3), ignore); diff != "" {
			t.Errorf("rejected (-want +got):\n%s", diff)
		}
		if _, err := d.PutRetentionPolicy(t.Context(), &sdk.PutRetentionPolicyInput{LogGroupName: aws.String(group), RetentionInDays: aws.Int32(1)}); err != nil {
			t.Fatal(err)
		}
		want = &types.RejectedLogEventsInfo{ExpiredLogEventEndIndex: aws.Int32(1)}
		if diff := cmp.Diff(want, put(-25, -3), ignore); diff != "" {
			t.Errorf("rejected (-want +got):\n%s", diff)
		}
		if pages := d.filter(&sdk.FilterLogEventsInput{}); pages[0] != "a -10800000 -3, a -3600000 -1, a 7200000 2" {
			t.Errorf("kept %v", pages)
		}
	})
}

// Nothing is kept beyond a group's retention, not for a moment.
func TestRetention(t *testing.T) {
	inBubble(t, logs.Config{}, func(t *testing.T, d *desk) {
		d.stream("a", "0 first")
		d.service.Open(group, "environment").Write(time.Now().Add(time.Hour), "second")
		if _, err := d.PutRetentionPolicy(t.Context(), &sdk.PutRetentionPolicyInput{LogGroupName: aws.String(group), RetentionInDays: aws.Int32(3)}); err != nil {
			t.Fatal(err)
		}
		for _, step := range []struct {
			after time.Duration
			found string
			bytes int64
			// A stream that an environment wrote goes with its last event.
			streams int
		}{
			{72 * time.Hour, "a 0 first, environment 3600000 second", 63, 2},
			{time.Millisecond, "environment 3600000 second", 32, 2},
			{time.Hour, "", 0, 1},
		} {
			time.Sleep(step.after)
			if pages := d.filter(&sdk.FilterLogEventsInput{}); pages[0] != step.found {
				t.Errorf("after %v more: found %v, want %q", step.after, pages, step.found)
			}
			described, err := d.DescribeLogGroups(t.Context(), &sdk.DescribeLogGroupsInput{})
			if err != nil || *described.LogGroups[0].StoredBytes != step.bytes || *described.LogGroups[0].RetentionInDays != 3 {
				t.Errorf("after %v more: groups %+v, %v, want %d bytes", step.after, described.LogGroups, err, step.bytes)
			}
			streams, err := d.DescribeLogStreams(t.Context(), &sdk.DescribeLogStreamsInput{LogGroupName: aws.String(group)})
			if err != nil || len(streams.LogStreams) != step.streams {
				t.Errorf("after %v more: streams %+v, %v, want %d", step.after, streams.LogStreams, err, step.streams)
			}
		}
		d.service.Open(group, "environment").Write(time.Now(), "again")
		if pages := d.filter(&sdk.FilterLogEventsInput{FilterPattern: aws.String("again")}); pages[0] == "" {
			t.Error("a stream that went is not written any more")
		}
	})
}

// Beyond a group's bytes what was ingested first is dropped.
func TestBounded(t *testing.T) {
	inBubble(t, logs.Config{MaxGroupBytes: 3 * (26 + 1)}, func(t *testing.T, d *desk) {
		d.stream("a", "1 a", "9 b", "3 c", "4 d")
		d.stream("b", "5 e")
		if pages := d.filter(&sdk.FilterLogEventsInput{}); pages[0] != "a 3 c, a 4 d, b 5 e" {
			t.Errorf("found %v", pages)
		}
	})
}

func TestGetLogEvents(t *testing.T) {
	inBubble(t, logs.Config{}, func(t *testing.T, d *desk) {
		d.stream("a", "1 one", "2 two", "3 three", "4 four", "5 five")
		d.stream("b", "1 other")
		get := func(in sdk.GetLogEventsInput) (events, before, after string) {
			t.Helper()
			in.LogGroupIdentifier, in.LogStreamName = aws.String("arn:aws:logs:us-east-1:000000000000:log-group:"+group), aws.String("a")
			out, err := d.Client.GetLogEvents(t.Context(), &in)
			if err != nil {
				t.Fatal(err)
			}
			var messages []string
			for _, e := range out.Events {
				messages = append(messages, *e.Message)
			}
			return strings.Join(messages, " "), *out.NextBackwardToken, *out.NextForwardToken
		}
		wants := func(what, got, want string) {
			t.Helper()
			if got != want {
				t.Errorf("%s: %q, want %q", what, got, want)
			}
		}
		all, _, _ := get(sdk.GetLogEventsInput{})
		wants("all", all, "one two three four five")
		ranged, _, _ := get(sdk.GetLogEventsInput{StartTime: aws.Int64(start.UnixMilli() + 2), EndTime: aws.Int64(start.UnixMilli() + 4)})
		wants("from 2 to before 4", ranged, "two three")

		newest, before, after := get(sdk.GetLogEventsInput{Limit: aws.Int32(2)})
		wants("newest", newest, "four five")
		none, _, end := get(sdk.GetLogEventsInput{NextToken: &after, StartFromHead: aws.Bool(true)})
		wants("beyond", none, "")
		wants("the token at the end", end, after)
		d.put("a", "6 six")
		more, back, _ := get(sdk.GetLogEventsInput{NextToken: &after, StartFromHead: aws.Bool(true)})
		wants("what has come", more, "six")
		again, _, _ := get(sdk.GetLogEventsInput{NextToken: &back, Limit: aws.Int32(2)})
		wants("back from there", again, "four five")

		middle, before, _ := get(sdk.GetLogEventsInput{NextToken: &before, Limit: aws.Int32(2)})
		wants("before", middle, "two three")
		oldest, before, _ := get(sdk.GetLogEventsInput{NextToken: &before, Limit: aws.Int32(2)})
		wants("before that", oldest, "one")
		none, start, forth := get(sdk.GetLogEventsInput{NextToken: &before})
		wants("before all", none, "")
		wants("the token at the beginning", start, before)
		first, _, _ := get(sdk.GetLogEventsInput{NextToken: &forth, Limit: aws.Int32(2), StartFromHead: aws.Bool(true)})
		wants("forth from there", first, "one two")
	})
}

func TestDescribe(t *testing.T) {
	inBubble(t, logs.Config{}, func(t *testing.T, d *desk) {
		d.stream("c", "3 x")
		d.stream("a", "1 x", "2 y")
		d.stream("b")
		for _, name := range []string{"/aws/lambda/shop/api", "other"} {
			if _, err := d.CreateLogGroup(t.Context(), &sdk.CreateLogGroupInput{LogGroupName: &name}); err != nil {
				t.Fatal(err)
			}
		}
		groups := func(in sdk.DescribeLogGroupsInput) (pages []string) {
			for p := sdk.NewDescribeLogGroupsPaginator(d, &in); p.HasMorePages(); {
				page, err := p.NextPage(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				var names []string
				for _, g := range page.LogGroups {
					names = append(names, *g.LogGroupName)
					if *g.Arn != "arn:aws:logs:us-east-1:000000000000:log-group:"+*g.LogGroupName+":*" || *g.CreationTime != start.UnixMilli() {
						t.Errorf("group %+v", g)
					}
				}
				pages = append(pages, strings.Join(names, " "))
			}
			return pages
		}
		for _, test := range []struct {
			in   sdk.DescribeLogGroupsInput
			want []string
		}{
			{sdk.DescribeLogGroupsInput{}, []string{"/aws/lambda/shop/api /aws/lambda/shop/inventory other"}},
			{sdk.DescribeLogGroupsInput{LogGroupNamePrefix: aws.String("/aws/lambda/")}, []string{"/aws/lambda/shop/api /aws/lambda/shop/inventory"}},
			{sdk.DescribeLogGroupsInput{LogGroupNamePattern: aws.String("e")}, []string{"/aws/lambda/shop/inventory other"}},
			{sdk.DescribeLogGroupsInput{Limit: aws.Int32(2)}, []string{"/aws/lambda/shop/api /aws/lambda/shop/inventory", "other"}},
		} {
			if diff := cmp.Diff(test.want, groups(test.in)); diff != "" {
				t.Errorf("groups (-want +got):\n%s", diff)
			}
		}
		streams := func(in sdk.DescribeLogStreamsInput) (pages []string) {
			in.LogGroupName = aws.String(group)
			for p := sdk.NewDescribeLogStreamsPaginator(d, &in); p.HasMorePages(); {
				page, err := p.NextPage(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				var names []string
				for _, s := range page.LogStreams {
					names = append(names, fmt.Sprintf("%s %d-%d", *s.LogStreamName, aws.ToInt64(s.FirstEventTimestamp)%1000, aws.ToInt64(s.LastEventTimestamp)%1000))
				}
				pages = append(pages, strings.Join(names, ", "))
			}
			return pages
		}
		for _, test := range []struct {
			in   sdk.DescribeLogStreamsInput
			want []string
		}{
			{sdk.DescribeLogStreamsInput{}, []string{"a 1-2, b 0-0, c 3-3"}},
			{sdk.DescribeLogStreamsInput{Limit: aws.Int32(2)}, []string{"a 1-2, b 0-0", "c 3-3"}},
			{sdk.DescribeLogStreamsInput{Limit: aws.Int32(2), Descending: aws.Bool(true)}, []string{"c 3-3, b 0-0", "a 1-2"}},
			{sdk.DescribeLogStreamsInput{LogStreamNamePrefix: aws.String("b")}, []string{"b 0-0"}},
			{sdk.DescribeLogStreamsInput{OrderBy: types.OrderByLastEventTime, Descending: aws.Bool(true), Limit: aws.Int32(1)}, []string{"c 3-3", "a 1-2", "b 0-0"}},
		} {
			if diff := cmp.Diff(test.want, streams(test.in)); diff != "" {
				t.Errorf("streams (-want +got):\n%s", diff)
			}
		}
	})
}

// Many write while many read, and each reader finds a whole.
func TestConcurrentUse(t *testing.T) {
	d := newDesk(t, logs.Config{MaxGroupBytes: 100 * (26 + 4)})
	d.stream("a")
	var running sync.WaitGroup
	for i := range 4 {
		running.Go(func() {
			stream := d.service.Open(group, fmt.Sprint(i))
			for range 1000 {
				stream.Write(time.Now(), "line")
			}
		})
		running.Go(func() {
			for range 50 {
				out, err := d.service.FilterLogEvents(t.Context(), &logs.FilterLogEventsInput{LogGroupName: group, FilterPattern: "line"})
				if err != nil || len(out.Events) > 100 {
					t.Errorf("%d events, %v", len(out.Events), err)
				}
			}
		})
	}
	running.Wait()
	if pages := d.filter(&sdk.FilterLogEventsInput{}); strings.Count(pages[0], "line") != 100 {
		t.Errorf("found %v", pages)
	}
}

// BenchmarkFilterLogEvents looks for one order in 100,000 events.
func BenchmarkFilterLogEvents(b *testing.B) {
	s := logs.New(logs.Config{})
	stream := s.Open(group, "environment")
	at := time.Now()
	id := func(n int) string { return fmt.Sprintf("0199ac3e-%04x-7000-8000-%012x", n>>16, n*7919) }
	for i := range 100_000 {
		stream.Write(at.Add(time.Duration(i)*time.Millisecond), fmt.Sprintf(`{"timestamp":"2026-11-24T09:30:00.123456789Z","level":"INFO","message":"event done","orderId":"%s","type":"inventory.requested","eventId":"%[1]s/ReserveInventory","messageId":"%s","receiveCount":1,"took":1234567,"requestId":"%s"}`,
			id(i/2), id(i+1e9), id(i+2e9)))
	}
	for name, pattern := range map[string]string{
		"term": fmt.Sprintf("%q", id(25_000)),
		"JSON": fmt.Sprintf("{ $.orderId = %q && $.receiveCount = 1 }", id(25_000)),
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				out, err := s.FilterLogEvents(b.Context(), &logs.FilterLogEventsInput{LogGroupName: group, FilterPattern: pattern})
				if err != nil || len(out.Events) != 2 {
					b.Fatalf("%d events, %v", len(out.Events), err)
				}
			}
		})
	}
}
