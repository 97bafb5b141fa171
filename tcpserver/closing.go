package tcpserver

import (
	"errors"
	"io"
	"net"
	"time"

	"github.com/ediport/ediport/internal/park"
	"github.com/ediport/ediport/internal/trap"
)

// farewellLimit is how long Close lets the farewell of TLS wait for room in the
// socket's buffer, which it practically always has.
const farewellLimit = 2 * time.Millisecond

// Closing politely waits for the peer's farewell this long, and reads at most
// so much of what it still sends.
const (
	lingerLimit  = 2 * time.Second
	lingerOctets = 1 << 20
)

// Close ends the connection at once, for the given reason; only the first
// reason counts. It waits for nothing. With a nil reason, which is a normal end,
// what was sent still goes out, and a TLS client is told that nothing more comes.
func (c *Conn) Close(reason error) {
	if !c.conclude(reason) {
		return
	}
	switch linger := c.run.core.store.Load().linger; {
	case !linger:
		cut(c.raw)
	case reason == nil:
		c.farewell()
	}
	_ = c.raw.Close() // there is nothing to do about it
	if s := c.secure.Load(); s != nil && s.parked != nil {
		_ = s.parked.Close()
	}
	c.happened(dueEnd)
}

// conclude makes the connection one that is to end; false when it was already.
func (c *Conn) conclude(reason error) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.over.Load() {
		return false
	}
	c.over.Store(true)
	end := c.ending()
	if reason != nil || end.reason == nil {
		end.reason = withCode(reason)
	}
	close(end.done)
	return true
}

// withCode returns err with a code in its chain, for errors.Is with the
// sentinels.
func withCode(err error) error {
	var coded *Error
	if err == nil || errors.As(err, &coded) {
		return err
	}
	return trap.FromNet(err)
}

// farewell sends what ends TLS (close_notify, RFC 8446, section 6.1), if there
// is room for it; a Write that is stuck fails. Then it reads away what has come:
// to close a socket that holds unread octets would reset the
// connection, and the peer might lose what was sent last.
func (c *Conn) farewell() {
	if s := c.secure.Load(); s != nil && s.under != nil {
		s.under.hurry(farewellLimit)
		_ = s.CloseWrite() // the socket is closed next either way
	}
	if parked, ok := c.raw.(park.Conn); ok && !c.allRead.Load() {
		discard(parked)
	}
}

func discard(parked park.Conn) {
	if parked.Unread() == 0 {
		return
	}
	lent := buffers.Get().(*[PushBuffer]byte)
	defer buffers.Put(lent)
	for range lingerOctets / PushBuffer {
		if _, err := parked.TryRead(lent[:]); err != nil {
			return
		}
	}
}

// cut makes closing discard what has not been sent.
func cut(nc net.Conn) {
	if socket, ok := nc.(interface{ SetLinger(sec int) error }); ok {
		_ = socket.SetLinger(0) // fails only on a socket that is gone already
	}
}

// finish closes the connection for the protocol's reason: what was sent, such
// as the message that says why, reaches the peer even if it is still sending.
func (c *Conn) finish(reason error) {
	defer c.Close(reason)
	if !c.run.core.store.Load().linger {
		return
	}
	if s := c.secure.Load(); s != nil && s.under != nil {
		s.under.polling.Store(false)
	}
	_ = c.raw.SetDeadline(deadline(lingerLimit))
	stream := c.stream()
	half, ok := stream.(interface{ CloseWrite() error })
	if !ok || half.CloseWrite() != nil {
		return
	}
	_, _ = io.CopyN(io.Discard, stream, lingerOctets)
}
