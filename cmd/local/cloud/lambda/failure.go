package lambda

import (
	"encoding/json"
	"fmt"
	"reflect"
	"runtime"
	"strings"

	"github.com/aws/aws-lambda-go/lambda/messages"
)

// failure is the payload of a function error.
func failure(errorType, message string) []byte {
	return marshal(&messages.InvokeResponse_Error{Type: errorType, Message: message})
}

// describe is the payload by which aws-lambda-go reports a handler's error:
// errorType is the bare name of its Go type, so a wrapped error is a
// "wrapError". It also reports whether the runtime exits after it.
func describe(err error) (payload []byte, exits bool) {
	switch err := err.(type) {
	case *panicked:
		if e, ok := err.value.(messages.InvokeResponse_Error); ok {
			return marshal(&e), e.ShouldExit
		}
		return marshal(&messages.InvokeResponse_Error{
			Message:    fmt.Sprint(err.value),
			Type:       typeName(err.value),
			StackTrace: err.stack,
		}), true
	case messages.InvokeResponse_Error:
		return marshal(&err), err.ShouldExit
	}
	return failure(typeName(err), err.Error()), false
}

func marshal(e *messages.InvokeResponse_Error) []byte {
	payload, err := json.Marshal(e)
	if err != nil { // strings and numbers only
		panic(err)
	}
	return payload
}

func typeName(v any) string {
	t := reflect.TypeOf(v)
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.Name()
}

// panicked carries a handler's panic.
type panicked struct {
	value any
	stack []*messages.InvokeResponse_Error_StackFrame
}

func (p *panicked) Error() string { return fmt.Sprint(p.value) }

// stack is the panicking goroutine's stack from the deferred function on, cut
// at aws-lambda-go's 32 frames.
func stack() []*messages.InvokeResponse_Error_StackFrame {
	var pcs [32]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs[:])])
	var out []*messages.InvokeResponse_Error_StackFrame
	for {
		frame, more := frames.Next()
		out = append(out, stackFrame(frame))
		if !more {
			return out
		}
	}
}

// stackFrame gives the file below its import path's root and the function
// without its package.
func stackFrame(frame runtime.Frame) *messages.InvokeResponse_Error_StackFrame {
	path := frame.File
	i := len(path)
	for range strings.Count(frame.Function, "/") + 2 {
		if i = strings.LastIndexByte(path[:i], '/'); i < 0 {
			break
		}
	}
	label := frame.Function[strings.LastIndexByte(frame.Function, '/')+1:]
	label = label[strings.IndexByte(label, '.')+1:]
	return &messages.InvokeResponse_Error_StackFrame{Path: path[i+1:], Line: int32(frame.Line), Label: label}
}
