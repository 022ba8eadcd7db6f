package console

import (
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"orderflow/statemachine/journey"
)

// An eventTable is a page of an execution's events.
type eventTable struct {
	Rows         []eventRow
	Types        []string // that there are
	Type, Text   string   // filters
	Matching     int      // of all pages
	All          int
	Page, Pages  int // from 1
	Before, Next string
	Newest       bool // first
	Turned       string
}

type eventRow struct {
	ID, Previous int64
	At           time.Time
	Type, State  string
	StateURL     string
	After        time.Duration // since the start
	Details      string        // JSON, "" for none
	Bad          bool
}

// rowsPerPage keeps an execution of thousands of events fluid.
const rowsPerPage = 100

func newEventTable(j *journey.Journey, query url.Values, here string) eventTable {
	t := eventTable{Type: query.Get("type"), Text: strings.TrimSpace(query.Get("find")), All: len(j.Events), Newest: query.Get("order") == "newest"}
	var matching []journey.Event
	for _, e := range j.Events {
		if !slices.Contains(t.Types, e.Type) {
			t.Types = append(t.Types, e.Type)
		}
		if t.matches(e) {
			matching = append(matching, e)
		}
	}
	slices.Sort(t.Types)
	if t.Newest {
		slices.Reverse(matching)
	}
	t.Matching = len(matching)
	t.Pages = max(1, (len(matching)+rowsPerPage-1)/rowsPerPage)
	page, _ := strconv.Atoi(query.Get("page"))
	t.Page = min(max(page, 1), t.Pages)
	if t.Page > 1 {
		t.Before = withQuery(here, with(query, "page", strconv.Itoa(t.Page-1))) + "#events"
	}
	if t.Page < t.Pages {
		t.Next = withQuery(here, with(query, "page", strconv.Itoa(t.Page+1))) + "#events"
	}
	turned := without(without(query, "page"), "order")
	if !t.Newest {
		turned.Set("order", "newest")
	}
	t.Turned = withQuery(here, turned) + "#events"
	for _, e := range matching[(t.Page-1)*rowsPerPage : min(t.Page*rowsPerPage, len(matching))] {
		row := eventRow{ID: e.ID, Previous: e.PreviousID, At: e.Timestamp, Type: e.Type, After: e.Timestamp.Sub(j.Started), Bad: isBad(e.Type)}
		if e.Visit != nil {
			row.State = e.Visit.State
			row.StateURL = withQuery(here, with(with(query, "state", row.State), "visit", strconv.FormatInt(e.Visit.ID, 10)))
		}
		row.Details = details(e)
		t.Rows = append(t.Rows, row)
	}
	return t
}

// links lead to events: those that the table does not show are on a page of
// their own, unfiltered.
func (t *eventTable) links(ids []int64, query url.Values, here string) []choice {
	var links []choice
	for _, id := range ids {
		link := choice{Name: strconv.FormatInt(id, 10), URL: "#event-" + strconv.FormatInt(id, 10)}
		if !slices.ContainsFunc(t.Rows, func(r eventRow) bool { return r.ID == id }) {
			all := without(without(without(query, "type"), "find"), "order")
			page := (id-1)/rowsPerPage + 1 // IDs count from 1
			link.URL = withQuery(here, with(all, "page", strconv.FormatInt(page, 10))) + link.URL
		}
		links = append(links, link)
	}
	return links
}

func (t *eventTable) matches(e journey.Event) bool {
	if t.Type != "" && e.Type != t.Type {
		return false
	}
	if t.Text == "" {
		return true
	}
	find := strings.ToLower(t.Text)
	if strings.Contains(strings.ToLower(e.Type), find) || e.Visit != nil && strings.Contains(strings.ToLower(e.Visit.State), find) {
		return true
	}
	return strings.Contains(strings.ToLower(details(e)), find)
}

// details are an event's, as JSON in which what is JSON text itself is shown
// as what it says.
func details(e journey.Event) string {
	if e.Details == nil {
		return ""
	}
	text, err := json.Marshal(e.Details)
	if err != nil {
		return ""
	}
	var members map[string]json.RawMessage
	if json.Unmarshal(text, &members) != nil {
		return string(text)
	}
	for name, raw := range members {
		var inner string
		if json.Unmarshal(raw, &inner) == nil && (strings.HasPrefix(inner, "{") || strings.HasPrefix(inner, "[")) && json.Valid([]byte(inner)) {
			members[name] = json.RawMessage(inner)
		}
	}
	text, err = json.MarshalIndent(members, "", "  ")
	if err != nil || string(text) == "{}" {
		return ""
	}
	return string(text)
}

func isBad(eventType string) bool {
	for _, end := range []string{"Failed", "TimedOut", "Aborted"} {
		if strings.HasSuffix(eventType, end) {
			return true
		}
	}
	return false
}
