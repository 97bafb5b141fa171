package journal

import (
	"cmp"
	"context"
	"iter"
	"maps"
	"slices"
	"sync"
)

// Memory is a [Journal] that ends with the process.
type Memory struct {
	mu       sync.Mutex
	closed   bool
	last     uint64            // number of the newest receipt
	receipts map[string][]Owed // by partner, oldest first
	lent     loans
	received map[FileID]Received
	sent     map[FileID]Sent
	restarts map[RestartKey]RestartPoint
}

var _ Journal = (*Memory)(nil)

// NewMemory returns an empty journal.
func NewMemory() *Memory {
	return &Memory{
		receipts: make(map[string][]Owed),
		lent:     make(loans),
		received: make(map[FileID]Received),
		sent:     make(map[FileID]Sent),
		restarts: make(map[RestartKey]RestartPoint),
	}
}

// lock returns an error, and has not locked, when there is nothing to be done.
func (m *Memory) lock(ctx context.Context) error {
	if err := ended(ctx); err != nil {
		return err
	}
	m.mu.Lock()
	if m.closed {
		m.mu.Unlock()
		return ErrClosed
	}
	return nil
}

// Commit is documented at [Journal].
func (m *Memory) Commit(ctx context.Context, changes ...Change) error {
	if err := Check(changes...); err != nil {
		return err
	}
	if err := m.lock(ctx); err != nil {
		return err
	}
	defer m.mu.Unlock()
	if err := m.unknown(changes); err != nil {
		return err
	}
	for _, c := range changes {
		m.apply(c)
	}
	return nil
}

// unknown checks, before anything changes, that files received are new.
func (m *Memory) unknown(changes []Change) error {
	noted := make(map[FileID]bool)
	for _, c := range changes {
		r, ok := c.(Received)
		if !ok {
			continue
		}
		if _, found := m.received[r.File]; !r.Again && (found || noted[r.File]) {
			return known(r.File)
		}
		noted[r.File] = true
	}
	return nil
}

func (m *Memory) apply(c Change) {
	switch c := c.(type) {
	case Receipt:
		m.last++
		m.receipts[c.Partner] = append(m.receipts[c.Partner], Owed{Receipt: c.clone(), Number: m.last})
	case Settled:
		m.settle(c)
	case Received:
		c.Again = false
		m.received[c.File] = c
	case Sent:
		m.sent[c.File] = c
	case Answer:
		s, found := m.sent[c.File]
		if s, changed := s.answered(c); found && changed {
			m.sent[c.File] = s
		}
	case RestartPoint:
		m.restarts[c.RestartKey] = c
	case RestartDone:
		delete(m.restarts, c.RestartKey)
	}
}

func (m *Memory) settle(s Settled) {
	delete(m.lent, s.ticket())
	queue := m.receipts[s.Partner]
	i, found := slices.BinarySearchFunc(queue, s.Number, func(o Owed, n uint64) int { return cmp.Compare(o.Number, n) })
	switch {
	case !found:
	case len(queue) == 1:
		delete(m.receipts, s.Partner) // partners come and go
	case i == 0: // the usual one: however many are left, it costs nothing
		queue[0] = Owed{}
		m.receipts[s.Partner] = queue[1:]
	default:
		m.receipts[s.Partner] = slices.Delete(queue, i, i+1)
	}
}

// Take is documented at [Journal].
func (m *Memory) Take(ctx context.Context, partner string, wanted func(Receipt) bool) (Owed, bool, error) {
	if err := m.lock(ctx); err != nil {
		return Owed{}, false, err
	}
	defer m.mu.Unlock()
	for _, o := range m.receipts[partner] {
		if m.lent.take(o, wanted) {
			o.Receipt = o.clone()
			return o, true, nil
		}
	}
	return Owed{}, false, nil
}

// Return is documented at [Journal].
func (m *Memory) Return(receipts ...Owed) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.lent.giveBack(receipts)
}

// Receipts is documented at [Journal].
func (m *Memory) Receipts(ctx context.Context, partner string) iter.Seq2[Owed, error] {
	return snapshot(ctx, m, func() (owed []Owed) {
		for p, queue := range m.receipts {
			if partner == "" || partner == p {
				owed = append(owed, queue...)
			}
		}
		for i := range owed {
			owed[i].Receipt = owed[i].clone()
		}
		return owed
	})
}

// Received is documented at [Journal].
func (m *Memory) Received(ctx context.Context, id FileID) (Received, bool, error) {
	return find(ctx, m, m.received, id)
}

// Sent is documented at [Journal].
func (m *Memory) Sent(ctx context.Context, id FileID) (Sent, bool, error) {
	return find(ctx, m, m.sent, id)
}

// AllSent is documented at [Journal].
func (m *Memory) AllSent(ctx context.Context) iter.Seq2[Sent, error] {
	return snapshot(ctx, m, func() []Sent { return slices.Collect(maps.Values(m.sent)) })
}

// Restart is documented at [Journal].
func (m *Memory) Restart(ctx context.Context, key RestartKey) (RestartPoint, bool, error) {
	return find(ctx, m, m.restarts, key)
}

// Restarts is documented at [Journal].
func (m *Memory) Restarts(ctx context.Context) iter.Seq2[RestartPoint, error] {
	return snapshot(ctx, m, func() []RestartPoint { return slices.Collect(maps.Values(m.restarts)) })
}

// Prune is documented at [Journal].
func (m *Memory) Prune(ctx context.Context, h Horizon) (int, error) {
	if err := m.lock(ctx); err != nil {
		return 0, err
	}
	defer m.mu.Unlock()
	had := len(m.received) + len(m.sent) + len(m.restarts)
	maps.DeleteFunc(m.received, func(_ FileID, r Received) bool { return h.hidesReceived(r) })
	maps.DeleteFunc(m.sent, func(_ FileID, s Sent) bool { return h.hidesSent(s) })
	maps.DeleteFunc(m.restarts, func(_ RestartKey, p RestartPoint) bool { return h.hidesRestart(p) })
	return had - len(m.received) - len(m.sent) - len(m.restarts), nil
}

// Close is documented at [Journal]. What was remembered is gone.
func (m *Memory) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	clear(m.receipts)
	clear(m.received)
	clear(m.sent)
	clear(m.restarts)
	return nil
}

func find[K comparable, V any](ctx context.Context, m *Memory, in map[K]V, key K) (V, bool, error) {
	var none V
	if err := m.lock(ctx); err != nil {
		return none, false, err
	}
	defer m.mu.Unlock()
	v, found := in[key]
	return v, found, nil
}

// snapshot goes through what collect returns under the lock, without the lock.
func snapshot[T any](ctx context.Context, m *Memory, collect func() []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		if err := m.lock(ctx); err != nil {
			yield(none, err)
			return
		}
		all := collect()
		m.mu.Unlock()
		for _, v := range all {
			if !yield(v, nil) {
				return
			}
		}
	}
}
