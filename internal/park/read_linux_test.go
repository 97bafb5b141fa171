package park

import (
	"errors"
	"io"
	"net"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A write that hears of a reset first must not make it an orderly end for those
// who read.
func TestAResetThatAWriteHeardOfIsNoEndOfTheStream(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer ln.Close()
	for _, act := range []struct {
		name string
		end  func(peer *net.TCPConn) error
		want error
	}{
		{"reset", func(peer *net.TCPConn) error { _ = peer.SetLinger(0); return peer.Close() }, syscall.ECONNRESET},
		{"end", (*net.TCPConn).CloseWrite, io.EOF},
	} {
		peer, err := net.Dial("tcp", ln.Addr().String())
		require.NoError(t, err)
		defer peer.Close()
		nc, err := ln.Accept()
		require.NoError(t, err)
		c, err := NewLot().Park(nc, idle{})
		require.NoError(t, err)
		defer c.Close()
		require.NoError(t, act.end(peer.(*net.TCPConn)))
		if act.want != io.EOF {
			for err = nil; !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, syscall.EPIPE); {
				_, err = c.Write([]byte("x"))
			}
		}
		_, err = c.Read(make([]byte, 1))
		assert.ErrorIs(t, err, act.want, act.name)
	}
}
