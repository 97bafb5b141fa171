package tcpserver

import (
	"bufio"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A streamFunc is a stream protocol.
type streamFunc func(c *Conn) error

func (f streamFunc) Serve(c *Conn) error { return f(c) }

// greeter greets, and then answers lines in upper case until "quit".
var greeter = streamFunc(func(c *Conn) error {
	c.LoggedIn()
	if _, err := io.WriteString(c, "welcome\n"); err != nil {
		return err
	}
	in := bufio.NewReader(c)
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return err
		}
		if line == "quit\n" {
			return nil
		}
		if _, err := io.WriteString(c, strings.ToUpper(line)); err != nil {
			return err
		}
	}
})

// hanger reads until the connection ends.
var hanger = streamFunc(func(c *Conn) error {
	c.LoggedIn()
	_, err := io.Copy(io.Discard, c)
	return err
})

func TestStream(t *testing.T) {
	t.Parallel()
	for way, reach := range transports {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			rec := newRecorder()
			p := reach(t, NewCore(), Options{Stream: greeter, Hooks: rec.hooks()})
			p.hear("welcome\n")
			p.say("hello\n")
			p.hear("HELLO\n")
			p.say("quit\nand what nobody reads\n")
			_ = p.broken()
			_ = p.Close()
			rec.expect(t, "Connected", "Disconnected")
			rec.silent(t)
		})
	}
}

func TestWhatWasSentLastArrives(t *testing.T) {
	t.Parallel()
	// The peer's octets are unread when the server has done its part, for which
	// the system alone would answer with a reset that overtakes the data.
	const size = 1 << 20
	core := start(t, NewCore(), Options{Stream: streamFunc(func(c *Conn) error {
		_, err := c.Write(make([]byte, size))
		return err
	})})
	p := dial(t, core)
	p.say(strings.Repeat("unread ", 1000))
	got, err := io.Copy(io.Discard, p.in)
	require.NoError(t, err)
	assert.EqualValues(t, size, got)
}

func TestConnFacts(t *testing.T) {
	t.Parallel()
	conns := make(chan *Conn, 1)
	core := NewCore()
	start(t, core, Options{
		DefaultTimeout: 7 * time.Second,
		Stream:         hanger,
		Hooks: Hooks{
			Attach:    func(c *Conn) any { return "attached to " + c.ID() },
			Connected: func(c *Conn, _ *Error) { conns <- c },
		},
	})
	p := dial(t, core)
	c := receive(t, conns, "Connected")
	assert.Equal(t, "127.0.0.1", c.RemoteHost())
	assert.Equal(t, p.LocalAddr().String(), c.remote.String())
	assert.Equal(t, int(c.remote.Port()), c.RemotePort())
	assert.Equal(t, "127.0.0.1", c.LocalAddress())
	assert.Equal(t, 7*time.Second, c.Timeout())
	assert.Equal(t, "attached to "+c.ID(), c.Attached())
	assert.True(t, c.Connected())
	assert.NoError(t, c.Err())
	_, secure := c.TLS()
	assert.False(t, secure)

	found, ok := core.Connection(c.ID())
	assert.True(t, ok)
	assert.Same(t, c, found)
	for each := range core.Connections() {
		assert.Same(t, c, each)
	}

	require.NoError(t, core.Disconnect(c.ID()))
	<-c.Done()
	assert.False(t, c.Connected())
	p.ended()
	_, err := c.Write([]byte("late"))
	assert.Error(t, err)
	_, err = c.Read(make([]byte, 1))
	assert.Error(t, err)
}

func TestAPipeHasNoAddress(t *testing.T) {
	t.Parallel()
	conns := make(chan *Conn, 1)
	adopt(t, NewCore(), Options{Stream: hanger, Hooks: Hooks{Connected: func(c *Conn, _ *Error) { conns <- c }}})
	c := receive(t, conns, "Connected")
	assert.Empty(t, c.RemoteHost())
	assert.Zero(t, c.RemotePort())
	assert.Empty(t, c.LocalAddress())
	c.Pause() // has no effect on a stream protocol
	c.Resume()
}

func TestTimeoutIsExtendedByWhatMoves(t *testing.T) {
	t.Parallel()
	type result struct {
		n   int
		err error
	}
	results := make(chan result, 1)
	core := NewCore()
	configure(t, core, "OutBufferSize=65536")
	start(t, core, Options{DefaultTimeout: 100 * time.Millisecond, Stream: streamFunc(func(c *Conn) error {
		n, err := c.Write(make([]byte, 64<<20))
		results <- result{n, err}
		c.SetTimeout(0)
		return err
	})})
	p := dial(t, core)
	// Nobody reads: what fits into buffers moves, then the time runs out.
	r := receive(t, results, "the end of Write")
	assert.Positive(t, r.n)
	assert.Less(t, r.n, 64<<20)
	assert.Equal(t, 10060, codeOf(r.err))
	_ = p.broken()
}

func TestNoTimeoutForgetsTheDeadlineBefore(t *testing.T) {
	t.Parallel()
	results := make(chan error, 1)
	core := start(t, NewCore(), Options{DefaultTimeout: time.Nanosecond, Stream: streamFunc(func(c *Conn) error {
		_, err := c.Write([]byte("too late\n"))
		assert.Equal(t, 10060, codeOf(err))
		c.SetTimeout(0)
		_, err = c.Write([]byte("in time\n"))
		results <- err
		return err
	})})
	p := dial(t, core)
	require.NoError(t, receive(t, results, "the end of Write"))
	p.hear("in time\n")
	p.ended()
}

func TestIdleAndLoginLimits(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name     string
		settings []string
		protocol StreamProtocol
		want     string
	}{
		{"idle", []string{"DefaultIdleTimeout=0.01"}, hanger, "was idle for 10ms"},
		{"login", []string{"LoginTimeout=0.01"}, streamFunc(func(c *Conn) error {
			_, err := io.Copy(io.Discard, c)
			return err
		}), "see setting LoginTimeout"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			core, rec := NewCore(), newRecorder()
			configure(t, core, c.settings...)
			start(t, core, Options{Stream: c.protocol, Hooks: rec.hooks()})
			p := dial(t, core)
			last := rec.expect(t, "Connected", "Disconnected 10060")
			assert.ErrorIs(t, last.err, ErrTimedOut)
			assert.Contains(t, last.err.Message, c.want)
			_ = p.broken()
		})
	}
}

func TestLoginLimitCoversTheHandshake(t *testing.T) {
	t.Parallel()
	core, rec := NewCore(), newRecorder()
	configure(t, core, "LoginTimeout=0.01")
	start(t, core, Options{UseSSL: true, SSLCert: ecServer(), Stream: hanger, Hooks: rec.hooks()})
	p := dial(t, core)
	rec.expect(t, "Connected 10060", "Disconnected 10060")
	_ = p.broken()
}

func TestTrafficKeepsAConnectionAlive(t *testing.T) {
	t.Parallel()
	core, rec, e := NewCore(), newRecorder(), newLineEcho()
	configure(t, core, "DefaultIdleTimeout=3600", "LoginTimeout=0.01")
	start(t, core, Options{Push: e, Hooks: rec.hooks()})
	p := dial(t, core)
	c := receive(t, e.ticked, "Tick") // a sweep has seen LoggedIn
	assert.Equal(t, time.Hour, c.IdleTimeout())
	c.active.Store(int64(-2 * time.Hour)) // as if it had been idle for long
	p.say("hello\n")
	p.hear("hello\n")
	receive(t, receiveSoon(e.ticked, c), "two ticks")
	p.say("quit\n")
	p.hear("bye\n")
	rec.expect(t, "Connected", "Disconnected")
}

func TestAPanicOfServeCostsItsConnectionOnly(t *testing.T) {
	t.Parallel()
	var first atomic.Bool
	rec := newRecorder()
	core := start(t, NewCore(), Options{Hooks: rec.hooks(), Stream: streamFunc(func(c *Conn) error {
		if first.CompareAndSwap(false, true) {
			panic("in Serve")
		}
		return greeter(c)
	})})
	_ = dial(t, core).broken()
	rec.expect(t, "Connected", "Error 10053", "Disconnected 10053")
	p := dial(t, core)
	p.hear("welcome\n")
}
