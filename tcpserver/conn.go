package tcpserver

import (
	"crypto"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ediport/ediport/internal/dispatch"
	"github.com/ediport/ediport/internal/tlsconf"
	"github.com/ediport/ediport/internal/trap"
)

// writeChunk is how much is written under one deadline: each chunk that moves
// extends the Timeout.
const writeChunk = 256 << 10

// A Conn is one connection. Its methods may be called from any goroutine; Read
// and Write belong to the protocol that serves it, one goroutine each, from the
// call of its Serve or Open on.
type Conn struct {
	core     *Core
	run      *run
	id       string
	uid      string
	remote   netip.AddrPort
	local    netip.AddrPort
	lane     *dispatch.Lane
	attached any
	drain    <-chan struct{}

	raw    net.Conn // the socket
	stream net.Conn // the socket, or TLS over it; the protocol's alone
	secure atomic.Pointer[tls.Conn]
	key    crypto.PublicKey // of the certificate that the client was shown; valid once secure is set
	pushed *pusher          // what feeds a push protocol, else nil

	timeout atomic.Int64 // time.Duration
	idle    atomic.Int64 // time.Duration
	active  atomic.Int64 // when octets last moved, nanoseconds since the core began
	loginBy atomic.Int64 // when the client must be logged in, as active; 0 no limit

	ending sync.Once
	done   chan struct{} // closed when the connection is to end
	reason error         // why; valid once done is closed
}

func newConn(core *Core, nc net.Conn, r *run) *Conn {
	v := core.store.Load()
	c := &Conn{
		core:   core,
		run:    r,
		id:     fmt.Sprint(core.lastID.Add(1)),
		uid:    newUID(),
		remote: remoteOf(nc),
		local:  addrPort(nc.LocalAddr()),
		drain:  core.draining(),
		raw:    nc,
		stream: nc,
		done:   make(chan struct{}),
	}
	c.lane = core.pump.NewLane(c.done, c.handlerPanicked)
	c.SetTimeout(r.options.DefaultTimeout)
	c.SetIdleTimeout(v.idle)
	if secure, ok := nc.(*tls.Conn); ok {
		c.adopt(secure)
	}
	c.touch()
	if v.loginLimit > 0 {
		c.loginBy.Store(int64(time.Since(core.born) + v.loginLimit))
	}
	if r.options.Push != nil {
		c.pushed = newPusher(c, r.options.Push)
	}
	return c
}

// adopt takes a connection that is TLS already, as [Core.ClientHandshake] makes
// it, apart: ending it must not wait for the farewell of TLS.
func (c *Conn) adopt(secure *tls.Conn) {
	c.raw = secure.NetConn()
	if socket, ok := c.raw.(*impatient); ok {
		c.raw = socket.Conn
	}
	c.secure.Store(secure)
}

func newUID() string {
	var b [16]byte
	rand.Read(b[:])
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// ID is the ConnectionID: unique in its core.
func (c *Conn) ID() string { return c.id }

// RemoteHost is the client's IP address, "" where the transport has none.
func (c *Conn) RemoteHost() string { return hostText(c.remote) }

// RemotePort is the client's TCP port.
func (c *Conn) RemotePort() int { return int(c.remote.Port()) }

// LocalAddress is the IP address of this end.
func (c *Conn) LocalAddress() string { return hostText(c.local) }

func hostText(ap netip.AddrPort) string {
	if !ap.IsValid() {
		return ""
	}
	return ap.Addr().String()
}

// Attached is what [Hooks.Attach] returned for this connection.
func (c *Conn) Attached() any { return c.attached }

// Connected reports whether the connection is open.
func (c *Conn) Connected() bool {
	select {
	case <-c.done:
		return false
	default:
		return true
	}
}

// Timeout is how long an operation may go without any octet moving; 0 means
// that nothing limits it.
func (c *Conn) Timeout() time.Duration { return time.Duration(c.timeout.Load()) }

// SetTimeout changes Timeout.
func (c *Conn) SetTimeout(d time.Duration) { c.timeout.Store(int64(d)) }

// IdleTimeout is how long the connection may stay without any octet sent or
// received before it is ended; 0 means for ever.
func (c *Conn) IdleTimeout() time.Duration { return time.Duration(c.idle.Load()) }

// SetIdleTimeout changes IdleTimeout.
func (c *Conn) SetIdleTimeout(d time.Duration) { c.idle.Store(int64(d)) }

func (c *Conn) touch() { c.active.Store(int64(time.Since(c.core.born))) }

// Idle is how long no octet has moved in either direction.
func (c *Conn) Idle() time.Duration {
	return time.Since(c.core.born) - time.Duration(c.active.Load())
}

// Done is closed when the connection is to end; [Conn.Err] says why then.
func (c *Conn) Done() <-chan struct{} { return c.done }

// Draining is closed by [Core.ShutdownContext]: what is under way may finish,
// nothing new should begin.
func (c *Conn) Draining() <-chan struct{} { return c.drain }

// Err says why the connection ended, with an [Error] in its chain: nil while it
// is open and after a normal end.
func (c *Conn) Err() error {
	select {
	case <-c.done:
		return c.reason
	default:
		return nil
	}
}

// LoggedIn tells the core that the client has proven who it is, which ends the
// limit of LoginTimeout.
func (c *Conn) LoggedIn() { c.loginBy.Store(0) }

// LoginFailed tells the core that the client failed to prove that it is who it
// says. The identity has at most so many octets as the protocol allows.
func (c *Conn) LoginFailed(identity string) {
	c.core.logins.failed(c.remote.Addr(), identity, time.Now())
}

// LoginDelay is how long the answer to a login should be held back, because of
// what has failed before for that identity, or from that address: at most half of LoginTimeout. A
// protocol waits before it looks at the password, so that the answer comes late
// whether or not it is right: else a quick answer were the only one worth
// waiting for. A client that does not wait must get no answer.
func (c *Conn) LoginDelay(identity string) time.Duration {
	v := c.core.store.Load()
	delay := c.core.logins.delay(c.remote.Addr(), identity, v.failureDelay, time.Now())
	if v.loginLimit > 0 {
		delay = min(delay, v.loginLimit/2)
	}
	return delay
}

// Read reads from the connection. It returns io.EOF when the peer has closed
// it, and the reason of [Conn.Close] when this side has.
func (c *Conn) Read(p []byte) (int, error) {
	n, err := c.stream.Read(p)
	if n > 0 {
		c.touch()
	}
	return n, c.explain(err)
}

// Write writes all of p. With a Timeout, each part that moves extends it.
func (c *Conn) Write(p []byte) (n int, err error) {
	for len(p) > 0 && err == nil {
		chunk := p[:min(len(p), writeChunk)]
		_ = c.stream.SetWriteDeadline(deadline(c.Timeout())) // Write reports what is wrong
		var moved int
		moved, err = c.stream.Write(chunk)
		if moved > 0 {
			c.touch()
		}
		n += moved
		p = p[moved:]
	}
	return n, c.explain(err)
}

// deadline is the time after the limit, the zero time for none.
func deadline(limit time.Duration) time.Time {
	if limit <= 0 {
		return time.Time{}
	}
	return time.Now().Add(limit)
}

// explain puts the reason of Close in the place of "use of closed connection".
func (c *Conn) explain(err error) error {
	if err != nil && !errors.Is(err, io.EOF) {
		if reason := c.Err(); reason != nil {
			return reason
		}
	}
	return err
}

// TLS returns what the TLS handshake agreed on; false without TLS.
func (c *Conn) TLS() (tls.ConnectionState, bool) {
	secure := c.secure.Load()
	if secure == nil {
		return tls.ConnectionState{}, false
	}
	return secure.ConnectionState(), true
}

func (c *Conn) negotiated() (tlsconf.Negotiated, bool) {
	state, ok := c.TLS()
	if !ok || !state.HandshakeComplete {
		return tlsconf.Negotiated{}, false
	}
	return tlsconf.Facts(state, c.key), true
}

// Ask delivers an event whose handler decides something; it returns when the
// handler has. False means that no handler decided: it panicked, the
// connection ended, or nobody called DoEvents within a minute.
func (c *Conn) Ask(event func()) bool { return c.lane.Ask(event) }

// Tell delivers an event that decides nothing. In pump mode it returns before
// the handler has run.
func (c *Conn) Tell(event func()) { c.lane.Tell(event) }

// Here delivers an event on the calling goroutine even in pump mode, for
// methods that deliver the events they cause to their caller.
func (c *Conn) Here(event func()) bool { return c.lane.Here(event) }

// handlerPanicked ends the connection whose handler panicked, and no other.
func (c *Conn) handlerPanicked(value any, stack []byte) {
	err := trap.New(trap.CodeAborted, "a handler of connection %s panicked: %v\n%s", c.id, value, stack)
	c.run.reportHere(c, err) // before Disconnected, which Close lets come
	c.Close(err)
}
