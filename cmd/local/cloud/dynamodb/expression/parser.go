package expression

import (
	"sync"

	"orderflow/cmd/local/cloud/dynamodb/attribute"
)

// Parser parses expressions and remembers the texts it has seen: a program
// sends the same few over and over.
type Parser struct {
	conditions  cache[orSyntax]
	updates     cache[updateSyntax]
	projections cache[projectionSyntax]
	attributes  cache[[]string]
}

// NewParser is a Parser that has seen nothing.
func NewParser() *Parser {
	return &Parser{
		conditions:  newCache(newGrammar[orSyntax]("AND", "OR", "NOT", "BETWEEN", "IN"), checkCondition),
		updates:     newCache(newGrammar[updateSyntax]("SET", "REMOVE", "ADD", "DELETE"), checkUpdate),
		projections: newCache(newGrammar[projectionSyntax](), checkProjection),
		attributes:  newCache[[]string](lexicon{}, func(*[]string) error { return nil }),
	}
}

// maxCached is how many texts of one kind are remembered. A program that
// builds more has no use for a cache, so it starts anew.
const maxCached = 1000

type cache[T any] struct {
	grammar interface{ parse(text string) (*T, error) }
	check   func(*T) error // what the text alone decides

	mu   *sync.RWMutex
	seen map[string]parsed[T]
}

type parsed[T any] struct {
	syntax *T
	err    error
}

func newCache[T any](g interface{ parse(string) (*T, error) }, check func(*T) error) cache[T] {
	return cache[T]{grammar: g, check: check, mu: new(sync.RWMutex), seen: make(map[string]parsed[T])}
}

func (c cache[T]) get(text string) (*T, error) {
	c.mu.RLock()
	p, ok := c.seen[text]
	c.mu.RUnlock()
	if ok {
		return p.syntax, p.err
	}
	p.syntax, p.err = c.grammar.parse(text)
	if p.err == nil {
		p.err = c.check(p.syntax)
	}
	if len(text) <= maxLength {
		c.mu.Lock()
		if len(c.seen) >= maxCached {
			clear(c.seen)
		}
		c.seen[text] = p
		c.mu.Unlock()
	}
	return p.syntax, p.err
}

// invalid is AWS's refusal of the named expression parameter.
func invalid(parameter string, cause error) error {
	return attribute.Invalid("Invalid %s: %v", parameter, cause)
}
