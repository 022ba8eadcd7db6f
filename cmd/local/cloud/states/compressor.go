package states

import (
	"fmt"
	"sync/atomic"

	"github.com/klauspost/compress/s2"
)

// A compressor makes the journals of one state machine small. Histories of one
// machine are much alike: the first long one becomes the dictionary of all
// that follow. Many goroutines may share it.
type compressor struct{ dictionary atomic.Pointer[s2.Dict] }

// Block formats, in a block's first byte.
const (
	blockPlain = iota
	blockDictionary
)

func (c *compressor) compress(events []byte) []byte {
	block := make([]byte, 1, 1+s2.MaxEncodedLen(len(events)))
	if d := c.dictionary.Load(); d != nil {
		block[0] = blockDictionary
		block = append(block, d.Encode(block[1:1:cap(block)], events)...)
	} else {
		block = append(block, s2.Encode(block[1:1:cap(block)], events)...)
	}
	return append(make([]byte, 0, len(block)), block...)
}

func (c *compressor) decompress(block []byte) []byte {
	var events []byte
	var err error
	if block[0] == blockDictionary {
		events, err = c.dictionary.Load().Decode(nil, block[1:])
	} else {
		events, err = s2.Decode(nil, block[1:])
	}
	if err != nil {
		panic(fmt.Sprintf("states: a stored history cannot be decompressed: %v", err))
	}
	return events
}

// learn makes a history the dictionary, unless it is short or there is one.
func (c *compressor) learn(j *journal) {
	const short = 2 * blockSize
	if c.dictionary.Load() != nil {
		return
	}
	var events []byte
	for _, block := range j.blocks {
		events = append(events, c.decompress(block)...)
	}
	if len(events) < short {
		return
	}
	events = events[:min(len(events), s2.MaxDictSize)]
	if d := s2.MakeDictManual(events, 0); d != nil {
		c.dictionary.CompareAndSwap(nil, d)
	}
}
