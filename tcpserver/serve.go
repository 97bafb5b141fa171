package tcpserver

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"time"

	"github.com/ediport/ediport/internal/proxyhead"
	"github.com/ediport/ediport/internal/trap"
)

// A visitor is who a connection comes from, and where it was made to: its own
// addresses, or those that a proxy tells.
type visitor struct{ remote, local netip.AddrPort }

// handle takes one accepted connection through its life; that of a push
// protocol's connection goes on after handle has returned.
func (r *run) handle(nc net.Conn) {
	c, err := r.welcome(nc)
	if err != nil {
		cut(nc)
		nc.Close()
		r.core.leave()
		r.ended(err)
		return
	}
	err = r.open(c)
	if hook := r.options.Hooks.Connected; hook != nil {
		opened := trap.FromNet(err) // err may have changed when the handler runs
		c.Tell(func() { hook(c, opened) })
	}
	switch {
	case r.options.Push != nil:
		c.begin(err)
	default:
		r.serve(c, err)
		r.depart(c)
	}
}

// ended tells ServeConn how its connection ended.
func (r *run) ended(err error) {
	if r.over != nil {
		r.over <- err
	}
}

// welcome asks whether a client may come in and makes it known.
func (r *run) welcome(nc net.Conn) (*Conn, error) {
	who, err := r.identify(nc)
	if err != nil {
		return nil, err
	}
	core, v := r.core, r.core.store.Load()
	if !core.conns.enterClient(who.remote.Addr(), v.maxPerClient) {
		return nil, trap.New(trap.CodeTryAgain, "%v has MaxConnectionsPerClient connections already", who.remote.Addr())
	}
	c, err := r.register(nc, who)
	if err != nil {
		core.conns.leaveClient(who.remote.Addr())
	}
	return c, err
}

// identify tells whose connection it is, from the header of a proxy if one is to
// be expected.
func (r *run) identify(nc net.Conn) (visitor, error) {
	who := visitor{remoteOf(nc), addrPort(nc.LocalAddr())}
	v := r.core.store.Load()
	if r.listener == nil || v.proxy == proxyOff {
		return who, nil
	}
	if !v.proxies.matches(who.remote.Addr(), r.core.hosts) {
		if v.proxy == proxyOnly {
			return who, trap.New(trap.CodeAccessDenied, "%v is not in ProxyProtocolSources", who.remote)
		}
		return who, nil
	}
	read := make(chan struct{})
	go func() {
		select {
		case <-r.stopped:
			_ = nc.Close() // Read fails
		case <-read:
		}
	}()
	head, err := proxyhead.Read(nc, v.proxyLimit)
	close(read)
	if err != nil {
		err := trap.Wrap(trap.Code(err), err, "PROXY header of "+who.remote.String())
		r.report(nil, err)
		return who, err
	}
	if head.Known {
		who = visitor{head.Source, head.Destination}
	}
	return who, nil
}

// register makes a connection of one that may come in, and gives it what the
// protocol keeps for it.
func (r *run) register(nc net.Conn, who visitor) (*Conn, error) {
	if !r.admit(who.remote) {
		return nil, trap.New(trap.CodeAccessDenied, "%v may not connect", who.remote)
	}
	r.setSocket(nc)
	c, err := newConn(nc, r, who)
	if err != nil {
		return nil, err
	}
	if hook := r.options.Hooks.Attach; hook != nil {
		c.Here(func() { c.attached = hook(c) })
	}
	if !c.Connected() || !r.core.conns.add(c) {
		c.Close(trap.ErrAborted)
		return nil, trap.ErrAborted
	}
	return c, nil
}

// admit asks the lists of clients, and the application, about a client at the
// door.
func (r *run) admit(remote netip.AddrPort) bool {
	request := ConnectionRequest{Accept: r.core.store.Load().admits(remote.Addr(), r.core.hosts)}
	hook := r.options.Hooks.ConnectionRequest
	if hook == nil {
		return request.Accept
	}
	request.Address, request.Port = hostText(remote), int(remote.Port())
	lane := r.core.pump.NewLane(r.stopped, func(value any, stack []byte) {
		r.report(nil, trap.New(trap.CodeAborted, "the handler of ConnectionRequest panicked: %v\n%s", value, stack))
	})
	return lane.Ask(func() { hook(&request) }) && request.Accept
}

// open does the TLS handshake that comes first, if there is one.
func (r *run) open(c *Conn) error {
	if !r.options.UseSSL || c.secure.Load() != nil {
		return nil
	}
	return r.handshake(c, nil)
}

// serve speaks a stream protocol, on the goroutine that it owns, and closes the
// connection.
func (r *run) serve(c *Conn, err error) {
	if err == nil {
		// A panic of the protocol costs no more than one of a handler.
		c.Here(func() { err = normal(r.options.Stream.Serve(c)) })
	}
	if c.Connected() {
		c.finish(err)
	}
}

// normal makes nil of the end of the stream: the peer has said all that it has
// to say.
func normal(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// depart is the end of a connection that is closed: its last events.
func (r *run) depart(c *Conn) {
	err := c.Err()
	r.core.conns.remove(c)
	c.lane.End(func() {
		if c.opened.Load() {
			c.Here(func() { r.options.Push.Closed(c, c.rest(), err) })
		}
		if hook := r.options.Hooks.Disconnected; hook != nil {
			hook(c, trap.FromNet(err))
		}
	})
	r.core.conns.leaveClient(c.remote.Addr())
	r.core.leave()
	r.ended(err)
}

// sweep ends the connection if one of its limits has passed.
func (c *Conn) sweep(now time.Time) {
	if limit := c.loginBy.Load(); limit > 0 && int64(time.Since(c.run.core.born)) > limit {
		c.Close(trap.New(trap.CodeTimedOut, "%v did not log in in time: see setting LoginTimeout", c.remote))
		return
	}
	if limit := c.IdleTimeout(); limit > 0 && c.Idle() > limit {
		c.Close(trap.New(trap.CodeTimedOut, "connection %s was idle for %v", c.id, limit))
		return
	}
	c.tick(now)
}
