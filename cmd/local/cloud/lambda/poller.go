package lambda

import (
	"context"
	"slices"
	"strconv"
	"time"

	"orderflow/cmd/local/cloud/iam"
	"orderflow/cmd/local/cloud/interpose"
	"orderflow/cmd/local/cloud/sqs"
)

// How pollers come and go. Lambda starts with five batches at a time and adds
// up to 300 a minute while there is a backlog.
// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
const (
	initialPollers = 5
	scaleUpEvery   = time.Minute / 300
	longPoll       = 20 * time.Second
	// A queue that can not be read is tried again after a second, then two,
	// up to this.
	maxReadDelay = time.Minute
)

// A polling is a mapping at work, from when it is enabled or changed until it
// is disabled or changed again. Each poller receives a batch, invokes the
// function and deletes what succeeded, over and over. There is one poller in
// an idle queue; another starts when nobody listens.
type polling struct {
	m       *mapping
	ctx     context.Context // ends receiving
	cancel  context.CancelFunc
	size    int // of a batch
	window  time.Duration
	partial bool
	limit   int // of pollers

	// The service's mutex guards these.
	pollers   int
	listening int       // pollers that receive
	grown     time.Time // when a poller beyond the initial ones was added
}

// poll starts a polling. The caller holds the service's mutex.
func (m *mapping) poll() {
	c := &m.config
	p := &polling{
		m:       m,
		size:    c.BatchSize,
		window:  time.Duration(c.MaximumBatchingWindowInSeconds) * time.Second,
		partial: slices.Contains(c.FunctionResponseTypes, partialBatches),
		limit:   min(defaultPollers, m.svc.cfg.AccountConcurrency),
	}
	if c.ScalingConfig != nil && c.ScalingConfig.MaximumConcurrency != nil {
		p.limit = min(p.limit, *c.ScalingConfig.MaximumConcurrency)
	}
	ctx := m.svc.base
	if m.f.role != nil {
		ctx = iam.As(ctx, m.f.role)
	}
	p.ctx, p.cancel = context.WithCancel(ctx)
	m.polling = p
	p.add()
}

func (p *polling) add() {
	p.pollers++
	p.listening++
	p.m.active++
	p.m.started++
	ctx := interpose.As(p.ctx, "poller", strconv.Itoa(p.m.started), "of", p.m.f.config.FunctionName)
	p.m.svc.wg.Go(func() { p.run(ctx) })
}

// run is a poller's life. It begins listening.
func (p *polling) run(ctx context.Context) {
	s := p.m.svc
	delay := time.Second
	for {
		batch, err := p.receive(ctx)
		received := time.Now()
		if err != nil && p.ctx.Err() == nil {
			s.cfg.Log.Error("lambda: the queue can not be read", "queue", p.m.config.EventSourceArn, "error", err)
			pause(ctx, delay)
			s.cfg.Turn.Take(interpose.Activity(ctx))
			delay = min(2*delay, maxReadDelay)
		} else if err == nil {
			delay = time.Second
		}

		s.mu.Lock()
		p.listening--
		if len(batch) == 0 && (p.ctx.Err() != nil || p.listening > 0) {
			p.pollers--
			p.m.active--
			s.mu.Unlock()
			return
		}
		if len(batch) > 0 {
			p.scale(len(batch) == p.size)
			s.mu.Unlock()
			p.handle(ctx, batch, received)
			s.mu.Lock()
		}
		p.listening++
		s.mu.Unlock()
	}
}

// scale adds a poller when all are at work: at once for the first few, and
// then only at AWS's pace and for a backlog, which a full batch is a sign of.
func (p *polling) scale(full bool) {
	if p.listening > 0 || p.pollers >= p.limit || p.ctx.Err() != nil {
		return
	}
	if p.pollers >= initialPollers {
		now := time.Now()
		if !full || now.Sub(p.grown) < scaleUpEvery {
			return
		}
		p.grown = now
	}
	p.add()
}

// receive gathers a batch: what is there at once, or, with a batching window,
// what comes until the window ends or the batch is full.
func (p *polling) receive(ctx context.Context) ([]sqs.Message, error) {
	if ctx.Err() != nil {
		return nil, nil
	}
	batch, err := p.m.queue.receive(ctx, min(p.size, receiveLimit))
	if len(batch) == 0 || p.window == 0 {
		return batch, err
	}
	window, cancel := context.WithTimeout(ctx, p.window)
	defer cancel()
	size := bodies(batch)
	for len(batch) < p.size && size < maxPayload && window.Err() == nil {
		more, err := p.m.queue.receive(window, min(p.size-len(batch), receiveLimit))
		if err != nil {
			break
		}
		batch = append(batch, more...)
		size += bodies(more)
	}
	return batch, nil
}

func bodies(messages []sqs.Message) (size int) {
	for i := range messages {
		size += len(messages[i].Body)
	}
	return size
}

// handle invokes the function with a batch, or with the parts of it that fit
// into a payload, and deletes what succeeded. All else is left to the queue's
// visibility timeout.
func (p *polling) handle(ctx context.Context, batch []sqs.Message, received time.Time) {
	m := p.m
	for len(batch) > 0 {
		payload, n := sqsEvent(batch, m.config.EventSourceArn, m.svc.cfg.Region)
		out, err := p.invoke(ctx, payload, received)
		if err != nil {
			return
		}
		if out.FunctionError == "" {
			p.delete(ctx, succeeded(batch[:n], out.Payload, p.partial))
		}
		batch = batch[n:]
	}
}

// invoke runs the function, waiting while it is throttled until the messages
// are visible again: Lambda then drops the batch.
func (p *polling) invoke(ctx context.Context, payload []byte, received time.Time) (*InvokeOutput, error) {
	s := p.m.svc
	s.mu.Lock()
	slot := p.m.f.pool()
	if !slot.take() {
		s.mu.Unlock()
		var err error
		if slot, err = p.await(ctx, received); err != nil {
			return nil, err
		}
		s.mu.Lock()
	}
	// An alias may have moved since the mapping was made.
	f, t, err := s.lookup(p.m.config.FunctionArn, "")
	if err != nil {
		slot.give()
		s.mu.Unlock()
		return nil, err
	}
	inv := f.run(slot, t, payload, nil)
	s.mu.Unlock()
	return inv.wait(context.Background())
}

func (p *polling) await(ctx context.Context, received time.Time) (*pool, error) {
	visible, err := p.m.queue.visibilityTimeout(ctx)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithDeadline(ctx, received.Add(visible))
	defer cancel()
	return p.m.f.await(ctx)
}

func (p *polling) delete(ctx context.Context, messages []sqs.Message) {
	ctx = context.WithoutCancel(ctx) // deleting goes on when receiving ends
	for part := range slices.Chunk(messages, receiveLimit) {
		if err := p.m.queue.delete(ctx, part); err != nil {
			p.m.svc.cfg.Log.Error("lambda: messages can not be deleted", "queue", p.m.config.EventSourceArn, "error", err)
		}
	}
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
