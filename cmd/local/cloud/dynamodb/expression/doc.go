// Package expression reads and evaluates DynamoDB's expressions: conditions
// and filters, key conditions, updates and projections.
//
// An expression is parsed once per text, whatever its placeholders stand for
// (Parser), then bound to one request's names and values (Env), where AWS's
// checks are made in AWS's order, and then evaluated on items any number of
// times.
package expression
