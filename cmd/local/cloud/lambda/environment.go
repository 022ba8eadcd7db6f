package lambda

import (
	"bytes"
	"context"
	"fmt"

	"github.com/aws/aws-lambda-go/lambda"

	"orderflow/cmd/local/cloud/logs"
)

// maxIdle is how many idle environments a function keeps warm.
const maxIdle = 64

// An environment is an execution environment: a handler, and the goroutine
// that runs it for one invocation at a time. It ends when its handler
// panicked or outlived its deadline.
type environment struct {
	f       *function
	handler lambda.Handler // nil: to be started
	work    chan *invocation
	stream  *logs.Stream // that it logs to; nil: before its first invocation, or none
	opened  bool         // its first invocation has come
}

// environment is a warm environment of f, or a new one.
func (f *function) environment() *environment {
	n := len(f.idle)
	if n == 0 {
		return f.start(nil)
	}
	env := f.idle[n-1]
	f.idle = f.idle[:n-1]
	return env
}

func (f *function) start(handler lambda.Handler) *environment {
	env := &environment{f: f, handler: handler, work: make(chan *invocation, 1)}
	f.svc.wg.Go(env.serve)
	return env
}

// assign gives an environment its next invocation. The caller holds the
// service's mutex.
func (env *environment) assign(inv *invocation) {
	if all := env.f.svc.cfg.Logs; !env.opened && all != nil {
		env.opened = true
		if group, name := env.f.config.LoggingConfig.LogGroup, inv.streamName(); env.f.mayLog(group, name) {
			env.stream = all.Open(group, name)
		}
	}
	inv.stream = env.stream
	env.work <- inv
}

// dismiss ends the idle environments.
func (f *function) dismiss() {
	for _, env := range f.idle {
		close(env.work)
	}
	f.idle = nil
}

func (env *environment) serve() {
	for inv := range env.work {
		env.f.svc.cfg.Turn.Take("invocation", inv.id)
		if !env.invoke(inv) {
			return
		}
	}
}

// invoke runs one invocation and reports whether the environment lives on.
func (env *environment) invoke(inv *invocation) (alive bool) {
	exited := true
	defer func() {
		if exited { // runtime.Goexit
			inv.settle(inv.exited("without providing a reason"), true, crashed)
		}
	}()
	inv.logStart()
	response, failed, end := env.call(inv)
	exited = false

	if inv.pastDeadline() {
		inv.expire()
		return false
	}
	// Idle before settled: a caller's next invocation finds it warm.
	kept := end == answered && env.rest(inv)
	inv.settle(response, failed, end)
	return kept
}

// rest makes the environment idle, unless it is no longer wanted.
func (env *environment) rest(inv *invocation) bool {
	s := env.f.svc
	s.mu.Lock()
	defer s.mu.Unlock()
	if inv.settled || s.closing || len(env.f.idle) >= maxIdle {
		return false
	}
	env.f.idle = append(env.f.idle, env)
	return true
}

func (env *environment) call(inv *invocation) (response []byte, failed bool, end ending) {
	if env.handler == nil {
		var err error
		if env.handler, err = env.f.init(env.f.config.Version); err != nil {
			env.f.svc.cfg.Log.Error("lambda: the function can not start", "function", env.f.config.FunctionName, "error", err)
			return inv.exited("with error: exit status 1"), true, crashed
		}
	}
	out, err := invoke(inv.ctx, env.handler, inv.payload)
	if err != nil {
		response, exits := describe(err)
		if !inv.pastDeadline() {
			inv.logFailure(response, exits)
		}
		if exits {
			return response, true, crashed
		}
		return response, true, answered
	}
	if len(out) > maxResponse {
		return failure("Function.ResponseSizeTooLarge",
			fmt.Sprintf("Response payload size exceeded maximum allowed payload size (%d bytes).", maxResponse)), true, answered
	}
	// aws-lambda-go hands out a buffer that the next invocation overwrites.
	return bytes.Clone(out), false, answered
}

func invoke(ctx context.Context, h lambda.Handler, payload []byte) (out []byte, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &panicked{value: v, stack: stack()}
		}
	}()
	return h.Invoke(ctx, payload)
}
