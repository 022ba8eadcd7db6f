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
func wantJSON(headers map[string]string) error {
	refused := func(detail string) error {
		return problem{Type: typeMediaType, Title: "The media type is not supported", Status: http.StatusUnsupportedMediaType, Detail: detail}
	}
	mediaType, params, err := mime.ParseMediaType(headers["content-type"])
	if err != nil || mediaType != "application/json" {
		return refused("send the order as content-type application/json")
	}
	if charset, ok := params["charset"]; ok && !strings.EqualFold(charset, "utf-8") {
		return refused("JSON is UTF-8, whatever else the content-type says")
	}
	if encoding := headers["content-encoding"]; encoding != "" && !strings.EqualFold(encoding, "identity") {
		return refused("send the order without a content-encoding")
	}
	return nil
}

// A node is a JSON value that remembers all its text said: also a member given
// twice, which Go's own decoding would forget.
type node struct {
	value   any // nil, bool, json.Number, string, []node or []member
	pointer string
}

type member struct {
	name string
	node node
}

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
	var checked json.RawMessage
	if err := json.Unmarshal(body, &checked); err != nil {
		if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
			return node{}, at(fmt.Sprintf("%s, at byte %d", syntax, syntax.Offset))
		}
		return node{}, at(err.Error())
	}
	n, err := readNode(jx.DecodeBytes(body), "", maxDepth)
	if errors.Is(err, errTooDeep) {
		return node{}, at(fmt.Sprintf("arrays and objects lie more than %d deep in one another", maxDepth))
	}
	if err != nil {
		return node{}, at(err.Error())
	}
	return n, nil
}

var errTooDeep = errors.New("api: JSON is too deep")

// readNode reads the value at a pointer, with at most depth levels in it.
func readNode(d *jx.Decoder, pointer string, depth int) (node, error) {
	var value any
	var err error
	switch d.Next() {
	case jx.Object:
		return readObject(d, pointer, depth)
	case jx.Array:
		return readArray(d, pointer, depth)
	case jx.String:
		value, err = d.Str()
	case jx.Number:
		var num jx.Num
		num, err = d.Num()
		value = json.Number(num)
	case jx.Bool:
		value, err = d.Bool()
	default:
		err = d.Null()
	}
	return node{value, pointer}, err
}

func readArray(d *jx.Decoder, pointer string, depth int) (node, error) {
	if depth == 0 {
		return node{}, errTooDeep
	}
	elements := []node{}
	err := d.Arr(func(d *jx.Decoder) error {
		n, err := readNode(d, pointer+"/"+strconv.Itoa(len(elements)), depth-1)
		elements = append(elements, n)
		return err
	})
	return node{elements, pointer}, err
}

func readObject(d *jx.Decoder, pointer string, depth int) (node, error) {
	if depth == 0 {
		return node{}, errTooDeep
	}
	members := []member{}
	err := d.Obj(func(d *jx.Decoder, name string) error {
		n, err := readNode(d, pointer+"/"+escapePointer.Replace(name), depth-1)
		members = append(members, member{name, n})
		return err
	})
	return node{members, pointer}, err
}

// escapePointer writes a name as a JSON pointer has it.
// https://www.rfc-editor.org/rfc/rfc6901#section-3
var escapePointer = strings.NewReplacer("~", "~0", "/", "~1")
