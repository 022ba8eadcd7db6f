package states

import (
	"fmt"

	"github.com/klauspost/compress/zstd"
)

// A compressor makes journals small. Many goroutines may share it.
type compressor struct {
	enc *zstd.Encoder
	dec *zstd.Decoder
}

func newCompressor() *compressor {
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(2), zstd.WithEncoderCRC(false), zstd.WithLowerEncoderMem(true), zstd.WithWindowSize(32<<10))
	if err != nil {
		panic(err)
	}
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(2), zstd.WithDecoderLowmem(true))
	if err != nil {
		panic(err)
	}
	return &compressor{enc: enc, dec: dec}
}

func (c *compressor) compress(events []byte) []byte {
	return c.enc.EncodeAll(events, make([]byte, 0, len(events)/4))
}

func (c *compressor) decompress(block []byte) []byte {
	events, err := c.dec.DecodeAll(block, nil)
	if err != nil {
		panic(fmt.Sprintf("states: a stored history cannot be decompressed: %v", err))
	}
	return events
}
