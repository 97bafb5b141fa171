package park

import (
	"errors"
	"net"
	"syscall"
	"time"
)

// A twin is a parked connection on any system and over any net.Conn: a goroutine
// watches for what can be read, and another exists while octets that
// TryWrite has taken are on their way. The gate's mutex guards all that
// changes. Deadlines are the gate's; those of nc serve single calls.
type twin struct {
	gate
	nc     net.Conn
	owner  Owner
	closed bool

	raw      syscall.RawConn // nil: what is read ahead waits in arrived
	arrived  []byte
	readable bool // raw: a Read would not wait
	reading  bool // raw: a call is in nc.Read
	readErr  error

	queue    []byte // what TryWrite has taken and the writer has not
	flying   int    // octets that the writer has taken and nc has not
	moved    int    // counts what nc has taken of the writer
	draining bool   // there is a writer
	busy     bool   // a Write or SendFile is in nc
	wanted   bool   // a TryWrite was refused; the owner is to be told
	halfShut bool   // CloseWrite was called
	discard  bool   // SetLinger(0) was called
	writeErr error
	limit    time.Duration
}

func newTwin(nc net.Conn, owner Owner) *twin {
	t := &twin{nc: nc, owner: owner}
	t.gate.init()
	if raw := descriptor(nc); raw != nil && canWatch {
		t.raw = raw
		go t.watch()
	} else {
		go t.readAhead()
	}
	return t
}

func (t *twin) LocalAddr() net.Addr { return t.nc.LocalAddr() }

func (t *twin) RemoteAddr() net.Addr { return t.nc.RemoteAddr() }

// Close leaves what is queued to the writer, which then closes nc.
func (t *twin) Close() error {
	t.mu.Lock()
	if t.closed {
		t.mu.Unlock()
		return t.failed("close", net.ErrClosed)
	}
	t.closed = true
	t.read.wake.Broadcast()
	t.write.wake.Broadcast()
	linger := t.draining && !t.discard
	t.mu.Unlock()
	if linger {
		_ = t.nc.SetWriteDeadline(time.Now().Add(lingerTime))
		return nil
	}
	return t.nc.Close()
}

func (t *twin) SetDeadline(d time.Time) error {
	return errors.Join(t.SetReadDeadline(d), t.SetWriteDeadline(d))
}

func (t *twin) SetReadDeadline(d time.Time) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return t.failed("set", net.ErrClosed)
	}
	t.read.deadline = d
	t.read.wake.Broadcast()
	return nil
}

func (t *twin) SetWriteDeadline(d time.Time) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return t.failed("set", net.ErrClosed)
	}
	t.write.deadline = d
	t.write.wake.Broadcast()
	if t.busy {
		return t.nc.SetWriteDeadline(d)
	}
	return nil
}

func (t *twin) SetWriteTimeout(d time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.limit = max(d, 0)
}

// CloseWrite comes after what is queued.
func (t *twin) CloseWrite() error {
	nc, ok := t.nc.(interface{ CloseWrite() error })
	if !ok {
		return t.failed("close", errors.ErrUnsupported)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return t.failed("close", net.ErrClosed)
	}
	t.halfShut = true
	if t.draining {
		return nil
	}
	return nc.CloseWrite()
}

func (t *twin) SetLinger(sec int) error {
	t.mu.Lock()
	t.discard = sec == 0
	t.mu.Unlock()
	if nc, ok := innermost(t.nc).(interface{ SetLinger(int) error }); ok {
		return nc.SetLinger(sec)
	}
	return nil
}

// innermost returns the connection under those that say what is under them, as
// TLS does.
func innermost(nc net.Conn) net.Conn {
	for {
		outer, ok := nc.(interface{ NetConn() net.Conn })
		if !ok {
			return nc
		}
		nc = outer.NetConn()
	}
}

func (t *twin) Unread() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.raw == nil {
		return len(t.arrived)
	}
	return unread(t.raw)
}

// failed says what failed, as package net does, unless err says it already.
func (t *twin) failed(op string, err error) error {
	if _, ok := err.(*net.OpError); ok {
		return err
	}
	a := t.nc.RemoteAddr()
	network := ""
	if a != nil {
		network = a.Network()
	}
	return &net.OpError{Op: op, Net: network, Source: t.nc.LocalAddr(), Addr: a, Err: err}
}
