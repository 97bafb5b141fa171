package examples_test

import (
	"io"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A gate stands between one client and a server, and stops what the client
// sends after so many octets: in the middle of a file, and nothing moves until
// the test wants it.
type gate struct {
	address string
	reached chan struct{} // closed when the octets have passed
	open    chan struct{} // to be closed by release
	cut     chan struct{} // to be closed by breakOff
}

func newGate(t *testing.T, server string, octets int64) *gate {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	g := &gate{
		address: l.Addr().String(),
		reached: make(chan struct{}), open: make(chan struct{}), cut: make(chan struct{}),
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		g.serve(l, server, octets)
	}()
	t.Cleanup(func() {
		l.Close()
		g.breakOff()
		<-ended
	})
	return g
}

func (g *gate) serve(l net.Listener, server string, octets int64) {
	client, err := l.Accept()
	if err != nil {
		return
	}
	defer client.Close()
	toServer, err := net.Dial("tcp", server)
	if err != nil {
		return
	}
	defer toServer.Close()

	done := make(chan struct{}, 2)
	go func() {
		_, _ = io.Copy(client, toServer)
		client.Close()
		done <- struct{}{}
	}()
	go func() {
		if _, err := io.CopyN(toServer, client, octets); err == nil {
			close(g.reached)
			select {
			case <-g.open:
				_, _ = io.Copy(toServer, client)
			case <-g.cut:
			}
		}
		toServer.Close()
		done <- struct{}{}
	}()
	<-done
	<-done
}

// await waits until the octets have passed.
func (g *gate) await(t *testing.T) {
	t.Helper()
	select {
	case <-g.reached:
	case <-time.After(patience):
		require.Fail(t, "the file has not come to its middle")
	}
}

// release lets the rest pass.
func (g *gate) release() { close(g.open) }

// breakOff closes both connections.
func (g *gate) breakOff() {
	select {
	case <-g.cut:
	default:
		close(g.cut)
	}
}
