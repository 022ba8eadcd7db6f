package states

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"slices"
	"sync"

	"orderflow/cmd/local/cloud/protocol"
	"orderflow/statemachine/asl"
)

// A wait is a task that a token will answer.
type wait struct {
	task      int64
	token     tokenHash
	submitted bool      // the call that carried the token has returned
	answer    asl.Event // what came for the token before that; recorded after it
}

// await opens the wait for a task's token.
func (s *Service) await(x *execution, t asl.ScheduleTask) {
	w := &wait{task: t.TaskID, token: hashToken(t.Token)}
	x.waits = append(x.waits, w)
	x.tokens = append(x.tokens, w.token)
	s.tokens.begin(w.token, x)
}

// endWait forgets a task; its token is answered TaskTimedOut from now on.
func (s *Service) endWait(x *execution, task int64) {
	if i := x.waitFor(task); i >= 0 {
		s.tokens.end(x.waits[i].token)
		x.waits = slices.Delete(x.waits, i, i+1)
	}
}

func (x *execution) waitFor(task int64) int {
	return slices.IndexFunc(x.waits, func(w *wait) bool { return w.task == task })
}

// submitted records that the call which carried the token has returned, then
// the answer, if a quick consumer gave it before.
func (s *Service) submitted(x *execution, task int64, output json.RawMessage) {
	s.step(x, asl.TaskSubmitted{TaskID: task, Output: output})
	i := x.waitFor(task)
	if i < 0 {
		return
	}
	w := x.waits[i]
	w.submitted = true
	if w.answer != nil {
		s.answer(x, w, w.answer)
	}
}

// answer ends the wait w with e, the task's result.
func (s *Service) answer(x *execution, w *wait, e asl.Event) {
	s.tokens.end(w.token)
	if !w.submitted {
		w.answer = e
		return
	}
	s.endWait(x, w.task)
	s.step(x, e)
}

type SendTaskSuccessInput struct {
	TaskToken *string `json:"taskToken"`
	Output    *string `json:"output"` // JSON
}

type SendTaskSuccessOutput struct{}

// SendTaskSuccess answers a waiting task. A token is taken once.
// https://docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskSuccess.html
func (s *Service) SendTaskSuccess(_ context.Context, in *SendTaskSuccessInput) (*SendTaskSuccessOutput, error) {
	if err := member("output", in.Output, asl.MaxPayload, true); err != nil {
		return nil, err
	}
	if err := checkPayload("output", *in.Output); err != nil {
		return nil, err
	}
	if fault := notJSON(*in.Output); fault != "" {
		return nil, protocol.Errorf("InvalidOutput", "Invalid Output: '%s'", fault)
	}
	err := s.send(in.TaskToken, func(x *execution, w *wait) {
		s.answer(x, w, asl.TaskSucceeded{TaskID: w.task, Output: json.RawMessage(*in.Output)})
	})
	if err != nil {
		return nil, err
	}
	return &SendTaskSuccessOutput{}, nil
}

type SendTaskFailureInput struct {
	TaskToken *string `json:"taskToken"`
	Error     *string `json:"error"`
	Cause     *string `json:"cause"`
}

type SendTaskFailureOutput struct{}

// https://docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskFailure.html
func (s *Service) SendTaskFailure(_ context.Context, in *SendTaskFailureInput) (*SendTaskFailureOutput, error) {
	if err := checkFailure(in.Error, in.Cause); err != nil {
		return nil, err
	}
	err := s.send(in.TaskToken, func(x *execution, w *wait) {
		s.answer(x, w, asl.TaskFailed{TaskID: w.task, Error: in.Error, Cause: in.Cause})
	})
	if err != nil {
		return nil, err
	}
	return &SendTaskFailureOutput{}, nil
}

type SendTaskHeartbeatInput struct {
	TaskToken *string `json:"taskToken"`
}

type SendTaskHeartbeatOutput struct{}

// https://docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskHeartbeat.html
func (s *Service) SendTaskHeartbeat(_ context.Context, in *SendTaskHeartbeatInput) (*SendTaskHeartbeatOutput, error) {
	err := s.send(in.TaskToken, func(x *execution, w *wait) {
		s.step(x, asl.TaskHeartbeat{TaskID: w.task})
	})
	if err != nil {
		return nil, err
	}
	return &SendTaskHeartbeatOutput{}, nil
}

// send gives do the wait that a token belongs to, its execution locked. A token
// never given out is InvalidToken; one answered, timed out or of an execution
// that has ended is TaskTimedOut.
func (s *Service) send(token *string, do func(*execution, *wait)) error {
	if err := member("taskToken", token, maxToken, false); err != nil {
		return err
	}
	h := hashToken(*token)
	waiter, known := s.tokens.find(h)
	if !known {
		return invalidToken()
	}
	if x := waiter.execution; x != nil {
		x.mu.Lock()
		defer x.mu.Unlock()
		if i := slices.IndexFunc(x.waits, func(w *wait) bool { return w.token == h }); i >= 0 && x.waits[i].answer == nil {
			do(x, x.waits[i])
			return nil
		}
	}
	return protocol.Errorf("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'")
}

// A tokenHash stands for a task token: no two tokens share one, and none can
// be found for it.
type tokenHash [16]byte

func hashToken(token string) tokenHash {
	sum := sha256.Sum256([]byte(token))
	return tokenHash(sum[:16])
}

// tokens know every token given out, as long as its execution is kept.
type tokens struct {
	mu     sync.Mutex
	byHash map[tokenHash]waiter
}

// A waiter is who a token was given out for.
type waiter struct {
	machine   *machine
	execution *execution // nil: the wait is over
}

func (t *tokens) begin(h tokenHash, x *execution) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.byHash[h] = waiter{x.machine, x}
}

func (t *tokens) end(h tokenHash) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.byHash[h] = waiter{t.byHash[h].machine, nil}
}

func (t *tokens) find(h tokenHash) (w waiter, known bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	w, known = t.byHash[h]
	return w, known
}

func (t *tokens) forget(hashes []tokenHash) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, h := range hashes {
		delete(t.byHash, h)
	}
}
