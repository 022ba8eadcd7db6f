// Package jsonata evaluates JSONata 2.0 expressions the way Step Functions
// does: without a context item, with the functions that Step Functions adds,
// and with clock and chance given by the caller, so that an evaluation can be
// repeated.
//
// The syntax tree comes from jsonata-go's parser and the picture strings of
// $fromMillis and $formatNumber from its library. Its evaluator is not used:
// it shares the state of every function between all goroutines, changes the
// tree of `a ~> $f()` on each evaluation, visits the members of an object in
// random order and forgets the order in which they came.
//
// https://docs.jsonata.org and
// https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html
package jsonata
