package tcpserver

import (
	"errors"
	"io"
	"net"
	"time"

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
// a TLS client is told that nothing more comes.
func (c *Conn) Close(reason error) {
	c.ending.Do(func() {
		c.reason = withCode(reason)
		close(c.done)
		switch linger := c.core.store.Load().linger; {
		case !linger:
			cut(c.raw)
		case reason == nil:
			c.farewell()
		}
		c.raw.Close()
		if c.pushed != nil {
			c.pushed.setPaused(false)
		}
	})
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
// is room for it. A Write that is stuck fails.
func (c *Conn) farewell() {
	secure := c.secure.Load()
	if secure == nil {
		return
	}
	if socket, ok := secure.NetConn().(*impatient); ok {
		socket.hurry(farewellLimit)
		_ = secure.CloseWrite() // the socket is closed next either way
	}
}

// cut makes closing discard what has not been sent.
func cut(nc net.Conn) {
	if tcp, ok := nc.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // fails only on a socket that is gone already
	}
}

// finish closes the connection for the protocol's reason: what was sent, such
// as the message that says why, reaches the peer even if it is still sending.
func (c *Conn) finish(reason error) {
	defer c.Close(reason)
	if !c.core.store.Load().linger {
		return
	}
	_ = c.raw.SetDeadline(deadline(lingerLimit))
	half, ok := c.stream.(interface{ CloseWrite() error })
	if !ok || half.CloseWrite() != nil {
		return
	}
	_, _ = io.CopyN(io.Discard, c.stream, lingerOctets)
}
