package simulation

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// A Trace is what happened, a line each: when, who asked whom for what, about
// which orders, and how it went. The IDs of orders do not occur in it.
type Trace struct {
	began time.Time
	lines []line
	names map[string]string // of orders, by ID and by task token
	ids   []string          // the keys of names, as they became known
	count map[string]int    // of orders that share a name

	waiting []*milestone
}

// A milestone is a number of lines about an order, of those that say something,
// for which somebody waits.
type milestone struct {
	order, saying string
	left          int
	reached       chan struct{}
}

type line struct {
	at     time.Duration
	what   string
	orders []string
}

func newTrace() *Trace {
	return &Trace{began: time.Now(), names: map[string]string{}, count: map[string]int{}}
}

// add writes a line about the orders that the texts mention.
func (t *Trace) add(what string, texts ...[]byte) {
	l := line{time.Since(t.began), what, t.mentioned(texts...)}
	t.lines = append(t.lines, l)
	t.waiting = slices.DeleteFunc(t.waiting, func(m *milestone) bool {
		if slices.Contains(l.orders, m.order) && strings.Contains(what, m.saying) {
			if m.left--; m.left == 0 {
				close(m.reached)
			}
		}
		return m.left == 0
	})
}

// reaches is closed once there are so many lines more about an order, of those
// that say something.
func (t *Trace) reaches(order, saying string, lines int) <-chan struct{} {
	m := &milestone{order, saying, lines, make(chan struct{})}
	t.waiting = append(t.waiting, m)
	return m.reached
}

// know gives an order ID its name. A customer who sends no key may have
// placed more than one.
func (t *Trace) know(id, name string) {
	if _, known := t.names[id]; known || id == "" {
		return
	}
	t.count[name]++
	if n := t.count[name]; n > 1 {
		name = fmt.Sprintf("%s (%d)", name, n)
	}
	t.alias(id, name)
}

func (t *Trace) alias(id, name string) {
	if _, known := t.names[id]; !known {
		t.names[id] = name
		t.ids = append(t.ids, id)
	}
}

var tokens = regexp.MustCompile(`"taskToken":"([^"]+)"`)

// mentioned are the names of the orders that texts mention, by their IDs or by
// their task tokens. A token beside the ID of one order is learnt as that order's.
func (t *Trace) mentioned(texts ...[]byte) []string {
	var names []string
	for _, text := range texts {
		for _, id := range t.ids {
			if name := t.names[id]; !slices.Contains(names, name) && bytes.Contains(text, []byte(id)) {
				names = append(names, name)
			}
		}
		if len(names) == 1 {
			for _, found := range tokens.FindAllSubmatch(text, -1) {
				t.alias(string(found[1]), names[0])
			}
		}
	}
	slices.Sort(names)
	return names
}

// String is the whole trace as text.
func (t *Trace) String() string { return t.About() }

// About is the trace as text, of some orders only if any are named.
func (t *Trace) About(orders ...string) string {
	var b strings.Builder
	for _, l := range t.lines {
		about := func(name string) bool { return slices.Contains(l.orders, name) }
		if len(orders) > 0 && len(l.orders) > 0 && !slices.ContainsFunc(orders, about) {
			continue
		}
		if len(orders) > 0 && len(l.orders) == 0 {
			continue
		}
		fmt.Fprintf(&b, "%14.6f  %-66s %s\n", l.at.Seconds(), l.what, strings.Join(l.orders, ", "))
	}
	return b.String()
}
