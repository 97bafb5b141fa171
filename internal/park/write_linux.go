package park

import (
	"net"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// The word out counts the events of the writing side above two bits: whether a
// TryWrite was refused and the owner is to be told, and whether a call is
// writing, which keeps the octets of two calls apart.
const (
	outWanted = 1 << iota
	outBusy
	outEdge
)

// drained is told of by the set's goroutine.
func (c *conn) drained() {
	var old uint32
	for {
		old = c.out.Load()
		next := old + outEdge
		if old&outBusy == 0 { // else the one that is writing sees to it
			next &^= outWanted
		}
		if c.out.CompareAndSwap(old, next) {
			break
		}
	}
	if g := c.gate.Load(); g != nil {
		g.write.rouse()
	}
	if old&outWanted != 0 && old&outBusy == 0 && c.uses.Load()&owned != 0 {
		c.owner.Writable()
	}
}

// claim makes the caller the one that writes. Where there is another, it sets
// refused and returns false.
func (c *conn) claim(refused uint32) bool {
	for {
		old := c.out.Load()
		next := old | outBusy
		if old&outBusy != 0 {
			next = old | refused
		}
		if c.out.CompareAndSwap(old, next) {
			return old&outBusy == 0
		}
	}
}

// yield ends what claim began.
func (c *conn) yield() {
	if c.out.And(^uint32(outBusy))&outWanted != 0 {
		c.again() // a TryWrite was refused in the meantime
	}
	if g := c.gate.Load(); g != nil {
		g.write.rouse()
	}
}

// yieldFull ends what claim began, after the socket took no more, and makes the
// next event one for the owner. It returns false if an event has come since
// those counted in seen: the caller goes on.
func (c *conn) yieldFull(seen uint32) bool {
	for {
		old := c.out.Load()
		if old/outEdge != seen/outEdge {
			return false
		}
		if c.out.CompareAndSwap(old, old&^outBusy|outWanted) {
			break
		}
	}
	if g := c.gate.Load(); g != nil {
		g.write.rouse()
	}
	return true
}

func (c *conn) TryWrite(p []byte) (int, error) {
	if err := c.hold(); err != nil {
		return 0, c.failed("write", err)
	}
	defer c.release()
	if !c.claim(outWanted) {
		return 0, ErrWouldBlock
	}
	for done := 0; ; {
		seen := c.out.Load()
		n, err := c.give(p[done:])
		done += n
		switch {
		case err == unix.EAGAIN:
			if c.yieldFull(seen) {
				return done, ErrWouldBlock
			}
		case err != nil:
			c.yield()
			return done, c.failed("write", err)
		case done == len(p):
			c.yield()
			return done, nil
		}
	}
}

func (c *conn) Write(p []byte) (int, error) {
	n, err := c.push("write", int64(len(p)), func(done int64) (int, error) { return c.give(p[done:]) })
	return int(n), err
}

// give is one write to the socket.
func (c *conn) give(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	n, err := unix.Write(int(c.fd), p)
	for err == unix.EINTR {
		n, err = unix.Write(int(c.fd), p)
	}
	c.noteError(err)
	return max(n, 0), err
}

// noteError remembers that a write has failed; see broken.
func (c *conn) noteError(err error) {
	if err != nil && err != unix.EAGAIN {
		c.uses.Or(writeError)
	}
}

// push calls step, which is told how much is done and says how much more it
// moved, until size octets are, and waits for room in between.
func (c *conn) push(op string, size int64, step func(done int64) (int, error)) (done int64, err error) {
	if err := c.hold(); err != nil {
		return 0, c.failed(op, err)
	}
	defer c.release()
	if err := c.awaitTurn(); err != nil {
		return 0, c.failed(op, err)
	}
	defer c.yield()
	for done < size {
		if err := c.mayWrite(); err != nil {
			return done, c.failed(op, err)
		}
		seen := c.out.Load()
		n, err := step(done)
		done += int64(n)
		if err == unix.EAGAIN {
			err = c.awaitRoom(seen)
		}
		if err != nil {
			return done, c.failed(op, err)
		}
	}
	return done, nil
}

// mayWrite returns why a call that waits may not go on.
func (c *conn) mayWrite() error {
	if c.closed() {
		return net.ErrClosed
	}
	if g := c.gate.Load(); g != nil && g.write.expired() {
		return os.ErrDeadlineExceeded
	}
	return nil
}

// awaitTurn claims the writing side, after those who have it now.
func (c *conn) awaitTurn() error {
	if err := c.mayWrite(); err != nil || c.claim(0) {
		return err
	}
	g := c.waits()
	g.mu.Lock()
	defer g.mu.Unlock()
	claimed := false
	err := g.write.wait(0, func() bool {
		claimed = !c.closed() && c.claim(0)
		return claimed || c.closed()
	})
	if err == nil && !claimed {
		return net.ErrClosed
	}
	return err
}

// awaitRoom waits for an event later than those counted in seen. The system
// tells of room when a third of its buffer is free; so when the limit of
// SetWriteTimeout is over, a peer that has taken any octet gets it again.
func (c *conn) awaitRoom(seen uint32) error {
	if err := c.enroll(); err != nil {
		return err
	}
	g, limit := c.waits(), time.Duration(c.limit.Load())
	queued := c.queued()
	g.mu.Lock()
	defer g.mu.Unlock()
	err := g.write.wait(limit, func() bool { return c.out.Load()/outEdge != seen/outEdge || c.closed() })
	switch {
	case c.closed():
		return net.ErrClosed
	case err != nil && limit > 0 && c.queued() < queued && !passed(g.write.deadline):
		return nil
	}
	return err
}

// queued returns how many octets the peer has not acknowledged.
func (c *conn) queued() int {
	n, err := unix.IoctlGetInt(int(c.fd), unix.TIOCOUTQ)
	if err != nil {
		return 0
	}
	return n
}
