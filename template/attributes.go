package template

// What DynamoDB tells IAM of a request, and a statement can demand. Keys that
// are known in advance it could demand too (dynamodb:LeadingKeys): there are
// none, for orders, SKUs and customers come and go.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html

// OnlyAttributes narrows the statement to requests that name no other
// attributes than these: in a key, an item or any expression. The table's key
// must be among them. Whoever names none passes: see Projected.
func (s Statement) OnlyAttributes(names ...string) Statement {
	return s.When("ForAllValues:StringEquals", "dynamodb:Attributes", names...)
}

// Projected narrows the statement to reads that name the attributes they want,
// so that none gets whole rows by naming nothing. IfExists as in AWS's own
// examples, which do not say of which reads DynamoDB tells what they select.
func (s Statement) Projected() Statement {
	return s.When("StringEqualsIfExists", "dynamodb:Select", "SPECIFIC_ATTRIBUTES")
}

// ReturningNothing narrows the statement to writes that do not ask what was
// written over. (A condition that fails can still be asked for the row that
// stood against it: IAM has no say in that.)
func (s Statement) ReturningNothing() Statement {
	return s.When("StringEqualsIfExists", "dynamodb:ReturnValues", "NONE")
}

// InTransactions narrows the statement to writes that are made together with
// others or not at all.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html
func (s Statement) InTransactions() Statement {
	return s.When("ForAnyValue:StringEquals", "dynamodb:EnclosingOperation", "TransactWriteItems")
}
