package dynamodb

import (
	"hash/fnv"
	"iter"
	"slices"

	"orderflow/cmd/local/cloud/dynamodb/attribute"
	"orderflow/cmd/local/cloud/dynamodb/expression"
	"orderflow/cmd/local/cloud/storage"
)

// Reading is what Query and Scan have in common.
type Reading struct {
	TableName              string
	IndexName              *string
	Select                 string
	Limit                  *int
	ConsistentRead         bool
	ExclusiveStartKey      attribute.Map
	FilterExpression       *string
	ProjectionExpression   *string
	ReturnConsumedCapacity string
	Placeholders
}

// PageOutput is a page of a Query or a Scan.
type PageOutput struct {
	Items               []attribute.Map // nil when only the count was asked for
	Count, ScannedCount int
	LastEvaluatedKey    attribute.Map // nil at the end
	ConsumedCapacity    *ConsumedCapacity
}

type (
	QueryOutput = PageOutput
	ScanOutput  = PageOutput
)

// maxPage is how many bytes of items one page evaluates before it ends.
const maxPage = 1 << 20

// A reader walks a table or an index.
type reader struct {
	table   *table
	index   *index // nil reads the table
	keys    schema
	records storage.Table[*record]

	filter     *expression.Condition
	projection *expression.Projection
	countOnly  bool
	limit      int // items evaluated, 0 without limit
	segment    func(*record) bool
}

func (in *Reading) check() error {
	if err := checkTableName(in.TableName); err != nil {
		return err
	}
	if in.IndexName != nil {
		if err := checkIndexName(*in.IndexName); err != nil {
			return err
		}
	}
	if err := checkConsumed(in.ReturnConsumedCapacity); err != nil {
		return err
	}
	if err := checkEnum("select", in.Select, "SPECIFIC_ATTRIBUTES", "COUNT", "ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES"); err != nil {
		return err
	}
	if in.Limit != nil && *in.Limit < 1 {
		return violation(*in.Limit, "limit", "have value greater than or equal to 1")
	}
	return nil
}

// reader finds the table and the index, the expressions being bound.
func (s *Service) reader(in *Reading) (*reader, error) {
	t, err := s.table(in.TableName)
	if err != nil {
		return nil, err
	}
	r := &reader{table: t, keys: t.keys, records: t.items, countOnly: in.Select == "COUNT"}
	if in.Limit != nil {
		r.limit = *in.Limit
	}
	if in.IndexName == nil {
		return r, nil
	}
	i := slices.IndexFunc(t.indexes, func(x *index) bool { return x.name == *in.IndexName })
	if i < 0 {
		return nil, attribute.Invalid("The table does not have the specified index: %s", *in.IndexName)
	}
	if in.ConsistentRead {
		return nil, attribute.Invalid("Consistent reads are not supported on global secondary indexes")
	}
	r.index = t.indexes[i]
	r.keys, r.records = r.index.keys, r.index.entries
	return r, nil
}

// checkSelect refuses a Select that does not go with the rest.
func (r *reader) checkSelect(in *Reading, verb string) error {
	projecting := in.ProjectionExpression != nil
	switch in.Select {
	case "ALL_ATTRIBUTES":
		if projecting {
			return attribute.Invalid("Cannot specify the ProjectionExpression when choosing to get ALL_ATTRIBUTES")
		}
		if r.index != nil && r.index.projected != nil {
			return attribute.Invalid("One or more parameter values were invalid: Select type ALL_ATTRIBUTES is not supported for global secondary index %s because its projection type is not ALL", r.index.name)
		}
	case "ALL_PROJECTED_ATTRIBUTES":
		if projecting {
			return attribute.Invalid("Cannot specify the ProjectionExpression when choosing to get ALL_PROJECTED_ATTRIBUTES")
		}
		if r.index == nil {
			return attribute.Invalid("ALL_PROJECTED_ATTRIBUTES can be used only when %s using an IndexName", verb)
		}
	case "COUNT":
		if projecting {
			return attribute.Invalid("Cannot specify the ProjectionExpression when choosing to get only the Count")
		}
	case "SPECIFIC_ATTRIBUTES":
		if !projecting {
			return attribute.Invalid("Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES")
		}
	}
	if projecting && r.index != nil && r.index.projected != nil {
		for _, path := range r.projection.Paths {
			if !slices.Contains(r.index.projected, path.Head()) {
				return attribute.Invalid("One or more parameter values were invalid: Global secondary index %s does not project [%s]", r.index.name, path.Head())
			}
		}
	}
	return nil
}

// startNames are the attributes of a LastEvaluatedKey: the index's and the
// table's key.
func (r *reader) startNames() []string {
	names := r.table.keys.names()
	if r.index != nil {
		for _, name := range r.index.keys.names() {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}

// startKey is where the page before ended, "" for the first page.
func (r *reader) startKey(start attribute.Map) (string, error) {
	if start == nil {
		return "", nil
	}
	names := r.startNames()
	fits := len(start) == len(names) && r.keys.in(start) && r.table.keys.in(start)
	if !fits {
		return "", attribute.Invalid("The provided starting key is invalid")
	}
	for i, k := range r.table.keys {
		if err := checkKeyValue(k, start.Get(k.name), i == 0); err != nil {
			return "", attribute.Invalid("The provided starting key is invalid: %s", sentence(err))
		}
	}
	b := r.keys.appendKey(nil, start)
	if r.index != nil {
		b = r.table.keys.appendKey(b, start)
	}
	return string(b), nil
}

// page reads records until the limit or the page is full. The lock is held.
func (r *reader) page(records iter.Seq[*record]) (out *PageOutput, size int) {
	out = &PageOutput{}
	if !r.countOnly {
		out.Items = []attribute.Map{}
	}
	for record := range records {
		if r.segment != nil && !r.segment(record) {
			continue
		}
		out.ScannedCount++
		size += record.size
		if r.filter == nil || r.filter.Holds(record.item) {
			out.Count++
			if !r.countOnly {
				out.Items = append(out.Items, r.picked(record.item))
			}
		}
		if out.ScannedCount == r.limit || size >= maxPage {
			out.LastEvaluatedKey = record.item.Project(r.startNames())
			break
		}
	}
	return out, size
}

func (r *reader) picked(item attribute.Map) attribute.Map {
	if r.projection == nil {
		return item
	}
	if part := r.projection.Of(item); part != nil {
		return part
	}
	return attribute.Map{}
}

// bill is what reading size bytes costs.
func (r *reader) bill(size int, consistent bool) bill {
	b := bill{table: r.table}
	n := readUnits(size, consistent)
	if r.index == nil {
		b.read = n
	} else {
		b.addIndex(r.index.name, Capacity{ReadCapacityUnits: n})
	}
	return b
}

// A span is the keys >= from and < to; an empty to is no bound.
type span struct{ from, to string }

// in walks the span, beginning past the start key.
func (r *reader) in(s span, start string, forward bool) iter.Seq[*record] {
	return func(yield func(*record) bool) {
		if forward {
			from := s.from
			if start != "" {
				from = max(from, start+"\x00")
			}
			for key, record := range r.records.Ascend(from) {
				if s.to != "" && key >= s.to || !yield(record) {
					return
				}
			}
			return
		}
		to := s.to
		if start != "" {
			to = min(to, start)
		}
		for key, record := range r.records.Descend(to) {
			if key < s.from {
				return
			}
			if key < to && !yield(record) {
				return
			}
		}
	}
}

// inSegment tells whether a record is in one of total segments, by its
// partition key.
func (r *reader) inSegment(segment, total int) func(*record) bool {
	hash, h := r.keys[:1], fnv.New32a()
	var key []byte
	return func(record *record) bool {
		key = hash.appendKey(key[:0], record.item)
		h.Reset()
		h.Write(key)
		return int(h.Sum32()%uint32(total)) == segment
	}
}
