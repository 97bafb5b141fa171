package park

import (
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A way is one of the implementations over one kind of connection: every test
// of the contract runs over all.
type way struct {
	name     string
	portable bool
	socket   bool // has a kernel: buffers, half close
	connect  func(t testing.TB) (a, b net.Conn)
}

var ways = []way{
	{"tcp", false, true, tcpPair},
	{"unix", false, true, unixPair},
	{"twin/tcp", true, true, tcpPair},
	{"twin/unix", true, true, unixPair},
	{"twin/pipe", false, false, func(testing.TB) (net.Conn, net.Conn) { return net.Pipe() }},
}

// everyWay runs f as a parallel test for each way, with a fresh parked
// connection, its owner's signals, and the peer.
func everyWay(t *testing.T, f func(t *testing.T, w way, c Conn, s *signals, peer net.Conn)) {
	t.Helper()
	t.Parallel()
	for _, w := range ways {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			c, s, peer := w.park(t)
			f(t, w, c, s, peer)
		})
	}
}

// park returns a connection that the end of the test closes.
func (w way) park(t testing.TB) (Conn, *signals, net.Conn) {
	t.Helper()
	nc, peer := w.connect(t)
	s := newSignals()
	l := NewLot()
	l.portable = w.portable
	c, err := l.Park(nc, s)
	require.NoError(t, err)
	t.Cleanup(func() {
		_ = c.SetLinger(0)
		_ = c.Close()
		_ = peer.Close()
	})
	return c, s, peer
}

// Signals are an owner that remembers one call of each kind.
type signals struct{ readable, writable chan struct{} }

func newSignals() *signals {
	return &signals{make(chan struct{}, 1), make(chan struct{}, 1)}
}

func (s *signals) Readable() { signal(s.readable) }
func (s *signals) Writable() { signal(s.writable) }

func signal(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}

// patience is how long a test waits for what must come.
const patience = 20 * time.Second

func await[T any](t testing.TB, ch <-chan T, what string) (v T) {
	t.Helper()
	select {
	case v = <-ch:
	case <-time.After(patience):
		require.Fail(t, "nothing came: "+what)
	}
	return v
}

type result struct {
	n   int64
	err error
}

// start runs f and delivers what it returns.
func start(f func() (int, error)) <-chan result {
	ch := make(chan result, 1)
	go func() {
		n, err := f()
		ch <- result{int64(n), err}
	}()
	return ch
}

// readSome reads what there is, and waits by the owner's signal for anything.
func readSome(t testing.TB, c Conn, s *signals, p []byte) (int, error) {
	t.Helper()
	for {
		n, err := c.TryRead(p)
		if !errors.Is(err, ErrWouldBlock) {
			return n, err
		}
		assert.Zero(t, n)
		await(t, s.readable, "Readable")
	}
}

// fill writes until the connection takes no more, and returns how much it took.
func fill(t testing.TB, c Conn) (n int) {
	t.Helper()
	p := make([]byte, 64<<10)
	for {
		k, err := c.TryWrite(p)
		n += k
		if errors.Is(err, ErrWouldBlock) {
			return n
		}
		require.NoError(t, err)
		require.Equal(t, len(p), k, "a partial write without ErrWouldBlock")
	}
}

func tcpPair(t testing.TB) (net.Conn, net.Conn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	return pairOf(t, ln)
}

func unixPair(t testing.TB) (net.Conn, net.Conn) {
	t.Helper()
	dir, err := os.MkdirTemp("", "park") // t.TempDir makes names too long for a socket
	require.NoError(t, err)
	defer os.RemoveAll(dir)
	ln, err := net.Listen("unix", filepath.Join(dir, "s"))
	require.NoError(t, err)
	return pairOf(t, ln)
}

func pairOf(t testing.TB, ln net.Listener) (net.Conn, net.Conn) {
	t.Helper()
	defer ln.Close()
	dialed := make(chan net.Conn, 1)
	go func() {
		c, err := net.Dial(ln.Addr().Network(), ln.Addr().String())
		assert.NoError(t, err)
		dialed <- c
	}()
	a, err := ln.Accept()
	require.NoError(t, err)
	return a, await(t, dialed, "the dialed connection")
}

// tempFile returns a file of n octets, each the low octet of its place.
func tempFile(t testing.TB, n int) (*os.File, []byte) {
	t.Helper()
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i ^ i>>8 ^ i>>16)
	}
	name := filepath.Join(t.TempDir(), "f")
	require.NoError(t, os.WriteFile(name, b, 0o600))
	f, err := os.Open(name)
	require.NoError(t, err)
	t.Cleanup(func() { _ = f.Close() })
	return f, b
}

func readAll(r io.Reader) <-chan []byte {
	ch := make(chan []byte, 1)
	go func() {
		b, _ := io.ReadAll(r)
		ch <- b
	}()
	return ch
}
