package tcpserver

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Much is more octets than fit between a server of newSender and a client that
// does not read.
const much = 8 << 20

// newSender returns a server with small socket buffers.
func newSender(t *testing.T, settings ...string) *Server {
	t.Helper()
	srv := NewServer()
	set(t, srv, append([]string{"OutBufferSize=65536"}, settings...)...)
	return srv
}

// meet starts a server, with TLS or without, and connects a client to it.
func meet(t *testing.T, srv *Server, secure bool) (*journal, *peer, *Connection) {
	t.Helper()
	if secure {
		srv.SSLEnabled, srv.SSLCert = true, ecServer()
	}
	j := serve(t, srv)
	p, c := join(t, srv, j)
	return j, p, c
}

// join connects a client, as met does, with TLS if the server wants it.
func join(t *testing.T, srv *Server, j *journal) (*peer, *Connection) {
	t.Helper()
	if !srv.SSLEnabled {
		return met(t, srv, j)
	}
	p := dialTLS(t, srv.core, nil)
	j.expect(t, "Connected", "ReadyToSend")
	return p, j.last().conn
}

// bothWays runs a test without TLS and with it.
func bothWays(t *testing.T, test func(t *testing.T, secure bool)) {
	t.Helper()
	for name, secure := range map[string]bool{"plain": false, "TLS": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, secure)
		})
	}
}

// inkwell is a stream of octets that tell where in it they stand.
var inkwell = sync.OnceValue(func() []byte {
	out := make([]byte, 4*much)
	for i := range out {
		out[i] = byte(i ^ i>>8 ^ i>>16)
	}
	return out
})

// ink returns n octets of the inkwell, which nobody may change.
func ink(at, n int) []byte { return inkwell()[at : at+n : at+n] }

// inkFile writes n octets of ink into a file.
func inkFile(t *testing.T, n int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ink")
	require.NoError(t, os.WriteFile(path, ink(0, n), 0o600))
	return path
}

// take reads n octets.
func (p *peer) take(n int) []byte {
	p.t.Helper()
	got := make([]byte, n)
	_, err := io.ReadFull(p.in, got)
	require.NoError(p.t, err)
	return got
}

// sameOctets compares without printing megabytes.
func sameOctets(t *testing.T, want, got []byte) {
	t.Helper()
	require.Equal(t, len(want), len(got), "octets")
	if !bytes.Equal(want, got) {
		for i := range want {
			if want[i] != got[i] {
				require.FailNowf(t, "other octets", "from %d of %d on", i, len(want))
			}
		}
	}
}

// outcome is what a send returned.
type outcome struct {
	n   int64
	err error
}

// going runs a send on a goroutine of its own.
func going[N int | int64](send func() (N, error)) <-chan outcome {
	done := make(chan outcome, 1)
	go func() {
		n, err := send()
		done <- outcome{int64(n), err}
	}()
	return done
}

// await waits for the end of a send, which must have that code, 0 for none.
func await(t *testing.T, done <-chan outcome, want int) outcome {
	t.Helper()
	got := receive(t, done, "the end of a send")
	if want == 0 {
		require.NoError(t, got.err)
	} else {
		require.Error(t, got.err)
		require.Equal(t, want, code(t, got.err), got.err)
	}
	return got
}

// A send is one way to send the octets of ink from 0 on.
type send struct {
	name string
	call func(t *testing.T, c *Connection, n int) func() (int64, error)
}

var sends = []send{
	{"Send", func(_ *testing.T, c *Connection, n int) func() (int64, error) {
		data := ink(0, n)
		return func() (int64, error) {
			k, err := c.Send(data)
			return int64(k), err
		}
	}},
	{"SendFile", func(t *testing.T, c *Connection, n int) func() (int64, error) {
		path := inkFile(t, n)
		return func() (int64, error) { return c.SendFile(path) }
	}},
}

// fill sends, without waiting, until nothing at all was taken and nothing has
// become free since; it returns how much was sent.
func fill(t *testing.T, c *Connection) (sent int) {
	t.Helper()
	require.Zero(t, c.Timeout())
	for {
		n, err := c.Send(ink(sent, 1<<20))
		sent += n
		if err != nil {
			require.Equal(t, 10035, code(t, err))
			require.Equal(t, n, c.BytesSent())
		}
		// An acknowledgement on its way may still make room.
		if n == 0 && !c.ReadyToSend() {
			return sent
		}
	}
}

// eventually waits for what no event tells of.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for begin := time.Now(); !is(); runtime.Gosched() {
		if time.Since(begin) > patience {
			require.FailNow(t, "never came", what)
		}
	}
}

// slowly reads a little at every tick, until the end of the stream or of octets.
func slowly(p *peer, octets, little int, tick time.Duration) <-chan []byte {
	done := make(chan []byte, 1)
	go func() {
		ticker := time.NewTicker(tick)
		defer ticker.Stop()
		got := make([]byte, octets)
		n := 0
		for n < octets {
			<-ticker.C
			k, err := io.ReadFull(p, got[n:min(n+little, octets)])
			n += k
			if err != nil {
				break
			}
		}
		done <- got[:n]
	}()
	return done
}

// narrow makes the client's side take little that nobody reads. With less it
// would tell so seldom of room that TCP itself stalls.
func (p *peer) narrow() {
	p.t.Helper()
	socket, ok := p.Conn.(*net.TCPConn)
	if !ok {
		socket = p.netConn().(*net.TCPConn)
	}
	require.NoError(p.t, socket.SetReadBuffer(128<<10))
}

// goesOn asserts that octets still move in both directions.
func goesOn(t *testing.T, j *journal, p *peer, c *Connection) {
	t.Helper()
	assert.True(t, c.Connected())
	p.say("still?")
	for {
		e := j.next(t)
		if e.name == "ReadyToSend" {
			continue
		}
		require.Equal(t, `DataIn "still?"`, e.String())
		break
	}
	_, err := c.Send([]byte("still!\n"))
	require.NoError(t, err)
	p.hear("still!\n")
}

// lastWords ends a server and asserts what has happened on a connection: one
// Disconnected, with that code, and nothing behind it.
func lastWords(t *testing.T, srv *Server, j *journal, c *Connection, want entry) {
	t.Helper()
	end(t, srv.core)
	all := j.of(c.ConnectionID())
	require.NotEmpty(t, all)
	want.name = "Disconnected"
	assert.Equal(t, want.String(), all[len(all)-1])
	count := 0
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, e := range j.entries {
		if e.id == c.ConnectionID() && e.name == "Disconnected" {
			count++
			assert.Equal(t, want.code == 0, e.text == "OK", e.text)
		}
	}
	assert.Equal(t, 1, count, "Disconnected comes once")
}

var errStill = errors.New("still waiting")

// soon fails with errStill when a channel has nothing after a moment; for what
// would otherwise hang for good.
func soon[T any](ch <-chan T) (v T, err error) {
	select {
	case v = <-ch:
		return v, nil
	case <-time.After(5 * time.Second):
		return v, errStill
	}
}

// forget passes over what has happened.
func (j *journal) forget() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.read = len(j.entries)
}
