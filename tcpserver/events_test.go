package tcpserver

import (
	"bytes"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"runtime"
	"sync"
	"testing"

	"github.com/ediport/ediport/internal/trap"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func codeOf(err error) int { return trap.Code(err) }

func TestEventsOfAConnectionComeInOrder(t *testing.T) {
	t.Parallel()
	rec := newRecorder()
	hooks := rec.hooks()
	hooks.ConnectionRequest = func(r *ConnectionRequest) {
		assert.Equal(t, "127.0.0.1", r.Address)
		assert.Positive(t, r.Port)
		assert.True(t, r.Accept)
		rec.note("ConnectionRequest")(nil, nil)
	}
	hooks.Attach = func(c *Conn) any { rec.note("Attach")(c, nil); return nil }
	core := start(t, NewCore(), Options{Push: newLineEcho(), Hooks: hooks})
	p := dial(t, core)
	p.say("quit\n")
	p.hear("bye\n")
	_ = p.Close()
	rec.expect(t, "ConnectionRequest", "Attach", "Connected", "Disconnected")
	rec.silent(t)
}

func TestResetByThePeer(t *testing.T) {
	t.Parallel()
	e, rec := newLineEcho(), newRecorder()
	core := start(t, NewCore(), Options{Push: e, Hooks: rec.hooks()})
	p := dial(t, core)
	p.say("hello\n")
	p.hear("hello\n")
	cut(p.Conn)
	require.NoError(t, p.Close())
	assert.ErrorIs(t, receive(t, e.closed, "Closed"), ErrReset)
	rec.expect(t, "Connected", "Disconnected 10054")
}

func TestClosedForAReason(t *testing.T) {
	t.Parallel()
	e, rec := newLineEcho(), newRecorder()
	core := start(t, NewCore(), Options{Push: e, Hooks: rec.hooks()})
	p := dial(t, core)
	c := receive(t, e.opened, "Open")
	c.Close(ErrAborted)
	c.Close(ErrReset) // too late
	last := rec.expect(t, "Connected", "Disconnected 10053")
	assert.Same(t, ErrAborted, last.err)
	assert.Equal(t, ErrAborted, c.Err())
	_ = p.broken()
}

func TestFailedHandshake(t *testing.T) {
	t.Parallel()
	cases := map[string]func(p *peer){
		"no TLS":    func(p *peer) { p.say("GET / HTTP/1.1\r\n\r\n") },
		"no answer": func(p *peer) { require.NoError(p.t, p.Close()) },
	}
	for name, act := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, rec := newLineEcho(), newRecorder()
			core := start(t, NewCore(), Options{UseSSL: true, SSLCert: ecServer(), Push: e, Hooks: rec.hooks()})
			p := dial(t, core)
			act(p)
			last := rec.expect(t, "Connected 276", "Disconnected 276")
			assert.Contains(t, last.err.Message, "TLS handshake with 127.0.0.1:")
			rec.silent(t)
			assert.Empty(t, e.opened, "the protocol never sees it")
			assert.Empty(t, e.closed)
		})
	}
}

func TestAPanickingHandlerCostsItsConnectionOnly(t *testing.T) {
	t.Parallel()
	type breaker func(h *Hooks, boom func())
	cases := []struct {
		name   string
		breaks breaker
		want   []string
	}{
		{"Attach", func(h *Hooks, boom func()) {
			h.Attach = func(*Conn) any { boom(); return nil }
		}, []string{"Error 10053"}},
		{"ConnectionRequest", func(h *Hooks, boom func()) {
			h.ConnectionRequest = func(*ConnectionRequest) { boom() }
		}, []string{"Error 10053"}},
		{"Connected", func(h *Hooks, boom func()) {
			note := h.Connected
			h.Connected = func(c *Conn, err *Error) { boom(); note(c, err) }
		}, []string{"Error 10053", "Disconnected 10053"}},
		{"Disconnected", func(h *Hooks, boom func()) {
			note := h.Disconnected
			h.Disconnected = func(c *Conn, err *Error) { boom(); note(c, err) }
		}, []string{"Connected", "Error 10053"}},
		{"Error", func(h *Hooks, boom func()) {
			h.Attach = func(*Conn) any { boom(); return nil }
			h.Error = func(*Conn, *Error) { panic("in the handler of Error") }
		}, nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var (
				rec   = newRecorder()
				hooks = rec.hooks()
				once  sync.Once
				done  = make(chan struct{})
			)
			c.breaks(&hooks, func() {
				once.Do(func() {
					close(done)
					panic("boom")
				})
			})
			core := start(t, NewCore(), Options{Push: newLineEcho(), Hooks: hooks})
			// Each step of the client may find the connection broken.
			if nc, err := net.Dial("tcp", core.Addr().String()); err == nil {
				_, _ = nc.Write([]byte("quit\n"))
				_ = newPeer(t, nc).broken()
			}
			receive(t, done, "the panic")
			rec.expect(t, c.want...)

			p := dial(t, core)
			p.say("quit\n")
			p.hear("bye\n")
			p.ended()
			rec.expect(t, "Connected", "Disconnected")
			rec.silent(t)
		})
	}
}

func TestErrorsAreLogged(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer // read when all is over
	core := NewCore()
	rec := newRecorder()
	start(t, core, Options{
		Push: newLineEcho(), Hooks: rec.hooks(),
		Logger: slog.New(slog.NewTextHandler(&log, nil)),
	})
	p := dial(t, core)
	p.say("panic\n")
	_ = p.broken()
	rec.expect(t, "Connected", "Error 10053", "Disconnected 10053")
	end(t, core)
	assert.Contains(t, log.String(), "msg=listening address=127.0.0.1:")
	assert.Contains(t, log.String(), "code=10053")
}

// A brokenListener fails, each time with the next error.
type brokenListener struct {
	net.Listener
	errs chan error
}

func (l *brokenListener) Accept() (net.Conn, error) {
	if err, more := <-l.errs; more {
		return nil, err
	}
	return l.Listener.Accept()
}

type passingError struct{ error }

func (passingError) Temporary() bool { return true }

func TestAcceptingGoesOnAfterAPassingError(t *testing.T) {
	t.Parallel()
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	l := &brokenListener{Listener: inner, errs: make(chan error, 1)}
	l.errs <- &Error{Code: 10024, Err: passingError{errors.New("no descriptors")}}
	close(l.errs)
	rec, core := newRecorder(), NewCore()
	served := make(chan error, 1)
	go func() { served <- core.Serve(l, Options{Stream: greeter, Hooks: rec.hooks()}) }()
	rec.expect(t, "Error 10024")
	nc, err := net.Dial("tcp", inner.Addr().String())
	require.NoError(t, err)
	p := newPeer(t, nc)
	p.hear("welcome\n")
	end(t, core)
	assert.NoError(t, receive(t, served, "the end of Serve"))
	_ = p.broken()
}

func TestServeEndsWithAListenerThatIsBroken(t *testing.T) {
	t.Parallel()
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = inner.Close() })
	l := &brokenListener{Listener: inner, errs: make(chan error, 1)}
	broken := errors.New("broken for good")
	l.errs <- broken
	rec, core := newRecorder(), NewCore()
	assert.ErrorIs(t, core.Serve(l, Options{Stream: greeter, Hooks: rec.hooks()}), broken)
	rec.expect(t, "Error 10053")
	_, err = inner.Accept()
	assert.ErrorIs(t, err, net.ErrClosed, "Serve closes its listener")
}

func TestPumpMode(t *testing.T) {
	t.Parallel()
	core := NewCore()
	configure(t, core, "ProcessIdleEvents=False", "SelectWaitMillis=60000")
	// Not guarded by anything: with -race this proves on which goroutine the
	// handlers run.
	var got []string
	note := func(name string) func(*Conn, *Error) {
		return func(*Conn, *Error) { got = append(got, name) }
	}
	e := newLineEcho()
	start(t, core, Options{Push: e, Hooks: Hooks{
		ConnectionRequest: func(*ConnectionRequest) { got = append(got, "ConnectionRequest") },
		Connected:         note("Connected"),
		Disconnected:      note("Disconnected"),
	}})
	p := dial(t, core)
	p.say("quit\n")
	for len(got) < 3 {
		core.DoEvents()
	}
	assert.Equal(t, []string{"ConnectionRequest", "Connected", "Disconnected"}, got)
	p.hear("bye\n")
	p.ended()
}

func TestShutdownAnswersWhatNobodyDoes(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name    string
		options func(o *Options)
	}{
		{"ConnectionRequest", func(o *Options) { o.Hooks.ConnectionRequest = func(*ConnectionRequest) {} }},
		{"SSLConnectionRequest", func(o *Options) {
			o.UseSSL = true
			o.Hooks.SSLConnectionRequest = func(*Conn, *CertificateRequest) {}
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			core := NewCore()
			configure(t, core, "ProcessIdleEvents=False")
			o := Options{Stream: hanger}
			c.options(&o)
			start(t, core, o) // whose cleanup waits until all connections are gone
			address := core.Addr().String()
			handshake := make(chan struct{})
			go func() {
				defer close(handshake)
				nc, err := net.Dial("tcp", address)
				if err == nil {
					_ = tls.Client(nc, trusting()).Handshake()
					_ = nc.Close()
				}
			}()
			for core.conns.admitted.Load() == 0 {
				runtime.Gosched()
			}
			end(t, core)
			receive(t, handshake, "the end of the client")
		})
	}
}
