package console

import (
	"context"
	"net/http"
	"slices"
	"time"

	"orderflow/cmd/orders/stack"
	"orderflow/lambdas/order"
)

// analyticsPage counts what analytics has stored, minute by minute.
type analyticsPage struct {
	Events, Outcomes barChart
	Since            time.Time
	Partial          bool // there was more than could be read
}

// A barChart is stacked bars, one a minute.
type barChart struct {
	Title  string
	Series []series
	Bars   []stackedBar
	Most   int // the tallest bar's
	Total  int
}

type series struct {
	Name  string
	Class string
	Total int
}

type stackedBar struct {
	At       time.Time
	X, Width float64
	Parts    []part
	Says     string
}

type part struct {
	Class     string
	Y, Height float64
}

// The charts' scale, and how far they look back.
const (
	chartMinutes = 60
	chartWidth   = 960.0
	chartHeight  = 160.0
)

func (c *Console) loadAnalytics(ctx context.Context, _ *http.Request) (string, any, error) {
	now := time.Now()
	since := now.Truncate(time.Minute).Add(-(chartMinutes - 1) * time.Minute)
	counts, complete, err := c.Stack.Counts(ctx, since, now)
	if err != nil {
		return "", nil, err
	}
	p := analyticsPage{Since: since, Partial: !complete}
	p.Events = newBarChart("Events a minute", since, counts, func(n stack.Count) string { return string(n.Type) })
	p.Outcomes = newBarChart("Outcomes a minute", since, counts, func(n stack.Count) string {
		if n.Type == order.OrderConfirmed || n.Type == order.OrderCancelled {
			return string(n.Status)
		}
		return ""
	})
	return "Analytics", p, nil
}

// newBarChart stacks counts by what name gives; "" leaves one out.
func newBarChart(title string, since time.Time, counts []stack.Count, name func(stack.Count) string) barChart {
	chart := barChart{Title: title}
	minutes := make([]map[string]int, chartMinutes)
	totals := map[string]int{}
	for _, n := range counts {
		i := int(n.Minute.Sub(since) / time.Minute)
		if series := name(n); series != "" && i >= 0 && i < chartMinutes {
			if minutes[i] == nil {
				minutes[i] = map[string]int{}
			}
			minutes[i][series] += n.Count
			totals[series] += n.Count
			chart.Total += n.Count
		}
	}
	var names []string
	for name := range totals {
		names = append(names, name)
	}
	slices.Sort(names)
	for i, name := range names {
		chart.Series = append(chart.Series, series{name, classOf(name, i), totals[name]})
	}
	for _, m := range minutes {
		sum := 0
		for _, n := range m {
			sum += n
		}
		chart.Most = max(chart.Most, sum)
	}
	const width = chartWidth / chartMinutes
	for i, m := range minutes {
		if len(m) == 0 {
			continue
		}
		bar := stackedBar{At: since.Add(time.Duration(i) * time.Minute), X: float64(i)*width + 1, Width: width - 2}
		y := chartHeight
		for _, s := range chart.Series {
			if m[s.Name] == 0 {
				continue
			}
			height := float64(m[s.Name]) / float64(chart.Most) * chartHeight
			y -= height
			bar.Parts = append(bar.Parts, part{s.Class, y, height})
			bar.Says += plural(m[s.Name], s.Name, s.Name) + " "
		}
		chart.Bars = append(chart.Bars, bar)
	}
	return chart
}

// classOf is how a series is painted: outcomes as everywhere else.
func classOf(name string, i int) string {
	switch order.Status(name) {
	case order.Confirmed, order.Rejected, order.Cancelled, order.Failed:
		return name
	}
	return "series-" + string(rune('a'+i%6))
}
