package main

import (
	"context"
	"fmt"
	"net"
	"sync"
	"syscall"
)

// inMemory is a network of its own, made of channels, so that it may lie in a
// synctest bubble.
func inMemory() network {
	m := &memory{listeners: map[string]*memoryListener{}, port: 49151}
	return network{m.listen, m.dial}
}

type memory struct {
	mu        sync.Mutex
	listeners map[string]*memoryListener
	port      int // the last that was given out
}

func (m *memory) listen(_, address string) (net.Listener, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if port == "0" {
		m.port++
		address = net.JoinHostPort(host, fmt.Sprint(m.port))
	}
	if m.listeners[address] != nil {
		return nil, &net.OpError{Op: "listen", Net: "tcp", Err: syscall.EADDRINUSE}
	}
	l := &memoryListener{memory: m, address: memoryAddr(address), calls: make(chan net.Conn), closed: make(chan struct{})}
	m.listeners[address] = l
	return l, nil
}

func (m *memory) dial(ctx context.Context, _, address string) (net.Conn, error) {
	m.mu.Lock()
	l := m.listeners[address]
	m.mu.Unlock()
	refused := &net.OpError{Op: "dial", Net: "tcp", Addr: memoryAddr(address), Err: syscall.ECONNREFUSED}
	if l == nil {
		return nil, refused
	}
	client, server := net.Pipe()
	select {
	case l.calls <- server:
		return client, nil
	case <-l.closed:
		return nil, refused
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

type memoryListener struct {
	memory  *memory
	address memoryAddr
	calls   chan net.Conn
	closed  chan struct{}
	close   sync.Once
}

func (l *memoryListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.calls:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *memoryListener) Close() error {
	l.close.Do(func() {
		close(l.closed)
		l.memory.mu.Lock()
		delete(l.memory.listeners, string(l.address))
		l.memory.mu.Unlock()
	})
	return nil
}

func (l *memoryListener) Addr() net.Addr { return l.address }

type memoryAddr string

func (memoryAddr) Network() string  { return "memory" }
func (a memoryAddr) String() string { return string(a) }
