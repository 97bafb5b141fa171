package tcpserver

import (
	"crypto/tls"
	"io"
	"net"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// fewGoroutines are those that a server has besides: accepting, sweeping, watching,
// and some that rest between two pieces of work.
const fewGoroutines = 150

// dialMany connects so many clients, without a goroutine or a buffer of their own.
func dialMany(t *testing.T, address net.Addr, count int) []net.Conn {
	t.Helper()
	clients := make([]net.Conn, count)
	for i := range clients {
		var err error
		clients[i], err = net.Dial("tcp", address.String())
		require.NoError(t, err)
		require.NoError(t, clients[i].SetDeadline(time.Now().Add(patience)))
	}
	t.Cleanup(func() {
		for _, c := range clients {
			_ = c.Close()
		}
	})
	return clients
}

// saying has every client say a line and hear it again.
func saying(t *testing.T, clients []net.Conn) {
	t.Helper()
	got := make([]byte, len("hello\r\n"))
	for _, c := range clients {
		_, err := io.WriteString(c, "hello\r\n")
		require.NoError(t, err)
		_, err = io.ReadFull(c, got)
		require.NoError(t, err)
		require.Equal(t, "hello\r\n", string(got))
	}
}

// The tests of scale are not parallel: they count what the process holds.

func TestIdleConnectionsHaveNoGoroutine(t *testing.T) {
	cases := []struct {
		name string
		mode SSLStartMode
		many int
	}{{"plain", StartNone, 1000}, {"TLS", StartImplicit, 1000}, {"STARTTLS", StartExplicit, 300}}
	for _, c := range cases {
		if raceDetector && c.mode != StartNone {
			c.many = 2 * fewGoroutines // handshakes take long under it
		}
		t.Run(c.name, func(t *testing.T) {
			srv := explicit()
			srv.SSLStartMode, srv.OnConnected = c.mode, nil
			set(t, srv, "MaxConnections=100000")
			before := runtime.NumGoroutine()
			srv.LocalHost = "127.0.0.1"
			require.NoError(t, srv.StartListening())
			t.Cleanup(func() { end(t, srv.core) })
			clients := dialMany(t, srv.Addr(), c.many)
			if c.mode == StartExplicit {
				for _, c := range clients {
					_, err := io.WriteString(c, "STARTTLS\r\n")
					require.NoError(t, err)
					_, err = io.CopyN(io.Discard, c, int64(len("220 go ahead\r\n")))
					require.NoError(t, err)
				}
			}
			if c.mode != StartNone {
				conf := trusting()
				conf.ClientSessionCache = tls.NewLRUClientSessionCache(1) // resuming is cheaper
				for i := range clients {
					clients[i] = tls.Client(clients[i], conf)
				}
			}
			saying(t, clients)
			few(t, before)
			for range 3 { // waking up changes nothing
				saying(t, clients)
			}
			few(t, before)
		})
	}
}

// few waits until there are few goroutines more than before.
func few(t *testing.T, before int) {
	t.Helper()
	require.Eventually(t, func() bool { return runtime.NumGoroutine() <= before+fewGoroutines },
		patience, time.Millisecond, "%d goroutines before", before)
	t.Logf("%d goroutines more", runtime.NumGoroutine()-before)
}

// usage is what a number of connections costs, each with both of its ends.
type usage struct{ heap, stack int64 }

func memory() usage {
	heap := heapInUse()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return usage{int64(heap), int64(m.StackInuse)}
}

// TestMemoryOfIdleConnections measures what the server keeps for a connection
// that is idle, against what net keeps for one.
func TestMemoryOfIdleConnections(t *testing.T) {
	const first = 100 // connections that are there before the measuring
	many := 2000
	if long {
		many = mostConnections(t) - first
	}
	each := func(before, after usage) (heap, stack int64) {
		return (after.heap - before.heap) / int64(many), (after.stack - before.stack) / int64(many)
	}

	// A bare loop has the same on both sides, and so tells what a client takes.
	address, quit := bareLoop(t)
	before := memory()
	clients := dialMany(t, address, many)
	saying(t, clients)
	bareHeap, bareStack := each(before, memory())
	for _, c := range clients {
		_ = c.Close()
	}
	quit()

	srv := explicit()
	srv.SSLStartMode, srv.OnConnected, srv.LocalHost = StartNone, nil, "127.0.0.1"
	set(t, srv, "MaxConnections=100000")
	require.NoError(t, srv.StartListening())
	t.Cleanup(func() { end(t, srv.core) })
	saying(t, dialMany(t, srv.Addr(), first))
	before = memory()
	clients = dialMany(t, srv.Addr(), many)
	saying(t, clients)
	heap, stack := each(before, memory())
	own := heap - bareHeap/2
	t.Logf("%d connections; octets of heap and stack for both ends of each: %d and %d, a bare loop %d and %d; the server's alone about %d and %d",
		many, heap, stack, bareHeap, bareStack, own, stack)
	assert.LessOrEqual(t, own, int64(1024))
	assert.LessOrEqual(t, stack, int64(512))
	runtime.KeepAlive(clients)
}

// bareLoop echoes with a goroutine for each connection, and small buffers on
// their stacks.
func bareLoop(t *testing.T) (address net.Addr, quit func()) {
	t.Helper()
	l := listenOn(t, "tcp")
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer nc.Close()
				var b [64]byte
				for {
					n, err := nc.Read(b[:])
					if err != nil {
						return
					}
					if _, err := nc.Write(b[:n]); err != nil {
						return
					}
				}
			})
		}
	})
	return l.Addr(), func() {
		assert.NoError(t, l.Close())
		wg.Wait()
	}
}
