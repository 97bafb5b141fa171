package tcpserver

import (
	"net"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// option reads a socket option back.
func option(t *testing.T, nc syscall.Conn, level, name int) int {
	t.Helper()
	rc, err := nc.SyscallConn()
	require.NoError(t, err)
	var (
		value int
		gerr  error
	)
	require.NoError(t, rc.Control(func(fd uintptr) { value, gerr = unix.GetsockoptInt(int(fd), level, name) }))
	require.NoError(t, gerr)
	return value
}

func TestSocketOptions(t *testing.T) {
	t.Parallel()
	type read struct{ level, name int }
	var (
		noDelay   = read{unix.IPPROTO_TCP, unix.TCP_NODELAY}
		keepAlive = read{unix.SOL_SOCKET, unix.SO_KEEPALIVE}
		idle      = read{unix.IPPROTO_TCP, unix.TCP_KEEPIDLE}
		interval  = read{unix.IPPROTO_TCP, unix.TCP_KEEPINTVL}
		count     = read{unix.IPPROTO_TCP, unix.TCP_KEEPCNT}
		in        = read{unix.SOL_SOCKET, unix.SO_RCVBUF}
		out       = read{unix.SOL_SOCKET, unix.SO_SNDBUF}
	)
	cases := []struct {
		name     string
		settings []string
		want     map[read]int
	}{
		{"default", nil, map[read]int{noDelay: 1, keepAlive: 1, idle: 15, interval: 15, count: 9}},
		{"off", []string{"TcpNoDelay=False", "KeepAlive=False"}, map[read]int{noDelay: 0, keepAlive: 0}},
		{"keep-alive", []string{"KeepAliveTime=40000", "KeepAliveInterval=1500", "KeepAliveRetryCount=4"},
			map[read]int{keepAlive: 1, idle: 40, interval: 2, count: 4}}, // Linux counts whole seconds
		// Linux doubles the sizes for its own book-keeping.
		{"buffers", []string{"InBufferSize=20000", "OutBufferSize=30000"}, map[read]int{in: 40000, out: 60000}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			core, sockets := NewCore(), make(chan *net.TCPConn, 1)
			configure(t, core, c.settings...)
			start(t, core, Options{Stream: greeter, Hooks: Hooks{Attach: func(c *Conn) any {
				sockets <- c.raw.(*net.TCPConn)
				return nil
			}}})
			p := dial(t, core)
			p.hear("welcome\n")
			socket := receive(t, sockets, "the connection")
			for r, want := range c.want {
				assert.Equal(t, want, option(t, socket, r.level, r.name), "%+v", r)
			}
			p.say("quit\n")
			p.ended()
		})
	}
}

// Parked sockets have the options of the listening one, and those that were
// changed since.
func TestOptionsOfParkedSockets(t *testing.T) {
	t.Parallel()
	core, e := NewCore(), newLineEcho()
	configure(t, core, "KeepAliveTime=40000")
	start(t, core, Options{Push: e})
	for _, want := range []struct {
		setting string
		idle    int
		noDelay int
	}{{"", 40, 1}, {"KeepAliveTime=50000", 50, 1}, {"TcpNoDelay=False", 50, 0}} {
		if want.setting != "" {
			configure(t, core, want.setting)
		}
		p := dial(t, core)
		socket := receive(t, e.opened, "Open").raw.(interface {
			Control(func(fd int) error) error
		})
		require.NoError(t, socket.Control(func(fd int) error {
			idle, err := unix.GetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_KEEPIDLE)
			assert.NoError(t, err)
			noDelay, err := unix.GetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY)
			assert.Equal(t, want.idle, idle)
			assert.Equal(t, want.noDelay, noDelay)
			return err
		}))
		p.say("quit\n")
		p.hear("bye\n")
		p.ended()
	}
}

func TestConnectionBacklog(t *testing.T) {
	t.Parallel()
	backlog := func(n int) uint32 {
		core := start(t, NewCore(), Options{Stream: greeter, ConnectionBacklog: n})
		rc, err := core.main.listener.(*net.TCPListener).SyscallConn()
		require.NoError(t, err)
		var (
			info *unix.TCPInfo
			gerr error
		)
		require.NoError(t, rc.Control(func(fd uintptr) {
			info, gerr = unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
		}))
		require.NoError(t, gerr)
		assert.True(t, visit(t, core))
		return info.Sacked // of a listening socket: the length of its accept queue
	}
	assert.EqualValues(t, 5, backlog(5))
	assert.Greater(t, backlog(0), uint32(5))
}

func TestWithoutLingerThePeerIsReset(t *testing.T) {
	t.Parallel()
	for name, finish := range enders {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			core, e := NewCore(), newLineEcho()
			configure(t, core, "Linger=False")
			start(t, core, Options{Push: e})
			p := dial(t, core)
			c := receive(t, e.opened, "Open")
			finish(core, c)
			assert.ErrorIs(t, p.broken(), unix.ECONNRESET)
		})
	}
	t.Run("a normal end", func(t *testing.T) {
		t.Parallel()
		core := NewCore()
		configure(t, core, "Linger=False")
		start(t, core, Options{Push: newLineEcho()})
		p := dial(t, core)
		p.say("quit\n")
		assert.ErrorIs(t, p.broken(), unix.ECONNRESET)
	})
}
