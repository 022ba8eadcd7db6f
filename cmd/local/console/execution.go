package console

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"orderflow/statemachine/asl"
	"orderflow/statemachine/chart"
	"orderflow/statemachine/journey"
)

// executionPage is one execution: its graph, one state of it, a timeline, and
// the events.
type executionPage struct {
	Machine, Name string
	ARN           string
	Order         string // the order's ID, if it is an order's
	*journey.Journey
	Took     time.Duration // zero while it runs
	Graph    graph
	State    *statePanel // the chosen one; nil: none
	Visit    string      // the chosen one's ID; "": the latest
	Timeline timeline
	Events   eventTable

	URL, Definition, JSON string
}

func executionURL(arn string) string {
	parts := strings.Split(arn, ":")
	if len(parts) < 8 {
		return Prefix + "/orders"
	}
	return Prefix + "/executions/" + url.PathEscape(parts[6]) + "/" + url.PathEscape(parts[7])
}

// executionARN is the one that a request's path names.
func (c *Console) executionARN(r *http.Request) string {
	// Any state machine of this account and region.
	base := strings.Split(c.Stack.ExecutionARN("x"), ":")
	if len(base) < 8 {
		return ""
	}
	return strings.Join(append(base[:6:6], r.PathValue("machine"), r.PathValue("name")), ":")
}

// executionPage serves an execution. Its stream reads the history at the start,
// and from then on only what is added to it.
func (c *Console) executionPage() http.Handler {
	whole := c.page("execution", func(ctx context.Context, r *http.Request) (string, any, error) {
		j, err := c.journey(ctx, c.executionARN(r))
		if err != nil {
			return "", nil, err
		}
		p, err := c.showExecution(ctx, r, j)
		if err != nil {
			return "", nil, err
		}
		return "Execution " + p.Name, p, nil
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isLive(r) {
			whole.ServeHTTP(w, r)
			return
		}
		j, err := c.journey(r.Context(), c.executionARN(r))
		if err != nil {
			c.fail(w, r, err)
			return
		}
		f := follower{journey: j, changed: true}
		ctx, stop := context.WithCancel(r.Context())
		var wg sync.WaitGroup
		wg.Go(func() { f.follow(ctx, c, c.executionARN(r)) })
		defer wg.Wait()
		defer stop()
		s := stream{w: w, log: c.Log}
		s.render = func(ctx context.Context) ([]byte, error) {
			f.mu.Lock()
			defer f.mu.Unlock()
			if !f.changed {
				return s.sent, nil
			}
			f.changed = false
			p, err := c.showExecution(ctx, r, f.journey)
			if err != nil {
				return nil, err
			}
			return c.render("execution", "live", c.view(r, p.Name, p))
		}
		if err := s.follow(r.Context()); err != nil {
			c.fail(w, r, err)
		}
	})
}

// A follower keeps a journey up to date.
type follower struct {
	mu      sync.Mutex
	journey *journey.Journey
	changed bool
}

// redriven is how often an execution that has ended is looked at again.
const redriven = 5 * time.Second

// follow reads the history until ctx ends. One that has ended may be redriven.
func (f *follower) follow(ctx context.Context, c *Console, arn string) {
	for ctx.Err() == nil {
		events, err := c.Watch(ctx, arn)
		if err != nil {
			c.Log.ErrorContext(ctx, "console", "execution", arn, "error", err)
			return
		}
		known, j := 0, journey.New()
		f.mu.Lock()
		known = len(f.journey.Events)
		f.mu.Unlock()
		for e := range events {
			f.mu.Lock()
			j.Add(e)
			if len(j.Events) > known {
				f.journey, f.changed = j, true
			}
			f.mu.Unlock()
		}
		select {
		case <-ctx.Done():
		case <-time.After(redriven):
		}
	}
}

// journey reads an execution's whole history.
func (c *Console) journey(ctx context.Context, arn string) (*journey.Journey, error) {
	j := journey.New()
	for e, err := range c.Stack.History(ctx, arn) {
		if err != nil {
			return nil, err
		}
		j.Add(e)
	}
	return j, nil
}

func (c *Console) showExecution(ctx context.Context, r *http.Request, j *journey.Journey) (*executionPage, error) {
	arn := c.executionARN(r)
	definition, err := c.Stack.DefinitionOf(ctx, arn)
	if err != nil {
		return nil, err
	}
	drawing, err := chart.Draw(definition)
	if err != nil {
		return nil, err
	}
	here := Prefix + r.URL.Path
	query := without(r.URL.Query(), "live")
	p := &executionPage{
		Machine: r.PathValue("machine"), Name: r.PathValue("name"), ARN: arn,
		Journey: j, URL: here, Definition: here + "/definition", JSON: here + "/json",
	}
	if arn == c.Stack.ExecutionARN(p.Name) {
		p.Order = p.Name
	}
	if !j.Ended.IsZero() {
		p.Took = j.Ended.Sub(j.Started)
	}
	chosen := query.Get("state")
	p.Graph = newGraph(drawing, j, chosen, func(state string) string {
		return withQuery(here, with(without(query, "visit"), "state", state))
	})
	p.Events = newEventTable(j, query, here)
	p.Visit = query.Get("visit")
	if p.State = newStatePanel(j, drawing, chosen, query, here); p.State != nil && p.State.Visit != nil {
		p.State.Events = p.Events.links(p.State.Visit.Events, query, here)
	}
	p.Timeline = newTimeline(j, func(v *journey.Visit) string {
		return withQuery(here, with(with(query, "state", v.State), "visit", strconv.FormatInt(v.ID, 10)))
	})
	return p, nil
}

// A statePanel is all about one state: a visit of it, if there was one.
type statePanel struct {
	Node   chart.Node
	Visits []choice
	*journey.Visit
	Took      time.Duration
	Attempts  []attempt
	Arguments string
	Events    []choice
	Close     string
}

type attempt struct {
	journey.Attempt
	Number       int
	Waited, Took time.Duration
}

func newStatePanel(j *journey.Journey, drawing *chart.Chart, state string, query url.Values, here string) *statePanel {
	i := slices.IndexFunc(drawing.Nodes, func(n chart.Node) bool { return n.Name == state && state != "" })
	if i < 0 {
		return nil
	}
	p := &statePanel{Node: drawing.Nodes[i], Close: withQuery(here, without(without(query, "state"), "visit"))}
	wanted, _ := strconv.ParseInt(query.Get("visit"), 10, 64)
	var visits []*journey.Visit
	for _, v := range j.Visits {
		if v.State == state {
			visits = append(visits, v)
			if p.Visit == nil || v.ID <= wanted || wanted == 0 {
				p.Visit = v
			}
		}
	}
	if len(visits) > 1 {
		const most = 20
		for n, v := range visits {
			if n >= most && v != p.Visit && n != len(visits)-1 {
				continue
			}
			u := withQuery(here, with(with(query, "state", state), "visit", strconv.FormatInt(v.ID, 10)))
			p.Visits = append(p.Visits, choice{strconv.Itoa(n + 1), u, v == p.Visit})
		}
	}
	if p.Visit == nil {
		return p
	}
	p.Took = visitTook(p.Visit)
	for n, a := range p.Visit.Attempts {
		shown := attempt{Attempt: a, Number: n + 1, Took: took(a.Scheduled, a.Ended)}
		if !a.Submitted.IsZero() && !a.Ended.IsZero() {
			shown.Waited = a.Ended.Sub(a.Submitted)
		}
		p.Attempts = append(p.Attempts, shown)
		p.Arguments = cmp.Or(a.Arguments, p.Arguments)
	}
	return p
}

// visitTook is how long a visit lasted, without the time until a redrive;
// negative while it lasts.
func visitTook(v *journey.Visit) time.Duration {
	if v.Outcome == journey.Running {
		return -1
	}
	return v.Took(v.Exited)
}

// took is how long an attempt lasted, negative while it lasts.
func took(from, to time.Time) time.Duration {
	if to.IsZero() {
		return -1
	}
	return to.Sub(from)
}

// rawPage is text to be read and copied.
type rawPage struct {
	Heading, Back string
	Text          string
}

func (c *Console) loadDefinition(ctx context.Context, r *http.Request) (string, any, error) {
	definition, err := c.Stack.DefinitionOf(ctx, c.executionARN(r))
	if err != nil {
		return "", nil, err
	}
	return "Definition", rawPage{"Definition of " + r.PathValue("machine"), strings.TrimSuffix(Prefix+r.URL.Path, "/definition"), pretty(string(definition))}, nil
}

// loadJSON is the history as GetExecutionHistory gives it.
func (c *Console) loadJSON(ctx context.Context, r *http.Request) (string, any, error) {
	j, err := c.journey(ctx, c.executionARN(r))
	if err != nil {
		return "", nil, err
	}
	events := make([]asl.HistoryEvent, len(j.Events))
	for i, e := range j.Events {
		events[i] = e.HistoryEvent
	}
	text, err := json.MarshalIndent(events, "", "  ")
	if err != nil {
		return "", nil, fmt.Errorf("console: %w", err)
	}
	return "History as JSON", rawPage{"History of " + r.PathValue("name"), strings.TrimSuffix(Prefix+r.URL.Path, "/json"), string(text)}, nil
}
