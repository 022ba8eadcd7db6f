// Package apitest has requests to hold the orders API to, for tests of its
// handler and of the running system alike.
package apitest

import (
	"fmt"
	"net/http"
	"strings"
)

// Order is the body of a request that the API accepts.
const Order = `{
	"customer": {"id": "c-42", "name": "Ada Lovelace", "email": "ada@example.com", "phone": "+442079460000"},
	"items": [{"sku": "MUG-BLUE", "quantity": 2}],
	"shippingAddress": {"name": "Ada", "line1": "1 Byron St", "city": "London", "postalCode": "N1 1AA", "country": "GB"}
}`

// A Malformed request is one that the API refuses, and by that starts nothing.
type Malformed struct {
	Name   string
	Method string
	Target string // path and query
	Header map[string]string
	Body   string

	Status int      // of the answer, an application/problem+json
	Places []string // what its errors point at, in their order: pointers, parameters or headers
}

// MalformedRequests are requests that the API refuses.
func MalformedRequests() []Malformed {
	var all []Malformed
	post := func(name, body string, status int, places ...string) {
		all = append(all, Malformed{
			Name: name, Method: http.MethodPost, Target: "/orders",
			Header: map[string]string{"Content-Type": "application/json"}, Body: body,
			Status: status, Places: places,
		})
	}
	header := func(name, header, value string, status int, places ...string) {
		h := map[string]string{"Content-Type": "application/json"}
		h[header] = value
		all = append(all, Malformed{Name: name, Method: http.MethodPost, Target: "/orders", Header: h, Body: Order, Status: status, Places: places})
	}
	send := func(name, method, target string, status int, places ...string) {
		all = append(all, Malformed{Name: name, Method: method, Target: target, Status: status, Places: places})
	}

	// The body as a whole.
	const whole = ""
	post("an empty body", "", 400, whole)
	post("a blank body", " \n\t", 400, whole)
	post("no JSON", "order=1", 400, whole)
	post("JSON cut short", Order[:len(Order)-10], 400, whole)
	post("two values", Order+Order, 400, whole)
	post("text after the value", Order+" thanks", 400, whole)
	post("a comma too many", swap(`"quantity": 2}`, `"quantity": 2,}`), 400, whole)
	post("single quotes", strings.ReplaceAll(Order, `"`, `'`), 400, whole)
	post("a comment", "/* mine */"+Order, 400, whole)
	post("a byte order mark", "\ufeff"+Order, 400, whole)
	post("not UTF-8", swap("London", "Z\xfcrich"), 400, whole)
	post("UTF-16", utf16(Order), 400, whole)
	post("a raw control character", swap("London", "Lon\x00don"), 400, whole)
	post("an array", "["+Order+"]", 400, whole)
	post("a string", `"order"`, 400, whole)
	post("null", "null", 400, whole)
	post("a number", "1e999999", 400, whole)
	post("arrays 2,000 deep", swap(`"Ada Lovelace"`, strings.Repeat("[", 2000)+strings.Repeat("]", 2000)), 400, whole)
	post("arrays 30,000 deep", strings.Repeat("[", 30000), 400, whole)
	post("an empty object", "{}", 400, "/customer", "/items", "/shippingAddress")
	post("more than 64 KiB", Order+strings.Repeat(" ", 64<<10), 413)

	// Members.
	post("an unknown member", swap(`"items":`, `"coupon": "FREE", "items":`), 400, "/coupon")
	post("a price", swap(`"quantity": 2`, `"quantity": 2, "unitPrice": 1`), 400, "/items/0/unitPrice")
	post("a status", swap(`"items":`, `"status": "CONFIRMED", "items":`), 400, "/status")
	post("an unknown member with a slash", swap(`"items":`, `"a/b~c": 1, "items":`), 400, "/a~1b~0c")
	post("a member in other letters", swap(`"email"`, `"Email"`), 400, "/customer/Email", "/customer/email")
	post("a member twice", swap(`"quantity": 2`, `"quantity": 2, "quantity": 3`), 400, "/items/0/quantity")
	post("a member twice, escaped", swap(`"quantity": 2`, `"quantity": 2, "quantit\u0079": 3`), 400, "/items/0/quantity")
	post("the customer twice", swap(`"items":`, `"customer": {"id":"c-1","name":"A","email":"a@example.com"}, "items":`), 400, "/customer")
	post("a prototype", swap(`"items":`, `"__proto__": {}, "items":`), 400, "/__proto__")

	// Types.
	post("a customer that is a string", `{"customer": "c-42", `+Order[strings.Index(Order, `"items"`):], 400, "/customer")
	post("items that are an object", swap(`[{"sku": "MUG-BLUE", "quantity": 2}]`, `{"sku": "MUG-BLUE", "quantity": 2}`), 400, "/items")
	post("an item that is a string", swap(`[{"sku": "MUG-BLUE", "quantity": 2}]`, `["MUG-BLUE"]`), 400, "/items/0")
	post("an item that is null", swap(`[{"sku": "MUG-BLUE", "quantity": 2}]`, `[null]`), 400, "/items/0")
	post("a name that is null", swap(`"Ada Lovelace"`, `null`), 400, "/customer/name")
	post("a phone that is null", swap(`"+442079460000"`, `null`), 400, "/customer/phone")
	post("a phone that is a number", swap(`"+442079460000"`, `442079460000`), 400, "/customer/phone")
	post("a country that is an object", swap(`"GB"`, `{}`), 400, "/shippingAddress/country")

	// Numbers.
	quantity := func(name, literal string) {
		post(name, swap(`"quantity": 2`, `"quantity": `+literal), 400, "/items/0/quantity")
	}
	quantity("no quantity at all", "0")
	quantity("minus zero", "-0")
	quantity("a negative quantity", "-1")
	quantity("half a mug", "0.5")
	quantity("a fraction that is none", "2.0")
	quantity("an exponent", "2e0")
	quantity("a huge exponent", "1e400")
	quantity("too many", "1001")
	quantity("more than 32 bits", "4294967298")
	quantity("more than 64 bits", "18446744073709551618")
	quantity("a thousand digits", strings.Repeat("9", 1000))
	quantity("a quantity that is a string", `"2"`)
	quantity("a quantity that is true", "true")
	quantity("a quantity that is null", "null")
	post("a leading zero", swap(`"quantity": 2`, `"quantity": 02`), 400, whole)
	post("a plus sign", swap(`"quantity": 2`, `"quantity": +2`), 400, whole)
	post("a hexadecimal number", swap(`"quantity": 2`, `"quantity": 0x2`), 400, whole)
	post("NaN", swap(`"quantity": 2`, `"quantity": NaN`), 400, whole)

	// Items.
	items := func(name, json string, places ...string) {
		post(name, swap(`[{"sku": "MUG-BLUE", "quantity": 2}]`, json), 400, places...)
	}
	items("no items", "[]", "/items")
	items("101 items", "["+strings.Repeat(`{"sku":"A","quantity":1},`, 100)+`{"sku":"A","quantity":1}]`, "/items")
	items("51 skus", skus(51), "/items")
	items("a sku that adds up to too many", `[{"sku":"A","quantity":600},{"sku":"B","quantity":600},{"sku":"A","quantity":600}]`, "/items/2")
	items("an item without quantity", `[{"sku":"A"}]`, "/items/0/quantity")
	items("an empty item", `[{"sku":"A","quantity":1},{}]`, "/items/1/sku", "/items/1/quantity")
	items("an empty sku", `[{"sku":"","quantity":1}]`, "/items/0/sku")
	items("a sku of 65 characters", `[{"sku":"`+strings.Repeat("A", 65)+`","quantity":1}]`, "/items/0/sku")
	items("a sku with a space", `[{"sku":"MUG BLUE","quantity":1}]`, "/items/0/sku")
	items("a sku with a path", `[{"sku":"../MUG","quantity":1}]`, "/items/0/sku")
	items("a sku in Cyrillic", `[{"sku":"МUG","quantity":1}]`, "/items/0/sku")
	items("a sku with a NUL", `[{"sku":"MUG\u0000","quantity":1}]`, "/items/0/sku")

	// The customer.
	post("a customer id with a space", swap(`"c-42"`, `"c 42"`), 400, "/customer/id")
	post("an empty customer id", swap(`"c-42"`, `""`), 400, "/customer/id")
	post("a customer id of 65 characters", swap(`"c-42"`, `"`+strings.Repeat("c", 65)+`"`), 400, "/customer/id")
	post("a blank name", swap(`"Ada Lovelace"`, `"  "`), 400, "/customer/name")
	post("a name of ideographic spaces", swap(`"Ada Lovelace"`, `"\u3000\u00a0"`), 400, "/customer/name")
	post("a name of 101 characters", swap(`"Ada Lovelace"`, `"`+strings.Repeat("é", 101)+`"`), 400, "/customer/name")
	post("a name with a line break", swap(`"Ada Lovelace"`, `"Ada\r\nBcc: eve@example.com"`), 400, "/customer/name")
	post("a name with a line separator", swap(`"Ada Lovelace"`, `"Ada\u2028Lovelace"`), 400, "/customer/name")
	post("a name with half a surrogate pair", swap(`"Ada Lovelace"`, `"Ada \ud83d"`), 400, "/customer/name")
	post("a name with a bell", swap(`"Ada Lovelace"`, `"Ada\u0007"`), 400, "/customer/name")
	email := func(name, address string) {
		post(name, swap(`"ada@example.com"`, fmt.Sprintf("%q", address)), 400, "/customer/email")
	}
	email("no address", "ada")
	email("an empty address", "")
	email("an address without a domain", "ada@")
	email("an address without a dot", "ada@localhost")
	email("an address with a name", "Ada <ada@example.com>")
	email("two addresses", "ada@example.com, eve@example.com")
	email("an address with a space", "ada @example.com")
	email("an address with a header", "ada@example.com\r\nBcc: eve@example.com")
	email("an address literal", "ada@[127.0.0.1]")
	email("an address beyond ASCII", "ada@exämple.com")
	email("an address of 257 characters", strings.Repeat("a", 64)+"@"+strings.Repeat(strings.Repeat("b", 62)+".", 3)+"com")
	phone := func(name, number string) {
		post(name, swap(`"+442079460000"`, fmt.Sprintf("%q", number)), 400, "/customer/phone")
	}
	phone("a phone without a plus", "442079460000")
	phone("a phone with spaces", "+44 20 7946 0000")
	phone("a phone of 16 digits", "+4420794600001234")
	phone("a phone in Arabic digits", "+٤٤٢٠٧٩٤٦")
	phone("an empty phone", "")

	// The address.
	country := func(name, code string) {
		post(name, swap(`"GB"`, fmt.Sprintf("%q", code)), 400, "/shippingAddress/country")
	}
	country("a country in three letters", "GBR")
	country("a country in small letters", "gb")
	country("a country that is none", "ZZ")
	country("a country that is called otherwise", "UK")
	country("a country between two codes", "B ")
	country("an empty country", "")
	post("no country", swap(`, "country": "GB"`, ``), 400, "/shippingAddress/country")
	post("an empty city", swap(`"London"`, `""`), 400, "/shippingAddress/city")
	post("a street of 201 characters", swap(`"1 Byron St"`, `"`+strings.Repeat("x", 201)+`"`), 400, "/shippingAddress/line1")
	post("a postal code of 21 characters", swap(`"N1 1AA"`, `"`+strings.Repeat("1", 21)+`"`), 400, "/shippingAddress/postalCode")
	post("everything at once", `{"customer": {"id": "", "name": 1}, "items": [{"sku": "?", "quantity": 0}], "shippingAddress": [], "x": 1}`, 400,
		"/x", "/customer/email", "/customer/id", "/customer/name", "/items/0/sku", "/items/0/quantity", "/shippingAddress")

	// Headers.
	header("no media type", "Content-Type", "", 415)
	header("plain text", "Content-Type", "text/plain", 415)
	header("a form", "Content-Type", "application/x-www-form-urlencoded", 415)
	header("another JSON", "Content-Type", "application/problem+json", 415)
	header("a media type cut short", "Content-Type", "application/json; charset", 415)
	header("JSON in Latin-1", "Content-Type", "application/json; charset=iso-8859-1", 415)
	header("compressed", "Content-Encoding", "gzip", 415)
	header("an empty key", "Idempotency-Key", `""`, 400, "Idempotency-Key")
	header("a key of 256 characters", "Idempotency-Key", strings.Repeat("k", 256), 400, "Idempotency-Key")
	header("a key with a space", "Idempotency-Key", "two words", 400, "Idempotency-Key")
	header("a key without its last quote", "Idempotency-Key", `"k`, 400, "Idempotency-Key")
	header("a key with parameters", "Idempotency-Key", `"k"; a=1`, 400, "Idempotency-Key")
	header("a key with a bad escape", "Idempotency-Key", `"\k"`, 400, "Idempotency-Key")
	header("two keys", "Idempotency-Key", "k1,k2", 400, "Idempotency-Key")
	header("a key beyond ASCII", "Idempotency-Key", "clé", 400, "Idempotency-Key")

	// Reading and cancelling.
	send("an order ID that is none", http.MethodGet, "/orders/42", 404)
	send("an order ID in capitals", http.MethodGet, "/orders/0199AA3C-7B1E-7C4E-9D65-3F0F5B1E2A10", 404)
	send("an order ID in braces", http.MethodGet, "/orders/%7B0199aa3c-7b1e-7c4e-9d65-3f0f5b1e2a10%7D", 404)
	send("cancelling what is no order", http.MethodPost, "/orders/42/cancel", 404)
	send("a list of nobody's orders", http.MethodGet, "/orders", 400, "customerId")
	send("a list of an impossible customer", http.MethodGet, "/orders?customerId=a%20b", 400, "customerId")
	send("a list of no orders", http.MethodGet, "/orders?customerId=c-42&limit=0", 400, "limit")
	send("a list of too many orders", http.MethodGet, "/orders?customerId=c-42&limit=101", 400, "limit")
	send("a list with a limit that is no number", http.MethodGet, "/orders?customerId=c-42&limit=ten", 400, "limit")
	send("a list with a padded limit", http.MethodGet, "/orders?customerId=c-42&limit=%2B5", 400, "limit")
	send("a list with a made-up cursor", http.MethodGet, "/orders?customerId=c-42&cursor=bmV4dA", 400, "cursor")
	send("a list with an empty cursor", http.MethodGet, "/orders?customerId=c-42&cursor=", 400, "cursor")
	send("a list with an unknown parameter", http.MethodGet, "/orders?customerId=c-42&status=PENDING", 400, "status")
	send("a list with everything wrong", http.MethodGet, "/orders?limit=-1&cursor=!", 400, "customerId", "limit", "cursor")
	return all
}

// swap is Order with one part of it exchanged.
func swap(old, new string) string {
	if strings.Count(Order, old) != 1 {
		panic(fmt.Sprintf("apitest: %s is not once in the order", old))
	}
	return strings.Replace(Order, old, new, 1)
}

// skus are items of n different skus.
func skus(n int) string {
	items := make([]string, n)
	for i := range items {
		items[i] = fmt.Sprintf(`{"sku":"SKU-%d","quantity":1}`, i)
	}
	return "[" + strings.Join(items, ",") + "]"
}

// utf16 is an ASCII text in UTF-16, big endian.
func utf16(s string) string {
	var b strings.Builder
	for i := range len(s) {
		b.WriteByte(0)
		b.WriteByte(s[i])
	}
	return b.String()
}
