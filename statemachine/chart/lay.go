package chart

// Lengths in pixels.
const (
	margin    = 16 // around the whole, and in a group
	header    = 52 // of a group: its name and type
	branchGap = 32
)

// lay lays out a scope and all within, from 0, 0 on.
func (s *scope) lay() error {
	for _, n := range s.nodes {
		if err := n.enclose(); err != nil {
			return err
		}
	}
	s.rank()
	s.appraise()
	r, err := s.arrange()
	if err != nil {
		return err
	}
	r.order(s.start.vertex)
	s.place(r)
	s.route(r)
	return nil
}

// enclose lays out what is within a group, and makes it as large as that.
func (n *node) enclose() error {
	if n.scopes == nil {
		return nil
	}
	width, height := -branchGap+0.0, 0.0
	for _, s := range n.scopes {
		if err := s.lay(); err != nil {
			return err
		}
		width += branchGap + s.width
		height = max(height, s.height)
	}
	n.Width = max(n.Width, width+2*margin)
	n.Height = header + height + margin
	x := (n.Width - width) / 2
	for _, s := range n.scopes {
		s.x = x
		x += s.width + branchGap
	}
	return nil
}

// add adds what is in s, which begins at x, y.
func (c *Chart) add(s *scope, x, y float64) {
	for _, n := range s.nodes {
		n.X, n.Y = n.X+x, n.Y+y
		c.Nodes = append(c.Nodes, n.Node)
		for _, inner := range n.scopes {
			c.add(inner, n.X+inner.x, n.Y+header)
		}
	}
	for _, e := range s.edges {
		for i, p := range e.Points {
			e.Points[i] = Point{p.X + x, p.Y + y}
		}
		if e.label != nil {
			e.LabelAt = Point{e.LabelAt.X + x, e.LabelAt.Y + y}
		}
		c.Edges = append(c.Edges, e.Edge)
	}
}
