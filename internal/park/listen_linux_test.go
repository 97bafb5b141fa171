package park

import (
	"io"
	"net"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// listening is a listener of a lot, and where it listens.
func listening(t *testing.T, address string) (*Lot, net.Listener) {
	t.Helper()
	ln, err := net.Listen("tcp", address)
	require.NoError(t, err)
	l := NewLot()
	parked, err := l.Listen(ln.(*net.TCPListener))
	require.NoError(t, err)
	t.Cleanup(func() { _ = parked.Close() })
	return l, parked
}

func dialTo(t *testing.T, address string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", address)
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func TestAcceptedConnectionsKnowTheirAddresses(t *testing.T) {
	t.Parallel()
	for _, at := range []string{"127.0.0.1:0", "0.0.0.0:0", "[::]:0"} {
		l, ln := listening(t, at)
		_, port, err := net.SplitHostPort(ln.Addr().String())
		require.NoError(t, err)
		client := dialTo(t, "127.0.0.1:"+port)
		nc, err := ln.Accept()
		require.NoError(t, err)
		assert.Equal(t, client.LocalAddr().String(), nc.RemoteAddr().String(), at)
		assert.Equal(t, client.RemoteAddr().String(), nc.LocalAddr().String(), at)
		c, err := l.Park(nc, idle{})
		require.NoError(t, err)
		assert.NoError(t, c.Close())
	}
}

func TestAnAcceptedConnectionIsUsedBeforeItIsParked(t *testing.T) {
	t.Parallel()
	l, ln := listening(t, "127.0.0.1:0")
	client := dialTo(t, ln.Addr().String())
	nc, err := ln.Accept()
	require.NoError(t, err)
	read := make(chan string)
	go func() {
		p := make([]byte, 5)
		_, err := io.ReadFull(nc, p) // waits
		assert.NoError(t, err)
		read <- string(p)
	}()
	_, err = io.WriteString(client, "first")
	require.NoError(t, err)
	assert.Equal(t, "first", <-read)

	_, err = io.WriteString(client, "second") // before there is an owner
	require.NoError(t, err)
	told := make(bell, 16)
	c, err := l.Park(nc, told)
	require.NoError(t, err)
	defer c.Close()
	var got strings.Builder
	for p := make([]byte, 16); got.String() != "second"; {
		n, err := c.TryRead(p)
		got.Write(p[:n])
		if err == ErrWouldBlock {
			<-told
		}
	}
	_, err = l.Park(nc, told)
	assert.Equal(t, errParked, err)
}

// A bell is an owner that passes on that something can be read.
type bell chan struct{}

func (s bell) Readable() {
	select {
	case s <- struct{}{}:
	default:
	}
}
func (bell) Writable() {}

func TestAClosedListenerLetsGoOfItsPort(t *testing.T) {
	t.Parallel()
	_, ln := listening(t, "127.0.0.1:0")
	accepted := make(chan error)
	for range 2 {
		go func() {
			_, err := ln.Accept()
			accepted <- err
		}()
	}
	require.NoError(t, ln.Close())
	again, err := net.Listen("tcp", ln.Addr().String())
	require.NoError(t, err, "the port is free")
	defer again.Close()
	for range 2 {
		assert.ErrorIs(t, <-accepted, net.ErrClosed)
	}
	assert.ErrorIs(t, ln.Close(), net.ErrClosed)
}

func TestAcceptedConnectionsInheritOptions(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	rc, err := ln.(*net.TCPListener).SyscallConn()
	require.NoError(t, err)
	require.NoError(t, rc.Control(func(fd uintptr) {
		assert.NoError(t, unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, 77))
	}))
	parked, err := NewLot().Listen(ln.(*net.TCPListener))
	require.NoError(t, err)
	defer parked.Close()
	dialTo(t, parked.Addr().String())
	nc, err := parked.Accept()
	require.NoError(t, err)
	defer nc.Close()
	require.NoError(t, nc.(*conn).Control(func(fd int) error {
		idle, err := unix.GetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_KEEPIDLE)
		assert.Equal(t, 77, idle)
		return err
	}))
}

func TestATwinsListenerIsThatOfNet(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer ln.Close()
	same, err := (&Lot{portable: true}).Listen(ln.(*net.TCPListener))
	require.NoError(t, err)
	assert.Same(t, ln, same)
}
