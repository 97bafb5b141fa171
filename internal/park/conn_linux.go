package park

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"sync/atomic"
	"unique"

	"golang.org/x/sys/unix"
)

// A conn is a parked descriptor. There may be a hundred thousand: what only
// some of them need is in the gate.
type conn struct {
	set    *set
	owner  Owner
	gate   atomic.Pointer[gate] // nil until a call waits or a deadline is set
	limit  atomic.Int64         // SetWriteTimeout
	remote netip.AddrPort
	place  unique.Handle[place]
	fd     int32
	uses   atomic.Uint32 // calls that use fd, and bits
	in     atomic.Uint32 // see read_linux.go
	out    atomic.Uint32 // see write_linux.go
}

// The bits of uses above the count of calls.
const (
	// closing ends a connection: no use begins any more, and the last one
	// closes the descriptor. So no call ever reaches a descriptor that the system
	// has given to somebody else.
	closing = 1 << 31

	halfClosed = 1 << 30 // CloseWrite
	enrolled   = 1 << 29 // it is watched
	owned      = 1 << 28 // the owner is set
	writeError = 1 << 27 // a write has heard of the end

	calls = writeError - 1
)

// parkDescriptor parks nc by a duplicate of its descriptor: closing nc then only
// makes net's poller let go of it. It returns errors.ErrUnsupported for what
// is not one of net's stream sockets.
func (l *Lot) parkDescriptor(nc net.Conn, owner Owner) (Conn, error) {
	if accepted, ok := nc.(*conn); ok && accepted.set.lot == l {
		return accepted, accepted.own(owner)
	}
	fd, err := duplicate(nc)
	if err != nil {
		return nil, err
	}
	c, err := l.newConn(fd)
	if err != nil {
		return nil, err
	}
	c.setAddrs(nc.LocalAddr(), nc.RemoteAddr())
	if err := c.own(owner); err != nil {
		_ = c.Close()
		return nil, err
	}
	_ = nc.Close()
	return c, nil
}

// newConn makes a connection of a descriptor, which it closes if it fails.
func (l *Lot) newConn(fd int) (*conn, error) {
	w, err := l.open()
	if err != nil {
		return nil, errors.Join(err, unix.Close(fd))
	}
	return &conn{set: w.next(), fd: int32(fd)}, nil
}

func duplicate(nc net.Conn) (int, error) {
	sc := descriptor(nc)
	if sc == nil {
		return -1, errors.ErrUnsupported
	}
	fd := -1
	var err error
	use := func(s uintptr) {
		if kind, e := unix.GetsockoptInt(int(s), unix.SOL_SOCKET, unix.SO_TYPE); e != nil || kind != unix.SOCK_STREAM {
			err = errors.ErrUnsupported
			return
		}
		fd, err = unix.FcntlInt(s, unix.F_DUPFD_CLOEXEC, 0)
		err = os.NewSyscallError("fcntl", err)
	}
	if e := sc.Control(use); e != nil {
		return -1, e
	}
	if err != nil {
		return -1, err
	}
	// It is non-blocking already, unless somebody took a File of it and asked
	// for its Fd.
	if err := unix.SetNonblock(fd, true); err != nil {
		return -1, errors.Join(os.NewSyscallError("fcntl", err), unix.Close(fd))
	}
	return fd, nil
}

// hold begins a use of the descriptor; release ends it.
func (c *conn) hold() error {
	for {
		n := c.uses.Load()
		if n&closing != 0 {
			return net.ErrClosed
		}
		if c.uses.CompareAndSwap(n, n+1) {
			return nil
		}
	}
}

func (c *conn) release() {
	if n := c.uses.Add(^uint32(0)); n&closing != 0 && n&calls == 0 {
		c.free()
	}
}

func (c *conn) closed() bool { return c.uses.Load()&closing != 0 }

// free gives the descriptor back.
func (c *conn) free() {
	fd := int(c.fd)
	if c.uses.Load()&enrolled != 0 {
		// Closing ends the registration. Should a child between fork and exec
		// have the descriptor too, its last events find nobody.
		c.set.conns.set(fd, nil)
	}
	_ = unix.Close(fd)
	c.set.lot.Close()
}

func (c *conn) Close() error {
	if err := c.hold(); err != nil {
		return c.failed("close", err)
	}
	first := c.uses.Or(closing)&closing == 0
	if g := c.gate.Load(); g != nil {
		g.read.rouse()
		g.write.rouse()
	}
	c.release()
	if !first {
		return c.failed("close", net.ErrClosed)
	}
	return nil
}

// event is told of by the set's goroutine.
func (c *conn) event(events uint32) {
	if c.closed() {
		return
	}
	if events&inEvent != 0 {
		c.arrived(events&ended != 0)
	}
	if events&outEvent != 0 {
		c.drained()
	}
}

// again makes the set tell once more what the connection is ready for.
func (c *conn) again() { _ = c.set.control(unix.EPOLL_CTL_MOD, int(c.fd), watched) }

// waits returns the gate, which is made when it is needed first.
func (c *conn) waits() *gate {
	if g := c.gate.Load(); g != nil {
		return g
	}
	c.gate.CompareAndSwap(nil, new(gate).init())
	return c.gate.Load()
}

// use calls f with the descriptor, unless the connection is closed.
func (c *conn) use(op string, f func(fd int) error) error {
	err := c.hold()
	if err == nil {
		defer c.release()
		err = f(int(c.fd))
	}
	if err != nil {
		return c.failed(op, err)
	}
	return nil
}

// failed says what failed, as package net does.
func (c *conn) failed(op string, err error) error {
	if _, ok := err.(unix.Errno); ok {
		err = os.NewSyscallError(op, err)
	}
	return &net.OpError{Op: op, Net: c.place.Value().network, Source: c.LocalAddr(), Addr: c.RemoteAddr(), Err: err}
}
