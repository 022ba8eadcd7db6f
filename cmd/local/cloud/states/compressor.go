package states

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/klauspost/compress/s2"
)

// A compressor makes the journals of one state machine small. Histories of one
// machine are much alike: one becomes the dictionary of those that follow,
// until one comes that has much more to tell. Many goroutines may share it.
type compressor struct {
	dictionaries atomic.Pointer[[]dictionary] // in the order they were learnt
	buffers      sync.Pool                    // of *[]byte: journals' tails, and room to compress in
}

type dictionary struct {
	*s2.Dict
	size int // of the history that it was made from, in bytes
}

// What is compressed begins with the number of its dictionary: 1 is the first, 0
// none.
const maxDictionaries = 4

func (c *compressor) known() []dictionary {
	if d := c.dictionaries.Load(); d != nil {
		return *d
	}
	return nil
}

func (c *compressor) buffer() []byte {
	if b, ok := c.buffers.Get().(*[]byte); ok {
		return *b
	}
	return make([]byte, 0, 2*blockSize)
}

func (c *compressor) release(b []byte) {
	if cap(b) <= 4*blockSize { // no memory is kept for the rare huge event
		b = b[:0]
		c.buffers.Put(&b)
	}
}

// compress compresses events behind a header.
func (c *compressor) compress(header, events []byte) []byte {
	room := slices.Grow(c.buffer(), s2.MaxEncodedLen(len(events)))
	var packed []byte
	known := c.known()
	if n := len(known); n > 0 {
		packed = known[n-1].Encode(room[:cap(room)], events)
	} else {
		packed = s2.Encode(room[:cap(room)], events)
	}
	block := append(make([]byte, 0, len(header)+1+len(packed)), header...)
	block = append(append(block, byte(len(known))), packed...)
	c.release(room)
	return block
}

// decompress is what was compressed, without its header.
func (c *compressor) decompress(block []byte) []byte {
	var events []byte
	var err error
	if n := block[0]; n > 0 {
		events, err = c.known()[n-1].Decode(nil, block[1:])
	} else {
		events, err = s2.Decode(nil, block[1:])
	}
	if err != nil {
		panic(fmt.Sprintf("states: a stored history cannot be decompressed: %v", err))
	}
	return events
}

// learn makes a packed history a dictionary if it holds much more than the
// last one.
func (c *compressor) learn(j *journal) {
	was := c.dictionaries.Load()
	known, longest := c.known(), blockSize/2
	if n := len(known); n > 0 {
		longest = known[n-1].size * 3 / 2
	}
	if size := min(j.size, s2.MaxDictSize); size < longest || len(known) == maxDictionaries {
		return
	}
	var events []byte
	for _, block := range j.blocks {
		_, _, packed := unpack(block)
		events = append(events, c.decompress(packed)...)
	}
	events = events[:min(len(events), s2.MaxDictSize)]
	if d := s2.MakeDictManual(events, 0); d != nil {
		c.dictionaries.CompareAndSwap(was, new(append(slices.Clone(known), dictionary{d, len(events)})))
	}
}
