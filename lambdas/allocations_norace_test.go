//go:build !race

package lambdas_test

import (
	"strings"
	"testing"
)

// TestExtraAllocations is not for the race detector, which allocates too.
func TestExtraAllocations(t *testing.T) {
	seen := map[string]bool{}
	for _, j := range jobs(t) {
		t.Run(j.name, func(t *testing.T) {
			handled, bare := j.allocations(t)
			if extra := handled - bare; extra > maxExtra {
				t.Errorf("the handler allocates %v times, %v more than its SDK calls do: at most %d are allowed; "+
					"go test ./lambdas -run '^$' -bench Extra.*/%s -memprofile shows where", handled, extra, maxExtra, j.name)
			} else if extra <= 0 || bare < 100 {
				t.Errorf("the handler allocates %v times and its SDK calls %v: that cannot be", handled, bare)
			}
		})
		seen[strings.Split(j.name, "/")[0]] = true
	}
	if len(seen) != 7 {
		t.Errorf("there are seven handlers, not %v", seen)
	}
}
