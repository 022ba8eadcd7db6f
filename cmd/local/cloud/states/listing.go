package states

import (
	"cmp"
	"encoding/base64"
	"fmt"

	"github.com/tidwall/btree"

	"orderflow/statemachine/asl"
)

// A listing orders executions by their start, within a state machine and,
// once more, within one status of it: a page costs the same however many
// executions there are.
type listing struct{ tree *btree.BTreeG[listed] }

type listed struct {
	machine string     // name
	status  asl.Status // "" lists executions of any status
	number  uint64     // the execution's in the order of all starts
	arn     string
}

func newListing() listing {
	return listing{btree.NewBTreeGOptions(func(a, b listed) bool {
		if c := cmp.Compare(a.machine, b.machine); c != 0 {
			return c < 0
		}
		if c := cmp.Compare(a.status, b.status); c != 0 {
			return c < 0
		}
		return a.number < b.number
	}, btree.Options{NoLocks: true})}
}

func (l listing) start(machine, arn string, number uint64) {
	l.tree.Set(listed{machine, "", number, arn})
	l.tree.Set(listed{machine, asl.Running, number, arn})
}

func (l listing) close(machine, arn string, number uint64, status asl.Status) {
	l.tree.Delete(listed{machine: machine, status: asl.Running, number: number})
	l.tree.Set(listed{machine, status, number, arn})
}

// reopen lists a closed execution as running, in the place that it had.
func (l listing) reopen(machine, arn string, number uint64, status asl.Status) {
	l.tree.Delete(listed{machine: machine, status: status, number: number})
	l.tree.Set(listed{machine, asl.Running, number, arn})
}

func (l listing) drop(machine string, number uint64, status asl.Status) {
	l.tree.Delete(listed{machine: machine, number: number})
	l.tree.Delete(listed{machine: machine, status: status, number: number})
}

// page lists the ARNs that match, newest first, from the one numbered before on;
// next is the number to go on before, 0 at the end.
func (l listing) page(machine string, status asl.Status, before uint64, n int, matches func(arn string) bool) (arns []string, next uint64) {
	last := uint64(0)
	l.tree.Descend(listed{machine: machine, status: status, number: before - 1}, func(e listed) bool {
		if e.machine != machine || e.status != status {
			return false
		}
		if !matches(e.arn) {
			return true
		}
		if len(arns) == n {
			next = last
			return false
		}
		arns, last = append(arns, e.arn), e.number
		return true
	})
	return arns, next
}

// A page token says what it continues, so that no other call takes it.
func pageToken(of string, at uint64) *string {
	token := base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%d %s", at, of))
	return &token
}

func readPageToken(token *string, of string, otherwise uint64) (uint64, error) {
	if token == nil {
		return otherwise, nil
	}
	text, err := base64.RawURLEncoding.DecodeString(*token)
	if err != nil {
		return 0, invalidToken()
	}
	var at uint64
	if _, err := fmt.Sscanf(string(text), "%d", &at); err != nil || string(text) != fmt.Sprintf("%d %s", at, of) {
		return 0, invalidToken()
	}
	return at, nil
}
