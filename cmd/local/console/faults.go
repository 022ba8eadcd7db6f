package console

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"orderflow/cmd/local/chaos"
)

// Faults are the switches of -chaos.
type Faults interface {
	Rates() chaos.Rates
	SetRates(ctx context.Context, rates chaos.Rates) error
	Seed() uint64
}

// faultsPage is the switches, and how one would set them at the start.
type faultsPage struct {
	Faults  []fault
	Seed    uint64
	Running bool
	Command string
	Told    string
}

type fault struct {
	Name    chaos.Fault
	Meaning string
	Rate    string
}

func (c *Console) loadFaults(_ context.Context, r *http.Request) (string, any, error) {
	return "Faults", c.faultsPage(c.Faults.Rates(), ""), nil
}

func (c *Console) faultsPage(rates chaos.Rates, told string) faultsPage {
	p := faultsPage{Seed: c.Faults.Seed(), Told: told}
	for _, f := range chaos.Faults() {
		if f == chaos.Jump {
			continue // it is for simulations
		}
		p.Faults = append(p.Faults, fault{f, chaos.Meanings[f], strconv.FormatFloat(rates[f], 'f', -1, 64)})
	}
	if text := rates.String(); text != "" {
		p.Running = true
		p.Command = fmt.Sprintf("go run ./cmd/local -chaos %s -seed %d", text, p.Seed)
	}
	return p
}

// setFaults takes the form's rates, all or none of them.
func (c *Console) setFaults(w http.ResponseWriter, r *http.Request) {
	if !c.form(w, r) {
		return
	}
	var asked []string
	for _, f := range chaos.Faults() {
		rate := strings.TrimSpace(r.PostFormValue(string(f)))
		if rate != "" && rate != "0" && r.PostFormValue("do") != "calm" {
			asked = append(asked, string(f)+"="+rate)
		}
	}
	rates, err := chaos.Rates{}, error(nil)
	if len(asked) > 0 {
		rates, err = chaos.Parse(strings.Join(asked, ","))
	}
	if err == nil {
		err = c.Faults.SetRates(r.Context(), rates)
	}
	if err == nil {
		http.Redirect(w, r, Prefix+"/faults", http.StatusSeeOther)
		return
	}
	told, _ := cutHint(err.Error(), "")
	c.answer(w, r, "faults", "Faults", http.StatusUnprocessableEntity, c.faultsPage(c.Faults.Rates(), told))
}
