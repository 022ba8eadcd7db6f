package states

import (
	"bytes"
	"encoding/base32"
	"encoding/binary"
	"encoding/hex"
	"hash/crc32"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"github.com/google/uuid"
)

// requestID makes up what AWS would call a request: the same for one attempt
// of one task, so that an execution can be replayed.
type requestID struct {
	seed uint64
	task int64
}

// in is the ID in the form of a service: DynamoDB has its own.
func (r requestID) in(a *api) string {
	rnd := rand.New(rand.NewPCG(r.seed, uint64(r.task)))
	var b [32]byte
	for i := 0; i < len(b); i += 8 {
		binary.LittleEndian.PutUint64(b[i:], rnd.Uint64())
	}
	if a.prefix == "DynamoDB" {
		return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b[:])
	}
	id, _ := uuid.NewRandomFromReader(bytes.NewReader(b[:])) // 16 bytes are there
	return id.String()
}

// headers are those of the HTTP answer that an optimised integration shows,
// in AWS's order, which differs between its two lists.
type headers struct {
	id, version string
	list        []header
	sorted      []int // the positions in list of HttpHeaders' order
}

type header struct{ name, value string }

func newHeaders(id, version string) *headers { return &headers{id: id, version: version} }

func (h *headers) set(sorted []int, list ...header) { h.list, h.sorted = list, sorted }

func date() string { return time.Now().UTC().Format(http.TimeFormat) }

func dynamodbHeaders(h *headers, body []byte) {
	h.set([]int{1, 4, 6, 5, 0, 3, 2},
		header{"Server", "Server"},
		header{"Connection", "keep-alive"},
		header{"x-amzn-RequestId", h.id},
		header{"x-amz-crc32", strconv.FormatUint(uint64(crc32.ChecksumIEEE(body)), 10)},
		header{"Content-Length", strconv.Itoa(len(body))},
		header{"Date", date()},
		header{"Content-Type", "application/x-amz-json-1.0"})
}

func snsHeaders(h *headers, _ []byte) {
	const publishResponse = "294" // bytes of the XML that carries a message ID
	h.set([]int{1, 2, 4, 3, 0},
		header{"x-amzn-RequestId", h.id},
		header{"connection", "keep-alive"},
		header{"Content-Length", publishResponse},
		header{"Date", date()},
		header{"Content-Type", "text/xml"})
}

func sqsHeaders(h *headers, body []byte) {
	h.set([]int{1, 2, 4, 3, 0},
		header{"x-amzn-RequestId", h.id},
		header{"connection", "keep-alive"},
		header{"Content-Length", strconv.Itoa(len(body))},
		header{"Date", date()},
		header{"Content-Type", "application/x-amz-json-1.0"})
}

func lambdaHeaders(h *headers, body []byte) {
	crc := crc32.ChecksumIEEE([]byte(h.id))
	trace := hex.EncodeToString(binary.BigEndian.AppendUint32(nil, crc)) + h.id[len(h.id)-12:] + h.id[:4]
	h.set([]int{2, 4, 7, 5, 0, 1, 3, 6},
		header{"X-Amz-Executed-Version", h.version},
		header{"x-amzn-Remapped-Content-Length", "0"},
		header{"Connection", "keep-alive"},
		header{"x-amzn-RequestId", h.id},
		header{"Content-Length", strconv.Itoa(len(body))},
		header{"Date", date()},
		header{"X-Amzn-Trace-Id", "root=1-" + strconv.FormatInt(time.Now().Unix(), 16) + "-" + trace + ";sampled=0"},
		header{"Content-Type", "application/json"})
}

// append writes the members SdkHttpMetadata and SdkResponseMetadata.
func (h *headers) append(b []byte) []byte {
	b = append(b, `"SdkHttpMetadata":{"AllHttpHeaders":{`...)
	for i, e := range h.list {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, '"')
		b = append(b, e.name...)
		b = append(b, `":[`...)
		b = appendQuoted(b, e.value)
		b = append(b, ']')
	}
	b = append(b, `},"HttpHeaders":{`...)
	for i, at := range h.sorted {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, '"')
		b = append(b, h.list[at].name...)
		b = append(b, `":`...)
		b = appendQuoted(b, h.list[at].value)
	}
	b = append(b, `},"HttpStatusCode":200},"SdkResponseMetadata":{"RequestId":`...)
	b = appendQuoted(b, h.id)
	return append(b, '}')
}

// withMetadata adds to a service's answer what an optimised integration shows
// of the call.
func withMetadata(output []byte, a *api, id requestID) []byte {
	h := newHeaders(id.in(a), "")
	a.headers(h, output)
	b := append(make([]byte, 0, len(output)+900), output[:len(output)-1]...)
	if len(output) > len("{}") {
		b = append(b, ',')
	}
	return append(h.append(b), '}')
}
