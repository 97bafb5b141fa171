package park

import (
	"errors"
	"net"
	"time"

	"golang.org/x/sys/unix"
)

func (c *conn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

func (c *conn) SetReadDeadline(t time.Time) error {
	return c.setDeadline(t, func(g *gate) *side { return &g.read })
}

func (c *conn) SetWriteDeadline(t time.Time) error {
	return c.setDeadline(t, func(g *gate) *side { return &g.write })
}

func (c *conn) setDeadline(t time.Time, of func(*gate) *side) error {
	if c.closed() {
		return c.failed("set", net.ErrClosed)
	}
	if !t.IsZero() || c.gate.Load() != nil {
		of(c.waits()).setDeadline(t)
	}
	return nil
}

func (c *conn) SetWriteTimeout(d time.Duration) { c.limit.Store(int64(max(d, 0))) }

func (c *conn) CloseWrite() error {
	c.uses.Or(halfClosed)
	return c.use("shutdown", func(fd int) error {
		return unix.Shutdown(fd, unix.SHUT_WR)
	})
}

func (c *conn) SetLinger(sec int) error {
	l := unix.Linger{Onoff: 1, Linger: int32(sec)}
	if sec < 0 {
		l = unix.Linger{}
	}
	return c.use("setsockopt", func(fd int) error {
		return unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &l)
	})
}

func (c *conn) Unread() (n int) {
	_ = c.use("get", func(fd int) (err error) {
		n, err = unix.IoctlGetInt(fd, fionread)
		return err
	})
	return max(n, 0)
}
