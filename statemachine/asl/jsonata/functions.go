package jsonata

// functions are those of the language and those that Step Functions adds.
// https://docs.jsonata.org/string-functions and its neighbours.
var functions = library()

// refusedFunctions are known and not to be had, with the reason.
var refusedFunctions = map[string]string{
	"eval":          ", use $parse to read JSON text",
	"clone":         "",
	"formatInteger": "",
	"parseInteger":  "",
}

func library() map[string]*Function {
	all := map[string]*Function{}
	// add registers a function of min to max arguments (-1: any number).
	add := func(name string, min, max int, native func(*call) (any, error)) {
		all[name] = &Function{name: name, min: min, max: max, native: native}
	}
	// onContext is add for a function whose first argument may be the context.
	onContext := func(name string, min, max int, native func(*call) (any, error)) {
		add(name, min, max, native)
		all[name].context = true
	}

	onContext("string", 1, 2, stringOf)
	onContext("length", 1, 1, length)
	onContext("substring", 2, 3, substring)
	onContext("substringBefore", 2, 2, substringBefore)
	onContext("substringAfter", 2, 2, substringAfter)
	onContext("lowercase", 1, 1, lowercase)
	onContext("uppercase", 1, 1, uppercase)
	onContext("trim", 1, 1, trim)
	onContext("pad", 2, 3, pad)
	onContext("contains", 2, 2, contains)
	onContext("split", 2, 3, split)
	add("join", 1, 2, join)
	onContext("match", 2, 3, match)
	onContext("replace", 3, 4, replace)
	onContext("base64encode", 1, 1, base64encode)
	onContext("base64decode", 1, 1, base64decode)
	onContext("encodeUrl", 1, 1, encodeURL)
	onContext("encodeUrlComponent", 1, 1, encodeURLComponent)
	onContext("decodeUrl", 1, 1, decodeURL)
	onContext("decodeUrlComponent", 1, 1, decodeURL)

	onContext("number", 1, 1, numberOf)
	onContext("abs", 1, 1, abs)
	onContext("floor", 1, 1, floor)
	onContext("ceil", 1, 1, ceil)
	onContext("round", 1, 2, round)
	onContext("power", 2, 2, power)
	onContext("sqrt", 1, 1, sqrt)
	onContext("formatNumber", 2, 3, formatNumber)
	onContext("formatBase", 1, 2, formatBase)
	add("sum", 1, 1, sum)
	add("max", 1, 1, maximum)
	add("min", 1, 1, minimum)
	add("average", 1, 1, average)

	onContext("boolean", 1, 1, boolean)
	onContext("not", 1, 1, not)
	add("exists", 1, 1, exists)

	add("count", 1, 1, count)
	add("append", 2, 2, appendArrays)
	add("sort", 1, 2, sortArray)
	add("reverse", 1, 1, reverse)
	add("shuffle", 1, 1, shuffle)
	add("distinct", 1, 1, distinct)
	add("zip", 1, -1, zip)
	add("map", 2, 2, mapArray)
	add("filter", 2, 2, filterArray)
	add("single", 1, 2, single)
	add("reduce", 2, 3, reduce)

	onContext("keys", 1, 1, keys)
	onContext("lookup", 2, 2, lookupFunction)
	onContext("spread", 1, 1, spread)
	add("merge", 1, 1, merge)
	onContext("sift", 2, 2, sift)
	onContext("each", 2, 2, eachMember)
	add("error", 0, 1, throw)
	add("assert", 1, 2, assert)
	onContext("type", 1, 1, typeOf)

	add("now", 0, 2, now)
	add("millis", 0, 0, millis)
	onContext("fromMillis", 1, 3, fromMillis)
	onContext("toMillis", 1, 2, toMillis)

	add("partition", 2, 2, partition)
	add("range", 2, 3, rangeOf)
	add("hash", 1, 2, hash)
	add("random", 0, 1, random)
	add("uuid", 0, 0, newUUID)
	add("parse", 1, 1, parse)
	return all
}
