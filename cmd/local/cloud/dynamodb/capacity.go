package dynamodb

import (
	"sync/atomic"
)

// Capacity units, after
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html

// writeUnits are what writing an item of the given size costs: one per KB
// begun, at least one.
func writeUnits(size int) int { return max(1, (size+1023)/1024) }

// readUnits are what reading the given size costs: one per 4 KB begun, at
// least one, and half of it if the read may be stale.
func readUnits(size int, consistent bool) float64 {
	n := float64(max(1, (size+4095)/4096))
	if consistent {
		return n
	}
	return n / 2
}

// transactional is how often a transaction pays: to prepare and to commit.
const transactional = 2

type indexUnit struct {
	name  string
	units int
}

type indexUnits []indexUnit

// Capacity is what a table or an index consumed. The two members that tell
// reads from writes are filled by transactions alone.
type Capacity struct {
	CapacityUnits      float64
	ReadCapacityUnits  float64 `json:",omitzero"`
	WriteCapacityUnits float64 `json:",omitzero"`
}

// ConsumedCapacity is what one table consumed in a request.
type ConsumedCapacity struct {
	TableName string
	Capacity
	Table                  *Capacity           `json:",omitempty"`
	GlobalSecondaryIndexes map[string]Capacity `json:",omitempty"`
}

// bill gathers what one request consumed of one table.
type bill struct {
	table   *table
	read    float64
	write   float64
	byIndex map[string]Capacity
}

func (b *bill) addWrite(units int, indexes indexUnits) {
	b.write += float64(units)
	for _, x := range indexes {
		b.addIndex(x.name, Capacity{WriteCapacityUnits: float64(x.units)})
	}
}

func (b *bill) addIndex(name string, c Capacity) {
	if b.byIndex == nil {
		b.byIndex = make(map[string]Capacity)
	}
	sum := b.byIndex[name]
	sum.ReadCapacityUnits += c.ReadCapacityUnits
	sum.WriteCapacityUnits += c.WriteCapacityUnits
	b.byIndex[name] = sum
}

// settle counts the bill into the table's meter and gives it the form that was
// asked for: TOTAL, INDEXES, or NONE, which is none.
func (b *bill) settle(form string, split bool) *ConsumedCapacity {
	total := Capacity{ReadCapacityUnits: b.read, WriteCapacityUnits: b.write}
	for _, c := range b.byIndex {
		total.ReadCapacityUnits += c.ReadCapacityUnits
		total.WriteCapacityUnits += c.WriteCapacityUnits
	}
	b.table.meter.add(total.ReadCapacityUnits, total.WriteCapacityUnits)
	if form != "TOTAL" && form != "INDEXES" {
		return nil
	}
	out := &ConsumedCapacity{TableName: b.table.name, Capacity: total.shown(split)}
	if form == "TOTAL" {
		return out
	}
	own := Capacity{ReadCapacityUnits: b.read, WriteCapacityUnits: b.write}.shown(split)
	out.Table = &own
	for name, c := range b.byIndex {
		if out.GlobalSecondaryIndexes == nil {
			out.GlobalSecondaryIndexes = make(map[string]Capacity)
		}
		out.GlobalSecondaryIndexes[name] = c.shown(split)
	}
	return out
}

func (c Capacity) shown(split bool) Capacity {
	c.CapacityUnits = c.ReadCapacityUnits + c.WriteCapacityUnits
	if !split {
		c.ReadCapacityUnits, c.WriteCapacityUnits = 0, 0
	}
	return c
}

// meter sums a table's capacity units, in halves.
type meter struct{ reads, writes atomic.Int64 }

func (m *meter) add(read, write float64) {
	if read != 0 {
		m.reads.Add(int64(2 * read))
	}
	if write != 0 {
		m.writes.Add(int64(2 * write))
	}
}

func (m *meter) units() (read, write float64) {
	return float64(m.reads.Load()) / 2, float64(m.writes.Load()) / 2
}
