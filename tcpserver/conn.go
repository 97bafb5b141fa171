package tcpserver

import (
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
	"unique"

	"github.com/ediport/ediport/internal/dispatch"
	"github.com/ediport/ediport/internal/tlsconf"
	"github.com/ediport/ediport/internal/trap"
)

// A Conn is one connection. Its methods may be called from any goroutine; Read
// belongs to the stream protocol that serves it, from the call of its Serve on.
type Conn struct {
	run      *run
	serial   uint64
	id       string // serial as text
	uid      atomic.Pointer[string]
	remote   netip.AddrPort
	local    unique.Handle[netip.AddrPort] // few, shared by many
	lane     dispatch.Lane
	attached any

	raw    net.Conn                // the socket; a park.Conn under a push protocol
	secure atomic.Pointer[secured] // TLS over it

	timeout atomic.Int64 // time.Duration
	idle    atomic.Int64 // time.Duration
	active  atomic.Int64 // when octets last moved, nanoseconds since the core began
	loginBy atomic.Int64 // when the client must be logged in, as active; 0 no limit

	sending sync.Mutex // held by whoever writes
	over    atomic.Bool
	pushed

	mu       sync.Mutex // guards what follows, and the first part of pushed
	end      *ending    // made when the connection ends, or first asked for
	writing  bool       // a Write or SendFile is under way
	breaking bool       // it is to end
}

// An ending is how a connection is told to end, and why.
type ending struct {
	done   chan struct{}
	reason error
}

// ending returns the connection's. c.mu is held.
func (c *Conn) ending() *ending {
	if c.end == nil {
		c.end = &ending{done: make(chan struct{})}
	}
	return c.end
}

// newConn makes a connection of an accepted socket. After an error the socket is
// the visitor's to close.
func newConn(nc net.Conn, r *run, who visitor) (*Conn, error) {
	core, v := r.core, r.core.store.Load()
	serial := core.conns.lastID.Add(1)
	c := &Conn{
		run:    r,
		serial: serial,
		id:     strconv.FormatUint(serial, 10),
		remote: who.remote,
		local:  unique.Make(who.local),
		raw:    nc,
	}
	c.lane = core.pump.Lane((*owner)(c))
	c.SetTimeout(r.options.DefaultTimeout)
	c.SetIdleTimeout(v.idle)
	if tlsConn, ok := nc.(*tls.Conn); ok {
		c.adopt(tlsConn)
	}
	c.upgrading.Store(r.options.UseSSL && c.secure.Load() == nil)
	c.touch()
	if v.loginLimit > 0 {
		c.loginBy.Store(int64(time.Since(core.born) + v.loginLimit))
	}
	if r.options.Push != nil {
		return c, c.park()
	}
	return c, nil
}

// adopt takes a connection that is TLS already, as [Core.ClientHandshake] makes
// it, apart: ending it must not wait for the farewell of TLS.
func (c *Conn) adopt(tlsConn *tls.Conn) {
	c.raw = tlsConn.NetConn()
	under, ok := c.raw.(*impatient)
	if ok {
		c.raw = under.Conn
	}
	c.secure.Store(&secured{Conn: tlsConn, under: under})
}

// stream is what octets of the protocol go through: the socket, or TLS over it.
func (c *Conn) stream() net.Conn {
	if s := c.secure.Load(); s != nil && s.parked == nil {
		return s
	} else if s != nil {
		return s.parked
	}
	return c.raw
}

// connectionUID is an id that no other connection ever has; it is made when it
// is first asked for.
func (c *Conn) connectionUID() string {
	if c.uid.Load() == nil {
		var b [16]byte
		rand.Read(b[:])
		id := fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
		c.uid.CompareAndSwap(nil, &id)
	}
	return *c.uid.Load()
}

// ID is the ConnectionID: unique in its core.
func (c *Conn) ID() string { return c.id }

// RemoteHost is the client's IP address, "" where the transport has none.
func (c *Conn) RemoteHost() string { return hostText(c.remote) }

// RemotePort is the client's TCP port.
func (c *Conn) RemotePort() int { return int(c.remote.Port()) }

// LocalAddress is the IP address of this end.
func (c *Conn) LocalAddress() string { return hostText(c.local.Value()) }

func hostText(ap netip.AddrPort) string {
	if !ap.IsValid() {
		return ""
	}
	return ap.Addr().String()
}

// Attached is what [Hooks.Attach] returned for this connection.
func (c *Conn) Attached() any { return c.attached }

// Connected reports whether the connection is open.
func (c *Conn) Connected() bool { return !c.over.Load() }

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

func (c *Conn) touch() { c.active.Store(int64(time.Since(c.run.core.born))) }

// Idle is how long no octet has moved in either direction.
func (c *Conn) Idle() time.Duration {
	return time.Since(c.run.core.born) - time.Duration(c.active.Load())
}

// Done is closed when the connection is to end; [Conn.Err] says why then.
func (c *Conn) Done() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ending().done
}

// Draining is closed by [Core.ShutdownContext]: what is under way may finish,
// nothing new should begin.
func (c *Conn) Draining() <-chan struct{} { return c.run.drain }

// Err says why the connection ended, with an [Error] in its chain: nil while it
// is open and after a normal end.
func (c *Conn) Err() error {
	if !c.over.Load() {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ending().reason
}

// LoggedIn tells the core that the client has proven who it is, which ends the
// limit of LoginTimeout.
func (c *Conn) LoggedIn() { c.loginBy.Store(0) }

// LoginFailed tells the core that the client failed to prove that it is who it
// says. The identity has at most so many octets as the protocol allows.
func (c *Conn) LoginFailed(identity string) {
	c.run.core.logins.failed(c.remote.Addr(), identity, time.Now())
}

// LoginDelay is how long the answer to a login should be held back, because of
// what has failed before for that identity, or from that address: at most half of LoginTimeout. A
// protocol waits before it looks at the password, so that the answer comes late
// whether or not it is right: else a quick answer were the only one worth
// waiting for. A client that does not wait must get no answer.
func (c *Conn) LoginDelay(identity string) time.Duration {
	v := c.run.core.store.Load()
	delay := c.run.core.logins.delay(c.remote.Addr(), identity, v.failureDelay, time.Now())
	if v.loginLimit > 0 {
		delay = min(delay, v.loginLimit/2)
	}
	return delay
}

// Read reads from the connection. It returns io.EOF when the peer has closed
// it, and the reason of [Conn.Close] when this side has.
func (c *Conn) Read(p []byte) (int, error) {
	n, err := c.stream().Read(p)
	if n > 0 {
		c.touch()
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
	s := c.secure.Load()
	if s == nil {
		return tls.ConnectionState{}, false
	}
	return s.ConnectionState(), true
}

func (c *Conn) negotiated() (tlsconf.Negotiated, bool) {
	s := c.secure.Load()
	if s == nil || !s.ConnectionState().HandshakeComplete {
		return tlsconf.Negotiated{}, false
	}
	return tlsconf.Facts(s.ConnectionState(), s.key), true
}

// Ask delivers an event whose handler decides something; it returns when the
// handler has. False means that no handler decided: it panicked, the
// connection ended, or nobody called DoEvents within a minute.
func (c *Conn) Ask(event func()) bool { return c.lane.Ask(event) }

// Tell delivers an event that decides nothing. In pump mode it returns before
// the handler has run.
func (c *Conn) Tell(event func()) { c.lane.Tell(event) }

// Here delivers an event on the calling goroutine even in pump mode, for
// methods that deliver the events they cause to their visitor.
func (c *Conn) Here(event func()) bool { return c.lane.Here(event) }

// An owner is a connection as its lane sees it.
type owner Conn

func (o *owner) Gone() <-chan struct{} { return (*Conn)(o).Done() }

// Panicked ends the connection whose handler panicked, and no other.
func (o *owner) Panicked(value any, stack []byte) {
	c := (*Conn)(o)
	err := trap.New(trap.CodeAborted, "a handler of connection %s panicked: %v\n%s", c.id, value, stack)
	c.run.reportHere(c, err) // before Disconnected, which Close lets come
	c.Close(err)
}
