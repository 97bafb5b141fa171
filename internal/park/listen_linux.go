package park

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// A listener accepts connections as bare descriptors, which saves what net does
// to watch each of them itself.
type listener struct {
	*conn
	accepting *sync.RWMutex // held by Accept, for reading
}

// Listen takes a listener over: its caller must not use ln again. The
// connections that the result accepts are to be given to [Lot.Park], and
// may be used before; options of their sockets are those of the listening one.
// Where descriptors cannot be watched, the result is ln.
func (l *Lot) Listen(ln *net.TCPListener) (net.Listener, error) {
	if l.portable {
		return ln, nil
	}
	fd, err := duplicateListener(ln)
	if err != nil {
		return nil, err
	}
	c, err := l.newConn(fd)
	if err != nil {
		return nil, err
	}
	c.setAddrs(ln.Addr(), nil)
	if err := c.enroll(); err != nil {
		_ = c.Close()
		return nil, err
	}
	_ = ln.Close()
	return listener{c, new(sync.RWMutex)}, nil
}

func duplicateListener(ln *net.TCPListener) (fd int, err error) {
	rc, err := ln.SyscallConn()
	if err != nil {
		return -1, err
	}
	if e := rc.Control(func(s uintptr) { fd, err = unix.FcntlInt(s, unix.F_DUPFD_CLOEXEC, 0) }); e != nil {
		return -1, e
	}
	return fd, os.NewSyscallError("fcntl", err)
}

// Accept implements [net.Listener].
func (l listener) Accept() (net.Conn, error) {
	l.accepting.RLock()
	defer l.accepting.RUnlock()
	if err := l.hold(); err != nil {
		return nil, l.failed("accept", err)
	}
	defer l.release()
	for {
		seen := l.in.Load()
		// That of package unix asks for the protocol, too, by a further call.
		fd, from, err := syscall.Accept4(int(l.fd), syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC)
		switch err {
		case nil:
			return l.accepted(fd, from)
		case syscall.EINTR:
			continue
		case syscall.EAGAIN:
			err = l.awaitArrival(seen)
		}
		if err != nil {
			return nil, l.failed("accept", err)
		}
	}
}

// accepted makes a connection of a descriptor.
func (l listener) accepted(fd int, from syscall.Sockaddr) (net.Conn, error) {
	c, err := l.set.lot.newConn(fd)
	if err != nil {
		return nil, err
	}
	c.remote, c.place = addrPort(from), l.place
	if own := l.place.Value().local; own.Addr().IsUnspecified() {
		name, err := syscall.Getsockname(fd)
		if err != nil {
			_ = c.Close()
			return nil, os.NewSyscallError("getsockname", err)
		}
		c.place = tcpPlace(addrPort(name))
	}
	return c, nil
}

// Close implements [net.Listener]. The port is free when it returns.
func (l listener) Close() error {
	err := l.conn.Close()
	l.accepting.Lock() // whoever was accepting has let go of the descriptor
	defer l.accepting.Unlock()
	return err
}

// Addr implements [net.Listener].
func (l listener) Addr() net.Addr { return l.LocalAddr() }

func addrPort(sa syscall.Sockaddr) netip.AddrPort {
	switch a := sa.(type) {
	case *syscall.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(a.Addr), uint16(a.Port))
	case *syscall.SockaddrInet6:
		return netip.AddrPortFrom(netip.AddrFrom16(a.Addr).Unmap(), uint16(a.Port))
	}
	return netip.AddrPort{}
}

// errParked is what Park says of a connection that has an owner already.
var errParked = errors.New("park: the connection has been parked before")

// own gives an accepted connection its owner.
func (c *conn) own(owner Owner) error {
	c.owner = owner
	if c.uses.Or(owned)&owned != 0 {
		return errParked
	}
	if c.uses.Load()&enrolled != 0 {
		c.again() // what has come already is told of
		return nil
	}
	return c.enroll()
}

// enroll has the connection watched, unless it is already.
func (c *conn) enroll() error {
	if c.uses.Or(enrolled)&enrolled != 0 {
		return nil
	}
	c.set.conns.set(int(c.fd), c)
	return os.NewSyscallError("epoll_ctl", c.set.control(unix.EPOLL_CTL_ADD, int(c.fd), watched))
}

// Control calls f with the descriptor, for options of the socket.
func (c *conn) Control(f func(fd int) error) error { return c.use("set", f) }
