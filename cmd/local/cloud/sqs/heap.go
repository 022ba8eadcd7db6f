package sqs

// An entry is what the index of a queue knows of one message; the message
// itself is in the store. An entry is either visible, and then in the queue's
// list, or hidden until visibleAt, and then in the queue's hidden heap. Times
// are Unix nanoseconds.
type entry struct {
	key      string // in the store
	sequence uint64
	size     int // of the message, as its limit counts it

	enqueued   int64
	visibleAt  int64 // meaningful while hidden
	receivedAt int64
	receives   int  // in this queue; the most recent receipt handle carries it
	hidden     bool // delayed or in flight
	inFlight   bool

	prev, next *entry
	position   [2]int // in the hidden heap and the age heap
}

const (
	byVisibility = iota // earliest visible first
	byAge               // longest enqueued first
)

// A heap of entries which knows where each one lies, so that any can leave.
type heap struct {
	by      int
	entries []*entry
}

func (h *heap) first() *entry {
	if len(h.entries) == 0 {
		return nil
	}
	return h.entries[0]
}

func (h *heap) push(e *entry) {
	e.position[h.by] = len(h.entries)
	h.entries = append(h.entries, e)
	h.up(len(h.entries) - 1)
}

func (h *heap) remove(e *entry) {
	i, last := e.position[h.by], len(h.entries)-1
	if i != last {
		h.swap(i, last)
	}
	h.entries[last] = nil
	h.entries = h.entries[:last]
	if i != last {
		h.fix(i)
	}
}

// fix restores the order after the entry at i changed its key.
func (h *heap) fix(i int) {
	if !h.down(i) {
		h.up(i)
	}
}

func (h *heap) less(i, j int) bool {
	a, b := h.entries[i], h.entries[j]
	ka, kb := a.enqueued, b.enqueued
	if h.by == byVisibility {
		ka, kb = a.visibleAt, b.visibleAt
	}
	return ka < kb || ka == kb && a.sequence < b.sequence
}

func (h *heap) swap(i, j int) {
	h.entries[i], h.entries[j] = h.entries[j], h.entries[i]
	h.entries[i].position[h.by] = i
	h.entries[j].position[h.by] = j
}

func (h *heap) up(i int) {
	for i > 0 {
		parent := (i - 1) / 2
		if !h.less(i, parent) {
			return
		}
		h.swap(i, parent)
		i = parent
	}
}

func (h *heap) down(i int) (moved bool) {
	for {
		child := 2*i + 1
		if child >= len(h.entries) {
			return moved
		}
		if right := child + 1; right < len(h.entries) && h.less(right, child) {
			child = right
		}
		if !h.less(child, i) {
			return moved
		}
		h.swap(i, child)
		i, moved = child, true
	}
}

// A list of entries, first come first served.
type list struct {
	first, last *entry
	length      int
}

func (l *list) push(e *entry) {
	e.prev, e.next = l.last, nil
	if l.last == nil {
		l.first = e
	} else {
		l.last.next = e
	}
	l.last = e
	l.length++
}

func (l *list) remove(e *entry) {
	if e.prev == nil {
		l.first = e.next
	} else {
		e.prev.next = e.next
	}
	if e.next == nil {
		l.last = e.prev
	} else {
		e.next.prev = e.prev
	}
	e.prev, e.next = nil, nil
	l.length--
}
