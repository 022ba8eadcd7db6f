package expression

import (
	"errors"
	"strconv"
	"strings"

	"github.com/alecthomas/participle/v2"
	"github.com/alecthomas/participle/v2/lexer"
)

// The grammars, after
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.OperatorsAndFunctions.html
// and https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.UpdateExpressions.html.
// They say what an expression looks like; what it may mean is for bind.
type (
	orSyntax struct {
		Terms []*andSyntax `parser:"@@ ( 'OR' @@ )*"`
	}
	andSyntax struct {
		Terms []*notSyntax `parser:"@@ ( 'AND' @@ )*"`
	}
	notSyntax struct {
		Not  *notSyntax  `parser:"  'NOT' @@"`
		Term *termSyntax `parser:"| @@"`
	}
	termSyntax struct {
		Comparison *comparisonSyntax `parser:"  @@"`
		Function   *functionSyntax   `parser:"| @@"`
		Paren      *orSyntax         `parser:"| '(' @@ ')'"`
	}
	comparisonSyntax struct {
		Left  *operandSyntax   `parser:"@@ ("`
		Op    string           `parser:"  @( '=' | '<>' | '<' | '<=' | '>' | '>=' )"`
		Right *operandSyntax   `parser:"  @@"`
		Low   *operandSyntax   `parser:"| 'BETWEEN' @@"`
		High  *operandSyntax   `parser:"  'AND' @@"`
		In    []*operandSyntax `parser:"| 'IN' '(' @@ ( ',' @@ )* ')' )"`
	}
	operandSyntax struct {
		Function *functionSyntax `parser:"  @@"`
		Value    string          `parser:"| @Value"`
		Path     *pathSyntax     `parser:"| @@"`
		Paren    *operandSyntax  `parser:"| '(' @@ ')'"`
	}
	functionSyntax struct {
		Name string           `parser:"@Name '('"`
		Args []*operandSyntax `parser:"@@ ( ',' @@ )* ')'"`
	}
	pathSyntax struct {
		Head  string       `parser:"@( Name | Alias )"`
		Steps []stepSyntax `parser:"@@*"`
	}
	stepSyntax struct {
		Name  string `parser:"  '.' @( Name | Alias )"`
		Index string `parser:"| '[' @Index ']'"`
	}

	updateSyntax struct {
		Sections []*sectionSyntax `parser:"@@+"`
	}
	sectionSyntax struct {
		Set    []*setSyntax    `parser:"  'SET' @@ ( ',' @@ )*"`
		Remove []*pathSyntax   `parser:"| 'REMOVE' @@ ( ',' @@ )*"`
		Add    []*memberSyntax `parser:"| 'ADD' @@ ( ',' @@ )*"`
		Delete []*memberSyntax `parser:"| 'DELETE' @@ ( ',' @@ )*"`
	}
	setSyntax struct {
		Path *pathSyntax `parser:"@@ '='"`
		Sum  *sumSyntax  `parser:"@@"`
	}
	sumSyntax struct {
		Left  *operandSyntax `parser:"  @@"`
		Op    string         `parser:"  ( @( '+' | '-' )"`
		Right *operandSyntax `parser:"    @@ )?"`
		Paren *sumSyntax     `parser:"| '(' @@ ')'"`
	}
	memberSyntax struct {
		Path  *pathSyntax `parser:"@@"`
		Value string      `parser:"@Value"`
	}

	projectionSyntax struct {
		Paths []*pathSyntax `parser:"@@ ( ',' @@ )*"`
	}
)

// A grammar parses one kind of expression and words its errors as AWS does.
type grammar[T any] struct {
	lexer  *lexer.StatefulDefinition
	parser *participle.Parser[T]
}

func newGrammar[T any](keywords ...string) grammar[T] {
	keyword := `[^\s\S]` // matches nothing
	if len(keywords) > 0 {
		keyword = `(?i:` + strings.Join(keywords, "|") + `)\b`
	}
	lex := lexer.MustSimple([]lexer.SimpleRule{
		{Name: "space", Pattern: `[ \t\r\n]+`},
		{Name: "Keyword", Pattern: keyword},
		{Name: "Name", Pattern: `[A-Za-z][A-Za-z0-9_]*`},
		{Name: "Alias", Pattern: `#[A-Za-z0-9_]+`},
		{Name: "Value", Pattern: `:[A-Za-z0-9_]+`},
		{Name: "Index", Pattern: `[0-9]+`},
		{Name: "Operator", Pattern: `<>|<=|>=|.`},
	})
	return grammar[T]{lex, participle.MustBuild[T](
		participle.Lexer(lex),
		participle.CaseInsensitive("Keyword"),
		participle.UseLookahead(participle.MaxLookahead),
	)}
}

// maxLength is the longest expression, in bytes.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html#limits-expression-parameters
const maxLength = 4096

// maxNesting bounds the work that parentheses make: each may open a condition
// or an operand. AWS allows no more than 300 operators and functions.
const maxNesting = 300

func depth(text string) (deepest int) {
	open := 0
	for _, c := range []byte(text) {
		switch c {
		case '(':
			open++
		case ')':
			open--
		}
		deepest = max(deepest, open)
	}
	return deepest
}

func (g grammar[T]) parse(text string) (*T, error) {
	if strings.TrimSpace(text) == "" {
		return nil, fault("The expression can not be empty;")
	}
	if len(text) > maxLength {
		return nil, fault("Expression size has exceeded the maximum allowed size; expression size: " + strconv.Itoa(len(text)))
	}
	if depth(text) > maxNesting {
		return nil, fault("The expression has too many nested parentheses;")
	}
	syntax, err := g.parser.ParseString("", text)
	if err != nil {
		return nil, g.syntaxError(text, offset(text, err))
	}
	return syntax, nil
}

// offset is how far parsing came.
func offset(text string, err error) int {
	if err, ok := errors.AsType[participle.Error](err); ok {
		return err.Position().Offset
	}
	return len(text)
}

// syntaxError names the token where parsing stopped and shows its neighbours.
func (g grammar[T]) syntaxError(text string, at int) error {
	tokens := g.tokens(text)
	i := 0
	for i < len(tokens) && tokens[i].Pos.Offset < at {
		i++
	}
	from, to, token := 0, len(text), "<EOF>"
	if i > 0 {
		from = tokens[i-1].Pos.Offset
		to = from + len(tokens[i-1].Value)
	}
	if i < len(tokens) {
		token = tokens[i].Value
		last := tokens[min(i+1, len(tokens)-1)]
		to = last.Pos.Offset + len(last.Value)
	}
	return fault(`Syntax error; token: "` + token + `", near: "` + text[from:to] + `"`)
}

func (g grammar[T]) tokens(text string) []lexer.Token {
	stream, err := g.lexer.LexString("", text)
	if err != nil {
		return nil
	}
	all, err := lexer.ConsumeAll(stream)
	if err != nil {
		return nil
	}
	space := g.lexer.Symbols()["space"]
	var tokens []lexer.Token
	for _, t := range all {
		if !t.EOF() && t.Type != space {
			tokens = append(tokens, t)
		}
	}
	return tokens
}
