// Package interpose stands between the services of the local cloud. AWS leaves
// two things open: which of several activities goes on next, and what becomes
// of a call on its way. Whoever is interposed decides them: nobody in ordinary
// use, chaos while there are faults, a scheduler in a simulation.
package interpose

import (
	"context"
	"strings"
)

// A Turn makes an activity that was asleep wait for its turn. A service takes
// one whenever a goroutine of its own wakes up, before it touches anything that
// is shared, and never holds a lock while it does. Nil: it is always one's turn.
type Turn func(activity string)

// Take waits for the turn of an activity, which no other has the name of.
func (t Turn) Take(name ...string) {
	if t != nil {
		t(strings.Join(name, " "))
	}
}

// A Call is a request from one party to another.
type Call struct {
	From, To string // a service, a function, "carrier"
	Function bool   // From is one
	Action   string
	Path     string // of a URL, where there is one
	Activity string // that makes it; see As
	Input    []byte

	// Once it was performed:
	Output  []byte // nil where nobody needs it
	Outcome string // "ok", or the code of the error
}

// Calls performs a call by do: once, or more often, or not at all. Its error
// reaches the caller in place of the answer of do: a *protocol.Error as the
// refusal of the service that was called, any other as a broken connection.
// It may end the calling goroutine, as a crash does, where the caller is a
// function.
type Calls func(ctx context.Context, c *Call, do func()) error

// Interposed is what a call passes through that is made now, nil being
// nothing, which costs next to nothing. A nil Interposed is nothing ever.
type Interposed func() Calls

// Always interposes the same.
func Always(calls Calls) Interposed { return func() Calls { return calls } }

// Now is what a call passes through that is made now.
func (i Interposed) Now() Calls {
	if i == nil {
		return nil
	}
	return i()
}

type activityKey struct{}

// As names the activity that goes on under a context. Two activities at one
// time have two names.
func As(ctx context.Context, name ...string) context.Context {
	return context.WithValue(ctx, activityKey{}, strings.Join(name, " "))
}

// Activity is the name that As gave.
func Activity(ctx context.Context) string {
	name, _ := ctx.Value(activityKey{}).(string)
	return name
}
