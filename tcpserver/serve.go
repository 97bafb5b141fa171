package tcpserver

import (
	"errors"
	"io"
	"net"
	"time"

	"github.com/ediport/ediport/internal/trap"
)

// sweepEvery is how often idle connections are looked for.
const sweepEvery = time.Second

// handle takes one accepted connection through its life.
func (r *run) handle(nc net.Conn) error {
	defer r.core.leave(remoteOf(nc).Addr())
	if !r.admit(nc) {
		cut(nc)
		nc.Close()
		return trap.New(trap.CodeAccessDenied, "%v may not connect", nc.RemoteAddr())
	}
	c := newConn(r.core, nc, r)
	if hook := r.options.Hooks.Attach; hook != nil {
		c.Here(func() { c.attached = hook(c) })
	}
	if !c.Connected() || !r.register(c) {
		c.Close(trap.ErrAborted)
		return trap.ErrAborted
	}
	err := r.live(c)
	r.unregister(c)
	c.lane.End(func() {
		if hook := r.options.Hooks.Disconnected; hook != nil {
			hook(c, trap.FromNet(err))
		}
	})
	return err
}

// admit asks the lists of clients, and the application, about a client at the
// door.
func (r *run) admit(nc net.Conn) bool {
	remote := remoteOf(nc)
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

// live is the connection's life between its registration and its end. It
// returns nil when that was a normal one.
func (r *run) live(c *Conn) error {
	err := r.open(c)
	if hook := r.options.Hooks.Connected; hook != nil {
		opened := trap.FromNet(err) // err may have changed when the handler runs
		c.Tell(func() { hook(c, opened) })
	}
	if err == nil {
		// A panic of the protocol costs no more than one of a handler.
		c.Here(func() { err = r.serve(c) })
		if errors.Is(err, io.EOF) {
			err = nil // the peer has said all that it has to say
		}
	}
	if c.Connected() {
		c.finish(err)
	}
	if c.pushed != nil {
		c.pushed.closed()
	}
	return c.Err()
}

func (r *run) serve(c *Conn) error {
	if c.pushed != nil {
		return c.pushed.run()
	}
	return r.options.Stream.Serve(c)
}

func (r *run) open(c *Conn) error {
	setSocket(c.raw, r.core.store.Load())
	if !r.options.UseSSL || c.secure.Load() != nil {
		return nil
	}
	if err := r.handshake(c); err != nil {
		return trap.Wrap(trap.CodeHandshake, err, "TLS handshake with "+c.remote.String())
	}
	return nil
}

func setSocket(nc net.Conn, v *values) {
	tcp, ok := nc.(*net.TCPConn)
	if !ok {
		return
	}
	// Each of these fails only on a socket that is gone, which the first read
	// reports better.
	_ = tcp.SetNoDelay(v.noDelay)
	_ = tcp.SetKeepAliveConfig(net.KeepAliveConfig{
		Enable: v.keepAlive, Idle: v.keepAliveTime, Interval: v.keepAliveInterval, Count: v.keepAliveRetries,
	})
	if v.inBuffer > 0 {
		_ = tcp.SetReadBuffer(v.inBuffer)
	}
	if v.outBuffer > 0 {
		_ = tcp.SetWriteBuffer(v.outBuffer)
	}
}

// register makes the connection known; false when its run has been stopped.
func (r *run) register(c *Conn) bool {
	core := r.core
	core.mu.Lock()
	defer core.mu.Unlock()
	if r.isStopped() {
		return false
	}
	core.conns[c.id] = c
	if core.unswept == nil {
		core.unswept = make(chan struct{})
		go core.sweep(core.unswept)
	}
	return true
}

func (r *run) unregister(c *Conn) {
	core := r.core
	core.mu.Lock()
	defer core.mu.Unlock()
	delete(core.conns, c.id)
	if len(core.conns) == 0 {
		close(core.unswept)
		core.unswept = nil
	}
}

// sweep looks for idle connections until the last connection is gone.
func (core *Core) sweep(end <-chan struct{}) {
	ticker := time.NewTicker(sweepEvery)
	defer ticker.Stop()
	for {
		select {
		case now := <-ticker.C:
			for _, c := range core.snapshot() {
				c.sweep(now)
			}
		case <-end:
			return
		}
	}
}

// sweep ends the connection if one of its limits has passed.
func (c *Conn) sweep(now time.Time) {
	if limit := c.loginBy.Load(); limit > 0 && int64(time.Since(c.core.born)) > limit {
		c.Close(trap.New(trap.CodeTimedOut, "%v did not log in in time: see setting LoginTimeout", c.remote))
		return
	}
	if limit := c.IdleTimeout(); limit > 0 && c.Idle() > limit {
		c.Close(trap.New(trap.CodeTimedOut, "connection %s was idle for %v", c.id, limit))
		return
	}
	if c.pushed != nil {
		c.pushed.tick(now)
	}
}
