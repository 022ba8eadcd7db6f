package api

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-faster/jx"
)

const (
	maxBody  = 64 << 10 // bytes
	maxDepth = 8        // of arrays and objects in one another; an order has 3
)

// jsonBody is the body of a request that says it is JSON and is not too large.
func jsonBody(r request) ([]byte, error) {
	if err := wantJSON(r.Headers); err != nil {
		return nil, err
	}
	body := []byte(r.Body)
	if r.IsBase64Encoded {
		var err error
		if body, err = base64.StdEncoding.DecodeString(r.Body); err != nil {
			return nil, invalid("the body is not the base64 that it is said to be")
		}
	}
	if len(body) > maxBody {
		return nil, problem{
			Type:   typeTooLarge,
			Title:  "The request is too large",
			Status: http.StatusRequestEntityTooLarge,
			Detail: fmt.Sprintf("the body has %d bytes, more than %d", len(body), maxBody),
		}
	}
	return body, nil
}

// wantJSON refuses what is not sent as application/json in UTF-8, plain.
func wantJSON(h headers) error {
	refused := func(detail string) error {
		return problem{Type: typeMediaType, Title: "The media type is not supported", Status: http.StatusUnsupportedMediaType, Detail: detail}
	}
	mediaType, params, err := mime.ParseMediaType(h.ContentType)
	if err != nil || mediaType != "application/json" {
		return refused("send the order as content-type application/json")
	}
	if charset, ok := params["charset"]; ok && !strings.EqualFold(charset, "utf-8") {
		return refused("JSON is UTF-8, whatever else the content-type says")
	}
	if encoding := h.ContentEncoding; encoding != "" && !strings.EqualFold(encoding, "identity") {
		return refused("send the order without a content-encoding")
	}
	return nil
}

// A document is a JSON text taken apart: its values in the order of their
// text, each before those that are in it. It remembers all that was said: also
// a member given twice, which Go's own decoding would forget.
type document struct{ values []value }

type value struct {
	kind  jx.Type
	text  string // what a string says; a number as it is written
	name  string // of a member
	index int    // of an element
	in    int    // the value that it is in; -1: none
	next  int    // the first value that is not in it
}

// A node is a value of a document.
type node struct {
	doc *document
	at  int
}

func (n node) kind() jx.Type { return n.doc.values[n.at].kind }
func (n node) text() string  { return n.doc.values[n.at].text }
func (n node) name() string  { return n.doc.values[n.at].name }

// first is an object's first member, or an array's first element.
func (n node) first() (_ node, ok bool) {
	return node{n.doc, n.at + 1}, n.at+1 < n.doc.values[n.at].next
}

// sibling is the next member or element of what a value is in.
func (n node) sibling() (_ node, ok bool) {
	v := n.doc.values[n.at]
	return node{n.doc, v.next}, v.in >= 0 && v.next < n.doc.values[v.in].next
}

// parts counts an object's members, or an array's elements.
func (n node) parts() (count int) {
	for part, ok := n.first(); ok; part, ok = part.sibling() {
		count++
	}
	return count
}

// pointer is the JSON pointer of a value.
// https://www.rfc-editor.org/rfc/rfc6901
func (n node) pointer() string {
	v := n.doc.values[n.at]
	if v.in < 0 {
		return ""
	}
	in := node{n.doc, v.in}
	if in.kind() == jx.Array {
		return in.pointer() + "/" + strconv.Itoa(v.index)
	}
	return in.pointer() + "/" + escapePointer.Replace(v.name)
}

// escapePointer writes a name as a JSON pointer has it.
// https://www.rfc-editor.org/rfc/rfc6901#section-3
var escapePointer = strings.NewReplacer("~", "~0", "/", "~1")

// parseJSON reads one JSON value. Errors are problems that name the place.
func parseJSON(body []byte) (node, error) {
	root := ""
	at := func(detail string) error {
		return invalid("the body is not JSON", violation{Pointer: &root, Detail: detail})
	}
	if len(bytes.TrimSpace(body)) == 0 {
		return node{}, at("the body is empty")
	}
	if !utf8.Valid(body) {
		return node{}, at("the body is not UTF-8")
	}
	// The reader below takes some text that is not JSON, and tells less of why
	// not: check the syntax first.
	if !json.Valid(body) {
		var checked json.RawMessage
		err := json.Unmarshal(body, &checked)
		if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
			return node{}, at(fmt.Sprintf("%s, at byte %d", syntax, syntax.Offset))
		}
		return node{}, at(fmt.Sprint(err))
	}
	doc := &document{make([]value, 0, usualValues)}
	err := doc.read(jx.DecodeBytes(body), value{in: -1}, maxDepth)
	if errors.Is(err, errTooDeep) {
		return node{}, at(fmt.Sprintf("arrays and objects lie more than %d deep in one another", maxDepth))
	}
	if err != nil {
		return node{}, at(err.Error())
	}
	return node{doc, 0}, nil
}

// usualValues are as many as an order of a few lines has.
const usualValues = 32

var errTooDeep = errors.New("api: JSON is too deep")

// read reads a value of which it is known where it is, with at most depth
// levels in it.
func (doc *document) read(d *jx.Decoder, v value, depth int) (err error) {
	at := len(doc.values)
	v.kind = d.Next()
	doc.values = append(doc.values, v)
	switch v.kind {
	case jx.Object, jx.Array:
		if depth == 0 {
			return errTooDeep
		}
		err = doc.readParts(d, v.kind, at, depth-1)
	case jx.String:
		doc.values[at].text, err = d.Str()
	case jx.Number:
		var number jx.Num
		number, err = d.Num()
		doc.values[at].text = string(number)
	default:
		err = d.Skip()
	}
	doc.values[at].next = len(doc.values)
	return err
}

func (doc *document) readParts(d *jx.Decoder, kind jx.Type, in, depth int) error {
	if kind == jx.Object {
		return d.ObjBytes(func(d *jx.Decoder, name []byte) error {
			return doc.read(d, value{in: in, name: known(name)}, depth)
		})
	}
	index := -1
	return d.Arr(func(d *jx.Decoder) error {
		index++
		return doc.read(d, value{in: in, index: index}, depth)
	})
}
