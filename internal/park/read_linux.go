package park

import (
	"io"
	"net"
	"os"

	"golang.org/x/sys/unix"
)

// The word in counts the events of the reading side, so that a call that found
// nothing sees whether something has come since it looked. Its lowest bit
// says that the peer has closed, or an error is there.
const (
	inEnded = 1 << iota
	inEdge
)

// arrived is told of by the set's goroutine.
func (c *conn) arrived(end bool) {
	if end {
		c.in.Or(inEnded)
	}
	c.in.Add(inEdge)
	if g := c.gate.Load(); g != nil {
		g.read.rouse()
	}
	if c.uses.Load()&owned != 0 {
		c.owner.Readable()
	}
}

func (c *conn) TryRead(p []byte) (int, error) {
	if err := c.hold(); err != nil {
		return 0, c.failed("read", err)
	}
	defer c.release()
	n, err := c.take(p)
	if err == unix.EAGAIN {
		return 0, ErrWouldBlock
	}
	return n, c.readError(err)
}

func (c *conn) Read(p []byte) (int, error) {
	if err := c.hold(); err != nil {
		return 0, c.failed("read", err)
	}
	defer c.release()
	if g := c.gate.Load(); g != nil && g.read.expired() {
		return 0, c.failed("read", os.ErrDeadlineExceeded)
	}
	for {
		seen := c.in.Load()
		n, err := c.take(p)
		if err != unix.EAGAIN {
			return n, c.readError(err)
		}
		if err := c.awaitArrival(seen); err != nil {
			return 0, c.failed("read", err)
		}
	}
}

// awaitArrival waits for an event later than those counted in seen.
func (c *conn) awaitArrival(seen uint32) error {
	if err := c.enroll(); err != nil {
		return err
	}
	g := c.waits()
	g.mu.Lock()
	defer g.mu.Unlock()
	err := g.read.wait(0, func() bool { return c.in.Load() != seen || c.closed() })
	if c.closed() {
		return net.ErrClosed
	}
	return err
}

// take is one read of the socket.
func (c *conn) take(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	n, err := unix.Read(int(c.fd), p)
	for err == unix.EINTR {
		n, err = unix.Read(int(c.fd), p)
	}
	switch {
	case err != nil:
		return 0, err
	case n == 0 && c.broken():
		return 0, unix.ECONNRESET
	case n == 0:
		return 0, io.EOF
	case n < len(p) && c.in.Load()&inEnded != 0:
		// The end of the stream was told of together with these octets: no
		// further edge would come for it.
		c.again()
	}
	return n, nil
}

// broken tells the end of a stream from what is left of a connection that was
// reset: the system tells of a reset once, and a write may have heard of it.
// Only a reset ends a TCP connection in both directions while ours is open.
func (c *conn) broken() bool {
	if c.uses.Load()&(writeError|halfClosed) != writeError || c.place.Value().network != "tcp" {
		return false
	}
	state := []unix.PollFd{{Fd: c.fd}}
	n, err := unix.Poll(state, 0)
	return err == nil && n > 0 && state[0].Revents&unix.POLLHUP != 0
}

// readError is err as the caller gets it.
func (c *conn) readError(err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	return c.failed("read", err)
}
