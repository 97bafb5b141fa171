package settings

import (
	"sync"
	"sync/atomic"

	"github.com/ediport/ediport/internal/trap"
)

// A Store holds the values of one table so that any goroutine may read them
// while another changes one. Readers get a snapshot; a change makes a new one.
type Store[T any] struct {
	table  *Table[T]
	mu     sync.Mutex // one change at a time
	values atomic.Pointer[T]
	frozen atomic.Bool
}

// NewStore returns a store with the defaults of the table.
func NewStore[T any](table *Table[T]) *Store[T] {
	s := &Store[T]{table: table}
	s.Reset()
	return s
}

// From returns a store that starts with another's values and goes its own way
// from there. Until it changes, it shares their memory.
func From[T any](s *Store[T]) *Store[T] {
	c := &Store[T]{table: s.table}
	c.values.Store(s.values.Load())
	return c
}

// Load returns the values as they are now. They must not be changed.
func (s *Store[T]) Load() *T { return s.values.Load() }

// Has reports whether the store's table knows a setting of that name.
func (s *Store[T]) Has(name string) bool { return s.table.Has(name) }

// Freeze says whether the server is listening: rows made by
// [Row.FrozenBy] refuse to change then.
func (s *Store[T]) Freeze(listening bool) { s.frozen.Store(listening) }

// Reset puts every setting back to its default.
func (s *Store[T]) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	fresh := new(T)
	s.table.Defaults(fresh)
	s.values.Store(fresh)
}

// Update changes values in a way that no single setting can: change gets a
// copy, and what it leaves there becomes the values.
func (s *Store[T]) Update(change func(*T)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	next := *s.values.Load()
	change(&next)
	s.values.Store(&next)
}

// Config does what the statement says and returns the value that the setting
// has then.
func (s *Store[T]) Config(st Statement) (string, error) {
	if !st.Assign {
		return s.table.Get(s.Load(), st.Name)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	row, err := s.table.row(st.Name)
	if err != nil {
		return "", err
	}
	if row.Frozen != 0 && s.frozen.Load() {
		return "", trap.New(row.Frozen, "setting %s cannot change while the server is listening: stop it first", row.Name)
	}
	next := *s.values.Load()
	if err := row.change(&next, st.Value); err != nil {
		return "", err
	}
	s.values.Store(&next)
	return row.get(&next), nil
}
