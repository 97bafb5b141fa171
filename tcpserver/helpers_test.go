package tcpserver

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// patience is how long a test waits for an event before it fails.
const patience = 30 * time.Second

// receive waits for a value.
func receive[T any](t *testing.T, ch <-chan T, what string) (v T) {
	t.Helper()
	select {
	case v = <-ch:
	case <-time.After(patience):
		require.FailNow(t, "never came", what)
	}
	return v
}

// An occurrence is an event as the recorder saw it.
type occurrence struct {
	name string
	conn *Conn
	err  *Error
}

func (o occurrence) String() string {
	if o.err != nil {
		return fmt.Sprintf("%s %d", o.name, o.err.Code)
	}
	return o.name
}

// A recorder notes the lifecycle events of a core.
type recorder struct{ events chan occurrence }

func newRecorder() *recorder { return &recorder{events: make(chan occurrence, 1<<14)} }

func (r *recorder) note(name string) func(*Conn, *Error) {
	return func(c *Conn, err *Error) { r.events <- occurrence{name, c, err} }
}

func (r *recorder) hooks() Hooks {
	return Hooks{
		Connected:    r.note("Connected"),
		Disconnected: r.note("Disconnected"),
		Error:        r.note("Error"),
	}
}

func (r *recorder) next(t *testing.T) occurrence {
	t.Helper()
	return receive(t, r.events, "an event")
}

// expect waits for exactly these events; one with an error has its code behind
// its name.
func (r *recorder) expect(t *testing.T, want ...string) (last occurrence) {
	t.Helper()
	var got []string
	for range want {
		last = r.next(t)
		got = append(got, last.String())
	}
	require.Equal(t, want, got)
	return last
}

func (r *recorder) silent(t *testing.T) {
	t.Helper()
	assert.Empty(t, r.events)
}

// configure changes settings.
func configure(t *testing.T, core *Core, settings ...string) {
	t.Helper()
	for _, s := range settings {
		_, err := core.Config(s)
		require.NoError(t, err, s)
	}
}

func setting(t *testing.T, core *Core, name string) string {
	t.Helper()
	value, err := core.Config(name)
	require.NoError(t, err, name)
	return value
}

// start makes a core listen on a free port of the loopback interface. At the
// end of the test everything of it is gone.
func start(t *testing.T, core *Core, o Options) *Core {
	t.Helper()
	if o.LocalHost == "" {
		o.LocalHost = "127.0.0.1"
	}
	require.NoError(t, core.StartListening(o))
	t.Cleanup(func() { end(t, core) })
	return core
}

// end breaks what there is, and waits until it is gone.
func end(t *testing.T, core *Core) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_ = core.ShutdownContext(ctx)
	for range core.Connections() {
		assert.Fail(t, "a connection is left")
	}
}

// A peer is the other end of a connection.
type peer struct {
	net.Conn
	t  *testing.T
	in *bufio.Reader
}

func newPeer(t *testing.T, nc net.Conn) *peer {
	t.Cleanup(func() { _ = nc.Close() })
	require.NoError(t, nc.SetDeadline(time.Now().Add(patience)))
	return &peer{Conn: nc, t: t, in: bufio.NewReader(nc)}
}

func dial(t *testing.T, core *Core) *peer {
	t.Helper()
	nc, err := net.Dial("tcp", core.Addr().String())
	require.NoError(t, err)
	return newPeer(t, nc)
}

func (p *peer) say(text string) {
	p.t.Helper()
	_, err := io.WriteString(p.Conn, text)
	require.NoError(p.t, err)
}

func (p *peer) hear(line string) {
	p.t.Helper()
	got, err := p.in.ReadString('\n')
	require.NoError(p.t, err)
	require.Equal(p.t, line, got)
}

// ended waits for an orderly end.
func (p *peer) ended() {
	p.t.Helper()
	rest, err := io.ReadAll(p.in)
	require.NoError(p.t, err)
	require.Empty(p.t, rest)
	_ = p.Close()
}

// broken waits for the end, orderly or not.
func (p *peer) broken() error {
	p.t.Helper()
	_, err := io.Copy(io.Discard, p.in)
	var timeout net.Error
	require.False(p.t, errors.As(err, &timeout) && timeout.Timeout(), "still open")
	_ = p.Close()
	return err
}

// code is the code of an error that must be ours.
func code(t *testing.T, err error) int {
	t.Helper()
	var e *Error
	require.ErrorAs(t, err, &e)
	assert.NotEmpty(t, e.Message)
	return e.Code
}
