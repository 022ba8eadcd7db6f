package expression

// checkCondition finds what is wrong with a condition whatever its
// placeholders stand for, in AWS's order of precedence.
func checkCondition(syntax *orSyntax) error {
	var c conditionCheck
	c.or(syntax)
	return c.faults.first()
}

type conditionCheck struct{ faults faults }

const (
	rankParens = iota
	rankFunction
	rankMisused
	rankReserved
)

var errRedundantParens = fault("The expression has redundant parentheses;")

func (c *conditionCheck) or(s *orSyntax) {
	for _, and := range s.Terms {
		for _, not := range and.Terms {
			c.not(not)
		}
	}
}

func (c *conditionCheck) not(s *notSyntax) {
	if s.Not != nil {
		c.not(s.Not)
		return
	}
	switch t := s.Term; {
	case t.Paren != nil:
		if only := t.Paren.only(); only != nil && only.Paren != nil {
			c.faults.add(rankParens, errRedundantParens)
		}
		c.or(t.Paren)
	case t.Function != nil:
		c.function(t.Function)
		if t.Function.Name == "size" { // a number where a truth is wanted
			c.faults.add(rankMisused, misused("size"))
		}
	default:
		c.comparison(t.Comparison)
	}
}

// only is the single term of s, nil if there are more.
func (s *orSyntax) only() *termSyntax {
	if len(s.Terms) == 1 && len(s.Terms[0].Terms) == 1 {
		return s.Terms[0].Terms[0].Term
	}
	return nil
}

func (c *conditionCheck) comparison(s *comparisonSyntax) {
	c.operand(s.Left)
	for _, o := range []*operandSyntax{s.Right, s.Low, s.High} {
		if o != nil {
			c.operand(o)
		}
	}
	for _, o := range s.In {
		c.operand(o)
	}
}

func (c *conditionCheck) operand(s *operandSyntax) {
	switch {
	case s.Paren != nil:
		if s.Paren.Paren != nil {
			c.faults.add(rankParens, errRedundantParens)
		}
		c.operand(s.Paren)
	case s.Function != nil:
		c.function(s.Function)
		if s.Function.Name != "size" {
			c.faults.add(rankMisused, misused(s.Function.Name))
		}
	case s.Path != nil:
		c.faults.add(rankReserved, reservedIn(s.Path))
	}
}

func (c *conditionCheck) function(s *functionSyntax) {
	if _, ok := conditionFunctions[s.Name]; !ok {
		c.faults.add(rankFunction, faultf("Invalid function name; function: %s", s.Name))
	}
	for _, arg := range s.Args {
		c.operand(arg)
	}
}

func misused(function string) error {
	return faultf("The function is not allowed to be used this way in an expression; function: %s", function)
}
