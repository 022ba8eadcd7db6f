package jsonata

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"math"
	"math/rand/v2"

	"github.com/google/uuid"
)

// What Step Functions adds. Arguments that make no sense yield nothing rather
// than an error, and fractions are cut, as it does.
// https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html#jsonata-functions-provided-by-sfn

func partition(c *call) (any, error) {
	if !c.given(0) || !c.given(1) {
		return Undefined, nil
	}
	size, err := c.number(1)
	if err != nil {
		return nil, err
	}
	list := items(c.args[0])
	n := int(min(max(size, 0), maxItems))
	if n < 1 || len(list) == 0 {
		return Undefined, nil
	}
	chunks := NewArray()
	for len(list) > 0 {
		m := min(n, len(list))
		chunks.push(NewArray(list[:m:m]...))
		list = list[m:]
	}
	return chunks, nil
}

// maxRange is how many items Step Functions lets $range make.
const maxRange = 360_145

func rangeOf(c *call) (any, error) {
	if len(c.args) < 3 || !c.given(0) || !c.given(1) || !c.given(2) {
		return Undefined, nil
	}
	var bounds [3]float64
	for i := range bounds {
		x, err := c.number(i)
		if err != nil {
			return nil, err
		}
		bounds[i] = math.Trunc(x)
	}
	start, end, step := bounds[0], bounds[1], bounds[2]
	if step == 0 || (end-start)*step < 0 {
		return Undefined, nil
	}
	n := math.Floor((end-start)/step) + 1
	if !(n <= maxRange) {
		return nil, failed("D2014", "Expression evaluation memory limit exceeded")
	}
	seq := newSequence()
	for i := range int(n) {
		seq.push(start + float64(i)*step)
	}
	return seq, nil
}

func hash(c *call) (any, error) {
	if len(c.args) < 2 || !c.given(0) || !c.given(1) {
		return Undefined, nil
	}
	s, err := c.string(0)
	if err != nil {
		return nil, err
	}
	algorithm, err := c.string(1)
	if err != nil {
		return nil, err
	}
	var digest []byte
	switch algorithm {
	case "MD5":
		sum := md5.Sum([]byte(s))
		digest = sum[:]
	case "SHA-1":
		sum := sha1.Sum([]byte(s))
		digest = sum[:]
	case "SHA-256":
		sum := sha256.Sum256([]byte(s))
		digest = sum[:]
	case "SHA-384":
		sum := sha512.Sum384([]byte(s))
		digest = sum[:]
	case "SHA-512":
		sum := sha512.Sum512([]byte(s))
		digest = sum[:]
	default:
		return nil, failed("D3137", "Unsupported hash algorithm: %s", quoted(algorithm))
	}
	return hex.EncodeToString(digest), nil
}

func random(c *call) (any, error) {
	if len(c.args) > 0 && c.given(0) {
		seed, err := c.number(0)
		if err != nil {
			return nil, err
		}
		return rand.New(rand.NewPCG(uint64(int64(seed)), 0)).Float64(), nil
	}
	return float64(c.ev.env.Random()>>11) / (1 << 53), nil
}

func newUUID(c *call) (any, error) {
	var id uuid.UUID
	for i := 0; i < len(id); i += 8 {
		word := c.ev.env.Random()
		for j := range 8 {
			id[i+j] = byte(word >> (8 * j))
		}
	}
	id[6] = id[6]&0x0f | 0x40
	id[8] = id[8]&0x3f | 0x80
	return id.String(), nil
}

func parse(c *call) (any, error) {
	return onString(c, func(s string) (any, error) {
		v, err := Decode(s)
		if err != nil {
			return nil, failed("D3137", "Unable to parse JSON: %s", quoted(s))
		}
		return v, nil
	})
}
