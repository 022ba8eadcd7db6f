package sqs

import (
	"encoding/base64"
	"encoding/binary"
	"strings"
)

// A receipt names one receipt of one message: the queue's identity, the
// message's sequence number in it, and which of its receipts this was.
type receipt struct {
	queue    uint64
	sequence uint64
	receives int
}

// receiptPrefix begins every handle, as it does on AWS.
const receiptPrefix = "AQEB"

const receiptSize = 8 + 8 + 5

func (r receipt) handle() string {
	var raw [8 + 8 + 8]byte
	binary.BigEndian.PutUint64(raw[0:], r.queue)
	binary.BigEndian.PutUint64(raw[8:], r.sequence)
	binary.BigEndian.PutUint64(raw[16:], uint64(r.receives)<<24)
	var text [len(receiptPrefix) + receiptSize*4/3]byte
	copy(text[:], receiptPrefix)
	base64.StdEncoding.Encode(text[len(receiptPrefix):], raw[:receiptSize])
	return string(text[:])
}

func parseReceipt(handle string) (receipt, bool) {
	text, ok := strings.CutPrefix(handle, receiptPrefix)
	if !ok || len(text) != receiptSize*4/3 {
		return receipt{}, false
	}
	var raw [24]byte
	if n, err := base64.StdEncoding.Strict().Decode(raw[:], []byte(text)); err != nil || n != receiptSize {
		return receipt{}, false
	}
	return receipt{
		queue:    binary.BigEndian.Uint64(raw[0:]),
		sequence: binary.BigEndian.Uint64(raw[8:]),
		receives: int(binary.BigEndian.Uint64(raw[16:]) >> 24),
	}, true
}
