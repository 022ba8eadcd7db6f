package chart_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/tools/txtar"

	"orderflow/statemachine"
	"orderflow/statemachine/chart"
)

func TestSamples(t *testing.T) {
	for name, definition := range samples(t) {
		t.Run(name, func(t *testing.T) { inspect(t, definition) })
	}
}

func FuzzInvented(f *testing.F) {
	for seed := range uint64(400) {
		f.Add(seed, uint8(4+seed%40))
	}
	f.Fuzz(func(t *testing.T, seed uint64, states uint8) { inspect(t, invent(seed, 1+int(states%64))) })
}

// samples are machines such as people write.
func samples(t testing.TB) map[string][]byte {
	all := map[string][]byte{"order": statemachine.Definition}
	for _, file := range glob(t, "testdata/*.asl.json") {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all[strings.TrimSuffix(filepath.Base(file), ".asl.json")] = text
	}
	for _, file := range glob(t, "../asl/testdata/*.txtar") {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range archive.Files {
			if f.Name == "definition.json" {
				all[filepath.Base(file)] = f.Data
			}
		}
	}
	return all
}

func glob(t testing.TB, pattern string) []string {
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("nothing is called %s: %v", pattern, err)
	}
	return files
}

// inspect draws a definition, and checks the chart against what a reader of
// its own finds in the definition.
func inspect(t *testing.T, definition []byte) {
	c, err := chart.Draw(definition)
	if err != nil {
		t.Fatalf("%v\n%s", err, definition)
	}
	again, err := chart.Draw(definition)
	if err != nil || !reflect.DeepEqual(c, again) {
		t.Error("drawn again, it is another chart")
	}
	i := inspected(t, c)
	i.checkNodes(definition)
	i.checkBoxes()
	i.checkEdges()
	i.checkLabels()
	if t.Failed() {
		t.Logf("%s", definition)
	}
}

type inspection struct {
	*testing.T
	*chart.Chart
	nodes  map[string]chart.Node // by name, or start and end
	wanted map[transition]bool
	next   map[string][]string // where the transitions from each lead
}

type transition struct {
	from, to string
	catch    bool
}

const (
	start = "\x00start"
	end   = "\x00end"
)

// A written machine is a definition as this test reads it.
type written struct {
	StartAt string
	States  map[string]struct {
		Type, Next, Default string
		End                 bool
		Choices, Catch      []struct{ Next string }
		Branches            []written
		ItemProcessor       *written
	}
}

var bare = regexp.MustCompile(`: \$\{\w+\}`)

func inspected(t *testing.T, c *chart.Chart) *inspection {
	i := &inspection{T: t, Chart: c, nodes: map[string]chart.Node{}, wanted: map[transition]bool{}, next: map[string][]string{}}
	for _, n := range c.Nodes {
		name := n.Name
		switch n.Kind {
		case chart.Start:
			name = start
		case chart.End:
			name = end
		}
		if _, ok := i.nodes[name]; ok {
			t.Errorf("%q is drawn twice", name)
		}
		if _, ok := i.nodes[n.Within]; n.Within != "" && !ok {
			t.Errorf("%q is told before the group around it", name)
		}
		i.nodes[name] = n
	}
	return i
}

func (i *inspection) checkNodes(definition []byte) {
	var m written
	if err := json.Unmarshal(bare.ReplaceAll(definition, []byte(": 1")), &m); err != nil {
		i.Fatal(err)
	}
	states := i.read(m, "")
	i.want(start, m.StartAt, false)
	terminals := 1
	for w := range i.wanted {
		if w.to == end {
			terminals = 2
		}
	}
	if len(i.nodes) != states+terminals || i.nodes[start].Kind != chart.Start {
		i.Errorf("%d nodes for %d states and %d terminals", len(i.nodes), states, terminals)
	}
}

// read collects transitions, and checks what each state is drawn as.
func (i *inspection) read(m written, within string) (states int) {
	for name, s := range m.States {
		states++
		kind := chart.State
		for _, branch := range s.Branches {
			states += i.read(branch, name)
			kind = chart.Group
		}
		if s.ItemProcessor != nil {
			states += i.read(*s.ItemProcessor, name)
			kind = chart.Group
		}
		if n := i.nodes[name]; n.Kind != kind || n.Type != s.Type || n.Within != within {
			i.Errorf("%q, a %s within %q, is drawn as %+v", name, s.Type, within, n)
		}
		if within == "" && (s.End || s.Type == "Succeed" || s.Type == "Fail") {
			i.want(name, end, false)
		}
		if s.Next != "" {
			i.want(name, s.Next, false)
		}
		if s.Default != "" {
			i.want(name, s.Default, false)
		}
		for _, c := range s.Choices {
			i.want(name, c.Next, false)
		}
		for _, c := range s.Catch {
			i.want(name, c.Next, true)
		}
	}
	return states
}

func (i *inspection) want(from, to string, catch bool) {
	i.wanted[transition{from, to, catch}] = true
	i.next[from] = append(i.next[from], to)
}

func (i *inspection) checkBoxes() {
	for a, n := range i.nodes {
		around := chart.Box{Width: i.Width, Height: i.Height}
		if n.Within != "" {
			around = i.nodes[n.Within].Box
			around.Y += 44 // two lines
			around.Height -= 44
		}
		if !contains(shrunk(around, 8), n.Box) {
			i.Errorf("%q at %v sticks out of %v", a, n.Box, around)
		}
		for b, m := range i.nodes {
			if a != b && n.Within == m.Within && overlap(grown(n.Box, 8), m.Box) {
				i.Errorf("%q at %v and %q at %v are too close", a, n.Box, b, m.Box)
			}
		}
	}
}

func (i *inspection) checkEdges() {
	drawn := map[transition]bool{}
	for _, e := range i.Edges {
		w := ends(e)
		if drawn[w] || !i.wanted[w] {
			i.Errorf("an edge %v too many", w)
		}
		drawn[w] = true
		i.checkLine(e)
	}
	for w := range i.wanted {
		if !drawn[w] {
			i.Errorf("no edge %v", w)
		}
	}
	for k, e := range i.Edges {
		for _, f := range i.Edges[:k] {
			length := 1.0
			if e.To == f.To {
				length = 60 // they meet
			}
			if e.From != f.From && (e.To != f.To || ends(e).catch != ends(f).catch) && together(e.Points, f.Points, length) {
				i.Errorf("%v and %v run on top of one another", ends(e), ends(f))
			}
		}
	}
}

// together is whether two lines share an upright or level piece of that length.
func together(a, b []chart.Point, length float64) bool {
	for k := 1; k < len(a); k++ {
		for l := 1; l < len(b); l++ {
			p, q := bounds(a[k-1:k+1]), bounds(b[l-1:l+1])
			if p.Width < 1 && q.Width < 1 && overlap(p, q) && min(p.Y+p.Height, q.Y+q.Height)-max(p.Y, q.Y) > length {
				return true
			}
			if p.Height < 1 && q.Height < 1 && overlap(p, q) && min(p.X+p.Width, q.X+q.Width)-max(p.X, q.X) > length {
				return true
			}
		}
	}
	return false
}

func ends(e chart.Edge) transition {
	w := transition{e.From, e.To, e.Kind == chart.Catch}
	if w.from == "" {
		w.from = start
	}
	if w.to == "" {
		w.to = end
	}
	return w
}

func (i *inspection) checkLine(e chart.Edge) {
	w := ends(e)
	from, to := i.nodes[w.from], i.nodes[w.to]
	if from.Within != to.Within {
		i.Errorf("%v leads from group to group", w)
	}
	if len(e.Points) < 2 {
		i.Fatalf("%v has the points %v", w, e.Points)
	}
	first, last := e.Points[0], e.Points[len(e.Points)-1]
	if first.Y != from.Y+from.Height || first.X <= from.X || first.X >= from.X+from.Width {
		i.Errorf("%v begins at %v, not below %v", w, first, from.Box)
	}
	if last.Y != to.Y || last.X <= to.X || last.X >= to.X+to.Width {
		i.Errorf("%v ends at %v, not above %v", w, last, to.Box)
	}
	returns := i.reaches(w.to, w.from, map[string]bool{})
	if !returns && first.Y >= last.Y {
		i.Errorf("%v is in no cycle and leads up", w)
	}
	if !contains(chart.Box{Width: i.Width, Height: i.Height}, bounds(e.Points)) {
		i.Errorf("%v leaves the chart", w)
	}
	for k := 1; k < len(e.Points) && first.Y < last.Y; k++ {
		if e.Points[k].Y < e.Points[k-1].Y {
			i.Errorf("%v ends below, and goes up on its way", w)
		}
	}
	bent := curve(e.Points)
	for name, n := range i.nodes {
		if !i.around(name, w.from) && (crosses(e.Points, n.Box) || crosses(bent, n.Box)) {
			i.Errorf("%v crosses %q", w, name)
		}
	}
}

// reaches is whether transitions lead from one to the other.
func (i *inspection) reaches(from, to string, seen map[string]bool) bool {
	if from == to {
		return true
	}
	seen[from] = true
	for _, n := range i.next[from] {
		if !seen[n] && i.reaches(n, to, seen) {
			return true
		}
	}
	return false
}

// around is whether the group of that name is around a node.
func (i *inspection) around(group, name string) bool {
	within := i.nodes[name].Within
	return within != "" && (within == group || i.around(group, within))
}

func (i *inspection) checkLabels() {
	labels := map[transition]chart.Box{}
	lines := map[transition][]chart.Point{}
	for _, e := range i.Edges {
		if (e.Label != "") != (e.Kind == chart.Choice || e.Kind == chart.Default || e.Kind == chart.Catch) {
			i.Errorf("the %s %v is labelled %q", e.Kind, ends(e), e.Label)
		}
		lines[ends(e)] = curve(e.Points)
		if e.Label != "" {
			labels[ends(e)] = labelBox(e)
		}
	}
	for w, box := range labels {
		if !contains(chart.Box{Width: i.Width, Height: i.Height}, box) {
			i.Errorf("the label of %v at %v sticks out", w, box)
		}
		for name, n := range i.nodes {
			if !i.around(name, w.from) && overlap(box, n.Box) {
				i.Errorf("the label of %v at %v is on %q at %v", w, box, name, n.Box)
			}
		}
		for other, at := range labels {
			if w != other && overlap(grown(box, 4), at) {
				i.Errorf("the labels of %v at %v and %v at %v are too close", w, box, other, at)
			}
		}
		for other, line := range lines {
			if w != other && crosses(line, box) {
				i.Errorf("%v crosses the label of %v at %v", other, w, box)
			}
		}
	}
}

// labelBox is what a label takes at 7 pixels a character and 16 a line.
func labelBox(e chart.Edge) chart.Box {
	lines := strings.Split(e.Label, "\n")
	width := 0.0
	for _, line := range lines {
		width = max(width, 7*float64(utf8.RuneCountInString(line)))
	}
	height := 16 * float64(len(lines))
	return chart.Box{X: e.LabelAt.X - width/2, Y: e.LabelAt.Y - height/2, Width: width, Height: height}
}

// curve is a line as Edge says that it may be drawn.
func curve(points []chart.Point) []chart.Point {
	line := points[:1:1]
	for k := 1; k < len(points); k++ {
		p, q := points[k-1], points[k]
		if p.X != q.X && p.Y != q.Y {
			for step := 1.0; step < 16; step++ {
				s := step / 16
				blend := s * s * (3 - 2*s)
				bend := 1.5*s*(1-s)*(1-s) + 1.5*s*s*(1-s) + s*s*s
				line = append(line, chart.Point{X: p.X + (q.X-p.X)*blend, Y: p.Y + (q.Y-p.Y)*bend})
			}
		}
		line = append(line, q)
	}
	return line
}

func grown(b chart.Box, by float64) chart.Box {
	return chart.Box{X: b.X - by, Y: b.Y - by, Width: b.Width + 2*by, Height: b.Height + 2*by}
}

func shrunk(b chart.Box, by float64) chart.Box { return grown(b, -by) }

func contains(a, b chart.Box) bool {
	return a.X <= b.X && a.Y <= b.Y && b.X+b.Width <= a.X+a.Width && b.Y+b.Height <= a.Y+a.Height && b.Width > 0 && b.Height > 0
}

func overlap(a, b chart.Box) bool {
	return a.X < b.X+b.Width && b.X < a.X+a.Width && a.Y < b.Y+b.Height && b.Y < a.Y+a.Height
}

// crosses is whether a line has points inside of a box, its border aside.
func crosses(line []chart.Point, b chart.Box) bool {
	b = shrunk(b, 0.01)
	for k := 1; k < len(line); k++ {
		if overlap(bounds(line[k-1:k+1]), b) && enters(line[k-1], line[k], b) {
			return true
		}
	}
	return false
}

// bounds is the box around points, of some width and height at least.
func bounds(points []chart.Point) chart.Box {
	from, to := points[0], points[0]
	for _, p := range points {
		from.X, from.Y = min(from.X, p.X), min(from.Y, p.Y)
		to.X, to.Y = max(to.X, p.X), max(to.Y, p.Y)
	}
	return grown(chart.Box{X: from.X, Y: from.Y, Width: to.X - from.X, Height: to.Y - from.Y}, 0.001)
}

// enters clips a segment by each side of a box in turn, and is whether
// something is left of it (Liang and Barsky).
func enters(p, q chart.Point, b chart.Box) bool {
	from, to := 0.0, 1.0
	for _, side := range [][2]float64{
		{p.X - q.X, p.X - b.X}, {q.X - p.X, b.X + b.Width - p.X},
		{p.Y - q.Y, p.Y - b.Y}, {q.Y - p.Y, b.Y + b.Height - p.Y},
	} {
		switch toward, distance := side[0], side[1]; {
		case toward == 0 && distance < 0:
			return false
		case toward < 0:
			from = max(from, distance/toward)
		case toward > 0:
			to = min(to, distance/toward)
		}
	}
	return from <= to
}

func TestCrosses(t *testing.T) {
	box := chart.Box{X: 10, Y: 10, Width: 10, Height: 10}
	for _, c := range []struct {
		p, q chart.Point
		want bool
	}{
		{chart.Point{X: 0, Y: 15}, chart.Point{X: 30, Y: 15}, true},
		{chart.Point{X: 15, Y: 0}, chart.Point{X: 15, Y: 30}, true},
		{chart.Point{X: 0, Y: 0}, chart.Point{X: 30, Y: 30}, true},
		{chart.Point{X: 12, Y: 12}, chart.Point{X: 13, Y: 14}, true},
		{chart.Point{X: 15, Y: 0}, chart.Point{X: 15, Y: 10}, false},
		{chart.Point{X: 10, Y: 0}, chart.Point{X: 10, Y: 30}, false},
		{chart.Point{X: 0, Y: 12}, chart.Point{X: 12, Y: 0}, false},
		{chart.Point{X: 25, Y: 15}, chart.Point{X: 30, Y: 15}, false},
	} {
		for _, line := range [][]chart.Point{{c.p, c.q}, {c.q, c.p}, {c.p, c.p, c.q}} {
			if crosses(line, box) != c.want {
				t.Errorf("%v crosses %v: %v", line, box, !c.want)
			}
		}
	}
}
