package dynamodb

import (
	"crypto/sha256"
	"time"

	"github.com/go-faster/jx"

	"orderflow/cmd/local/cloud/dynamodb/attribute"
	"orderflow/cmd/local/cloud/dynamodb/expression"
)

const (
	// maxToken is the length of the longest ClientRequestToken.
	maxToken = 36

	// tokenValid is how long a transaction's token makes it idempotent.
	// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html#DDB-TransactWriteItems-request-ClientRequestToken
	tokenValid = 10 * time.Minute
)

type fingerprint [sha256.Size]byte

// tokens are the transactions of the last ten minutes. Old ones go when new
// ones come, so that they take no timer.
type tokens struct {
	used  map[string]fingerprint
	order []usedToken
}

type usedToken struct {
	token string
	at    time.Time
}

func newTokens() tokens { return tokens{used: make(map[string]fingerprint)} }

// find tells whether the token was used, and for the same request.
func (t *tokens) find(token string, print fingerprint, now time.Time) (known, same bool) {
	for len(t.order) > 0 && now.Sub(t.order[0].at) >= tokenValid {
		delete(t.used, t.order[0].token)
		t.order = t.order[1:]
	}
	was, ok := t.used[token]
	return ok, was == print
}

func (t *tokens) add(token string, print fingerprint, now time.Time) {
	if token == "" {
		return
	}
	t.used[token] = print
	t.order = append(t.order, usedToken{token, now})
}

// fingerprint is the same for the same actions, however their JSON was
// written.
func (in *TransactWriteItemsInput) fingerprint() fingerprint {
	if in.ClientRequestToken == "" {
		return fingerprint{}
	}
	e := jx.GetEncoder()
	defer jx.PutEncoder(e)
	e.ArrStart()
	for _, t := range in.TransactItems {
		e.ArrStart()
		switch {
		case t.Put != nil:
			e.Str("Put")
			e.Str(t.Put.TableName)
			t.Put.Item.Encode(e)
			t.Put.Condition.identify(e)
		case t.Update != nil:
			e.Str("Update")
			t.Update.Keyed.identify(e)
			e.Str(*t.Update.UpdateExpression)
		case t.Delete != nil:
			e.Str("Delete")
			t.Delete.identify(e)
		default:
			e.Str("ConditionCheck")
			t.ConditionCheck.identify(e)
		}
		e.ArrEnd()
	}
	e.ArrEnd()
	return sha256.Sum256(e.Bytes())
}

func (k *Keyed) identify(e *jx.Encoder) {
	e.Str(k.TableName)
	k.Key.Encode(e)
	k.Condition.identify(e)
}

func (c *Condition) identify(e *jx.Encoder) {
	if c.ConditionExpression != nil {
		e.Str(*c.ConditionExpression)
	}
	e.Str(c.ReturnValuesOnConditionCheckFailure)
	namesAsMap(c.ExpressionAttributeNames).Encode(e)
	c.ExpressionAttributeValues.Encode(e)
}

// namesAsMap puts the aliases in order.
func namesAsMap(names []expression.Name) attribute.Map {
	m := make([]attribute.Attribute, len(names))
	for i, n := range names {
		m[i] = attribute.Attribute{Name: n.Alias, Value: attribute.String(n.Name)}
	}
	return attribute.NewMap(m...)
}
