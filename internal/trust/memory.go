package trust

import (
	"context"
	"sync"
	"time"
)

// A memory remembers answers until they expire, and lets callers with the same
// question share one request. The zero value is empty.
type memory[V interface{ size() int }] struct {
	mu       sync.Mutex // protects following
	thoughts map[string]*thought[V]
	total    int           // octets of the thoughts that are finished
	slots    chan struct{} // one for each request under way
}

// A thought is a question and, as soon as done is closed, its answer.
type thought[V interface{ size() int }] struct {
	done   chan struct{}
	value  V
	err    error
	until  time.Time // when it is forgotten
	octets int
}

// question is what a caller wants to know.
type question[V interface{ size() int }] struct {
	key   string
	now   func() time.Time
	limit time.Duration // for the request, also after the caller has gone

	// ask makes the request. The answer holds until the time given; zero means
	// a minute, which also holds for an error.
	ask func(context.Context) (V, time.Time, error)
}

// answer returns what is remembered, or asks.
func (m *memory[V]) answer(ctx context.Context, q question[V]) (V, error) {
	t := m.recall(ctx, q)
	select {
	case <-t.done:
		return t.value, t.err
	case <-ctx.Done():
		var none V
		return none, ctx.Err()
	}
}

// recall returns the thought of a question, and begins it when there is none or
// an old one. Others may wait for the answer, so that the request goes on when
// the caller gives up.
func (m *memory[V]) recall(ctx context.Context, q question[V]) *thought[V] {
	m.mu.Lock()
	defer m.mu.Unlock()
	if t, ok := m.thoughts[q.key]; ok && (!t.finished() || q.now().Before(t.until)) {
		return t
	}
	if m.thoughts == nil {
		m.thoughts, m.slots = map[string]*thought[V]{}, make(chan struct{}, maxAsking)
	}
	m.forget(q.key)
	t := &thought[V]{done: make(chan struct{})}
	m.thoughts[q.key] = t
	go m.think(context.WithoutCancel(ctx), q, t)
	return t
}

func (m *memory[V]) think(ctx context.Context, q question[V], t *thought[V]) {
	ctx, cancel := context.WithTimeout(ctx, q.limit)
	defer cancel()
	defer close(t.done)
	select {
	case m.slots <- struct{}{}:
		defer func() { <-m.slots }()
		t.value, t.until, t.err = q.ask(ctx)
	case <-ctx.Done():
		t.err = ctx.Err()
	}
	if t.err != nil || t.until.IsZero() {
		t.until = q.now().Add(rememberFor)
	}
	t.octets = len(q.key) + 256
	if t.err == nil {
		t.octets += t.value.size()
	}
	m.keep(t, q.now())
}

// keep counts a new answer and makes room for it: first what has expired goes,
// then whatever comes along, for no order is worth keeping books about.
func (m *memory[V]) keep(t *thought[V], now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.total += t.octets
	for _, spare := range []func(*thought[V]) bool{
		func(old *thought[V]) bool { return now.Before(old.until) },
		func(*thought[V]) bool { return false },
	} {
		for key, old := range m.thoughts {
			if m.total <= memoryLimit {
				return
			}
			if old != t && old.finished() && !spare(old) {
				m.forget(key)
			}
		}
	}
}

// forget drops a finished thought; m.mu is held.
func (m *memory[V]) forget(key string) {
	if t, ok := m.thoughts[key]; ok {
		m.total -= t.octets
		delete(m.thoughts, key)
	}
}

func (t *thought[V]) finished() bool {
	select {
	case <-t.done:
		return true
	default:
		return false
	}
}
