package states

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"orderflow/statemachine/asl"
)

// A journal is an execution's history in few bytes: events in a binary form,
// compressed a block at a time. It is append-only.
type journal struct {
	blocks [][]byte // compressed, whole events each
	tail   []byte   // events not compressed yet
	count  int64
	size   int // of the events before compression

	// What the next event is written as a difference to.
	at   int64 // milliseconds since 1970
	data string
}

// blockSize is how many bytes of events wait to be compressed together.
const blockSize = 8 << 10

func (j *journal) append(c *compressor, e asl.HistoryEvent) {
	if j.tail == nil {
		j.tail = c.buffer()
	}
	enc := coder{buf: j.tail, at: j.at, data: j.data}
	enc.event(&e, j.count+1)
	j.tail, j.at, j.data = enc.buf, enc.at, enc.data
	j.count++
	if len(j.tail) >= blockSize {
		j.pack(c)
	}
}

// pack compresses what is not yet.
func (j *journal) pack(c *compressor) {
	if len(j.tail) > 0 {
		j.blocks = append(slices.Grow(j.blocks, 1), c.compress(j.tail))
		j.size += len(j.tail)
		c.release(j.tail)
		j.tail = nil
	}
}

// events are the journal's, oldest first, as they stand now. A journal that
// cannot be read back is a broken program.
func (j *journal) events(c *compressor) iter.Seq[asl.HistoryEvent] {
	blocks, tail := slices.Clone(j.blocks), slices.Clone(j.tail)
	return func(yield func(asl.HistoryEvent) bool) {
		dec := coder{decoding: true}
		id := int64(0)
		for i := range len(blocks) + 1 {
			dec.buf = tail
			if i < len(blocks) {
				dec.buf = c.decompress(blocks[i])
			}
			for len(dec.buf) > 0 {
				id++
				var e asl.HistoryEvent
				dec.event(&e, id)
				if dec.err != nil {
					panic(fmt.Sprintf("states: history event %d cannot be read back: %v", id, dec.err))
				}
				if !yield(e) {
					return
				}
			}
		}
	}
}

// coder writes or reads events, both ways by the same steps. What it writes it
// never changes: others may hold the event too. Integers are varints and
// strings carry their length.
type coder struct {
	decoding bool
	buf      []byte // appended to, or consumed
	err      error

	at   int64  // the last event's timestamp
	data string // the last payload: one state's output is the next one's input
}

// Each event begins with its type's position in eventKinds plus kindOffset,
// with 1 added for one that has details. Types not listed are JSON.
const (
	kindJSON   = 0
	kindOffset = 2
)

func (c *coder) event(e *asl.HistoryEvent, id int64) {
	kind, details := kindJSON, e.Details != nil
	if i := slices.IndexFunc(eventKinds, func(k eventKind) bool { return k.name == e.Type }); i >= 0 &&
		e.ID == id && (!details || eventKinds[i].details != nil) {
		kind = kindOffset + 2*i
		if details {
			kind++
		}
	}
	kind = int(c.integer(int64(kind)))
	if kind == kindJSON {
		c.fallback(e)
		return
	}
	c.at += c.integer(e.Timestamp.UnixMilli() - c.at)
	previous := id - c.integer(id-e.PreviousID)
	if c.decoding {
		k := (kind - kindOffset) / 2
		if k < 0 || k >= len(eventKinds) {
			c.err = fmt.Errorf("no kind %d", kind)
			return
		}
		*e = asl.HistoryEvent{ID: id, PreviousID: previous, Timestamp: time.UnixMilli(c.at).UTC(), Type: eventKinds[k].name}
		if (kind-kindOffset)%2 == 1 {
			e.Details = eventKinds[k].details()
		}
	}
	if e.Details != nil {
		c.details(e.Details)
	}
}

func (c *coder) fallback(e *asl.HistoryEvent) {
	var text string
	if !c.decoding {
		b, err := json.Marshal(e)
		if err != nil {
			panic(fmt.Sprintf("states: history event %q cannot be stored: %v", e.Type, err))
		}
		text = string(b)
	}
	c.text(&text)
	if c.decoding && c.err == nil {
		c.err = json.Unmarshal([]byte(text), e)
	}
}

// integer writes v, or reads and returns one.
func (c *coder) integer(v int64) int64 {
	if !c.decoding {
		c.buf = binary.AppendVarint(c.buf, v)
		return v
	}
	v, n := binary.Varint(c.buf)
	if n <= 0 {
		c.fail()
		return 0
	}
	c.buf = c.buf[n:]
	return v
}

func (c *coder) fail() {
	c.err = errors.New("the bytes end early")
	c.buf = nil
}

func (c *coder) text(s *string) {
	n := c.integer(int64(len(*s)))
	if !c.decoding {
		c.buf = append(c.buf, *s...)
		return
	}
	c.take(s, n)
}

func (c *coder) take(s *string, n int64) {
	if n < 0 || n > int64(len(c.buf)) {
		c.fail()
		return
	}
	*s, c.buf = string(c.buf[:n]), c.buf[n:]
}

// payload is text that often repeats the payload before it: length -1.
func (c *coder) payload(s *string) {
	n := int64(len(*s))
	if !c.decoding && n > 0 && *s == c.data {
		n = -1
	}
	n = c.integer(n)
	switch {
	case !c.decoding:
		if n > 0 {
			c.buf = append(c.buf, *s...)
		}
	case n < 0:
		*s = c.data
	default:
		c.take(s, n)
	}
	c.data = *s
}

func (c *coder) optionalText(s **string) {
	if c.present(*s != nil) {
		if c.decoding {
			*s = new(string)
		}
		c.text(*s)
	}
}

func (c *coder) optionalInteger(v **int64) {
	if c.present(*v != nil) {
		if c.decoding {
			*v = new(int64)
		}
		c.number(*v)
	}
}

func (c *coder) number(v *int64) {
	if n := c.integer(*v); c.decoding {
		*v = n
	}
}

func (c *coder) dataDetails(d **asl.DataDetails) {
	if c.present(*d != nil) {
		if c.decoding {
			*d = new(asl.DataDetails)
		}
		if truncated := c.present((*d).Truncated); c.decoding {
			(*d).Truncated = truncated
		}
	}
}

func (c *coder) texts(m *map[string]string) {
	n := c.integer(int64(len(*m)))
	if n == 0 {
		return
	}
	if !c.decoding {
		keys := make([]string, 0, n)
		for k := range *m {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		for _, k := range keys {
			v := (*m)[k]
			c.text(&k)
			c.text(&v)
		}
		return
	}
	*m = map[string]string{}
	for range n {
		var k, v string
		c.text(&k)
		c.text(&v)
		if c.err != nil {
			return
		}
		(*m)[k] = v
	}
}

// present writes a flag, or reads and returns one.
func (c *coder) present(flag bool) bool {
	v := int64(0)
	if flag {
		v = 1
	}
	return c.integer(v) == 1
}
