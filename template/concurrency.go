package template

// Parameters of how much goes on at once, by the name that Ref takes. Each
// consumer has one of its own beside them.
const (
	reserveConcurrency = "ReserveConcurrency"
	apiConcurrency     = "ApiConcurrency"
)

// concurrencyReserved is the condition under which functions have their share
// of the account's concurrency to themselves.
const concurrencyReserved = "ConcurrencyReserved"

// atOnce is the parameter that says how many batches of its queue a consumer
// works on at once.
func (c Consumer) atOnce() string { return title(c.Name) + "Concurrency" }

// concurrency is how much goes on at once, but for consumers.
func concurrency() []Parameter {
	return []Parameter{
		{
			ID: reserveConcurrency, Label: "Reserve concurrency",
			Type:          "String",
			Description:   "Whether each function has its concurrency to itself, out of the account's: no other can take it then, nor use it while it is idle. 100 must be left over, so a new account, which has 10 in all, cannot.",
			Default:       "no",
			AllowedValues: []any{"no", "yes"},
		},
		{
			ID: apiConcurrency, Label: "Concurrency of the API",
			Type:        "Number",
			Description: "How many requests, and how many validations, are worked on at once if concurrency is reserved. More are answered 503.",
			Default:     100,
			MinValue:    new(1.0),
			MaxValue:    new(10000.0),
		},
	}
}

// concurrencyOf is how much each consumer does at once: a carrier, say, may
// stand less than a table.
func concurrencyOf(consumers []Consumer) ParameterGroup {
	g := ParameterGroup{Label: "Concurrency of consumers"}
	for _, c := range consumers {
		g.Parameters = append(g.Parameters, Parameter{
			ID: c.atOnce(), Label: "Concurrency of " + c.Name,
			Type:        "Number",
			Description: "How many batches of " + c.Name + ", which " + c.Does + ", are worked on at once. The rest waits in the queue.",
			Default:     50,
			MinValue:    new(2.0),
			MaxValue:    new(1000.0),
		})
	}
	return g
}
