package journal

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"go.etcd.io/bbolt"
)

// A line is where commits wait for the disk. Whoever has the turn writes for all
// that wait then, with one transaction. Nobody waits for company: who finds the
// turn free writes at once.
type line struct {
	turn   chan struct{} // holds one element while somebody has the turn
	closed bool          // for whoever has the turn

	mu      sync.Mutex
	waiting []*call
}

// A call is one commit. Its function may run more than once, each time in a
// transaction that knows nothing of the time before.
type call struct {
	write func(*bbolt.Tx) error
	done  chan struct{} // closed when err is final
	err   error
}

// do has a function run in a transaction; update makes the transaction. A
// context that ends takes the call out of the line, if it still stands there.
func (l *line) do(ctx context.Context, update updater, write func(*bbolt.Tx) error) error {
	if err := ended(ctx); err != nil {
		return err
	}
	c := &call{write: write, done: make(chan struct{})}
	l.join(c)
	select {
	case l.turn <- struct{}{}:
		if !c.finished() {
			l.writeAll(update)
		}
		<-l.turn
	case <-c.done:
	case <-ctx.Done():
		if l.leave(c) {
			return ended(ctx)
		}
		<-c.done
	}
	return c.err
}

func (l *line) join(c *call) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waiting = append(l.waiting, c)
}

// leave reports whether the call was still waiting, and waits no more.
func (l *line) leave(c *call) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := slices.Index(l.waiting, c)
	if i < 0 {
		return false
	}
	l.waiting = slices.Delete(l.waiting, i, i+1)
	return true
}

// writeAll writes for everybody who waits. The caller has the turn.
func (l *line) writeAll(update updater) {
	l.mu.Lock()
	calls := l.waiting
	l.waiting = nil
	l.mu.Unlock()
	if l.closed {
		finish(calls, ErrClosed)
		return
	}
	writeTogether(update, calls)
}

// An updater runs a function in a transaction and makes it last unless the
// function returns an error: that is refused, all else that goes wrong failed.
type updater func(func(*bbolt.Tx) error) (refused, failed error)

// writeTogether writes calls with one transaction. A call that is refused there
// gets one of its own afterwards: what it was refused for may have been the
// change of another call, which then did not last.
func writeTogether(update updater, calls []*call) {
	var apart []*call
	for len(calls) > 0 {
		at, refused, failed := try(update, calls)
		if refused == nil {
			finish(calls, failed)
			break
		}
		apart = append(apart, calls[at])
		calls = slices.Delete(calls, at, at+1)
	}
	for i, c := range apart {
		_, refused, failed := try(update, apart[i:i+1])
		finish([]*call{c}, cmp.Or(refused, failed))
	}
}

// try runs calls in one transaction. If one is refused, it tells which.
func try(update updater, calls []*call) (at int, refused, failed error) {
	refused, failed = update(func(tx *bbolt.Tx) error {
		for i, c := range calls {
			if err := c.write(tx); err != nil {
				at = i
				return err
			}
		}
		return nil
	})
	return at, refused, failed
}

func finish(calls []*call, err error) {
	for _, c := range calls {
		c.err = err
		close(c.done)
	}
}

func (c *call) finished() bool {
	select {
	case <-c.done:
		return true
	default:
		return false
	}
}

// close lets nobody write any more.
func (l *line) close(end func() error) error {
	l.turn <- struct{}{}
	defer func() { <-l.turn }()
	if l.closed {
		return nil
	}
	l.closed = true
	return end()
}
