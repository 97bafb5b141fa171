package tcpserver

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var errOdd = errors.New("an odd line")

// lineEcho is a push protocol that answers each line with the same line. It
// consumes one whole line a call, and obeys some.
type lineEcho struct {
	opened chan *Conn
	paused chan *Conn
	ticked chan *Conn
	closed chan error
}

func newLineEcho() *lineEcho {
	return &lineEcho{
		opened: make(chan *Conn, 1<<12),
		paused: make(chan *Conn, 1),
		ticked: make(chan *Conn, 1),
		closed: make(chan error, 1<<12),
	}
}

func (e *lineEcho) Open(c *Conn) error {
	c.LoggedIn()
	e.opened <- c
	return nil
}

func (e *lineEcho) Data(c *Conn, p []byte) (int, error) {
	end := bytes.IndexByte(p, '\n') + 1
	line := p[:end]
	switch string(line) {
	case "":
		return 0, nil
	case "pause\n":
		c.Pause()
		e.paused <- c
	case "odd\n":
		_, _ = c.Write([]byte("this is odd\n"))
		return end, errOdd
	case "panic\n":
		panic("as told")
	case "close\n":
		c.Close(nil)
	case "quit\n":
		_, _ = c.Write([]byte("bye\n"))
		return end, io.EOF
	default:
		if _, err := c.Write(line); err != nil {
			return end, err
		}
	}
	return end, nil
}

func (e *lineEcho) Writable(*Conn) {}

func (e *lineEcho) Tick(c *Conn, _ time.Time) {
	select {
	case e.ticked <- c:
	default:
	}
}

func (e *lineEcho) Closed(_ *Conn, _ []byte, err error) { e.closed <- err }

// transports are the ways in which a peer reaches a core.
var transports = map[string]func(t *testing.T, core *Core, o Options) *peer{
	"TCP": func(t *testing.T, core *Core, o Options) *peer {
		return dial(t, start(t, core, o))
	},
	"TLS": func(t *testing.T, core *Core, o Options) *peer {
		o.UseSSL, o.SSLCert = true, ecServer()
		start(t, core, o)
		return dialTLS(t, core, nil)
	},
	"Serve": func(t *testing.T, core *Core, o Options) *peer {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		served := make(chan error, 1)
		go func() { served <- core.Serve(l, o) }()
		t.Cleanup(func() {
			end(t, core)
			assert.NoError(t, receive(t, served, "the end of Serve"))
		})
		nc, err := net.Dial("tcp", l.Addr().String())
		require.NoError(t, err)
		return newPeer(t, nc)
	},
	"ServeConn": func(t *testing.T, core *Core, o Options) *peer {
		return adopt(t, core, o)
	},
	"TLS over a pipe": func(t *testing.T, core *Core, o Options) *peer {
		o.UseSSL, o.SSLCert = true, ecServer()
		p := adopt(t, core, o)
		return newPeer(t, tls.Client(p.Conn, trusting()))
	},
}

// adopt lets the core serve one end of a pipe.
func adopt(t *testing.T, core *Core, o Options) *peer {
	a, b := net.Pipe()
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = core.ServeConn(a, o)
	}()
	t.Cleanup(func() {
		end(t, core)
		receive(t, served, "the end of ServeConn")
	})
	return newPeer(t, b)
}

func TestEcho(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", PushBuffer-1) + "\n"
	text := "one\n\ntwo\n" + long + "three\n"
	chunkings := map[string]func(io.Reader) io.Reader{
		"whole":  func(r io.Reader) io.Reader { return r },
		"halves": iotest.HalfReader,
		"octets": iotest.OneByteReader,
	}
	for way, reach := range transports {
		for chunks, cut := range chunkings {
			t.Run(way+" "+chunks, func(t *testing.T) {
				t.Parallel()
				text := text
				if chunks == "octets" {
					text = "one\n\ntwo\nthree\n"
				}
				e, rec := newLineEcho(), newRecorder()
				p := reach(t, NewCore(), Options{Push: e, Hooks: rec.hooks()})
				sent := make(chan error, 1)
				go func() {
					// A struct hides ReadFrom, which would take larger pieces.
					_, err := io.CopyBuffer(struct{ io.Writer }{p.Conn}, cut(strings.NewReader(text+"quit\n")), make([]byte, 1000))
					sent <- err
				}()
				got := make([]byte, len(text))
				_, err := io.ReadFull(p.in, got)
				require.NoError(t, err)
				assert.Equal(t, text, string(got))
				require.NoError(t, receive(t, sent, "the end of sending"))
				p.hear("bye\n")
				assert.NoError(t, p.broken())
				_ = p.Close()
				assert.NoError(t, receive(t, e.closed, "Closed"))
				rec.expect(t, "Connected", "Disconnected")
			})
		}
	}
}

func TestPushEndings(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, say, hear string
		closed          error // nil: a normal end
		events          []string
	}{
		{"an error of the protocol", "odd\n", "this is odd\n", errOdd, []string{"Connected", "Disconnected 10053"}},
		{"Close(nil) in a handler", "close\nnever\n", "", nil, []string{"Connected", "Disconnected"}},
		{"a panic", "panic\n", "", ErrAborted, []string{"Connected", "Error 10053", "Disconnected 10053"}},
		{"nothing consumed", strings.Repeat("x", PushBuffer), "",
			&Error{Code: 10022}, []string{"Connected", "Disconnected 10022"}},
	}
	for way, reach := range transports {
		for _, c := range cases {
			t.Run(way+" "+c.name, func(t *testing.T) {
				t.Parallel()
				e, rec := newLineEcho(), newRecorder()
				p := reach(t, NewCore(), Options{Push: e, Hooks: rec.hooks()})
				p.say(c.say)
				if c.hear != "" {
					p.hear(c.hear)
				}
				_ = p.broken()
				_ = p.Close()
				assert.ErrorIs(t, receive(t, e.closed, "Closed"), c.closed)
				rec.expect(t, c.events...)
				rec.silent(t)
			})
		}
	}
}

func TestAPeerThatLeavesIsANormalEnd(t *testing.T) {
	t.Parallel()
	for way, reach := range transports {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			e, rec := newLineEcho(), newRecorder()
			p := reach(t, NewCore(), Options{Push: e, Hooks: rec.hooks()})
			p.say("hello\n")
			p.hear("hello\n")
			p.say("half a li")
			require.NoError(t, p.Close())
			assert.NoError(t, receive(t, e.closed, "Closed"))
			rec.expect(t, "Connected", "Disconnected")
		})
	}
}

func TestPauseHoldsThePeerBack(t *testing.T) {
	t.Parallel()
	for way, reach := range transports {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			e, core := newLineEcho(), NewCore()
			configure(t, core, "InBufferSize=65536")
			p := reach(t, core, Options{Push: e})
			p.say("pause\nkept\n")
			c := receive(t, e.paused, "Pause")

			// The writing stalls: it cannot end before its deadline, however far
			// that is, because what is sent fits into no buffer.
			line := []byte(strings.Repeat("y", 8191) + "\n")
			const lines = 1024
			stalled, written := make(chan struct{}), make(chan error, 1)
			go func() {
				var err error
				for i := 0; i < lines && err == nil; i++ {
					_, err = p.Write(line)
				}
				close(stalled)
				written <- err
			}()
			select {
			case <-stalled:
				t.Error("the peer was not held back")
			case <-receiveSoon(e.ticked, c): // a second or so has passed
			}

			c.Resume()
			p.hear("kept\n")
			for range lines {
				p.hear(string(line))
			}
			assert.NoError(t, receive(t, written, "the end of writing"))
			p.say("quit\n")
			p.hear("bye\n")
		})
	}
}

// receiveSoon returns a channel that is closed at the second tick of c.
func receiveSoon(ticks <-chan *Conn, c *Conn) <-chan struct{} {
	done := make(chan struct{})
	go func() {
		defer close(done)
		for n := 0; n < 2; {
			select {
			case <-c.Done():
				return
			case <-ticks:
				n++
			}
		}
	}()
	return done
}

func TestPausedConnectionsCanEnd(t *testing.T) {
	t.Parallel()
	e, rec := newLineEcho(), newRecorder()
	core := start(t, NewCore(), Options{Push: e, Hooks: rec.hooks()})
	p := dial(t, core)
	p.say("pause\nkept\n")
	c := receive(t, e.paused, "Pause")
	require.NoError(t, core.Disconnect(c.ID()))
	assert.NoError(t, receive(t, e.closed, "Closed"))
	rec.expect(t, "Connected", "Disconnected")
	_ = p.broken()
	c.Pause() // means nothing any more
	c.Resume()
}

func TestTick(t *testing.T) {
	t.Parallel()
	e := newLineEcho()
	core := start(t, NewCore(), Options{Push: e})
	p := dial(t, core)
	assert.Same(t, receive(t, e.opened, "Open"), receive(t, e.ticked, "Tick"))
	p.say("quit\n")
	p.hear("bye\n")
	p.ended()
}

// panicker panics wherever it is told to.
type panicker struct {
	*lineEcho
	where string
}

func (p panicker) Open(c *Conn) error {
	if p.where == "Open" {
		panic(p.where)
	}
	return p.lineEcho.Open(c)
}

func (p panicker) Tick(*Conn, time.Time) {
	if p.where == "Tick" {
		panic(p.where)
	}
}

func (p panicker) Closed(c *Conn, rest []byte, err error) {
	p.lineEcho.Closed(c, rest, err)
	if p.where == "Closed" {
		panic(p.where)
	}
}

func TestAPanicOfTheProtocolCostsItsConnection(t *testing.T) {
	t.Parallel()
	for _, where := range []string{"Open", "Tick", "Closed"} {
		t.Run(where, func(t *testing.T) {
			t.Parallel()
			rec, e := newRecorder(), newLineEcho()
			core := start(t, NewCore(), Options{Push: panicker{e, where}, Hooks: rec.hooks()})
			p := dial(t, core)
			rec.expect(t, "Connected")
			if where == "Closed" {
				_ = p.Close()
			}
			failed := rec.expect(t, "Error 10053")
			assert.Contains(t, failed.err.Message, "panicked: "+where)
			rec.next(t) // Disconnected
			receive(t, e.closed, "Closed")
		})
	}
}

func TestOpenMayRefuse(t *testing.T) {
	t.Parallel()
	rec, e := newRecorder(), refuser{newLineEcho()}
	core := start(t, NewCore(), Options{Push: e, Hooks: rec.hooks()})
	p := dial(t, core)
	p.hear("no\n")
	p.ended()
	assert.ErrorIs(t, receive(t, e.closed, "Closed"), os.ErrPermission)
	last := rec.expect(t, "Connected", "Disconnected 10053")
	assert.ErrorIs(t, last.err, os.ErrPermission)
}

type refuser struct{ *lineEcho }

func (r refuser) Open(c *Conn) error {
	_, _ = c.Write([]byte("no\n"))
	return os.ErrPermission
}
