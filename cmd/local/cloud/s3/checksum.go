package s3

import (
	"bytes"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"hash/crc32"
	"hash/crc64"
	"net/http"
	"strings"
)

// A Checksum is one of an object's whole body: the algorithm as in the header
// X-Amz-Checksum-, and base64 of the sum.
type Checksum struct{ Algorithm, Value string }

const checksumHeader = "X-Amz-Checksum-"

var (
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
	nvme       = crc64.MakeTable(0x9a6c9329ac4bc9b5)
)

// sum is nil for an algorithm that is not honoured.
func sum(algorithm string, body []byte) []byte {
	switch algorithm {
	case "Crc32":
		return binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE(body))
	case "Crc32c":
		return binary.BigEndian.AppendUint32(nil, crc32.Checksum(body, castagnoli))
	case "Crc64nvme":
		return binary.BigEndian.AppendUint64(nil, crc64.Checksum(body, nvme))
	case "Sha1":
		s := sha1.Sum(body)
		return s[:]
	case "Sha256":
		s := sha256.Sum256(body)
		return s[:]
	}
	return nil
}

// defaultChecksum is what S3 adds to an object that came without one.
func defaultChecksum(body []byte) Checksum {
	return Checksum{"Crc64nvme", base64.StdEncoding.EncodeToString(sum("Crc64nvme", body))}
}

// verify compares the body with every digest that came with it, in headers or
// trailers, and returns the checksums to keep.
func verify(h http.Header, body []byte) ([]Checksum, error) {
	if text, ok := h["Content-Md5"]; ok {
		want, err := base64.StdEncoding.DecodeString(text[0])
		if err != nil || len(want) != md5.Size {
			return nil, fail(http.StatusBadRequest, "InvalidDigest", "The Content-MD5 you specified was invalid.", "Content-MD5", text[0])
		}
		if got := md5.Sum(body); !bytes.Equal(got[:], want) {
			return nil, badDigest("The Content-MD5 you specified did not match what we received.")
		}
	}
	if text := h.Get("X-Amz-Content-Sha256"); len(text) == 2*sha256.Size {
		if got := sha256.Sum256(body); hex.EncodeToString(got[:]) != text {
			return nil, fail(http.StatusBadRequest, "XAmzContentSHA256Mismatch", "The provided 'x-amz-content-sha256' header does not match what was computed.", "ClientComputedContentSHA256", text)
		}
	}
	var out []Checksum
	for name, values := range h {
		algorithm, ok := strings.CutPrefix(name, checksumHeader)
		if !ok || algorithm == "Type" || algorithm == "Mode" || algorithm == "Algorithm" {
			continue
		}
		got := sum(algorithm, body)
		if got == nil {
			return nil, headerNotImplemented(strings.ToLower(name))
		}
		want, err := base64.StdEncoding.DecodeString(values[0])
		if err != nil || len(want) != len(got) {
			return nil, fail(http.StatusBadRequest, "InvalidRequest", "Value for "+strings.ToLower(name)+" header is invalid.", "", "")
		}
		if !bytes.Equal(got, want) {
			return nil, badDigest("The " + strings.ToUpper(algorithm) + " you specified did not match the calculated checksum.")
		}
		out = append(out, Checksum{algorithm, values[0]})
	}
	return out, nil
}
