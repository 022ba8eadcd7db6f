package expression

import "fmt"

// A fault is one of AWS's sentences about an expression, before it is put
// behind the parameter's name.
type fault string

func (f fault) Error() string { return string(f) }

func faultf(format string, args ...any) error { return fault(fmt.Sprintf(format, args...)) }

// faults keeps the first fault of each rank: AWS reports the lowest rank, not
// what stands leftmost.
type faults [6]error

func (f *faults) add(rank int, err error) {
	if err != nil && f[rank] == nil {
		f[rank] = err
	}
}

func (f *faults) first() error {
	for _, err := range f {
		if err != nil {
			return err
		}
	}
	return nil
}
