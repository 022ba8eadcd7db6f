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
	tailed int64    // how many
	alone  bool     // the tail can be read without the blocks
	count  int64
	size   int // of the events before compression
	since  int // of those in the blocks from the last one on that stands alone

	// What the next event is written as a difference to.
	at   int64 // milliseconds since 1970
	data string
}

const (
	// blockSize is how many bytes of events wait to be compressed together.
	blockSize = 8 << 10

	// A block stands alone after so many bytes, and so many times those of the
	// last payload, which it may have to repeat. Whoever asks for a late event
	// need not read the early ones; a long history grows by a sixteenth at
	// most, an order's not at all.
	aloneAfter    = 4 * blockSize
	alonePayloads = 16
)

// stored is the journal of these blocks.
func stored(blocks [][]byte) journal {
	j := journal{blocks: blocks}
	for _, b := range blocks {
		events, _, _ := unpack(b)
		j.count += events
	}
	return j
}

func (j *journal) append(c *compressor, e asl.HistoryEvent) {
	if j.tail == nil {
		j.tail = c.buffer()
		j.alone = j.count == 0 || j.since >= max(aloneAfter, alonePayloads*len(j.data))
		if j.alone {
			j.at, j.data, j.since = 0, "", 0
		}
	}
	enc := coder{buf: j.tail, at: j.at, data: j.data}
	enc.event(&e, j.count+1)
	j.tail, j.at, j.data = enc.buf, enc.at, enc.data
	j.count++
	j.tailed++
	if len(j.tail) >= blockSize {
		j.pack(c)
	}
}

// pack compresses what is not yet. A block begins with twice the number of its
// events, and one more if it stands alone.
func (j *journal) pack(c *compressor) {
	if len(j.tail) == 0 {
		return
	}
	header := uint64(j.tailed) << 1
	if j.alone {
		header++
	}
	j.blocks = append(slices.Grow(j.blocks, 1), c.compress(binary.AppendUvarint(nil, header), j.tail))
	j.size += len(j.tail)
	j.since += len(j.tail)
	c.release(j.tail)
	j.tail, j.tailed = nil, 0
}

func unpack(block []byte) (events int64, alone bool, packed []byte) {
	header, n := binary.Uvarint(block)
	return int64(header >> 1), header&1 == 1, block[n:]
}

// snapshot is the journal as it stands now, whatever is appended to it.
func (j *journal) snapshot() journal {
	now := *j
	now.blocks, now.tail = slices.Clone(j.blocks), slices.Clone(j.tail)
	return now
}

// events are those from an ID on, oldest first. A journal that cannot be read
// back is a broken program.
func (j *journal) events(c *compressor, from int64) iter.Seq[asl.HistoryEvent] {
	return func(yield func(asl.HistoryEvent) bool) {
		dec := coder{decoding: true}
		next, id := j.before(from)
		for ; next <= len(j.blocks); next++ {
			alone, bytes := j.alone, j.tail
			if next < len(j.blocks) {
				var packed []byte
				_, alone, packed = unpack(j.blocks[next])
				bytes = c.decompress(packed)
			}
			if alone {
				dec = coder{decoding: true}
			}
			for dec.buf = bytes; len(dec.buf) > 0; {
				id++
				var e asl.HistoryEvent
				dec.event(&e, id)
				if dec.err != nil {
					panic(fmt.Sprintf("states: history event %d cannot be read back: %v", id, dec.err))
				}
				if id >= from && !yield(e) {
					return
				}
			}
		}
	}
}

// before finds the last block that stands alone among those up to an event,
// and how many events are before it.
func (j *journal) before(id int64) (block int, events int64) {
	passed := int64(0)
	for i, b := range j.blocks {
		n, alone, _ := unpack(b)
		if alone && passed < id {
			block, events = i, passed
		}
		passed += n
	}
	if j.alone && j.tailed > 0 && passed < id {
		block, events = len(j.blocks), passed
	}
	return block, events
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
