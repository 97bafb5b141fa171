package tcpserver

import (
	"context"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// enders end a connection, each in its own way.
var enders = map[string]func(core *Core, c *Conn){
	"Shutdown":   func(core *Core, _ *Conn) { core.Shutdown() },
	"Reset":      func(core *Core, _ *Conn) { core.Reset() },
	"Disconnect": func(core *Core, c *Conn) { _ = core.Disconnect(c.ID()) },
	"Close":      func(_ *Core, c *Conn) { c.Close(nil) },
}

func TestEndingFromInsideAHandler(t *testing.T) {
	t.Parallel()
	for _, pumped := range []bool{false, true} {
		for name, finish := range enders {
			t.Run(fmt.Sprintf("%s pumped %t", name, pumped), func(t *testing.T) {
				t.Parallel()
				core, rec := NewCore(), newRecorder()
				hooks := rec.hooks()
				hooks.Connected = func(c *Conn, err *Error) {
					finish(core, c)
					assert.False(t, c.Connected())
					rec.note("Connected")(c, err)
				}
				configure(t, core, fmt.Sprintf("ProcessIdleEvents=%t", !pumped))
				start(t, core, Options{Stream: hanger, Hooks: hooks})
				p := dial(t, core)
				for pumped && len(rec.events) < 2 {
					core.DoEvents()
				}
				_ = p.broken()
				rec.expect(t, "Connected", "Disconnected")
				end(t, core)
				rec.silent(t)
			})
		}
	}
}

func TestEndingFromInsideTheProtocol(t *testing.T) {
	t.Parallel()
	for name, finish := range enders {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			core, rec := NewCore(), newRecorder()
			start(t, core, Options{Hooks: rec.hooks(), Stream: streamFunc(func(c *Conn) error {
				finish(core, c)
				_, err := c.Write([]byte("late"))
				return err
			})})
			assert.NoError(t, dial(t, core).broken(), "an orderly end")
			rec.expect(t, "Connected", "Disconnected")
		})
	}
}

func TestTLSPeersLearnThatTheEndIsOne(t *testing.T) {
	t.Parallel()
	for name, finish := range enders {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			core, e := NewCore(), newLineEcho()
			start(t, core, Options{Push: e, UseSSL: true, SSLCert: ecServer()})
			p := dialTLS(t, core, nil)
			c := receive(t, e.opened, "Open")
			var farewell []string
			secure := c.secure.Load()
			require.NotNil(t, secure)
			finish(core, c)
			// crypto/tls takes a bare end for an orderly one; the socket below
			// shows the record of the alert.
			raw, err := io.ReadAll(p.netConn())
			require.NoError(t, err)
			for len(raw) >= 5 {
				n := 5 + int(raw[3])<<8 + int(raw[4])
				farewell = append(farewell, fmt.Sprint(n))
				raw = raw[n:]
			}
			assert.NotEmpty(t, farewell)
			// 5 header + 2 alert + 1 type + 16 tag: the alert is the last record.
			assert.Equal(t, "24", farewell[len(farewell)-1])
		})
	}
}

func TestCloseDoesNotWaitForAPeerThatDoesNotRead(t *testing.T) {
	t.Parallel()
	writing := make(chan *Conn, 1)
	rec := newRecorder()
	core := start(t, NewCore(), Options{
		UseSSL: true, SSLCert: ecServer(), Hooks: rec.hooks(),
		Stream: streamFunc(func(c *Conn) error {
			c.LoggedIn()
			writing <- c
			_, err := c.Write(make([]byte, 64<<20)) // fits into no buffer
			return err
		}),
	})
	p := dialTLS(t, core, nil)
	c := receive(t, writing, "Serve")
	c.Close(nil)
	rec.expect(t, "Connected", "Disconnected")
	assert.NoError(t, c.Err())
	_ = p.netConn().Close()
}

func TestStopListeningKeepsConnections(t *testing.T) {
	t.Parallel()
	core, rec := NewCore(), newRecorder()
	start(t, core, Options{Push: newLineEcho(), Hooks: rec.hooks()})
	address := core.Addr().String()
	p := dial(t, core)
	rec.expect(t, "Connected")

	core.StopListening()
	core.StopListening()
	assert.False(t, core.Listening())
	assert.Nil(t, core.Addr())
	_, err := net.Dial("tcp", address)
	require.Error(t, err)
	p.say("still here\n")
	p.hear("still here\n")

	// And it can listen again while they live.
	require.NoError(t, core.StartListening(Options{LocalHost: "127.0.0.1", Push: newLineEcho()}))
	q := dial(t, core)
	q.say("new\n")
	q.hear("new\n")
	p.say("quit\n")
	p.hear("bye\n")
	rec.expect(t, "Disconnected")
}

func TestRestartOnTheSamePortAtOnce(t *testing.T) {
	t.Parallel()
	core, rec := NewCore(), newRecorder()
	o := Options{LocalHost: "127.0.0.1", Push: newLineEcho(), Hooks: rec.hooks()}
	start(t, core, o)
	_, port, err := net.SplitHostPort(core.Addr().String())
	require.NoError(t, err)
	o.LocalPort, err = strconv.Atoi(port)
	require.NoError(t, err)
	for range 5 {
		p := dial(t, core)
		p.say("hello\n")
		p.hear("hello\n")
		core.Shutdown() // this end closes first, so that its address lingers
		assert.False(t, core.Listening())
		require.NoError(t, core.StartListening(o))
		assert.NoError(t, p.broken())
		rec.expect(t, "Connected", "Disconnected")
	}
}

func TestShutdownContextLetsWorkFinish(t *testing.T) {
	t.Parallel()
	core, rec := NewCore(), newRecorder()
	start(t, core, Options{Hooks: rec.hooks(), Stream: streamFunc(func(c *Conn) error {
		<-c.Draining()
		_, err := io.WriteString(c, "the work is done\n")
		return err
	})})
	p := dial(t, core)
	rec.expect(t, "Connected")
	shut := make(chan error, 1)
	go func() { shut <- core.ShutdownContext(context.Background()) }()
	p.hear("the work is done\n")
	p.ended()
	assert.NoError(t, receive(t, shut, "the end of ShutdownContext"))
	rec.expect(t, "Disconnected")
	assert.False(t, core.Listening())
	assert.NoError(t, core.ShutdownContext(context.Background()), "nothing is left to wait for")
}

func TestShutdownContextBreaksTheRest(t *testing.T) {
	t.Parallel()
	core, rec := NewCore(), newRecorder()
	start(t, core, Options{Hooks: rec.hooks(), Stream: streamFunc(func(c *Conn) error {
		<-c.Draining()
		return hanger(c)
	})})
	p := dial(t, core)
	c := rec.expect(t, "Connected").conn
	ctx, cancel := context.WithCancel(context.Background())
	shut := make(chan error, 1)
	go func() { shut <- core.ShutdownContext(ctx) }()
	receive(t, c.Draining(), "the wish to drain")
	assert.True(t, c.Connected())
	cancel()
	assert.ErrorIs(t, receive(t, shut, "the end of ShutdownContext"), context.Canceled)
	rec.expect(t, "Disconnected")
	assert.NoError(t, p.broken())
}

func TestResetBringsDefaultsBack(t *testing.T) {
	t.Parallel()
	core := NewCore()
	configure(t, core, "MaxConnections=7", "SSLEnabledProtocols=3072", "ProcessIdleEvents=False")
	start(t, core, Options{Push: newLineEcho(), UseSSL: true, SSLCert: ecServer()})
	core.Reset()
	assert.Equal(t, "1000", setting(t, core, "MaxConnections"))
	assert.Equal(t, "15360", setting(t, core, "SSLEnabledProtocols"))
	assert.Equal(t, "True", setting(t, core, "ProcessIdleEvents"))
	configure(t, core, "MaxConnections=8") // no longer frozen
	start(t, core, Options{Push: newLineEcho(), UseSSL: true, SSLCert: ecServer()})
	p := dialTLS(t, core, nil)
	p.say("hello\n")
	p.hear("hello\n")
}

func TestServersAreIndependent(t *testing.T) {
	t.Parallel()
	core, rec := NewCore(), newRecorder()
	o := Options{Push: newLineEcho(), Hooks: rec.hooks()}
	start(t, core, o)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	served := make(chan error, 1)
	go func() { served <- core.Serve(l, o) }()
	p, err := net.Dial("tcp", l.Addr().String())
	require.NoError(t, err)
	a, b := newPeer(t, p), dial(t, core)
	a.say("a\n")
	a.hear("a\n")
	b.say("b\n")
	b.hear("b\n")
	require.NoError(t, l.Close())
	assert.NoError(t, receive(t, served, "the end of Serve"))
	assert.True(t, core.Listening(), "closing one listener leaves the other")
	a.say("a\n")
	a.hear("a\n")
	ids := map[string]bool{}
	for c := range core.Connections() {
		ids[c.ID()] = true
	}
	assert.Len(t, ids, 2)
}

func TestDisconnectOfNobody(t *testing.T) {
	t.Parallel()
	core := NewCore()
	for _, id := range []string{"", "1", "no such"} {
		err := core.Disconnect(id)
		assert.ErrorIs(t, err, ErrInvalidConnection)
		assert.True(t, strings.Contains(err.Error(), strconv.Quote(id)))
	}
}
